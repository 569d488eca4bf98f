/* Borrowed bytes: the one string type that is passed around. */
#ifndef TW_BASE_STR_H
#define TW_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* n bytes at p, not NUL-terminated, never owned. p == NULL means absent; p != NULL with n == 0
 * means present and empty. Whoever hands one out says whose bytes they are and until when. */
struct str {
    const char *p;
    size_t n;
};

#define STR_ABSENT ((struct str){NULL, 0})
/* A string literal as a str. */
#define S(lit) ((struct str){"" lit, sizeof(lit) - 1})

static inline struct str str_of(const char *z)
{
    return (struct str){z, z ? strlen(z) : 0};
}

static inline struct str str_n(const char *p, size_t n)
{
    return (struct str){p, n};
}

static inline bool str_present(struct str s)
{
    return s.p != NULL;
}

/* Byte equality; an absent str equals nothing, not even another absent one. */
static inline bool str_eq(struct str a, struct str b)
{
    return a.p && b.p && a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_eqz(struct str a, const char *z)
{
    return str_eq(a, str_of(z));
}

/* Order of bytes, shorter first when one is the other's beginning; absent sorts before all. */
int str_cmp(struct str a, struct str b);

/* The same with A-Z folded to a-z and nothing else folded. */
bool str_eq_fold(struct str a, struct str b);
/* Whether one becomes the other by one slip, case apart: a byte put in, left out or changed, or two
 * neighbours swapped. What is the same is near, too. */
bool str_is_near(struct str a, struct str b);

bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Index of the first occurrence of needle at or after from, or SIZE_MAX. */
size_t str_find(struct str s, struct str needle, size_t from);
/* Index of the first byte c at or after from, or SIZE_MAX. */
size_t str_find_byte(struct str s, char c, size_t from);
/* s without its first n bytes (at most all of them). */
static inline struct str str_skip(struct str s, size_t n)
{
    if (n > s.n)
        n = s.n;
    return s.p ? str_n(s.p + n, s.n - n) : s;
}

/* The part of s in [from, to); both are cut to s. */
static inline struct str str_slice(struct str s, size_t from, size_t to)
{
    if (to > s.n)
        to = s.n;
    if (from > to)
        from = to;
    return s.p ? str_n(s.p + from, to - from) : s;
}

/* s without blanks (space, tab, CR, LF) at either end. */
struct str str_trim(struct str s);

/* Cuts the piece before the first sep from *rest and returns it; without a sep, all of it, and
 * *rest becomes absent. Loop `while (str_present(rest))`. */
struct str str_cut(struct str *rest, char sep);

static inline char byte_lower(char c)
{
    return (c >= 'A' && c <= 'Z') ? (char)(c + 32) : c;
}

static inline bool byte_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline bool byte_is_alpha(char c)
{
    c = byte_lower(c);
    return c >= 'a' && c <= 'z';
}

/* Writes n bytes as 2 * n lower-case hexadecimal digits, no NUL behind them. */
void bytes_hex(char *out, const void *bytes, size_t n);
/* Value of a hexadecimal digit, or -1. */
int byte_hex(char c);

/* Decimal digits only, the whole of s, no sign; false when s is empty, has another byte, or is over
 * UINT64_MAX. */
bool str_u64(struct str s, unsigned long long *out);

/* Whether the whole of s is [-+]? ( \. digits | digits ( \. digits? )? ) ( [eE] [-+]? digits )?,
 * what strtod and YAML's core schema take for a finite decimal number. */
bool str_is_decimal(struct str s);

#endif
