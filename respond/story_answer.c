/* The answers, out of the incident and its steps. */
#include "respond/story_answer.h"

#include <stdlib.h>

#include "base/escape.h"
#include "base/timefmt.h"
#include "engine/source.h"
#include "respond/incident_say.h"
#include "respond/put.h"
#include "respond/subject.h"

/* Bytes of one name in an answer, and names in one list. */
#define NAME_MAX  120
#define NAMED_MAX 4

static const struct graph_node *node_of(const struct incident *i, uint32_t node)
{
    return lineage_graph_node(&i->from->graph, node);
}

static void put_name(struct buf *b, const struct graph_node *n)
{
    buf_putf(b, "%s ", lineage_kind_name((enum lineage_kind)n->kind));
    put_text(b, n->kind == LINEAGE_ROOT ? n->account : incident_short_name(n), NAME_MAX);
}

/* ---- what happened ---- */

/* Kinds of alerts that are told of at most; and of fewer than this, less grave ones are told as
 * well. */
#define HAPPENED_MAX 6
#define HAPPENED_FEW 4

static const struct rs_rule *rule_of(const struct incident *i, size_t signal)
{
    return i->from->rules->rules + incident_signal(i, signal)->alert->window->rule;
}

/* Rules of that level or above, each once, up to HAPPENED_MAX. */
static size_t list_rules(const struct incident *i, enum level level,
                         const struct rs_rule *out[HAPPENED_MAX], size_t *more)
{
    size_t n = 0;
    *more = 0;
    for (size_t k = 0; k < i->signals.n; k++) {
        const struct rs_rule *r = rule_of(i, k);
        bool known = (enum level)r->level < level;
        for (size_t j = 0; j < k && !known; j++)
            known = rule_of(i, j) == r;
        if (known)
            continue;
        if (n < HAPPENED_MAX)
            out[n++] = r;
        else
            ++*more;
    }
    return n;
}

void answer_put_happened(struct buf *b, const struct incident *i)
{
    const struct rs_rule *list[HAPPENED_MAX];
    size_t n = 0, more = 0;
    for (int level = LEVEL_CRITICAL; level >= LEVEL_INFORMATIONAL && n < HAPPENED_FEW; level--)
        n = list_rules(i, (enum level)level, list, &more);
    for (size_t k = 0; k < n; k++) {
        buf_putz(b, k ? "; then " : "");
        put_text(b, rs_str(i->from->rules, list[k]->title), NAME_MAX);
    }
    if (more)
        buf_putf(b, "; and %zu other kinds", more);
    buf_putz(b, n ? "." : "");
}

/* ---- which resources ---- */

/* Types that hold secrets or data of many, or give permissions. */
static bool is_sensitive(const char *type)
{
    static const char *const types[] = {"secret", "key",      "access key",        "snapshot",
                                        "bucket", "database", "database snapshot", "user",
                                        "role",   "policy"};
    for (size_t k = 0; k < sizeof types / sizeof *types; k++)
        if (strcmp(type, types[k]) == 0)
            return true;
    return false;
}

static void add_item(struct answer_items *items, enum story_access access,
                     const struct story_target *t)
{
    for (size_t k = 0; k < items->n; k++) {
        struct answer_item *item = items->list + k;
        if (item->access == access && strcmp(item->type, t->type) == 0 &&
            str_eq(item->name, t->name)) {
            item->count++;
            return;
        }
    }
    if (items->n == ANSWER_ITEMS_MAX) {
        items->left_out++;
        return;
    }
    items->list[items->n++] =
        (struct answer_item){access, t->type, t->name, is_sensitive(t->type), 1};
    items->by_access[access]++;
}

static int by_weight(const void *p, const void *q)
{
    /* What is open to others goes on being read; what is deleted has to be restored. */
    static const int weight[ACCESS_KINDS] = {
        [ACCESS_SHARE] = 0, [ACCESS_DELETE] = 1, [ACCESS_CHANGE] = 2, [ACCESS_READ] = 3};
    const struct answer_item *a = p, *b = q;
    if (a->sensitive != b->sensitive)
        return a->sensitive ? -1 : 1;
    if (a->access != b->access)
        return weight[a->access] < weight[b->access] ? -1 : 1;
    int c = strcmp(a->type, b->type);
    return c ? c : str_cmp(a->name, b->name);
}

