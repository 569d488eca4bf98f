/* A hash set in memory that overflows into sorted runs on disk. The place of a key in the table is
 * told by its uppermost bits, so that the table is nearly sorted when it goes there. */
#include "adapters/once.h"

#include <stdint.h>
#include <stdlib.h>

#include "adapters/once_runs.h"
#include "base/sha256.h"

/* A Bloom filter of what is on disk: of a key that is not, one in 1,000 is looked for there with
 * 560 thousand told, as with some 2 GB of logs, one in 30 with 2 million, and nearly all with 20.
 */
#define FILTER_BITS   (1u << 24)
#define FILTER_BYTES  (FILTER_BITS / 8)
#define FILTER_HASHES 3

struct once {
    struct once_id *table; /* both numbers 0: empty */
    size_t cap;            /* a power of two */
    size_t n;
    size_t memory_max;
    unsigned char *filter; /* NULL until the memory was full for the first time */
    struct once_runs runs;
};

#define FIRST_CAP 1024

struct once *once_new(size_t memory_max)
{
    struct once *s = calloc(1, sizeof *s);
    struct once_id *table = s ? calloc(FIRST_CAP, sizeof *table) : NULL;
    if (!table) {
        free(s);
        return NULL;
    }
    *s = (struct once){.table = table, .cap = FIRST_CAP, .memory_max = memory_max};
    return s;
}

void once_free(struct once *s)
{
    if (!s)
        return;
    once_runs_release(&s->runs);
    free(s->filter);
    free(s->table);
    free(s);
}

void once_key(struct str rule, struct str event, unsigned char key[ONCE_KEY_BYTES])
{
    unsigned char full[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add_part(&h, rule);
    sha256_add_part(&h, event);
    sha256_end(&h, full);
    memcpy(key, full, ONCE_KEY_BYTES);
}

/* The number of the place where x is looked for first, in a table of 2^10 places or more. */
static size_t first_place(size_t cap, struct once_id x)
{
    return (size_t)((x.a >> 32) * cap >> 32);
}

/* The place of x, or the empty one where it would go. */
static struct once_id *find(struct once_id *table, size_t cap, struct once_id x)
{
    size_t i = first_place(cap, x);
    while ((table[i].a | table[i].b) && (table[i].a != x.a || table[i].b != x.b))
        i = (i + 1) & (cap - 1);
    return &table[i];
}

static bool grow(struct once *s, struct err *e)
{
    size_t cap = 2 * s->cap;
    struct once_id *table = calloc(cap, sizeof *table);
    if (!table)
        return err_set(e, ERR_SYSTEM, "no memory to remember what was told");
    for (size_t i = 0; i < s->cap; i++)
        if (s->table[i].a | s->table[i].b)
            *find(table, cap, s->table[i]) = s->table[i];
    free(s->table);
    s->table = table;
    s->cap = cap;
    return true;
}

/* Bits of the key that its place in the table does not depend on. */
static void filter_bits(struct once_id x, uint32_t bits[FILTER_HASHES])
{
    bits[0] = (uint32_t)x.a % FILTER_BITS;
    bits[1] = (uint32_t)x.b % FILTER_BITS;
    bits[2] = (uint32_t)(x.b >> 32) % FILTER_BITS;
}

static void filter_add(struct once *s, struct once_id x)
{
    uint32_t bits[FILTER_HASHES];
    filter_bits(x, bits);
    for (size_t i = 0; i < FILTER_HASHES; i++)
        s->filter[bits[i] / 8] |= (unsigned char)(1u << bits[i] % 8);
}

/* False: the key is not on disk. */
static bool filter_has(const struct once *s, struct once_id x)
{
    uint32_t bits[FILTER_HASHES];
    if (!s->filter)
        return false;
    filter_bits(x, bits);
    bool has = true;
    for (size_t i = 0; i < FILTER_HASHES && has; i++)
        has = s->filter[bits[i] / 8] >> bits[i] % 8 & 1;
    return has;
}

/* Sorts ids of which each is near its place. */
static void sort_near(struct once_id *ids, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct once_id x = ids[i];
        size_t at = i;
        for (; at > 0 && once_id_compare(ids[at - 1], x) > 0; at--)
            ids[at] = ids[at - 1];
        ids[at] = x;
    }
}

/* Moves all keys from memory to the disk. */
static bool spill(struct once *s, struct err *e)
{
    if (!s->filter && !(s->filter = calloc(FILTER_BYTES, 1)))
        return err_set(e, ERR_SYSTEM, "no memory to remember what was told");
    size_t n = 0;
    for (size_t i = 0; i < s->cap; i++)
        if (s->table[i].a | s->table[i].b)
            s->table[n++] = s->table[i];
    sort_near(s->table, n);
    for (size_t i = 0; i < n; i++)
        filter_add(s, s->table[i]);
    bool ok = once_runs_add(&s->runs, s->table, n, e);
    memset(s->table, 0, s->cap * sizeof *s->table);
    s->n = 0;
    return ok;
}

bool once_add(struct once *s, const unsigned char key[ONCE_KEY_BYTES], bool *fresh, struct err *e)
{
    struct once_id x;
    memcpy(&x, key, sizeof x);
    if (!(x.a | x.b))
        x.b = 1; /* the empty slot's pattern */
    *fresh = false;
    struct once_id *place = find(s->table, s->cap, x);
    if (place->a | place->b)
        return true;
    bool found = filter_has(s, x);
    if (found && !once_runs_find(&s->runs, x, &found, e))
        return false;
    if (found)
        return true;
    *fresh = true;
    *place = x;
    s->n++;
    if (s->n >= s->memory_max)
        return spill(s, e);
    return 2 * s->n < s->cap || grow(s, e);
}
