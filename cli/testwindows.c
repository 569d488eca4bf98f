/* Stateful tests: records in, alerts of one rule out. */
#include "cli/testwindows.h"

#include <stdlib.h>

#define TEXTS_MAX (64u << 20)              /* alerts of one case */
#define MEMORY_MS (100 * 365 * 86400000LL) /* nothing in a test is too old */
#define LEASE_MS  900000                   /* as on Lambda; nobody competes for it */

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory to test rules");
}

/* ---- what windows ask for ---- */

/* windows_calls.describe: nobody reads a test's alert but the test. */
static void describe_nothing(void *to, struct event *ev, uint32_t rule, const struct facts *f,
                             struct buf *out)
{
    (void)to;
    (void)ev;
    (void)rule;
    (void)f;
    (void)out;
}

static struct test_alert *find_alert(struct testwindows *t, struct str id)
{
    for (size_t i = 0; i < t->alerts.n; i++) {
        struct test_alert *a = vec_at(&t->alerts, i);
        if (str_eq(a->id, id))
            return a;
    }
    return NULL;
}

static const struct str *copy_texts(struct arena *a, const struct str *list, size_t n)
{
    struct str *out = arena_array(a, n, sizeof *out);
    for (size_t i = 0; out && i < n; i++) {
        out[i] = arena_str(a, list[i]);
        if (!str_present(out[i]))
            return NULL;
    }
    return out;
}

/* windows_calls.tell */
static bool note_alert(void *to, const struct window_alert *a, struct err *e)
{
    struct testwindows *t = to;
    if (a->window->rule != t->rule)
        return true;
    for (size_t i = 0; i < a->n_joined; i++) {
        struct test_alert *other = find_alert(t, a->joined[i]);
        if (other)
            other->joined = true;
    }
    struct test_alert *mine = find_alert(t, str_of(a->id));
    if (!mine)
        mine = vec_push(&t->alerts, 1);
    if (!mine)
        return no_memory(e);
    *mine = (struct test_alert){
        .id = arena_str(&t->texts, str_of(a->id)),
        .key_names = copy_texts(&t->texts, a->key_names, a->n_keys),
        .key_values = copy_texts(&t->texts, a->key_values, a->n_keys),
        .n_keys = a->n_keys,
        .first_ms = a->first_ms,
        .last_ms = a->last_ms,
        .count = a->count,
        .joined = mine->joined,
    };
    return (str_present(mine->id) && mine->key_names && mine->key_values) || no_memory(e);
}

/* ---- in which order records arrive ---- */

struct arriving {
    struct str record;
    int64_t time_ms;
    size_t at; /* in the case */
};

