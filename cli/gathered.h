/* Alerts of a run, gathered until all are there, and told in an order of their own. */
#ifndef TW_CLI_GATHERED_H
#define TW_CLI_GATHERED_H

#include "adapters/output.h"
#include "adapters/spool.h"
#include "base/arena.h"
#include "base/vec.h"
#include "respond/alert.h"

/* Alerts of one run: 100 bytes each in memory, their texts in the spool. */
#define GATHERED_MAX      (1u << 22)
#define GATHERED_KEYS_MAX (256u << 20) /* bytes of all their keys */

struct gathered {
    const struct ruleset *rules;
    struct vec list; /* struct gathered_alert, of gathered.c */
    struct arena keys;
    struct spool texts;
};

void gathered_init(struct gathered *g, const struct ruleset *rules);
void gathered_release(struct gathered *g);

/* Takes an alert with its text. */
TW_MUST_USE bool gathered_add(struct gathered *g, const struct alert *a, struct str text,
                              struct err *e);

/* Calls tell with each text and its rule, ordered by (first, rule id, key); of several messages of
 * one alert only the last. False when tell said so. */
typedef bool (*gathered_fn)(void *to, uint32_t rule, struct str text, struct err *e);
TW_MUST_USE bool gathered_tell(struct gathered *g, gathered_fn tell, void *to, struct err *e);

#endif
