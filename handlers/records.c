/* Cutting an object into records.
 *
 * A state machine over a range of bytes. Each step either consumes something or asks for more; what
 * it does not consume begins with the value it waits for. So a record that lies whole inside a
 * piece is read there; only one that a border cuts is copied to the window, together with as much
 * of the next piece as it takes to see its end. A value is looked at again only when the bytes have
 * at least doubled, which keeps the whole linear. */
#include "handlers/records.h"

#include <stdio.h>

#include "base/escape.h"
#include "engine/json.h"
#include "handlers/logshape.h"

/* First size at which a cut value is looked at again: a few records of usual size. */
#define WINDOW_FIRST_BYTES 65536

enum step { STEP_ON, STEP_MORE, STEP_FAILED };

/* The bytes a step looks at. */
struct view {
    const char *p;
    const char *end;
    uint64_t base; /* offset in the object of `start` */
    const char *start;
    bool last; /* nothing comes behind end */
};

void records_init(struct records *r, struct event *ev, struct records_sink sink)
{
    *r = (struct records){.ev = ev, .sink = sink};
    buf_init(&r->window, RECORD_BYTES_MAX);
}

void records_release(struct records *r)
{
    buf_release(&r->window);
}

void records_begin(struct records *r)
{
    buf_reset(&r->window);
    r->counts = (struct records_counts){0};
    r->wanted = 0;
    r->offset = 0;
    r->state = RECORDS_TOP;
    r->resyncs = 0;
    r->in_object = false;
    r->behind_value = false;
    r->shape_known = false;
    r->started = false;
    r->first_bad[0] = '\0';
}

static uint64_t view_offset(const struct view *v)
{
    return v->base + (uint64_t)(v->p - v->start);
}

static struct str view_record(const struct view *v)
{
    return str_slice(str_n(v->p, (size_t)(v->end - v->p)), 0, RECORD_BYTES_MAX);
}

static struct record_place next_place(const struct records *r, const struct view *v)
{
    return (struct record_place){r->counts.records + r->counts.bad + 1, view_offset(v)};
}

/* ---- bad values ---- */

/* Names the value at v->p as bad. */
static void name_bad(struct records *r, const struct view *v, const char *why)
{
    struct record_place at = next_place(r, v);
    r->counts.bad++;
    if (r->counts.bad == 1)
        snprintf(r->first_bad, sizeof r->first_bad, "%s", why);
    if (r->sink.bad)
        r->sink.bad(r->sink.to, &at, why);
}

static enum step start_skip(struct records *r, bool lines)
{
    r->skip = (struct skip){.lines = lines};
    r->after_skip = r->state;
    r->state = RECORDS_SKIP;
    return STEP_ON;
}

/* Whether a value of JSON lines that did not end as it should may be left at the next line. */
static bool may_resync(struct records *r)
{
    if (r->state != RECORDS_TOP || r->resyncs == RECORDS_RESYNC_MAX)
        return false;
    r->resyncs++;
    return true;
}

static bool has_later_line(const struct view *v)
{
    return str_find(str_n(v->p, (size_t)(v->end - v->p)), S("\n{"), 0) != SIZE_MAX;
}

/* A value that is larger than a record may be. */
static enum step oversized(struct records *r, struct view *v)
{
    name_bad(r, v, "it is larger than 4 MiB");
    r->counts.oversized++;
    return start_skip(r, may_resync(r));
}

/* A value that does not end in all there is. */
static enum step cut_off(struct records *r, struct view *v, struct err *e)
{
    if (has_later_line(v) && may_resync(r)) {
        name_bad(r, v, "it is cut off: the next line begins another one");
        return start_skip(r, true);
    }
    struct record_place at = next_place(r, v);
    err_set(e, ERR_INPUT, "cut off: it ends inside record %llu, which begins at byte %llu",
            (unsigned long long)at.number, (unsigned long long)at.offset);
    return STEP_FAILED;
}

/* What to do when the value at v->p does not end in view_record(v). */
static enum step not_ended(struct records *r, struct view *v, struct err *e)
{
    if (view_record(v).n == RECORD_BYTES_MAX)
        return oversized(r, v);
    return v->last ? cut_off(r, v, e) : STEP_MORE;
}

/* ---- records ---- */

/* An event that EventBridge carries is the record: {"detail-type":...,"detail":{...}}. */
static bool unwrap(struct records *r)
{
    size_t used;
    struct err ignored;
    struct str detail = json_member(r->ev->record, S("detail"));
    return str_starts(detail, S("{")) && event_read(r->ev, detail, &used, &ignored) == JSON_OK &&
           r->ev->source_known;
}

