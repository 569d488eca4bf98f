/* Addresses of tests. */
#include "cli/testgeo.h"

#include "cli/testrecord.h"

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_LIMIT, "no memory for tests");
}

static bool read_number(const struct yaml *y, uint32_t *out, struct err *e)
{
    unsigned long long v;
    if (!y)
        return true;
    if (!str_u64(yaml_text(y), &v) || v == 0 || v > UINT32_MAX)
        return testrecord_wrong(e, y->line, "asn is no number from 1 to 4294967295, but",
                                yaml_text(y));
    *out = (uint32_t)v;
    return true;
}

/* {country: FR, asn: 64500, as_org: Example} */
static bool read_fields(const struct yaml *y, struct arena *a, struct geo *out, struct err *e)
{
    for (size_t i = 0; i < y->n; i++) {
        struct str key = y->pairs[i].key->text;
        if (!str_eqz(key, "country") && !str_eqz(key, "asn") && !str_eqz(key, "as_org"))
            return testrecord_wrong(e, y->pairs[i].key->line, "unknown key", key);
    }
    out->country = arena_str(a, yaml_text(yaml_get(y, "country")));
    out->as_org = arena_str(a, yaml_text(yaml_get(y, "as_org")));
    return read_number(yaml_get(y, "asn"), &out->asn, e);
}

bool testgeo_read(const struct yaml *y, struct arena *a, struct testgeo *out, struct err *e)
{
    if (y->kind != YAML_MAP)
        return testrecord_wrong(e, y->line, "geo must be a map of addresses", S(""));
    struct testgeo_place *places = arena_array(a, y->n, sizeof *places);
    if (!places)
        return no_memory(e);
    for (size_t i = 0; i < y->n; i++) {
        const struct yaml *said = y->pairs[i].value;
        places[i].address = arena_str(a, y->pairs[i].key->text);
        if (said->kind == YAML_SCALAR)
            places[i].where.country = arena_str(a, said->text);
        else if (said->kind != YAML_MAP)
            return testrecord_wrong(e, said->line, "an address has a country, or a map", S(""));
        else if (!read_fields(said, a, &places[i].where, e))
            return false;
    }
    *out = (struct testgeo){places, y->n};
    return true;
}

/* port_geo.find */
static void find(void *self, struct str address, struct geo *out)
{
    const struct testgeo *g = self;
    for (size_t i = 0; i < g->n; i++)
        if (str_eq(g->places[i].address, address))
            *out = g->places[i].where;
}

struct port_geo testgeo_port(const struct testgeo *g)
{
    return (struct port_geo){(void *)(uintptr_t)g, find};
}
