/* handlers/learn.c and study.c: what first_seen tells, what it asks of the state, and what it loses
 * when the state fails, conflicts, or another works at the same time: nothing. Answers by hand,
 * from docs/correlations.md and docs/state.md. */
#include "tests/model/rng.h"
#include "tests/unit/support/windows_case.h"

#define DAY 86400

#define SEEN                                                                                       \
    A CHAIN("New", "01",                                                                           \
            "type: first_seen, rules: a, group-by: u, fields: v, history: 30d, learn: 1h")

static const struct {
    const char *name, *events, *told;
} seen[] = {
    {"learning tells nothing", "0 A \"u\":\"x\",\"v\":1\n10 A \"u\":\"x\",\"v\":2\n", ""},
    {"then a new value does",
     "0 A \"u\":\"x\",\"v\":1\n4000 A \"u\":\"x\",\"v\":1\n4001 A \"u\":\"x\",\"v\":2\n4002 A "
     "\"u\":\"x\",\"v\":2\n",
     "New x,2 4001+0 1\n"},
    {"a new key is one alert",
     "0 A \"u\":\"x\",\"v\":1\n4000 A \"u\":\"y\",\"v\":1\n4001 A \"u\":\"y\",\"v\":2\n8000 A "
     "\"u\":\"y\",\"v\":3\n",
     "New y,1 4000+0 1\nNew y,3 8000+0 1\n"},
    {"a value that comes late and is older is not new",
     "0 A \"u\":\"x\",\"v\":1\n4001 A \"u\":\"x\",\"v\":2\n4000 A \"u\":\"x\",\"v\":2\n",
     "New x,2 4001+0 1\n"},
    {"an older event ends learning earlier",
     "3000 A \"u\":\"x\",\"v\":1\n4000 A \"u\":\"x\",\"v\":2\n0 A \"u\":\"x\",\"v\":1\n5000 A "
     "\"u\":\"x\",\"v\":3\n",
     "New x,3 5000+0 1\n"},
    {"uses of a value that was told are not counted",
     "0 A \"u\":\"x\",\"v\":1\n4000 A \"u\":\"x\",\"v\":2\n5000 A \"u\":\"x\",\"v\":2\n50000 A "
     "\"u\":\"x\",\"v\":2\n99000 A \"u\":\"x\",\"v\":2\n150000 A \"u\":\"x\",\"v\":2\n200000 A "
     "\"u\":\"x\",\"v\":2\n250000 A \"u\":\"x\",\"v\":2\n300000 A \"u\":\"x\",\"v\":2\n350000 A "
     "\"u\":\"x\",\"v\":2\n400000 A \"u\":\"x\",\"v\":2\n450000 A \"u\":\"x\",\"v\":2\n",
     "New x,2 4000+0 1\n"},
};

static void first_seen_learns(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(seen); i++) {
        struct run r;
        begin(&r, SEEN, &durable);
        add_lines(&r, seen[i].events, 1, T0 + 460000000);
        check_told(seen[i].name, "by one process", &r, seen[i].told);
        end(&r);
        begin(&r, SEEN, &durable);
        struct str rest = str_of(seen[i].events);
        while (str_present(rest)) {
            struct buf line;
            buf_init(&line, 1000);
            buf_put(&line, str_cut(&rest, '\n'));
            restart(&r);
            add_lines(&r, buf_z(&line), 1, T0 + 460000000);
            buf_release(&line);
        }
        check_told(seen[i].name, "by a process each", &r, seen[i].told);
        end(&r);
    }
}

/* ---- a state that counts, fails and conflicts ---- */

struct spy {
    struct port_state state;
    size_t calls, asked, swapped; /* calls of claims and swap, items of each */
    size_t fail_at;               /* that call fails; 0: none */
    bool carried_out;             /* though it was done */
    size_t conflict_at;           /* that call does nothing and says conflict, when it is a swap */
    struct run *other;            /* delivers `object` during call meet_at */
    size_t meet_at;
};

/* An account that has been learned, a new value of a known key and two of a new one. */
static const char before[] = "0 A \"u\":\"x\",\"v\":1\n";
static const char object[] = "8000 A \"u\":\"x\",\"v\":1\n8001 A \"u\":\"x\",\"v\":2\n"
                             "8002 A \"u\":\"y\",\"v\":1\n8003 A \"u\":\"y\",\"v\":2\n";
