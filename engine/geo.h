/* Where the caller's address is, as far as whoever reads the event can find out (struct port_geo).
 */
#ifndef TW_ENGINE_GEO_H
#define TW_ENGINE_GEO_H

#include <stdint.h>

#include "base/str.h"

/* Longest text of an address: an IPv6 one that ends in an IPv4 one (INET6_ADDRSTRLEN, no NUL). */
#define GEO_ADDRESS_MAX 45

/* What is known of an address. Texts are absent and the number is 0 when it is not known: without a
 * file, of a private address, of an AWS service's name. */
struct geo {
    struct str country;
    uint32_t asn;
    struct str as_org;
};

/* Looks addresses up. Safe to call from several threads. */
struct port_geo {
    void *self;
    /* *out has been emptied. Texts are borrowed from the port, for as long as it lives. The address
     * is the log's: anything may stand in it. NULL: nothing is known of any address. */
    void (*find)(void *self, struct str address, struct geo *out);
};

#endif
