/* YAML documents as trees that remember lines and quoting (libyaml underneath). */
#ifndef TW_ENGINE_YAML_H
#define TW_ENGINE_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define YAML_NODES_MAX                                                                             \
    2000000 /* of one file, aliases counted each time: an alias bomb ends here                     \
             */
#define YAML_DEPTH_MAX 64

enum yaml_kind { YAML_SCALAR, YAML_SEQ, YAML_MAP };

struct yaml_pair;

/* A node and all below it lie in the arena given to yaml_parse. */
struct yaml {
    enum yaml_kind kind;
    bool plain;      /* a scalar without quotes and not a block: may be a number, bool or null */
    unsigned line;   /* from 1 */
    unsigned column; /* from 1 */
    struct str text; /* of a scalar: as after YAML's own folding and escapes */
    size_t n;        /* of a sequence or map */
    const struct yaml **items;     /* n, of a sequence */
    const struct yaml_pair *pairs; /* n, of a map, in their order, duplicates kept */
};

struct yaml_pair {
    const struct yaml *key;
    const struct yaml *value;
};

/* Parses all documents of one file. *docs gets n roots; an empty document is a plain, empty scalar.
 * ERR_INPUT with "line L, column C: ..." for what is not YAML, ERR_LIMIT past the limits. */
TW_MUST_USE bool yaml_parse(struct str bytes, struct arena *a, const struct yaml ***docs, size_t *n,
                            struct err *e);

/* First value of a scalar key in a map; NULL when y is no map or has none. */
const struct yaml *yaml_get(const struct yaml *y, const char *key);
/* The text of a scalar, absent for NULL, for other kinds, and for null. */
struct str yaml_text(const struct yaml *y);

/* The YAML 1.2 core schema, for plain scalars; quoted ones are always strings. */
bool yaml_is_null(const struct yaml *y);             /* plain, and empty ~ null Null NULL */
bool yaml_bool(const struct yaml *y, bool *out);     /* plain true/false in three spellings */
bool yaml_number(const struct yaml *y, double *out); /* plain integer (also 0x 0o) or float */

/* Appends the node as JSON, typed by the core schema. False (ERR_INPUT) for a key that is no
 * scalar. */
TW_MUST_USE bool yaml_put_json(struct buf *b, const struct yaml *y, struct err *e);

#endif
