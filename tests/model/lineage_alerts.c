/* Claim, publish, hand over, mark. */
#include "tests/model/lineage_alerts.h"

#include "handlers/deeds.h"
#include "tests/model/lineage_delivery.h"
#include "tests/model/port.h"

#define SWAPS_MAX 64 /* as windows */
#define LOOKS_MAX 3
#define PAUSE_MS  100
#define EXPIRES_S 4102444800                /* 2100: a store forgets nothing of this */
#define KEYS      (UINT64_C(0xa1e57) << 40) /* alerts' items and buckets lie apart from all else */

/* As it lies in the state; written and read by this program alone. */
struct item {
    unsigned char owner[CLAIM_ID_BYTES];
    int64_t lease_ms;
    uint32_t due, told;
};

static struct state_key key_of(const struct lineage_plan *p, uint32_t alert)
{
    struct rng hash = {p->salt ^ KEYS ^ alert};
    struct state_key key;
    for (size_t i = 0; i < sizeof key; i += sizeof(uint64_t)) {
        uint64_t bits = rng_next(&hash);
        memcpy(key.bytes + i, &bits, sizeof bits);
    }
    return key;
}

static bool read_item(struct lineage_hand *h, uint32_t alert, struct item *it, uint64_t *version,
                      struct err *e)
{
    struct state_claims c = {.key = key_of(&h->world->plan, alert)};
    *it = (struct item){.due = 0};
    buf_init(&c.blob, 1024);
    bool ok = h->port.claims(h->port.self, &c, 1, e);
    if (ok && c.blob.n == sizeof *it)
        memcpy(it, buf_str(&c.blob).p, sizeof *it);
    *version = c.version;
    buf_release(&c.blob);
    return ok;
}

static bool is_owner(const struct item *it, const struct delivery *d)
{
    return memcmp(it->owner, d->owner, sizeof it->owner) == 0;
}

/* What the delivery makes of the item; true when that changes it. */
typedef bool (*change_fn)(struct item *it, const struct lineage_call *c, const struct delivery *d);

static bool claim(struct item *it, const struct lineage_call *c, const struct delivery *d)
{
    bool news = it->due <= c->update;
    bool takes = it->told < it->due && !is_owner(it, d) && (d->again || it->lease_ms <= d->now_ms);
    if (news)
        it->due = c->update + 1;
    if (!news && !takes)
        return false;
    memcpy(it->owner, d->owner, sizeof it->owner);
    it->lease_ms = d->now_ms + d->lease_ms;
    return true;
}

static bool mark(struct item *it, const struct lineage_call *c, const struct delivery *d)
{
    (void)d;
    if (it->told > c->update)
        return false;
    it->told = c->update + 1;
    return true;
}

/* Changes the item by compare-and-set; *it is then as it stands. */
static bool change(struct lineage_hand *h, const struct lineage_call *c, const struct delivery *d,
                   change_fn by, struct item *it, struct err *e)
{
    uint64_t version;
    for (size_t i = 0; i < SWAPS_MAX; i++) {
        if (!read_item(h, c->alert, it, &version, e))
            return false;
        if (!by(it, c, d))
            return true;
        struct state_swap s = {.key = key_of(&h->world->plan, c->alert),
                               .blob = str_n((const char *)it, sizeof *it),
                               .version = version,
                               .expires_s = EXPIRES_S};
        if (!h->port.swap(h->port.self, &s, 1, e))
            return false;
        if (!s.conflict)
            return true;
    }
    return err_set(e, ERR_RETRY, "too many conflicts over an alert");
}

/* ---- events that come one by one ---- */

static struct str event_id(const struct lineage_plan *p, uint32_t event, struct buf *text)
{
    buf_init(text, 64);
    return lineage_plan_event_id(p, event, text);
}

/* What the event proves is on record before anybody sees it, as the handler has it. */
static bool share(struct lineage_hand *h, struct str id, struct err *e)
{
    return lineages_share(h->lineages, seen_id(id), e) && lineages_link(h->lineages, e);
}

static bool add(struct lineage_hand *h, uint32_t alert, const struct element *list, size_t n,
                struct err *e)
{
    const struct state_add a = {key_of(&h->world->plan, alert), 0, list, n, EXPIRES_S};
    return h->port.add(h->port.self, &a, 1, e);
}

/* Reads the events that are there, and who did them. */
static bool read_all(struct lineage_hand *h, uint32_t alert, struct vec *events, struct vec *deeds,
                     struct err *e)
{
    const struct state_read r = {key_of(&h->world->plan, alert), 0, 0, events};
    if (!h->port.read(h->port.self, &r, 1, e))
        return false;
    if (!deeds_part(events, deeds))
        return err_set(e, ERR_SYSTEM, "no memory");
    events->n = window_sort(events->p, events->n);
    deeds->n = window_sort(deeds->p, deeds->n);
    return true;
}

