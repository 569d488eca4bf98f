/* Lines that tell one match. */
#include "respond/match.h"

#include "base/escape.h"
#include "base/timefmt.h"
#include "engine/source.h"

void rule_put_json(struct buf *b, const struct ruleset *rs, uint32_t rule, struct str output,
                   const struct limits *limits)
{
    const struct rs_rule *r = &rs->rules[rule];
    size_t max = limits->value;
    buf_putc(b, '{');
    put_member(b, S("id"), rs_str(rs, r->id), max);
    put_member(b, S("title"), rs_str(rs, r->title), max);
    put_member(b, S("level"), str_of(level_name((enum level)r->level)), max);
    put_member(b, S("author"), rs_str(rs, r->author), max);
    put_member_list(b, "tags", rs, r->tags, limits);
    put_member(b, S("dialect"), str_of(dialect_name((enum dialect)r->dialect)), max);
    put_member(b, S("source"), str_of(source_name((enum source)r->source)), max);
    put_member_list(b, "references", rs, r->references, limits);
    if (r->dialect == DIALECT_FALCO)
        put_member(b, S("output"), output, max);
    put_close(b, '}');
}

void event_put_json(struct buf *b, const struct facts *f, const struct limits *limits)
{
    size_t max = limits->value;
    buf_putc(b, '{');
    put_member(b, S("id"), f->id, max);
    put_member_time(b, "time", f->timed, f->time_ms);
    put_member(b, S("source"), f->source, max);
    put_member(b, S("name"), f->name, max);
    put_member(b, S("account"), f->account, max);
    put_member(b, S("region"), f->region, max);
    put_member(b, S("actor"), f->actor, max);
    put_member(b, S("ip"), f->ip, max);
    put_member(b, S("user_agent"), f->user_agent, max);
    put_member(b, S("error"), f->error, max);
    put_member(b, S("object"), f->object, max);
    put_close(b, '}');
}

void match_put_head(struct buf *b, const struct ruleset *rs, uint32_t rule, struct str output)
{
    buf_putz(b, "{\"type\":\"match\",\"rule\":");
    rule_put_json(b, rs, rule, output, &limits_none);
    buf_putz(b, ",\"event\":");
}

void match_put_tail(struct buf *b, const struct ruleset *rs, uint32_t rule, struct str output)
{
    if (rs->rules[rule].dialect == DIALECT_FALCO) {
        buf_putz(b, ",\"output\":");
        put_string(b, output, SIZE_MAX);
    }
    buf_putz(b, "}\n");
}

void match_put_json(struct buf *b, const struct match *m)
{
    match_put_head(b, m->rs, m->rule, m->output);
    event_put_json(b, m->facts, &limits_none);
    match_put_tail(b, m->rs, m->rule, m->output);
}

void match_put_csv_head(struct buf *b)
{
    buf_putz(b, "time,level,rule,title,event,source,name,account,region,actor,ip,user_agent,error,"
                "object\r\n");
}

void match_put_csv(struct buf *b, const struct match *m)
{
    const struct rs_rule *r = &m->rs->rules[m->rule];
    const struct facts *f = m->facts;
    const struct str cells[] = {
        str_of(level_name((enum level)r->level)),
        rs_str(m->rs, r->id),
        rs_str(m->rs, r->title),
        f->id,
        f->source,
        f->name,
        f->account,
        f->region,
        f->actor,
        f->ip,
        f->user_agent,
        f->error,
        f->object,
    };
    if (f->timed)
        time_put(b, f->time_ms);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        buf_putc(b, ',');
        buf_put_csv(b, cells[i]);
    }
    buf_putz(b, "\r\n");
}

/* ", prefix value" when there is a value. */
static void put_part(struct buf *b, const char *prefix, struct str value)
{
    if (value.n == 0)
        return;
    buf_putz(b, prefix);
    buf_put_terminal(b, value);
}

void match_put_text(struct buf *b, const struct match *m, bool colour)
{
    const struct rs_rule *r = &m->rs->rules[m->rule];
    const struct facts *f = m->facts;
    if (f->timed)
        time_put(b, f->time_ms);
    else
        buf_putz(b, "(no time)");
    buf_putc(b, ' ');
    put_level(b, (enum level)r->level, colour);
    put_part(b, " ", rs_str(m->rs, r->title));
    put_part(b, ": ", f->name);
    put_part(b, " by ", f->actor);
    put_part(b, " from ", f->ip);
    put_part(b, ", account ", f->account);
    put_part(b, ", ", f->region);
    put_part(b, ", refused: ", f->error);
    put_part(b, ", event ", f->id);
    put_part(b, " | ", m->output);
    buf_putc(b, '\n');
}
