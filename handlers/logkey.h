/* What the key of a log object says of where its calls were made. */
#ifndef TW_HANDLERS_LOGKEY_H
#define TW_HANDLERS_LOGKEY_H

#include <stdbool.h>

#include "base/str.h"

#define LOGKEY_ACCOUNT_DIGITS 12
#define LOGKEY_REGION_MAX     32 /* the longest so far, us-gov-west-1 and its like, have 13 bytes */
#define LOGKEY_DAY_BYTES      10

/* Borrowed from the key. */
struct logkey {
    struct str account; /* twelve digits */
    struct str region;  /* "eu-west-1"; letters, digits and dashes, LOGKEY_REGION_MAX at most */
    struct str day;     /* "2026/03/17", or whatever ten bytes stand in its place */
    bool digest;        /* it signs logs and holds none */
};

/* Reads
 *     [prefix/]AWSLogs/[o-exampleorg/]111122223333/CloudTrail/eu-west-1/2026/03/17/...
 * and the same with CloudTrail-Digest (CloudTrail User Guide, "Finding your CloudTrail log files").
 * False when the key is none of these: whoever gathers logs may name them at will. */
bool logkey_read(struct str key, struct logkey *out);

#endif
