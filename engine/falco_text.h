/* What Falco does to conditions as text, before they are parsed: exceptions are pasted in, and the
 * names of lists are replaced by their items. */
#ifndef TW_ENGINE_FALCO_TEXT_H
#define TW_ENGINE_FALCO_TEXT_H

#include "base/buf.h"
#include "engine/falco_read.h"

#define FALCO_CONDITION_MAX                                                                        \
    (1u << 20) /* of a condition with its lists; the largest public has 8 KB */

/* The items of a list once the names of other lists among them are replaced, one level deep. */
struct falco_items {
    struct str name;
    const struct str *items;
    size_t n;
    bool used;
};

/* Resolves list number i of lists; marks in *all those that it names. */
TW_MUST_USE bool falco_resolve_list(const struct falco_list *lists, size_t n, size_t i,
                                    struct arena *a, struct falco_items *all, struct err *e);

/* Appends `text` with every list's name replaced by its items, list after list, in their order: a
 * name counts wherever it stands between blanks, parentheses, commas, equal signs or the ends, also
 * inside quotes. Marks the lists used. */
TW_MUST_USE bool falco_put_lists(struct buf *out, struct str text, struct falco_items *lists,
                                 size_t n, struct err *e);

/* Appends the rule's condition and its exceptions: "(condition) and not (...)". On failure *line is
 * the exception's. */
TW_MUST_USE bool falco_put_condition(struct buf *out, const struct falco_rule *rule, unsigned *line,
                                     struct err *e);

/* Fills in `=` or `in` where comps is missing; refuses operators and shapes that do not fit. */
TW_MUST_USE bool falco_complete_exception(struct arena *a, struct falco_exception *x,
                                          struct err *e);

#endif
