/* The pipe from stored bytes to events. */
#include "handlers/object.h"

/* ---- the pipe's joints ---- */

/* bytes_fn of the port. */
static bool take_piece(void *to, struct str piece, struct err *e)
{
    struct object_reader *o = to;
    if (!o->calls.piece(o->calls.to, piece.n, e)) {
        o->fault = OBJECT_STOPPED;
        return false;
    }
    o->stored_bytes += piece.n;
    if (inflate_take(&o->inflate, piece, e))
        return true;
    if (o->fault == OBJECT_WHOLE)
        o->fault = OBJECT_CONTENT;
    return false;
}

static bool hand_on(struct object_reader *o, struct str text, struct err *e)
{
    return o->text == OBJECT_FLOWS ? flowlog_take(&o->flows, text, e)
                                   : records_take(&o->records, text, e);
}

/* Tells what the text is that begins so, or asks for more of it by leaving it untold. */
static bool tell(struct object_reader *o, struct str begin, bool whole, struct err *e)
{
    if (str_starts(begin, S("PAR1")))
        return err_set(e, ERR_INPUT,
                       "it is Parquet, which is not read: let flow logs be written as text");
    enum flow_told told = flowlog_tell(&o->flows, begin, whole);
    if (told != FLOW_MORE)
        o->text = told == FLOW_IS ? OBJECT_FLOWS : OBJECT_JSON;
    return true;
}

/* The text's first bytes, more of which is needed to tell what it is. */
static bool take_head(struct object_reader *o, struct str text, struct err *e)
{
    struct str more = str_slice(text, 0, FLOW_HEADER_MAX - o->head.n);
    buf_put(&o->head, more);
    if (!buf_ok(&o->head, "the beginning of a log", e) || !tell(o, buf_str(&o->head), false, e))
        return false;
    if (o->text == OBJECT_UNTOLD)
        return true;
    return hand_on(o, buf_str(&o->head), e) && hand_on(o, str_skip(text, more.n), e);
}

static bool take_told(struct object_reader *o, struct str text, struct err *e)
{
    if (o->text == OBJECT_UNTOLD && o->head.n == 0 && !tell(o, text, false, e))
        return false;
    return o->text == OBJECT_UNTOLD ? take_head(o, text, e) : hand_on(o, text, e);
}

/* The text ends here. */
static bool end_text(struct object_reader *o, struct err *e)
{
    struct str head = buf_str(&o->head);
    if (o->text == OBJECT_UNTOLD && (!tell(o, head, true, e) || !hand_on(o, head, e)))
        return false;
    return o->text == OBJECT_FLOWS ? flowlog_end(&o->flows, e) : records_end(&o->records, e);
}

/* bytes_fn of the inflater. */
static bool take_text(void *to, struct str text, struct err *e)
{
    struct object_reader *o = to;
    o->text_bytes += text.n;
    return take_told(o, text, e);
}

/* records_sink.record */
static bool take_record(void *to, struct event *ev, const struct record_place *at, struct err *e)
{
    struct object_reader *o = to;
    (void)at;
    if (o->calls.record(o->calls.to, ev, e))
        return true;
    o->fault = OBJECT_STOPPED;
    return false;
}

/* records_sink.bad */
static void take_bad(void *to, const struct record_place *at, const char *why)
{
    struct object_reader *o = to;
    struct err sentence;
    if (o->records.counts.bad > OBJECT_BAD_NAMED_MAX)
        return;
    err_set(&sentence, ERR_INPUT, "record %llu at byte %llu skipped: %s",
            (unsigned long long)at->number, (unsigned long long)at->offset, why);
    o->calls.bad(o->calls.to, sentence.text);
}

/* ---- one object ---- */

static void begin(struct object_reader *o)
{
    o->stored_bytes = o->text_bytes = 0;
    o->fault = OBJECT_WHOLE;
    inflate_begin(&o->inflate);
    records_begin(&o->records);
    flowlog_begin(&o->flows);
    buf_reset(&o->head);
    o->text = OBJECT_UNTOLD;
}

/* Says how many bad records were not named, and what kind of end it was. */
static bool end(struct object_reader *o, bool ok, const struct err *e)
{
    uint64_t bad = o->records.counts.bad;
    struct err sentence;
    if (bad > OBJECT_BAD_NAMED_MAX) {
        err_set(&sentence, ERR_INPUT, "%llu more records skipped",
                (unsigned long long)(bad - OBJECT_BAD_NAMED_MAX));
        o->calls.bad(o->calls.to, sentence.text);
    }
    if (ok || o->fault == OBJECT_STOPPED)
        return ok;
    bool content = o->fault == OBJECT_CONTENT && (e->kind == ERR_INPUT || e->kind == ERR_LIMIT);
    o->fault = content ? OBJECT_CONTENT : OBJECT_SOURCE;
    return false;
}

bool object_read(struct object_reader *o, const struct port_objects *port,
                 const struct object_ref *ref, struct err *e)
{
    begin(o);
    bool ok = port->read(port->self, ref, take_piece, o, e);
    if (ok) {
        ok = inflate_end(&o->inflate, e) && end_text(o, e);
        if (!ok && o->fault == OBJECT_WHOLE)
            o->fault = OBJECT_CONTENT;
    }
    return end(o, ok, e);
}

bool object_read_text(struct object_reader *o, struct str text, struct err *e)
{
    begin(o);
    o->text_bytes = text.n;
    bool ok = take_told(o, text, e) && end_text(o, e);
    if (!ok && o->fault == OBJECT_WHOLE)
        o->fault = OBJECT_CONTENT;
    return end(o, ok, e);
}

/* ---- life ---- */

static bool hear(struct object_reader *o, const struct log_said *said, struct err *e)
{
    struct str format = said->flow_format;
    if (said->has_source)
        event_force_source(&o->ev, said->source);
    return !str_present(format) || flowlog_set_format(&o->flows, format) ||
           err_set(e, ERR_USAGE, "no format of flow logs: the names of columns are wanted (%.60s)",
                   format.p);
}

bool object_reader_init(struct object_reader *o, const struct ruleset *rules,
                        const struct log_said *said, struct object_calls calls, struct err *e)
{
    *o = (struct object_reader){.calls = calls};
    inflate_init(&o->inflate, take_text, o);
    const struct records_sink sink = {o, take_record, take_bad};
    records_init(&o->records, &o->ev, sink);
    flowlog_init(&o->flows, &o->ev, sink, &o->records.counts);
    buf_init(&o->head, FLOW_HEADER_MAX);
    return event_init(&o->ev, rules, e) && (!said || hear(o, said, e));
}

bool object_reader_sift_flows(struct object_reader *o, struct err *e)
{
    return flowlog_sift(&o->flows, e);
}

void object_reader_release(struct object_reader *o)
{
    flowlog_release(&o->flows);
    buf_release(&o->head);
    records_release(&o->records);
    inflate_release(&o->inflate);
    event_release(&o->ev);
}
