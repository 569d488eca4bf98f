/* Reads the core fields of an event. */
#include "respond/facts.h"

#include "base/timefmt.h"
#include "engine/falco_term.h"
#include "engine/source.h"
#include "respond/put.h"
#include "respond/redact.h"

/* A core field as it may be told. */
static struct str told(struct event *ev, enum core_field f)
{
    return redact_text(event_core(ev, f), &ev->scratch);
}

/* The first that is there and not empty. */
static struct str first_of(const struct str *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].n)
            return list[i];
    return STR_ABSENT;
}

static void hash_record(struct str record, char out[SHA256_HEX])
{
    unsigned char raw[SHA256_BYTES];
    struct sha256 s;
    sha256_init(&s);
    sha256_add(&s, record);
    sha256_end(&s, raw);
    bytes_hex(out, raw, sizeof raw);
}

static void read_id(struct event *ev, struct facts *f)
{
    f->id = event_core(ev, CORE_ID);
    f->evidence = f->id;
    if (f->id.n)
        return;
    f->id = STR_ABSENT;
    hash_record(event_json(ev), f->hash);
    f->evidence = str_n(f->hash, sizeof f->hash);
}

static void read_identity(struct event *ev, struct facts *f)
{
    f->user_type = told(ev, CORE_USER_TYPE);
    f->user_name = told(ev, CORE_USER_NAME);
    f->user_arn = told(ev, CORE_ARN);
    f->user_account = told(ev, CORE_USER_ACCOUNT);
    f->principal = told(ev, CORE_PRINCIPAL);
    f->invoked_by = told(ev, CORE_INVOKED_BY);
    f->access_key = told(ev, CORE_ACCESS_KEY);
    f->issuer = told(ev, CORE_ISSUER_ARN);
}

/* {"responseElements":{"ConsoleLogin":"Success"}} */
static struct str sign_in(struct event *ev, const struct facts *f)
{
    struct value *v = str_eq(f->source, S("signin.amazonaws.com"))
                          ? event_first(ev, ev->rules->ties[TIE_SIGNED_IN])
                          : NULL;
    return v && v->type == JSON_STRING ? event_text(ev, v) : STR_ABSENT;
}

void facts_name(struct facts *f)
{
    f->actor = first_of((struct str[]){f->user_arn, f->principal, f->invoked_by}, 3);
    f->identity = first_of(
        (struct str[]){f->principal, f->invoked_by, f->user_account, f->ip, S("unknown")}, 5);
}

void facts_read(struct event *ev, struct str object, struct facts *out)
{
    *out = (struct facts){.object = object, .time_ms = INT64_MIN};
    read_id(ev, out);
    out->timed = event_time(ev, &out->time_ms);
    if (!out->timed)
        out->time_ms = INT64_MIN;
    out->source =
        ev->source == SOURCE_CLOUDTRAIL ? told(ev, CORE_SOURCE) : str_of(source_name(ev->source));
    out->name = told(ev, CORE_NAME);
    out->account = told(ev, CORE_ACCOUNT);
    out->region = told(ev, CORE_REGION);
    out->ip = told(ev, CORE_IP);
    out->where = *event_geo(ev);
    out->user_agent = told(ev, CORE_USER_AGENT);
    out->error = told(ev, CORE_ERROR);
    read_identity(ev, out);
    out->sign_in = sign_in(ev, out);
    facts_name(out);
}

void facts_put_where(struct buf *b, const struct facts *f, size_t max)
{
    if (f->where.country.n)
        put_member(b, S("country"), f->where.country, max);
    if (f->where.asn)
        buf_putf(b, "\"asn\":%lu,", (unsigned long)f->where.asn);
    if (f->where.as_org.n)
        put_member(b, S("as_org"), f->where.as_org, max);
}

struct str facts_output(struct event *ev, uint32_t rule, struct buf *b)
{
    const struct rs_rule *r = &ev->rules->rules[rule];
    if (r->dialect != DIALECT_FALCO)
        return STR_ABSENT;
    buf_reset(b);
    falco_put_output(b, ev, r);
    return b->failed ? STR_ABSENT : redact_text(buf_str(b), &ev->scratch);
}