/* Names a value that no source's records look like. */
static void name_unknown(struct records *r, const struct view *v, const char *what)
{
    char space[ERR_TEXT_MAX];
    struct buf keys;
    buf_init(&keys, sizeof space / 2);
    logshape_put_keys(&keys, view_record(v));
    snprintf(space, sizeof space, "%s: its keys are %s", what, keys.failed ? "many" : buf_z(&keys));
    buf_release(&keys);
    name_bad(r, v, space);
}

static enum step deliver(struct records *r, struct view *v, size_t used, struct err *e)
{
    struct record_place at = next_place(r, v);
    if (!r->ev->source_known && !unwrap(r)) {
        name_unknown(r, v, "no record of a log that is read here");
        v->p += used;
        return STEP_ON;
    }
    r->counts.records++;
    v->p += used;
    return r->sink.record(r->sink.to, r->ev, &at, e) ? STEP_ON : STEP_FAILED;
}

/* A record at v->p, which stands on {. Where a broken one is left: behind its brackets, or, with
 * `lines`, at the next line that begins with { if that comes first. */
static enum step read_record(struct records *r, struct view *v, bool lines, struct err *e)
{
    size_t used;
    struct err why = {0};
    switch (event_read(r->ev, view_record(v), &used, &why)) {
    case JSON_OK:
        return deliver(r, v, used, e);
    case JSON_MORE:
        return not_ended(r, v, e);
    default:
        name_bad(r, v, why.text);
        return start_skip(r, lines || may_resync(r));
    }
}

/* A record of JSON lines is tried within its line first, so that a line cut off in its middle costs
 * its own length and does not swallow the next. */
static enum step read_line(struct records *r, struct view *v, struct err *e)
{
    struct str bytes = view_record(v);
    size_t line = str_find_byte(bytes, '\n', 0);
    if (line == SIZE_MAX)
        return read_record(r, v, true, e);
    size_t used;
    struct err why = {0};
    switch (event_read(r->ev, str_slice(bytes, 0, line), &used, &why)) {
    case JSON_OK:
        return deliver(r, v, used, e);
    case JSON_MORE:
        return read_record(r, v, false, e); /* over several lines */
    default:
        name_bad(r, v, why.text);
        return start_skip(r, true);
    }
}

/* ---- top ---- */

static enum step unknown_shape(struct records *r, struct view *v)
{
    name_unknown(r, v, "neither a record of a log that is read here nor a list of them");
    return start_skip(r, false);
}

static enum step skip_known(struct records *r, uint64_t *count)
{
    r->shape_known = true;
    *count += 1;
    return start_skip(r, false);
}

/* Too large to tell what it is: its keys are walked one by one, in case Records comes. */
static enum step walk_keys(struct records *r, struct view *v)
{
    v->p++;
    r->state = RECORDS_KEYS;
    r->in_object = false;
    return STEP_ON;
}

static enum step enter_list(struct records *r, struct view *v, size_t behind, bool in_object)
{
    v->p += behind;
    r->state = RECORDS_LIST;
    r->in_object = in_object;
    r->behind_value = false;
    r->shape_known = true;
    return STEP_ON;
}

static enum step top_object(struct records *r, struct view *v, struct err *e)
{
    size_t at = 0;
    uint64_t ignored = 0;
    switch (logshape_of(view_record(v), &at)) {
    case LOGSHAPE_LIST:
        return enter_list(r, v, at, true);
    case LOGSHAPE_DIGEST:
        return skip_known(r, &r->counts.digests);
    case LOGSHAPE_EMPTY:
        return skip_known(r, &ignored);
    case LOGSHAPE_UNKNOWN:
        return r->ev->source_forced ? read_line(r, v, e) : unknown_shape(r, v);
    case LOGSHAPE_MORE:
        if (view_record(v).n == RECORD_BYTES_MAX)
            return walk_keys(r, v);
        return not_ended(r, v, e);
    default: /* a record, or so broken that reading it as one gives the reason */
        return read_line(r, v, e);
    }
}

/* What begins neither an object nor a list, where the object begins or behind its list. */
static enum step no_json(const struct records *r, const struct view *v, struct err *e)
{
    unsigned byte = (unsigned char)*v->p;
    if (r->shape_known)
        err_set(e, ERR_INPUT,
                "something that is no JSON stands behind the records: byte %llu is "
                "0x%02x",
                (unsigned long long)view_offset(v), byte);
    else if (byte == 0x1f)
        err_set(e, ERR_INPUT, "gzip inside gzip is not read");
    else
        err_set(e, ERR_INPUT, "neither JSON nor gzip: byte %llu is 0x%02x",
                (unsigned long long)view_offset(v), byte);
    return STEP_FAILED;
}

