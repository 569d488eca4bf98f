/* Reading JSON text where it lies (RFC 8259), without building a tree. The hot path stands on this.
 */
#ifndef TW_ENGINE_JSON_H
#define TW_ENGINE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "engine/scanner.h"

/* CloudTrail nests about a dozen deep; jansson's own limit is 2048; this bounds recursion and
 * stack. */
#define JSON_DEPTH_MAX 128

enum json_type {
    JSON_ABSENT = 0, /* the zero of this type: nothing is there */
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_OBJECT,
    JSON_ARRAY
};

enum json_status {
    JSON_OK = 0,
    JSON_MORE, /* the bytes end before the value does */
    JSON_BAD   /* no JSON, or nested deeper than JSON_DEPTH_MAX */
};

/* Both move *p past blanks, or past one whole value that starts at *p (no blank in front). Strings
 * and the balance of brackets are checked, commas and colons inside a skipped value are not. On
 * JSON_MORE and JSON_BAD *p is where it was noticed. A number that touches end may go on:
 * JSON_MORE. */
static inline const char *json_blanks(const char *p, const char *end);
enum json_status json_skip(const char **p, const char *end);

/* Moves *p, which stands on the opening quote, past the closing one. *escaped tells whether a
 * backslash lay between. */
static inline enum json_status json_skip_string(const char **p, const char *end, bool *escaped);

/* The type a value starting with this byte has; JSON_ABSENT when no value starts so. */
enum json_type json_type_of(char first);

/* The text of a string, raw being what lies between its quotes: escapes resolved, \u pairs joined,
 * a lone surrogate or a broken escape U+FFFD; bytes that are no UTF-8 stay as they are. Without a
 * backslash it is raw itself; else it lies in a. Absent when a is full. */
struct str json_text(struct str raw, struct arena *a);

/* Appends a value in its compact form: no blanks outside strings, keys in their order, numbers as
 * written, strings with the fewest escapes (\" \\ \b \f \n \r \t \u00XX; never \/). */
void json_put_compact(struct buf *b, struct str value);

/* Calls fn for each string in value (values, not keys, at any depth); stops early when fn returns
 * true, and returns that. raw lies between the quotes. */
bool json_each_string(struct str value, bool (*fn)(void *to, struct str raw, bool escaped),
                      void *to);

/* Member of an object by key (first occurrence), or of an array by position; absent when not there
 * or when value is neither. raw values, a string with its quotes. For cold paths. */
struct str json_member(struct str value, struct str key);
struct str json_element(struct str value, size_t at);
/* The next member of a raw array, one after the other; *at starts at 0. Absent at the end. */
struct str json_array_next(struct str array, size_t *at);
/* The same of a raw object; *key gets what lies between the key's quotes, escapes as they are. */
struct str json_object_next(struct str object, size_t *at, struct str *key);

/* The text of a raw string value, as json_text makes it; absent when it is no string. */
struct str json_string_text(struct str value, struct arena *a);
/* The text of an object's member; absent when there is none or it is no string. */
struct str json_member_text(struct str object, const char *key, struct arena *a);

/* ---- inline: the hot path calls these for every key and value ---- */

static inline const char *json_blanks(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    return p;
}

static inline enum json_status json_skip_string(const char **p, const char *end, bool *escaped)
{
    const char *at = *p + 1;
    *escaped = false;
    for (;;) {
        at = scan_quote(at, end);
        if (at == end)
            break;
        if (*at == '"') {
            *p = at + 1;
            return JSON_OK;
        }
        *escaped = true;
        if (end - at < 2)
            break;
        at += 2;
    }
    *p = end;
    return JSON_MORE;
}

#endif
