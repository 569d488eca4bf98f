/* Episodes on record. */
#include "engine/claims.h"

#include <math.h>
#include <stdlib.h>

#include "base/sha256.h"
#include "base/wire.h"

#define WIRE_VERSION 1
#define NO_LEASE     INT64_MIN

/* ---- sketches ---- */

/* Spreads an id evenly (splitmix64's finisher): ids are random but for the digits that a UUID
 * fixes. */
static uint64_t spread(struct id128 id)
{
    uint64_t h = id.hi ^ (id.lo * 0x9e3779b97f4a7c15u);
    h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9u;
    h = (h ^ h >> 27) * 0x94d049bb133111ebu;
    return h ^ h >> 31;
}

static int sketch_cmp(const struct sketch_event *a, const struct sketch_event *b)
{
    uint64_t x = spread(a->event), y = spread(b->event);
    if (x != y)
        return x < y ? -1 : 1;
    return id128_cmp(a->event, b->event);
}

void sketch_add(struct sketch *s, struct id128 event, int64_t time_ms)
{
    struct sketch_event one = {time_ms, event};
    uint32_t at = s->n;
    while (at > 0 && sketch_cmp(&one, s->list + at - 1) < 0)
        at--;
    if (at > 0 && sketch_cmp(&one, s->list + at - 1) == 0)
        return;
    if (at == SKETCH_MAX) {
        s->more = true;
        return;
    }
    if (s->n == SKETCH_MAX)
        s->more = true;
    else
        s->n++;
    memmove(s->list + at + 1, s->list + at, (s->n - 1 - at) * sizeof *s->list);
    s->list[at] = one;
}

void sketch_choose(const struct element *e, size_t n, bool *keep)
{
    uint64_t least[SKETCH_MAX + 1]; /* ascending, each once: two events of one hash are both kept */
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t h = spread(e[i].event);
        size_t at = k;
        if (k == SKETCH_MAX + 1 && h >= least[SKETCH_MAX])
            continue;
        while (at > 0 && h < least[at - 1])
            at--;
        if (at > 0 && h == least[at - 1])
            continue;
        k += k <= SKETCH_MAX;
        memmove(least + at + 1, least + at, (k - 1 - at) * sizeof *least);
        least[at] = h;
    }
    for (size_t i = 0; i < n && k; i++)
        keep[i] = keep[i] || spread(e[i].event) <= least[k - 1];
}

void sketch_join(struct sketch *s, const struct sketch *other)
{
    for (uint32_t i = 0; i < other->n; i++)
        sketch_add(s, other->list[i].event, other->list[i].time_ms);
    s->more = s->more || other->more;
}

uint64_t sketch_count(const struct sketch *s)
{
    if (!s->more)
        return s->n;
    double largest = ldexp((double)spread(s->list[SKETCH_MAX - 1].event), -64);
    double estimate = largest > 0 ? (SKETCH_MAX - 1) / largest : 0;
    return estimate < SKETCH_MAX + 1 ? SKETCH_MAX + 1 : (uint64_t)estimate;
}

/* ---- the list ---- */

void claims_init(struct claims *c, struct arena *memory)
{
    c->memory = memory;
    vec_init(&c->list, sizeof(struct claim *), SIZE_MAX);
    c->max = CLAIMS_MAX;
}

void claims_release(struct claims *c)
{
    vec_release(&c->list);
}

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory for claims");
}

static void remove_at(struct claims *c, size_t i)
{
    struct claim **list = c->list.p;
    memmove(list + i, list + i + 1, (c->list.n - i - 1) * sizeof *list);
    c->list.n--;
}

static bool insert(struct claims *c, struct claim *cl)
{
    if (!vec_push(&c->list, 1))
        return false;
    struct claim **list = c->list.p;
    size_t at = c->list.n - 1;
    while (at > 0 && list[at - 1]->first_ms > cl->first_ms) {
        list[at] = list[at - 1];
        at--;
    }
    list[at] = cl;
    return true;
}

static bool near(const struct claim *cl, struct span s, int64_t gap)
{
    return cl->first_ms - gap <= s.until_ms && s.first_ms - gap <= cl->until_ms;
}

/* ---- joining ---- */

static bool is_told(const struct claim_alert *a)
{
    return a->told == a->due;
}

/* Forgets told alerts beyond the maximum, the oldest joined first; the first one stays. */
static void trim_alerts(struct claim *cl)
{
    for (uint32_t i = 1; i < cl->n_alerts && cl->n_alerts > CLAIM_ALERTS_MAX;) {
        if (!is_told(cl->alerts + i)) {
            i++;
            continue;
        }
        memmove(cl->alerts + i, cl->alerts + i + 1, (cl->n_alerts - i - 1) * sizeof *cl->alerts);
        cl->n_alerts--;
    }
    if (cl->mentioned > cl->n_alerts)
        cl->mentioned = cl->n_alerts;
}