bool lineage_alerts_gather(struct lineage_hand *h, uint32_t alert, uint32_t event, bool *all,
                           struct err *e)
{
    const struct lineage_plan *p = &h->world->plan;
    const struct lp_event *ev = p->events + event;
    struct buf text;
    struct vec there, deeds;
    struct str id = event_id(p, event, &text);
    const struct element own[] = {{ev->time, 0, id128_of(id)},
                                  deed_of(ev->time, lineage_delivery_node(p, ev->actor).id)};
    vec_init(&there, sizeof(struct element), SIZE_MAX);
    vec_init(&deeds, sizeof(struct element), SIZE_MAX);
    bool late = h->world->mistake == LINEAGE_SHARES_LATE;
    bool ok = share(h, id, e) && add(h, alert, own, late ? 1 : 2, e) &&
              (!h->worker || port_catch_up(h->worker, e)) && read_all(h, alert, &there, &deeds, e);
    *all = ok && there.n == p->alerts[alert].n_events;
    ok = ok && (!late || add(h, alert, own + 1, 1, e));
    vec_release(&deeds);
    vec_release(&there);
    buf_release(&text);
    return ok;
}

/* ---- the messages that are ours ---- */

/* Who did the events of a gathered alert. */
static bool find_doers(struct lineage_hand *h, uint32_t alert, struct vec *doers, struct err *e)
{
    static const struct window day = {.cell_ms = 24 * LP_HOUR_MS, .bucket_cells = 1};
    struct vec events, deeds;
    vec_init(&events, sizeof(struct element), SIZE_MAX);
    vec_init(&deeds, sizeof(struct element), SIZE_MAX);
    bool ok = read_all(h, alert, &events, &deeds, e) &&
              (deeds_doers(&day, &deeds, doers) || err_set(e, ERR_SYSTEM, "no memory"));
    vec_release(&deeds);
    vec_release(&events);
    return ok;
}

static bool hand_over(struct lineage_hand *h, const struct lineage_call *c, struct err *e)
{
    const struct lineage_plan *p = &h->world->plan;
    const struct lp_alert *a = p->alerts + c->alert;
    struct buf id, texts[LP_EVIDENCE];
    struct str events[LP_EVIDENCE];
    int64_t times[LP_EVIDENCE];
    struct vec doers;
    vec_init(&doers, sizeof(struct lineage_doer), SIZE_MAX);
    if (a->gathered && !find_doers(h, c->alert, &doers, e))
        return false;
    buf_init(&id, 64);
    for (uint32_t i = 0; i < a->n_events; i++) {
        events[i] = event_id(p, a->events[i], texts + i);
        times[i] = p->events[a->events[i]].time;
    }
    struct alert alert = {
        .window = h->world->rules->windows + a->rule,
        .id = lineage_plan_alert_id(p, c->alert, &id),
        .updates = c->update,
        .timed = true,
        .first_ms = a->first,
        .last_ms = c->update ? a->grown : a->last,
        .count = a->n_events,
        .events = events,
        .times = times,
        .n_events = a->n_events,
        .doers = doers.p,
        .n_doers = doers.n,
        .known = true,
        .first = {.has_node = true,
                  .node = lineage_delivery_node(p, p->events[a->events[0]].actor)}};
    bool ok = lineages_alert(h->lineages, &alert, e);
    vec_release(&doers);
    for (uint32_t i = 0; i < a->n_events; i++)
        buf_release(texts + i);
    buf_release(&id);
    return ok;
}

static bool mark_all(struct lineage_hand *h, const struct lineage_call *mine, size_t n,
                     const struct delivery *d, struct err *e)
{
    struct item it;
    for (size_t i = 0; i < n; i++)
        if (!change(h, mine + i, d, mark, &it, e))
            return false;
    return true;
}

static bool tell_mine(struct lineage_hand *h, const struct lineage_call *mine, size_t n,
                      const struct delivery *d, struct err *e)
{
    bool hasty = h->world->mistake == LINEAGE_MARKS_FIRST;
    for (size_t i = 0; i < n; i++)
        if (!lineage_publish(h, NULL, e))
            return false;
    if (hasty && !mark_all(h, mine, n, d, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!hand_over(h, mine + i, e))
            return false;
    return lineages_settle(h->lineages, e) && (hasty || mark_all(h, mine, n, d, e));
}

/* Whether all are told; waits a little for others. */
static bool settle(struct lineage_hand *h, const struct lineage_call *calls, size_t n,
                   struct err *e)
{
    uint64_t version;
    struct item it;
    for (size_t look = 0; look < LOOKS_MAX; look++) {
        size_t told = 0;
        for (size_t i = 0; i < n; i++) {
            if (!read_item(h, calls[i].alert, &it, &version, e))
                return false;
            told += it.told == it.due;
        }
        if (told == n)
            return true;
        h->port.pause(h->port.self, PAUSE_MS);
    }
    return err_set(e, ERR_RETRY, "another delivery has still to tell an alert");
}

bool lineage_alerts_tell(struct lineage_hand *h, const struct lineage_call *calls, size_t n,
                         const struct delivery *d, struct err *e)
{
    struct lineage_call mine[LP_BUNDLES];
    struct item it;
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        if (!change(h, calls + i, d, claim, &it, e))
            return false;
        if (it.told < it.due && is_owner(&it, d))
            mine[k++] = (struct lineage_call){calls[i].alert, it.due - 1};
    }
    return (k == 0 || tell_mine(h, mine, k, d, e)) && settle(h, calls, n, e);
}
