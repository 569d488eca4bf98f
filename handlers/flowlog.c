/* Cutting a text into lines, and lines into fields.
 *
 * Blanks and line feeds are found together, 64 bytes at a time, as bits of a number; what is
 * between two of them is a field. So a line is gone over once, and only the fields that somebody
 * wants are touched again. A line that is as most are (as many fields as its format has, no other
 * status than OK) is shown to the sieve where it lies, and goes no further when no rule can hold
 * for it. What a border between pieces cuts is held back until its line ends. */
#include "handlers/flowlog.h"

#include <stdio.h>

#include "handlers/flowmarks.h"

#define LINE_FIELDS_MAX (FLOW_COLUMNS_MAX + 1) /* one more than fit any format */

/* A line while its end is looked for. */
struct cut {
    const char *line;
    uint32_t ends[LINE_FIELDS_MAX];
    uint32_t n;
};

void flowlog_init(struct flowlog *f, struct event *ev, struct records_sink sink,
                  struct records_counts *counts)
{
    *f = (struct flowlog){.ev = ev, .sink = sink, .counts = counts};
    buf_init(&f->held, FLOW_LINE_MAX);
}

void flowlog_release(struct flowlog *f)
{
    buf_release(&f->held);
    sieve_free(f->sieve);
}

bool flowlog_sift(struct flowlog *f, struct err *e)
{
    f->sieve = sieve_new(f->ev->rules, SOURCE_VPCFLOW);
    return f->sieve || err_set(e, ERR_SYSTEM, "no memory to read flow logs");
}

bool flowlog_set_format(struct flowlog *f, struct str format)
{
    return flow_format_read(&f->given, format);
}

void flowlog_begin(struct flowlog *f)
{
    buf_reset(&f->held);
    f->format.n = 0;
    f->n_wanted = 0;
    f->dropping = false;
    f->offset = 0;
    f->lines = 0;
}

/* ---- what a text is ---- */

/* Whether lines of the present text may lack a header. */
static bool fits_without_header(const struct flowlog *f, struct str line)
{
    if (f->given.n)
        return flow_line_fields(line) == f->given.n;
    return flow_line_is_default(line);
}

enum flow_told flowlog_tell(const struct flowlog *f, struct str begin, bool whole)
{
    struct flow_format format;
    size_t end = str_find_byte(begin, '\n', 0);
    bool may_begin = begin.n == 0 || byte_is_alpha(*begin.p) || byte_is_digit(*begin.p);
    if (!may_begin || (whole && begin.n == 0))
        return FLOW_IS_NOT;
    if (end == SIZE_MAX && !whole && begin.n < FLOW_HEADER_MAX)
        return FLOW_MORE;
    struct str line = str_trim(str_slice(begin, 0, end));
    return flow_format_read(&format, line) || fits_without_header(f, line) ? FLOW_IS : FLOW_IS_NOT;
}

/* ---- columns ---- */

static void resolve(struct flowlog *f)
{
    struct sieve_column columns[FLOW_COLUMNS_MAX];
    f->n_wanted = 0;
    for (size_t i = 0; i < f->format.n; i++) {
        uint32_t slot = event_member_slot(f->ev, f->format.names[i]);
        columns[i] = (struct sieve_column){slot, f->format.numbers[i]};
        if (slot != RS_NONE)
            f->wanted[f->n_wanted++] = (struct flow_wanted){
                (uint32_t)i, slot, f->format.numbers[i] ? JSON_NUMBER : JSON_STRING};
    }
    if (f->sieve) /* which delivers all lines when memory is out */
        (void)sieve_set_columns(f->sieve, columns, f->format.n);
}

/* Takes the line as a header, when it is one. */
static bool take_header(struct flowlog *f, struct str line)
{
    struct flow_format format;
    if (!flow_format_read(&format, line))
        return false;
    flow_format_copy(&f->format, &format);
    resolve(f);
    return true;
}

/* The first line of an object, without a header. */
static void assume_format(struct flowlog *f)
{
    if (f->given.n)
        flow_format_copy(&f->format, &f->given);
    else
        flow_format_default(&f->format);
    resolve(f);
}

/* ---- lines ---- */

static bool bad_line(struct flowlog *f, struct record_place at, const char *why)
{
    f->counts->bad++;
    if (f->sink.bad)
        f->sink.bad(f->sink.to, &at, why);
    return true;
}

static bool wrong_fields(struct flowlog *f, struct record_place at, uint32_t n)
{
    char why[ERR_TEXT_MAX];
    snprintf(why, sizeof why, "a line of %s%u fields; its format has %zu",
             n == LINE_FIELDS_MAX ? "at least " : "", (unsigned)n, f->format.n);
    return bad_line(f, at, why);
}