/* Bytes at the top that begin no object. In JSON lines, a bad line. */
static enum step top_junk(struct records *r, struct view *v, struct err *e)
{
    if (r->counts.records == 0 || r->shape_known)
        return no_json(r, v, e);
    const char *line_end = memchr(v->p, '\n', (size_t)(v->end - v->p));
    if (!line_end && !v->last && view_record(v).n < RECORD_BYTES_MAX)
        return STEP_MORE;
    name_bad(r, v, "a line that is no JSON object");
    v->p = line_end ? line_end : v->end;
    return STEP_ON;
}

#define BOM S("\xEF\xBB\xBF") /* U+FEFF, in front of what some Windows tools write */

static enum step top_start(struct records *r, struct view *v)
{
    size_t n = (size_t)(v->end - v->p);
    bool may_be = n && *v->p == *BOM.p;
    if (may_be && n < BOM.n && !v->last)
        return STEP_MORE;
    if (may_be && str_starts(str_n(v->p, n), BOM))
        v->p += BOM.n;
    r->started = n > 0;
    return STEP_ON;
}

static enum step step_top(struct records *r, struct view *v, struct err *e)
{
    if (!r->started && view_offset(v) == 0 && top_start(r, v) == STEP_MORE)
        return STEP_MORE;
    v->p = json_blanks(v->p, v->end);
    if (v->p == v->end)
        return STEP_MORE;
    if (*v->p == '{')
        return top_object(r, v, e);
    if (*v->p == '[')
        return enter_list(r, v, 1, false);
    return top_junk(r, v, e);
}

/* ---- lists ---- */

static enum step list_unexpected(const struct view *v, const char *wanted, struct err *e)
{
    err_set(e, ERR_INPUT, "broken JSON at byte %llu of the text: %s expected, 0x%02x found",
            (unsigned long long)view_offset(v), wanted, (unsigned char)*v->p);
    return STEP_FAILED;
}

static enum step list_end(struct records *r, struct view *v)
{
    v->p++;
    r->state = r->in_object ? RECORDS_KEYS : RECORDS_TOP;
    return STEP_ON;
}

static const char *not_an_object(enum json_type type)
{
    switch (type) {
    case JSON_NULL:
        return "it is null, not an object";
    case JSON_NUMBER:
        return "it is a number, not an object";
    case JSON_STRING:
        return "it is a string, not an object";
    case JSON_ARRAY:
        return "it is an array, not an object";
    default:
        return "it is true or false, not an object";
    }
}

static enum step list_value(struct records *r, struct view *v, struct err *e)
{
    enum json_type type = json_type_of(*v->p);
    if (type == JSON_ABSENT)
        return list_unexpected(v, "a record", e);
    r->behind_value = true;
    if (type == JSON_OBJECT) {
        enum step step = read_record(r, v, false, e);
        r->behind_value = step != STEP_MORE;
        return step;
    }
    name_bad(r, v, not_an_object(type));
    return start_skip(r, false);
}

static enum step step_list(struct records *r, struct view *v, struct err *e)
{
    v->p = json_blanks(v->p, v->end);
    if (v->p == v->end)
        return STEP_MORE;
    if (*v->p == ']')
        return list_end(r, v);
    if (!r->behind_value)
        return list_value(r, v, e);
    if (*v->p != ',')
        return list_unexpected(v, "a comma or ]", e);
    v->p++;
    r->behind_value = false;
    return STEP_ON;
}

/* ---- keys around a list ---- */

static enum step keys_end(struct records *r, struct view *v)
{
    if (!r->in_object)
        name_bad(r, v, "an object larger than 4 MiB without Records");
    v->p++;
    r->state = RECORDS_TOP;
    return STEP_ON;
}

/* Moves over "key" : to the value. *key stays raw. */
static enum step keys_value(struct view *v, struct str *key, struct err *e)
{
    const char *p = v->p;
    bool escaped;
    if (json_skip_string(&p, v->end, &escaped) != JSON_OK)
        return STEP_MORE;
    *key = str_n(v->p + 1, (size_t)(p - v->p - 2));
    p = json_blanks(p, v->end);
    if (p == v->end)
        return STEP_MORE;
    struct view colon = *v;
    colon.p = p;
    if (*p != ':')
        return list_unexpected(&colon, "a colon", e);
    p = json_blanks(p + 1, v->end);
    if (p == v->end)
        return STEP_MORE;
    v->p = p;
    return STEP_ON;
}

