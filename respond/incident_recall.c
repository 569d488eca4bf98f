/* Texts of signals: written, chosen, read back. */
#include "respond/incident_recall.h"

#include <stdlib.h>

#include "base/escape.h"
#include "engine/json.h"
#include "respond/put.h"

/* ---- writing ---- */

/* How long an event may be: tried from the first to the last until those that matter most fit. At
 * the last, one event has six words of 40 bytes, each at most six in JSON: below 1,900. */
static const struct limit {
    size_t word, targets;
} limits[] = {{256, SEEN_TARGETS_PER_EVENT}, {128, 4}, {64, 1}, {40, 0}};
#define LIMITS (sizeof limits / sizeof *limits)

static void put_number(struct buf *b, const char *name, int64_t n)
{
    buf_putf(b, "\"%s\":", name);
    buf_put_i64(b, n);
    buf_putc(b, ',');
}

static void put_node(struct buf *b, const char *name, struct id128 id)
{
    buf_putf(b, "\"%s\":\"", name);
    id128_put_hex(b, id);
    buf_putz(b, "\",");
}

static bool is_same_id(struct id128 a, struct id128 b)
{
    return id128_cmp(a, b) == 0;
}

static bool is_same(struct str a, struct str b)
{
    return a.n ? str_eq(a, b) : b.n == 0;
}

static void put_word(struct buf *b, const char *name, struct str s, struct str before, size_t max)
{
    if (!is_same(s, before))
        put_member(b, str_of(name), s.n ? s : STR_ABSENT, max);
}

static void put_about(struct buf *b, const struct recalled_event *ev, const struct limit *l)
{
    size_t n = ev->n_targets < l->targets ? ev->n_targets : l->targets;
    if (n == 0)
        return;
    buf_putz(b, "\"about\":[");
    for (size_t i = 0; i < n; i++) {
        buf_put_json(b, str_of(ev->targets[i].type));
        buf_putc(b, ',');
        put_string(b, ev->targets[i].name, l->word);
        buf_putc(b, ',');
    }
    put_close(b, ']');
    buf_putc(b, ',');
}

static void put_event(struct buf *b, const struct recalled_event *ev,
                      const struct recalled_event *before, const struct limit *l)
{
    const struct seen_words *w = &ev->words, *was = &before->words;
    buf_putc(b, '{');
    put_node(b, "id", ev->event);
    if (ev->time_ms != INT64_MIN)
        put_number(b, "time", ev->time_ms);
    if (!is_same_id(ev->actor, before->actor))
        put_node(b, "actor", ev->actor);
    if (!is_same_id(ev->key, before->key))
        put_node(b, "key", ev->key);
    put_word(b, "ip", w->ip, was->ip, l->word);
    put_word(b, "agent", w->agent, was->agent, l->word);
    put_word(b, "source", w->source, was->source, l->word);
    put_word(b, "name", w->name, was->name, l->word);
    put_word(b, "account", w->account, was->account, l->word);
    put_word(b, "region", w->region, was->region, l->word);
    put_about(b, ev, l);
    put_close(b, '}');
    buf_putc(b, ',');
}

/* The text with the events that are chosen, in their order. */
static void put_text_of(struct buf *b, const struct recalled *r, const bool *chosen,
                        const struct limit *l)
{
    static const struct recalled_event none;
    const struct recalled_event *before = &none;
    buf_reset(b);
    buf_putc(b, '{');
    put_member(b, S("rule"), r->rule, SEEN_WORD_MAX);
    put_number(b, "updates", r->updates);
    if (r->timed) {
        put_number(b, "first", r->first_ms);
        put_number(b, "last", r->last_ms);
    }
    buf_putz(b, "\"count\":");
    buf_put_u64(b, r->count);
    buf_putz(b, r->estimated ? ",\"estimated\":true,\"events\":[" : ",\"events\":[");
    for (size_t i = 0; i < r->n_events; i++) {
        if (!chosen[i])
            continue;
        put_event(b, r->events + i, before, l);
        before = r->events + i;
    }
    put_close(b, ']');
    buf_putc(b, '}');
}

/* ---- choosing ---- */

