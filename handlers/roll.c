/* Regions of one account. */
#include "handlers/roll.h"

#include "base/wire.h"

#define WIRE_VERSION 1

static bool take_region(struct str *s, struct roll_region *g)
{
    uint64_t n, log, digest;
    if (!wire_take(s, &n, 1) || n > sizeof g->name || !wire_take_bytes(s, g->name, (size_t)n) ||
        !wire_take(s, &log, 8) || !wire_take(s, &digest, 8))
        return false;
    g->name_n = (size_t)n;
    g->log_ms = (int64_t)log;
    g->digest_ms = (int64_t)digest;
    return true;
}

bool roll_decode(struct roll *r, struct str bytes, struct err *e)
{
    uint64_t version, n;
    *r = (struct roll){0};
    if (bytes.n == 0)
        return true;
    bool ok = wire_take(&bytes, &version, 1) && version == WIRE_VERSION &&
              wire_take(&bytes, &n, 1) && n <= ROLL_REGIONS_MAX;
    while (ok && r->n < n)
        ok = take_region(&bytes, &r->list[r->n++]);
    return (ok && bytes.n == 0) ||
           err_set(e, ERR_INPUT, "what is on record of an account's regions is broken");
}

void roll_encode(const struct roll *r, struct buf *out)
{
    wire_put(out, WIRE_VERSION, 1);
    wire_put(out, r->n, 1);
    for (size_t i = 0; i < r->n; i++) {
        const struct roll_region *g = &r->list[i];
        wire_put(out, g->name_n, 1);
        buf_put(out, str_n(g->name, g->name_n));
        wire_put(out, (uint64_t)g->log_ms, 8);
        wire_put(out, (uint64_t)g->digest_ms, 8);
    }
}

int64_t roll_last_ms(const struct roll_region *g)
{
    return g->log_ms > g->digest_ms ? g->log_ms : g->digest_ms;
}

static struct roll_region *find(struct roll *r, struct str name)
{
    for (size_t i = 0; i < r->n; i++)
        if (str_eq(str_n(r->list[i].name, r->list[i].name_n), name))
            return &r->list[i];
    return NULL;
}

static struct roll_region *longest_unheard(struct roll *r)
{
    struct roll_region *oldest = &r->list[0];
    for (size_t i = 1; i < r->n; i++)
        if (roll_last_ms(&r->list[i]) < roll_last_ms(oldest))
            oldest = &r->list[i];
    return oldest;
}

static struct roll_region *add(struct roll *r, struct str name)
{
    struct roll_region *g = r->n < ROLL_REGIONS_MAX ? &r->list[r->n++] : longest_unheard(r);
    *g = (struct roll_region){.name_n = name.n};
    memcpy(g->name, name.p, name.n);
    return g;
}

bool roll_see(struct roll *r, const struct logkey *k, int64_t at_ms, int64_t step_ms)
{
    struct roll_region *g = find(r, k->region);
    if (!g)
        g = add(r, k->region);
    int64_t *last = k->digest ? &g->digest_ms : &g->log_ms;
    if (at_ms < *last || (*last && at_ms - *last < step_ms))
        return false;
    *last = at_ms;
    return true;
}

bool roll_is_watched(const struct roll_region *g, int64_t now_ms)
{
    return g->digest_ms && now_ms - roll_last_ms(g) <= ROLL_FORGET_MS;
}

bool roll_is_silent(const struct roll_region *g, int64_t now_ms, int64_t limit_ms)
{
    return roll_is_watched(g, now_ms) && now_ms - roll_last_ms(g) > limit_ms;
}