static int by_time(const void *a, const void *b)
{
    const struct arriving *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static int last_first(const void *a, const void *b)
{
    const struct arriving *x = a, *y = b;
    return (x->at < y->at) - (x->at > y->at);
}

bool testwindows_durable(const struct ruleset *rs, uint32_t rule)
{
    uint32_t window = rs->rules[rule].window;
    return window != RS_NONE && !(rs->windows[window].flags & WINDOW_SCAN_ONLY);
}

bool testwindows_reverses(const struct ruleset *rs, uint32_t rule)
{
    uint32_t window = rs->rules[rule].window;
    return window != RS_NONE && rs->windows[window].type != WINDOW_TYPE_FIRST_SEEN;
}

static bool read_event(struct testwindows *t, struct str record, struct facts *f, struct err *e)
{
    size_t used;
    if (event_read(t->ev, record, &used, e) != JSON_OK)
        return err_wrap(e, "an event cannot be read");
    facts_read(t->ev, S("test"), f);
    return true;
}

/* Puts the records in order; *newest_ms is the latest time of all. */
static bool arrange(struct testwindows *t, const struct testcase *c, enum test_arrival arrival,
                    struct arriving *list, int64_t *newest_ms, struct err *e)
{
    struct facts f;
    *newest_ms = 0;
    for (size_t i = 0; i < c->n_records; i++) {
        if (!read_event(t, c->records[i], &f, e))
            return false;
        list[i] = (struct arriving){c->records[i], f.time_ms, i};
        if (f.timed && f.time_ms > *newest_ms)
            *newest_ms = f.time_ms;
    }
    if (arrival == ARRIVE_PARTS)
        qsort(list, c->n_records, sizeof *list,
              testwindows_reverses(t->rs, t->rule) ? last_first : by_time);
    return true;
}

/* ---- a run ---- */

static bool deliver(struct testwindows *t, struct windows *w, const struct delivery *d,
                    const struct arriving *list, size_t n, struct err *e)
{
    windows_begin(w, d);
    for (size_t i = 0; i < n; i++) {
        struct facts f;
        size_t n_hits;
        if (!read_event(t, list[i].record, &f, e))
            return false;
        const uint32_t *hits = event_match(t->ev, &n_hits);
        if (!windows_add(w, t->ev, &f, hits, n_hits, e))
            return false;
    }
    if (windows_counts(w)->early)
        return err_set(e, ERR_LIMIT, "the events have too many different keys for one test");
    return windows_settle(w, e);
}

/* Of each case's own: they remember what they know to be in the state. */
static struct windows *new_windows(struct testwindows *t, enum test_arrival arrival, struct err *e)
{
    bool whole = arrival == ARRIVE_WHOLE;
    struct windows_config cfg = {.rules = t->rs,
                                 .min_level = LEVEL_INFORMATIONAL,
                                 .entries_max = WINDOWS_ENTRIES_MAX,
                                 .elements_max = WINDOWS_ELEMENTS_MAX,
                                 .memory_ms = MEMORY_MS,
                                 .archive = whole,
                                 .whole = whole};
    struct port_state state = state_memory_port(t->state);
    return windows_new(&cfg, &state, (struct windows_calls){t, describe_nothing, note_alert, NULL},
                       e);
}

bool testwindows_run(struct testwindows *t, const struct testcase *c, uint32_t rule,
                     enum test_arrival arrival, struct err *e)
{
    struct arriving *list = calloc(c->n_records + 1, sizeof *list);
    size_t half = arrival == ARRIVE_PARTS ? c->n_records / 2 : c->n_records;
    struct delivery d = {.lease_ms = LEASE_MS};
    t->rule = rule;
    t->alerts.n = 0;
    arena_reset(&t->texts);
    state_memory_clear(t->state);
    struct windows *w = new_windows(t, arrival, e);
    bool ok = w && (list || no_memory(e));
    ok = ok && arrange(t, c, arrival, list, &d.now_ms, e) && deliver(t, w, &d, list, half, e);
    d.owner[0] = 1;
    ok = ok && (half == c->n_records || deliver(t, w, &d, list + half, c->n_records - half, e));
    windows_free(w);
    free(list);
    return ok;
}

bool testwindows_init(struct testwindows *t, const struct ruleset *rs, struct event *ev,
                      struct err *e)
{
    *t = (struct testwindows){.rs = rs, .ev = ev, .state = state_memory_new()};
    vec_init(&t->alerts, sizeof(struct test_alert), TESTCASE_EVENTS_MAX);
    arena_init(&t->texts, TEXTS_MAX);
    return t->state || no_memory(e);
}

void testwindows_release(struct testwindows *t)
{
    state_memory_free(t->state);
    vec_release(&t->alerts);
    arena_release(&t->texts);
}

/* ---- what came of it ---- */

size_t testwindows_told(const struct testwindows *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->alerts.n; i++)
        n += !((const struct test_alert *)vec_at(&t->alerts, i))->joined;
    return n;
}

static bool has_pair(const struct test_alert *a, const struct testcase_key *key)
{
    for (size_t i = 0; i < a->n_keys; i++)
        if (str_eq(a->key_names[i], key->field) && str_eq(a->key_values[i], key->value))
            return true;
    return false;
}

bool testwindows_has_key(const struct testwindows *t, const struct testcase *c)
{
    /* The values of a first_seen rule stand behind its key and need not be named. */
    size_t wanted = t->rs->windows[t->rs->rules[t->rule].window].key_names.n;
    for (size_t i = 0; i < t->alerts.n; i++) {
        const struct test_alert *a = vec_at(&t->alerts, i);
        bool same = c->n_key >= wanted;
        for (size_t k = 0; same && k < c->n_key; k++)
            same = has_pair(a, &c->key[k]);
        if (same)
            return true;
    }
    return false;
}
