/* Containment inside the function. */
#include "handlers/containing.h"

#include <stdlib.h>

#include "base/escape.h"
#include "engine/json.h"
#include "handlers/contain_notice.h"
#include "respond/contain_put.h"
#include "respond/put.h"

/* Identities of an incident whose records are looked up. */
#define LOOKED_UP_MAX 32

struct containing {
    struct containing_calls calls;
    struct port_alerts alerts;
    struct port_state state;
    struct container *container;
    struct str buckets[CONTAINING_BUCKETS_MAX];
    size_t n_buckets;
    struct rendered rendered; /* of notices */
    struct buf json, text;
    struct arena memory; /* of an incident */
    uint64_t notices;
};

/* ---- life ---- */

/* contain_calls.tell */
static bool tell(void *to, const struct contain_record *rec, struct err *e)
{
    struct containing *c = to;
    if (!contain_notice(rec, &c->rendered, e) ||
        !c->alerts.publish(c->alerts.self, &c->rendered.message, e))
        return false;
    c->notices++;
    return true;
}

/* contain_calls.note */
static void note(void *to, const char *sentence)
{
    struct containing *c = to;
    c->calls.note(c->calls.to, sentence);
}

/* contain_calls.walk */
static bool walk(void *to, const struct lineage_ask *ask, struct arena *a, struct lineage_walk *out,
                 struct err *e)
{
    struct containing *c = to;
    return c->calls.walk(c->calls.to, ask, a, out, e);
}

static bool cut_buckets(struct containing *c, struct str list, struct err *e)
{
    while (str_present(list)) {
        struct str bucket = str_trim(str_cut(&list, ','));
        if (bucket.n == 0)
            continue;
        if (c->n_buckets == CONTAINING_BUCKETS_MAX)
            return err_set(e, ERR_USAGE, "TRAILWARDEN_BUCKETS names more than %d buckets",
                           CONTAINING_BUCKETS_MAX);
        c->buckets[c->n_buckets++] = bucket;
    }
    return c->n_buckets || err_set(e, ERR_USAGE,
                                   "TRAILWARDEN_BUCKETS is not set: containment only acts on "
                                   "events of buckets that are named");
}

static bool start(struct containing *c, const struct containing_config *cfg,
                  const struct ports *ports, struct err *e)
{
    const struct contain_setup setup = {.config = cfg->config,
                                        .mode = cfg->mode,
                                        .rules = cfg->rules,
                                        .buckets = c->buckets,
                                        .n_buckets = c->n_buckets};
    const struct contain_calls calls = {
        .to = c, .tell = tell, .walk = c->calls.walk ? walk : NULL, .note = note};
    c->container = container_new(&setup, ports, calls, e);
    return c->container;
}

struct containing *containing_new(const struct containing_config *cfg, const struct ports *ports,
                                  struct containing_calls calls, struct err *e)
{
    struct containing *c = calloc(1, sizeof *c);
    if (!c) {
        err_set(e, ERR_SYSTEM, "no memory for containment");
        return NULL;
    }
    c->calls = calls;
    c->alerts = ports->alerts;
    c->state = ports->state;
    rendered_init(&c->rendered);
    buf_init(&c->json, CONTAINING_JSON_MAX);
    buf_init(&c->text, CONTAINING_TEXT_MAX);
    arena_init(&c->memory, CONTAIN_MEMORY_MAX);
    if (cut_buckets(c, cfg->buckets, e) && start(c, cfg, ports, e))
        return c;
    containing_free(c);
    return NULL;
}

void containing_free(struct containing *c)
{
    if (!c)
        return;
    container_free(c->container);
    rendered_release(&c->rendered);
    buf_release(&c->json);
    buf_release(&c->text);
    arena_release(&c->memory);
    free(c);
}

void containing_begin(struct containing *c, const struct delivery *d)
{
    container_begin(c->container, d);
}

void containing_see(struct containing *c, struct event *ev, const struct facts *f)
{
    container_see(c->container, ev, f);
}

bool containing_settle(struct containing *c, struct err *e)
{
    return container_settle(c->container, e);
}

bool containing_follow(struct containing *c, struct err *e)
{
    return container_follow(c->container, e);
}

void containing_check(struct containing *c)
{
    struct err e;
    if (!container_check(c->container, &e))
        c->calls.note(c->calls.to, e.text);
}

uint64_t containing_notices(const struct containing *c)
{
    return c->notices;
}

const struct contain_counts *containing_counts(const struct containing *c)
{
    return container_counts(c->container);
}

