/* From stored bytes to steps. */
#include "handlers/rereading.h"

/* object_calls.piece */
static bool on_piece(void *to, size_t bytes, struct err *e)
{
    const struct rereading *r = to;
    (void)bytes;
    return r->calls.going(r->calls.to, e);
}

/* object_calls.record */
static bool on_record(void *to, struct event *ev, struct err *e)
{
    struct rereading *r = to;
    struct facts facts;
    (void)e;
    facts_read(ev, r->object, &facts);
    stories_see(r->stories, ev, &facts);
    if (r->calls.see)
        r->calls.see(r->calls.to, ev, &facts);
    return true;
}

/* object_calls.bad: whoever found the incidents has named it. */
static void on_bad(void *to, const char *sentence)
{
    struct rereading *r = to;
    (void)sentence;
    r->bad++;
}

bool rereading_init(struct rereading *r, struct stories *s, const struct ruleset *rules,
                    const struct log_said *said, struct port_geo geo, struct rereading_calls calls,
                    struct err *e)
{
    *r = (struct rereading){.stories = s, .calls = calls};
    if (!object_reader_init(&r->reader, rules, said,
                            (struct object_calls){r, on_piece, on_record, on_bad}, e))
        return false;
    event_set_geo(&r->reader.ev, geo);
    return true;
}

void rereading_release(struct rereading *r)
{
    object_reader_release(&r->reader);
}

/* An object port that hashes what goes through it. */
struct hashing {
    struct sha256 *hash;
    const struct port_objects *port;
    bytes_fn take;
    void *to;
};

/* bytes_fn */
static bool hash_piece(void *to, struct str piece, struct err *e)
{
    struct hashing *h = to;
    sha256_add(h->hash, piece);
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

bool rereading_object(struct rereading *r, const struct port_objects *port,
                      const struct object_ref *ref, struct str name, struct err *e)
{
    unsigned char hash[SHA256_BYTES];
    struct err why = {0};
    struct hashing h = {.hash = &r->hash, .port = port};
    const struct port_objects through = {.self = &h, .read = read_hashing};
    sha256_init(&r->hash);
    r->object = name;
    r->objects++;
    stories_file(r->stories, name);
    bool ok = object_read(&r->reader, &through, ref, &why);
    sha256_end(&r->hash, hash);
    r->failed += !ok;
    r->stored_bytes += r->reader.stored_bytes;
    r->text_bytes += r->reader.text_bytes;
    r->records += r->reader.records.counts.records;
    stories_file_end(r->stories, ok ? hash : NULL, r->reader.records.counts.records);
    return r->calls.going(r->calls.to, e);
}
