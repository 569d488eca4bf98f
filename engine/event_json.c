/* The present record as JSON, made from its columns only when somebody asks: for evidence, and for
 * reading it once more. */
#include "base/buf.h"
#include "base/escape.h"
#include "engine/event.h"

/* A number as JSON writes it: digits, and no zero in front. */
static bool is_json_number(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is_digit(s.p[i]))
            return false;
    return s.n == 1 || (s.n > 1 && *s.p != '0');
}

static void put_column(struct buf *b, struct str name, bool number, struct str value)
{
    if (b->n > 1)
        buf_putc(b, ',');
    buf_put_json(b, name);
    buf_putc(b, ':');
    if (number && is_json_number(value))
        buf_put(b, value);
    else
        buf_put_json(b, value);
}

static void put_columns(struct buf *b, const struct event_columns *c, struct str line)
{
    struct str rest = line;
    buf_putc(b, '{');
    for (size_t i = 0; i < c->n && str_present(rest); i++) {
        struct str value = str_cut(&rest, ' ');
        if (value.n && !str_eq(value, S("-")))
            put_column(b, c->names[i], c->numbers[i], value);
    }
    buf_putc(b, '}');
}

struct str event_json(struct event *ev)
{
    struct buf b;
    if (ev->columns.n == 0)
        return ev->record;
    buf_init(&b, EVENT_SCRATCH_MAX);
    put_columns(&b, &ev->columns, ev->record);
    struct str text = b.failed ? STR_ABSENT : arena_str(&ev->scratch, buf_str(&b));
    buf_release(&b);
    if (str_present(text))
        return text;
    ev->counts.scratch_full++;
    return S("{}");
}
