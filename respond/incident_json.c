/* The incident as JSON. */
#include "base/escape.h"
#include "base/sha256.h"
#include "base/version.h"
#include "respond/incident_put.h"
#include "respond/incident_say.h"
#include "respond/mitre.h"
#include "respond/put.h"
#include "respond/risk.h"

/* Different values of one indicator, and calls of one signal: ATT&CK has 14 tactics, and an
 * intruder makes some dozens of different calls. */
#define VALUES_MAX 100
/* A summary's names are at most 1 KB each and a dozen. */
#define SUMMARY_MAX (64u << 10)

static const struct graph_node *node_of(const struct incident *i, uint32_t node)
{
    return lineage_graph_node(&i->from->graph, node);
}

static void put_node_id(struct buf *b, const struct graph_node *n)
{
    buf_putc(b, '"');
    incident_put_node_id(b, n);
    buf_putc(b, '"');
}

static void put_actor_id(struct buf *b, const struct incident *i, uint32_t actor)
{
    put_node_id(b, node_of(i, incident_actor(i, actor)->node));
}

/* Names may be long and alike: the id is a hash of type, name and account. */
static void put_resource_id(struct buf *b, const struct incident *i, const struct made_resource *r)
{
    unsigned char raw[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add_part(&h, str_of(r->type));
    sha256_add_part(&h, seen_text(&i->from->seen, r->name));
    sha256_add_part(&h, seen_text(&i->from->seen, r->account));
    sha256_end(&h, raw);
    buf_putz(b, "\"resource/");
    buf_put_hex(b, raw, 8);
    buf_putc(b, '"');
}

static void put_count(struct buf *b, const char *name, uint64_t n)
{
    buf_putf(b, "\"%s\":", name);
    buf_put_u64(b, n);
    buf_putc(b, ',');
}

static void put_name(struct buf *b, const char *name)
{
    buf_put_json(b, str_of(name));
    buf_putc(b, ':');
}

static void end_list(struct buf *b)
{
    put_close(b, ']');
    buf_putc(b, ',');
}

/* ---- texts, each once ---- */

/* Numbers of texts in the order in which they were met. */
struct text_set {
    uint32_t list[VALUES_MAX];
    size_t n;
};

static void text_add(struct text_set *s, uint32_t text)
{
    if (text == SEEN_NONE || s->n == VALUES_MAX)
        return;
    for (size_t k = 0; k < s->n; k++)
        if (s->list[k] == text)
            return;
    s->list[s->n++] = text;
}

static void put_texts(struct buf *b, const struct incident *i, const char *name,
                      const struct text_set *s)
{
    put_name(b, name);
    buf_putc(b, '[');
    for (size_t k = 0; k < s->n; k++) {
        buf_put_json(b, seen_text(&i->from->seen, s->list[k]));
        buf_putc(b, ',');
    }
    end_list(b);
}

static void put_places(struct buf *b, const struct incident *i)
{
    struct text_set accounts = {.n = 0}, regions = {.n = 0};
    for (size_t k = 0; k < i->events.n; k++) {
        text_add(&accounts, incident_event(i, k)->seen->account);
        text_add(&regions, incident_event(i, k)->seen->region);
    }
    put_texts(b, i, "accounts", &accounts);
    put_texts(b, i, "regions", &regions);
}

/* ---- who ---- */

/* The keys of one owner; of LINEAGE_NONE those that nobody is known to own. */
static void put_keys(struct buf *b, const struct incident *i, uint32_t owner)
{
    buf_putz(b, "\"keys\":[");
    for (uint32_t k = 0; k < i->keys.n; k++) {
        const struct made_key *key = incident_key(i, k);
        if (key->owner != owner)
            continue;
        buf_putz(b, "{\"id\":");
        put_node_id(b, node_of(i, key->node));
        buf_putc(b, ',');
        put_member(b, S("key"), node_of(i, key->node)->name, SEEN_TEXT_MAX);
        put_count(b, "events", key->events);
        put_close(b, '}');
        buf_putc(b, ',');
    }
    end_list(b);
}

static void put_actors(struct buf *b, const struct incident *i)
{
    buf_putz(b, "\"actors\":[");
    for (uint32_t k = 0; k < i->actors.n; k++) {
        const struct made_actor *a = incident_actor(i, k);
        const struct graph_node *n = node_of(i, a->node);
        buf_putz(b, "{\"id\":");
        put_node_id(b, n);
        buf_putc(b, ',');
        put_member(b, S("kind"), str_of(lineage_kind_name((enum lineage_kind)n->kind)), SIZE_MAX);
        put_member(b, S("name"), n->name, SEEN_TEXT_MAX);
        put_member(b, S("account"), n->account, SEEN_TEXT_MAX);
        put_member_time(b, "created", n->created_ms != INT64_MIN, n->created_ms);
        buf_putf(b, "\"began\":%s,", incident_began(a) ? "true" : "false");
        put_count(b, "events", a->events);
        put_keys(b, i, k);
        put_close(b, '}');
        buf_putc(b, ',');
    }
    end_list(b);
    put_keys(b, i, LINEAGE_NONE);
}

static void put_event_id(struct buf *b, struct id128 id)
{
    buf_putz(b, "\"event\":\"");
    id128_put(b, id);
    buf_putc(b, '"');
}

static void put_links(struct buf *b, const struct incident *i)
{
    buf_putz(b, "\"links\":[");
    for (size_t k = 0; k < i->links.n; k++) {
        const struct made_link *l = incident_link(i, k);
        enum lineage_strength strength = (enum lineage_strength)l->link->strength;
        buf_putc(b, '{');
        put_member(b, S("type"), str_of(lineage_type_name((enum lineage_type)l->link->type)),
                   SIZE_MAX);
        put_member(b, S("strength"), str_of(lineage_strength_name(strength)), SIZE_MAX);
        buf_putz(b, "\"from\":");
        put_actor_id(b, i, l->from);
        buf_putz(b, ",\"to\":");
        if (l->key != LINEAGE_NONE)
            put_node_id(b, node_of(i, incident_key(i, l->key)->node));
        else
            put_actor_id(b, i, l->to);
        buf_putc(b, ',');
        put_member_time(b, "time", l->link->time_ms != INT64_MAX, l->link->time_ms);
        put_event_id(b, l->link->event);
        buf_putz(b, "},");
    }
    end_list(b);
}

/* ---- where from, and what about ---- */

static void put_agents(struct buf *b, const struct incident *i, uint32_t endpoint)
{
    struct text_set agents = {.n = 0};
    for (size_t k = 0; k < i->agents.n; k++) {
        const struct made_agent *a = vec_at(&i->agents, k);
        if (a->endpoint == endpoint)
            text_add(&agents, a->agent);
    }
    put_texts(b, i, "user_agents", &agents);
}

static void put_endpoints(struct buf *b, const struct incident *i)
{
    buf_putz(b, "\"endpoints\":[");
    for (uint32_t k = 0; k < i->endpoints.n; k++) {
        const struct made_endpoint *p = incident_endpoint(i, k);
        struct str ip = seen_text(&i->from->seen, p->ip);
        buf_putc(b, '{');
        put_member(b, S("id"), ip, SEEN_TEXT_MAX);
        put_member(b, S("ip"), p->aws ? STR_ABSENT : ip, SEEN_TEXT_MAX);
        put_member(b, S("kind"), p->aws ? S("aws") : S("address"), SIZE_MAX);
        put_count(b, "events", p->events);
        put_member_time(b, "first", p->first_ms != INT64_MAX, p->first_ms);
        put_member_time(b, "last", p->last_ms != INT64_MIN, p->last_ms);
        put_agents(b, i, k);
        put_close(b, '}');
        buf_putc(b, ',');
    }
    end_list(b);
}

static void put_resources(struct buf *b, const struct incident *i)
{
    const struct seen_events *seen = &i->from->seen;
    buf_putz(b, "\"resources\":[");
    for (size_t k = 0; k < i->resources.n; k++) {
        const struct made_resource *r = vec_at(&i->resources, k);
        buf_putz(b, "{\"id\":");
        put_resource_id(b, i, r);
        buf_putc(b, ',');
        put_member(b, S("type"), str_of(r->type), SIZE_MAX);
        put_member(b, S("name"), seen_text(seen, r->name), SIZE_MAX);
        put_member(b, S("account"), seen_text(seen, r->account), SIZE_MAX);
        put_member(b, S("region"), seen_text(seen, r->region), SIZE_MAX);
        put_close(b, '}');
        buf_putc(b, ',');
    }
    end_list(b);
}

/* ---- signals ---- */

static const struct rs_rule *rule_of(const struct incident *i, const struct incident_signal *s)
{
    return i->from->rules->rules + s->alert->window->rule;
}

static void put_mitre(struct buf *b, const struct incident *i, const struct rs_rule *r)
{
    struct mitre list[MITRE_PER_RULE_MAX];
    size_t n = mitre_of(i->from->rules, r, list);
    buf_putz(b, "\"mitre\":[");
    for (size_t k = 0; k < n; k++) {
        buf_putc(b, '{');
        put_member(b, S("tactic"), list[k].tactic, SIZE_MAX);
        put_member(b, S("technique"), list[k].technique, SIZE_MAX);
        put_close(b, '}');
        buf_putc(b, ',');
    }
    end_list(b);
}

/* Ids of those whose position is set. */
static void put_marked(struct buf *b, const struct incident *i, const char *name, const bool *in,
                       size_t n, void (*put)(struct buf *b, const struct incident *i, uint32_t at))
{
    put_name(b, name);
    buf_putc(b, '[');
    for (uint32_t k = 0; k < n; k++) {
        if (!in[k])
            continue;
        put(b, i, k);
        buf_putc(b, ',');
    }
    end_list(b);
}

static void put_endpoint_id(struct buf *b, const struct incident *i, uint32_t at)
{
    put_string(b, seen_text(&i->from->seen, incident_endpoint(i, at)->ip), SEEN_TEXT_MAX);
}

static void put_resource_at(struct buf *b, const struct incident *i, uint32_t at)
{
    put_resource_id(b, i, vec_at(&i->resources, at));
}

/* Whether nobody knows what was called. */
static bool is_unnamed(const struct made_event *e)
{
    return e->seen->source == SEEN_NONE && e->seen->name == SEEN_NONE;
}

/* "apis":["iam.amazonaws.com:CreateUser"]. Source and name are two texts; pairs are compared. */
static void put_apis(struct buf *b, const struct incident *i, uint32_t signal)
{
    const struct seen *list[VALUES_MAX];
    size_t n = 0;
    for (size_t k = 0; k < i->events.n && n < VALUES_MAX; k++) {
        const struct made_event *e = incident_event(i, k);
        bool known = e->signal != signal || is_unnamed(e);
        for (size_t j = 0; j < n && !known; j++)
            known = list[j]->source == e->seen->source && list[j]->name == e->seen->name;
        if (!known)
            list[n++] = e->seen;
    }
    buf_putz(b, "\"apis\":[");
    for (size_t k = 0; k < n; k++) {
        incident_put_api(b, i, list[k]);
        buf_putc(b, ',');
    }
    end_list(b);
}

static void put_references(struct buf *b, const struct incident *i, uint32_t signal)
{
    bool actors[INCIDENT_ACTORS_MAX] = {false}, endpoints[INCIDENT_ENDPOINTS_MAX] = {false},
         resources[INCIDENT_RESOURCES_MAX] = {false};
    for (size_t k = 0; k < i->events.n; k++) {
        const struct made_event *e = incident_event(i, k);
        if (e->signal == signal && e->actor != LINEAGE_NONE)
            actors[e->actor] = true;
        if (e->signal == signal && e->endpoint != LINEAGE_NONE)
            endpoints[e->endpoint] = true;
    }
    for (size_t k = 0; k < i->mentions.n; k++) {
        const struct made_mention *m = vec_at(&i->mentions, k);
        if (m->signal == signal)
            resources[m->resource] = true;
    }
    put_marked(b, i, "actors", actors, i->actors.n, put_actor_id);
    put_marked(b, i, "endpoints", endpoints, i->endpoints.n, put_endpoint_id);
    put_marked(b, i, "resources", resources, i->resources.n, put_resource_at);
}

static void put_signal(struct buf *b, const struct incident *i, uint32_t at)
{
    const struct incident_signal *s = incident_signal(i, at);
    const struct incident_alert *a = s->alert;
    const struct rs_rule *r = rule_of(i, s);
    buf_putc(b, '{');
    put_member(b, S("id"), a->id, SIZE_MAX);
    buf_putz(b, "\"type\":\"alert\",\"rule\":{");
    put_member(b, S("id"), rs_str(i->from->rules, r->id), SIZE_MAX);
    put_member(b, S("title"), rs_str(i->from->rules, r->title), SIZE_MAX);
    put_close(b, '}');
    buf_putc(b, ',');
    put_member(b, S("level"), str_of(level_name((enum level)r->level)), SIZE_MAX);
    put_count(b, "risk", risk_signal(i, at));
    put_member_time(b, "first", a->timed, s->first_ms);
    put_member_time(b, "last", a->timed, s->last_ms);
    put_count(b, "count", a->count);
    if (a->estimated)
        buf_putz(b, "\"count_is_estimate\":true,");
    put_mitre(b, i, r);
    put_apis(b, i, at);
    put_references(b, i, at);
    put_close(b, '}');
}

static void put_signals(struct buf *b, const struct incident *i)
{
    buf_putz(b, "\"signals\":[");
    for (uint32_t k = 0; k < i->signals.n; k++) {
        put_signal(b, i, k);
        buf_putc(b, ',');
    }
    end_list(b);
}

/* ---- indicators ---- */

struct str_set {
    struct str list[VALUES_MAX];
    size_t n;
};

/* s must stay: a rule's text or a constant. */
static void str_add(struct str_set *set, struct str s)
{
    if (!s.n || set->n == VALUES_MAX)
        return;
    for (size_t k = 0; k < set->n; k++)
        if (str_eq(set->list[k], s))
            return;
    set->list[set->n++] = s;
}

static void put_indicator(struct buf *b, const char *key, const struct str_set *set)
{
    if (set->n == 0)
        return;
    buf_putc(b, '{');
    put_member(b, S("key"), str_of(key), SIZE_MAX);
    buf_putz(b, "\"values\":[");
    for (size_t k = 0; k < set->n; k++) {
        buf_put_json(b, set->list[k]);
        buf_putc(b, ',');
    }
    put_close(b, ']');
    buf_putz(b, "},");
}

/* Calls that alerts of level high or above are about. */
static void put_risky_apis(struct buf *b, const struct incident *i)
{
    const struct seen *list[VALUES_MAX];
    size_t n = 0;
    for (size_t k = 0; k < i->events.n && n < VALUES_MAX; k++) {
        const struct made_event *e = incident_event(i, k);
        bool known = rule_of(i, incident_signal(i, e->signal))->level < LEVEL_HIGH || is_unnamed(e);
        for (size_t j = 0; j < n && !known; j++)
            known = list[j]->source == e->seen->source && list[j]->name == e->seen->name;
        if (!known)
            list[n++] = e->seen;
    }
    if (n == 0)
        return;
    buf_putz(b, "{\"key\":\"HIGH_RISK_API\",\"values\":[");
    for (size_t k = 0; k < n; k++) {
        incident_put_api(b, i, list[k]);
        buf_putc(b, ',');
    }
    put_close(b, ']');
    buf_putz(b, "},");
}

/* Names as GuardDuty's SequenceIndicators have them. */
static void put_indicators(struct buf *b, const struct incident *i)
{
    struct str_set tactics = {.n = 0}, techniques = {.n = 0};
    struct mitre lists[INCIDENT_SIGNALS_MAX][MITRE_PER_RULE_MAX];
    for (uint32_t k = 0; k < i->signals.n; k++) {
        size_t n = mitre_of(i->from->rules, rule_of(i, incident_signal(i, k)), lists[k]);
        for (size_t j = 0; j < n; j++) {
            str_add(&tactics, lists[k][j].tactic);
            str_add(&techniques, lists[k][j].technique);
        }
    }
    buf_putz(b, "\"indicators\":[");
    put_indicator(b, "ATTACK_TACTIC", &tactics);
    put_indicator(b, "ATTACK_TECHNIQUE", &techniques);
    put_risky_apis(b, i);
    end_list(b);
}

/* ---- the whole ---- */

static void put_cut(struct buf *b, const char *what, size_t kept, uint32_t cut)
{
    if (cut)
        buf_putf(b, "{\"what\":\"%s\",\"kept\":%zu,\"total\":%zu},", what, kept, kept + cut);
}

static void put_truncated(struct buf *b, const struct incident *i)
{
    const struct made_cut *c = &i->cut;
    buf_putz(b, "\"truncated\":[");
    put_cut(b, "actors", i->actors.n, c->actors);
    put_cut(b, "keys", i->keys.n, c->keys);
    put_cut(b, "links", i->links.n, c->links);
    put_cut(b, "endpoints", i->endpoints.n, c->endpoints);
    put_cut(b, "user_agents", i->agents.n, c->agents);
    put_cut(b, "resources", i->resources.n, c->resources);
    put_cut(b, "signals", i->signals.n, c->signals);
    end_list(b);
}

/* "joined":["<incident id>"], when there are any. */
static void put_joined(struct buf *b, const struct incident_group *g)
{
    if (g->n_joined == 0)
        return;
    buf_putz(b, "\"joined\":[");
    for (size_t k = 0; k < g->n_joined; k++) {
        buf_put_json(b, g->joined[k]);
        buf_putc(b, ',');
    }
    end_list(b);
}

static void put_head(struct buf *b, const struct incident *i)
{
    const struct incident_group *g = i->group;
    struct buf summary;
    buf_init(&summary, SUMMARY_MAX);
    incident_put_summary(&summary, i);
    buf_putz(b, "{\"type\":\"incident\",");
    put_member(b, S("id"), str_of(g->id), SIZE_MAX);
    put_count(b, "updates", g->updates);
    put_joined(b, g);
    put_member(b, S("level"), str_of(level_name(g->level)), SIZE_MAX);
    put_count(b, "risk", risk_incident(i));
    put_member(b, S("title"), incident_title(i), SIZE_MAX);
    put_member(b, S("summary"), buf_str(&summary), SIZE_MAX);
    put_member_time(b, "first", g->timed, g->first_ms);
    put_member_time(b, "last", g->timed, g->last_ms);
    put_count(b, "events", i->n_events);
    buf_release(&summary);
}

void incident_put_json(struct buf *b, const struct incident *i)
{
    put_head(b, i);
    put_places(b, i);
    put_actors(b, i);
    put_links(b, i);
    put_endpoints(b, i);
    put_resources(b, i);
    put_signals(b, i);
    put_indicators(b, i);
    put_truncated(b, i);
    put_member(b, S("version"), S(TRAILWARDEN_VERSION), SIZE_MAX);
    buf_putz(b, "\"rules\":\"");
    buf_put_hex(b, i->from->rules->hash, SHA256_BYTES);
    buf_putz(b, "\"}");
}
