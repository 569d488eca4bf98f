/* A file of test cases beside a rule: x.test.yml tests the rules of x.yml. rules/README.md says how
 * to write one. A case asks what one record does:
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
 *
 * or how many alerts several come to:
 *
 *       - name: five reads, then one too late
 *         rule: 2f0d6e0e-...
 *         events:
 *           - {at: 0s, repeat: 5, every: 10s, set: {requestParameters.secretId: 'db-${n}'}}
 *           - {at: 15m, unset: [userIdentity.arn]}   # set, unset, event as above
 *         alerts: 1
 *         key: {userIdentity.arn: 'arn:...'}   # of one of the alerts; may be left out
 *
 * `at` and `every` are a whole number and s, m, h or d; base's eventTime is 0s (without base, the
 * event's own). `geo`, beside base or in a test, tells where addresses are (cli/testgeo.h). Each
 * event gets the eventTime that follows and an eventID of its own, a UUID made from the case's name
 * and the event's number, unless `set` or `event` gives an eventID. Of other logs than CloudTrail's
 * the same fields have their own names (engine/source.h); events of a log that has no ids, a flow
 * log, must differ in something. */
#ifndef TW_CLI_TESTCASE_H
#define TW_CLI_TESTCASE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/testgeo.h"

#define TESTCASES_MAX       10000 /* of one file */
#define TESTCASE_EVENTS_MAX 10000 /* of one case; the longest of the shipped ones has 600 */

struct testcase_key {
    struct str field, value;
};

struct testcase {
    struct str name;
    unsigned line;
    struct str rule;           /* id; absent: the only rule of the file */
    struct testgeo geo;        /* of the test, else of the file, else empty */
    const struct str *records; /* JSON; of a case with `expect` one */
    size_t n_records;
    bool expect_match;
    bool counts_alerts; /* a case with `events`: expect_match says nothing, the rest does */
    uint64_t alerts;
    const struct testcase_key *key;
    size_t n_key; /* 0: not asked */
};

/* Reads a file's text; all lies in a. ERR_INPUT with "line N: ..." for what is no such file, an
 * unknown key, a path through something that has no members, or a test without name or
 * expectation. */
TW_MUST_USE bool testcases_read(struct str yaml, struct arena *a, struct testcase **out, size_t *n,
                                struct err *e);

#endif