static bool no_number(struct flowlog *f, struct record_place at, uint32_t column)
{
    char why[ERR_TEXT_MAX];
    struct str name = f->format.names[column];
    snprintf(why, sizeof why, "its %.*s is no number", (int)str_slice(name, 0, 64).n, name.p);
    return bad_line(f, at, why);
}

static struct str field_at(const struct cut *c, size_t i)
{
    uint32_t from = i ? c->ends[i - 1] + 1 : 0;
    return str_n(c->line + from, c->ends[i] - from);
}

/* Counts a line that tells of no flow. */
static bool is_empty(struct flowlog *f, const struct cut *c)
{
    if (f->format.status == SIZE_MAX)
        return false;
    struct str status = field_at(c, f->format.status);
    if (status.n < 6) /* OK, or - */
        return false;
    bool none = str_eq(status, S("NODATA")), skipped = str_eq(status, S("SKIPDATA"));
    f->counts->no_data += none;
    f->counts->skipped_data += skipped;
    return none || skipped;
}

static bool is_digits(struct str s)
{
    bool digits = s.n > 0;
    for (size_t i = 0; i < s.n; i++)
        digits &= byte_is_digit(s.p[i]);
    return digits;
}

/* Gives the event its values. *column, on false: one whose number is none. */
static bool put_fields(struct flowlog *f, const struct cut *c, uint32_t *column)
{
    for (size_t i = 0; i < f->n_wanted; i++) {
        const struct flow_wanted *w = f->wanted + i;
        struct str value = field_at(c, w->column);
        if (value.n == 0 || (value.n == 1 && *value.p == '-'))
            continue;
        *column = w->column;
        if (w->type == JSON_NUMBER && !is_digits(value))
            return false;
        event_put(f->ev, w->slot, (enum json_type)w->type, value);
    }
    return true;
}

/* A header once more, where objects were put behind each other. */
static bool is_header(struct flowlog *f, const struct cut *c, struct str line)
{
    return *line.p >= 'a' && *line.p <= 'z' && !str_starts(line, S("eni-")) &&
           flow_column_known(field_at(c, 0)) && take_header(f, line);
}

static bool too_long(struct flowlog *f, uint64_t offset)
{
    struct record_place at = {++f->lines, offset};
    f->counts->oversized++;
    return bad_line(f, at, "it is a line longer than 32 KiB");
}

static bool take_line(struct flowlog *f, struct cut *c, uint64_t offset, struct err *e)
{
    uint32_t n = c->ends[c->n - 1], column;
    if (n >= FLOW_LINE_MAX)
        return too_long(f, offset);
    if (n && c->line[n - 1] == '\r')
        c->ends[c->n - 1] = --n;
    struct str line = str_n(c->line, n);
    if (n == 0 || is_header(f, c, line))
        return true;
    if (f->format.n == 0)
        assume_format(f);
    struct record_place at = {++f->lines, offset};
    if (c->n != f->format.n)
        return wrong_fields(f, at, c->n);
    if (is_empty(f, c))
        return true;
    event_begin(f->ev, SOURCE_VPCFLOW, line,
                (struct event_columns){f->format.names, f->format.numbers, f->format.n});
    if (!put_fields(f, c, &column))
        return no_number(f, at, column);
    event_end(f->ev);
    f->counts->records++;
    return f->sink.record(f->sink.to, f->ev, &at, e);
}

/* ---- many lines ---- */

/* Appends where fields and lines end in a text from `at` on, as many as there is room for. Returns
 * where the search is to go on: a block's begin, or the text's end. */
static size_t find_ends(struct flow_ends *f, struct str text, size_t at)
{
    uint32_t n_ends = f->n_ends, n_feeds = f->n_feeds;
    for (; at < text.n && n_ends <= FLOW_ENDS_MAX - FLOW_BLOCK &&
           n_feeds <= FLOW_FEEDS_MAX - FLOW_BLOCK;
         at += FLOW_BLOCK) {
        struct flow_marks m = text.n - at >= FLOW_BLOCK ? flow_marks_block(text.p + at)
                                                        : flow_marks_rest(text.p + at, text.n - at);
        for (; m.ends; m.ends &= m.ends - 1)
            f->marks[++n_ends] = (uint32_t)at + (uint32_t)__builtin_ctzll(m.ends);
        for (; m.feeds; m.feeds &= m.feeds - 1)
            f->feeds[n_feeds++] = (uint32_t)at + (uint32_t)__builtin_ctzll(m.feeds);
    }
    f->n_ends = n_ends;
    f->n_feeds = n_feeds;
    return at < text.n ? at : text.n;
}

/* Whether a line says nothing to anybody. It lies behind the first of the marks and ends at `end`;
 * `known` marks follow the first, those of later lines among them. */
