/* For tests: small MaxMind DB files (format 2.0: a binary tree over the bits of addresses, then
 * data, then a map about the file). */
#ifndef TW_TESTS_UNIT_SUPPORT_MMDB_H
#define TW_TESTS_UNIT_SUPPORT_MMDB_H

#include "base/buf.h"

/* What a network's map says. text NULL: it is the number. inner not NULL: {name: {inner: ...}}. */
struct mmdb_field {
    const char *name, *inner, *text;
    unsigned number;
};

#define MMDB_FIELDS 3
struct mmdb_network {
    const char *cidr;
    struct mmdb_field fields[MMDB_FIELDS]; /* those with a name */
};

/* Appends the file: networks of one family, none inside another. */
void mmdb_put(struct buf *out, bool v6, const struct mmdb_network *networks, size_t n);

#endif