#define NOW   (T0 + 8000000)
#define LATER (NOW + 60001) /* a lease has run out */

static bool try_object(struct run *r, int64_t now_ms, struct err *e)
{
    struct str rest = str_of(object);
    deliver(r, now_ms);
    while (rest.n)
        if (!add_line(r, str_cut(&rest, '\n'), e))
            return false;
    return settle(r, e);
}

static bool is_due(const struct spy *s, size_t at)
{
    return at && s->calls == at;
}

static void begin_call(struct spy *s)
{
    struct err e;
    s->calls++;
    if (is_due(s, s->meet_at) && !try_object(s->other, NOW, &e))
        check_int("has nothing to tell yet", e.kind, ERR_RETRY);
}

static bool failed(struct err *e)
{
    return err_set(e, ERR_RETRY, "the state does not answer");
}

static bool spy_claims(void *self, struct state_claims *list, size_t n, struct err *e)
{
    struct spy *s = self;
    begin_call(s);
    s->asked += n;
    return is_due(s, s->fail_at) ? failed(e) : s->state.claims(s->state.self, list, n, e);
}

static bool spy_swap(void *self, struct state_swap *list, size_t n, struct err *e)
{
    struct spy *s = self;
    begin_call(s);
    s->swapped += n;
    for (size_t i = 0; i < n && is_due(s, s->conflict_at); i++)
        list[i].conflict = true;
    if (is_due(s, s->conflict_at))
        return true;
    bool fails = is_due(s, s->fail_at);
    if (fails && !s->carried_out)
        return failed(e);
    return s->state.swap(s->state.self, list, n, e) && (!fails || failed(e));
}

static void spy_pause(void *self, int64_t ms)
{
    (void)self, (void)ms;
}

/* Puts the spy between r and its state. */
static void watch(struct run *r, struct spy *s)
{
    *s = (struct spy){.state = r->port};
    r->port = (struct port_state){.self = s,
                                  .add = r->port.add, /* first_seen has no buckets */
                                  .read = r->port.read,
                                  .drop = r->port.drop,
                                  .claims = spy_claims,
                                  .swap = spy_swap,
                                  .pause = spy_pause};
    restart(r);
}

static void forget_calls(struct spy *s)
{
    *s = (struct spy){.state = s->state};
}

/* ---- what it costs ---- */

static void what_is_known_is_not_asked(void **state)
{
    (void)state;
    static const struct {
        const char *name, *events;
        int64_t now; /* seconds behind T0 */
        bool restarted;
        size_t calls, asked, swapped;
    } steps[] = {
        /* One account, two keys, three values: read, learn, read again, claim. */
        {"new", "0 A \"u\":\"x\",\"v\":1\n0 A \"u\":\"x\",\"v\":2\n9 A \"u\":\"y\",\"v\":1\n", 10,
         false, 4, 9, 6},
        {"known", "20 A \"u\":\"x\",\"v\":1\n30 A \"u\":\"y\",\"v\":1\n", 40, false, 0, 0, 0},
        {"known, but by another process", "40 A \"u\":\"x\",\"v\":1\n41 A \"u\":\"x\",\"v\":2\n",
         50, true, 1, 4, 0},
        {"known now", "50 A \"u\":\"x\",\"v\":1\n51 A \"u\":\"x\",\"v\":2\n", 60, false, 0, 0, 0},
        /* The claims of y's value and what was learned of y; of the account older is known. */
        {"older than what is known", "20 A \"u\":\"x\",\"v\":2\n1 A \"u\":\"y\",\"v\":1\n", 60,
         false, 4, 4, 2},
        /* 30 d / 64 is 40,500 s. */
        {"just before it must be renewed", "40500 A \"u\":\"x\",\"v\":1\n", 40510, false, 0, 0, 0},
        {"renewed", "45000 A \"u\":\"x\",\"v\":1\n", 45000, false, 4, 4, 3},
        {"renewed a moment ago", "45100 A \"u\":\"x\",\"v\":1\n", 45200, false, 0, 0, 0},
    };
    struct run r;
    struct spy s;
    begin(&r, SEEN, &durable);
    watch(&r, &s);
    for (size_t i = 0; i < COUNT(steps); i++) {
        if (steps[i].restarted)
            restart(&r);
        forget_calls(&s);
        add_lines(&r, steps[i].events, 100, T0 + 1000 * steps[i].now);
        check_size(steps[i].name, s.calls, steps[i].calls);
        check_size(steps[i].name, s.asked, steps[i].asked);
        check_size(steps[i].name, s.swapped, steps[i].swapped);
    }
    end(&r);
}

