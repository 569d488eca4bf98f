/* Rules to bytes and back. */
#include "engine/bundle.h"

#include <stdlib.h>

#include "engine/bundle_check.h"
#include "engine/engine_id.h"

#define FORMAT     2
#define ALIGN      16
#define TABLES_MAX 32

static const char magic[8] = "TWRULES\n";

/* No padding between the members: they are in descending order of size. */
struct header {
    char magic[8];
    uint64_t head;  /* sum of the header behind this member */
    uint64_t bytes; /* of the whole */
    uint64_t sum;   /* of the tables */
    unsigned char engine[SHA256_BYTES];
    unsigned char rules[SHA256_BYTES];
    unsigned char config[SHA256_BYTES];
    uint32_t format;
    uint32_t n_files;
    uint32_t durable;
    uint32_t names_own;
    uint32_t rows[TABLES_MAX]; /* of each table */
    uint32_t roots[2];
    uint32_t core[SOURCES][CORE_FIELDS][CORE_PATHS];
    uint32_t marks[SOURCES][SOURCE_MARKS][SOURCE_MARK_FIELDS];
    uint32_t ties[TIE_FIELDS];
    uint32_t own[OWN_FIELDS];
};
#define HEAD_FROM (offsetof(struct header, head) + sizeof(uint64_t))

/* ---- the sum ---- */

/* Odd, and half of their bits set: no zero and no repetition survives the multiplication. */
#define FACTOR_A 0x9e3779b97f4a7c15u
#define FACTOR_B 0xc2b2ae3d27d4eb4fu

static uint64_t mix(uint64_t sum, const char *eight)
{
    uint64_t x;
    memcpy(&x, eight, sizeof x);
    sum += x * FACTOR_B;
    return (sum << 31 | sum >> 33) * FACTOR_A;
}

/* Four sums side by side, for the processor multiplies faster than one could wait: 10 GB/s and
 * more, where a cryptographic hash would be most of a start. n is a multiple of eight. */
static uint64_t sum_of(const char *p, size_t n)
{
    uint64_t s[4] = {1, 2, 3, 4};
    for (; n >= 32; n -= 32, p += 32)
        for (unsigned i = 0; i < 4; i++)
            s[i] = mix(s[i], p + 8 * i);
    for (; n >= 8; n -= 8, p += 8)
        s[0] = mix(s[0], p);
    uint64_t sum = n;
    for (unsigned i = 0; i < 4; i++)
        sum = mix(sum, (const char *)(s + i));
    return sum ^ sum >> 29;
}

/* ---- layout ---- */

