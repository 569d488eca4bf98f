/* The proof that containment works in an owner's account: a user made for it is contained by the
 * configured steps, tried with its own key, released, tried again, and deleted. */
#ifndef TW_HANDLERS_SELFTEST_H
#define TW_HANDLERS_SELFTEST_H

#include "handlers/contain.h"

/* The user's name is this and 8 hexadecimal digits; nobody else is ever touched. */
#define SELFTEST_NAME "trailwarden-self-test-"
/* How long a change may take to show: IAM's user guide speaks of some minutes at worst,
 * measurements of seconds. */
#define SELFTEST_VISIBLE_MS (180 * 1000LL)

struct selftest_says {
    void *to;
    void (*say)(void *to, const char *sentence); /* of each step that was proved */
};

/* Runs it in the account of the present credentials, which need, beside what containing and
 * releasing need, iam:CreateUser, DeleteUser, PutUserPolicy, DeleteUserPolicy, CreateAccessKey,
 * ListAccessKeys and DeleteAccessKey on user/trailwarden-self-test-*. The user may do nothing but
 * iam:GetUser. c takes orders of an operator; ports are c's. True when everything was proved and
 * removed. Whatever fails, what was made is removed; what could not be is in e. */
TW_MUST_USE bool selftest_run(struct container *c, const struct ports *ports,
                              struct selftest_says says, struct err *e);

#endif
