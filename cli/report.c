/* The second reading, and the page. */
#include "cli/report.h"

#include "cli/command.h"
#include "respond/page.h"

/* Bytes handed to the output at once; it takes OUTPUT_LINE_MAX. */
#define PIECE_MAX (1u << 20)

/* ---- reading -----------------------------------------------------------------------------------
 */

/* object_calls.piece */
static bool on_piece(void *to, size_t bytes, struct err *e)
{
    (void)to;
    (void)bytes;
    return !interrupted() || err_set(e, ERR_SYSTEM, "interrupted");
}

/* object_calls.record */
static bool on_record(void *to, struct event *ev, struct err *e)
{
    struct report *r = to;
    struct facts facts;
    (void)e;
    facts_read(ev, r->object, &facts);
    stories_see(&r->stories, ev, &facts);
    advising_see(&r->advising, ev, &facts);
    return true;
}

/* object_calls.bad: whoever found the incidents has named it. */
static void on_bad(void *to, const char *sentence)
{
    struct report *r = to;
    (void)sentence;
    r->bad++;
}

bool report_init(struct report *r, const struct ruleset *rules, struct port_geo geo, struct err *e)
{
    *r = (struct report){.rules = rules};
    stories_init(&r->stories);
    veil_init(&r->veil);
    if (!object_reader_init(&r->reader, rules,
                            (struct object_calls){r, on_piece, on_record, on_bad}, e))
        return false;
    event_set_geo(&r->reader.ev, geo);
    return true;
}

void report_release(struct report *r)
{
    stories_release(&r->stories);
    veil_release(&r->veil);
    advising_release(&r->advising);
    object_reader_release(&r->reader);
}

/* An object port that hashes what goes through it. */
struct hashing {
    struct report *report;
    const struct port_objects *port;
    bytes_fn take;
    void *to;
};

/* bytes_fn */
static bool hash_piece(void *to, struct str piece, struct err *e)
{
    struct hashing *h = to;
    sha256_add(&h->report->hash, piece);
    return h->take(h->to, piece, e);
}

/* port_objects.read */
static bool read_hashing(void *self, const struct object_ref *ref, bytes_fn take, void *to,
                         struct err *e)
{
    struct hashing *h = self;
    h->take = take;
    h->to = to;
    return h->port->read(h->port->self, ref, hash_piece, h, e);
}

/* log_taker.object */
static bool take_object(void *to, const struct port_objects *port, const struct object_ref *ref,
                        struct str name, struct err *e)
{
    struct report *r = to;
    unsigned char hash[SHA256_BYTES];
    struct hashing h = {.report = r, .port = port};
    const struct port_objects through = {&h, read_hashing};
    sha256_init(&r->hash);
    r->object = name;
    stories_file(&r->stories, name);
    bool ok = object_read(&r->reader, &through, ref, e);
    sha256_end(&r->hash, hash);
    r->failed += !ok;
    stories_file_end(&r->stories, ok ? hash : NULL, r->reader.records.counts.records);
    return !interrupted() || err_set(e, ERR_SYSTEM, "interrupted");
}

/* log_taker.fault */
static void count_fault(void *to)
{
    ((struct report *)to)->failed++;
}

bool report_take(struct report *r, struct incidents *x, const struct incident_group *groups,
                 size_t n, struct err *e)
{
    if (r->redact)
        veil_incidents(&r->veil, x);
    return stories_take(&r->stories, x, groups, n, e);
}

bool report_read(struct report *r, const struct logs *logs, struct err *e)
{
    const struct log_taker taker = {r, take_object, count_fault};
    stories_ready(&r->stories);
    if (!r->redact && logs->paths.n)
        advising_begin(&r->advising, &r->stories);
    bool ok = logs_walk(logs, &taker, e);
    stories_recall(&r->stories);
    stories_end(&r->stories);
    advising_end(&r->advising);
    if (r->redact)
        veil_stories(&r->veil, &r->stories);
    return ok;
}

/* ---- writing -----------------------------------------------------------------------------------
 */

/* page_fn */
static bool write_piece(void *to, struct str piece, struct err *e)
{
    struct output *out = to;
    while (piece.n) {
        struct str part = str_slice(piece, 0, PIECE_MAX);
        buf_put(&out->pending, part);
        if (!output_put(out, e))
            return false;
        piece = str_skip(piece, part.n);
    }
    return true;
}

bool report_put(const struct report *r, struct output *out, struct err *e)
{
    return page_write(&r->stories, r->rules, write_piece, out, e);
}

bool report_write(const struct report *r, const char *path, struct err *e)
{
    struct output out = {.fd = -1};
    bool ok = output_open(&out, path, e) && report_put(r, &out, e) && output_commit(&out, e);
    output_release(&out);
    return ok;
}
