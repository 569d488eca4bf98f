/* Whose the alerts of a delivery are: who did their events, as far as it saw them, and as far as
 * windows know it of the others. */
#include <stdlib.h>

#include "handlers/lineage_work.h"
#include "respond/incident_seen.h"
#include "respond/put.h"

static bool read_id(struct str hex, unsigned char id[INCIDENT_ID_BYTES])
{
    if (hex.n != 2 * INCIDENT_ID_BYTES)
        return false;
    for (size_t i = 0; i < INCIDENT_ID_BYTES; i++) {
        int high = byte_hex(hex.p[2 * i]), low = byte_hex(hex.p[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        id[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

static bool write_text(struct lineages *l, const struct alert *a, const struct id128 *ids, size_t n,
                       struct str *text)
{
    struct buf b;
    buf_init(&b, RECALL_TEXT_MAX);
    l->calls.write(l->calls.to, a, ids, n, &b);
    *text = b.n && !b.failed ? arena_str(&l->alerts, buf_str(&b)) : STR_ABSENT;
    bool ok = b.n == 0 || b.failed || str_present(*text);
    buf_release(&b);
    return ok;
}

/* A deed of an alert: its event's place, and how sure it is who did it. */
enum sureness { SPANS_IT, AT_THAT_TIME, SEEN };
struct alert_deed {
    struct deed deed;
    size_t event;
    enum sureness sure;
};

static int by_event(const void *p, const void *q)
{
    const struct alert_deed *a = p, *b = q;
    if (a->event != b->event)
        return a->event < b->event ? -1 : 1;
    if (a->sure != b->sure)
        return a->sure < b->sure ? -1 : 1;
    return id128_cmp(a->deed.actor, b->deed.actor);
}

static bool push_deed(struct vec *list, size_t event, enum sureness sure, int64_t time_ms,
                      struct id128 actor, struct err *e)
{
    struct alert_deed *to = vec_push(list, 1);
    if (!to)
        return lineages_no_memory(e);
    *to = (struct alert_deed){{time_ms, actor}, event, sure};
    return true;
}

/* The deeds that this delivery saw; what they prove is to be written. */
static bool put_seen(struct lineages *l, const struct id128 *ids, size_t n, struct vec *list,
                     struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t at = lineage_map_find(&l->hit_at, ids[i]);
        if (at == LINEAGE_MAP_NONE)
            continue;
        const struct hit *h = vec_at(&l->hits, at);
        if (!lineages_queue(l, h->what))
            return lineages_no_memory(e);
        if (!push_deed(list, i, SEEN, h->time_ms, h->what->nodes[0].id, e))
            return false;
    }
    return true;
}

/* The first and the last of those unseen events that a doer may have done. */
static bool put_doer(const struct alert *a, const struct lineage_doer *by, const bool *seen,
                     struct vec *list, struct err *e)
{
    size_t first = SIZE_MAX, last = SIZE_MAX;
    for (size_t i = 0; i < a->n_events; i++) {
        if (seen[i] || a->times[i] < by->first_ms || a->times[i] > by->last_ms)
            continue;
        first = first == SIZE_MAX ? i : first;
        last = i;
    }
    const size_t both[] = {first, last};
    for (size_t i = 0; i < (first == last ? 1 : 2) && first != SIZE_MAX; i++) {
        int64_t t = a->times[both[i]];
        bool then = t == by->first_ms || t == by->last_ms;
        if (!push_deed(list, both[i], then ? AT_THAT_TIME : SPANS_IT, t, by->actor, e))
            return false;
    }
    return true;
}

static bool put_unseen(const struct alert *a, struct vec *list, struct err *e)
{
    bool *seen = calloc(a->n_events + 1, sizeof *seen);
    bool ok = seen || lineages_no_memory(e);
    for (size_t i = 0; ok && i < list->n; i++)
        seen[((const struct alert_deed *)vec_at(list, i))->event] = true;
    for (size_t i = 0; ok && i < a->n_doers; i++)
        ok = put_doer(a, a->doers + i, seen, list, e);
    free(seen);
    return ok;
}

/* Who did the alert's events, in their order: of several for one event the surest is last. */
static bool find_deeds(struct lineages *l, const struct alert *a, const struct id128 *ids,
                       struct placing *to, struct err *e)
{
    struct vec list;
    vec_init(&list, sizeof(struct alert_deed), SIZE_MAX);
    bool ok = put_seen(l, ids, a->n_events, &list, e) && put_unseen(a, &list, e);
    if (ok && list.n)
        qsort(list.p, list.n, list.size, by_event);
    struct deed *deeds = ok ? arena_array(&l->alerts, list.n, sizeof *deeds) : NULL;
    for (size_t i = 0; deeds && i < list.n; i++)
        deeds[i] = ((const struct alert_deed *)vec_at(&list, i))->deed;
    to->deeds = deeds;
    to->n_deeds = deeds ? list.n : 0;
    vec_release(&list);
    return ok && (deeds || lineages_no_memory(e));
}

/* Leaves those of this delivery. */
static size_t keep_own(const struct lineages *l, struct id128 *ids, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (lineage_map_find(&l->hit_at, ids[i]) != LINEAGE_MAP_NONE)
            ids[kept++] = ids[i];
    return kept;
}

/* Whose the alert is, and the text of what is known of its events. */
static bool take_deeds(struct lineages *l, const struct alert *a, struct placing *to, struct err *e)
{
    struct id128 *ids = calloc(a->n_events + 1, sizeof *ids);
    bool ok = ids || lineages_no_memory(e);
    for (size_t i = 0; ok && i < a->n_events; i++)
        ids[i] = seen_id(a->events[i]);
    ok = ok && find_deeds(l, a, ids, to, e) &&
         (write_text(l, a, ids, keep_own(l, ids, a->n_events), &to->signal.text) ||
          lineages_no_memory(e));
    free(ids);
    return ok;
}

/* Nothing of the alert was seen here: its first event's details name who did it. */
static bool take_details(struct lineages *l, const struct alert *a, struct placing *to,
                         struct err *e)
{
    struct deed *deed = arena_alloc(&l->alerts, sizeof *deed);
    struct proven *p = arena_alloc(&l->alerts, sizeof *p);
    struct lineage_node *node = arena_alloc(&l->alerts, sizeof *node);
    if (!deed || !p || !node)
        return lineages_no_memory(e);
    if (!a->known || !a->first.has_node)
        return true;
    *node = a->first.node;
    node->name = arena_str(&l->alerts, text_cut(node->name, LINEAGES_NAME_MAX));
    node->account = arena_str(&l->alerts, text_cut(node->account, LINEAGES_NAME_MAX));
    *p = (struct proven){.hash = node->id, .nodes = node, .n_nodes = 1, .time_ms = INT64_MAX};
    *deed = (struct deed){a->timed ? a->first_ms : INT64_MIN, node->id};
    to->deeds = deed;
    to->n_deeds = 1;
    return lineages_queue(l, p) || lineages_no_memory(e);
}

bool lineages_alert(struct lineages *l, const struct alert *a, struct err *e)
{
    const struct rs_rule *rule = alert_rule(l->cfg.rules, a);
    struct placing p = {.signal = {.level = rule->level,
                                   .tactics = record_tactics(l->cfg.rules, rule),
                                   .first_ms = a->timed ? a->first_ms : INT64_MIN,
                                   .last_ms = a->timed ? a->last_ms : INT64_MIN}};
    if (!read_id(a->id, p.signal.alert))
        return err_set(e, ERR_INPUT, "an alert's id is no 32 hexadecimal digits");
    if (!take_deeds(l, a, &p, e) || (p.n_deeds == 0 && !take_details(l, a, &p, e)))
        return false;
    if (p.n_deeds == 0) {
        l->counts.unplaced++;
        return true;
    }
    struct placing *to = vec_push(&l->placings, 1);
    if (to)
        *to = p;
    return to || lineages_no_memory(e);
}