/* ---- behind alerts and incidents ---- */

/* Puts the member in front of the JSON's last brace, and the paragraph behind the text, where they
 * fit. */
static void append(struct containing *c, struct rendered *r)
{
    struct buf kept;
    size_t json_n = r->json.n, text_n = r->text.n;
    if (c->json.n == 0 || c->json.failed || json_n == 0)
        return;
    buf_cut(&r->json, json_n - 1);
    buf_putz(&r->json, ",\"containment\":");
    buf_put(&r->json, buf_str(&c->json));
    buf_putc(&r->json, '}');
    if (!rendered_json_fits(r)) {
        r->json.failed = false;
        buf_cut(&r->json, json_n - 1);
        buf_putc(&r->json, '}');
    }
    buf_init(&kept, MESSAGE_TEXT_WIRE_MAX);
    buf_put(&kept, buf_str(&r->text));
    buf_putz(&kept, "\nContainment:\n");
    buf_put(&kept, buf_str(&c->text));
    if (c->text.failed || !rendered_take_text(r, &kept)) {
        buf_cut(&kept, text_n);
        kept.failed = !rendered_take_text(r, &kept);
    }
    buf_release(&kept);
    r->message.json = buf_str(&r->json);
    r->message.text = buf_str(&r->text);
}

void containing_alert(struct containing *c, const struct alert *a, struct rendered *r)
{
    struct err e;
    if (container_alert(c->container, a, &c->json, &c->text, &e))
        append(c, r);
    else
        c->calls.note(c->calls.to, e.text);
}

/* Those in the incident that may have a record, each once. */
static size_t list_keys(struct containing *c, const struct incidents *x,
                        struct state_key keys[LOOKED_UP_MAX], struct err *e)
{
    const struct contain_own *own;
    size_t n = 0;
    if (!container_own(c->container, &own, e))
        return 0;
    for (uint32_t i = 0; i < x->graph.nodes.n && n < LOOKED_UP_MAX; i++) {
        const struct graph_node *g = lineage_graph_node(&x->graph, i);
        struct subject s;
        bool known = false;
        if (!g->name.n)
            continue;
        subject_of_node((enum lineage_kind)g->kind, g->name, g->account, own->partition, &s);
        if (!subject_can(&s))
            continue;
        keys[n] = contain_key(&s);
        for (size_t k = 0; k < n; k++)
            known = known || memcmp(keys + k, keys + n, sizeof *keys) == 0;
        n += !known;
    }
    return n;
}

static void put_record(struct containing *c, const struct contain_record *rec)
{
    struct subject s = rec->subject;
    buf_putc(&c->json, c->json.n == 0 ? '[' : ',');
    buf_putc(&c->json, '{');
    contain_put_state(&c->json, rec);
    put_close(&c->json, '}');
    buf_putf(&c->text, "  %s: ", contain_state_name(rec->state));
    contain_put_command(&c->text, contain_state_holds(rec->state) ? "release" : "contain", &s);
    buf_putc(&c->text, '\n');
}

void containing_incident(struct containing *c, const struct incidents *x, struct rendered *r)
{
    struct state_key keys[LOOKED_UP_MAX];
    struct err e = {0};
    arena_reset(&c->memory);
    buf_reset(&c->json);
    buf_reset(&c->text);
    size_t n = list_keys(c, x, keys, &e);
    struct contain_record *list = arena_array(&c->memory, n + 1, sizeof *list);
    if (!list || !contain_record_read(&c->state, keys, n, &c->memory, list, &e)) {
        c->calls.note(c->calls.to, e.text);
        return;
    }
    for (size_t i = 0; i < n; i++)
        if (list[i].version)
            put_record(c, list + i);
    if (c->json.n)
        buf_putc(&c->json, ']');
    append(c, r);
}

/* ---- orders ---- */

/* What an action may have beside its name. */
struct ordered {
    struct str principal, incident, approval, account, strategy;
    bool dry_run, force, keep_keys;
};

enum member_type { MEMBER_TEXT, MEMBER_FLAG };

static const struct member {
    const char *name;
    enum member_type type;
    size_t at; /* in struct ordered */
} members[] = {
    {"principal", MEMBER_TEXT, offsetof(struct ordered, principal)},
    {"incident", MEMBER_TEXT, offsetof(struct ordered, incident)},
    {"approval", MEMBER_TEXT, offsetof(struct ordered, approval)},
    {"account", MEMBER_TEXT, offsetof(struct ordered, account)},
    {"strategy", MEMBER_TEXT, offsetof(struct ordered, strategy)},
    {"dry_run", MEMBER_FLAG, offsetof(struct ordered, dry_run)},
    {"force", MEMBER_FLAG, offsetof(struct ordered, force)},
    {"keep_keys", MEMBER_FLAG, offsetof(struct ordered, keep_keys)},
};
#define MEMBERS (sizeof members / sizeof *members)

