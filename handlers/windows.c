/* Gathering: which window, which key, which element. Settling is settle.c. */
#include "handlers/windows.h"

#include <math.h>
#include <stdlib.h>

#include "base/quick.h"
#include "handlers/entries.h"
#include "handlers/settling.h"
#include "handlers/strangers.h"

#define FUTURE_MS                                                                                  \
    3600000 /* clocks of one account agree to seconds; an hour is a forged or broken time */
#define UNTIMED_MS 0

struct window window_of(const struct ruleset *rs, const struct rs_window *w)
{
    static const enum window_kind kinds[] = {
        [WINDOW_TYPE_SINGLE] = WINDOW_COUNT,
        [WINDOW_TYPE_EVENT_COUNT] = WINDOW_COUNT,
        [WINDOW_TYPE_VALUE_COUNT] = WINDOW_DISTINCT,
        [WINDOW_TYPE_TEMPORAL] = WINDOW_DISTINCT,
        [WINDOW_TYPE_ORDERED] = WINDOW_ORDERED,
        [WINDOW_TYPE_FIRST_SEEN] = WINDOW_COUNT,
        [WINDOW_TYPE_SUM] = WINDOW_COUNT,
        [WINDOW_TYPE_AVG] = WINDOW_COUNT,
        [WINDOW_TYPE_PERCENTILE] = WINDOW_COUNT,
        [WINDOW_TYPE_MEDIAN] = WINDOW_COUNT,
    };
    return (struct window){
        .kind = w->expr.n ? WINDOW_ALL : kinds[w->type],
        .n = w->type == WINDOW_TYPE_ORDERED || w->expr.n ? w->n_steps : w->n,
        .timespan_ms = w->timespan_ms,
        .gap_ms = w->gap_ms,
        .cell_ms = w->cell_ms,
        .bucket_cells = w->bucket_cells,
        .pairs_max = WINDOW_PAIRS_MAX,
        .strict = w->flags & WINDOW_STRICT,
        .feeds = w->feeds.n > 0,
        .expr = w->expr.n ? rs->numbers + w->expr.first : NULL,
        .n_expr = w->expr.n,
    };
}

/* Whether there is something to remember from one delivery to the next. */
static bool learns(const struct windows_config *cfg)
{
    bool found = false;
    for (uint32_t i = 0; i < cfg->rules->n_windows && !found; i++)
        found = cfg->rules->windows[i].type == WINDOW_TYPE_FIRST_SEEN;
    return found && !cfg->whole;
}

/* Whether a correlation's elements are worth keeping: it tells, or others build on it. */
static bool matters(const struct windows *w, uint32_t window)
{
    const struct rs_window *win = w->cfg.rules->windows + window;
    return win->feeds.n > 0 || windows_tells(w, w->cfg.rules->rules + win->rule);
}

static bool rule_matters(const struct windows *w, const struct rs_rule *r)
{
    const struct ruleset *rs = w->cfg.rules;
    bool feeds = false;
    for (uint32_t i = 0; i < r->feeds.n && !feeds; i++)
        feeds = w->matters[rs->inputs[rs->numbers[r->feeds.first + i]].window];
    return feeds || windows_tells(w, r);
}

/* Notes of windows and rules what is asked of every event. */
static bool find_marks(struct windows *w, struct err *e)
{
    const struct ruleset *rs = w->cfg.rules;
    w->shared = calloc((size_t)rs->n_windows + 1, sizeof *w->shared);
    w->matters = calloc((size_t)rs->n_windows + 1, sizeof *w->matters);
    w->wanted = calloc((size_t)rs->n_rules + 1, sizeof *w->wanted);
    if (!w->shared || !w->matters || !w->wanted)
        return err_set(e, ERR_SYSTEM, "no memory for windows");
    for (uint32_t i = 0; i < rs->n_windows; i++) {
        w->shared[i] = w->cfg.deeds && strangers_meet(rs, rs->windows + i, w->cfg.min_level);
        w->matters[i] = matters(w, i);
    }
    for (uint32_t i = 0; i < rs->n_rules; i++)
        w->wanted[i] = rule_matters(w, rs->rules + i);
    return true;
}

