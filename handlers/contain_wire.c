/* Records of containment as JSON:
 *
 * {"v":1,"state":"contained","subject":{"kind":"user","partition":"aws","account":"111122223333",
 *   "name":"dev","path":"/","id":"AIDA...","key":"AKIA...","arn":"arn:..."},
 *  "mode":"auto","how":"acted","rule":"...","rule_title":"...","level":"high","alert":"<32 hex>",
 *  "planned":1773755061000,"acted":1773755062000,"attempts":1,"last":1773755061000,
 *  "due":1,"told":1,"owner":"<32 hex>","lease":0,
 *  "before":{"attached":[{"id":"arn:..."}],"inlines":[{"id":"name"}],"keys":[{"id":"AKIA...",
 *   "active":true}],"tags":[{"id":"team","value":"x"}],"console":true},
 *  "steps":[{"verb":"attach","strategy":"deny-all","policy":"arn:...","state":"done",
 *   "result":"ok","seen":true},{"verb":"keys-off",...,"keys":["AKIA..."]}],
 *  "calls":[{"time":1773755062000,"action":"AttachUserPolicy","target":"arn:...","result":"ok"}]}
 *
 * What is absent, zero or false is left out. Times are milliseconds. */
#include "handlers/contain_wire.h"

#include "base/escape.h"
#include "engine/json.h"
#include "respond/contain_put.h"
#include "respond/put.h"

#define WIRE_VERSION 1

/* ---- names ---- */

static const char *const states[CONTAIN_STATES] = {
    [CONTAIN_NONE] = "none",           [CONTAIN_ASKED] = "asked",
    [CONTAIN_PLANNED] = "planned",     [CONTAIN_ACTING] = "acting",
    [CONTAIN_CONTAINED] = "contained", [CONTAIN_PARTLY] = "partly",
    [CONTAIN_FAILED] = "failed",       [CONTAIN_REFUSED] = "refused",
    [CONTAIN_EXPIRED] = "expired",     [CONTAIN_RELEASING] = "releasing",
    [CONTAIN_RELEASED] = "released",
};

const char *contain_state_name(enum contain_state s)
{
    return states[s];
}

static const char *const step_states[] = {
    [STEP_TODO] = "todo",       [STEP_DONE] = "done",     [STEP_FAILED] = "failed",
    [STEP_SKIPPED] = "skipped", [STEP_UNDONE] = "undone", [STEP_KEPT] = "kept",
};

const char *contain_step_state_name(enum contain_step_state s)
{
    return step_states[s];
}

/* The position of a name in a list; false when it is none of it. */
static bool position(struct str name, const char *const *names, unsigned n, unsigned *out)
{
    for (unsigned i = 0; i < n; i++)
        if (str_eqz(name, names[i])) {
            *out = i;
            return true;
        }
    return false;
}

/* ---- writing ---- */

static void put_str(struct buf *b, const char *name, struct str value)
{
    if (str_present(value))
        put_member(b, str_of(name), value, SIZE_MAX);
}

static void put_int(struct buf *b, const char *name, int64_t value)
{
    if (value == 0)
        return;
    buf_putf(b, "\"%s\":", name);
    buf_put_i64(b, value);
    buf_putc(b, ',');
}

static void put_bool(struct buf *b, const char *name, bool value)
{
    if (value)
        buf_putf(b, "\"%s\":true,", name);
}

static void end(struct buf *b, char bracket)
{
    put_close(b, bracket);
    buf_putc(b, ',');
}

static void put_subject(struct buf *b, const struct subject *s)
{
    buf_putz(b, "\"subject\":{");
    put_str(b, "kind", str_of(subject_kind_name(s->kind)));
    put_str(b, "partition", s->partition);
    put_str(b, "account", s->account);
    put_str(b, "name", s->name);
    put_str(b, "path", s->path);
    put_str(b, "id", s->id);
    put_str(b, "session", s->session);
    put_str(b, "key", s->key);
    put_str(b, "arn", s->arn);
    put_int(b, "workload", (int64_t)s->workload);
    end(b, '}');
}

static void put_why(struct buf *b, const struct contain_record *r)
{
    put_str(b, "mode", str_of(contain_mode_name(r->mode)));
    put_str(b, "how", str_of(contain_how_name(r->how)));
    put_str(b, "rule", r->rule);
    put_str(b, "rule_title", r->rule_title);
    put_str(b, "level", str_of(level_name(r->level)));
    put_str(b, "alert", r->alert);
    put_str(b, "incident", r->incident);
    put_str(b, "object", r->object);
    put_str(b, "event_account", r->event_account);
    put_int(b, "event", r->event_ms);
    put_int(b, "since", r->since_ms);
    if (r->node.hi || r->node.lo) {
        buf_putz(b, "\"node\":\"");
        id128_put_hex(b, r->node);
        buf_putz(b, "\",");
    }
    put_str(b, "reason", r->reason);
    put_str(b, "by", r->by);
}

