/* adapters/sqlite.c: the cases of every state, and what is special about a file. */
#include "adapters/sqlite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"
#include "tests/unit/support/state_case.h"

#define NOW_MS 1790000000000 /* 2026-09-21 */

static int64_t fixed_now(void *self)
{
    (void)self;
    return NOW_MS;
}

static const struct port_clock fixed = {NULL, fixed_now, NULL}, none = {NULL, NULL, NULL};

/* A folder of its own for a test. */
struct place {
    char dir[64];
    char path[96];
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof *p);
    struct buf b;
    memcpy(p->dir, "/tmp/test_sqlite.XXXXXX", 24);
    if (!mkdtemp(p->dir))
        return -1;
    buf_init(&b, sizeof p->path - 1);
    buf_putf(&b, "%s/state.db", p->dir);
    memcpy(p->path, buf_z(&b), b.n + 1);
    buf_release(&b);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    static const char *const ends[] = {"", "-wal", "-shm", "-journal"};
    struct place *p = *state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct buf b;
        buf_init(&b, 200);
        buf_putf(&b, "%s%s", p->path, ends[i]);
        unlink(buf_z(&b));
        buf_release(&b);
    }
    int answer = rmdir(p->dir);
    free(p);
    return answer;
}

static struct sqlite_state *open_at(const struct place *p, struct port_clock clock)
{
    struct err e = {0};
    struct sqlite_state *s = sqlite_state_open(p->path, clock, &e);
    if (!s)
        fail_msg("%s", e.text);
    return s;
}

static void check_refused(const struct place *p, const char *name, enum err_kind kind,
                          const char *about)
{
    struct err e = {0};
    struct sqlite_state *s = sqlite_state_open(p->path, none, &e);
    check_true(name, s == NULL);
    check_int(name, e.kind, kind);
    if (str_find(str_of(e.text), str_of(about), 0) == SIZE_MAX)
        fail_msg("%s: %s", name, e.text);
}

