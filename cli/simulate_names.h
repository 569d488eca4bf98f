/* The ids of a simulation: "${AKIA:alice}" in a scenario's text is an access key id, the same for
 * the same seed and label, unlike for every other. */
#ifndef TW_CLI_SIMULATE_NAMES_H
#define TW_CLI_SIMULATE_NAMES_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/* Accounts of AWS's own examples: nobody's. */
#define SIMULATE_ACCOUNT  "111122223333"
#define SIMULATE_STRANGER "777788889999"

/* A generator of numbers: splitmix64 (Steele, Lea and Flood, 2014). */
struct dice {
    uint64_t state;
};
uint64_t dice_next(struct dice *d);
/* A number below n (not 0). */
uint64_t dice_below(struct dice *d, uint64_t n);

/* What texts are filled in with. */
struct simulate_names {
    uint64_t seed;
    int64_t time_ms; /* of the event */
    uint64_t n;      /* which of the repeats of its step, from 0 */
};

/* Appends text with each ${...} replaced:
 *   ${account} ${stranger}      twelve digits: the account, and one that is not the owner's
 *   ${time} ${prose} ${n}       of the event: 2026-01-15T09:30:00Z; Jan 15, 2026, 9:30:00 AM; 0
 *   ${AKIA:x} ${ASIA:x}         access key ids of 20 characters that end as AWS's examples do
 *   ${AIDA:x} ${AROA:x} ${AIPA:x}  unique ids of IAM
 *   ${i:x}, and eni sg snap subnet vol vpc ami r sgr  ids of EC2: i-0 and 16 hexadecimal digits
 *   ${uuid:x} ${hex:x}          a UUID; 8 hexadecimal digits
 *   ${ip:x} ${office:x}         an address of 198.51.100.0/24, of 203.0.113.0/24 (RFC 5737)
 * A label that ends in # names another thing for each repeat of its step. ERR_INPUT names what is
 * none of these. What is put in needs no escape in JSON. */
TW_MUST_USE bool names_put(struct buf *out, const struct simulate_names *names, struct str text,
                           struct err *e);

#endif
