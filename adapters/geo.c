/* Looking addresses up in mapped files. */
#include "adapters/geo.h"

#include <errno.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "engine/sigma_cidr.h"

#define FILES_MAX 2 /* countries, autonomous systems */

/* Addresses that are not unique on the Internet, or not on it: RFC 1918, 6598, 3927, 1122, 4193,
 * 4291. They are nobody's whereabouts, whatever a file says. */
static const char *const private_networks[] = {
    "10.0.0.0/8",  "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16",
    "127.0.0.0/8", "fc00::/7",      "fe80::/10",      "::1/128",
};
#define PRIVATE (sizeof private_networks / sizeof *private_networks)

struct geo_files {
    MMDB_s db[FILES_MAX];
    size_t n;
    struct cidr private[PRIVATE];
};

/* ---- opening ---- */

static bool open_one(struct geo_files *g, const char *path, struct err *e)
{
    int status = MMDB_open(path, MMDB_MODE_MMAP, &g->db[g->n]);
    if (status == MMDB_SUCCESS) {
        g->n++;
        return true;
    }
    bool system = status == MMDB_FILE_OPEN_ERROR || status == MMDB_IO_ERROR;
    const char *why = system ? strerror(errno) : MMDB_strerror(status);
    return err_set(e, ERR_USAGE, "%.300s is no MaxMind DB file that can be read: %s", path, why);
}

bool geo_open(const char *countries, const char *systems, struct geo_files **out, struct err *e)
{
    struct geo_files *g = calloc(1, sizeof *g);
    *out = g;
    if (!g)
        return err_set(e, ERR_SYSTEM, "no memory for geographic files");
    for (size_t i = 0; i < PRIVATE; i++)
        if (!cidr_parse(str_of(private_networks[i]), &g->private[i], e))
            return false;
    return (!countries || open_one(g, countries, e)) && (!systems || open_one(g, systems, e));
}

void geo_close(struct geo_files *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->n; i++)
        MMDB_close(&g->db[i]);
    free(g);
}

/* ---- fields ---- */

/* The ways to one fact, in the order in which they are tried; NULL ends a way. */
static const char *const country_ways[][3] = {
    {"country", "iso_code"}, {"country_code"}, {"country"}};
static const char *const number_ways[][3] = {{"autonomous_system_number"}, {"asn"}};
static const char *const name_ways[][3] = {{"autonomous_system_organization"}, {"as_name"}};
#define WAYS(list) (list), sizeof(list) / sizeof *(list)

static bool value_at(MMDB_entry_s *entry, const char *const *way, MMDB_entry_data_s *out)
{
    return MMDB_aget_value(entry, out, way) == MMDB_SUCCESS && out->has_data;
}

/* The first way that ends at a text that is not empty. */
static struct str text_at(MMDB_entry_s *entry, const char *const (*ways)[3], size_t n)
{
    MMDB_entry_data_s d;
    for (size_t i = 0; i < n; i++)
        if (value_at(entry, ways[i], &d) && d.type == MMDB_DATA_TYPE_UTF8_STRING && d.data_size)
            return str_n(d.utf8_string, d.data_size);
    return STR_ABSENT;
}

/* 64500, or "AS64500"; 0 for anything else. */
static uint32_t number_of(const MMDB_entry_data_s *d)
{
    unsigned long long v = 0;
    if (d->type == MMDB_DATA_TYPE_UINT32)
        return d->uint32;
    if (d->type == MMDB_DATA_TYPE_UINT16)
        return d->uint16;
    if (d->type != MMDB_DATA_TYPE_UTF8_STRING)
        return 0;
    struct str text = str_n(d->utf8_string, d->data_size);
    text = str_skip(text, str_starts(text, S("AS")) ? 2 : 0);
    return str_u64(text, &v) && v <= UINT32_MAX ? (uint32_t)v : 0;
}

static uint32_t number_at(MMDB_entry_s *entry, const char *const (*ways)[3], size_t n)
{
    MMDB_entry_data_s d;
    uint32_t number = 0;
    for (size_t i = 0; i < n && number == 0; i++)
        if (value_at(entry, ways[i], &d))
            number = number_of(&d);
    return number;
}

/* A country is two letters; IPinfo has names of countries where others have codes. */
static struct str country_at(MMDB_entry_s *entry)
{
    for (size_t i = 0; i < sizeof country_ways / sizeof *country_ways; i++) {
        struct str code = text_at(entry, country_ways + i, 1);
        if (code.n == 2)
            return code;
    }
    return STR_ABSENT;
}

/* What one entry says that is not known yet. */
static void read_entry(MMDB_entry_s *entry, struct geo *out)
{
    if (!str_present(out->country))
        out->country = country_at(entry);
    if (!out->asn)
        out->asn = number_at(entry, WAYS(number_ways));
    if (!str_present(out->as_org))
        out->as_org = text_at(entry, WAYS(name_ways));
}

/* ---- looking up ---- */

static void put_big_endian(unsigned char *to, uint64_t v)
{
    for (int i = 7; i >= 0; i--, v >>= 8)
        to[i] = (unsigned char)v;
}

static void to_socket_address(const struct cidr *a, struct sockaddr_storage *out)
{
    unsigned char bytes[16];
    *out = (struct sockaddr_storage){.ss_family = a->v6 ? AF_INET6 : AF_INET};
    put_big_endian(bytes, a->bits[0]);
    put_big_endian(bytes + 8, a->bits[1]);
    if (a->v6)
        memcpy(&((struct sockaddr_in6 *)out)->sin6_addr, bytes, 16);
    else
        memcpy(&((struct sockaddr_in *)out)->sin_addr, bytes, 4);
}

static bool is_private(const struct geo_files *g, const struct cidr *address)
{
    for (size_t i = 0; i < PRIVATE; i++)
        if (cidr_covers(&g->private[i], address))
            return true;
    return false;
}

/* port_geo.find */
static void find(void *self, struct str address, struct geo *out)
{
    const struct geo_files *g = self;
    struct cidr a;
    struct sockaddr_storage socket_address;
    if (!cidr_address(address, &a) || is_private(g, &a))
        return;
    to_socket_address(&a, &socket_address);
    for (size_t i = 0; i < g->n; i++) {
        int error;
        MMDB_lookup_result_s r =
            MMDB_lookup_sockaddr(&g->db[i], (const struct sockaddr *)&socket_address, &error);
        if (error == MMDB_SUCCESS && r.found_entry)
            read_entry(&r.entry, out);
    }
}

struct port_geo geo_port(struct geo_files *g)
{
    return (struct port_geo){g, g && g->n ? find : NULL};
}
