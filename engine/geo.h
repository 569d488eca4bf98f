/* Where the caller's address is: fields that rules name like any other and that no record holds.
 *
 *     trailwarden.country   ISO 3166-1 alpha-2, in upper case: "DE"
 *     trailwarden.asn       number of the autonomous system that the address belongs to: 64500
 *     trailwarden.as_org    who runs it: "Example Networks"
 *
 * They are made from sourceIPAddress by whoever reads the event (struct port_geo). What a log has
 * under these names is not looked at: a record cannot claim a country. */
#ifndef TW_ENGINE_GEO_H
#define TW_ENGINE_GEO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum geo_field { GEO_COUNTRY, GEO_ASN, GEO_AS_ORG, GEO_FIELDS };

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

/* Everything under this name is ours. */
bool geo_is_ours(struct str path);
/* Which of the fields the path of a rule names; GEO_FIELDS: none. */
enum geo_field geo_field_of(struct str path);

#endif