/* cl takes in `other`, which began later or at the same moment. */
static bool take_in(struct claims *c, struct claim *cl, const struct claim *other)
{
    uint32_t n = cl->n_alerts + other->n_alerts;
    struct claim_alert *alerts = arena_array(c->memory, n, sizeof *alerts);
    if (!alerts)
        return false;
    if (cl->n_alerts)
        memcpy(alerts, cl->alerts, cl->n_alerts * sizeof *alerts);
    if (other->n_alerts)
        memcpy(alerts + cl->n_alerts, other->alerts, other->n_alerts * sizeof *alerts);
    if (!cl->n_alerts)
        cl->mentioned = other->mentioned;
    cl->alerts = alerts;
    cl->n_alerts = n;
    trim_alerts(cl);
    if (other->until_ms > cl->until_ms)
        cl->until_ms = other->until_ms;
    if (other->last_ms > cl->last_ms)
        cl->last_ms = other->last_ms;
    if (!str_present(cl->details))
        cl->details = other->details;
    sketch_join(&cl->events, &other->events);
    return true;
}

/* Takes out all claims near the span, joined into one; NULL (and *ok) when there is none. */
static struct claim *take_near(struct claims *c, struct span s, int64_t gap, bool *ok)
{
    struct claim *all = NULL;
    for (size_t i = 0; i < c->list.n && *ok;) {
        struct claim *cl = claims_at(c, i);
        if (!near(cl, s, gap)) {
            i++;
            continue;
        }
        remove_at(c, i);
        if (all)
            *ok = take_in(c, all, cl);
        else
            all = cl;
    }
    return all;
}

/* ---- claiming ---- */

/* First half of SHA-256 over the seed and the first moment. */
void claims_id(unsigned char id[CLAIM_ID_BYTES], const unsigned char *seed, int64_t first_ms)
{
    unsigned char sum[SHA256_BYTES], time[8];
    struct sha256 h;
    for (unsigned i = 0; i < 8; i++)
        time[i] = (unsigned char)((uint64_t)first_ms >> (56 - 8 * i));
    sha256_init(&h);
    sha256_add_part(&h, str_n((const char *)seed, CLAIM_ID_BYTES));
    sha256_add_part(&h, str_n((const char *)time, sizeof time));
    sha256_end(&h, sum);
    memcpy(id, sum, CLAIM_ID_BYTES);
}

/* What a new claim may keep of its teller's details: nothing while those of others fill the item,
 * which happens when nobody can be told for long. */
static struct str details_for(const struct claims *c, struct str details)
{
    size_t kept = details.n;
    for (size_t i = 0; i < c->list.n && c->max <= CLAIMS_MAX; i++)
        kept += claims_at(c, i)->details.n;
    return kept <= CLAIMS_DETAILS_MAX ? arena_str(c->memory, details) : STR_ABSENT;
}

static struct claim *new_claim(struct claims *c, struct span s, const struct claiming *by)
{
    struct claim *cl = arena_alloc(c->memory, sizeof *cl);
    if (!cl)
        return NULL;
    *cl = (struct claim){.first_ms = s.first_ms, .until_ms = s.until_ms, .last_ms = s.first_ms};
    if (by->mute)
        return cl;
    cl->alerts = arena_alloc(c->memory, sizeof *cl->alerts);
    if (!cl->alerts)
        return NULL;
    cl->n_alerts = 1;
    cl->details = details_for(c, by->details);
    claims_id(cl->alerts[0].id, by->seed, s.first_ms);
    cl->alerts[0].due = 1;
    cl->alerts[0].lease_ms = NO_LEASE;
    return cl;
}

static uint32_t digits_of(uint64_t count)
{
    uint32_t digits = 1;
    for (; count >= 10; count /= 10)
        digits++;
    return digits;
}

/* Whether there is something to tell that the newest message does not say. */
static bool has_news(const struct claim *cl)
{
    return cl->n_alerts && is_told(cl->alerts) &&
           (digits_of(sketch_count(&cl->events)) > cl->magnitude || cl->n_alerts > cl->mentioned);
}

/* An update, which is anybody's. */
static void call_for_update(struct claim *cl)
{
    cl->alerts[0].due++;
    cl->alerts[0].lease_ms = NO_LEASE;
}

/* Notes what this delivery will say, when the next message is its to tell. */
static void note_message(struct claim *cl, const struct claiming *by)
{
    if (!cl->n_alerts || is_told(cl->alerts) ||
        memcmp(cl->alerts[0].owner, by->owner, CLAIM_ID_BYTES) != 0)
        return;
    cl->magnitude = digits_of(sketch_count(&cl->events));
    cl->mentioned = cl->n_alerts;
}

