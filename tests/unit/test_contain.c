/* Containment over a model of IAM and a state in memory: the order of steps, and that release gives
 * back what was taken, whatever fails on the way. */
#include "adapters/state_memory.h"
#include "handlers/contain.h"
#include "tests/model/rng.h"
#include "tests/unit/support/check.h"
#include "tests/unit/support/iam_model.h"

#define A     MODEL_ACCOUNT
#define DANA  "arn:aws:iam::" A ":user/dana"
#define DEV   "arn:aws:iam::" A ":role/dev"
#define DENY  "arn:aws:iam::aws:policy/AWSDenyAll"
#define START 1773755061000LL

/* ---- the stage ---- */

struct stage {
    struct iam_model iam;
    struct state_memory *memory;
    struct port_state real;
    struct contain_config config;
    struct container *container;
    int64_t now_ms;
    uint64_t chance;
    unsigned swaps, die_at; /* the swap at which the state dies; 0: it does not */
    bool dies_after;        /* what was asked is done all the same */
    bool dead;
    unsigned told;
    enum contain_state said;
    bool alarm;
    struct contain_report report;
};

static int64_t now_ms(void *self)
{
    return ((struct stage *)self)->now_ms;
}

static int64_t left_ms(void *self)
{
    (void)self;
    return INT64_MAX;
}

static bool fill(void *self, void *bytes, size_t n, struct err *e)
{
    struct stage *s = self;
    (void)e;
    s->chance++;
    for (size_t i = 0; i < n; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)(s->chance >> (8 * (i % 8)));
    return true;
}

static bool died(struct err *e)
{
    return err_set(e, ERR_RETRY, "the process died");
}

static bool add(void *self, const struct state_add *list, size_t n, struct err *e)
{
    struct stage *s = self;
    return s->dead ? died(e) : s->real.add(s->real.self, list, n, e);
}

static bool read_(void *self, const struct state_read *list, size_t n, struct err *e)
{
    struct stage *s = self;
    return s->dead ? died(e) : s->real.read(s->real.self, list, n, e);
}

static bool drop(void *self, const struct state_drop *list, size_t n, struct err *e)
{
    struct stage *s = self;
    return s->dead ? died(e) : s->real.drop(s->real.self, list, n, e);
}

static bool claims(void *self, struct state_claims *list, size_t n, struct err *e)
{
    struct stage *s = self;
    return s->dead ? died(e) : s->real.claims(s->real.self, list, n, e);
}

static bool swap(void *self, struct state_swap *list, size_t n, struct err *e)
{
    struct stage *s = self;
    bool last = s->die_at && ++s->swaps == s->die_at;
    if (s->dead)
        return died(e);
    if (last && !s->dies_after) {
        s->dead = true;
        return died(e);
    }
    bool ok = s->real.swap(s->real.self, list, n, e);
    s->dead = s->dead || last;
    return s->dead ? died(e) : ok;
}

static void pause_(void *self, int64_t ms)
{
    (void)self;
    (void)ms;
}

static bool tell(void *to, const struct contain_record *r, struct err *e)
{
    struct stage *s = to;
    (void)e;
    s->told++;
    s->said = r->state;
    s->alarm = r->alarm;
    return true;
}

static void open_container(struct stage *s)
{
    struct err e = {0};
    const struct contain_setup setup = {
        .config = &s->config, .mode = CONTAIN_AUTO, .by_operator = true};
    const struct ports ports = {
        .clock = {s, now_ms, left_ms},
        .random = {s, fill},
        .state = {s, add, read_, drop, claims, swap, pause_},
        .iam = iam_model_port(&s->iam),
    };
    container_free(s->container);
    s->container = container_new(&setup, &ports, (struct contain_calls){.to = s, .tell = tell}, &e);
    assert_non_null(s->container);
    s->dead = false;
}

static void begin(struct stage *s)
{
    *s = (struct stage){.now_ms = START};
    s->memory = state_memory_new();
    assert_non_null(s->memory);
    s->real = state_memory_port(s->memory);
    contain_config_init(&s->config);
    struct model_principal *dana = model_add(&s->iam, false, "dana", "AIDAEXAMPLEDANA");
    model_put(&dana->keys, "AKIAIOSFODNN7EXAMPLE", "", true);
    model_put(&dana->keys, "AKIAI44QH8DHBEXAMPLE", "", false);
    model_add(&s->iam, true, "dev", "AROAEXAMPLEDEV");
    open_container(s);
}

static void end(struct stage *s)
{
    container_free(s->container);
    contain_config_release(&s->config);
    state_memory_free(s->memory);
}

static struct model_principal *dana(struct stage *s)
{
    return s->iam.list;
}