static void put_progress(struct buf *b, const struct contain_record *r)
{
    put_int(b, "planned", r->planned_ms);
    put_int(b, "acted", r->acted_ms);
    put_int(b, "released", r->released_ms);
    put_int(b, "expires", r->expires_ms);
    put_int(b, "attempts", r->attempts);
    put_int(b, "last", r->last_ms);
    put_int(b, "checks", r->checks);
    put_int(b, "next_check", r->next_check_ms);
    put_int(b, "taken_off", r->taken_off);
    put_int(b, "due", r->due);
    put_int(b, "told", r->told);
    put_str(b, "said", str_of(states[r->said]));
    put_bool(b, "alarm", r->alarm);
    buf_putz(b, "\"owner\":\"");
    buf_put_hex(b, r->owner, sizeof r->owner);
    buf_putz(b, "\",");
    put_int(b, "lease", r->lease_ms);
}

static void put_items(struct buf *b, const char *name, const struct contain_item *list, size_t n)
{
    buf_putf(b, "\"%s\":[", name);
    for (size_t i = 0; i < n; i++) {
        buf_putc(b, '{');
        put_str(b, "id", list[i].id);
        put_str(b, "value", list[i].value);
        put_bool(b, "active", list[i].active);
        end(b, '}');
    }
    end(b, ']');
}

static void put_before(struct buf *b, const struct contain_before *f)
{
    if (!f->known)
        return;
    buf_putz(b, "\"before\":{");
    put_items(b, "attached", f->attached, f->n_attached);
    put_items(b, "inlines", f->inlines, f->n_inlines);
    put_items(b, "keys", f->keys, f->n_keys);
    put_items(b, "tags", f->tags, f->n_tags);
    put_str(b, "boundary", f->boundary);
    put_bool(b, "console", f->console);
    end(b, '}');
}

static void put_step(struct buf *b, const struct contain_done *d)
{
    buf_putc(b, '{');
    put_str(b, "verb", str_of(contain_verb_name(d->step.verb)));
    put_str(b, "strategy", str_of(contain_strategy_name(d->step.strategy)));
    put_str(b, "policy", d->step.policy);
    put_str(b, "document", d->step.document);
    put_str(b, "target", d->step.target);
    put_bool(b, "fallback", d->step.fallback);
    put_str(b, "state", str_of(step_states[d->state]));
    put_str(b, "result", str_of(iam_result_name(d->result)));
    put_bool(b, "placed", d->placed);
    put_bool(b, "touched", d->touched);
    put_bool(b, "seen", d->seen);
    put_str(b, "why", d->why);
    put_str(b, "was", d->was);
    buf_putz(b, "\"keys\":[");
    for (size_t i = 0; i < d->n_keys; i++) {
        buf_put_json(b, d->keys[i]);
        buf_putc(b, ',');
    }
    end(b, ']');
    end(b, '}');
}

static void put_call(struct buf *b, const struct contain_call *c)
{
    buf_putc(b, '{');
    put_int(b, "time", c->time_ms);
    put_str(b, "action", str_of(c->action));
    put_str(b, "target", c->target);
    put_str(b, "result", str_of(iam_result_name(c->result)));
    put_str(b, "code", c->code);
    end(b, '}');
}

void contain_record_put(struct buf *b, const struct contain_record *r)
{
    buf_putf(b, "{\"v\":%d,", WIRE_VERSION);
    put_str(b, "state", str_of(states[r->state]));
    put_subject(b, &r->subject);
    put_why(b, r);
    put_progress(b, r);
    put_before(b, &r->before);
    buf_putz(b, "\"steps\":[");
    for (size_t i = 0; i < r->n_steps; i++)
        put_step(b, r->steps + i);
    end(b, ']');
    buf_putz(b, "\"calls\":[");
    for (size_t i = 0; i < r->n_calls; i++)
        put_call(b, r->calls + i);
    end(b, ']');
    put_int(b, "calls_left_out", r->calls_left_out);
    put_close(b, '}');
}

/* ---- reading ---- */

struct reading {
    struct arena *memory;
    bool full; /* the arena is */
    bool bad;  /* a word that is none of ours */
};

static struct str text_of(struct reading *g, struct str raw)
{
    if (raw.n < 2 || *raw.p != '"')
        return STR_ABSENT;
    struct str s = arena_str(g->memory, json_text(str_n(raw.p + 1, raw.n - 2), g->memory));
    g->full = g->full || !str_present(s);
    return s;
}

