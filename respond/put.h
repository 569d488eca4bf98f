/* Pieces of JSON and text that matches and alerts are put together from. */
#ifndef TW_RESPOND_PUT_H
#define TW_RESPOND_PUT_H

#include "base/buf.h"
#include "engine/ruleset.h"

/* How much is told; what is longer is cut, and ends in an ellipsis. */
struct limits {
    size_t evidence; /* event ids at either end */
    size_t list;     /* entries of a list of the rule or of the alert's fields */
    size_t value;    /* bytes of any one string */
};
extern const struct limits limits_none;

/* s, or its beginning of at most max bytes, cut in front of a character. */
struct str text_cut(struct str s, size_t max);

/* Appends s as a JSON string, cut at max bytes; null when it is absent. */
void put_string(struct buf *b, struct str s, size_t max);
/* Appends "name":"value" and a comma, value cut at max bytes; null when it is absent. */
void put_member(struct buf *b, struct str name, struct str value, size_t max);
/* Appends "name":"2026-03-17T14:05:11Z" and a comma; null when it is not timed. */
void put_member_time(struct buf *b, const char *name, bool timed, int64_t ms);
/* Appends "name":["..."] and a comma. */
void put_member_list(struct buf *b, const char *name, const struct ruleset *rs, struct rs_list list,
                     const struct limits *limits);
/* Takes back the comma behind the last member, if any, and appends the bracket. */
void put_close(struct buf *b, char bracket);

/* Appends s for a terminal or a mail, cut at max bytes. */
void put_text(struct buf *b, struct str s, size_t max);
/* Appends the level's name in upper case between brackets, coloured when wanted: "[HIGH]". */
void put_level(struct buf *b, enum level level, bool colour);

#endif
