/* Strings with wildcards, as Sigma means them: `*` is any run of characters, `?` exactly one. */
#ifndef TW_ENGINE_PATTERN_H
#define TW_ENGINE_PATTERN_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/* A pattern is text in one written form: `*` and `?` are wildcards, `\*`, `\?` and `\\` are those
 * characters themselves, and every other byte stands for itself (a backslash is always the first of
 * two). Rule values are brought into this form once; all later steps (contains, expand, ...) work
 * on it. */

/* Appends the pattern that a Sigma value means: `\*`, `\?` and `\\` are escapes, a backslash before
 * anything else, or at the end, is a backslash (Sigma specification, "Escaping"). */
void pattern_put_sigma(struct buf *out, struct str value);
/* Appends the pattern that stands for these bytes and nothing else. */
void pattern_put_literal(struct buf *out, struct str bytes);

/* Length of the token (a byte, a wildcard, an escaped byte) at s.p[at]. */
size_t pattern_token(struct str pattern, size_t at);
bool pattern_has_wildcard(struct str pattern);
/* Whether the first, or the last, token is `*`. */
bool pattern_starts_open(struct str pattern);
bool pattern_ends_open(struct str pattern);

/* How a pattern is matched; all but GLOB need only its literal text. */
enum pattern_kind {
    PATTERN_EXACT,    /* text    */
    PATTERN_PREFIX,   /* text*   (`*` alone: any string) */
    PATTERN_SUFFIX,   /* *text   */
    PATTERN_CONTAINS, /* *text*  */
    PATTERN_GLOB      /* any other; the text is the pattern with runs of `*` made one */
};

/* The kind, and in *text (emptied first) what pattern_match wants. Bytes A-Z become a-z when fold.
 */
enum pattern_kind pattern_compile(struct str pattern, bool fold, struct buf *text);

/* Whether the whole of s matches. With fold, A-Z in s are like a-z, and text must have been
 * compiled so. `?` takes one UTF-8 character, or one byte where s is no UTF-8. Needs no memory and
 * at most |text| * |s| steps. */
bool pattern_match(enum pattern_kind kind, struct str text, struct str s, bool fold);

#endif
