/* Details of an event: written, shortened, read back. */
#include "respond/details.h"

#include "base/escape.h"
#include "base/timefmt.h"
#include "engine/json.h"
#include "respond/put.h"
#include "respond/redact.h"

/* ---- writing ---- */

/* How long values may be: tried from the first to the last until all fits. The last one does: 21
 * strings of 20 bytes, each at most six in JSON, their names and the node are below 3 KB. */
static const struct
try {
    size_t fact, field, fields;
}
tries[] = {
    {1200, SHOWN_BYTES_MAX, SHOWN_MAX}, /* an object's name has at most 1,092 bytes */
    {1200, 512, SHOWN_MAX},
    {512, 256, SHOWN_MAX},
    {256, 128, SHOWN_MAX},
    {128, 64, 16},
    {64, 40, 8},
    {20, 0, 0},
};

/* The member, unless it is absent. */
static void put_known(struct buf *b, struct str name, struct str value, size_t max)
{
    if (str_present(value))
        put_member(b, name, value, max);
}

static void put_event(struct buf *b, const struct facts *f, size_t max)
{
    buf_putz(b, "\"event\":{");
    put_known(b, S("id"), f->id, max);
    if (f->timed)
        put_member_time(b, "time", true, f->time_ms);
    put_known(b, S("source"), f->source, max);
    put_known(b, S("name"), f->name, max);
    put_known(b, S("account"), f->account, max);
    put_known(b, S("region"), f->region, max);
    put_known(b, S("ip"), f->ip, max);
    put_known(b, S("user_agent"), f->user_agent, max);
    put_known(b, S("error"), f->error, max);
    put_known(b, S("sign_in"), f->sign_in, max);
    put_known(b, S("object"), f->object, max);
    put_close(b, '}');
    buf_putc(b, ',');
}

static void put_identity(struct buf *b, const struct facts *f, size_t max)
{
    buf_putz(b, "\"identity\":{");
    put_known(b, S("type"), f->user_type, max);
    put_known(b, S("arn"), f->user_arn, max);
    put_known(b, S("principal"), f->principal, max);
    put_known(b, S("account"), f->user_account, max);
    put_known(b, S("name"), f->user_name, max);
    put_known(b, S("access_key"), f->access_key, max);
    put_known(b, S("issuer"), f->issuer, max);
    put_known(b, S("invoked_by"), f->invoked_by, max);
    facts_put_where(b, f, max);
    put_close(b, '}');
    buf_putc(b, ',');
}

/* The value of a slot as it may be shown; several values (a path that ran over an array) joined. */
static struct str shown_value(struct event *ev, uint32_t slot, struct buf *scratch)
{
    const struct ruleset *rs = ev->rules;
    struct value *v = event_first(ev, slot);
    if (!v)
        return STR_ABSENT;
    if (redact_is_secret_path(rs_str(rs, rs->slots[slot].path)))
        return S(REDACTED);
    if (v->type == JSON_ARRAY || !event_next(ev, v))
        return redact_text(event_text(ev, v), &ev->scratch);
    buf_reset(scratch);
    for (; v && scratch->n <= SHOWN_BYTES_MAX; v = event_next(ev, v)) {
        if (scratch->n)
            buf_putz(scratch, ", ");
        buf_put(scratch, event_text(ev, v));
    }
    return redact_text(buf_str(scratch), &ev->scratch);
}

static void put_fields(struct buf *b, struct event *ev, const struct rs_rule *r,
                       const struct try *t, struct buf *scratch)
{
    const struct ruleset *rs = ev->rules;
    size_t n = 0;
    buf_putz(b, "\"fields\":[");
    for (uint32_t i = 0; i < r->fields.n && n < t->fields; i++) {
        uint32_t slot = rs->numbers[r->fields.first + i];
        struct str value = shown_value(ev, slot, scratch);
        if (!str_present(value))
            continue;
        buf_putc(b, '[');
        put_string(b, rs_str(rs, rs->slots[slot].path), t->fact);
        buf_putc(b, ',');
        put_string(b, value, t->field);
        buf_putz(b, "],");
        n++;
    }
    put_close(b, ']');
}

static void put_id(struct buf *b, const char *name, struct id128 id)
{
    buf_putf(b, "\"%s\":\"", name);
    id128_put_hex(b, id);
    buf_putz(b, "\",");
}

static void put_node(struct buf *b, struct event *ev, const struct facts *f)
{
    struct lineage_node who;
    struct id128 key;
    lineage_actor(ev, f, NULL, &who, &key);
    buf_putz(b, "\"node\":{");
    put_id(b, "id", who.id);
    buf_putf(b, "\"kind\":%u,", (unsigned)who.kind);
    if (who.created_ms != INT64_MIN)
        buf_putf(b, "\"created\":%lld,", (long long)who.created_ms);
    if (key.hi || key.lo)
        put_id(b, "key", key);
    put_close(b, '}');
    buf_putc(b, ',');
}