/* A history is over though the process remembers the value: it is news again. */
static void a_history_ends(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        long long at;
        const char *told;
    } uses[] = {
        {"new", 5000, "New x,2 5000+0 1\n"},
        {"used", 20 * DAY, "New x,2 5000+0 1\n"},
        {"used again, within a history", 49 * DAY, "New x,2 5000+0 1\n"},
        {"not used for more than a history", 80 * DAY, "New x,2 5000+0 1\nNew x,2 6912000+0 1\n"},
    };
    struct run r;
    begin(&r, SEEN, &durable);
    add_lines(&r, "0 A \"u\":\"x\",\"v\":1\n", 1, T0);
    for (size_t i = 0; i < COUNT(uses); i++) {
        struct buf line;
        buf_init(&line, 100);
        buf_putf(&line, "%lld A \"u\":\"x\",\"v\":2\n", uses[i].at);
        add_lines(&r, buf_z(&line), 1, T0 + uses[i].at * 1000);
        buf_release(&line);
        check_told(uses[i].name, "by one process", &r, uses[i].told);
    }
    end(&r);
}

/* ---- the cap ---- */

/* Values from, from + 1, ..., n of them, in one delivery, each a second after the other. */
static void use_values(struct run *r, int from, int n, long long at)
{
    struct buf lines;
    buf_init(&lines, 1 << 20);
    for (int i = n; i-- > 0;)
        buf_putf(&lines, "%lld A \"u\":\"x\",\"v\":%d\n", at + i, from + i);
    add_lines(r, buf_z(&lines), 10000, T0 + at * 1000);
    buf_release(&lines);
}

static void first_seen_has_a_cap(void **state)
{
    (void)state;
    struct run r;
    struct windows_config cfg = durable;
    cfg.mute = true;
    cfg.entries_max = 4096;
    begin(&r, SEEN, &cfg);
    use_values(&r, 0, WINDOWS_FIRST_SEEN_MAX + 5, 4000);
    check_size("the five seen last", r.sums.capped, 5);
    use_values(&r, 0, WINDOWS_FIRST_SEEN_MAX, 4001);
    check_size("the others again", r.sums.capped, 5);
    use_values(&r, 5000, WINDOWS_FIRST_SEEN_MAX, 4000 + 40 * DAY);
    check_size("who was not used for a history makes room", r.sums.capped, 5);
    use_values(&r, 0, 10, 4000 + 41 * DAY);
    check_size("what has claims needs none", r.sums.capped, 5);
    use_values(&r, 6000, 10, 4000 + 41 * DAY);
    check_size("what has none does", r.sums.capped, 15);
    end(&r);
}

/* Whoever dies where, and whoever counts at the same time: a value is counted once. */
static void a_value_is_counted_once(void **state)
{
    (void)state;
    struct windows_config cfg = durable;
    bool finished = false;
    cfg.mute = true;
    cfg.entries_max = 4096;
    for (size_t at = 1; !finished; at++) {
        static const char *const value[] = {"4001 A \"u\":\"x\",\"v\":\"p\"",
                                            "4002 A \"u\":\"x\",\"v\":\"q\""};
        struct run r;
        struct spy s;
        struct err e = {0};
        begin(&r, SEEN, &cfg);
        watch(&r, &s);
        use_values(&r, 0, WINDOWS_FIRST_SEEN_MAX - 1, 4000);
        forget_calls(&s);
        s.fail_at = at;
        s.carried_out = true;
        deliver(&r, T0 + 4000000);
        assert_true(add_line(&r, str_of(value[0]), &e));
        finished = settle(&r, &e);
        forget_calls(&s);
        restart(&r);
        add_lines(&r, value[0], 1, T0 + 4000000);
        check_size("the last that is remembered", r.sums.capped, 0);
        add_lines(&r, value[1], 1, T0 + 4000000);
        check_size("the first that is not", r.sums.capped, 1);
        end(&r);
    }
}

