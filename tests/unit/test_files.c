/* adapters/files.c: order, names, links, errors. Trees are made in a temporary folder. */
#include "adapters/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support/check.h"

/* A temporary folder; all paths below it. */
struct tree {
    char root[64];
};

static const char *path_in(const struct tree *t, const char *name, char out[512])
{
    snprintf(out, 512, "%s/%s", t->root, name);
    return out;
}

static void make_file(const struct tree *t, const char *name, const char *text)
{
    char path[512];
    FILE *f = fopen(path_in(t, name, path), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void make_folder(const struct tree *t, const char *name)
{
    char path[512];
    assert_int_equal(mkdir(path_in(t, name, path), 0700), 0);
}

static int set_up(void **state)
{
    struct tree *t = calloc(1, sizeof *t);
    snprintf(t->root, sizeof t->root, "/tmp/trailwarden-test-XXXXXX");
    *state = t;
    return mkdtemp(t->root) ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];
    struct tree *t = *state;
    snprintf(command, sizeof command, "rm -rf '%s'", t->root);
    int failed = system(command);
    free(t);
    return failed;
}

/* Walks and gives the paths below the tree, with blanks between; failures as "!". */
static void walk_all(const struct tree *t, const char *const *roots, size_t n, enum files_kind kind,
                     struct buf *out)
{
    struct walk *w;
    struct err e = {0};
    struct str path;
    uint64_t bytes;
    buf_reset(out);
    if (!walk_new(roots, n, kind, &w, &e))
        fail_msg("%s", e.text);
    for (;;) {
        if (!walk_next(w, &path, &bytes, &e)) {
            buf_putz(out, "! ");
            continue;
        }
        if (!str_present(path))
            break;
        buf_put(out, str_skip(path, strlen(t->root) + 1));
        buf_putc(out, ' ');
    }
    walk_free(w);
}

static void make_logs(const struct tree *t)
{
    make_folder(t, "b");
    make_folder(t, "a");
    make_folder(t, "a/x");
    make_folder(t, ".git");
    make_file(t, ".git/hidden.json", "");
    make_file(t, "b/1.json", "12");
    make_file(t, "a/x/1.json.gz", "");
    make_file(t, "a/x.json", "");
    make_file(t, "a/x-1.jsonl", "");
    make_file(t, "a.gz", "");
    make_file(t, "README.md", "");
    make_file(t, "rule.yml", "");
    make_file(t, "rule.test.yml", "");
    make_file(t, "other.yaml", "");
    make_file(t, "other.test.yaml", "");
}

/* Of .log files those count that begin as a source's logs do. */
static void tells_logs_by_their_beginning(void **state)
{
    static const struct {
        const char *name, *text;
        bool log;
    } cases[] = {
        {"flow-header.log", "version account-id interface-id srcaddr\n5 1 eni-1 10.0.0.1\n", true},
        {"flow-line.log", /* "Flow log record examples", VPC User Guide */
         "2 123456789010 eni-1235b8ca123456789 172.31.16.139 172.31.16.21 20641 22 6 20 4249 "
         "1418530010 1418530070 ACCEPT OK\n",
         true},
        {"k8s.log", "{\"kind\":\"Event\",\"apiVersion\":\"audit.k8s.io/v1\",\"auditID\":\"a\"}\n{",
         true},
        {"k8s-list.log", "{\"kind\":\"EventList\",\"items\":[\n {\"auditID\":\"a\",\"level\":\"x",
         true},
        {"trail.log", "{\"Records\":[{\"eventVersion\":\"1.0\",\"eventName\":\"x\"}]}", true},
        {"array.log", "[ {\"eventName\":\"x\"}]", true},
        {"okta.log", "{\"detail\":{\"eventType\":\"x\",\"published\":\"2026\"}}", true},
        {"github.log", "{\"action\":\"x\",\"actor\":\"y\",\"@timestamp\":1}", true},
        {"app.log", "2026-03-17 14:05:11 INFO started\n", false},
        {"word.log", "version\n1\n", false},
        {"lines.log", "{\"action\":\"login\",\"level\":\"info\"}\n", false},
        {"items.log", "{\"items\":[{\"a\":1}]}", false},
        {"broken.log", "{\"auditID\"", false},
        {"blank.log", " \n", false},
        {"empty.log", "", false},
    };
    const struct tree *t = *state;
    const char *roots[] = {t->root};
    struct buf got, name;
    buf_init(&got, 4096);
    buf_init(&name, 64);
    for (size_t i = 0; i < COUNT(cases); i++)
        make_file(t, cases[i].name, cases[i].text);
    walk_all(t, roots, 1, FILES_LOGS, &got);
    size_t logs = 0;
    for (size_t i = 0; i < COUNT(cases); i++) {
        buf_reset(&name);
        buf_putf(&name, "%s ", cases[i].name);
        if ((str_find(buf_str(&got), buf_str(&name), 0) != SIZE_MAX) != cases[i].log)
            fail_msg("%s", cases[i].name);
        logs += cases[i].log;
    }
    assert_int_equal(logs, 8);
    buf_release(&got);
    buf_release(&name);
}

/* The order is that of the bytes of whole paths: - 0x2D, . 0x2E, / 0x2F. */
static void walks_in_order_of_bytes(void **state)
{
    const struct tree *t = *state;
    const char *roots[] = {t->root};
    struct buf got;
    buf_init(&got, 4096);
    make_logs(t);
    walk_all(t, roots, 1, FILES_LOGS, &got);
    check_str("logs", buf_str(&got), S("a.gz a/x-1.jsonl a/x.json a/x/1.json.gz b/1.json "));
    walk_all(t, roots, 1, FILES_RULES, &got);
    check_str("rules", buf_str(&got), S("other.yaml rule.yml "));
    walk_all(t, roots, 1, FILES_TESTS, &got);
    check_str("tests", buf_str(&got), S("other.test.yaml rule.test.yml "));
    buf_release(&got);
}

static void merges_roots(void **state)
{
    const struct tree *t = *state;
    char a[512], b[512], readme[512], x[512];
    const char *roots[] = {path_in(t, "b", b), path_in(t, "README.md", readme), path_in(t, "a", a),
                           path_in(t, "a/x.json", x)};
    struct buf got;
    buf_init(&got, 4096);
    make_logs(t);
    walk_all(t, roots, 4, FILES_LOGS, &got);
    check_str("merged", buf_str(&got), S("README.md a/x-1.jsonl a/x.json a/x/1.json.gz b/1.json "));
    buf_release(&got);
}

/* A link that leads into a folder we stand in is left out; one to a sibling is followed. */
static void survives_link_loops(void **state)
{
    const struct tree *t = *state;
    char link[512];
    const char *roots[] = {t->root};
    struct buf got;
    buf_init(&got, 4096);
    make_folder(t, "a");
    make_file(t, "a/1.json", "");
    assert_int_equal(symlink("..", path_in(t, "a/up", link)), 0);
    assert_int_equal(symlink("a", path_in(t, "b", link)), 0);
    assert_int_equal(symlink("nowhere", path_in(t, "c.json", link)), 0);
    walk_all(t, roots, 1, FILES_LOGS, &got);
    check_str("links", buf_str(&got), S("a/1.json b/1.json "));
    buf_release(&got);
}

static void bounds_depth(void **state)
{
    const struct tree *t = *state;
    const char *roots[] = {t->root};
    struct buf name, got;
    buf_init(&name, 4096);
    buf_init(&got, 4096);
    for (int i = 0; i < FILES_DEPTH_MAX + 2; i++) {
        buf_putz(&name, i ? "/d" : "d");
        make_folder(t, buf_z(&name));
    }
    make_file(t, "z.json", "");
    walk_all(t, roots, 1, FILES_LOGS, &got);
    check_str("too deep, and on", buf_str(&got), S("! z.json "));
    buf_release(&name);
    buf_release(&got);
}

static void names_what_is_not_there(void **state)
{
    const struct tree *t = *state;
    char path[512];
    const char *roots[] = {path_in(t, "no\x1b[2J", path)};
    struct walk *w;
    struct err e = {0};
    assert_false(walk_new(roots, 1, FILES_LOGS, &w, &e));
    assert_int_equal(e.kind, ERR_MISSING);
    assert_non_null(strstr(e.text, "no\\x1B[2J: No such file"));
}

static bool count_bytes(void *to, struct str piece, struct err *e)
{
    size_t *n = to;
    *n += piece.n;
    return piece.n <= FILES_PIECE_BYTES || err_set(e, ERR_LIMIT, "a piece is too large");
}

static void reads_in_pieces(void **state)
{
    const struct tree *t = *state;
    char path[512];
    struct port_objects port = files_port();
    struct err e = {0};
    size_t n = 0;
    FILE *f = fopen(path_in(t, "big", path), "w");
    for (int i = 0; i < 700000; i++)
        fputc('x', f);
    fclose(f);
    struct object_ref ref = {.key = str_of(path)};
    assert_true(port.read(port.self, &ref, count_bytes, &n, &e));
    assert_int_equal(n, 700000);
    ref.key = S("/nowhere/at/all");
    assert_false(port.read(port.self, &ref, count_bytes, &n, &e));
    assert_int_equal(e.kind, ERR_MISSING);
    ref.key = str_of(t->root); /* a folder */
    assert_false(port.read(port.self, &ref, count_bytes, &n, &e));
    assert_int_equal(e.kind, ERR_SYSTEM);
}

static void reads_whole_files_up_to_a_maximum(void **state)
{
    const struct tree *t = *state;
    char path[512];
    struct err e = {0};
    struct buf b;
    make_file(t, "rule.yml", "title: x\n");
    path_in(t, "rule.yml", path);
    buf_init(&b, 9);
    assert_true(files_read(path, &b, &e));
    check_str("whole", buf_str(&b), S("title: x\n"));
    buf_release(&b);
    buf_init(&b, 8);
    assert_false(files_read(path, &b, &e));
    assert_int_equal(e.kind, ERR_LIMIT);
    buf_release(&b);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(walks_in_order_of_bytes),
        CASE(tells_logs_by_their_beginning),
        CASE(merges_roots),
        CASE(survives_link_loops),
        CASE(bounds_depth),
        CASE(names_what_is_not_there),
        CASE(reads_in_pieces),
        CASE(reads_whole_files_up_to_a_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
