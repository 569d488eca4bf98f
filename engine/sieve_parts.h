/* What engine/sieve_make.c makes and engine/sieve.c uses. */
#ifndef TW_ENGINE_SIEVE_PARTS_H
#define TW_ENGINE_SIEVE_PARTS_H

#include "base/arena.h"
#include "base/vec.h"
#include "engine/sieve.h"

/* Columns with something to tell, a column twice when it is asked for texts and for networks: the
 * shipped rules make 11. */
#define SIEVE_TRAITS_MAX 32
/* Tests of one trait: a bit each. The shipped rules have up to 20. */
#define SIEVE_TESTS_MAX 64
/* Classes of a trait: a byte tells one. A test asks for a dozen values or networks. */
#define SIEVE_CLASSES_MAX 255
/* Numbers whose class is looked up. Most are small: protocols, ports up to where those begin that
 * clients are given (32768), counts of packets. */
#define SIEVE_TABLE_MAX 32769u
/* A number of so many digits is exact in a double (engine/sigma_match.h); longer ones are kept. */
#define SIEVE_DIGITS_MAX 15
#define SIEVE_NUMBER_END 1000000000000000u
/* Answers remembered, by the classes of a line: ordinary logs have some hundred kinds of lines. */
#define SIEVE_MEMORY_BITS 11
/* Product of the numbers of classes: a key of two bits less than 64. */
#define SIEVE_KEYS_MAX ((uint64_t)1 << 62)

enum sieve_kind { SIEVE_NUMBERS, SIEVE_TEXTS, SIEVE_NETWORKS };

/* Classes that each kind has; the others follow. */
enum { SIEVE_ABSENT, SIEVE_OTHER /* a text that no test names, or no address */, SIEVE_FIRST };

/* A number, or an address; in their order a class is a range. */
struct sieve_point {
    uint64_t v6, high, low; /* a number: low alone */
};

struct sieve_text {
    struct str text;  /* in lower case */
    uint64_t initial; /* sieve_initial of it */
};

struct sieve_trait {
    uint8_t kind; /* enum sieve_kind */
    uint32_t column;
    uint32_t n_tests;
    uint32_t tests[SIEVE_TESTS_MAX]; /* preds */
    uint32_t n_classes;
    uint64_t stride;                  /* what a class counts in the line's key */
    uint64_t *may, *may_not;          /* by class: bits of tests that can hold there, or fail */
    const struct sieve_point *points; /* where classes from SIEVE_FIRST on begin, the first at 0 */
    const struct sieve_text *texts;   /* of those classes */
    const uint8_t *table; /* classes of numbers below n_table; the last one is also that of all
                             above it, where `whole` */
    uint32_t n_table;
    bool whole;
};

/* Where a test is answered. */
struct sieve_place {
    uint8_t trait; /* or one of the next three */
    uint8_t bit;
};
enum { SIEVE_HOLDS = 253, SIEVE_FAILS, SIEVE_UNKNOWN };
_Static_assert(SIEVE_TRAITS_MAX < SIEVE_HOLDS, "the number of a trait is none of these");

enum sieve_answer { SIEVE_UNASKED, SIEVE_KEEPS, SIEVE_DROPS };

struct sieve {
    const struct ruleset *rs; /* borrowed */
    enum source source;
    struct arena memory; /* of what the present columns make */
    struct vec columns;  /* the present ones; struct sieve_column */
    bool ready;
    uint32_t *rules; /* n_rules: those of the source */
    uint32_t n_rules;
    uint32_t checked[SIEVE_TRAITS_MAX]; /* columns of numbers that no test asks for, but readers */
    uint32_t n_checked;
    struct sieve_trait traits[SIEVE_TRAITS_MAX]; /* numbers first, then texts, networks last */
    uint32_t n_traits, n_numbers, n_cheap; /* all, those of numbers, those of numbers and texts */
    struct sieve_place *places;            /* by pred */
    uint8_t classes[SIEVE_TRAITS_MAX];     /* of the line that is worked out */
    uint32_t n_known;                      /* so many of them */
    uint64_t answers[2][1u << SIEVE_MEMORY_BITS]; /* key << 2 | enum sieve_answer; by cheap traits
                                                     alone, and by all */
};

/* The first eight bytes of a text of n bytes at p in lower case, as a number; eight bytes must be
 * readable. Of eight bytes at once: bit 7 of a sum tells whether a byte is at least A, and behind
 * Z.
 */
static inline uint64_t sieve_initial(const char *p, size_t n)
{
    uint64_t x;
    memcpy(&x, p, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    x = __builtin_bswap64(x);
#endif
    const uint64_t low = x & 0x7F7F7F7F7F7F7F7Fu;
    const uint64_t from_a = low + 0x3F3F3F3F3F3F3F3Fu, behind_z = low + 0x2525252525252525u;
    x |= (~x & (from_a ^ behind_z) & 0x8080808080808080u) >> 2;
    return n < 8 ? x & (((uint64_t)1 << 8 * n) - 1) : x;
}

/* Fills s->traits and s->places for s->columns. False when memory is out. */
bool sieve_make(struct sieve *s);

#endif
