/* Names of the fields that no record holds. */
#include "engine/own_field.h"

bool own_is(struct str path)
{
    struct str rest = path;
    return str_eqz(str_cut(&rest, '.'), "trailwarden");
}

enum own_field own_field_of(struct str path)
{
    static const char *const paths[OWN_FIELDS] = {
        [OWN_COUNTRY] = "trailwarden.country",     [OWN_ASN] = "trailwarden.asn",
        [OWN_AS_ORG] = "trailwarden.as_org",       [OWN_SUBJECT] = "trailwarden.subject",
        [OWN_NAMESPACE] = "trailwarden.namespace",
    };
    size_t f = 0;
    while (f < OWN_FIELDS && !str_eqz(path, paths[f]))
        f++;
    return (enum own_field)f;
}
