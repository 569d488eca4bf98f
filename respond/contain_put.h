/* Containment in words: what alerts say will be done, what notices say was done, and the command
 * that a person can type where the program cannot or may not act. */
#ifndef TW_RESPOND_CONTAIN_PUT_H
#define TW_RESPOND_CONTAIN_PUT_H

#include "respond/contain_plan.h"

/* Appends {"principal":"arn:...","kind":"user","how":"acted","mode":"auto","why":"ok",
 *   "reason":null,"confirmed":true,"steps":[{"strategy":"deny-all","verb":"attach",
 *   "target":"arn:aws:iam::aws:policy/AWSDenyAll","undo":"detach the policy"}],
 *   "command":"trailwarden contain 'arn:...'"} */
void contain_put_plan_json(struct buf *b, const struct contain_plan *p, enum contain_how how);
/* Appends a line or more for people. */
void contain_put_plan_text(struct buf *b, const struct contain_plan *p, enum contain_how how);

/* Appends the command that contains, or releases, the principal: trailwarden contain 'arn:...'. */
void contain_put_command(struct buf *b, const char *verb, const struct subject *s);

/* Appends what a person can type where IAM calls do not help: of root, an Identity Center role, a
 * service-linked role, another account. Nothing when there is nothing. */
void contain_put_advice(struct buf *b, const struct subject *s);

/* Appends one step in words: "attach arn:aws:iam::aws:policy/AWSDenyAll", "all access keys
 * inactive", ... */
void contain_put_step(struct buf *b, const struct contain_step *s);

/* "acted", "made", "assumed" */
const char *contain_how_name(enum contain_how how);
bool contain_how_parse(struct str name, enum contain_how *out);

#endif
