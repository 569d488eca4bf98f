/* handlers/roll: whose logs come, and for how long they may stay away. */
#include "handlers/roll.h"

#include "tests/unit/support/check.h"

#define HOUR 3600000LL
#define T    1773756600000LL /* 2026-03-17T14:10:00Z */

static struct logkey key(const char *region, bool digest)
{
    return (struct logkey){
        .account = S("111122223333"), .region = str_of(region), .digest = digest};
}

static void judges_regions(void **state)
{
    static const struct {
        const char *name;
        int64_t log_ms, digest_ms; /* before now; 0: never */
        bool watched, silent;      /* within two hours */
    } cases[] = {
        {"both came", 1 * HOUR, 1 * HOUR, true, false},
        {"a quiet region with its digests", 30 * HOUR, 1 * HOUR, true, false},
        {"only digests", 0, 1 * HOUR, true, false},
        {"neither any more", 3 * HOUR, 3 * HOUR, true, true},
        {"digests stay away, logs come", 1 * HOUR, 30 * HOUR, true, false},
        {"exactly the limit", 2 * HOUR, 2 * HOUR, true, false},
        {"a moment over it", 2 * HOUR + 1, 2 * HOUR + 1, true, true},
        {"never a digest: it may be quiet", 30 * HOUR, 0, false, false},
        {"seven days", 168 * HOUR, 168 * HOUR, true, true},
        {"longer: it is forgotten", 168 * HOUR + 1, 168 * HOUR + 1, false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct roll_region g = {.log_ms = cases[i].log_ms ? T - cases[i].log_ms : 0,
                                      .digest_ms = cases[i].digest_ms ? T - cases[i].digest_ms : 0};
        check_int(cases[i].name, roll_is_watched(&g, T), cases[i].watched);
        check_int(cases[i].name, roll_is_silent(&g, T, 2 * HOUR), cases[i].silent);
    }
}

static void writes_only_news(void **state)
{
    struct roll r = {0};
    const struct logkey log = key("eu-west-1", false), digest = key("eu-west-1", true);
    (void)state;
    check_true("new", roll_see(&r, &log, T, HOUR));
    check_false("just written", roll_see(&r, &log, T + HOUR - 1, HOUR));
    check_true("another kind", roll_see(&r, &digest, T + 1, HOUR));
    check_true("later", roll_see(&r, &log, T + HOUR, HOUR));
    check_false("from before", roll_see(&r, &log, T - HOUR, HOUR));
    check_size("one region", r.n, 1);
    check_int("log", r.list[0].log_ms, T + HOUR);
    check_int("digest", r.list[0].digest_ms, T + 1);
}

static void makes_room(void **state)
{
    struct roll r = {0};
    char name[] = "r-00";
    (void)state;
    for (int i = 0; i <= ROLL_REGIONS_MAX; i++) {
        name[2] = (char)('0' + i / 10);
        name[3] = (char)('0' + i % 10);
        const struct logkey k = key(name, false);
        check_true(name, roll_see(&r, &k, i == 5 ? T : T + 1 + i, HOUR));
    }
    check_size("full", r.n, ROLL_REGIONS_MAX);
    check_str("the longest unheard went", str_n(r.list[5].name, r.list[5].name_n), S("r-64"));
}

static void is_read_as_it_was_written(void **state)
{
    struct roll r = {0}, back;
    struct buf b;
    struct err e = {0};
    char name[LOGKEY_REGION_MAX + 1];
    (void)state;
    memset(name, 'x', sizeof name);
    name[LOGKEY_REGION_MAX] = '\0';
    for (int i = 0; i < ROLL_REGIONS_MAX; i++) {
        name[0] = (char)(' ' + i);
        const struct logkey k = key(name, i % 2);
        check_true(name, roll_see(&r, &k, T + i, HOUR));
    }
    buf_init(&b, ROLL_BYTES_MAX);
    roll_encode(&r, &b);
    check_size("the largest", b.n, ROLL_BYTES_MAX);
    check_true("read", roll_decode(&back, buf_str(&b), &e));
    assert_memory_equal(&r, &back, sizeof r);
    for (size_t n = 1; n < b.n; n++)
        check_false("cut off", roll_decode(&back, str_slice(buf_str(&b), 0, n), &e));
    check_int("kind", e.kind, ERR_INPUT);
    b.p[0] = 2;
    check_false("of later", roll_decode(&back, buf_str(&b), &e));
    check_false("more than there may be", roll_decode(&back, S("\1\377"), &e));
    check_true("nothing", roll_decode(&back, S(""), &e));
    check_size("nothing", back.n, 0);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_regions),
        cmocka_unit_test(writes_only_news),
        cmocka_unit_test(makes_room),
        cmocka_unit_test(is_read_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