struct windows *windows_new(const struct windows_config *cfg, const struct port_state *state,
                            struct windows_calls calls, struct err *e)
{
    struct windows *w = calloc(1, sizeof *w);
    if (!w) {
        err_set(e, ERR_SYSTEM, "no memory for windows");
        return NULL;
    }
    w->cfg = *cfg;
    w->state = *state;
    w->calls = calls;
    buf_init(&w->description, CLAIM_DETAILS_MAX);
    if (!entries_init(&w->entries, cfg, e) || !find_marks(w, e) ||
        (learns(cfg) && !known_init(&w->known, e))) {
        windows_free(w);
        return NULL;
    }
    return w;
}

void windows_free(struct windows *w)
{
    if (!w)
        return;
    entries_release(&w->entries);
    known_release(&w->known);
    free(w->shared);
    free(w->matters);
    free(w->wanted);
    buf_release(&w->description);
    free(w);
}

void windows_begin(struct windows *w, const struct delivery *d)
{
    w->delivery = *d;
    w->counts = (struct windows_counts){0};
    entries_clear(&w->entries);
}

const struct windows_counts *windows_counts(const struct windows *w)
{
    return &w->counts;
}

int64_t windows_now_ms(const struct windows *w)
{
    return w->delivery.now_ms;
}

bool windows_tells(const struct windows *w, const struct rs_rule *r)
{
    return !r->muted && r->window != RS_NONE && r->level >= w->cfg.min_level;
}

bool windows_wants(const struct windows *w, uint32_t rule)
{
    return w->wanted[rule];
}

/* ---- keys and values of an event ---- */

static bool is_key_value(const struct value *v)
{
    return v->type == JSON_STRING || v->type == JSON_NUMBER || v->type == JSON_TRUE ||
           v->type == JSON_FALSE;
}

/* The next value at or after v that can be part of a key: a string, number, true or false. */
static struct value *key_value_from(struct event *ev, struct value *v)
{
    while (v && !is_key_value(v))
        v = event_next(ev, v);
    return v;
}

/* The first such value of a slot as text. */
static struct str key_value(struct event *ev, uint32_t slot)
{
    struct value *v = key_value_from(ev, event_first(ev, slot));
    return v ? event_text(ev, v) : STR_ABSENT;
}

/* A walk over the keys of one event: a field that reaches several values puts the event under each
 * of them. */
struct keys {
    struct value *at[ENTRY_PARTS_MAX];
    size_t taken;
};

static bool keys_begin(const struct windows *w, struct event *ev, const struct rs_input *in,
                       struct keys *k)
{
    k->taken = 0;
    for (uint32_t i = 0; i < in->keys.n; i++) {
        uint32_t slot = w->cfg.rules->numbers[in->keys.first + i];
        k->at[i] = key_value_from(ev, event_first(ev, slot));
        if (!k->at[i])
            return false;
    }
    return true;
}

/* Steps to the next key, the last field fastest; false behind the last one. */
static bool keys_next(const struct windows *w, struct event *ev, const struct rs_input *in,
                      struct keys *k)
{
    if (++k->taken == WINDOWS_VALUES_MAX)
        return false;
    for (uint32_t i = in->keys.n; i-- > 0;) {
        k->at[i] = key_value_from(ev, event_next(ev, k->at[i]));
        if (k->at[i])
            return true;
        k->at[i] = key_value_from(ev, event_first(ev, w->cfg.rules->numbers[in->keys.first + i]));
    }
    return false;
}

/* A number that stands for a tuple of values: the same for one that is too long to be shown and for
 * what a key shows of it. */
