/* adapters/output.c: a file appears whole or not at all; devices are written directly. */
#include "adapters/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/files.h"
#include "tests/unit/support/check.h"

static char root[64];
static char path[128];

static int set_up(void **state)
{
    (void)state;
    snprintf(root, sizeof root, "/tmp/trailwarden-test-XXXXXX");
    if (!mkdtemp(root))
        return -1;
    snprintf(path, sizeof path, "%s/out.jsonl", root);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(root); /* fails when anything else was left behind */
}

static void check_content(const char *want)
{
    struct buf b;
    struct err e = {0};
    buf_init(&b, 4096);
    assert_true(files_read(path, &b, &e));
    check_str("content", buf_str(&b), str_of(want));
    buf_release(&b);
}

static void appears_when_committed(void **state)
{
    (void)state;
    struct output o;
    struct err e = {0};
    struct stat st;
    mode_t mask = umask(022);
    assert_true(output_open(&o, path, &e));
    buf_putz(&o.pending, "one\n");
    assert_true(output_put(&o, &e));
    assert_int_not_equal(access(path, F_OK), 0);
    assert_true(output_commit(&o, &e));
    output_release(&o);
    umask(mask);
    check_content("one\n");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
}

static void leaves_the_old_file_alone_when_not_committed(void **state)
{
    (void)state;
    struct output o;
    struct err e = {0};
    FILE *f = fopen(path, "w");
    fputs("old", f);
    fclose(f);
    assert_true(output_open(&o, path, &e));
    buf_putz(&o.pending, "new");
    assert_true(output_flush(&o, &e));
    output_release(&o);
    check_content("old");
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    struct output o;
    struct err e = {0};
    assert_true(output_open(&o, path, &e));
    o.pending.failed = true;
    assert_false(output_put(&o, &e));
    assert_int_equal(e.kind, ERR_LIMIT);
    buf_putz(&o.pending, "next");
    assert_true(output_put(&o, &e));
    assert_true(output_commit(&o, &e));
    output_release(&o);
    check_content("next");
}

static void says_when_it_cannot_write(void **state)
{
    (void)state;
    struct output o;
    struct err e = {0};
    assert_false(output_open(&o, "/nowhere/at/all", &e));
    output_release(&o);
    assert_true(output_open(&o, "/dev/full", &e)); /* written directly, and always full */
    buf_putz(&o.pending, "x");
    assert_true(output_put(&o, &e));
    assert_false(output_commit(&o, &e));
    assert_int_equal(e.kind, ERR_SYSTEM);
    output_release(&o);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(appears_when_committed),
        CASE(leaves_the_old_file_alone_when_not_committed),
        CASE(refuses_what_does_not_fit),
        CASE(says_when_it_cannot_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
