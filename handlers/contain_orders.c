/* Orders of persons: contain, approve, release, list. */
#include <stdlib.h>

#include "handlers/contain_work.h"

/* Longest invocation of Lambda; an operator's command has as long. */
#define LEASE_MS 900000

/* ---- beginning ---- */

/* An order is a delivery of its own: it leases under a random name. */
static bool begin(struct container *c, struct err *e)
{
    const struct contain_own *own;
    struct delivery d = {.now_ms = contain_now(c), .lease_ms = LEASE_MS};
    int64_t left_ms = c->ports.clock.left_ms(c->ports.clock.self);
    if (left_ms < LEASE_MS)
        d.lease_ms = left_ms + 5000;
    if (!c->ports.random.fill(c->ports.random.self, d.owner, sizeof d.owner, e))
        return false;
    container_begin(c, &d);
    return container_own(c, &own, e);
}

static struct contain_outcome *add_outcome(struct contain_report *out)
{
    out->cut = out->cut || out->n == CONTAIN_SUBJECTS_MAX;
    return out->n < CONTAIN_SUBJECTS_MAX ? out->list + out->n++ : NULL;
}

static struct contain_cause cause_of(const struct container *c, const struct contain_order *order)
{
    return (struct contain_cause){.asked = true,
                                  .level = LEVEL_HIGH,
                                  .since_ms = INT64_MIN,
                                  .has_strategy = order->has_strategy,
                                  .strategy = order->strategy,
                                  .target = order->target,
                                  .by = str_present(order->by) ? order->by : c->own_arn,
                                  .dry_run = order->dry_run};
}

static struct str hex_of(struct container *c, const unsigned char id[INCIDENT_ID_BYTES])
{
    char hex[2 * INCIDENT_ID_BYTES];
    bytes_hex(hex, id, INCIDENT_ID_BYTES);
    return arena_str(&c->memory, str_n(hex, sizeof hex));
}

/* ---- contain ---- */

static bool contain_all(struct container *c, const struct contain_cause *cause, struct str account,
                        const struct contain_targets *list, struct contain_report *out,
                        struct err *e)
{
    out->cut = out->cut || list->cut;
    for (size_t i = 0; str_present(account) && i < list->n; i++)
        if (!str_eq(list->list[i].subject.account, account))
            return err_set(e, ERR_USAGE, "the principal is not of that account");
    for (size_t i = 0; i < list->n; i++) {
        struct contain_outcome *to = add_outcome(out);
        if (to && !contain_one(c, cause, list->list + i, to, e))
            return false;
    }
    return true;
}

static bool contain_principal(struct container *c, const struct contain_order *order,
                              struct contain_report *out, struct err *e)
{
    struct contain_cause cause = cause_of(c, order);
    struct contain_targets list = {.n = 1};
    list.list[0].how = CONTAIN_ACTED;
    subject_of_arn(arena_str(&c->memory, order->principal), &list.list[0].subject);
    return contain_all(c, &cause, order->account, &list, out, e);
}

static bool contain_incident(struct container *c, const struct contain_order *order,
                             struct contain_report *out, struct err *e)
{
    struct contain_cause cause = cause_of(c, order);
    struct contain_targets list = {.n = 0};
    if (!order->record)
        return err_set(e, ERR_USAGE, "there is no such incident");
    cause.incident = hex_of(c, order->incident);
    return contain_gather_incident(c, order, &list, e) &&
           contain_all(c, &cause, order->account, &list, out, e);
}

/* ---- approve ---- */

