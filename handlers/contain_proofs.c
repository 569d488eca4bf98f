/* What proves who acted. */
#include "handlers/contain_proofs.h"

#include "respond/contain_plan.h"
#include "respond/incident_seen.h"

void contain_proofs_init(struct contain_proofs *p)
{
    vec_init(&p->list, sizeof(struct contain_proof), CONTAIN_PROOFS_MAX);
    lineage_map_init(&p->at, CONTAIN_PROOFS_MAX);
    arena_init(&p->memory, CONTAIN_PROOF_BYTES_MAX);
}

void contain_proofs_release(struct contain_proofs *p)
{
    vec_release(&p->list);
    lineage_map_release(&p->at);
    arena_release(&p->memory);
}

void contain_proofs_begin(struct contain_proofs *p)
{
    if (p->list.n == 0)
        return;
    contain_proofs_release(p);
    contain_proofs_init(p);
}

bool contain_keep_facts(struct arena *a, const struct facts *from, struct facts *to)
{
    bool ok = true;
    *to = *from;
    struct str *all[] = {&to->id,         &to->source,       &to->name,       &to->account,
                         &to->region,     &to->ip,           &to->user_agent, &to->error,
                         &to->actor,      &to->identity,     &to->user_type,  &to->user_name,
                         &to->user_arn,   &to->user_account, &to->principal,  &to->invoked_by,
                         &to->access_key, &to->issuer,       &to->sign_in,    &to->object};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!str_present(*all[i]))
            continue;
        *all[i] = arena_str(a, *all[i]);
        ok = ok && str_present(*all[i]);
    }
    to->evidence = to->id;
    to->where = (struct geo){0};
    return ok;
}

void contain_proofs_see(struct contain_proofs *p, struct event *ev, const struct facts *f)
{
    struct lineage_node who;
    struct id128 key, id = seen_id(f->evidence);
    size_t at = p->list.n;
    if (!contain_event_proves(f) || lineage_map_find(&p->at, id) != LINEAGE_MAP_NONE)
        return;
    struct contain_proof *to = vec_push(&p->list, 1);
    if (!to)
        return;
    lineage_actor(ev, f, NULL, &who, &key);
    to->node = who.id;
    if (!contain_keep_facts(&p->memory, f, &to->facts) ||
        !lineage_map_add(&p->at, id, (uint32_t)at))
        p->list.n = at;
}

const struct contain_proof *contain_proofs_last(const struct contain_proofs *p,
                                                const struct alert *a)
{
    for (size_t i = a->n_events; i-- > 0;) {
        uint32_t at = lineage_map_find(&p->at, seen_id(a->events[i]));
        if (at != LINEAGE_MAP_NONE)
            return vec_at(&p->list, at);
    }
    return NULL;
}
