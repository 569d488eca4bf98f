/* Networks and addresses of the cidr modifier (RFC 4632, RFC 4291). */
#ifndef TW_ENGINE_SIGMA_CIDR_H
#define TW_ENGINE_SIGMA_CIDR_H

#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

/* An IPv4 address lies in the upper 32 bits of bits[0]. */
struct cidr {
    uint64_t bits[2];
    unsigned prefix; /* bits that count */
    bool v6;
};

/* Reads address/prefix, or an address alone (all its bits count). ERR_INPUT for anything else and
 * for a network with bits set beyond its prefix. */
TW_MUST_USE bool cidr_parse(struct str s, struct cidr *out, struct err *e);

/* Reads an address alone: all its bits count. False for anything else: CloudTrail's sourceIPAddress
 * may also be a host name or "AWS Internal". */
bool cidr_address(struct str s, struct cidr *out);

/* Whether the address lies inside the network; one of the other family never does. */
bool cidr_covers(const struct cidr *net, const struct cidr *address);

#endif
