/* Flow logs' text cut into pieces of a length that the first byte of an input gives, and whole:
 * what is told must be the same. */
#include <stdlib.h>
#include <string.h>

#include "handlers/flowlog.h"
#include "tests/fuzz/support/no_rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What one reading came to. */
struct outcome {
    uint64_t hash; /* of every line and place told */
    struct records_counts counts;
    bool ok;
};

static void mix(struct outcome *o, const void *p, size_t n)
{
    const unsigned char *bytes = p;
    for (size_t i = 0; i < n; i++)
        o->hash = (o->hash ^ bytes[i]) * 1099511628211u; /* FNV-1a */
}

static bool on_record(void *to, struct event *ev, const struct record_place *at, struct err *e)
{
    struct str json = event_json(ev);
    (void)e;
    mix(to, ev->record.p, ev->record.n);
    if (json.n)
        mix(to, json.p, json.n);
    mix(to, &at->offset, sizeof at->offset);
    return true;
}

static void on_bad(void *to, const struct record_place *at, const char *why)
{
    mix(to, why, strlen(why));
    mix(to, &at->offset, sizeof at->offset);
}

static struct outcome read_pieces(struct event *ev, struct str text, size_t piece)
{
    struct outcome o = {.hash = 1469598103934665603u};
    struct flowlog f;
    struct err e;
    flowlog_init(&f, ev, (struct records_sink){&o, on_record, on_bad}, &o.counts);
    flowlog_begin(&f);
    o.ok = true;
    while (o.ok && text.n) {
        o.ok = flowlog_take(&f, str_slice(text, 0, piece), &e);
        text = str_skip(text, piece);
    }
    o.ok = o.ok && flowlog_end(&f, &e);
    flowlog_release(&f);
    return o;
}

static void check_equal(const struct outcome *a, const struct outcome *b)
{
    if (a->ok != b->ok || a->hash != b->hash || a->counts.records != b->counts.records ||
        a->counts.bad != b->counts.bad || a->counts.no_data != b->counts.no_data)
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
        struct str text = str_n((const char *)data + 1, size - 1);
        struct outcome whole = read_pieces(&ev, text, SIZE_MAX);
        struct outcome cut = read_pieces(&ev, text, data[0] ? data[0] : 1);
        check_equal(&whole, &cut);
    }
    event_release(&ev);
    return 0;
}