static struct str get_str(struct reading *g, struct str object, const char *name)
{
    return text_of(g, json_member(object, str_of(name)));
}

/* 0 when it is left out. */
static int64_t get_int(struct str object, const char *name)
{
    struct str raw = json_member(object, str_of(name));
    bool negative = str_starts(raw, S("-"));
    unsigned long long n;
    if (!str_u64(negative ? str_skip(raw, 1) : raw, &n) || n > INT64_MAX)
        return 0;
    return negative ? -(int64_t)n : (int64_t)n;
}

static uint32_t get_count(struct str object, const char *name)
{
    int64_t n = get_int(object, name);
    return n < 0 ? 0 : n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static bool get_bool(struct str object, const char *name)
{
    return str_eq(json_member(object, str_of(name)), S("true"));
}

static enum subject_kind get_kind(struct reading *g, struct str name)
{
    for (unsigned k = 0; k < SUBJECT_KINDS; k++)
        if (str_eqz(name, subject_kind_name((enum subject_kind)k)))
            return (enum subject_kind)k;
    g->bad = true;
    return SUBJECT_UNKNOWN;
}

static void get_subject(struct reading *g, struct str o, struct subject *s)
{
    int64_t workload = get_int(o, "workload");
    s->kind = get_kind(g, get_str(g, o, "kind"));
    s->partition = get_str(g, o, "partition");
    s->account = get_str(g, o, "account");
    s->name = get_str(g, o, "name");
    s->path = get_str(g, o, "path");
    s->id = get_str(g, o, "id");
    s->session = get_str(g, o, "session");
    s->key = get_str(g, o, "key");
    s->arn = get_str(g, o, "arn");
    g->bad = g->bad || workload < 0 || workload >= WORKLOADS;
    s->workload = g->bad ? WORKLOAD_NONE : (enum workload)workload;
}

static void get_why(struct reading *g, struct str o, struct contain_record *r)
{
    struct str node = get_str(g, o, "node");
    g->bad = g->bad || !contain_mode_parse(get_str(g, o, "mode"), &r->mode) ||
             !contain_how_parse(get_str(g, o, "how"), &r->how) ||
             !level_parse(get_str(g, o, "level"), &r->level) ||
             (str_present(node) && !id128_read_hex(node, &r->node));
    r->rule = get_str(g, o, "rule");
    r->rule_title = get_str(g, o, "rule_title");
    r->alert = get_str(g, o, "alert");
    r->incident = get_str(g, o, "incident");
    r->object = get_str(g, o, "object");
    r->event_account = get_str(g, o, "event_account");
    r->event_ms = get_int(o, "event");
    r->since_ms = get_int(o, "since");
    r->reason = get_str(g, o, "reason");
    r->by = get_str(g, o, "by");
}

static bool get_hex(struct str s, unsigned char *out, size_t n)
{
    for (size_t i = 0; s.n == 2 * n && i < n; i++) {
        int hi = byte_hex(s.p[2 * i]), lo = byte_hex(s.p[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        out[i] = (unsigned char)(hi << 4 | lo);
    }
    return s.n == 2 * n;
}

static void get_progress(struct reading *g, struct str o, struct contain_record *r)
{
    unsigned said = 0;
    r->planned_ms = get_int(o, "planned");
    r->acted_ms = get_int(o, "acted");
    r->released_ms = get_int(o, "released");
    r->expires_ms = get_int(o, "expires");
    r->attempts = get_count(o, "attempts");
    r->last_ms = get_int(o, "last");
    r->checks = get_count(o, "checks");
    r->next_check_ms = get_int(o, "next_check");
    r->taken_off = get_count(o, "taken_off");
    r->due = get_count(o, "due");
    r->told = get_count(o, "told");
    r->lease_ms = get_int(o, "lease");
    g->bad = g->bad || !position(get_str(g, o, "said"), states, CONTAIN_STATES, &said);
    r->said = (enum contain_state)said;
    r->alarm = get_bool(o, "alarm");
    g->bad = g->bad || !get_hex(get_str(g, o, "owner"), r->owner, sizeof r->owner);
}

static const struct contain_item *get_items(struct reading *g, struct str o, const char *name,
                                            size_t *n)
{
    struct str list = json_member(o, str_of(name));
    struct contain_item *items = arena_array(g->memory, CONTAIN_ITEMS_MAX, sizeof *items);
    *n = 0;
    g->full = g->full || !items;
    while (items && *n < CONTAIN_ITEMS_MAX) {
        struct str v = json_element(list, *n);
        if (!str_present(v))
            break;
        items[(*n)++] = (struct contain_item){get_str(g, v, "id"), get_str(g, v, "value"),
                                              get_bool(v, "active")};
    }
    return items;
}

static void get_before(struct reading *g, struct str o, struct contain_before *f)
{
    f->known = str_present(o);
    if (!f->known)
        return;
    f->attached = get_items(g, o, "attached", &f->n_attached);
    f->inlines = get_items(g, o, "inlines", &f->n_inlines);
    f->keys = get_items(g, o, "keys", &f->n_keys);
    f->tags = get_items(g, o, "tags", &f->n_tags);
    f->boundary = get_str(g, o, "boundary");
    f->console = get_bool(o, "console");
}

static enum iam_result get_result(struct reading *g, struct str o)
{
    struct str name = get_str(g, o, "result");
    for (unsigned i = 0; i < IAM_RESULTS; i++)
        if (str_eqz(name, iam_result_name((enum iam_result)i)))
            return (enum iam_result)i;
    g->bad = true;
    return IAM_BROKEN;
}

static void get_keys(struct reading *g, struct str list, struct contain_done *d)
{
    while (d->n_keys < CONTAIN_KEYS_MAX) {
        struct str key = text_of(g, json_element(list, d->n_keys));
        if (!str_present(key))
            return;
        d->keys[d->n_keys++] = key;
    }
}

static void get_step(struct reading *g, struct str o, struct contain_done *d)
{
    unsigned state = 0;
    g->bad = g->bad || !contain_verb_parse(get_str(g, o, "verb"), &d->step.verb) ||
             !contain_strategy_parse(get_str(g, o, "strategy"), &d->step.strategy) ||
             !position(get_str(g, o, "state"), step_states,
                       sizeof step_states / sizeof *step_states, &state);
    d->state = (enum contain_step_state)state;
    d->step.policy = get_str(g, o, "policy");
    d->step.document = get_str(g, o, "document");
    d->step.target = get_str(g, o, "target");
    d->step.fallback = get_bool(o, "fallback");
    d->result = get_result(g, o);
    d->placed = get_bool(o, "placed");
    d->touched = get_bool(o, "touched");
    d->seen = get_bool(o, "seen");
    d->why = get_str(g, o, "why");
    d->was = get_str(g, o, "was");
    get_keys(g, json_member(o, S("keys")), d);
}

static const char *get_action(struct reading *g, struct str name)
{
    for (unsigned i = 0; i < IAM_ACTIONS; i++)
        if (str_eqz(name, iam_actions[i].name))
            return iam_actions[i].name;
    g->bad = true;
    return "";
}

static void get_call(struct reading *g, struct str o, struct contain_call *c)
{
    c->time_ms = get_int(o, "time");
    c->action = get_action(g, get_str(g, o, "action"));
    c->target = get_str(g, o, "target");
    c->result = get_result(g, o);
    c->code = get_str(g, o, "code");
}

static void get_lists(struct reading *g, struct str o, struct contain_record *r)
{
    struct str steps = json_member(o, S("steps")), calls = json_member(o, S("calls")), v;
    while (r->n_steps < CONTAIN_STEPS_MAX && str_present(v = json_element(steps, r->n_steps)))
        get_step(g, v, r->steps + r->n_steps++);
    while (r->n_calls < CONTAIN_CALLS_MAX && str_present(v = json_element(calls, r->n_calls)))
        get_call(g, v, r->calls + r->n_calls++);
    r->calls_left_out = get_count(o, "calls_left_out");
}

static bool is_object(struct str text)
{
    const char *end = text.p;
    return text.n && *text.p == '{' && json_skip(&end, text.p + text.n) == JSON_OK &&
           end == text.p + text.n;
}

bool contain_record_parse(struct str json, struct contain_record *out, struct err *e)
{
    struct reading g = {.memory = out->memory};
    unsigned state = 0;
    g.bad = !is_object(json) || get_int(json, "v") != WIRE_VERSION ||
            !position(get_str(&g, json, "state"), states, CONTAIN_STATES, &state);
    out->state = (enum contain_state)state;
    if (!g.bad) {
        get_subject(&g, json_member(json, S("subject")), &out->subject);
        get_why(&g, json, out);
        get_progress(&g, json, out);
        get_before(&g, json_member(json, S("before")), &out->before);
        get_lists(&g, json, out);
    }
    if (g.full)
        return err_set(e, ERR_LIMIT, "no memory for a record of containment");
    return !g.bad || err_set(e, ERR_INPUT, "a record of containment is none of this program's");
}
