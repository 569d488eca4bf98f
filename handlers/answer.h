/* What an invocation is answered with when it was about objects and records. */
#ifndef TW_HANDLERS_ANSWER_H
#define TW_HANDLERS_ANSWER_H

#include "handlers/envelope.h"
#include "handlers/findings.h"
#include "handlers/handle.h"
#include "handlers/watch.h"

#define ANSWER_SILENT_MAX 100

/* Says that an action is unknown or cannot be done: action "x" <why>. False. */
bool answer_unable(struct str action, const char *why, struct err *e);

/* Appends {"ok":true,"version":"0.1.0","rules":31,"hash":"<hex>"}. */
TW_MUST_USE bool answer_self_test(const struct handle_config *cfg, struct buf *answer,
                                  struct err *e);

/* Does the order {"action":"watch","minutes":120}: notes each region of an account that has been
 * silent for longer, as HANDLE_SILENCE, ANSWER_SILENT_MAX of them by name; sets the counts, and
 * appends {"ok":true,"watched":40,"silent":1}. ERR_INPUT when it names no minutes, 1 to 10,080. */
TW_MUST_USE bool answer_watch(struct watch *w, struct str order, int64_t now_ms,
                              const struct handle_notes *notes, struct handle_counts *c,
                              struct buf *answer, struct err *e);

/* Appends, of an SQS batch, the messages that are to come again, else what was counted:
 *     {"batchItemFailures":[{"itemIdentifier":"<message id>"}]}
 *     {"ok":true,"objects":1,"records":20,"bad":0,"hits":2,"alerts":1,"incidents":1}
 * and behind that the findings, when they are asked for.
 * False, with the first reason, when the payload is no batch and a part of it failed. */
TW_MUST_USE bool answer_work(const struct work *w, const struct handle_counts *c,
                             const struct findings *found, struct buf *answer, struct err *e);

#endif