static uint64_t hash_values(const struct str *values, size_t n)
{
    unsigned char sum[SHA256_BYTES];
    char room[ENTRY_PART_BYTES];
    struct sha256 h;
    uint64_t out = 0;
    sha256_init(&h);
    for (size_t i = 0; i < n; i++)
        sha256_add_part(&h, entry_part(values[i], room));
    sha256_end(&h, sum);
    for (size_t i = 0; i < sizeof out; i++)
        out = out << 8 | sum[i];
    return out > UINT8_MAX ? out : ~out; /* single bytes are steps, and DEED_WHAT */
}

/* Each value's length and bytes, one behind the other, as struct what_lately has them. */
static bool is_tuple(const struct what_lately *lately, const struct str *values, size_t n,
                     size_t bytes)
{
    const char *at = lately->text;
    bool same = lately->n == bytes;
    for (size_t i = 0; same && i < n; i++) {
        same = (unsigned char)*at++ == values[i].n && memcmp(at, values[i].p, values[i].n) == 0;
        at += values[i].n;
    }
    return same;
}

static void keep_tuple(struct what_lately *lately, const struct str *values, size_t n, size_t bytes,
                       uint64_t what)
{
    char *at = lately->text;
    lately->n = bytes;
    lately->what = what;
    for (size_t i = 0; i < n; i++) {
        *at++ = (char)values[i].n;
        memcpy(at, values[i].p, values[i].n);
        at += values[i].n;
    }
}

/* hash_values of an event's values, none of them absent. Most are those of an event lately. */
static uint64_t what_of(struct windows *w, const struct str *values, size_t n)
{
    uint64_t h = QUICK_BEGIN;
    size_t bytes = 0;
    for (size_t i = 0; i < n && bytes <= WINDOWS_LATELY_BYTES; i++) {
        bytes += 1 + values[i].n;
        if (bytes <= WINDOWS_LATELY_BYTES)
            h = quick_hash(h + values[i].n, values[i].p, values[i].n);
    }
    if (bytes > WINDOWS_LATELY_BYTES)
        return hash_values(values, n);
    struct what_lately *lately = w->lately + h % WINDOWS_LATELY;
    if (!is_tuple(lately, values, n, bytes))
        keep_tuple(lately, values, n, bytes, hash_values(values, n));
    return lately->what;
}

uint64_t windows_what(const struct ruleset *rs, const struct rs_input *in, const struct str *parts)
{
    struct str tuple[ENTRY_PARTS_MAX];
    if (rs->windows[in->window].type != WINDOW_TYPE_VALUE_COUNT)
        return in->step;
    for (uint32_t i = 0; i < in->values.n; i++)
        tuple[i] = parts[rs->numbers[in->values.first + i]];
    return hash_values(tuple, in->values.n);
}

/* The number that a value is, as the bits of a double; false when it is none. */
static bool number_bits(struct str text, uint64_t *bits)
{
    char z[64], *end;
    if (!str_present(text) || text.n == 0 || text.n >= sizeof z)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    double v = strtod(z, &end);
    if (*end || !isfinite(v))
        return false;
    memcpy(bits, &v, sizeof *bits);
    return true;
}

/* ---- elements ---- */

/* Who did an event, once somebody asked. */
struct actor {
    bool known;
    struct id128 id;
};

/* What an event means for one window. */
struct arrival {
    struct event *ev;
    const struct facts *facts;
    uint32_t rule; /* that was hit */
    const struct rs_window *window;
    const struct str *parts;
    size_t n_parts;
    uint64_t what;
    struct id128 id; /* of its evidence */
    struct actor *actor;
};

/* Whether the time can be placed among what is remembered. */
static bool is_stray(const struct windows *w, const struct facts *f)
{
    if (!f->timed)
        return true;
    if (w->cfg.archive)
        return false;
    return f->time_ms > w->delivery.now_ms + FUTURE_MS ||
           (!w->delivery.learn && f->time_ms < w->delivery.now_ms - w->cfg.memory_ms);
}