static bool read_hex(struct str s, unsigned char *out, size_t n)
{
    for (size_t i = 0; s.n == 2 * n && i < n; i++) {
        int hi = byte_hex(s.p[2 * i]), lo = byte_hex(s.p[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        out[i] = (unsigned char)(hi << 4 | lo);
    }
    return s.n == 2 * n;
}

/* "<32 hex>-<n>": the key of the record, and the notice that asked. */
static bool read_approval(struct container *c, struct str text, struct contain_record **out,
                          struct err *e)
{
    struct state_key key;
    unsigned long long n;
    struct str rest = text, hex = str_cut(&rest, '-');
    struct contain_record *r = contain_record_new(c);
    if (!r)
        return contain_no_memory(e);
    if (!read_hex(hex, key.bytes, sizeof key.bytes) || !str_u64(rest, &n))
        return err_set(e, ERR_USAGE, "the approval is not one that was asked for");
    if (!contain_record_read(&c->ports.state, &key, 1, &c->memory, r, e))
        return false;
    if (r->state != CONTAIN_ASKED || r->due != n)
        return err_set(e, ERR_USAGE, "the approval is not one that is asked for (any more)");
    if (contain_now(c) >= r->expires_ms)
        return err_set(e, ERR_USAGE, "the approval has expired");
    *out = r;
    return true;
}

static bool approve(struct container *c, const struct contain_order *order,
                    struct contain_report *out, struct err *e)
{
    struct contain_record *r = NULL;
    struct contain_targets list = {.n = 1};
    struct contain_cause cause = cause_of(c, order);
    if (!read_approval(c, order->approval, &r, e))
        return false;
    cause.alert = r->alert;
    cause.rule = r->rule;
    cause.rule_title = r->rule_title;
    cause.level = r->level;
    cause.node = r->node;
    cause.since_ms = r->since_ms;
    cause.incident = r->incident;
    cause.has_event = str_present(r->object);
    cause.event = (struct facts){.object = r->object,
                                 .account = r->event_account,
                                 .timed = r->event_ms != 0,
                                 .time_ms = r->event_ms};
    list.list[0] = (struct contain_target){r->subject, r->how};
    return contain_all(c, &cause, order->account, &list, out, e);
}

/* ---- release ---- */

/* Whether something was left when it was released: a second order may take it back after all. */
static bool has_kept(const struct contain_record *r)
{
    for (size_t i = 0; i < r->n_steps; i++)
        if (r->steps[i].state == STEP_KEPT)
            return true;
    return false;
}

static bool release_one(struct container *c, struct contain_record *r,
                        const struct contain_order *order, struct contain_report *out,
                        struct err *e)
{
    struct contain_outcome *to = add_outcome(out);
    if (!to)
        return true;
    if (str_present(order->account) && !str_eq(r->subject.account, order->account))
        return err_set(e, ERR_USAGE, "the principal is not of that account");
    *to = (struct contain_outcome){.plan.subject = r->subject, .was = r->state, .record = r};
    if (!contain_state_holds(r->state) && !has_kept(r)) {
        to->why = S("nothing of ours is on the principal");
        return true;
    }
    if (order->dry_run) {
        to->done = true;
        return true;
    }
    if (!contain_release(c, r, order->force, order->keep_keys, e))
        return false;
    to->done = r->state == CONTAIN_RELEASED;
    for (size_t i = 0; i < r->n_steps; i++)
        if (str_present(r->steps[i].why) && (!to->done || r->steps[i].state == STEP_KEPT))
            to->why = r->steps[i].why;
    return true;
}

/* Names of users and roles may be the same: each has its own record; of an access key its id. */
static bool release_principal(struct container *c, const struct contain_order *order,
                              struct contain_report *out, struct err *e)
{
    struct subject s;
    struct contain_record *r = contain_record_new(c);
    if (!r)
        return contain_no_memory(e);
    subject_of_arn(order->principal, &s);
    if (subject_key_is_long_term(order->principal))
        s = (struct subject){
            .kind = SUBJECT_KEY, .account = c->own.account, .key = order->principal};
    struct state_key key = contain_key(&s);
    if (!contain_record_read(&c->ports.state, &key, 1, &c->memory, r, e))
        return false;
    if (r->version == 0)
        return err_set(e, ERR_USAGE, "nobody of that name is on record");
    return release_one(c, r, order, out, e);
}

static bool is_of_incident(struct container *c, const struct contain_record *r,
                           const struct contain_order *order)
{
    if (str_eq(r->incident, hex_of(c, order->incident)))
        return true;
    for (uint32_t i = 0; order->record && i < order->record->n_signals; i++)
        if (str_eq(r->alert, hex_of(c, order->record->signals[i].alert)))
            return true;
    return false;
}

static bool read_all(struct container *c, bool all, struct contain_record **out, size_t *n,
                     struct err *e);

static bool release_incident(struct container *c, const struct contain_order *order,
                             struct contain_report *out, struct err *e)
{
    struct contain_record *list;
    size_t n;
    if (!read_all(c, false, &list, &n, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (is_of_incident(c, list + i, order) && !release_one(c, list + i, order, out, e))
            return false;
    return out->n || err_set(e, ERR_USAGE, "nobody is contained for that incident");
}

/* ---- the whole ---- */

bool container_order(struct container *c, const struct contain_order *order,
                     struct contain_report *out, struct err *e)
{
    out->n = 0;
    out->cut = false;
    if (!begin(c, e))
        return false;
    switch (order->verb) {
    case ORDER_APPROVE:
        return approve(c, order, out, e);
    case ORDER_RELEASE:
        return order->has_incident ? release_incident(c, order, out, e)
                                   : release_principal(c, order, out, e);
    default:
        return order->has_incident ? contain_incident(c, order, out, e)
                                   : contain_principal(c, order, out, e);
    }
}

static int by_time(const void *p, const void *q)
{
    const struct contain_record *x = p, *y = q;
    return (x->planned_ms > y->planned_ms) - (x->planned_ms < y->planned_ms);
}

static bool read_all(struct container *c, bool all, struct contain_record **out, size_t *n,
                     struct err *e)
{
    struct vec keys;
    int64_t now_ms = contain_now(c);
    vec_init(&keys, sizeof(struct state_key), SIZE_MAX);
    bool ok =
        all ? contain_records_between(&c->ports.state, now_ms - CONTAIN_CLOSED_MS, now_ms, &keys, e)
            : contain_records_open(&c->ports.state, &keys, e);
    struct contain_record *list = ok ? arena_array(&c->memory, keys.n + 1, sizeof *list) : NULL;
    ok = ok && (list || contain_no_memory(e)) &&
         contain_record_read(&c->ports.state, keys.p, keys.n, &c->memory, list, e);
    *n = 0;
    for (size_t i = 0; ok && i < keys.n; i++)
        if (list[i].version)
            list[(*n)++] = list[i];
    if (ok)
        qsort(list, *n, sizeof *list, by_time);
    vec_release(&keys);
    *out = list;
    return ok;
}

bool container_list(struct container *c, bool all, const struct contain_record **out, size_t *n,
                    struct err *e)
{
    struct contain_record *list = NULL;
    arena_reset(&c->memory);
    bool ok = read_all(c, all, &list, n, e);
    *out = list;
    return ok;
}