/* ---- failures ---- */

/* In order of bytes, each line once. */
static void sort_told(struct run *r, struct buf *out)
{
    struct str lines[100], rest = buf_str(&r->told);
    size_t n = 0;
    while (rest.n && n < COUNT(lines))
        lines[n++] = str_cut(&rest, '\n');
    qsort(lines, n, sizeof *lines, by_bytes);
    for (size_t i = 0; i < n; i++) {
        if (lines[i].n == 0 || (i && str_eq(lines[i], lines[i - 1])))
            continue;
        buf_put(out, lines[i]);
        buf_putc(out, '\n');
    }
}

/* What is told of it when nothing fails, with ids. */
static void undisturbed(struct buf *want)
{
    struct run r;
    begin(&r, SEEN, &durable);
    r.show_id = true;
    add_lines(&r, before, 100, NOW);
    add_lines(&r, object, 100, NOW);
    sort_told(&r, want);
    assert_true(str_find(buf_str(want), S("New x,2 8001+0 1\n"), 0) != SIZE_MAX);
    assert_true(str_find(buf_str(want), S("New y,1 8002+0 1\n"), 0) != SIZE_MAX);
    end(&r);
}

struct trouble {
    const char *name;
    bool fails, carried_out, restarts;
};

/* One run in which call number `at` is in trouble; false when there was none of that number. */
static bool run_trouble(const struct trouble *t, size_t at, struct str want)
{
    struct run r;
    struct spy s;
    struct buf got;
    struct err e = {0};
    begin(&r, SEEN, &durable);
    watch(&r, &s);
    r.show_id = true;
    add_lines(&r, before, 100, NOW);
    forget_calls(&s);
    s.fail_at = t->fails ? at : 0;
    s.carried_out = t->carried_out;
    s.conflict_at = t->fails ? 0 : at;
    bool ok = try_object(&r, NOW, &e), reached = s.calls >= at;
    check_true(t->name, ok || t->fails);
    forget_calls(&s);
    if (t->restarts)
        restart(&r);
    if (!ok)
        check_true(t->name, try_object(&r, LATER, &e));
    buf_init(&got, 10000);
    sort_told(&r, &got);
    check_str(t->name, buf_str(&got), want);
    restart(&r);
    forget_calls(&s);
    check_true(t->name, try_object(&r, LATER, &e));
    check_size("all is on record", s.swapped, 0);
    buf_release(&got);
    end(&r);
    return reached;
}

static void no_trouble_loses_anything(void **state)
{
    (void)state;
    static const struct trouble troubles[] = {
        {"fails, not done", true, false, false},
        {"fails, done", true, true, false},
        {"fails, not done, and dies", true, false, true},
        {"fails, done, and dies", true, true, true},
        {"conflicts", false, false, false},
    };
    struct buf want;
    buf_init(&want, 10000);
    undisturbed(&want);
    for (size_t i = 0; i < COUNT(troubles); i++) {
        size_t at = 1;
        while (run_trouble(troubles + i, at, buf_str(&want)))
            at++;
        assert_true(at > 5); /* read, learn, read, claim, read, mark */
    }
    buf_release(&want);
}

/* Another process delivers the same values during each call in turn: one alert each, of one id. */
static void two_at_once_tell_one_alert(void **state)
{
    (void)state;
    struct buf want, got;
    bool reached = true;
    buf_init(&want, 10000);
    buf_init(&got, 10000);
    undisturbed(&want);
    for (size_t at = 1; reached; at++) {
        struct run r, other;
        struct spy s;
        struct err e = {0};
        begin(&r, SEEN, &durable);
        add_lines(&r, before, 100, NOW);
        begin(&other, SEEN, &durable);
        state_memory_free(other.state);
        other.state = r.state;
        other.port = r.port;
        restart(&other);
        watch(&r, &s);
        r.show_id = other.show_id = true;
        other.deliveries = 100; /* owners of its own */
        s.other = &other;
        s.meet_at = at;
        check_true("one", try_object(&r, NOW, &e) || try_object(&r, LATER, &e));
        check_true("other", try_object(&other, LATER, &e));
        reached = s.calls >= at;
        buf_put(&r.told, buf_str(&other.told));
        buf_reset(&got);
        sort_told(&r, &got);
        check_str("two at once", buf_str(&got), buf_str(&want));
        other.state = NULL;
        end(&other);
        end(&r);
    }
    buf_release(&want);
    buf_release(&got);
}

