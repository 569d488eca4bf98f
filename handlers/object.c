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

/* bytes_fn of the inflater. */
static bool take_text(void *to, struct str text, struct err *e)
{
    struct object_reader *o = to;
    o->text_bytes += text.n;
    return records_take(&o->records, text, e);
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
        ok = inflate_end(&o->inflate, e) && records_end(&o->records, e);
        if (!ok && o->fault == OBJECT_WHOLE)
            o->fault = OBJECT_CONTENT;
    }
    return end(o, ok, e);
}

bool object_read_text(struct object_reader *o, struct str text, struct err *e)
{
    begin(o);
    o->text_bytes = text.n;
    bool ok = records_take(&o->records, text, e) && records_end(&o->records, e);
    if (!ok && o->fault == OBJECT_WHOLE)
        o->fault = OBJECT_CONTENT;
    return end(o, ok, e);
}

/* ---- life ---- */

bool object_reader_init(struct object_reader *o, const struct ruleset *rules,
                        struct object_calls calls, struct err *e)
{
    *o = (struct object_reader){.calls = calls};
    inflate_init(&o->inflate, take_text, o);
    records_init(&o->records, &o->ev, (struct records_sink){o, take_record, take_bad});
    return event_init(&o->ev, rules, e);
}

void object_reader_release(struct object_reader *o)
{
    records_release(&o->records);
    inflate_release(&o->inflate);
    event_release(&o->ev);
}