/* What each action takes; MEMBERS of it at most. */
static const struct action {
    const char *name, *takes;
} actions[] = {
    {"approve", " approval account "},
    {"contain", " principal incident strategy account dry_run "},
    {"release", " principal incident account dry_run force keep_keys "},
    {"stop", " "},
    {"resume", " "},
};
#define ACTIONS (sizeof actions / sizeof *actions)

static bool takes(const struct action *a, const char *name)
{
    struct str list = str_of(a->takes), word = str_of(name);
    for (size_t at = 0; (at = str_find(list, word, at)) != SIZE_MAX; at++)
        if (list.p[at - 1] == ' ' && list.p[at + word.n] == ' ')
            return true;
    return false;
}

static bool set_member(const struct member *m, struct str raw, struct arena *a, struct ordered *out,
                       struct err *e)
{
    char *to = (char *)out + m->at;
    if (m->type == MEMBER_FLAG) {
        if (!str_eq(raw, S("true")) && !str_eq(raw, S("false")))
            return err_set(e, ERR_USAGE, "\"%s\" is neither true nor false", m->name);
        *(bool *)(void *)to = str_eq(raw, S("true"));
        return true;
    }
    struct str *text = (struct str *)(void *)to;
    *text = raw.n >= 2 && *raw.p == '"' ? json_text(str_n(raw.p + 1, raw.n - 2), a) : STR_ABSENT;
    return text->n || err_set(e, ERR_USAGE, "\"%s\" is no text", m->name);
}

static bool take_member(const struct action *action, struct str name, struct str raw,
                        unsigned *seen, struct arena *a, struct ordered *out, struct err *e)
{
    for (size_t i = 0; i < MEMBERS; i++) {
        if (!str_eqz(name, members[i].name) || !takes(action, members[i].name))
            continue;
        if (*seen & 1u << i)
            return err_set(e, ERR_USAGE, "\"%s\" stands twice", members[i].name);
        *seen |= 1u << i;
        return set_member(members + i, raw, a, out, e);
    }
    return err_set(e, ERR_USAGE, "action %s does not take every member that is given",
                   action->name);
}

/* Each member of an object that is known to be JSON. Names with escapes are none of ours. */
static bool take_members(const struct action *action, struct str object, struct arena *a,
                         struct ordered *out, struct err *e)
{
    const char *p = object.p + 1, *end = object.p + object.n - 1;
    unsigned seen = 0, named = 0;
    for (p = json_blanks(p, end); p < end && *p == '"'; p = json_blanks(p, end)) {
        bool escaped;
        const char *from = p + 1;
        if (json_skip_string(&p, end, &escaped) != JSON_OK)
            break;
        struct str name = str_n(from, (size_t)(p - from) - 1);
        p = json_blanks(p, end);
        if (p == end || *p != ':')
            break;
        p = json_blanks(p + 1, end);
        const char *value = p;
        if (json_skip(&p, end) == JSON_BAD || p == value)
            break;
        struct str raw = str_n(value, (size_t)(p - value));
        if (str_eq(name, S("action")) ? named++ > 0
                                      : !take_member(action, name, raw, &seen, a, out, e))
            return named <= 1 ? false : err_set(e, ERR_USAGE, "\"action\" stands twice");
        p = json_blanks(p, end);
        if (p == end)
            return true;
        if (*p++ != ',')
            break;
    }
    return p == end || err_set(e, ERR_USAGE, "the action is broken JSON");
}

