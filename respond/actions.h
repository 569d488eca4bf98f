/* Which permission a call needed: from CloudTrail's eventSource and eventName to actions of IAM.
 * Nine of ten names are the same; the rest is a table (respond/actions.inc). */
#ifndef TW_RESPOND_ACTIONS_H
#define TW_RESPOND_ACTIONS_H

#include "base/buf.h"
#include "base/str.h"

#define ACTION_MAX 256 /* bytes; prefixes have 30, names of the reference at most 70 */

/* Appends the actions as "s3:GetObject" with a blank between two; nothing when the call needs no
 * permission (signing in, asking who one is). False when the name cannot be one of an action: a
 * console's own call. `version`: the call named a version of an object. */
bool actions_put(struct buf *b, struct str source, struct str event, bool version);

/* Whether the errorCode says that the caller was not allowed, or not known: then the call is no use
 * of a permission. Other errors come behind authorization. Absent: the call succeeded. */
bool actions_refused(struct str error);

/* The action that an access-denied text names, "not authorized to perform: lambda:ListFunctions";
 * absent when it names none. */
struct str actions_named(struct str message);

#endif
