/* Windows filling, in words. */
#include "cli/explain_window.h"

#include <stdlib.h>

#include "adapters/state_memory.h"
#include "base/timefmt.h"
#include "cli/explain.h"
#include "cli/explain_asked.h"
#include "cli/explain_held.h"
#include "respond/put.h"

#define RECORDS_BYTES_MAX (256u << 20) /* copies of the records of one file, or of one test */

struct kept {
    struct id128 id;
    struct str record;
    struct str name; /* of the event: its id, or the hash of the record */
};

struct explain_windows {
    const struct ruleset *rs;
    struct event reader; /* for records that are read again */
    struct state_memory *state;
    struct windows *windows; /* gathers; is never settled but when it is full */
    struct vec records;      /* struct kept */
    struct arena memory;     /* of records */
};

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory to explain a correlation");
}

/* ---- taking events ---- */

static void describe_nothing(void *to, struct event *ev, uint32_t rule, const struct facts *f,
                             struct buf *out)
{
    (void)to;
    (void)ev;
    (void)rule;
    (void)f;
    (void)out;
}

static bool tell_nobody(void *to, const struct window_alert *a, struct err *e)
{
    (void)to;
    (void)a;
    (void)e;
    return true;
}

void explain_windows_clear(struct explain_windows *x)
{
    const struct delivery d = {0};
    windows_begin(x->windows, &d);
    state_memory_clear(x->state);
    x->records.n = 0;
    arena_reset(&x->memory);
}

struct explain_windows *explain_windows_new(const struct ruleset *rs, struct err *e)
{
    const struct windows_config cfg = {.rules = rs,
                                       .min_level = LEVEL_INFORMATIONAL,
                                       .archive = true,
                                       .whole = true,
                                       .entries_max = WINDOWS_ENTRIES_MAX,
                                       .elements_max = WINDOWS_ELEMENTS_MAX};
    const struct windows_calls calls = {NULL, describe_nothing, tell_nobody, NULL};
    struct explain_windows *x = calloc(1, sizeof *x);
    if (!x) {
        no_memory(e);
        return NULL;
    }
    x->rs = rs;
    vec_init(&x->records, sizeof(struct kept), EXPLAIN_EVENTS_MAX);
    arena_init(&x->memory, RECORDS_BYTES_MAX);
    x->state = state_memory_new();
    if (x->state) {
        struct port_state state = state_memory_port(x->state);
        x->windows = windows_new(&cfg, &state, calls, e);
    } else {
        no_memory(e);
    }
    if (!x->windows || !event_init(&x->reader, rs, e)) {
        explain_windows_free(x);
        return NULL;
    }
    explain_windows_clear(x);
    return x;
}

void explain_windows_free(struct explain_windows *x)
{
    if (!x)
        return;
    windows_free(x->windows);
    state_memory_free(x->state);
    event_release(&x->reader);
    vec_release(&x->records);
    arena_release(&x->memory);
    free(x);
}

void explain_windows_set_geo(struct explain_windows *x, struct port_geo port)
{
    event_set_geo(&x->reader, port);
}

bool explain_windows_add(struct explain_windows *x, struct event *ev, struct err *e)
{
    struct facts f;
    size_t n;
    facts_read(ev, S("event"), &f);
    const uint32_t *hits = event_match(ev, &n);
    struct kept *k = vec_push(&x->records, 1);
    if (!k)
        return err_set(e, ERR_LIMIT, "more than %d events to explain", EXPLAIN_EVENTS_MAX);
    *k = (struct kept){id128_of(f.evidence), arena_str(&x->memory, event_json(ev)),
                       arena_str(&x->memory, f.evidence)};
    if (!str_present(k->record) || !str_present(k->name))
        return err_set(e, ERR_LIMIT, "more than %u MB of events to explain",
                       RECORDS_BYTES_MAX >> 20);
    return windows_add(x->windows, ev, &f, hits, n, e);
}

bool explain_windows_is(const struct ruleset *rs, uint32_t rule)
{
    uint32_t w = rs->rules[rule].window;
    return w != RS_NONE && rs->windows[w].type != WINDOW_TYPE_SINGLE;
}