/* The events of a claim: those in its span, and those in front of it that made it hold. */
static void add_events(struct claim *cl, const struct window *w, const struct element *events,
                       size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int64_t t = events[i].time_ms;
        if (t < cl->first_ms - w->timespan_ms || t > cl->until_ms)
            continue;
        sketch_add(&cl->events, events[i].event, t);
        if (t > cl->last_ms)
            cl->last_ms = t;
    }
}

static bool claim_one(struct claims *c, const struct window *w, struct span s,
                      const struct claiming *by)
{
    bool ok = true;
    struct claim *cl = take_near(c, s, w->gap_ms, &ok);
    if (ok && !cl)
        cl = new_claim(c, s, by);
    if (!ok || !cl)
        return false;
    if (s.first_ms < cl->first_ms)
        cl->first_ms = s.first_ms;
    if (s.until_ms > cl->until_ms)
        cl->until_ms = s.until_ms;
    return insert(c, cl);
}

static void lease(struct claim_alert *a, const struct claiming *by)
{
    if (is_told(a) || a->lease_ms >= by->now_ms)
        return;
    memcpy(a->owner, by->owner, CLAIM_ID_BYTES);
    a->lease_ms = by->now_ms + by->lease_ms;
}

/* Joins the two oldest. They are apart still, so nobody is told. */
static bool join_oldest(struct claims *c)
{
    struct claim *first = claims_at(c, 0), *second = claims_at(c, 1);
    remove_at(c, 1);
    if (!take_in(c, first, second))
        return false;
    first->mentioned = first->n_alerts;
    return true;
}

static bool touches(const struct claim *cl, const struct span *spans, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (near(cl, spans[i], 0))
            return true;
    return false;
}

bool claims_claim(struct claims *c, const struct window *w, const struct span *spans, size_t n,
                  const struct element *events, size_t n_events, const struct claiming *by,
                  struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (!claim_one(c, w, spans[i], by) || (c->list.n > c->max && !join_oldest(c)))
            return no_memory(e);
    for (size_t i = 0; i < c->list.n; i++) {
        struct claim *cl = claims_at(c, i);
        bool touched = touches(cl, spans, n);
        if (touched)
            add_events(cl, w, events, n_events);
        if (touched && has_news(cl))
            call_for_update(cl);
        for (uint32_t k = 0; k < cl->n_alerts; k++)
            lease(cl->alerts + k, by);
        note_message(cl, by);
    }
    return true;
}

bool claims_is_mine(const struct claim *cl, const struct claim_alert *a, const struct span *spans,
                    size_t n, const struct claiming *by)
{
    if (is_told(a))
        return false;
    return memcmp(a->owner, by->owner, CLAIM_ID_BYTES) == 0 || (by->again && touches(cl, spans, n));
}

void claims_mark(struct claims *c, const unsigned char id[CLAIM_ID_BYTES], uint32_t told)
{
    for (size_t i = 0; i < c->list.n; i++) {
        struct claim *cl = claims_at(c, i);
        bool all = true;
        for (uint32_t k = 0; k < cl->n_alerts; k++) {
            struct claim_alert *a = cl->alerts + k;
            if (memcmp(a->id, id, CLAIM_ID_BYTES) == 0 && a->told < told)
                a->told = told;
            all = all && is_told(a);
        }
        if (all)
            cl->details = STR_ABSENT;
    }
}

bool claims_settled(const struct claims *c, const struct span *spans, size_t n)
{
    for (size_t i = 0; i < c->list.n; i++) {
        const struct claim *cl = claims_at(c, i);
        bool told = !has_news(cl);
        for (uint32_t k = 0; k < cl->n_alerts; k++)
            told = told && is_told(cl->alerts + k);
        if (!told && touches(cl, spans, n))
            return false;
    }
    return true;
}

void claims_expire(struct claims *c, int64_t horizon_ms)
{
    for (size_t i = 0; i < c->list.n;) {
        const struct claim *cl = claims_at(c, i);
        bool told = true;
        for (uint32_t k = 0; k < cl->n_alerts; k++)
            told = told && is_told(cl->alerts + k);
        if (told && cl->until_ms < horizon_ms)
            remove_at(c, i);
        else
            i++;
    }
}

/* ---- the wire form ---- */

static void put_alert(struct buf *b, const struct claim_alert *a)
{
    buf_put(b, str_n((const char *)a->id, CLAIM_ID_BYTES));
    buf_put(b, str_n((const char *)a->owner, CLAIM_ID_BYTES));
    wire_put(b, (uint64_t)a->lease_ms, 8);
    wire_put(b, a->due, 4);
    wire_put(b, a->told, 4);
}

