/* Falco rule files to rules: lists, macros, exceptions, append and override across files. */
#ifndef TW_ENGINE_FALCO_H
#define TW_ENGINE_FALCO_H

#include "engine/builder.h"
#include "engine/diag.h"
#include "engine/yaml.h"

struct falco;

struct falco *falco_new(struct builder *b, struct diags *diags);
void falco_free(struct falco *f);

/* Takes the documents of one file. A file with an error is refused whole, as in Falco: what stood
 * before it stays. The nodes must live until falco_finish. */
TW_MUST_USE bool falco_add(struct falco *f, struct str file, const struct yaml **docs, size_t n,
                           struct err *e);
/* Compiles the enabled rules in their order and hands them to the builder. */
TW_MUST_USE bool falco_finish(struct falco *f, struct err *e);

#endif