void answer_items(const struct stories *s, const struct story *story, struct answer_items *out)
{
    const struct incident_group *g = story->incident.group;
    *out = (struct answer_items){.n = 0};
    for (uint32_t k = 0; k < story->n; k++) {
        const struct story_step *t = story_step_at(s, story->first + k);
        if (story_step_failed(t) || (!t->evidence && g->timed && t->time_ms < g->first_ms))
            continue;
        out->recalled += t->recalled && t->n_targets > 0;
        for (size_t j = 0; j < t->n_targets; j++)
            add_item(out, t->access, t->targets + j);
    }
    if (out->n > 1)
        qsort(out->list, out->n, sizeof *out->list, by_weight);
}

void answer_put_resources(struct buf *b, const struct answer_items *items)
{
    static const enum story_access order[] = {ACCESS_SHARE, ACCESS_DELETE, ACCESS_CHANGE,
                                              ACCESS_READ};
    if (items->n == 0) {
        buf_putz(b, "No call that succeeded names one.");
        return;
    }
    buf_putf(b, "%zu resource%s", items->n, items->n == 1 ? "" : "s");
    const char *before = ": ";
    for (size_t k = 0; k < ACCESS_KINDS; k++) {
        if (items->by_access[order[k]] == 0)
            continue;
        buf_putf(b, "%s%s %zu", before, story_access_name(order[k]), items->by_access[order[k]]);
        before = ", ";
    }
    before = ". Sensitive: ";
    size_t named = 0;
    for (size_t k = 0; k < items->n && items->list[k].sensitive && named < NAMED_MAX; k++) {
        buf_putf(b, "%s%s ", before, items->list[k].type);
        put_text(b, items->list[k].name, NAME_MAX);
        buf_putf(b, " (%s)", story_access_name(items->list[k].access));
        before = ", ";
        named++;
    }
    buf_putc(b, '.');
    if (items->left_out)
        buf_putf(b, " %zu mentions of others are not listed.", items->left_out);
    if (items->recalled)
        buf_putz(b, " That is by what the alerts kept, which does not say what was refused.");
}

/* ---- whose credentials ---- */

static void put_keys(struct buf *b, const struct incident *i, uint32_t owner)
{
    size_t n = 0;
    for (uint32_t k = 0; k < i->keys.n; k++) {
        if (incident_key(i, k)->owner != owner || n++ >= NAMED_MAX)
            continue;
        buf_putz(b, n > 1 ? ", " : " with key ");
        put_text(b, node_of(i, incident_key(i, k)->node)->name, NAME_MAX);
    }
    if (n > NAMED_MAX)
        buf_putf(b, " and %zu more keys", n - NAMED_MAX);
}

void answer_put_credentials(struct buf *b, const struct incident *i)
{
    size_t began = 0, made = 0;
    for (uint32_t k = 0; k < i->actors.n; k++) {
        const struct made_actor *a = incident_actor(i, k);
        if (!incident_began(a) || began++ >= NAMED_MAX)
            continue;
        buf_putz(b, began > 1 ? "; " : "");
        put_name(b, node_of(i, a->node));
        put_keys(b, i, k);
    }
    if (began == 0)
        buf_putz(b, "nobody whom the records name");
    if (began > NAMED_MAX)
        buf_putf(b, "; and %zu more", began - NAMED_MAX);
    for (uint32_t k = 0; k < i->actors.n; k++) {
        const struct made_actor *a = incident_actor(i, k);
        if (!a->made || made++ >= NAMED_MAX)
            continue;
        buf_putz(b, made > 1 ? ", " : ". They became or made ");
        put_name(b, node_of(i, a->node));
        put_keys(b, i, k);
    }
    if (made > NAMED_MAX)
        buf_putf(b, " and %zu more", made - NAMED_MAX);
    buf_putc(b, '.');
}

/* ---- how they got in ---- */

struct gravest {
    const struct incident *incident;
    enum level level;
};