/* ---- one key ---- */

/* The field that part i of a key comes from: those of first_seen's values stand behind the key. */
static struct str part_name(const struct ruleset *rs, uint32_t window, size_t i)
{
    const struct rs_list names = rs->windows[window].key_names;
    if (i < names.n)
        return rs_list_str(rs, names, (uint32_t)i);
    const struct rs_input *in = explain_input(rs, window, EXPLAIN_ANY_STEP);
    return rs_value_name(rs, in, (uint32_t)(i - names.n));
}

static void put_key(struct explain_windows *x, struct buf *b, uint32_t window,
                    const struct group *g)
{
    const uint32_t n_names = x->rs->windows[window].key_names.n;
    for (size_t i = 0; i < g->n_parts; i++) {
        const struct str name = part_name(x->rs, window, i);
        buf_putz(b, i ? ", " : "");
        if (i < n_names)
            put_text(b, name, EXPLAIN_VALUE_MAX);
        else
            buf_putz(b, "value");
        buf_putc(b, ' ');
        explain_put_found(b, name, g->parts[i], &x->reader.scratch);
    }
    buf_putz(b, g->n_parts ? "\n" : "all events\n");
}

static const struct kept *find_record(const struct explain_windows *x, struct id128 id)
{
    for (size_t i = 0; i < x->records.n; i++) {
        const struct kept *k = vec_at(&x->records, i);
        if (id128_cmp(k->id, id) == 0)
            return k;
    }
    return NULL;
}

/* What the event has in the fields whose values are counted or summed; a moment is no event. */
static void put_values(struct explain_windows *x, struct buf *b, uint32_t window,
                       const struct kept *k)
{
    const struct rs_input *in = explain_input(x->rs, window, EXPLAIN_ANY_STEP);
    struct err ignored;
    size_t used, shown = 0;
    if (!in || in->child != RS_NONE ||
        event_read(&x->reader, k->record, &used, &ignored) != JSON_OK)
        return;
    for (uint32_t i = 0; i < in->values.n; i++) {
        uint32_t slot = x->rs->numbers[in->values.first + i];
        for (struct value *v = event_first(&x->reader, slot); v; v = event_next(&x->reader, v)) {
            if (v->type == JSON_NULL || v->type == JSON_ARRAY || shown++ >= EXPLAIN_VALUES_MAX)
                continue;
            buf_putz(b, "  ");
            explain_put_found(b, rs_str(x->rs, x->rs->slots[slot].path), event_text(&x->reader, v),
                              &x->reader.scratch);
        }
    }
}

static bool has_values(const struct rs_window *w)
{
    return w->type == WINDOW_TYPE_VALUE_COUNT || w->type == WINDOW_TYPE_SUM ||
           w->type == WINDOW_TYPE_AVG || w->type == WINDOW_TYPE_PERCENTILE ||
           w->type == WINDOW_TYPE_MEDIAN;
}

static void put_element(struct explain_windows *x, struct buf *b, uint32_t window,
                        const struct element *el)
{
    const struct rs_window *w = x->rs->windows + window;
    const struct kept *k = find_record(x, el->event);
    buf_putz(b, "  ");
    time_put(b, el->time_ms);
    if (w->type == WINDOW_TYPE_TEMPORAL || w->type == WINDOW_TYPE_ORDERED) {
        buf_putz(b, "  ");
        explain_put_step(b, x->rs, window, el->what);
    }
    if (k && has_values(w))
        put_values(x, b, window, k);
    buf_putz(b, "  ");
    if (k)
        put_text(b, k->name, EXPLAIN_VALUE_MAX);
    else
        buf_putz(b, "held"); /* a moment of another correlation */
    buf_putc(b, '\n');
}

