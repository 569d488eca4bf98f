/* Items of a Falco rule file, as read from YAML and before they are put together. The shapes and
 * the errors are those of Falco's reader (falcosecurity/falco, rule engine 0.63.0). */
#ifndef TW_ENGINE_FALCO_READ_H
#define TW_ENGINE_FALCO_READ_H

#include <stdint.h>

#include "base/arena.h"
#include "engine/diag.h"
#include "engine/yaml.h"

/* What required_engine_version may ask for, and required_plugin_versions of which plugin. */
#define FALCO_ENGINE_VERSION "0.63.0"

/* Falco's priorities in its order: 0 is Emergency. */
enum { FALCO_PRIORITY_DEBUG = 7 };
const char *falco_priority_name(unsigned priority);

/* What defines something, for messages. */
struct falco_place {
    struct str file;
    unsigned line;
};

struct falco_list {
    struct str name;
    struct falco_place at;
    uint32_t index;      /* of its first definition, over lists and macros */
    uint32_t visibility; /* of its last definition or append: it sees what has a lower index */
    const struct str *items;
    size_t n;
};

struct falco_macro {
    struct str name;
    struct falco_place at;
    uint32_t index, visibility; /* as above */
    struct str condition;
};

/* A field, operator or value of an exception, or a list of them. */
struct falco_entry {
    bool list;
    struct str text;
    const struct falco_entry *items;
    size_t n;
};

struct falco_exception {
    struct str name;
    unsigned line;
    struct falco_entry fields, comps; /* neither a list nor a text: not given */
    const struct falco_entry *values;
    size_t n;
};

/* Keys of a rule that can be appended to or replaced. */
enum falco_key {
    FALCO_KEY_CONDITION = 1 << 0,
    FALCO_KEY_OUTPUT = 1 << 1,
    FALCO_KEY_DESC = 1 << 2,
    FALCO_KEY_TAGS = 1 << 3,
    FALCO_KEY_EXCEPTIONS = 1 << 4, /* those up to here can be appended to */
    FALCO_KEY_PRIORITY = 1 << 5,
    FALCO_KEY_ENABLED = 1 << 6,
    FALCO_KEY_CAPTURE = 1 << 7,
    FALCO_KEY_CAPTURE_DURATION = 1 << 8,
    FALCO_KEY_WARN_EVTTYPES = 1 << 9,
    FALCO_KEY_SKIP = 1 << 10
};

struct falco_rule {
    struct str name;
    struct falco_place at;
    unsigned condition_line, output_line;
    struct str condition, output, desc;
    struct str source; /* "": as before */
    unsigned priority;
    bool enabled;
    bool skip_unknown;   /* skip-if-unknown-filter */
    bool unknown_source; /* dropped: never compiled */
    const struct str *tags;
    size_t n_tags;
    const struct falco_exception *exceptions;
    size_t n_exceptions;
};

enum falco_item_kind {
    FALCO_ITEM_NONE, /* a version that is met, or something unknown */
    FALCO_ITEM_LIST,
    FALCO_ITEM_MACRO,
    FALCO_ITEM_RULE,   /* a full definition */
    FALCO_ITEM_UPDATE, /* rule: the keys named in append and replace */
    FALCO_ITEM_TOGGLE  /* rule: only its enabled */
};

struct falco_item {
    enum falco_item_kind kind;
    bool append; /* of a list or macro */
    struct falco_list list;
    struct falco_macro macro;
    struct falco_rule rule;
    unsigned appended, replaced; /* enum falco_key */
};

/* Where the reader stands; on failure, where the fault is. */
struct falco_reader {
    struct arena *a; /* of what is made; texts of the YAML tree are borrowed */
    struct diags *diags;
    struct str file;
    struct str item; /* name of the list, macro or rule; absent before it is known */
    unsigned line;
    struct err *e;
};

TW_MUST_USE bool falco_read(struct falco_reader *r, const struct yaml *y, struct falco_item *out);

/* Writes the sentence and the line; returns false. */
bool falco_refuse(struct falco_reader *r, unsigned line, const char *fmt, ...) TW_PRINTF(3, 4);
void falco_warn(struct falco_reader *r, unsigned line, const char *fmt, ...) TW_PRINTF(3, 4);

#endif
