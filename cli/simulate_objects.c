/* From happenings to objects. */
#include "cli/simulate_objects.h"

#include <stdlib.h>

#include "base/timefmt.h"
#include "cli/simulate_sources.h"
#include "handlers/deflate.h"

#define OBJECT_MAX    (512u << 20) /* bytes of JSON */
#define TWICE_PERCENT 3            /* records that come again; of a real archive 21 % did */
#define TWICE_MS      600000       /* later, at most */
#define SLOT_MS       300000

/* A record on its way into an object. */
struct parcel {
    int64_t delivered_ms;
    size_t number; /* of the happening */
    const struct happening *of;
};

static int by_object(const void *p, const void *q)
{
    const struct parcel *a = p, *b = q;
    if (a->delivered_ms != b->delivered_ms)
        return a->delivered_ms < b->delivered_ms ? -1 : 1;
    if (a->of->log != b->of->log)
        return a->of->log < b->of->log ? -1 : 1;
    int regions = str_cmp(a->of->region, b->of->region);
    if (regions)
        return regions;
    if (a->of->time_ms != b->of->time_ms)
        return a->of->time_ms < b->of->time_ms ? -1 : 1;
    return a->number < b->number ? -1 : a->number > b->number;
}

static bool post(struct vec *parcels, const struct parcel *p, struct err *e)
{
    struct parcel *to = vec_push(parcels, 1);
    if (to)
        *to = *p;
    return to || err_set(e, ERR_LIMIT, "no memory for the objects");
}

static bool post_all(struct world *w, struct vec *parcels, struct object_counts *counts,
                     struct err *e)
{
    for (size_t i = 0; i < w->happenings.n; i++) {
        const struct happening *h = vec_at(&w->happenings, i);
        struct parcel p = {h->delivered_ms, i, h};
        if (!post(parcels, &p, e))
            return false;
        counts->records++;
        if (dice_below(&w->dice, 100) >= TWICE_PERCENT)
            continue;
        p.delivered_ms += SLOT_MS * (int64_t)(1 + dice_below(&w->dice, TWICE_MS / SLOT_MS));
        counts->twice++;
        if (!post(parcels, &p, e))
            return false;
    }
    qsort(parcels->p, parcels->n, parcels->size, by_object);
    return true;
}

/* How a log's objects are named and written. folder: of those whose keys are not like CloudTrail's;
 * the audit events of Kubernetes lie as the backend of an API server writes them, exported. */
static const struct form {
    const char *name, *of, *suffix;
    const char *folder;
    const char *begin, *between, *end;
} forms[] = {
    [RECORD_CLOUDTRAIL] = {"CloudTrail", "", ".json.gz", NULL, "{\"Records\":[", ",", "]}"},
    [RECORD_OKTA] = {"okta-1", "", ".gz", "okta", "", "\n", "\n"},
    [RECORD_FLOW] = {"vpcflowlogs", "fl-0a1b2c3d4e5EXAMPLE_", ".log.gz", NULL,
                     SOURCE_FLOW_HEADER "\n", "\n", "\n"},
    [RECORD_GITHUB] = {"audit", "", ".json.log.gz", "github", "", "\n", "\n"},
    [RECORD_KUBERNETES] = {"shop-audit", "", ".json.gz", "kubernetes", "", "\n", "\n"},
};

static void put_key(struct buf *b, struct world *w, const struct parcel *p)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const struct time_parts t = time_split(p->delivered_ms);
    const struct str r = p->of->region;
    const struct form *f = forms + p->of->log;
    if (f->folder)
        buf_putf(b, "%s/%04d/%02d/%02d/%02d/%s-%04d-%02d-%02d-%02d-%02d-%02d-", f->folder, t.year,
                 t.month, t.day, t.hour, f->name, t.year, t.month, t.day, t.hour, t.minute,
                 t.second);
    else
        buf_putf(b,
                 "AWSLogs/" SIMULATE_ACCOUNT "/%s/%.*s/%04d/%02d/%02d/" SIMULATE_ACCOUNT
                 "_%s_%.*s_%s%04d%02d%02dT%02d%02dZ_",
                 f->name, (int)r.n, r.p, t.year, t.month, t.day, f->name, (int)r.n, r.p, f->of,
                 t.year, t.month, t.day, t.hour, t.minute);
    for (unsigned i = 0; i < 16; i++)
        buf_putc(b, letters[dice_below(&w->dice, sizeof letters - 1)]);
    buf_putz(b, f->suffix);
}

static bool same_object(const struct parcel *a, const struct parcel *b)
{
    return a->delivered_ms == b->delivered_ms && a->of->log == b->of->log &&
           str_eq(a->of->region, b->of->region);
}

/* An object's texts. */
struct texts {
    struct buf key, json, gzip;
};

/* Makes the object that begins with parcel *i, and moves behind it. */
static bool make_one(struct world *w, const struct vec *parcels, size_t *i, struct texts *t,
                     struct err *e)
{
    const struct parcel *first = vec_at(parcels, *i);
    const struct form *f = forms + first->of->log;
    buf_reset(&t->key);
    buf_reset(&t->json);
    buf_reset(&t->gzip);
    put_key(&t->key, w, first);
    buf_putz(&t->json, f->begin);
    for (; *i < parcels->n; ++*i) {
        const struct parcel *p = vec_at(parcels, *i);
        if (!same_object(first, p))
            break;
        if (p != first)
            buf_putz(&t->json, f->between);
        buf_put(&t->json, p->of->record);
    }
    buf_putz(&t->json, f->end);
    return buf_ok(&t->key, "a key", e) && buf_ok(&t->json, "an object", e) &&
           gzip_put(&t->gzip, buf_str(&t->json), e);
}

bool objects_make(struct world *w, take_object take, void *to, struct object_counts *counts,
                  struct err *e)
{
    struct vec parcels;
    struct texts t;
    *counts = (struct object_counts){0};
    vec_init(&parcels, sizeof(struct parcel), 2 * (size_t)SIMULATE_EVENTS_MAX);
    buf_init(&t.key, 1024); /* S3's limit of a key */
    buf_init(&t.json, OBJECT_MAX);
    buf_init(&t.gzip, OBJECT_MAX);
    bool ok = w->happenings.n == 0 || post_all(w, &parcels, counts, e);
    for (size_t i = 0; ok && i < parcels.n;) {
        int64_t at_ms = ((const struct parcel *)vec_at(&parcels, i))->delivered_ms;
        ok = make_one(w, &parcels, &i, &t, e) &&
             take(to, buf_str(&t.key), buf_str(&t.gzip), at_ms, e);
        counts->objects++;
    }
    buf_release(&t.key);
    buf_release(&t.json);
    buf_release(&t.gzip);
    vec_release(&parcels);
    return ok;
}