static void put_elements(struct explain_windows *x, struct buf *b, uint32_t window,
                         const struct group *g)
{
    const struct element *list = g->elements.p;
    size_t n = g->elements.n;
    for (size_t i = 0; i < n; i++) {
        /* The values of one event are printed together. */
        bool again = i && has_values(x->rs->windows + window) &&
                     list[i].time_ms == list[i - 1].time_ms &&
                     id128_cmp(list[i].event, list[i - 1].event) == 0;
        if (i == EXPLAIN_ENDS_MAX && n > 2 * EXPLAIN_ENDS_MAX) {
            buf_putf(b, "  ... %zu more\n", n - 2 * EXPLAIN_ENDS_MAX);
            i = n - EXPLAIN_ENDS_MAX;
        }
        if (!again)
            put_element(x, b, window, &list[i]);
    }
}

static bool put_group(struct explain_windows *x, struct buf *b, uint32_t window,
                      const struct vec *groups, const struct group *g, struct err *e)
{
    put_key(x, b, window, g);
    put_elements(x, b, window, g);
    return explain_put_held(b, x->rs, window, groups, g, e);
}

/* ---- events left out ---- */

static bool can_be_key(const struct event *ev, uint32_t slot)
{
    for (const struct value *v = event_first(ev, slot); v; v = event_next(ev, v))
        if (v->type != JSON_NULL && v->type != JSON_ARRAY && v->type != JSON_OBJECT)
            return true;
    return false;
}

/* The event of x->reader is one of in's rule: names the fields of the key that it has not. */
static void put_left_out(const struct explain_windows *x, struct buf *b, const struct rs_input *in,
                         const struct kept *k)
{
    for (uint32_t i = 0; i < in->keys.n; i++) {
        uint32_t slot = x->rs->numbers[in->keys.first + i];
        if (can_be_key(&x->reader, slot))
            continue;
        buf_putz(b, "left out, without ");
        put_text(b, rs_str(x->rs, x->rs->slots[slot].path), EXPLAIN_VALUE_MAX);
        buf_putz(b, ": event ");
        put_text(b, k->name, EXPLAIN_VALUE_MAX);
        buf_putz(b, " of ");
        explain_put_value(b, rs_str(x->rs, x->rs->rules[in->rule].title));
        buf_putc(b, '\n');
    }
}

static void put_all_left_out(struct explain_windows *x, struct buf *b, uint32_t window)
{
    const struct ruleset *rs = x->rs;
    struct err ignored;
    size_t used, n;
    for (size_t i = 0; i < x->records.n; i++) {
        const struct kept *k = vec_at(&x->records, i);
        if (event_read(&x->reader, k->record, &used, &ignored) != JSON_OK)
            continue;
        const uint32_t *hits = event_match(&x->reader, &n);
        for (size_t h = 0; h < n; h++) {
            const struct rs_list feeds = rs->rules[hits[h]].feeds;
            for (uint32_t f = 0; f < feeds.n; f++) {
                const struct rs_input *in = rs->inputs + rs->numbers[feeds.first + f];
                if (in->window == window)
                    put_left_out(x, b, in, k);
            }
        }
    }
}

/* ---- all of it ---- */

static int by_parts(const void *a, const void *b)
{
    const struct group *x = a, *y = b;
    for (size_t i = 0; i < x->n_parts && i < y->n_parts; i++) {
        int order = str_cmp(x->parts[i], y->parts[i]);
        if (order)
            return order;
    }
    return 0;
}

bool explain_windows_put(struct explain_windows *x, struct buf *b, uint32_t rule, struct err *e)
{
    uint32_t window = x->rs->rules[rule].window;
    struct vec groups;
    bool ok = groups_gather(x->windows, window, &groups, e);
    explain_put_asked(b, x->rs, window);
    if (groups.n)
        qsort(groups.p, groups.n, sizeof(struct group), by_parts);
    for (size_t i = 0; ok && i < groups.n && i < EXPLAIN_KEYS_MAX; i++)
        ok = put_group(x, b, window, &groups, vec_at(&groups, i), e);
    if (groups.n == 0)
        buf_putz(b, "no event feeds it\n");
    if (groups.n > EXPLAIN_KEYS_MAX)
        buf_putf(b, "... and %zu more keys\n", groups.n - EXPLAIN_KEYS_MAX);
    if (windows_counts(x->windows)->early)
        buf_putz(b, "too many keys to look at: what is shown is only what came last\n");
    put_all_left_out(x, b, window);
    groups_release(&groups);
    return ok;
}
