/* Syntax trees to tests and boolean programs: here fields, types and macros get their meaning. */
#ifndef TW_ENGINE_FALCO_COMPILE_H
#define TW_ENGINE_FALCO_COMPILE_H

#include "base/arena.h"
#include "engine/builder.h"
#include "engine/falco_condition.h"

/* Tests of one rule after its macros are put in: the largest public rule has about 300. A macro
 * that doubles a macro that doubles ... ends here. */
#define FALCO_PROGRAM_MAX 100000

struct falco_program {
    uint32_t node;
    size_t size;    /* tests in it, those of macros counted each time */
    unsigned depth; /* at most NODE_DEPTH_MAX */
};

/* What compiling needs. The two functions get `to`. */
struct falco_compiler {
    struct builder *b;
    struct arena *a;    /* for what only lasts while compiling */
    enum source source; /* of the rule whose condition and output are compiled */
    void *to;
    /* The program of a macro; ERR_INPUT when there is none by that name, or it refers to itself. */
    bool (*macro)(void *to, struct str name, struct falco_program *out, struct err *e);
    void (*warn)(void *to, const char *text);
    bool counts; /* set, with ERR_MISSING, by a field that counts earlier events */
};

/* Errors are sentences; ERR_MISSING means that a field is not known (a rule may ask to be skipped
 * then), ERR_LIMIT that memory or a limit is reached. */
TW_MUST_USE bool falco_compile(struct falco_compiler *c, const struct falco_expr *x,
                               struct falco_program *out, struct err *e);

/* A field or transformer call to a term. *type: rs_term.type. */
TW_MUST_USE bool falco_compile_operand(struct falco_compiler *c, const struct falco_operand *o,
                                       uint32_t *term, uint16_t *type, struct err *e);

/* Whether text is a field or transformer that may stand on the left of a check. */
TW_MUST_USE bool falco_check_operand(struct falco_compiler *c, struct str text, struct err *e);

/* The output line's parts. ERR_MISSING: a % does not begin a known field. */
TW_MUST_USE bool falco_compile_output(struct falco_compiler *c, struct str text,
                                      struct rs_list *out, struct err *e);

#endif
