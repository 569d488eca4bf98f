/* Bodies of DynamoDB's calls and what its replies say; pure. Protocol JSON 1.0, API 2012-08-10. */
#ifndef TW_ADAPTERS_DYNAMODB_WIRE_H
#define TW_ADAPTERS_DYNAMODB_WIRE_H

#include "base/buf.h"
#include "handlers/state.h"

/* Elements of one bucket at most, some 300 KB: an item near 400 KB refuses every ADD for ever. */
#define DYNAMODB_SET_MAX 10000
/* A reply page is at most 1 MB of items ("Query" in the API reference); elements of 22 bytes and
 * more become 35 and more in base64 and JSON. */
#define DYNAMODB_REPLY_MAX (2u << 20)
#define DYNAMODB_BODY_MAX  (2u << 20)

/* An element as bytes: time (6, big-endian, two's complement), what (none when 0, 1 byte below 256,
 * else 8), event (16). */
#define ELEMENT_BYTES_MAX 30
void element_put(struct buf *b, const struct element *e);
TW_MUST_USE bool element_take(struct str bytes, struct element *out);

/* Sort key of a bucket: "b#" and 16 hexadecimal digits of its number, offset by 2^63, so that
 * strings and numbers order alike. */
void dynamodb_put_bucket(struct buf *b, int64_t bucket);

/* Each appends the whole body; samples stand above the definitions.
 *
 * An add has two forms, because no expression of DynamoDB says "the greater of two": the usual one
 * sets `expires`, and is refused when that would shorten the item's life or when the set is full;
 * the other leaves `expires`, and is refused when there is none or the set is full. Times of expiry
 * are rounded up to DYNAMODB_EXPIRY_S, so that the second form is hardly ever needed. */
#define DYNAMODB_EXPIRY_S 3600
enum dynamodb_add { DYNAMODB_ADD_AND_EXTEND, DYNAMODB_ADD_ONLY };
void dynamodb_put_add(struct buf *b, struct str table, const struct state_add *a,
                      enum dynamodb_add form);
void dynamodb_put_drop(struct buf *b, struct str table, const struct state_drop *d);
void dynamodb_put_query(struct buf *b, struct str table, const struct state_read *r,
                        struct str start); /* start: the last page's LastEvaluatedKey, or absent */
void dynamodb_put_get(struct buf *b, struct str table, const struct state_key *key);
void dynamodb_put_swap(struct buf *b, struct str table, const struct state_swap *s);

/* The one item that says in which form all others are (docs/state.md, upgrades): asking for it, and
 * writing it where there is none yet. */
#define DYNAMODB_FORMAT 1
void dynamodb_put_get_format(struct buf *b, struct str table);
void dynamodb_put_format(struct buf *b, struct str table);
/* Reads the answer to the first; 0 when there is no such item. ERR_INPUT when it is no such reply.
 */
TW_MUST_USE bool dynamodb_take_format(struct str reply, unsigned long long *format, struct err *e);

/* Reads a page of a Query: appends the elements of items that expire at or after now_s to out;
 * *next (emptied first) gets the key to go on from, or stays empty. ERR_INPUT when it is no such
 * reply. */
TW_MUST_USE bool dynamodb_take_page(struct str reply, int64_t now_s, struct vec *out,
                                    struct buf *next, struct err *e);
/* Reads a GetItem of claims into c (blob emptied first): none gives version 0. An expired item
 * still counts: its version is needed to replace it, its claims go by their own times. */
TW_MUST_USE bool dynamodb_take_claims(struct str reply, struct state_claims *c, struct err *e);

/* Capacity units that a reply says were consumed; 0 when it says nothing. */
double dynamodb_take_units(struct str reply);

#endif