/* story_signal_fn */
static void take_level(void *to, uint32_t signal)
{
    struct gravest *g = to;
    const struct incident *i = g->incident;
    const struct rs_rule *r = rule_of(i, signal);
    if ((enum level)r->level > g->level)
        g->level = (enum level)r->level;
}

/* Whether an alert that makes an incident names the step: lesser ones are of everyday, too. */
static bool is_grave(const struct stories *s, const struct story *story, const struct story_step *t)
{
    struct gravest g = {&story->incident, LEVEL_INFORMATIONAL};
    story_each_signal(s, t, take_level, &g);
    return g.level >= INCIDENT_LEVEL;
}

const struct story_step *answer_entry(const struct stories *s, const struct story *story)
{
    const struct story_step *first = NULL;
    for (uint32_t k = 0; k < story->n; k++) {
        const struct story_step *t = story_step_at(s, story->first + k);
        if (!t->evidence)
            continue;
        if (is_grave(s, story, t) && incident_began(incident_actor(&story->incident, t->actor)))
            return t;
        first = first ? first : t;
    }
    return first;
}

static bool is_sign_in(const struct story_step *t)
{
    return str_eqz(t->text[STEP_NAME], "ConsoleLogin");
}

/* The same of who is no identity of AWS, by the log that names him. */
static const char *put_other_door(struct buf *b, const struct story_step *t)
{
    static const char *const doors[SOURCES][2] = {
        [SOURCE_CLOUDTRAIL] = {"An identity provider signed in ",
                               "What happened there is not in AWS's logs."},
        [SOURCE_OKTA] = {"By Okta: ", "How the session or password got out is not in its log."},
        [SOURCE_GITHUB] = {"On GitHub: ", "How the password or token got out is not in its log."},
        [SOURCE_K8S_AUDIT] = {"In the cluster: ", "How the token got out is not in its audit log."},
    };
    enum source log = SOURCE_CLOUDTRAIL;
    if (!source_parse(t->text[STEP_SOURCE], &log))
        log = SOURCE_CLOUDTRAIL; /* a service of AWS */
    buf_putz(b, doors[log][0] ? doors[log][0] : "");
    return doors[log][1] ? doors[log][1] : "";
}

/* What opened the door, by who came through it; and what the log cannot tell of it. */
static const char *put_door(struct buf *b, const struct graph_node *n, const struct story_step *t)
{
    switch ((enum lineage_kind)n->kind) {
    case LINEAGE_USER:
    case LINEAGE_NAME:
    case LINEAGE_ROOT:
        if (is_sign_in(t)) {
            buf_putf(b, "Sign-in to the console%s as ",
                     str_eqz(t->text[STEP_MFA], "true") ? " with MFA" : "");
            return "How the password got out is not in the logs.";
        }
        if (subject_key_is_long_term(t->text[STEP_KEY])) {
            buf_putz(b, "Long-lived access key ");
            put_text(b, t->text[STEP_KEY], NAME_MAX);
            buf_putz(b, " of ");
            return "How the key got out is not in the logs.";
        }
        if (!t->text[STEP_KEY].n) {
            buf_putz(b, "Credentials of ");
            return "The record does not tell which.";
        }
        buf_putz(b, "Temporary credentials of ");
        return "The record that issued them is not among those read.";
    case LINEAGE_WORKLOAD:
        buf_putz(b, "Credentials of the role on an instance: ");
        return "Who has them could reach the instance's metadata service, or was on the instance.";
    case LINEAGE_SESSION:
    case LINEAGE_ROLE:
        buf_putz(b, "A session of a role: ");
        return "The record that issued it is not among those read.";
    case LINEAGE_FEDERATED:
        return put_other_door(b, t);
    case LINEAGE_ACCOUNT:
    case LINEAGE_OTHER:
        buf_putz(b, "From outside: ");
        return "A policy of this account let them in.";
    case LINEAGE_SERVICE:
        buf_putz(b, "A service of AWS: ");
        return "For whom it acted is not in the record.";
    case LINEAGE_INSTANCE:
        buf_putz(b, "The machine itself: ");
        return "How somebody came onto it is not in these logs.";
    case LINEAGE_KEY:
    case LINEAGE_KINDS:
        break;
    }
    return "";
}

