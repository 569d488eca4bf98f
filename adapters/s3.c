/* Reads and lists objects. */
#include "adapters/s3.h"

#include <stdlib.h>

#include "aws/xml.h"
#include "base/escape.h"
#include "handlers/urldecode.h"

#define ERROR_BODY_MAX 65536   /* S3's error documents have under 2 KiB */
#define PAGE_MAX       8388608 /* 1,000 keys of 1,024 bytes, each byte as %XX, and their trimmings */
#define QUERY_MAX      8192    /* prefix and token, encoded: each up to 1 KiB before */
#define ETAG_MAX       128     /* an MD5 in hex, quoted, with the number of parts */
#define KEY_MAX        1024    /* bytes of a key: an S3 limit */
#define NAME_SHOWN_MAX 300     /* of bucket and key in a sentence */

/* What came of an object so far. */
struct reading {
    struct aws_reply reply;
    bytes_fn take;
    void *to;
    uint64_t taken;
    struct buf etag; /* of the object that the first bytes came from */
};

/* Remembers which object this is; a later transfer must go on where the one before broke off. */
static bool check_transfer(struct reading *r, struct err *e)
{
    if (r->reply.http.taken)
        return true; /* not its first piece */
    if (r->taken && r->reply.http.status != 206)
        return err_set(e, ERR_RETRY, "S3 sent the object from its beginning instead of the rest");
    if (!r->taken) {
        buf_reset(&r->etag);
        buf_put(&r->etag, http_reply_header(&r->reply.http, "etag"));
    }
    return true;
}

static bool on_piece(void *to, struct str piece, struct err *e)
{
    struct reading *r = to;
    if (!check_transfer(r, e) || !r->take(r->to, piece, e))
        return false;
    r->taken += piece.n;
    return true;
}

/* One object to be got, over as many transfers as it takes. Not to be moved once it is begun. */
struct get {
    struct object_ref ref; /* borrowed */
    struct buf path, query;
    struct aws_request request;
    struct reading reading;
};

/* Release in either case. */
static bool get_init(struct get *g, const struct object_ref *ref, struct err *e)
{
    *g = (struct get){.ref = *ref};
    aws_reply_init(&g->reading.reply, ERROR_BODY_MAX);
    buf_init(&g->reading.etag, ETAG_MAX);
    buf_init(&g->path, KEY_MAX + 1);
    buf_init(&g->query, QUERY_MAX);
    buf_putc(&g->path, '/');
    buf_put(&g->path, ref->key);
    if (ref->version.n) {
        buf_putz(&g->query, "versionId=");
        buf_put_percent(&g->query, ref->version, false);
    }
    g->request = (struct aws_request){
        .service = AWS_S3,
        .action = "GetObject",
        .region = region_is_well_formed(ref->region) ? ref->region : STR_ABSENT,
        .bucket = ref->bucket,
        .method = "GET",
        .path = buf_str(&g->path),
        .query = buf_str(&g->query),
        .take = on_piece,
        .to = &g->reading,
    };
    if (!ref->bucket.n || !ref->key.n)
        return err_set(e, ERR_INPUT, "an object needs a bucket and a key");
    return buf_ok(&g->path, "the object's key", e) && buf_ok(&g->query, "the object's version", e);
}

static void get_release(struct get *g)
{
    aws_reply_release(&g->reading.reply);
    buf_release(&g->reading.etag);
    buf_release(&g->path);
    buf_release(&g->query);
}

/* Another transfer: the object, or what is left of it. */
static bool transfer(struct aws_client *client, struct get *g, struct err *e)
{
    struct aws_request request = g->request;
    struct reading *r = &g->reading;
    struct header headers[2];
    struct buf range;
    buf_init(&range, 64);
    if (r->taken) {
        buf_putz(&range, "bytes=");
        buf_put_u64(&range, r->taken);
        buf_putc(&range, '-');
        headers[request.n_headers++] = (struct header){S("range"), buf_str(&range)};
        headers[request.n_headers++] = (struct header){S("if-match"), buf_str(&r->etag)};
        request.headers = headers;
    }
    const bool ok = aws_call(client, &request, &r->reply, e);
    buf_release(&range);
    return ok;
}