static enum step step_keys(struct records *r, struct view *v, struct err *e)
{
    v->p = json_blanks(v->p, v->end);
    if (v->p < v->end && *v->p == ',')
        v->p = json_blanks(v->p + 1, v->end);
    if (v->p == v->end)
        return STEP_MORE;
    if (*v->p == '}')
        return keys_end(r, v);
    if (*v->p != '"')
        return list_unexpected(v, "a key or }", e);
    struct str key;
    enum step step = keys_value(v, &key, e);
    if (step != STEP_ON)
        return step;
    if ((str_eq(key, S("Records")) || str_eq(key, S("items"))) && *v->p == '[')
        return enter_list(r, v, 1, true);
    return start_skip(r, false);
}

/* ---- the machine ---- */

static enum step step_skip(struct records *r, struct view *v)
{
    if (!skip_value(&r->skip, &v->p, v->end))
        return STEP_MORE;
    r->state = r->after_skip;
    return STEP_ON;
}

static enum step step_once(struct records *r, struct view *v, struct err *e)
{
    switch (r->state) {
    case RECORDS_TOP:
        return step_top(r, v, e);
    case RECORDS_LIST:
        return step_list(r, v, e);
    case RECORDS_KEYS:
        return step_keys(r, v, e);
    default:
        return step_skip(r, v);
    }
}

/* Steps as far as the bytes go; *used is what was consumed. */
static bool consume(struct records *r, struct str bytes, bool last, size_t *used, struct err *e)
{
    struct view v = {bytes.p, bytes.p + bytes.n, r->offset, bytes.p, last};
    enum step step;
    do
        step = step_once(r, &v, e);
    while (step == STEP_ON);
    *used = (size_t)(v.p - bytes.p);
    r->offset += *used;
    return step == STEP_MORE;
}

/* Puts what is left of a piece into the empty window; it will be looked at when it has doubled. */
static bool keep(struct records *r, struct str rest, struct err *e)
{
    buf_put(&r->window, rest);
    size_t doubled = rest.n * 2 > WINDOW_FIRST_BYTES ? rest.n * 2 : WINDOW_FIRST_BYTES;
    r->wanted = doubled < RECORD_BYTES_MAX ? doubled : RECORD_BYTES_MAX;
    return buf_ok(&r->window, "a value of the log that is no record", e);
}

/* Adds to the window from the piece and looks at it when there is enough. */
static bool window_take(struct records *r, struct str *piece, struct err *e)
{
    struct str slice = str_slice(*piece, 0, r->wanted - r->window.n);
    buf_put(&r->window, slice);
    if (!buf_ok(&r->window, "the record window", e))
        return false;
    *piece = str_skip(*piece, slice.n);
    if (r->window.n < r->wanted)
        return true;
    size_t used;
    if (!consume(r, buf_str(&r->window), false, &used, e))
        return false;
    size_t left = r->window.n - used;
    if (left <= slice.n) { /* all of it lies in the piece: go on there */
        piece->p -= left;
        piece->n += left;
        buf_reset(&r->window);
        return true;
    }
    if (used == 0 && r->window.n == RECORD_BYTES_MAX)
        return err_set(e, ERR_INPUT, "a key at byte %llu of the text is larger than 4 MiB",
                       (unsigned long long)r->offset);
    buf_drop_front(&r->window, used);
    r->wanted = left * 2 < RECORD_BYTES_MAX ? left * 2 : RECORD_BYTES_MAX;
    return true;
}

bool records_take(void *self, struct str piece, struct err *e)
{
    struct records *r = self;
    while (piece.n) {
        if (r->window.n) {
            if (!window_take(r, &piece, e))
                return false;
            continue;
        }
        size_t used;
        if (!consume(r, piece, false, &used, e))
            return false;
        piece = str_skip(piece, used);
        if (piece.n)
            return keep(r, piece, e);
    }
    return true;
}

static bool fail_at_end(const struct records *r, struct err *e)
{
    if (r->state == RECORDS_SKIP)
        return err_set(e, ERR_INPUT, "cut off: it ends inside a value that was being skipped%s%s",
                       r->first_bad[0] ? "; the first bad record: " : "", r->first_bad);
    return err_set(e, ERR_INPUT, "cut off: it ends inside the list of records, after record %llu",
                   (unsigned long long)(r->counts.records + r->counts.bad));
}

bool records_end(struct records *r, struct err *e)
{
    size_t used;
    if (!consume(r, buf_str(&r->window), true, &used, e))
        return false;
    if (r->state != RECORDS_TOP)
        return fail_at_end(r, e);
    if (r->counts.records == 0 && r->counts.bad == 0 && !r->shape_known)
        return err_set(e, ERR_INPUT, "it is empty");
    if (r->counts.records == 0 && r->counts.bad && !r->shape_known)
        return err_set(e, ERR_INPUT, "nothing in it is a record that is read here: %s",
                       r->first_bad);
    return true;
}
