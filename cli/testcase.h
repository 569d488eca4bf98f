/* A file of test cases beside a rule: x.test.yml tests the rules of x.yml. docs/rules.md says how
 * to write one:
 *
 *     base: {eventName: StopLogging, ...}      # a record
 *     tests:
 *       - name: a trail is stopped
 *         expect: match                        # or no-match
 *       - name: refused
 *         set: {errorCode: AccessDenied}       # dotted path: value, put into base
 *         unset: [requestParameters.name]      # dotted paths, taken out of it
 *         expect: no-match
 *       - name: something else
 *         event: {...}                         # instead of base
 *         rule: 5dbfe805-...                   # when x.yml has several rules
 *         expect: no-match
 */
#ifndef TW_CLI_TESTCASE_H
#define TW_CLI_TESTCASE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#define TESTCASES_MAX     10000 /* of one file */
#define TESTCASE_PATH_MAX 64    /* steps of a path */

struct testcase {
    struct str name;
    unsigned line;
    struct str rule; /* id; absent: the only rule of the file */
    bool expect_match;
    struct str record; /* JSON */
};

/* Reads a file's text; all lies in a. ERR_INPUT with "line N: ..." for what is no such file, an
 * unknown key, a path through something that has no members, or a test without name or expect. */
TW_MUST_USE bool testcases_read(struct str yaml, struct arena *a, struct testcase **out, size_t *n,
                                struct err *e);

#endif
