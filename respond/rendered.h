/* Room for one message, and the limits that SNS sets it. */
#ifndef TW_RESPOND_RENDERED_H
#define TW_RESPOND_RENDERED_H

#include "base/buf.h"
#include "respond/message.h"

/* Wire sizes of the two bodies, as JSON strings, since SNS's MessageStructure=json carries both in
 * one JSON document: together 208 KiB, which leaves 54 KiB of MESSAGE_BYTES_MAX for the subject,
 * the attributes and the document itself. */
#define MESSAGE_TEXT_WIRE_MAX (48u << 10)
#define MESSAGE_JSON_WIRE_MAX (160u << 10)
/* SNS takes more in an attribute, but filter policies match at most 256 bytes. */
#define MESSAGE_VALUE_MAX 256

/* A message and the memory it borrows from. */
struct rendered {
    struct message message;
    struct buf subject, text, json, values;
};

void rendered_init(struct rendered *r);
void rendered_release(struct rendered *r);

/* Empties it for another message. */
void rendered_begin(struct rendered *r);

/* Whether what was put into r->json fits on the wire. */
bool rendered_json_fits(const struct rendered *r);

/* Takes a draft of the text, free of what SNS refuses; whether it fits on the wire. */
bool rendered_take_text(struct rendered *r, const struct buf *draft);

/* Appends s with every character that is not printable ASCII as "?", up to max bytes: for subjects.
 */
void rendered_put_ascii(struct buf *b, struct str s, size_t max);

/* Adds an attribute, its value cut and free of what SNS refuses; none when value is empty. */
void rendered_add(struct rendered *r, const char *name, struct str value);

/* All is put, but for message.updates and message.account, and `fits`: the message borrows from r,
 * and id from whoever gave it. ERR_LIMIT when it does not, or memory was out; what names the
 * message. */
TW_MUST_USE bool rendered_end(struct rendered *r, bool fits, struct str id, const char *what,
                              struct err *e);

#endif
