/* The stories as one HTML file that needs nothing else: no network, no other file, no template.
 *
 * Head, style and script are fixed bytes (web/, built in), so the content security policy allows
 * exactly these two by their hashes, and nothing that a log's text might turn into. The stories are
 * JSON in blocks that no browser executes, with < > & written as \u00XX: no text of a log can end
 * the block (promise P7). Without scripts the page tells the stories as text. */
#ifndef TW_RESPOND_PAGE_H
#define TW_RESPOND_PAGE_H

#include "base/err.h"
#include "respond/story_put.h"

/* Bytes of the stories' JSON: STORY_BYTES_MAX, each byte escaped to six at worst, and the
 * incidents.
 */
#define PAGE_JSON_MAX (768u << 20)

/* Takes a piece of the page; false, with e, ends it. */
typedef bool (*page_fn)(void *to, struct str piece, struct err *e);

/* Writes the page in pieces, in order. False as write says, or ERR_LIMIT without memory. */
TW_MUST_USE bool page_write(const struct stories *s, const struct ruleset *rules, page_fn write,
                            void *to, struct err *e);

#endif