static void put_where(struct buf *b, const struct story_step *t)
{
    if (!t->text[STEP_IP].n)
        return;
    buf_putz(b, " from ");
    put_text(b, t->text[STEP_IP], NAME_MAX);
    if (!t->text[STEP_COUNTRY].n && !t->text[STEP_ORG].n)
        return;
    buf_putz(b, " (");
    put_text(b, t->text[STEP_COUNTRY].n ? t->text[STEP_COUNTRY] : S("country unknown"), NAME_MAX);
    if (t->text[STEP_ORG].n) {
        buf_putz(b, ", ");
        put_text(b, t->text[STEP_ORG], NAME_MAX);
    }
    buf_putc(b, ')');
}

void answer_put_entry(struct buf *b, const struct stories *s, const struct story *story)
{
    const struct incident *i = &story->incident;
    const struct story_step *t = answer_entry(s, story);
    if (!t) {
        buf_putz(b, "The records of the alerts are not among those read.");
        return;
    }
    const struct graph_node *n = node_of(i, incident_actor(i, t->actor)->node);
    const char *unknown = put_door(b, n, t);
    put_name(b, n);
    buf_putz(b, "; the first call that an alert tells of is ");
    put_text(b, t->text[STEP_NAME], NAME_MAX);
    if (t->time_ms != INT64_MIN) {
        buf_putz(b, " at ");
        time_put(b, t->time_ms);
    }
    put_where(b, t);
    if (t->text[STEP_AGENT].n) {
        buf_putz(b, " with ");
        put_text(b, t->text[STEP_AGENT], NAME_MAX);
    }
    buf_putf(b, ". %s", unknown);
}

/* ---- where else ---- */

/* Different texts of one kind among the steps. */
struct places {
    struct str list[64];
    size_t n;
    bool more;
};

static void note_place(struct places *p, struct str s)
{
    if (!s.n)
        return;
    for (size_t k = 0; k < p->n; k++)
        if (str_eq(p->list[k], s))
            return;
    if (p->n < sizeof p->list / sizeof *p->list)
        p->list[p->n++] = s;
    else
        p->more = true;
}

static void put_places(struct buf *b, const struct stories *s, const struct story *story,
                       enum story_text kind, const char *one, const char *many)
{
    struct places p = {.n = 0};
    for (uint32_t k = 0; k < story->n; k++)
        note_place(&p, story_step_at(s, story->first + k)->text[kind]);
    buf_putf(b, "%zu%s %s", p.n, p.more ? " or more" : "", p.n == 1 ? one : many);
    for (size_t k = 0; k < p.n && k < NAMED_MAX; k++) {
        buf_putz(b, k ? ", " : " (");
        put_text(b, p.list[k], NAME_MAX);
    }
    buf_putz(b, p.n > NAMED_MAX ? ", ...)" : p.n ? ")" : "");
}

/* An address that both have; absent when there is none. */
static struct str shared_address(const struct incident *a, const struct incident *b)
{
    for (size_t j = 0; j < a->endpoints.n; j++) {
        struct str ip = seen_text(&a->from->seen, incident_endpoint(a, j)->ip);
        for (size_t k = 0; k < b->endpoints.n && !incident_endpoint(a, j)->aws; k++)
            if (str_eq(ip, seen_text(&b->from->seen, incident_endpoint(b, k)->ip)))
                return ip;
    }
    return STR_ABSENT;
}

void answer_put_elsewhere(struct buf *b, const struct stories *s, const struct story *story)
{
    put_places(b, s, story, STEP_ACCOUNT, "account", "accounts");
    buf_putz(b, ", ");
    put_places(b, s, story, STEP_REGION, "region", "regions");
    buf_putz(b, ", ");
    put_places(b, s, story, STEP_IP, "address", "addresses");
    buf_putz(b, " in the records read.");
    for (size_t k = 0; k < s->list.n; k++) {
        const struct story *other = stories_at(s, k);
        struct str ip =
            other == story ? STR_ABSENT : shared_address(&story->incident, &other->incident);
        if (!ip.n)
            continue;
        buf_putf(b, " Incident %s came from ", other->incident.group->id);
        put_text(b, ip, NAME_MAX);
        buf_putz(b, ", too.");
    }
}
