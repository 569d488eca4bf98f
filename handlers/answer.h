/* What an invocation is answered with when it was about objects and records. */
#ifndef TW_HANDLERS_ANSWER_H
#define TW_HANDLERS_ANSWER_H

#include "handlers/envelope.h"
#include "handlers/handle.h"

/* Appends, of an SQS batch, the messages that are to come again, else what was counted:
 *     {"batchItemFailures":[{"itemIdentifier":"<message id>"}]}
 *     {"ok":true,"objects":1,"records":20,"bad":0,"hits":2,"alerts":1,"incidents":1}
 * False, with the first reason, when the payload is no batch and a part of it failed. */
TW_MUST_USE bool answer_work(const struct work *w, const struct handle_counts *c,
                             struct buf *answer, struct err *e);

#endif
