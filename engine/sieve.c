/* One line after another. */
#include "engine/sieve_parts.h"

#include <stdlib.h>

#include "engine/sigma_cidr.h"

/* Columns of one line; logs have fewer than a hundred. */
#define COLUMNS_MAX 1024
/* A table of 32 KB a trait, and a few bytes a test and rule. */
#define MEMORY_MAX (16u << 20)

struct sieve *sieve_new(const struct ruleset *rs, enum source source)
{
    struct sieve *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->rs = rs;
    s->source = source;
    arena_init(&s->memory, MEMORY_MAX);
    vec_init(&s->columns, sizeof(struct sieve_column), COLUMNS_MAX);
    return s;
}

void sieve_free(struct sieve *s)
{
    if (!s)
        return;
    arena_release(&s->memory);
    vec_release(&s->columns);
    free(s);
}

static bool same_columns(const struct sieve *s, const struct sieve_column *columns, size_t n)
{
    bool same = s->ready && s->columns.n == n;
    for (size_t i = 0; i < n && same; i++) {
        const struct sieve_column *c = vec_at(&s->columns, i);
        same = c->slot == columns[i].slot && c->number == columns[i].number;
    }
    return same;
}

bool sieve_set_columns(struct sieve *s, const struct sieve_column *columns, size_t n)
{
    if (same_columns(s, columns, n))
        return true;
    s->columns.n = 0;
    struct sieve_column *to = n ? vec_push(&s->columns, n) : NULL;
    for (size_t i = 0; i < n && to; i++)
        to[i] = columns[i];
    arena_reset(&s->memory);
    memset(s->answers, 0, sizeof s->answers);
    s->ready = to && sieve_make(s);
    return s->ready;
}

/* ---- the class of a value ---- */

/* Up to eight digits at p; eight bytes are readable. The bytes before the first digit of an
 * eight-digit number are made zeros, then pairs, fours and the whole are put together, all at once.
 */
static inline bool read_eight(const char *p, size_t n, uint64_t *out)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    x = (x ^ 0x3030303030303030u) << (64 - 8 * n);
    bool digits = (((x + 0x7676767676767676u) | x) & 0x8080808080808080u) == 0;
    x = x * 2561 >> 8 & 0x00FF00FF00FF00FFu;
    x = x * 6553601 >> 16 & 0x0000FFFF0000FFFFu;
    *out = x * 42949672960001u >> 32;
    return digits;
}

/* A number of up to 15 digits; false for anything else. */
static inline bool read_number(const char *p, size_t n, uint64_t *out)
{
    uint64_t high = 0;
    if (n > 8) {
        if (n > SIEVE_DIGITS_MAX || !read_eight(p, n - 8, &high))
            return false;
        p += n - 8;
        n = 8;
    }
    bool digits = read_eight(p, n, out);
    *out += high * 100000000u;
    return digits;
}

static inline bool is_absent(const char *p, size_t n)
{
    return n == 0 || (n == 1 && *p == '-');
}

static inline bool is_before(const struct sieve_point *a, const struct sieve_point *b)
{
    if (a->v6 != b->v6)
        return a->v6 < b->v6;
    return a->high != b->high ? a->high < b->high : a->low < b->low;
}

/* The class of a point: of the last one in t->points that is not behind it. */
static uint32_t class_of_point(const struct sieve_trait *t, struct sieve_point at)
{
    uint32_t from = 0, n = t->n_classes - SIEVE_FIRST;
    while (n > 1) {
        uint32_t half = n / 2;
        from = is_before(&at, t->points + from + half) ? from : from + half;
        n -= half;
    }
    return SIEVE_FIRST + from;
}

/* The same of a number that its trait's table does not have. */
static inline uint32_t class_of_number(const struct sieve_trait *t, uint64_t x)
{
    uint32_t from = 0, n = t->n_classes - SIEVE_FIRST;
    while (n > 1) {
        uint32_t half = n / 2;
        from = x < t->points[from + half].low ? from : from + half;
        n -= half;
    }
    return SIEVE_FIRST + from;
}

static inline bool class_number(const struct sieve_trait *t, const char *p, size_t n, uint8_t *to)
{
    uint64_t x;
    if (is_absent(p, n)) {
        *to = SIEVE_ABSENT;
        return true;
    }
    if (!read_number(p, n, &x))
        return false;
    if (t->whole)
        *to = t->table[x < t->n_table ? x : t->n_table - 1];
    else
        *to = x < t->n_table ? t->table[x] : (uint8_t)class_of_number(t, x);
    return true;
}

static inline uint8_t class_text(const struct sieve_trait *t, const char *p, size_t n)
{
    if (is_absent(p, n))
        return SIEVE_ABSENT;
    uint64_t initial = sieve_initial(p, n);
    for (uint32_t c = SIEVE_FIRST; c < t->n_classes; c++) {
        const struct sieve_text *is = t->texts + c - SIEVE_FIRST;
        if (is->initial == initial && is->text.n == n &&
            (n <= 8 || str_eq_fold(is->text, str_n(p, n))))
            return (uint8_t)c;
    }
    return SIEVE_OTHER;
}

static uint8_t class_address(const struct sieve_trait *t, struct str s)
{
    struct cidr a;
    if (is_absent(s.p, s.n))
        return SIEVE_ABSENT;
    if (!cidr_address(s, &a))
        return SIEVE_OTHER;
    return (uint8_t)class_of_point(t, (struct sieve_point){a.v6, a.bits[0], a.bits[1]});
}

