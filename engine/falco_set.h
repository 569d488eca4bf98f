/* Everything that Falco files have defined so far: lists, macros and rules, in their order. */
#ifndef TW_ENGINE_FALCO_SET_H
#define TW_ENGINE_FALCO_SET_H

#include "base/vec.h"
#include "engine/builder.h"
#include "engine/falco_read.h"

#define FALCO_MEMORY_MAX (256u << 20) /* what is made while loading; 4 public files take 2 MB */
#define FALCO_ITEMS_MAX  100000       /* lists, macros or rules */

struct falco_set {
    struct vec lists;  /* struct falco_list */
    struct vec macros; /* struct falco_macro */
    struct vec rules;  /* struct falco_rule; redefined ones keep their place */
    uint32_t next;     /* index of the next list or macro */
};

void falco_set_init(struct falco_set *s);
void falco_set_release(struct falco_set *s);
/* to need not be initialized, and holds nothing when this fails. */
TW_MUST_USE bool falco_set_copy(struct falco_set *to, const struct falco_set *from, struct err *e);

/* By name; NULL when there is none. Borrowed until the next definition. */
struct falco_list *falco_set_list(const struct falco_set *s, struct str name);
struct falco_macro *falco_set_macro(const struct falco_set *s, struct str name);
struct falco_rule *falco_set_rule(const struct falco_set *s, struct str name);

/* What becomes of a source's rules: compiled, and *out is ours; skipped, for no log has its events;
 * dropped. */
enum falco_source { FALCO_SOURCE_READ, FALCO_SOURCE_NEVER, FALCO_SOURCE_UNKNOWN };
enum falco_source falco_source(struct str name, enum source *out);

/* Compiles the set into b and adds its enabled rules. trial: what is odd is told to diags;
 * otherwise that was told before, and only what no rule uses is. On failure *at and *item say
 * where. */
TW_MUST_USE bool falco_run(const struct falco_set *set, struct builder *b, bool trial,
                           struct diags *diags, struct falco_place *at, struct str *item,
                           struct err *e);

#endif
