/* Lines that tell one match. */
#include "respond/match.h"

#include "base/escape.h"
#include "base/timefmt.h"

void time_put_json(struct buf *b, bool timed, int64_t ms)
{
    if (!timed) {
        buf_putz(b, "null");
        return;
    }
    buf_putc(b, '"');
    time_put(b, ms);
    buf_putc(b, '"');
}

void member_put_json(struct buf *b, const char *name, struct str value)
{
    buf_put_json(b, str_of(name));
    buf_putc(b, ':');
    buf_put_json(b, value);
    buf_putc(b, ',');
}

static void put_texts(struct buf *b, const char *name, const struct ruleset *rs, struct rs_list l)
{
    buf_put_json(b, str_of(name));
    buf_putz(b, ":[");
    for (uint32_t i = 0; i < l.n; i++) {
        if (i)
            buf_putc(b, ',');
        buf_put_json(b, rs_list_str(rs, l, i));
    }
    buf_putz(b, "],");
}

void rule_put_json(struct buf *b, const struct ruleset *rs, uint32_t rule, struct str output)
{
    const struct rs_rule *r = &rs->rules[rule];
    buf_putc(b, '{');
    member_put_json(b, "id", rs_str(rs, r->id));
    member_put_json(b, "title", rs_str(rs, r->title));
    member_put_json(b, "level", str_of(level_name((enum level)r->level)));
    member_put_json(b, "author", rs_str(rs, r->author));
    put_texts(b, "tags", rs, r->tags);
    member_put_json(b, "dialect", str_of(dialect_name((enum dialect)r->dialect)));
    member_put_json(b, "source", str_of(source_name((enum source)r->source)));
    put_texts(b, "references", rs, r->references);
    if (r->dialect == DIALECT_FALCO)
        member_put_json(b, "output", output);
    buf_cut(b, b->n - 1); /* the last comma */
    buf_putc(b, '}');
}

void event_put_json(struct buf *b, const struct facts *f)
{
    buf_putc(b, '{');
    member_put_json(b, "id", f->id);
    buf_putz(b, "\"time\":");
    time_put_json(b, f->timed, f->time_ms);
    buf_putc(b, ',');
    member_put_json(b, "source", f->source);
    member_put_json(b, "name", f->name);
    member_put_json(b, "account", f->account);
    member_put_json(b, "region", f->region);
    member_put_json(b, "actor", f->actor);
    member_put_json(b, "ip", f->ip);
    member_put_json(b, "user_agent", f->user_agent);
    member_put_json(b, "error", f->error);
    buf_putz(b, "\"object\":");
    buf_put_json(b, f->object);
    buf_putc(b, '}');
}

void match_put_json(struct buf *b, const struct match *m)
{
    buf_putz(b, "{\"type\":\"match\",\"rule\":");
    rule_put_json(b, m->rs, m->rule, m->output);
    buf_putz(b, ",\"event\":");
    event_put_json(b, m->facts);
    buf_putz(b, "}\n");
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

void level_put_text(struct buf *b, enum level level, bool colour)
{
    static const struct {
        const char *name, *colour;
    } levels[] = {
        [LEVEL_INFORMATIONAL] = {"[INFORMATIONAL]", "\x1b[2m"},
        [LEVEL_LOW] = {"[LOW]", "\x1b[36m"},
        [LEVEL_MEDIUM] = {"[MEDIUM]", "\x1b[33m"},
        [LEVEL_HIGH] = {"[HIGH]", "\x1b[31m"},
        [LEVEL_CRITICAL] = {"[CRITICAL]", "\x1b[1;31m"},
    };
    if (colour)
        buf_putz(b, levels[level].colour);
    buf_putz(b, levels[level].name);
    if (colour)
        buf_putz(b, "\x1b[0m");
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
    level_put_text(b, (enum level)r->level, colour);
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