static bool order(struct stage *s, enum contain_order_verb verb, const char *arn, struct err *e)
{
    const struct contain_order o = {.verb = verb, .principal = str_of(arn)};
    *e = (struct err){0};
    return container_order(s->container, &o, &s->report, e);
}

/* Orders it; what came of it must be this. */
static void must(struct stage *s, enum contain_order_verb verb, const char *arn, bool done)
{
    struct err e;
    if (!order(s, verb, arn, &e))
        fail_msg("%s", e.text);
    check_size(arn, s->report.n, 1);
    if (s->report.list[0].done != done)
        fail_msg("%s: %.*s", arn, (int)s->report.list[0].why.n, s->report.list[0].why.p);
}

static void check_later(struct stage *s, int64_t ms)
{
    struct err e = {0};
    struct delivery d = {.now_ms = s->now_ms += ms, .lease_ms = 60000};
    fill(s, d.owner, sizeof d.owner, &e);
    container_begin(s->container, &d);
    if (!container_check(s->container, &e))
        fail_msg("%s", e.text);
}

/* ---- one after the other ---- */

static void contains_and_releases(void **state)
{
    (void)state;
    struct stage s;
    begin(&s);
    must(&s, ORDER_CONTAIN, DANA, true);
    assert_true(model_has(&dana(&s)->attached, DENY));
    assert_false(dana(&s)->keys.list[0].active);
    check_int("told", s.said, CONTAIN_CONTAINED);
    must(&s, ORDER_CONTAIN, DANA, true); /* already */
    check_int("one notice", s.told, 1);
    must(&s, ORDER_RELEASE, DANA, true);
    assert_false(model_has(&dana(&s)->attached, DENY));
    assert_true(dana(&s)->keys.list[0].active);
    assert_false(dana(&s)->keys.list[1].active);
    check_int("told", s.said, CONTAIN_RELEASED);
    must(&s, ORDER_RELEASE, DANA, false);
    end(&s);
}

static void what_was_there_before_stays(void **state)
{
    (void)state;
    struct stage s;
    begin(&s);
    model_put(&dana(&s)->attached, DENY, "", true);
    must(&s, ORDER_CONTAIN, DANA, true);
    must(&s, ORDER_RELEASE, DANA, true);
    assert_true(model_has(&dana(&s)->attached, DENY));
    end(&s);
}

static void puts_on_again_what_is_taken_off(void **state)
{
    (void)state;
    struct stage s;
    begin(&s);
    must(&s, ORDER_CONTAIN, DANA, true);
    check_later(&s, 6000);
    check_int("nothing happened", s.told, 1);
    dana(&s)->attached.n = 0;
    dana(&s)->keys.list[0].active = true;
    check_later(&s, 31000);
    assert_true(model_has(&dana(&s)->attached, DENY));
    assert_false(dana(&s)->keys.list[0].active);
    check_int("told", s.told, 2);
    assert_true(s.alarm);
    check_later(&s, 6000);
    check_int("told once", s.told, 2);
    end(&s);
}

/* A key that the intruder makes after the others were turned off. */
static void turns_off_keys_that_are_new(void **state)
{
    (void)state;
    struct stage s;
    begin(&s);
    must(&s, ORDER_CONTAIN, DANA, true);
    model_put(&dana(&s)->keys, "AKIANEWEXAMPLENEWEXA", "", true);
    check_later(&s, 6000);
    assert_false(dana(&s)->keys.list[2].active);
    end(&s);
}

static void releases_by_itself(void **state)
{
    (void)state;
    struct stage s;
    begin(&s);
    s.config.release_ms = 15 * 60 * 1000;
    must(&s, ORDER_CONTAIN, DANA, true);
    check_later(&s, 6000);
    assert_true(model_has(&dana(&s)->attached, DENY));
    check_later(&s, 16 * 60 * 1000);
    assert_false(model_has(&dana(&s)->attached, DENY));
    check_int("told", s.said, CONTAIN_RELEASED);
    end(&s);
}

static void the_kill_switch_stops_all(void **state)
{
    (void)state;
    struct stage s;
    struct err e;
    begin(&s);
    assert_true(container_stop(s.container, true, &e));
    must(&s, ORDER_CONTAIN, DANA, false);
    check_int("nothing was written", (int64_t)s.iam.writes, 0);
    assert_true(container_stop(s.container, false, &e));
    must(&s, ORDER_CONTAIN, DANA, true);
    end(&s);
}