/* Describes an event that may turn out to be an episode's first: with the fields that the
 * correlation shows, or else those of the rule that was hit. */
static bool describe(struct windows *w, struct entry *en, const struct arrival *a,
                     const struct element *el, struct err *e)
{
    bool news;
    struct glimpse *g = entry_glimpse(&w->entries, en, glimpse_gap(a->window), el, &news, e);
    if (!g || !news)
        return g != NULL;
    uint32_t rule = a->window->rule;
    if (w->cfg.rules->rules[rule].fields.n == 0)
        rule = a->rule;
    buf_reset(&w->description);
    w->calls.describe(w->calls.to, a->ev, rule, a->facts, &w->description);
    return glimpse_set(&w->entries, g, el, buf_str(&w->description), e);
}

static bool add_deed(struct windows *w, struct entry *en, const struct arrival *a, int64_t time_ms,
                     struct err *e)
{
    if (!w->shared[en->window])
        return true;
    if (!a->actor->known) {
        struct lineage_node who;
        struct id128 key;
        lineage_actor(a->ev, a->facts, &w->names, &who, &key);
        *a->actor = (struct actor){true, who.id};
    }
    return entry_add_deed(&w->entries, en, time_ms, a->actor->id, e);
}

/* For one more element. */
static bool make_room(struct windows *w, struct err *e)
{
    bool room;
    if (!windows_thin(w, &room, e))
        return false;
    if (room)
        return true;
    w->counts.early++;
    return windows_settle(w, e);
}

static bool add_element(struct windows *w, const struct arrival *a, struct err *e)
{
    bool stray = is_stray(w, a->facts);
    struct element el = {a->facts->timed ? a->facts->time_ms : UNTIMED_MS, a->what, a->id};
    /* A record without a time is an episode of its own. */
    struct entry_name name = {
        .window = (uint32_t)(a->window - w->cfg.rules->windows),
        .stray = stray,
        .untimed = !a->facts->timed,
        .account = a->facts->account,
        .event = a->facts->timed ? (struct id128){0, 0} : el.event,
        .parts = a->parts,
        .n_parts = a->n_parts,
    };
    if (entries_full(&w->entries) && !make_room(w, e))
        return false;
    struct entry *en = entries_get(&w->entries, w->cfg.rules, &name, e);
    if (!en)
        return false;
    w->counts.stray += stray;
    return entry_add(&w->entries, en, &el, a->facts->evidence, e) &&
           add_deed(w, en, a, el.time_ms, e) && describe(w, en, a, &el, e);
}

/* One element for each value of a field whose distinct values are counted. */
static bool add_values(struct windows *w, struct arrival *a, const struct rs_input *in,
                       struct err *e)
{
    const uint32_t *slots = w->cfg.rules->numbers + in->values.first;
    struct str tuple[ENTRY_PARTS_MAX];
    if (in->values.n != 1) {
        for (uint32_t i = 0; i < in->values.n; i++) {
            tuple[i] = key_value(a->ev, slots[i]);
            if (!str_present(tuple[i]))
                return true;
        }
        a->what = what_of(w, tuple, in->values.n);
        return add_element(w, a, e);
    }
    size_t taken = 0;
    for (struct value *v = event_first(a->ev, slots[0]); v && taken < WINDOWS_VALUES_MAX;
         v = event_next(a->ev, v)) {
        if (v->type == JSON_NULL || v->type == JSON_ARRAY)
            continue;
        tuple[0] = event_text(a->ev, v);
        a->what = what_of(w, tuple, 1);
        taken++;
        if (!add_element(w, a, e))
            return false;
    }
    return true;
}

