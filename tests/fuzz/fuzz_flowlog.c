/* Flow logs' text cut into pieces of a length that the first byte of an input gives, and whole:
 * what is told must be the same. And sifted: what rules hold for must be. */
#include <stdlib.h>
#include <string.h>

#include "engine/loader.h"
#include "handlers/flowlog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What one reading came to. */
struct outcome {
    uint64_t hash; /* of every line and place told */
    uint64_t hits; /* the same of lines that a rule holds for, and of the rules */
    struct records_counts counts;
    bool ok;
};

static void mix(uint64_t *hash, const void *p, size_t n)
{
    const unsigned char *bytes = p;
    for (size_t i = 0; i < n; i++)
        *hash = (*hash ^ bytes[i]) * 1099511628211u; /* FNV-1a */
}

static bool on_record(void *to, struct event *ev, const struct record_place *at, struct err *e)
{
    struct outcome *o = to;
    size_t n;
    const uint32_t *hits = event_match(ev, &n);
    struct str json = event_json(ev);
    (void)e;
    mix(&o->hash, ev->record.p, ev->record.n);
    if (json.n)
        mix(&o->hash, json.p, json.n);
    mix(&o->hash, &at->offset, sizeof at->offset);
    if (n) {
        mix(&o->hits, at, sizeof *at);
        mix(&o->hits, hits, n * sizeof *hits);
    }
    return true;
}

static void on_bad(void *to, const struct record_place *at, const char *why)
{
    struct outcome *o = to;
    mix(&o->hash, why, strlen(why));
    mix(&o->hash, &at->offset, sizeof at->offset);
}

static struct outcome read_pieces(struct event *ev, struct str text, size_t piece, bool sifts)
{
    struct outcome o = {.hash = 1469598103934665603u, .hits = 1469598103934665603u};
    struct flowlog f;
    struct err e;
    flowlog_init(&f, ev, (struct records_sink){&o, on_record, on_bad}, &o.counts);
    if (sifts && !flowlog_sift(&f, &e))
        abort();
    flowlog_begin(&f);
    ev->number = 0;
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
    if (a->ok != b->ok || a->hits != b->hits || a->counts.records != b->counts.records ||
        a->counts.bad != b->counts.bad || a->counts.no_data != b->counts.no_data)
        abort();
}

/* Made once: rules that ask for numbers, texts and networks, some of which can be sifted by and
 * some not. */
static const char rules_text[] =
    "title: t\nlogsource: {product: aws, service: vpcflow}\n"
    "detection: {a: {dstport|lt: 100, srcport|gte: 1024}, b: {srcaddr|cidr: 10.0.0.0/8}, "
    "condition: a and not b}\n---\n"
    "title: t\nlogsource: {product: aws, service: vpcflow}\n"
    "detection: {a: {bytes|gte: 1000, protocol: [6, 17], action: ACCEPT}, condition: a}\n---\n"
    "title: t\nlogsource: {product: aws, service: vpcflow}\n"
    "detection: {a: {dstaddr: ['169.254.169.254', 'fd00:ec2::254']}, b: {packets: '2*'}, "
    "condition: a or b}\n";

static const struct ruleset *some_rules(void)
{
    static struct ruleset *rs;
    struct diags diags;
    struct err e;
    if (rs)
        return rs;
    diags_init(&diags);
    struct loader *l = loader_new(NULL, &diags);
    if (!l || !loader_add(l, S("t.yml"), str_of(rules_text), &e) || !loader_finish(l, &rs, &e) ||
        rs->n_rules != 3)
        abort();
    loader_free(l);
    diags_release(&diags);
    return rs;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event ev;
    struct err e;
    if (!event_init(&ev, some_rules(), &e))
        abort();
    if (size > 1) {
        struct str text = str_n((const char *)data + 1, size - 1);
        size_t piece = data[0] ? data[0] : 1;
        struct outcome whole = read_pieces(&ev, text, SIZE_MAX, false);
        struct outcome cut = read_pieces(&ev, text, piece, false);
        struct outcome sifted = read_pieces(&ev, text, SIZE_MAX, true);
        check_equal(&whole, &cut);
        if (whole.hash != cut.hash)
            abort();
        check_equal(&whole, &sifted);
    }
    event_release(&ev);
    return 0;
}
