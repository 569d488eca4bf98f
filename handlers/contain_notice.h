/* Notices of containment: what people read when the state of a principal changes. */
#ifndef TW_HANDLERS_CONTAIN_NOTICE_H
#define TW_HANDLERS_CONTAIN_NOTICE_H

#include "handlers/contain_record.h"
#include "respond/rendered.h"

/* Renders the record's newest notice: subject "[HIGH] Contained: user dev - 111122223333"; text and
 * JSON
 *   {"type":"containment","id":"<32 hex>","updates":0,"state":"contained","alarm":false,
 *    "principal":"arn:...","kind":"user","account":"...","mode":"auto","how":"acted",
 *    "rule":{"id","title"},"level":"high","alert":"<32 hex>","incident":null,"reason":null,
 *    "by":null,"time":"...","expires":null,"steps":[{"strategy","verb","target","state","result",
 *    "seen","why","undo"}],"approval":{"id":"<32 hex>-<n>","invoke":{...}},"undo":"trailwarden
 *    release 'arn:...'","command":...}
 * attributes type ("containment"), level, account, state. id is the record's; updates count its
 * notices. "approval" is there while one is asked for. r's former content is gone; the message
 * borrows from r. ERR_LIMIT when memory is out. */
TW_MUST_USE bool contain_notice(const struct contain_record *rec, struct rendered *r,
                                struct err *e);

/* Appends the approval that the record asks for: "<32 hex>-<n>". */
void contain_put_approval(struct buf *b, const struct contain_record *rec);

/* Appends the record for machines as above, but for the type and what only notices have: what
 * `contained` lists and the function answers orders with. */
void contain_put_state(struct buf *b, const struct contain_record *rec);

#endif
