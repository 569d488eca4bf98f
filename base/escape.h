/* The only ways by which a byte of an event reaches a place that gives bytes a meaning (promise
 * P7). Each takes any bytes, valid UTF-8 or not; what is not valid UTF-8 becomes U+FFFD. */
#ifndef TW_BASE_ESCAPE_H
#define TW_BASE_ESCAPE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

/* Takes one code point off the front of *s (s->n > 0). Returns it, or -1 after taking one byte that
 * begins no valid sequence (RFC 3629: no overlong forms, no surrogates, at most U+10FFFF). */
int32_t utf8_take(struct str *s);
/* Appends the code point c as UTF-8. */
void buf_put_utf8(struct buf *b, uint32_t c);

/* A JSON string with its quotes (RFC 8259); an absent str becomes null. U+2028, U+2029 and DEL are
 * escaped as well, so that the text may stand in a script; U+FFFE and U+FFFF, because SQS refuses a
 * message that holds them. */
void buf_put_json(struct buf *b, struct str s);

/* A value for a terminal, a mail or a line of a log: control characters (C0, DEL, C1),
 * bidirectional overrides (U+202A..U+202E, U+2066..U+2069) and line separators become \xHH or
 * \u{H}, and a backslash \\ where it could be taken for the beginning of one of these: in front of
 * an x, a u{, another backslash, or what is escaped itself. So different values look different, and
 * \d or \" stay readable. */
void buf_put_terminal(struct buf *b, struct str s);
/* The same for a sentence whose values have been through it before: backslashes stay as they are.
 */
void buf_put_sentence(struct buf *b, struct str s);

/* One CSV cell (RFC 4180), quoted when needed; a cell that a spreadsheet would take for a formula
 * (first byte = + - @ tab CR) gets an apostrophe in front. */
void buf_put_csv(struct buf *b, struct str s);

/* Percent-encodes all but A-Z a-z 0-9 - . _ ~, and but '/' when keep_slash (RFC 3986; the form
 * SigV4 wants: upper-case hexadecimal, blank as %20). Bytes, not characters: nothing is replaced.
 */
void buf_put_percent(struct buf *b, struct str s, bool keep_slash);

/* The same for a value of application/x-www-form-urlencoded: a blank is '+', as the AWS SDKs write
 * it. */
void buf_put_form(struct buf *b, struct str s);

/* Prose for an SNS or SQS body: the characters that SQS refuses (it takes #x9 #xA #xD #x20-#xD7FF
 * #xE000-#xFFFD #x10000-#x10FFFF) become U+FFFD. */
void buf_put_xmlchars(struct buf *b, struct str s);

#endif