static bool read_id(struct str hex, unsigned char id[INCIDENT_ID_BYTES])
{
    for (size_t i = 0; hex.n == 2 * INCIDENT_ID_BYTES && i < INCIDENT_ID_BYTES; i++) {
        int hi = byte_hex(hex.p[2 * i]), lo = byte_hex(hex.p[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        id[i] = (unsigned char)(hi << 4 | lo);
    }
    return hex.n == 2 * INCIDENT_ID_BYTES;
}

static bool find_incident(struct containing *c, struct str hex, struct contain_order *o,
                          struct err *e)
{
    struct found_incident found = {.record = NULL};
    if (!read_id(hex, o->incident))
        return err_set(e, ERR_USAGE, "\"incident\" is no id of an incident: 32 digits");
    if (c->calls.find && !c->calls.find(c->calls.to, o->incident, &c->memory, &found, e))
        return false;
    o->has_incident = true;
    o->record = found.record;
    o->root = found.root;
    return true;
}

static bool make_order(struct containing *c, const struct action *action, const struct ordered *in,
                       struct contain_order *o, struct err *e)
{
    *o = (struct contain_order){.principal = in->principal,
                                .approval = in->approval,
                                .account = in->account,
                                .has_strategy = str_present(in->strategy),
                                .by = S("an invocation of the function"),
                                .dry_run = in->dry_run,
                                .force = in->force,
                                .keep_keys = in->keep_keys};
    bool approve = str_eqz(S("approve"), action->name);
    o->verb = approve                               ? ORDER_APPROVE
              : str_eqz(S("release"), action->name) ? ORDER_RELEASE
                                                    : ORDER_CONTAIN;
    if (o->has_strategy && !contain_strategy_parse(in->strategy, &o->strategy))
        return err_set(e, ERR_USAGE, "\"strategy\" is none that is known");
    if (approve)
        return in->approval.n || err_set(e, ERR_USAGE, "approve needs \"approval\"");
    if (str_present(in->principal) == str_present(in->incident))
        return err_set(e, ERR_USAGE, "%s needs either \"principal\" or \"incident\"", action->name);
    return !str_present(in->incident) || find_incident(c, in->incident, o, e);
}

/* ---- answers ---- */

static void put_outcome(struct buf *b, const struct contain_outcome *o)
{
    buf_putf(b, "{\"done\":%s,", o->done ? "true" : "false");
    put_member(b, S("why"), o->why, SIZE_MAX);
    put_member(b, S("was"), str_of(contain_state_name(o->was)), SIZE_MAX);
    buf_putz(b, "\"plan\":");
    contain_put_plan_json(b, &o->plan, CONTAIN_ACTED);
    buf_putc(b, ',');
    if (o->record)
        contain_put_state(b, o->record);
    put_close(b, '}');
    buf_putc(b, ',');
}

static bool carry_out(struct containing *c, const struct action *action, const struct ordered *in,
                      struct buf *answer, struct err *e)
{
    struct contain_order order;
    struct contain_report *report = calloc(1, sizeof *report);
    bool done = true;
    bool ok = (report || err_set(e, ERR_SYSTEM, "no memory for an order")) &&
              make_order(c, action, in, &order, e) &&
              container_order(c->container, &order, report, e);
    for (size_t i = 0; ok && i < report->n; i++)
        done = done && report->list[i].done;
    if (ok) {
        buf_putf(answer, "{\"ok\":true,\"action\":\"%s\",\"done\":%s,\"cut\":%s,\"principals\":[",
                 action->name, done && report->n ? "true" : "false",
                 report->cut ? "true" : "false");
        for (size_t i = 0; i < report->n; i++)
            put_outcome(answer, report->list + i);
        put_close(answer, ']');
        buf_putc(answer, '}');
    }
    free(report);
    return ok && buf_ok(answer, "the answer", e);
}

static const struct action *named(struct str name)
{
    for (size_t i = 0; i < ACTIONS; i++)
        if (str_eqz(name, actions[i].name))
            return actions + i;
    return NULL;
}

bool containing_obeys(struct str action)
{
    return named(action) != NULL;
}

static const struct action *find_action(struct str value, struct arena *a)
{
    struct str raw = json_member(value, S("action"));
    return raw.n >= 2 && *raw.p == '"' ? named(json_text(str_n(raw.p + 1, raw.n - 2), a)) : NULL;
}

bool containing_order(struct containing *c, struct str action, struct buf *answer, struct err *e)
{
    struct ordered in = {.dry_run = false};
    arena_reset(&c->memory);
    const struct action *a = find_action(action, &c->memory);
    if (!a)
        return err_set(e, ERR_USAGE, "no such action");
    if (!take_members(a, action, &c->memory, &in, e))
        return false;
    bool stop = str_eqz(S("stop"), a->name);
    if (!stop && !str_eqz(S("resume"), a->name))
        return carry_out(c, a, &in, answer, e);
    if (!container_stop(c->container, stop, e))
        return false;
    buf_putf(answer, "{\"ok\":true,\"action\":\"%s\",\"done\":true}", a->name);
    return buf_ok(answer, "the answer", e);
}
