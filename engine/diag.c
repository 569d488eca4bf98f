/* The list of what loading rules has to say. */
#include "engine/diag.h"

#include <stdarg.h>
#include <stdio.h>

#define DIAG_TEXT_MAX (16u << 20) /* DIAGS_MAX sentences of ERR_TEXT_MAX and their names */

void diags_init(struct diags *d)
{
    arena_init(&d->text, DIAG_TEXT_MAX);
    vec_init(&d->list, sizeof(struct diag), DIAGS_MAX);
    d->lost = 0;
}

void diags_release(struct diags *d)
{
    arena_release(&d->text);
    vec_release(&d->list);
}

void diag_add(struct diags *d, enum diag_kind kind, struct str file, unsigned line, struct str rule,
              const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    struct diag *g = vec_push(&d->list, 1);
    if (!g) {
        d->lost++;
        return;
    }
    g->kind = kind;
    g->line = line;
    g->file = arena_str(&d->text, file);
    g->rule = arena_str(&d->text, rule);
    g->text = arena_str(&d->text, str_of(text));
}

size_t diags_count(const struct diags *d, enum diag_kind kind)
{
    size_t n = 0;
    for (size_t i = 0; i < d->list.n; i++)
        n += ((const struct diag *)vec_at(&d->list, i))->kind == kind;
    return n;
}