static size_t aligned(size_t n)
{
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* Of the header, padding included. */
static uint64_t head_sum(const char *bytes)
{
    return sum_of(bytes + HEAD_FROM, aligned(sizeof(struct header)) - HEAD_FROM);
}

static uint64_t tables_sum(const char *bytes, size_t n)
{
    const size_t from = aligned(sizeof(struct header));
    return sum_of(bytes + from, n - from);
}

static size_t bytes_of(const struct rs_table *t, uint32_t rows)
{
    return aligned(t->row * rows);
}

bool bundle_is(struct str bytes)
{
    return str_starts(bytes, str_n(magic, sizeof magic));
}

/* ---- writing ---- */

void bundle_seal(char *bytes, size_t n)
{
    uint64_t sum = tables_sum(bytes, n);
    memcpy(bytes + offsetof(struct header, sum), &sum, sizeof sum);
    sum = head_sum(bytes);
    memcpy(bytes + offsetof(struct header, head), &sum, sizeof sum);
}

static uint32_t rows_of(const struct ruleset *rs, const struct rs_table *t)
{
    uint32_t n;
    memcpy(&n, (const char *)rs + t->n, sizeof n);
    return n;
}

static void put_padded(struct buf *out, const void *p, size_t n)
{
    static const char zero[ALIGN];
    buf_put(out, str_n(p, n));
    buf_put(out, str_n(zero, aligned(n) - n));
}

bool bundle_put(const struct ruleset *rs, const struct bundle_facts *facts, struct buf *out,
                struct err *e)
{
    size_t n, from = out->n;
    const struct rs_table *tables = ruleset_tables(&n);
    struct header h = {.bytes = aligned(sizeof h),
                       .format = FORMAT,
                       .n_files = facts->n_files,
                       .durable = facts->durable,
                       .names_own = rs->names_own};
    memcpy(h.magic, magic, sizeof magic);
    memcpy(h.engine, engine_id, sizeof h.engine);
    memcpy(h.rules, rs->hash, sizeof h.rules);
    memcpy(h.config, facts->config, sizeof h.config);
    memcpy(h.roots, rs->roots, sizeof h.roots);
    memcpy(h.core, rs->core, sizeof h.core);
    memcpy(h.marks, rs->marks, sizeof h.marks);
    memcpy(h.ties, rs->ties, sizeof h.ties);
    memcpy(h.own, rs->own, sizeof h.own);
    for (size_t i = 0; i < n; i++) {
        h.rows[i] = rows_of(rs, tables + i);
        h.bytes += bytes_of(tables + i, h.rows[i]);
    }
    put_padded(out, &h, sizeof h);
    for (size_t i = 0; i < n; i++) {
        const void *rows;
        memcpy(&rows, (const char *)rs + tables[i].rows, sizeof rows);
        put_padded(out, rows, tables[i].row * h.rows[i]);
    }
    if (!buf_ok(out, "the compiled rules", e))
        return false;
    bundle_seal(out->p + from, (size_t)h.bytes);
    return true;
}

/* ---- reading ---- */

static bool check(const struct header *h, const char *bytes, size_t n, struct err *e)
{
    size_t n_tables;
    const struct rs_table *tables = ruleset_tables(&n_tables);
    if (n < sizeof magic || !bundle_is(str_n(bytes, n)))
        return err_set(e, ERR_INPUT, "no compiled rules");
    if (n < aligned(sizeof *h))
        return err_set(e, ERR_INPUT, "compiled rules that are cut off");
    if (h->format != FORMAT || memcmp(h->engine, engine_id, sizeof h->engine) != 0)
        return err_set(e, ERR_INPUT,
                       "rules compiled by another version of trailwarden: compile them again with "
                       "this one");
    if (h->bytes != n)
        return err_set(e, ERR_INPUT, "compiled rules of %zu bytes instead of %llu", n,
                       (unsigned long long)h->bytes);
    uint64_t need = aligned(sizeof *h);
    for (size_t i = 0; i < n_tables; i++)
        need += bytes_of(tables + i, h->rows[i]);
    if (need != n || h->head != head_sum(bytes))
        return err_set(e, ERR_INPUT, "compiled rules that are damaged");
    return true;
}

bool bundle_check(const struct ruleset *rs, struct err *e)
{
    const struct header *h = rs->bytes;
    if (!h)
        return true;
    if (h->sum != tables_sum(rs->bytes, rs->n_bytes))
        return err_set(e, ERR_INPUT, "compiled rules that are damaged");
    return bundle_check_tables(rs, e);
}

static void place_tables(struct ruleset *rs, const struct header *h, const char *at)
{
    size_t n;
    const struct rs_table *tables = ruleset_tables(&n);
    for (size_t i = 0; i < n; i++) {
        memcpy((char *)rs + tables[i].rows, &at, sizeof at);
        memcpy((char *)rs + tables[i].n, h->rows + i, sizeof h->rows[i]);
        at += bytes_of(tables + i, h->rows[i]);
    }
}

bool bundle_open(void *bytes, size_t n, void (*release)(void *bytes, size_t n),
                 struct bundle_facts *facts, struct ruleset **out, struct err *e)
{
    const struct header *h = bytes;
    struct ruleset *rs = check(h, bytes, n, e) ? calloc(1, sizeof *rs) : NULL;
    *out = NULL;
    if (!rs)
        return e->kind == ERR_INPUT ? false : err_set(e, ERR_SYSTEM, "no memory for the rules");
    place_tables(rs, h, (const char *)bytes + aligned(sizeof *h));
    memcpy(rs->roots, h->roots, sizeof rs->roots);
    memcpy(rs->core, h->core, sizeof rs->core);
    memcpy(rs->marks, h->marks, sizeof rs->marks);
    memcpy(rs->ties, h->ties, sizeof rs->ties);
    memcpy(rs->own, h->own, sizeof rs->own);
    memcpy(rs->hash, h->rules, sizeof rs->hash);
    rs->names_own = h->names_own;
    rs->release = release;
    rs->bytes = bytes;
    rs->n_bytes = n;
    *facts = (struct bundle_facts){.n_files = h->n_files, .durable = h->durable};
    memcpy(facts->config, h->config, sizeof facts->config);
    *out = rs;
    return true;
}