/* How much an event says that those before it did not. */
enum news { NEWS_ACTOR, NEWS_ORIGIN, NEWS_CALL, NEWS_NONE, NEWS };

static bool is_same_origin(const struct recalled_event *a, const struct recalled_event *b)
{
    return is_same_id(a->actor, b->actor) && is_same_id(a->key, b->key) &&
           is_same(a->words.ip, b->words.ip);
}

static bool is_same_call(const struct recalled_event *a, const struct recalled_event *b)
{
    return is_same(a->words.source, b->words.source) && is_same(a->words.name, b->words.name) &&
           is_same(a->words.region, b->words.region) && is_same(a->words.agent, b->words.agent);
}

static enum news news_of(const struct recalled *r, size_t at)
{
    const struct recalled_event *ev = r->events + at;
    bool actor = true, origin = true, call = true;
    for (size_t i = 0; i < at; i++) {
        const struct recalled_event *o = r->events + i;
        actor = actor && !is_same_id(ev->actor, o->actor);
        origin = origin && !is_same_origin(ev, o);
        call = call && !is_same_call(ev, o);
    }
    return actor ? NEWS_ACTOR : origin ? NEWS_ORIGIN : call ? NEWS_CALL : NEWS_NONE;
}

/* Chooses among the events of one kind as long as they fit. How many did not. */
static size_t choose(struct buf *out, const struct recalled *r, const enum news *news,
                     enum news kind, bool *chosen, const struct limit *l)
{
    size_t missed = 0, n = 0;
    for (size_t i = 0; i < r->n_events; i++)
        n += chosen[i];
    for (size_t i = 0; i < r->n_events; i++) {
        if (news[i] != kind)
            continue;
        if (n == RECALL_EVENTS_MAX || missed) {
            missed++;
            continue;
        }
        chosen[i] = true;
        put_text_of(out, r, chosen, l);
        chosen[i] = !out->failed;
        n += chosen[i];
        missed += !chosen[i];
    }
    return missed;
}

bool recall_put(struct buf *out, const struct recalled *r, struct arena *a)
{
    bool *chosen = arena_alloc(a, r->n_events);
    enum news *news = arena_array(a, r->n_events, sizeof *news);
    buf_reset(out);
    if (!chosen || !news)
        return false;
    for (size_t i = 0; i < r->n_events; i++)
        news[i] = news_of(r, i);
    for (size_t l = 0; l < LIMITS; l++) {
        memset(chosen, 0, r->n_events);
        if (choose(out, r, news, NEWS_ACTOR, chosen, limits + l) && l + 1 < LIMITS)
            continue;
        for (enum news kind = NEWS_ORIGIN; kind < NEWS; kind++)
            choose(out, r, news, kind, chosen, limits + l);
        put_text_of(out, r, chosen, limits + l);
        break;
    }
    return !out->failed;
}

/* ---- reading ---- */

static bool read_i64(struct str raw, int64_t *out)
{
    bool negative = raw.n && *raw.p == '-';
    unsigned long long n;
    if (!str_u64(negative ? str_skip(raw, 1) : raw, &n) || n > INT64_MAX)
        return false;
    *out = negative ? -(int64_t)n : (int64_t)n;
    return true;
}

static struct str string_of(struct str raw, struct arena *a)
{
    return raw.n < 2 || *raw.p != '"' ? STR_ABSENT : json_text(str_n(raw.p + 1, raw.n - 2), a);
}

static void read_node(struct str object, const char *name, struct id128 *out)
{
    struct str raw = json_member(object, str_of(name));
    if (raw.n == 34 && *raw.p == '"')
        id128_read_hex(str_n(raw.p + 1, 32), out);
}

/* A word that is not there is that of the event before. */
static void read_word(struct str object, const char *name, struct arena *a, struct str *word)
{
    struct str raw = json_member(object, str_of(name));
    if (str_present(raw))
        *word = string_of(raw, a);
}

static bool read_about(struct str list, struct arena *a, struct recalled_event *ev)
{
    struct recalled_target *to = arena_array(a, SEEN_TARGETS_PER_EVENT, sizeof *to);
    ev->targets = to;
    ev->n_targets = 0;
    for (size_t i = 0; to && i < SEEN_TARGETS_PER_EVENT; i++) {
        const char *type = seen_target_type(string_of(json_element(list, 2 * i), a));
        struct str name = string_of(json_element(list, 2 * i + 1), a);
        if (type && str_present(name))
            to[ev->n_targets++] = (struct recalled_target){type, name};
    }
    return to != NULL;
}