/* True when the transfer broke off, and taking it up again may succeed. */
static bool can_resume(const struct reading *r, uint64_t before, enum err_kind kind)
{
    return kind == ERR_RETRY && r->taken > before && !r->reply.http.take_refused && r->etag.n &&
           !r->etag.failed;
}

/* "s3://bucket/key" in front of the sentence. */
static bool name_object(const struct object_ref *ref, struct err *e)
{
    struct buf shown;
    buf_init(&shown, 16 * NAME_SHOWN_MAX); /* a byte is shown as at most 8 */
    buf_put_terminal(&shown, str_slice(ref->bucket, 0, NAME_SHOWN_MAX));
    buf_putc(&shown, '/');
    buf_put_terminal(&shown, str_slice(ref->key, 0, NAME_SHOWN_MAX));
    const char *z = buf_z(&shown);
    err_wrap(e, "s3://%.*s", NAME_SHOWN_MAX, z ? z : "?");
    buf_release(&shown);
    return false;
}

#define NOT_BEGUN AWS_AHEAD /* in place of a slot */

/* What was begun in that slot, if it was, or else from its beginning. */
static bool read_all(struct aws_client *client, struct get *g, size_t slot, struct err *e)
{
    struct reading *r = &g->reading;
    struct err why = {0};
    bool ok = slot == NOT_BEGUN ? transfer(client, g, &why) : aws_finish(client, slot, &why);
    uint64_t before = 0;
    for (int resumed = 0; !ok && can_resume(r, before, why.kind) && resumed < S3_RESUMES_MAX;
         resumed++) {
        before = r->taken;
        ok = transfer(client, g, &why);
    }
    if (!ok && r->taken && r->reply.http.status == 412)
        err_set(&why, ERR_RETRY, "the object was replaced while it was read");
    if (!ok && e)
        *e = why;
    return ok;
}

static bool read_object(void *self, const struct object_ref *ref, bytes_fn take, void *to,
                        struct err *e)
{
    struct get g;
    bool ok = get_init(&g, ref, e);
    g.reading.take = take;
    g.reading.to = to;
    ok = ok && read_all(self, &g, NOT_BEGUN, e);
    get_release(&g);
    return ok || name_object(ref, e);
}

struct port_objects s3_objects(struct aws_client *client)
{
    return (struct port_objects){.self = client, .read = read_object};
}

/* ---- objects, the next one ahead ---- */

struct s3_ahead {
    struct aws_client *client;
    struct get gets[AWS_AHEAD]; /* each in the client's slot of its number */
    bool used[AWS_AHEAD];
    size_t begun;           /* the slot of what was begun and is not read yet, or NOT_BEGUN */
    struct object_ref next; /* that was announced and is not begun yet; key absent: none */
};

struct s3_ahead *s3_ahead_new(struct aws_client *client, struct err *e)
{
    struct s3_ahead *a = calloc(1, sizeof *a);
    if (!a) {
        err_set(e, ERR_SYSTEM, "out of memory");
        return NULL;
    }
    a->client = client;
    a->begun = NOT_BEGUN;
    return a;
}

/* Empties a slot. */
static void empty(struct s3_ahead *a, size_t slot)
{
    if (slot == NOT_BEGUN || !a->used[slot])
        return;
    aws_drop(a->client, slot);
    get_release(a->gets + slot);
    a->used[slot] = false;
    if (a->begun == slot)
        a->begun = NOT_BEGUN;
}

void s3_ahead_free(struct s3_ahead *a)
{
    if (!a)
        return;
    empty(a, a->begun);
    free(a);
}

/* port_objects.announce */
static void announce(void *self, const struct object_ref *ref)
{
    struct s3_ahead *a = self;
    a->next = ref ? *ref : (struct object_ref){.key = STR_ABSENT};
    if (!ref)
        empty(a, a->begun);
}

static bool is_same(const struct object_ref *a, const struct object_ref *b)
{
    return str_cmp(a->bucket, b->bucket) == 0 && str_cmp(a->key, b->key) == 0 &&
           str_cmp(a->version, b->version) == 0 && str_cmp(a->region, b->region) == 0;
}

