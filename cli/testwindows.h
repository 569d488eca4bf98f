/* The records of a stateful test, through the windows and what they remember: as `scan` does it,
 * and as deliveries do. */
#ifndef TW_CLI_TESTWINDOWS_H
#define TW_CLI_TESTWINDOWS_H

#include "adapters/state_memory.h"
#include "cli/testcase.h"
#include "handlers/windows.h"

/* How a case's records arrive. */
enum test_arrival {
    ARRIVE_WHOLE, /* in one piece, in the order written: all there is */
    ARRIVE_PARTS  /* the last first, in two deliveries over durable state. Of a first_seen rule in
                     order of time, for it is promised no other (docs/design.md): what comes late
                     can change what it should have told */
};

/* An alert that the judged rule told. Texts lie in the testwindows until the next run. */
struct test_alert {
    struct str id;
    const struct str *key_names, *key_values;
    size_t n_keys;
    int64_t first_ms, last_ms;
    uint64_t count;
    bool joined; /* it turned out to be the same episode as another one, and that was told */
};

struct testwindows {
    const struct ruleset *rs;
    struct event *ev; /* borrowed */
    struct state_memory *state;
    uint32_t rule;      /* that is judged */
    struct vec alerts;  /* struct test_alert, by first telling */
    struct arena texts; /* of alerts */
};

/* Whether deliveries may evaluate the rule, or only `scan`, which has read everything. */
bool testwindows_durable(const struct ruleset *rs, uint32_t rule);
/* Whether ARRIVE_PARTS gives the rule its records in reverse. */
bool testwindows_reverses(const struct ruleset *rs, uint32_t rule);

/* All borrowed, ev for reading. Release it in either case. */
TW_MUST_USE bool testwindows_init(struct testwindows *t, const struct ruleset *rs, struct event *ev,
                                  struct err *e);
void testwindows_release(struct testwindows *t);

/* Runs a case's records with empty state; t->alerts is what `rule` told, those that joined others
 * too. ERR_INPUT for a record that cannot be read, ERR_LIMIT when the case has too many keys. */
TW_MUST_USE bool testwindows_run(struct testwindows *t, const struct testcase *c, uint32_t rule,
                                 enum test_arrival arrival, struct err *e);

/* How many episodes they are: alerts that joined no other. */
size_t testwindows_told(const struct testwindows *t);
/* Whether one of the alerts has this key: all fields of group-by, and no other value. */
bool testwindows_has_key(const struct testwindows *t, const struct testcase *c);

#endif