/* ---- random schedules ---- */

/* Nothing is muted: each use that begins an episode must be told. */
#define ALL_TOLD                                                                                   \
    A CHAIN("New", "01",                                                                           \
            "type: first_seen, rules: a, group-by: u, fields: v, history: 30d, learn: 0d")
#define RUNS    300
#define USES    60
#define HISTORY (30 * DAY)
#define SLACK   (HISTORY / 64)

struct use {
    int64_t at; /* seconds behind T0 */
    char key;
    unsigned value;
};

/* Uses by two keys of three values, with pauses from seconds to more than a history. Disordered
 * ones come up to ten days late, which is not too late. */
static void make_uses(struct use *uses, struct rng *r, bool disordered)
{
    static const int64_t pauses[] = {1, 1, 60, 3600, 12 * 3600, 9 * DAY, 31 * DAY};
    int64_t at = 0;
    for (size_t i = 0; i < USES; i++) {
        at += pauses[rng_in(r, 0, COUNT(pauses) - 1)];
        uses[i] = (struct use){at, rng_chance(r, 5000) ? 'x' : 'y', (unsigned)rng_in(r, 1, 3)};
    }
    for (size_t i = 1; i < USES && disordered; i++)
        if (uses[i].at - uses[i - 1].at < 10 * DAY && rng_chance(r, 5000)) {
            struct use late = uses[i - 1];
            uses[i - 1] = uses[i];
            uses[i++] = late;
        }
}

static bool try_uses(struct run *r, const struct use *uses, size_t n, int64_t now_ms, struct err *e)
{
    bool ok = true;
    deliver(r, now_ms);
    for (size_t i = 0; i < n && ok; i++) {
        struct buf line;
        buf_init(&line, 100);
        buf_putf(&line, "%lld A \"u\":\"%c\",\"v\":%u", (long long)uses[i].at, uses[i].key,
                 uses[i].value);
        ok = add_line(r, buf_str(&line), e);
        buf_release(&line);
    }
    return ok && settle(r, e);
}

/* Delivers them a few at a time, to processes that come and go, over a state that fails. */
static void deliver_uses(struct run *r, struct spy *s, const struct use *uses, struct rng *rng)
{
    int64_t now = 0;
    for (size_t i = 0, n; i < USES; i += n) {
        struct err e = {0};
        size_t most = (size_t)rng_in(rng, 1, 4);
        for (n = 0; n < most && i + n < USES && llabs(uses[i + n].at - uses[i].at) < 2 * DAY; n++)
            now = uses[i + n].at > now ? uses[i + n].at : now;
        forget_calls(s);
        s->carried_out = rng_chance(rng, 5000);
        *(rng_chance(rng, 2000) ? &s->conflict_at : &s->fail_at) =
            rng_chance(rng, 4000) ? (size_t)rng_in(rng, 1, 8) : 0;
        bool ok = try_uses(r, uses + i, n, T0 + now * 1000, &e);
        if (rng_chance(rng, 2000))
            restart(r);
        forget_calls(s);
        if (!ok && !try_uses(r, uses + i, n, T0 + now * 1000 + 60001, &e))
            fail_msg("%s", e.text);
    }
}

/* "ID New KEY,VALUE FIRST+..."; false behind the last. */
static bool next_told(struct str *rest, struct use *out)
{
    unsigned long long at, value;
    struct str line = str_cut(rest, '\n');
    if (line.n == 0)
        return false;
    str_cut(&line, ' ');
    str_cut(&line, ' ');
    out->key = str_cut(&line, ',').p[0];
    assert_true(str_u64(str_cut(&line, ' '), &value));
    assert_true(str_u64(str_cut(&line, '+'), &at));
    out->at = (int64_t)at;
    out->value = (unsigned)value;
    return true;
}