/* Sends the request for it in that slot, an empty one; false with e when none can be made. */
static bool begin(struct s3_ahead *a, size_t slot, const struct object_ref *ref, struct err *e)
{
    struct get *g = a->gets + slot;
    if (!get_init(g, ref, e)) {
        get_release(g);
        return false;
    }
    a->used[slot] = true;
    aws_begin(a->client, slot, &g->request, &g->reading.reply);
    return true;
}

/* The object was begun, or is now; then the next one is. *slot gets the former's. */
static bool begin_both(struct s3_ahead *a, const struct object_ref *ref, size_t *slot,
                       struct err *e)
{
    struct err ignored;
    struct object_ref next = a->next;
    a->next.key = STR_ABSENT;
    *slot = a->begun;
    if (*slot == NOT_BEGUN) {
        *slot = 0;
        if (!begin(a, 0, ref, e)) /* before the next: it gets the connection that was kept */
            return false;
    }
    a->begun = NOT_BEGUN;
    size_t other = 1 - *slot;
    if (str_present(next.key) && begin(a, other, &next, &ignored))
        a->begun = other; /* else its own reading will tell why not */
    return true;
}

/* port_objects.read */
static bool read_ahead(void *self, const struct object_ref *ref, bytes_fn take, void *to,
                       struct err *e)
{
    struct s3_ahead *a = self;
    size_t slot;
    if (a->begun != NOT_BEGUN && !is_same(&a->gets[a->begun].ref, ref))
        empty(a, a->begun);
    if (a->begun == NOT_BEGUN && !str_present(a->next.key))
        return read_object(a->client, ref, take, to, e);
    if (!begin_both(a, ref, &slot, e))
        return name_object(ref, e);
    a->gets[slot].reading.take = take;
    a->gets[slot].reading.to = to;
    bool ok = read_all(a->client, a->gets + slot, slot, e);
    empty(a, slot);
    return ok || name_object(ref, e);
}

struct port_objects s3_objects_ahead(struct s3_ahead *a)
{
    return (struct port_objects){.self = a, .read = read_ahead, .announce = announce};
}

/* ---- reports ---- */

/* Letters, digits, dots and dashes: 3 to 63 (S3's rules for buckets). */
static bool is_bucket(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (byte_lower(s.p[i]) != s.p[i] ||
            (!byte_is_alpha(s.p[i]) && !byte_is_digit(s.p[i]) && s.p[i] != '.' && s.p[i] != '-'))
            return false;
    return s.n >= 3 && s.n <= 63;
}

bool s3_place_init(struct s3_place *place, struct aws_client *client, struct str text,
                   struct err *e)
{
    struct str rest = text, bucket = str_cut(&rest, '/');
    *place = (struct s3_place){client, bucket, str_present(rest) ? rest : S("")};
    if (!is_bucket(bucket) || place->prefix.n > KEY_MAX / 2 ||
        (place->prefix.n && !str_ends(place->prefix, S("/"))))
        return err_set(e, ERR_USAGE, "neither a bucket nor bucket/prefix/");
    return true;
}

static bool send_report(const struct s3_place *p, struct str path, struct str name, struct str page,
                        struct err *e)
{
    struct buf disposition;
    struct aws_reply reply;
    buf_init(&disposition, KEY_MAX);
    buf_putz(&disposition, "attachment; filename=\"");
    buf_put(&disposition, name);
    buf_putc(&disposition, '"');
    const struct header headers[] = {
        {S("cache-control"), S("no-store")},
        {S("content-disposition"), buf_str(&disposition)},
        {S("content-type"), S("text/html; charset=utf-8")},
    };
    const struct aws_request request = {.service = AWS_S3,
                                        .action = "PutObject",
                                        .bucket = p->bucket,
                                        .method = "PUT",
                                        .path = path,
                                        .headers = headers,
                                        .n_headers = sizeof headers / sizeof *headers,
                                        .body = page};
    aws_reply_init(&reply, ERROR_BODY_MAX);
    bool ok =
        buf_ok(&disposition, "a report's name", e) && aws_call(p->client, &request, &reply, e);
    aws_reply_release(&reply);
    buf_release(&disposition);
    return ok;
}