static bool is_quiet(struct flowlog *f, struct str text, uint32_t end, const uint32_t *marks,
                     size_t known)
{
    const size_t n = f->format.n, status = f->format.status;
    const uint32_t begin = marks[0] + 1;
    if (!f->sieve || n == 0 || known < n || marks[n] != end || end == begin ||
        end - begin >= FLOW_LINE_MAX || text.n - end < SIEVE_SLACK || text.p[end - 1] == '\r')
        return false;
    if (status != SIZE_MAX && marks[status + 1] - marks[status] > sizeof "OK")
        return false;
    char first = text.p[begin];
    return !(first >= 'a' && first <= 'z') && !sieve_keeps(f->sieve, text.p, marks);
}

/* A line as it is cut: *n says how many of the marks behind the first are its own. */
static bool take_cut(struct flowlog *f, struct str text, uint32_t end, const uint32_t *marks,
                     size_t *n, struct err *e)
{
    const uint32_t begin = marks[0] + 1;
    struct cut c = {.line = text.p + begin};
    size_t i = 0;
    do {
        if (c.n < LINE_FIELDS_MAX)
            c.n++;
        c.ends[c.n - 1] = marks[++i] - begin;
    } while (marks[i] != end);
    *n = i;
    return take_line(f, &c, f->offset + begin, e);
}

/* Takes the lines whose ends are found, and forgets them. Of a line that has not ended no more
 * fields are kept than it takes to know that there are too many. */
static bool take_found(struct flowlog *f, struct str text, struct err *e)
{
    struct flow_ends *found = &f->found;
    size_t at = 0, n;
    bool ok = true;
    for (uint32_t i = 0; i < found->n_feeds && ok; i++, at += n) {
        const uint32_t end = found->feeds[i], *marks = found->marks + at;
        if (is_quiet(f, text, end, marks, found->n_ends - at)) {
            n = f->format.n;
            f->lines++;
            f->counts->records++;
            event_pass(f->ev);
        } else {
            ok = take_cut(f, text, end, marks, &n, e);
        }
    }
    found->n_feeds = 0;
    found->n_ends -= (uint32_t)at;
    if (found->n_ends > LINE_FIELDS_MAX)
        found->n_ends = LINE_FIELDS_MAX;
    memmove(found->marks, found->marks + at, (1 + found->n_ends) * sizeof *found->marks);
    return ok;
}

/* Takes lines that are whole: the last byte is a line feed. */
static bool take_lines(struct flowlog *f, struct str text, struct err *e)
{
    f->found.marks[0] = UINT32_MAX;
    f->found.n_ends = f->found.n_feeds = 0;
    for (size_t at = 0; at < text.n;) {
        at = find_ends(&f->found, text, at);
        if (!take_found(f, text, e))
            return false;
    }
    f->offset += text.n;
    return true;
}

/* ---- pieces ---- */

static void drop(struct flowlog *f, size_t n)
{
    (void)too_long(f, f->offset);
    f->offset += f->held.n + n;
    f->dropping = true;
    buf_reset(&f->held);
}

/* Keeps what is left of a piece: a line's beginning. */
static void keep(struct flowlog *f, struct str rest)
{
    if (f->dropping)
        f->offset += rest.n;
    else if (f->held.n + rest.n >= FLOW_LINE_MAX)
        drop(f, rest.n);
    else
        buf_put(&f->held, rest);
}

/* Ends the line that was begun before with the first `n` bytes of the piece, a line feed last. */
static bool end_line(struct flowlog *f, struct str rest, struct err *e)
{
    if (f->dropping || f->held.n + rest.n > FLOW_LINE_MAX) {
        keep(f, rest);
        f->dropping = false;
        return true;
    }
    buf_put(&f->held, rest);
    if (!buf_ok(&f->held, "a line of a flow log", e) || !take_lines(f, buf_str(&f->held), e))
        return false;
    buf_reset(&f->held);
    return true;
}

bool flowlog_take(void *self, struct str piece, struct err *e)
{
    struct flowlog *f = self;
    if (f->held.n || f->dropping) {
        size_t end = str_find_byte(piece, '\n', 0);
        if (end == SIZE_MAX) {
            keep(f, piece);
            return buf_ok(&f->held, "a line of a flow log", e);
        }
        if (!end_line(f, str_slice(piece, 0, end + 1), e))
            return false;
        piece = str_skip(piece, end + 1);
    }
    size_t whole = piece.n;
    while (whole && piece.p[whole - 1] != '\n')
        whole--;
    if (!take_lines(f, str_slice(piece, 0, whole), e))
        return false;
    keep(f, str_skip(piece, whole));
    return buf_ok(&f->held, "a line of a flow log", e);
}

bool flowlog_end(struct flowlog *f, struct err *e)
{
    bool ok = (f->held.n == 0 && !f->dropping) || end_line(f, S("\n"), e);
    if (ok && f->counts->records == 0 && f->counts->bad && f->counts->no_data == 0 &&
        f->counts->skipped_data == 0)
        return err_set(e, ERR_INPUT, "nothing in it is a flow log's line of %zu fields",
                       f->format.n);
    return ok;
}