/* first_seen: the values are part of the key. */
static bool add_first_seen(struct windows *w, struct arrival *a, const struct rs_input *in,
                           struct str *parts, struct err *e)
{
    const uint32_t *slots = w->cfg.rules->numbers + in->values.first;
    for (uint32_t i = 0; i < in->values.n; i++) {
        parts[a->n_parts] = key_value(a->ev, slots[i]);
        if (!str_present(parts[a->n_parts++]))
            return true;
    }
    return add_element(w, a, e);
}

static bool add_number(struct windows *w, struct arrival *a, const struct rs_input *in,
                       struct err *e)
{
    const uint32_t *slots = w->cfg.rules->numbers + in->values.first;
    return !number_bits(key_value(a->ev, slots[0]), &a->what) || add_element(w, a, e);
}

static bool add_keyed(struct windows *w, struct arrival *a, const struct rs_input *in,
                      struct str *parts, struct err *e)
{
    switch ((enum window_type)a->window->type) {
    case WINDOW_TYPE_TEMPORAL:
    case WINDOW_TYPE_ORDERED:
        a->what = in->step;
        return add_element(w, a, e);
    case WINDOW_TYPE_VALUE_COUNT:
        return add_values(w, a, in, e);
    case WINDOW_TYPE_FIRST_SEEN:
        return add_first_seen(w, a, in, parts, e);
    case WINDOW_TYPE_SUM:
    case WINDOW_TYPE_AVG:
    case WINDOW_TYPE_PERCENTILE:
    case WINDOW_TYPE_MEDIAN:
        return add_number(w, a, in, e);
    case WINDOW_TYPE_SINGLE:
    case WINDOW_TYPE_EVENT_COUNT:
        break;
    }
    return add_element(w, a, e);
}

static bool add_input(struct windows *w, struct arrival *a, const struct rs_input *in,
                      struct err *e)
{
    struct str parts[2 * ENTRY_PARTS_MAX];
    struct keys keys;
    a->window = w->cfg.rules->windows + in->window;
    a->parts = parts;
    if (!keys_begin(w, a->ev, in, &keys)) {
        w->counts.no_key++;
        return true;
    }
    do {
        a->n_parts = in->keys.n;
        a->what = 0;
        for (uint32_t i = 0; i < in->keys.n; i++)
            parts[i] = event_text(a->ev, keys.at[i]);
        if (!add_keyed(w, a, in, parts, e))
            return false;
    } while (keys_next(w, a->ev, in, &keys));
    return true;
}

/* A rule's own window, keyed by who did it. */
static bool add_single(struct windows *w, struct arrival *a, const struct rs_rule *r, struct err *e)
{
    const struct str parts[2] = {a->facts->account, a->facts->identity};
    a->window = w->cfg.rules->windows + r->window;
    a->parts = parts;
    a->n_parts = 2;
    a->what = 0;
    return add_element(w, a, e);
}

static bool add_hit(struct windows *w, struct arrival *a, struct err *e)
{
    const struct ruleset *rs = w->cfg.rules;
    const struct rs_rule *r = rs->rules + a->rule;
    if (windows_tells(w, r) && rs->windows[r->window].flags & WINDOW_IDENTITY &&
        !add_single(w, a, r, e))
        return false;
    for (uint32_t i = 0; i < r->feeds.n; i++) {
        const struct rs_input *in = rs->inputs + rs->numbers[r->feeds.first + i];
        if (w->matters[in->window] && !add_input(w, a, in, e))
            return false;
    }
    return true;
}

bool windows_add(struct windows *w, struct event *ev, const struct facts *f, const uint32_t *hits,
                 size_t n, struct err *e)
{
    if (w->cfg.archive && f->timed && f->time_ms > w->delivery.now_ms)
        w->delivery.now_ms = f->time_ms;
    struct actor actor = {.known = false};
    const struct id128 id = id128_of(f->evidence);
    for (size_t i = 0; i < n; i++) {
        struct arrival a = {.ev = ev, .facts = f, .rule = hits[i], .id = id, .actor = &actor};
        if (!add_hit(w, &a, e))
            return false;
    }
    return true;
}