static bool is_same(const struct use *a, const struct use *b)
{
    return a->key == b->key && a->value == b->value;
}

/* How long that value was not used before; INT64_MAX: ever. */
static int64_t pause_before(const struct use *uses, const struct use *one)
{
    int64_t pause = INT64_MAX;
    for (size_t i = 0; i < USES; i++)
        if (is_same(uses + i, one) && uses[i].at < one->at && one->at - uses[i].at < pause)
            pause = one->at - uses[i].at;
    return pause;
}

/* Whether an alert names a moment of the episode that begins with `first`. */
static bool is_told(const struct use *uses, const struct use *first, struct str told)
{
    struct use one;
    while (next_told(&told, &one)) {
        struct use begin = one;
        while (is_same(&one, first) && begin.at > first->at &&
               pause_before(uses, &begin) <= HISTORY)
            begin.at -= pause_before(uses, &begin);
        if (is_same(&one, first) && begin.at == first->at)
            return true;
    }
    return false;
}

/* Whether it is told more than once, under several ids. */
static bool is_told_twice(const struct use *one, struct str told)
{
    struct use other;
    size_t n = 0;
    while (next_told(&told, &other))
        n += is_same(&other, one) && other.at == one->at;
    return n > 1;
}

/* Nothing is missed; and when uses come in order, nothing is told that is not news. */
static void check_uses(unsigned seed, const struct use *uses, struct str told, bool disordered)
{
    struct use one;
    struct str rest = told;
    for (size_t i = 0; i < USES; i++)
        if (pause_before(uses, uses + i) > HISTORY && !is_told(uses, uses + i, told))
            fail_msg("schedule %u: %c, %u at %lld is not told:\n%.*s", seed, uses[i].key,
                     uses[i].value, (long long)uses[i].at, (int)told.n, told.p);
    while (!disordered && next_told(&rest, &one))
        if (pause_before(uses, &one) <= HISTORY - SLACK || is_told_twice(&one, told))
            fail_msg("schedule %u: %c, %u at %lld is no news, or told twice:\n%.*s", seed, one.key,
                     one.value, (long long)one.at, (int)told.n, told.p);
}

static void random_schedules_miss_nothing(void **state)
{
    (void)state;
    for (unsigned seed = 0; seed < RUNS; seed++) {
        struct rng rng = {seed};
        struct use uses[USES];
        struct run r;
        struct spy s;
        struct buf told;
        bool disordered = seed % 2;
        make_uses(uses, &rng, disordered);
        begin(&r, ALL_TOLD, &durable);
        watch(&r, &s);
        r.show_id = true;
        deliver_uses(&r, &s, uses, &rng);
        buf_init(&told, 1 << 16);
        sort_told(&r, &told);
        check_uses(seed, uses, buf_str(&told), disordered);
        buf_release(&told);
        end(&r);
    }
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct run r;
    bool ok = false;
    begin(&r, SEEN, &durable);
    for (size_t at = 1; !ok && at < 2000; at++) {
        struct err e = {0};
        state_memory_clear(r.state);
        restart(&r);
        buf_reset(&r.told);
        r.fail_at = 0;
        add_lines(&r, before, 100, NOW);
        r.fail_at = at;
        ok = try_object(&r, NOW, &e);
        if (!ok)
            assert_true(e.kind == ERR_SYSTEM || e.kind == ERR_LIMIT); /* a text that has no room */
    }
    assert_true(ok);
    check_told("memory", "enough at last", &r, "New x,2 8001+0 1\nNew y,1 8002+0 1\n");
    end(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_seen_learns),
        cmocka_unit_test(what_is_known_is_not_asked),
        cmocka_unit_test(a_history_ends),
        cmocka_unit_test(first_seen_has_a_cap),
        cmocka_unit_test(a_value_is_counted_once),
        cmocka_unit_test(no_trouble_loses_anything),
        cmocka_unit_test(two_at_once_tell_one_alert),
        cmocka_unit_test(random_schedules_miss_nothing),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
