/* Making the table of keys. */
#include "engine/keys.h"

#include <stdlib.h>

static void add_kid(struct key_table *t, uint32_t parent, uint32_t kid)
{
    struct rs_text key = t->rs->steps[kid].key;
    struct key_words w = key_words_of(rs_str(t->rs, key));
    size_t last = ((size_t)1 << t->bits) - 1, at = key_place(t, parent, w);
    while (t->entries[at].kid != RS_NONE)
        at = (at + 1) & last;
    t->entries[at] = (struct key_entry){w, parent, kid, key};
}

bool key_table_init(struct key_table *t, const struct ruleset *rs, struct err *e)
{
    *t = (struct key_table){.rs = rs, .bits = 4};
    while ((size_t)1 << t->bits < 2 * (size_t)rs->n_steps)
        t->bits++;
    size_t n = (size_t)1 << t->bits;
    t->entries = calloc(n, sizeof *t->entries);
    if (!t->entries)
        return err_set(e, ERR_SYSTEM, "no memory for the keys that rules name");
    for (size_t i = 0; i < n; i++)
        t->entries[i].kid = RS_NONE;
    for (uint32_t s = 0; s < rs->n_steps; s++)
        for (uint32_t k = 0; k < rs->steps[s].kids.n; k++)
            add_kid(t, s, rs->steps[s].kids.first + k);
    return true;
}

void key_table_release(struct key_table *t)
{
    free(t->entries);
    t->entries = NULL;
}
