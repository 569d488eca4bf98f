/* Stored bytes through inflate and records. The first byte of an input decides how the rest is cut
 * into pieces; the result must not depend on it, so each input is read twice and compared. */
#include <stdlib.h>

#include "handlers/inflate.h"
#include "handlers/records.h"
#include "tests/fuzz/support/no_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What one reading came to. */
struct outcome {
    uint64_t hash; /* of every record and place told */
    struct records_counts counts;
    bool ok;
};

struct reading {
    struct outcome outcome;
    struct records records;
    struct inflate inflate;
};

static void mix(struct outcome *o, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        o->hash = (o->hash ^ (unsigned char)p[i]) * 1099511628211u; /* FNV-1a */
}

static bool on_record(void *to, struct event *ev, const struct record_place *at, struct err *e)
{
    struct reading *r = to;
    (void)e;
    mix(&r->outcome, ev->record.p, ev->record.n);
    mix(&r->outcome, (const char *)&at->offset, sizeof at->offset);
    return true;
}

static void on_bad(void *to, const struct record_place *at, const char *why)
{
    struct reading *r = to;
    mix(&r->outcome, why, strlen(why));
    mix(&r->outcome, (const char *)&at->offset, sizeof at->offset);
}

static bool take_text(void *to, struct str piece, struct err *e)
{
    return records_take(&((struct reading *)to)->records, piece, e);
}

static struct outcome read_pieces(struct event *ev, struct str bytes, size_t piece)
{
    struct reading r = {.outcome = {.hash = 1469598103934665603u}};
    struct err e;
    records_init(&r.records, ev, (struct records_sink){&r, on_record, on_bad});
    records_begin(&r.records);
    inflate_init(&r.inflate, take_text, &r);
    inflate_begin(&r.inflate);
    bool ok = true;
    while (ok && bytes.n) {
        ok = inflate_take(&r.inflate, str_slice(bytes, 0, piece), &e);
        bytes = str_skip(bytes, piece);
    }
    r.outcome.ok = ok && inflate_end(&r.inflate, &e) && records_end(&r.records, &e);
    r.outcome.counts = r.records.counts;
    inflate_release(&r.inflate);
    records_release(&r.records);
    return r.outcome;
}

static void check_equal(const struct outcome *a, const struct outcome *b)
{
    if (a->ok != b->ok || a->hash != b->hash || a->counts.records != b->counts.records ||
        a->counts.bad != b->counts.bad || a->counts.digests != b->counts.digests)
        abort();
}

/* Made once: a ruleset without rules still reads the core fields. */
static const struct ruleset *no_rules(void)
{
    static struct ruleset *rs;
    struct err e;
    if (rs)
        return rs;
    struct builder *b = builder_new();
    if (!b || !builder_freeze(b, &rs, &e))
        abort();
    builder_free(b);
    return rs;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event ev;
    struct err e;
    if (!event_init(&ev, no_rules(), &e))
        abort();
    if (size > 1) {
        struct str bytes = str_n((const char *)data + 1, size - 1);
        struct outcome whole = read_pieces(&ev, bytes, SIZE_MAX);
        struct outcome cut = read_pieces(&ev, bytes, data[0] ? data[0] : 1);
        check_equal(&whole, &cut);
    }
    event_release(&ev);
    return 0;
}
