/* Pieces of JSON and text. */
#include "respond/put.h"

#include "base/escape.h"
#include "base/timefmt.h"

#define ELLIPSIS "\xE2\x80\xA6"

const struct limits limits_none = {SIZE_MAX, SIZE_MAX, SIZE_MAX};

struct str text_cut(struct str s, size_t max)
{
    if (s.n <= max)
        return s;
    while (max > 0 && ((unsigned char)s.p[max] & 0xC0) == 0x80)
        max--;
    return str_n(s.p, max);
}

void put_string(struct buf *b, struct str s, size_t max)
{
    struct str head = text_cut(s, max);
    buf_put_json(b, head);
    if (head.n < s.n && !b->failed) {
        buf_cut(b, b->n - 1);
        buf_putz(b, ELLIPSIS "\"");
    }
}

void put_member(struct buf *b, struct str name, struct str value, size_t max)
{
    buf_put_json(b, name);
    buf_putc(b, ':');
    put_string(b, value, max);
    buf_putc(b, ',');
}

void put_member_time(struct buf *b, const char *name, bool timed, int64_t ms)
{
    buf_put_json(b, str_of(name));
    buf_putc(b, ':');
    if (timed) {
        buf_putc(b, '"');
        time_put(b, ms);
        buf_putc(b, '"');
    } else {
        buf_putz(b, "null");
    }
    buf_putc(b, ',');
}

void put_member_list(struct buf *b, const char *name, const struct ruleset *rs, struct rs_list list,
                     const struct limits *limits)
{
    buf_put_json(b, str_of(name));
    buf_putz(b, ":[");
    for (uint32_t i = 0; i < list.n && i < limits->list; i++) {
        put_string(b, rs_list_str(rs, list, i), limits->value);
        buf_putc(b, ',');
    }
    put_close(b, ']');
    buf_putc(b, ',');
}

void put_close(struct buf *b, char bracket)
{
    if (b->n && b->p[b->n - 1] == ',')
        buf_cut(b, b->n - 1);
    buf_putc(b, bracket);
}

void put_text(struct buf *b, struct str s, size_t max)
{
    struct str head = text_cut(s, max);
    buf_put_terminal(b, head);
    if (head.n < s.n)
        buf_putz(b, ELLIPSIS);
}

void put_level(struct buf *b, enum level level, bool colour)
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