/* ---- what can be said of classes ---- */

enum { CAN_HOLD = 1, CAN_FAIL = 2 };

static unsigned test_can(const struct sieve *s, uint32_t pred)
{
    struct sieve_place at = s->places[pred];
    if (at.trait == SIEVE_HOLDS || at.trait == SIEVE_FAILS)
        return at.trait == SIEVE_HOLDS ? CAN_HOLD : CAN_FAIL;
    if (at.trait == SIEVE_UNKNOWN || at.trait >= s->n_known)
        return CAN_HOLD | CAN_FAIL;
    const struct sieve_trait *t = s->traits + at.trait;
    uint8_t class = s->classes[at.trait];
    return (t->may[class] >> at.bit & 1) * CAN_HOLD | (t->may_not[class] >> at.bit & 1) * CAN_FAIL;
}

static unsigned negated(unsigned can)
{
    return (can & CAN_HOLD ? CAN_FAIL : 0u) | (can & CAN_FAIL ? CAN_HOLD : 0u);
}

static unsigned node_can(const struct sieve *s, uint32_t node)
{
    const struct ruleset *rs = s->rs;
    const struct rs_node *n = rs->nodes + node;
    unsigned each = CAN_HOLD | CAN_FAIL, some = 0;
    if (n->op == NODE_FALSE || n->op == NODE_TRUE)
        return n->op == NODE_TRUE ? CAN_HOLD : CAN_FAIL;
    if (n->op == NODE_PRED)
        return test_can(s, n->a);
    if (n->op == NODE_NOT)
        return negated(node_can(s, n->a));
    /* Of AND, what all kids can is to hold and what one can is to fail; of OR the reverse. */
    const unsigned all = n->op == NODE_AND ? CAN_HOLD : CAN_FAIL;
    for (uint32_t i = 0; i < n->kids.n && (each & all); i++) {
        unsigned can = node_can(s, rs->numbers[n->kids.first + i]);
        each &= can;
        some |= can;
    }
    if (!(each & all))
        return (CAN_HOLD | CAN_FAIL) & ~all;
    return n->kids.n ? (each & all) | (some & ~all) : all;
}

static bool can_hold(const struct sieve *s)
{
    bool can = false;
    for (uint32_t i = 0; i < s->n_rules && !can; i++)
        can = node_can(s, s->rs->rules[s->rules[i]].program) & CAN_HOLD;
    return can;
}

/* The answer for the first n_known classes, whose key this is. */
static inline bool answer(struct sieve *s, uint64_t *answers, uint64_t key, const uint8_t *classes,
                          uint32_t n_known)
{
    /* An odd factor with half its bits set, as multiplicative hashing wants. */
    uint64_t *known = answers + (key * 0x9E3779B97F4A7C15u >> (64 - SIEVE_MEMORY_BITS));
    if (*known >> 2 == key && (*known & 3) != SIEVE_UNASKED)
        return (*known & 3) == SIEVE_KEEPS;
    memcpy(s->classes, classes, n_known);
    s->n_known = n_known;
    bool keeps = can_hold(s);
    *known = key << 2 | (keeps ? SIEVE_KEEPS : SIEVE_DROPS);
    return keeps;
}

/* ---- a line ---- */

static inline struct str value_at(const char *text, const uint32_t *marks, uint32_t column)
{
    uint32_t from = marks[column] + 1;
    return str_n(text + from, marks[column + 1] - from);
}

/* Whether the numbers that tests do not ask for are such. */
static inline bool numbers_are(const struct sieve *s, const char *text, const uint32_t *marks)
{
    uint64_t x;
    for (uint32_t i = 0; i < s->n_checked; i++) {
        struct str v = value_at(text, marks, s->checked[i]);
        if (!is_absent(v.p, v.n) && !read_number(v.p, v.n, &x))
            return false;
    }
    return true;
}

/* What addresses say, where the rest leaves it open. */
static bool keeps_addresses(struct sieve *s, uint64_t key, uint8_t *classes, const char *text,
                            const uint32_t *marks)
{
    for (uint32_t i = s->n_cheap; i < s->n_traits; i++) {
        const struct sieve_trait *t = s->traits + i;
        classes[i] = class_address(t, value_at(text, marks, t->column));
        key += t->stride * classes[i];
    }
    return answer(s, s->answers[1], key, classes, s->n_traits);
}

bool sieve_keeps(struct sieve *s, const char *text, const uint32_t *marks)
{
    uint8_t classes[SIEVE_TRAITS_MAX];
    const uint32_t n_numbers = s->n_numbers, n_cheap = s->n_cheap;
    uint64_t key = 0;
    uint32_t i = 0;
    if (!s->ready || !numbers_are(s, text, marks))
        return true;
    for (const struct sieve_trait *t = s->traits; i < n_numbers; i++, t++) {
        struct str v = value_at(text, marks, t->column);
        if (!class_number(t, v.p, v.n, classes + i))
            return true;
        key += t->stride * classes[i];
    }
    for (const struct sieve_trait *t = s->traits + i; i < n_cheap; i++, t++) {
        struct str v = value_at(text, marks, t->column);
        classes[i] = class_text(t, v.p, v.n);
        key += t->stride * classes[i];
    }
    return answer(s, s->answers[0], key, classes, n_cheap) &&
           (s->n_traits == n_cheap || keeps_addresses(s, key, classes, text, marks));
}