static void run_sql(const struct place *p, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(p->path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static bool add_one(struct sqlite_state *s, int64_t time_ms, int64_t expires_s, struct err *e)
{
    struct port_state port = sqlite_state_port(s);
    struct element el = {time_ms, 0, {0, 1}};
    struct state_add a = {{"key"}, 0, &el, 1, expires_s};
    return port.add(port.self, &a, 1, e);
}

static size_t count(struct sqlite_state *s)
{
    struct err e = {0};
    struct port_state port = sqlite_state_port(s);
    struct vec got;
    vec_init(&got, sizeof(struct element), SIZE_MAX);
    struct state_read r = {{"key"}, 0, 0, &got};
    if (!port.read(port.self, &r, 1, &e))
        fail_msg("%s", e.text);
    size_t n = got.n;
    vec_release(&got);
    return n;
}

static void is_a_state(void **state)
{
    const struct place *p = *state;
    const struct state_case *cases;
    struct sqlite_state *s = open_at(p, fixed);
    struct state_trial trial = {sqlite_state_port(s), "test", NOW_MS / 1000};
    size_t n = state_cases(&cases);
    assert_true(n > 10);
    for (size_t i = 0; i < n; i++) {
        struct buf why;
        buf_init(&why, 10000);
        if (!cases[i].run(&trial, &why))
            fail_msg("%s: %s", cases[i].name, buf_z(&why));
        buf_release(&why);
    }
    sqlite_state_close(s);
}

static void what_is_written_stays(void **state)
{
    struct err e = {0};
    struct sqlite_state *one = open_at(*state, none), *two = open_at(*state, none);
    assert_true(add_one(one, 1, 0, &e));
    assert_int_equal(count(two), 1);
    assert_true(add_one(two, 2, 0, &e));
    assert_int_equal(count(one), 2);
    sqlite_state_close(one);
    sqlite_state_close(two);
    one = open_at(*state, none);
    assert_int_equal(count(one), 2);
    sqlite_state_close(one);
}

static void the_file_is_private(void **state)
{
    const struct place *p = *state;
    struct stat st;
    sqlite_state_close(open_at(p, none));
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void an_archive_does_not_expire(void **state)
{
    struct err e = {0};
    struct sqlite_state *s = open_at(*state, none);
    assert_true(add_one(s, 1, 1, &e));
    assert_int_equal(count(s), 1);
    sqlite_state_close(s);
    s = open_at(*state, fixed);
    assert_int_equal(count(s), 0);
    sqlite_state_close(s);
}

static void sweeping_removes_what_expired(void **state)
{
    struct err e = {0};
    struct sqlite_state *s = open_at(*state, none);
    struct port_state port = sqlite_state_port(s);
    struct state_swap old = {{"old"}, S("x"), 0, 99, false}, young = {{"young"}, S("x"), 0, 100, 0};
    assert_true(add_one(s, 1, 100, &e));
    assert_true(port.swap(port.self, &old, 1, &e) && port.swap(port.self, &young, 1, &e));
    assert_true(sqlite_state_sweep(s, 100, &e));
    assert_int_equal(count(s), 1);
    assert_true(port.swap(port.self, &old, 1, &e) && port.swap(port.self, &young, 1, &e));
    assert_false(old.conflict); /* it was gone */
    assert_true(young.conflict);
    assert_true(sqlite_state_sweep(s, 101, &e));
    assert_int_equal(count(s), 0);
    sqlite_state_close(s);
}

static void other_files_are_refused(void **state)
{
    const struct place *p = *state;
    FILE *f = fopen(p->path, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is no database\n", f);
    fclose(f);
    check_refused(p, "text", ERR_USAGE, "is not a state of trailwarden");
    unlink(p->path);
    run_sql(p, "CREATE TABLE mine (a)");
    check_refused(p, "another program's tables", ERR_USAGE, "is a database of another program");
    unlink(p->path);
    run_sql(p, "PRAGMA application_id = 1; CREATE TABLE t (a)");
    check_refused(p, "another program's mark", ERR_USAGE, "is a database of another program");
    unlink(p->path);
    sqlite_state_close(open_at(p, none));
    run_sql(p, "PRAGMA user_version = 7");
    check_refused(p, "a newer version", ERR_USAGE, "is a state of version 7");
}

static void a_file_that_cannot_be_opened_is_named(void **state)
{
    struct err e = {0};
    (void)state;
    assert_null(sqlite_state_open("/nonexistent/state.db", none, &e));
    check_int("kind", e.kind, ERR_SYSTEM);
    check_str("text", str_of(e.text), S("/nonexistent/state.db: unable to open database file"));
}

/* Zeros over everything behind the header page. */
static void damage_is_noticed(void **state)
{
    const struct place *p = *state;
    struct err e = {0};
    struct sqlite_state *s = open_at(p, none);
    assert_true(add_one(s, 1, 0, &e));
    sqlite_state_close(s); /* the log goes into the file */
    FILE *f = fopen(p->path, "r+");
    fseek(f, 4096, SEEK_SET);
    for (int i = 0; i < 8192; i++)
        fputc(0x41, f);
    fclose(f);
    s = sqlite_state_open(p->path, none, &e);
    bool ok = s && add_one(s, 2, 0, &e);
    assert_false(ok);
    check_int("kind", e.kind, ERR_SYSTEM);
    if (str_find(str_of(e.text), S("is damaged; remove it"), 0) == SIZE_MAX)
        fail_msg("%s", e.text);
    sqlite_state_close(s);
}

/* Half an element. */
static void half_elements_are_damage(void **state)
{
    const struct place *p = *state;
    struct err e = {0};
    struct sqlite_state *s = open_at(p, none);
    assert_true(add_one(s, 1, 0, &e));
    run_sql(p, "UPDATE bucket SET elements = x'0102'");
    assert_false(add_one(s, 2, 0, &e));
    check_int("kind", e.kind, ERR_SYSTEM);
    run_sql(p, "UPDATE bucket SET elements = x''"); /* the failure left no transaction open */
    assert_true(add_one(s, 2, 0, &e));
    sqlite_state_close(s);
}

static void a_batch_that_fails_leaves_nothing(void **state)
{
    const struct place *p = *state;
    struct err e = {0};
    struct sqlite_state *s = open_at(p, none);
    struct port_state port = sqlite_state_port(s);
    struct element el = {5, 0, {0, 5}};
    struct state_add adds[] = {{{"key"}, 0, &el, 1, 0}, {{"bad"}, 0, &el, 1, 0}};
    assert_true(port.add(port.self, adds + 1, 1, &e));
    run_sql(p, "UPDATE bucket SET elements = x'01'");
    assert_false(port.add(port.self, adds, 2, &e));
    assert_int_equal(count(s), 0);
    sqlite_state_close(s);
}

static void memory_may_run_out(void **state)
{
    bool ok = false;
    for (size_t n = 1; !ok && n < 1000; n++) {
        struct err e = {0};
        alloc_fail_at(n);
        struct sqlite_state *s = sqlite_state_open(((struct place *)*state)->path, none, &e);
        ok = s && add_one(s, 1, 0, &e);
        alloc_works();
        if (!ok && e.kind != ERR_SYSTEM && e.kind != ERR_LIMIT)
            fail_msg("kind %d: %s", e.kind, e.text);
        sqlite_state_close(s);
    }
    assert_true(ok);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(is_a_state),
        TEST(what_is_written_stays),
        TEST(the_file_is_private),
        TEST(an_archive_does_not_expire),
        TEST(sweeping_removes_what_expired),
        TEST(other_files_are_refused),
        TEST(a_file_that_cannot_be_opened_is_named),
        TEST(damage_is_noticed),
        TEST(half_elements_are_damage),
        TEST(a_batch_that_fails_leaves_nothing),
        TEST(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