/* port_reports.put */
bool s3_put(struct aws_client *client, struct str bucket, struct str path, struct str body,
            struct err *e)
{
    struct aws_reply reply;
    const struct aws_request request = {.service = AWS_S3,
                                        .action = "PutObject",
                                        .bucket = bucket,
                                        .method = "PUT",
                                        .path = path,
                                        .body = body};
    aws_reply_init(&reply, ERROR_BODY_MAX);
    bool ok = aws_call(client, &request, &reply, e);
    aws_reply_release(&reply);
    return ok;
}

static bool put_report(void *self, struct str name, struct str page, struct buf *where,
                       struct err *e)
{
    const struct s3_place *p = self;
    struct buf path;
    buf_init(&path, KEY_MAX + 1);
    buf_putc(&path, '/');
    buf_put(&path, p->prefix);
    buf_put(&path, name);
    bool ok = buf_ok(&path, "a report's key", e) && send_report(p, buf_str(&path), name, page, e);
    if (ok) {
        buf_putz(where, "s3://");
        buf_put(where, p->bucket);
        buf_put(where, buf_str(&path));
    }
    buf_release(&path);
    return ok;
}

struct port_reports s3_reports(struct s3_place *place)
{
    return (struct port_reports){place, put_report};
}

/* ---- listings ---- */

/* What one page says. */
struct page {
    s3_object_fn each;
    void *to;
    struct buf text;  /* of the element being read */
    struct buf key;   /* of the <Contents> being read, decoded */
    struct buf etag;  /* the same */
    struct buf token; /* for the next page; empty: this was the last */
    bool truncated;
};

/* Reads the element that x has just opened into p->text. */
static bool take_text(struct page *p, struct xml *x, struct err *e)
{
    buf_reset(&p->text);
    return xml_take_element(x, &p->text, e) && buf_ok(&p->text, "an element of a listing", e);
}

/* Behind <Contents>: its key, etag and size. */
static bool read_contents(struct page *p, struct xml *x, struct err *e)
{
    unsigned long long bytes = 0;
    const size_t inside = x->depth;
    buf_reset(&p->key);
    buf_reset(&p->etag);
    while (xml_next(x, e) && x->kind != XML_END) {
        if (x->kind == XML_CLOSE && x->depth < inside)
            return buf_ok(&p->key, "a key of a listing", e) &&
                   buf_ok(&p->etag, "an ETag of a listing", e) &&
                   p->each(p->to, &(struct s3_listed){buf_str(&p->key), buf_str(&p->etag), bytes},
                           e);
        if (x->kind != XML_OPEN)
            continue;
        const bool is_key = str_eq(x->name, S("Key")), is_size = str_eq(x->name, S("Size"));
        const bool is_etag = str_eq(x->name, S("ETag"));
        if (!take_text(p, x, e))
            return false;
        if (is_key && !urldecode_form(&p->key, buf_str(&p->text), e)) /* encoding-type=url */
            return false;
        if (is_etag)
            buf_put(&p->etag, buf_str(&p->text));
        if (is_size && !str_u64(buf_str(&p->text), &bytes))
            return err_set(e, ERR_RETRY, "a listing gives an object no size");
    }
    return false;
}

static bool read_field(struct page *p, struct xml *x, struct err *e)
{
    const bool truncated = str_eq(x->name, S("IsTruncated"));
    const bool token = str_eq(x->name, S("NextContinuationToken"));
    if (str_eq(x->name, S("Contents")))
        return read_contents(p, x, e);
    if (!take_text(p, x, e))
        return false;
    if (truncated)
        p->truncated = str_eq(buf_str(&p->text), S("true"));
    if (token)
        buf_put(&p->token, buf_str(&p->text));
    return true;
}