void details_put(struct buf *out, struct event *ev, uint32_t rule, const struct facts *f,
                 struct buf *scratch)
{
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        buf_reset(out);
        buf_putc(out, '{');
        put_event(out, f, tries[i].fact);
        put_identity(out, f, tries[i].fact);
        put_node(out, ev, f);
        put_known(out, S("output"), facts_output(ev, rule, scratch), tries[i].fact);
        put_fields(out, ev, ev->rules->rules + rule, tries + i, scratch);
        buf_putc(out, '}');
        if (!out->failed)
            return;
    }
    buf_reset(out);
}

/* ---- reading ---- */

static void read_event(struct str event, struct arena *a, struct facts *f)
{
    f->id = json_member_text(event, "id", a);
    f->evidence = f->id;
    f->timed = time_parse(json_member_text(event, "time", a), &f->time_ms);
    if (!f->timed)
        f->time_ms = INT64_MIN;
    f->source = json_member_text(event, "source", a);
    f->name = json_member_text(event, "name", a);
    f->account = json_member_text(event, "account", a);
    f->region = json_member_text(event, "region", a);
    f->ip = json_member_text(event, "ip", a);
    f->user_agent = json_member_text(event, "user_agent", a);
    f->error = json_member_text(event, "error", a);
    f->sign_in = json_member_text(event, "sign_in", a);
    f->object = json_member_text(event, "object", a);
}

static void read_where(struct str identity, struct arena *a, struct geo *out)
{
    unsigned long long asn;
    out->country = json_member_text(identity, "country", a);
    out->as_org = json_member_text(identity, "as_org", a);
    if (str_u64(json_member(identity, S("asn")), &asn) && asn <= UINT32_MAX)
        out->asn = (uint32_t)asn;
}

static void read_identity(struct str identity, struct arena *a, struct facts *f)
{
    f->user_type = json_member_text(identity, "type", a);
    f->user_arn = json_member_text(identity, "arn", a);
    f->principal = json_member_text(identity, "principal", a);
    f->user_account = json_member_text(identity, "account", a);
    f->user_name = json_member_text(identity, "name", a);
    f->access_key = json_member_text(identity, "access_key", a);
    f->issuer = json_member_text(identity, "issuer", a);
    f->invoked_by = json_member_text(identity, "invoked_by", a);
    read_where(identity, a, &f->where);
    facts_name(f);
}

static void read_fields(struct str fields, struct arena *a, struct details *out)
{
    for (size_t i = 0; i < SHOWN_MAX; i++) {
        struct str pair = json_element(fields, i);
        struct str name = json_string_text(json_element(pair, 0), a);
        if (!str_present(name))
            return;
        out->shown[out->n_shown++] =
            (struct shown){name, json_string_text(json_element(pair, 1), a)};
    }
}

/* False when raw is no string of 32 digits. */
static bool read_id(struct str raw, struct id128 *id)
{
    return raw.n > 2 && id128_read_hex(str_n(raw.p + 1, raw.n - 2), id);
}

static void read_node(struct str node, struct details *out)
{
    struct str created = json_member(node, S("created"));
    bool past = str_starts(created, S("-"));
    unsigned long long kind, ms;
    if (!read_id(json_member(node, S("id")), &out->node.id) ||
        !str_u64(json_member(node, S("kind")), &kind) || kind >= LINEAGE_KINDS)
        return;
    out->has_node = true;
    out->node.kind = (enum lineage_kind)kind;
    out->node.name = out->facts.actor.n ? out->facts.actor : out->facts.identity;
    out->node.account = out->facts.user_account;
    out->node.created_ms = INT64_MIN;
    if (str_u64(past ? str_skip(created, 1) : created, &ms) && ms <= INT64_MAX)
        out->node.created_ms = past ? -(int64_t)ms : (int64_t)ms;
    read_id(json_member(node, S("key")), &out->key);
}

bool details_read(struct str text, struct arena *a, struct details *out)
{
    *out = (struct details){.facts = {.time_ms = INT64_MIN}};
    const char *end = text.p;
    if (text.n == 0 || *text.p != '{' || json_skip(&end, text.p + text.n) != JSON_OK ||
        end != text.p + text.n)
        return false;
    read_event(json_member(text, S("event")), a, &out->facts);
    read_identity(json_member(text, S("identity")), a, &out->facts);
    read_node(json_member(text, S("node")), out);
    out->output = json_member_text(text, "output", a);
    read_fields(json_member(text, S("fields")), a, out);
    return true;
}
