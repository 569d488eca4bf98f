/* Last words: when the process crashes, the invocation at hand is reported as failed at once,
 * instead of at its timeout. */
#ifndef TW_RUNTIME_CRASH_H
#define TW_RUNTIME_CRASH_H

#include "base/err.h"
#include "base/str.h"

/* Catches SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT on a stack of its own. Each writes one line
 * to stderr, posts the report that crash_arm prepared, and ends the process with 128 + the signal.
 * host is AWS_LAMBDA_RUNTIME_API, resolved now, because nothing can be looked up then. */
TW_MUST_USE bool crash_guard(const char *host, struct err *e);

/* Prepares the report: of this invocation, or, with request_id absent, of the start (init error).
 * Uses memory of its own only. */
void crash_arm(struct str request_id, struct str invocation_id);
/* Nothing is at hand that could be reported. */
void crash_disarm(void);

#endif
