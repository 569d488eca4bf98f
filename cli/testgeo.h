/* What a test knows of addresses, in place of a file:
 *
 *     geo:
 *       198.51.100.7: DE                                        # its country
 *       203.0.113.9: {country: FR, asn: 64500, as_org: Example}
 *
 * stands beside `base`, for all tests of the file, or in one test, instead of the file's. */
#ifndef TW_CLI_TESTGEO_H
#define TW_CLI_TESTGEO_H

#include "base/arena.h"
#include "base/err.h"
#include "engine/geo.h"
#include "engine/yaml.h"

struct testgeo_place {
    struct str address;
    struct geo where;
};

struct testgeo {
    const struct testgeo_place *places;
    size_t n;
};

/* Reads the map; all lies in a. ERR_INPUT "line N: ..." for anything else than the above. */
TW_MUST_USE bool testgeo_read(const struct yaml *y, struct arena *a, struct testgeo *out,
                              struct err *e);

/* Borrowed; knows the addresses as they are written. */
struct port_geo testgeo_port(const struct testgeo *g);

#endif