static void refuses_who_may_not_be(void **state)
{
    static const struct {
        const char *arn, *why;
    } cases[] = {
        {"arn:aws:iam::" A ":role/trailwarden", "the one that would act"},
        {"arn:aws:iam::" A ":user/nobody", "no such principal"},
        {"arn:aws:iam::" A ":root", "root"},
        {"arn:aws:iam::999988887777:user/dana", "account is not configured"},
        {"arn:aws-cn:iam::" A ":user/dana", "partition"},
        {"dana", "no ARN"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct stage s;
        begin(&s);
        must(&s, ORDER_CONTAIN, cases[i].arn, false);
        struct str why = s.report.list[0].why;
        if (str_find(why, str_of(cases[i].why), 0) == SIZE_MAX)
            fail_msg("%s: %.*s", cases[i].arn, (int)why.n, why.p);
        check_int(cases[i].arn, (int64_t)s.iam.writes, 0);
        end(&s);
    }
}

/* ---- quotas ---- */

static struct model_fault no_room(void *to, const struct iam_call *c)
{
    (void)to;
    bool full = c->action == IAM_ATTACH_USER_POLICY || c->action == IAM_PUT_USER_POLICY;
    return (struct model_fault){full ? IAM_LIMIT : IAM_OK, false};
}

static void falls_back_where_there_is_no_room(void **state)
{
    (void)state;
    struct stage s;
    begin(&s);
    s.iam.fault = no_room;
    must(&s, ORDER_CONTAIN, DANA, true);
    check_str("boundary", str_of(dana(&s)->boundary), S(DENY));
    s.iam.fault = NULL;
    must(&s, ORDER_RELEASE, DANA, true);
    check_str("boundary", str_of(dana(&s)->boundary), S(""));
    end(&s);
}

static struct model_fault unmodifiable(void *to, const struct iam_call *c)
{
    (void)to;
    return (struct model_fault){iam_actions[c->action].writes ? IAM_UNMODIFIABLE : IAM_OK, false};
}

static void says_when_it_cannot(void **state)
{
    (void)state;
    struct stage s;
    begin(&s);
    s.iam.fault = unmodifiable;
    must(&s, ORDER_CONTAIN, DEV, false);
    check_int("told", s.said, CONTAIN_FAILED);
    end(&s);
}

static void does_not_touch_what_somebody_changed(void **state)
{
    (void)state;
    struct stage s;
    begin(&s);
    struct err e;
    const struct contain_order o = {.verb = ORDER_CONTAIN,
                                    .principal = S(DEV),
                                    .has_strategy = true,
                                    .strategy = CONTAIN_TRUST_CUT};
    assert_true(container_order(s.container, &o, &s.report, &e));
    assert_true(s.report.list[0].done);
    struct model_principal *dev = s.iam.list + 1;
    memcpy(dev->trust, "{\"mine\":1}", sizeof "{\"mine\":1}");
    must(&s, ORDER_RELEASE, DEV, true);
    check_str("theirs", str_of(dev->trust), S("{\"mine\":1}"));
    end(&s);
}

/* ---- whatever happens ---- */

static uint32_t rng_below(struct rng *r, uint32_t n)
{
    return (uint32_t)rng_in(r, 0, (int64_t)n - 1);
}

struct chaos {
    struct rng rng;
    unsigned percent; /* of calls that fail */
};

static struct model_fault random_fault(void *to, const struct iam_call *c)
{
    static const enum iam_result results[] = {IAM_DENIED, IAM_LATER, IAM_LATER, IAM_LIMIT,
                                              IAM_BROKEN};
    struct chaos *x = to;
    if (c->action == IAM_GET_CALLER_IDENTITY || rng_below(&x->rng, 100) >= x->percent)
        return (struct model_fault){IAM_OK, false};
    enum iam_result r = results[rng_below(&x->rng, COUNT(results))];
    return (struct model_fault){r, r == IAM_LATER && rng_below(&x->rng, 2)};
}

/* Policies, boundaries, tags and keys of all kinds, ours among them. */
static void furnish(struct model_principal *p, struct rng *r)
{
    if (rng_below(r, 4) == 0)
        model_put(&p->attached, DENY, "", true);
    if (rng_below(r, 2))
        model_put(&p->attached, "arn:aws:iam::aws:policy/ReadOnlyAccess", "", true);
    if (rng_below(r, 3) == 0)
        model_put(&p->inlines, "trailwarden-deny-all", "{\"Version\": \"2012-10-17\"}", true);
    if (rng_below(r, 2))
        model_put(&p->inlines, "work", "{\"Statement\":[]}", true);
    if (rng_below(r, 3) == 0)
        memcpy(p->boundary, "arn:aws:iam::aws:policy/PowerUserAccess",
               sizeof "arn:aws:iam::aws:policy/PowerUserAccess");
    if (rng_below(r, 3) == 0)
        model_put(&p->tags, "ir-contained", rng_below(r, 2) ? "true" : "no", false);
    p->console = !p->role && rng_below(r, 2);
    p->reset = p->console && rng_below(r, 2);
    for (size_t i = 0; i < p->keys.n; i++)
        p->keys.list[i].active = rng_below(r, 2);
}

/* Whether the strategy's undo is told beforehand not to give all back. */
static bool loses_console(const struct stage *s)
{
    for (size_t i = 0; i < s->report.n; i++)
        for (size_t k = 0; k < s->report.list[i].plan.n_steps; k++)
            if (contain_undo_of(s->report.list[i].plan.steps[k].verb) == UNDO_PASSWORD)
                return true;
    return false;
}

static bool random_order(struct stage *s, struct rng *r, const char *arn)
{
    static const enum contain_strategy any[] = {
        CONTAIN_DENY_ALL,     CONTAIN_DENY_INLINE, CONTAIN_BOUNDARY,
        CONTAIN_REVOKE_OLDER, CONTAIN_TAG_SCP,     CONTAIN_KEYS_OFF,
        CONTAIN_CONSOLE_OFF,  CONTAIN_FORCE_RESET, CONTAIN_TRUST_CUT};
    struct contain_order o = {.verb = ORDER_CONTAIN, .principal = str_of(arn)};
    struct err e = {0};
    o.has_strategy = rng_below(r, 3) > 0;
    o.strategy = any[rng_below(r, COUNT(any))];
    s->report.n = 0;
    if (!container_order(s->container, &o, &s->report, &e) && !s->dead)
        fail_msg("%s", e.text);
    return loses_console(s) || (o.has_strategy && o.strategy == CONTAIN_CONSOLE_OFF);
}

/* Gives it back when all works again; nobody on record is nobody contained. */
static void give_back(struct stage *s, const char *arn, uint64_t seed)
{
    struct err e;
    if (!order(s, ORDER_RELEASE, arn, &e)) {
        if (!strstr(e.text, "on record"))
            fail_msg("seed %llu: %s", (unsigned long long)seed, e.text);
        return;
    }
    const struct contain_outcome *o = s->report.list;
    if (!o->done && contain_state_holds(o->record->state))
        fail_msg("seed %llu: %.*s", (unsigned long long)seed, (int)o->why.n, o->why.p);
}

static void play(uint64_t seed)
{
    struct stage s;
    struct chaos x = {.percent = 0};
    struct buf before, after;
    x.rng.state = seed;
    begin(&s);
    struct model_principal *p = s.iam.list + rng_below(&x.rng, 2);
    const char *arn = p->role ? DEV : DANA;
    buf_init(&before, 1u << 16);
    buf_init(&after, 1u << 16);
    furnish(p, &x.rng);
    struct model_principal was = *p;
    x.percent = (unsigned)rng_below(&x.rng, 3) * 20;
    s.iam.to = &x;
    s.iam.fault = random_fault;
    bool lost = false;
    for (unsigned i = 0, n = 1 + (unsigned)rng_below(&x.rng, 3); i < n; i++) {
        s.swaps = 0;
        s.die_at = (unsigned)rng_below(&x.rng, 5);
        s.dies_after = rng_below(&x.rng, 2);
        lost = random_order(&s, &x.rng, arn) || lost;
        s.die_at = 0;
        s.now_ms += 3600 * 1000;
        open_container(&s);
        if (rng_below(&x.rng, 2))
            check_later(&s, 1000);
    }
    s.iam.fault = NULL;
    s.now_ms += 3600 * 1000;
    give_back(&s, arn, seed);
    model_print(&before, &was, !lost);
    model_print(&after, p, !lost);
    if (!str_eq(buf_str(&before), buf_str(&after)))
        fail_msg("seed %llu\nbefore:\n%s\nafter:\n%s", (unsigned long long)seed, buf_z(&before),
                 buf_z(&after));
    buf_release(&before);
    buf_release(&after);
    end(&s);
}

static void release_gives_back_all_that_was_taken(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2000; seed++)
        play(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contains_and_releases),
        cmocka_unit_test(what_was_there_before_stays),
        cmocka_unit_test(puts_on_again_what_is_taken_off),
        cmocka_unit_test(turns_off_keys_that_are_new),
        cmocka_unit_test(releases_by_itself),
        cmocka_unit_test(the_kill_switch_stops_all),
        cmocka_unit_test(refuses_who_may_not_be),
        cmocka_unit_test(falls_back_where_there_is_no_room),
        cmocka_unit_test(says_when_it_cannot),
        cmocka_unit_test(does_not_touch_what_somebody_changed),
        cmocka_unit_test(release_gives_back_all_that_was_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
