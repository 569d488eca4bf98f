/* Names of the fields that no record holds. */
#include "engine/geo.h"

bool geo_is_ours(struct str path)
{
    struct str rest = path;
    return str_eqz(str_cut(&rest, '.'), "trailwarden");
}

enum geo_field geo_field_of(struct str path)
{
    static const char *const paths[GEO_FIELDS] = {
        [GEO_COUNTRY] = "trailwarden.country",
        [GEO_ASN] = "trailwarden.asn",
        [GEO_AS_ORG] = "trailwarden.as_org",
    };
    size_t f = 0;
    while (f < GEO_FIELDS && !str_eqz(path, paths[f]))
        f++;
    return (enum geo_field)f;
}
