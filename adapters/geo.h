/* Where addresses are, out of MaxMind DB files (format 2.0, by libmaxminddb): of GeoLite2, GeoIP2,
 * ip-location-db and IPinfo, which name their fields differently.
 *
 *     country   country.iso_code (MaxMind), country_code (ip-location-db, IPinfo Lite), country
 *     number    autonomous_system_number (MaxMind, ip-location-db), asn ("AS64500", IPinfo)
 *     name      autonomous_system_organization, as_name (IPinfo)
 *
 * A file is mapped, not read. It may be replaced by renaming another over it; writing into it while
 * it is mapped is a fault of whoever writes. */
#ifndef TW_ADAPTERS_GEO_H
#define TW_ADAPTERS_GEO_H

#include "base/err.h"
#include "engine/geo.h"

struct geo_files;

/* Opens the file that knows countries and the one that knows autonomous systems; either may be
 * NULL, and both may be the same: what the first does not say, the second is asked. ERR_USAGE names
 * the file that is not there or is none of the format. */
TW_MUST_USE bool geo_open(const char *countries, const char *systems, struct geo_files **out,
                          struct err *e);
void geo_close(struct geo_files *g);

/* Texts lie in the mapped files. Nothing is known of a private address, of what is no address, and
 * of what a file does not tell in the form above. Without files its find is NULL. */
struct port_geo geo_port(struct geo_files *g);

#endif