static bool read_page(struct page *p, struct str document, struct err *e)
{
    struct xml x;
    xml_init(&x, document);
    p->truncated = false;
    buf_reset(&p->token);
    bool listing = false;
    while (xml_next(&x, e)) {
        if (x.kind == XML_END)
            return listing || err_set(e, ERR_RETRY, "S3 answered with something but a listing");
        if (x.kind != XML_OPEN)
            continue;
        if (x.depth == 1)
            listing = str_eq(x.name, S("ListBucketResult"));
        else if (!read_field(p, &x, e))
            return false;
    }
    return false;
}

static void page_init(struct page *p, s3_object_fn each, void *to)
{
    *p = (struct page){.each = each, .to = to};
    buf_init(&p->text, 4 * KEY_MAX);
    buf_init(&p->key, KEY_MAX);
    buf_init(&p->etag, ETAG_MAX);
    buf_init(&p->token, 2 * KEY_MAX);
}

static void page_release(struct page *p)
{
    buf_release(&p->text);
    buf_release(&p->key);
    buf_release(&p->etag);
    buf_release(&p->token);
}

static void put_page_query(struct buf *query, struct str prefix, const char *from, struct str where)
{
    buf_reset(query);
    buf_putz(query, "list-type=2&encoding-type=url&max-keys=1000&prefix=");
    buf_put_percent(query, prefix, false);
    if (where.n) {
        buf_putz(query, from);
        buf_put_percent(query, where, false);
    }
}

/* Asks for one page and reads it. */
static bool ask_page(struct aws_client *client, struct str bucket, const struct buf *query,
                     struct page *p, struct err *e)
{
    const struct aws_request request = {.service = AWS_S3,
                                        .action = "ListObjectsV2",
                                        .bucket = bucket,
                                        .method = "GET",
                                        .query = buf_str(query)};
    struct aws_reply reply;
    aws_reply_init(&reply, PAGE_MAX);
    const bool ok = buf_ok(query, "the prefix of a listing", e) &&
                    aws_call(client, &request, &reply, e) &&
                    read_page(p, buf_str(&reply.http.body), e) &&
                    buf_ok(&p->token, "the token of the next page", e);
    aws_reply_release(&reply);
    return ok;
}

bool s3_list(struct aws_client *client, struct str bucket, struct str prefix, s3_object_fn each,
             void *to, struct err *e)
{
    struct page p;
    struct buf query;
    bool ok = true;
    page_init(&p, each, to);
    buf_init(&query, QUERY_MAX);
    do {
        put_page_query(&query, prefix, "&continuation-token=", buf_str(&p.token));
        ok = ask_page(client, bucket, &query, &p, e);
    } while (ok && p.truncated && p.token.n);
    if (ok && p.truncated)
        ok = err_set(e, ERR_RETRY, "S3 says that a listing goes on but not where");
    buf_release(&query);
    page_release(&p);
    return ok || name_object(&(struct object_ref){.bucket = bucket, .key = prefix}, e);
}

/* Who wants keys alone. */
struct wanting {
    key_fn each;
    void *to;
};

/* s3_object_fn */
static bool hand_key(void *to, const struct s3_listed *o, struct err *e)
{
    const struct wanting *w = to;
    return o->bytes == 0 || w->each(w->to, o->key, e);
}

/* port_listing.list */
static bool list_keys(void *self, struct str bucket, struct str prefix, key_fn each, void *to,
                      struct err *e)
{
    struct wanting w = {each, to};
    return s3_list(self, bucket, prefix, hand_key, &w, e);
}

struct port_listing s3_listing(struct aws_client *client)
{
    return (struct port_listing){client, list_keys};
}

bool s3_list_page(struct aws_client *client, struct str bucket, struct str prefix, struct str after,
                  s3_object_fn each, void *to, bool *more, struct err *e)
{
    struct page p;
    struct buf query;
    page_init(&p, each, to);
    buf_init(&query, QUERY_MAX);
    put_page_query(&query, prefix, "&start-after=", after);
    const bool ok = ask_page(client, bucket, &query, &p, e);
    *more = p.truncated;
    buf_release(&query);
    page_release(&p);
    return ok || name_object(&(struct object_ref){.bucket = bucket, .key = prefix}, e);
}