static bool read_event(struct str object, struct arena *a, struct recalled_event *ev)
{
    read_node(object, "id", &ev->event);
    if (!read_i64(json_member(object, S("time")), &ev->time_ms))
        ev->time_ms = INT64_MIN;
    read_node(object, "actor", &ev->actor);
    read_node(object, "key", &ev->key);
    read_word(object, "ip", a, &ev->words.ip);
    read_word(object, "agent", a, &ev->words.agent);
    read_word(object, "source", a, &ev->words.source);
    read_word(object, "name", a, &ev->words.name);
    read_word(object, "account", a, &ev->words.account);
    read_word(object, "region", a, &ev->words.region);
    return read_about(json_member(object, S("about")), a, ev);
}

static bool read_events(struct str list, struct arena *a, struct recalled *out)
{
    struct recalled_event *to = arena_array(a, RECALL_EVENTS_MAX, sizeof *to);
    struct recalled_event ev = {.time_ms = INT64_MIN};
    out->events = to;
    for (; to && out->n_events < RECALL_EVENTS_MAX; out->n_events++) {
        struct str object = json_element(list, out->n_events);
        if (!str_present(object))
            return true;
        if (!read_event(object, a, &ev))
            return false;
        to[out->n_events] = ev;
    }
    return to != NULL;
}

static bool is_object(struct str text)
{
    const char *end = text.p;
    return text.n && *text.p == '{' && json_skip(&end, text.p + text.n) == JSON_OK &&
           end == text.p + text.n;
}

bool recall_read(struct str text, struct arena *a, struct recalled *out)
{
    int64_t updates;
    unsigned long long count;
    *out = (struct recalled){.first_ms = INT64_MIN, .last_ms = INT64_MIN};
    if (!is_object(text) || !read_i64(json_member(text, S("updates")), &updates) || updates < 0 ||
        updates > UINT32_MAX || !str_u64(json_member(text, S("count")), &count))
        return false;
    out->rule = string_of(json_member(text, S("rule")), a);
    out->updates = (uint32_t)updates;
    out->count = count;
    out->estimated = str_eq(json_member(text, S("estimated")), S("true"));
    out->timed = read_i64(json_member(text, S("first")), &out->first_ms) &&
                 read_i64(json_member(text, S("last")), &out->last_ms);
    return str_present(out->rule) && read_events(json_member(text, S("events")), a, out);
}

/* ---- joining ---- */

static int by_time(const void *p, const void *q)
{
    const struct recalled_event *x = p, *y = q;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    return id128_cmp(x->event, y->event);
}

static bool is_newer(const struct recalled *x, const struct recalled *y)
{
    return x->updates != y->updates ? x->updates > y->updates : x->count > y->count;
}

bool recall_join(struct buf *out, struct str x, struct str y, struct arena *a)
{
    struct recalled r, other;
    bool has = recall_read(x, a, &r), too = recall_read(y, a, &other);
    buf_reset(out);
    if (!has || !too) {
        buf_put(out, too ? y : x);
        return !out->failed;
    }
    struct recalled_event *all = arena_array(a, r.n_events + other.n_events, sizeof *all);
    if (!all)
        return false;
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < r.n_events; i++)
        all[n++] = r.events[i];
    for (size_t i = 0; i < other.n_events; i++)
        all[n++] = other.events[i];
    qsort(all, n, sizeof *all, by_time);
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || !is_same_id(all[kept - 1].event, all[i].event))
            all[kept++] = all[i];
    struct recalled of = is_newer(&other, &r) ? other : r;
    if (r.timed && other.timed) {
        of.first_ms = r.first_ms < other.first_ms ? r.first_ms : other.first_ms;
        of.last_ms = r.last_ms > other.last_ms ? r.last_ms : other.last_ms;
    }
    of.events = all;
    of.n_events = kept;
    return recall_put(out, &of, a);
}
