/* What loading rules has to say: refusals and warnings with file, line, rule and reason. */
#ifndef TW_ENGINE_DIAG_H
#define TW_ENGINE_DIAG_H

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"

enum diag_kind {
    DIAG_REFUSED, /* a rule or a file is not loaded */
    DIAG_WARNING, /* it is loaded, but its author should look */
    DIAG_SKIPPED  /* it is of a kind or source not read here: not loaded, and no fault of its own */
};

/* file is as given to the loader; line from 1, 0 when the whole file is meant; rule is its id, else
 * its title or name, absent when none is known. All borrowed from the diags' arena. */
struct diag {
    enum diag_kind kind;
    struct str file;
    unsigned line;
    struct str rule;
    struct str text; /* a sentence without its full stop */
};

#define DIAGS_MAX 10000 /* one a rule for ten times the largest public rule set */

struct diags {
    struct arena text;
    struct vec list; /* of struct diag, in the order of their making */
    size_t lost;     /* made beyond DIAGS_MAX */
};

void diags_init(struct diags *d);
void diags_release(struct diags *d);

/* Copies all its strings. */
void diag_add(struct diags *d, enum diag_kind kind, struct str file, unsigned line, struct str rule,
              const char *fmt, ...) TW_PRINTF(6, 7);

size_t diags_count(const struct diags *d, enum diag_kind kind);

#endif