static void put_claim(struct buf *b, const struct claim *cl)
{
    wire_put(b, (uint64_t)cl->first_ms, 8);
    wire_put(b, (uint64_t)cl->until_ms, 8);
    wire_put(b, (uint64_t)cl->last_ms, 8);
    wire_put(b, cl->magnitude, 1);
    wire_put(b, cl->mentioned, 2);
    wire_put(b, cl->n_alerts, 2);
    for (uint32_t i = 0; i < cl->n_alerts; i++)
        put_alert(b, cl->alerts + i);
    wire_put(b, cl->events.n, 1);
    wire_put(b, cl->events.more, 1);
    for (uint32_t i = 0; i < cl->events.n; i++) {
        wire_put(b, (uint64_t)cl->events.list[i].time_ms, 8);
        wire_put(b, cl->events.list[i].event.hi, 8);
        wire_put(b, cl->events.list[i].event.lo, 8);
    }
    wire_put(b, cl->details.n, 2);
    buf_put(b, cl->details);
}

void claims_encode(const struct claims *c, struct buf *out)
{
    wire_put(out, WIRE_VERSION, 1);
    wire_put(out, c->list.n, 1);
    for (size_t i = 0; i < c->list.n; i++)
        put_claim(out, claims_at(c, i));
}

static bool take_alert(struct str *s, struct claim_alert *a)
{
    uint64_t lease_ms, due, told;
    if (!wire_take_bytes(s, a->id, CLAIM_ID_BYTES) ||
        !wire_take_bytes(s, a->owner, CLAIM_ID_BYTES) || !wire_take(s, &lease_ms, 8) ||
        !wire_take(s, &due, 4) || !wire_take(s, &told, 4))
        return false;
    a->lease_ms = (int64_t)lease_ms;
    a->due = (uint32_t)due;
    a->told = (uint32_t)told;
    return a->told <= a->due;
}

static bool take_sketch(struct str *s, struct sketch *out)
{
    uint64_t n, more;
    if (!wire_take(s, &n, 1) || !wire_take(s, &more, 1) || n > SKETCH_MAX || more > 1 ||
        (more && n < SKETCH_MAX))
        return false;
    out->n = (uint32_t)n;
    out->more = more;
    for (uint32_t i = 0; i < out->n; i++) {
        uint64_t time_ms;
        struct sketch_event *one = out->list + i;
        if (!wire_take(s, &time_ms, 8) || !wire_take(s, &one->event.hi, 8) ||
            !wire_take(s, &one->event.lo, 8))
            return false;
        one->time_ms = (int64_t)time_ms;
    }
    return true;
}

static bool take_claim(struct claims *c, struct str *s, struct claim *cl)
{
    uint64_t first, until, last, magnitude, mentioned, alerts, details;
    if (!wire_take(s, &first, 8) || !wire_take(s, &until, 8) || !wire_take(s, &last, 8) ||
        !wire_take(s, &magnitude, 1) || !wire_take(s, &mentioned, 2) || !wire_take(s, &alerts, 2))
        return false;
    *cl = (struct claim){.first_ms = (int64_t)first,
                         .until_ms = (int64_t)until,
                         .last_ms = (int64_t)last,
                         .magnitude = (uint32_t)magnitude,
                         .mentioned = (uint32_t)mentioned,
                         .n_alerts = (uint32_t)alerts};
    cl->alerts = arena_array(c->memory, alerts, sizeof *cl->alerts);
    if (!cl->alerts)
        return false;
    for (uint32_t i = 0; i < cl->n_alerts; i++)
        if (!take_alert(s, cl->alerts + i))
            return false;
    if (!take_sketch(s, &cl->events) || !wire_take(s, &details, 2) || s->n < details)
        return false;
    cl->details = details ? arena_str(c->memory, str_n(s->p, (size_t)details)) : STR_ABSENT;
    *s = str_skip(*s, (size_t)details);
    return cl->first_ms <= cl->until_ms;
}

bool claims_decode(struct claims *c, struct str blob, struct err *e)
{
    uint64_t version, n = 0;
    c->list.n = 0;
    if (blob.n == 0)
        return true;
    if (!wire_take(&blob, &version, 1) || version != WIRE_VERSION || !wire_take(&blob, &n, 1))
        return err_set(e, ERR_INPUT, "the state holds claims of another version");
    for (uint64_t i = 0; i < n; i++) {
        struct claim *cl = arena_alloc(c->memory, sizeof *cl);
        if (!cl)
            return no_memory(e);
        if (!take_claim(c, &blob, cl) || !insert(c, cl))
            return err_set(e, ERR_INPUT, "the state holds broken claims");
    }
    return blob.n == 0 || err_set(e, ERR_INPUT, "the state holds broken claims");
}
