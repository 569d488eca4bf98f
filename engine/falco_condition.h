/* Falco's condition language: text in, syntax tree out. Knows no field, list or macro by name.
 * The grammar is that of libsinsp's filter parser (falcosecurity/libs 0.25,
 * userspace/libsinsp/filter), its oddities included: docs/falco.md lists them. */
#ifndef TW_ENGINE_FALCO_CONDITION_H
#define TW_ENGINE_FALCO_CONDITION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#define FALCO_DEPTH_MAX 1000 /* steps of recursion, counted as Falco's rule loader counts them */

enum falco_op {
    FALCO_EXISTS,
    FALCO_EQ,
    FALCO_NE,
    FALCO_LT,
    FALCO_LE,
    FALCO_GT,
    FALCO_GE,
    FALCO_CONTAINS,
    FALCO_ICONTAINS,
    FALCO_BCONTAINS,
    FALCO_STARTSWITH,
    FALCO_BSTARTSWITH,
    FALCO_ENDSWITH,
    FALCO_GLOB,
    FALCO_IGLOB,
    FALCO_REGEX,
    FALCO_IN,
    FALCO_INTERSECTS,
    FALCO_PMATCH
};

/* How a text operator takes a list on its right side. */
enum falco_modifier { FALCO_PLAINLY, FALCO_ONEOF, FALCO_ANYOF, FALCO_ALLOF };

enum falco_operand_kind {
    FALCO_OPERAND_FIELD, /* name[arg] */
    FALCO_OPERAND_CALL,  /* name(kids...)[arg] */
    FALCO_OPERAND_TEXT,  /* name is the text: a quoted string or a number */
    FALCO_OPERAND_LIST   /* (kids...) inside a call */
};

struct falco_operand {
    enum falco_operand_kind kind;
    struct str name;
    struct str arg; /* absent without brackets */
    const struct falco_operand *kids;
    const struct falco_operand *next;
    size_t at; /* byte of the text where it begins */
};

struct falco_constant {
    struct str text;
    const struct falco_constant *next;
};

enum falco_expr_kind {
    FALCO_AND,
    FALCO_OR,
    FALCO_NOT,   /* one kid */
    FALCO_MACRO, /* name */
    FALCO_CHECK  /* left, op, modifier, and right or constants */
};

struct falco_expr {
    enum falco_expr_kind kind;
    const struct falco_expr *kids;
    const struct falco_expr *next;
    struct str name;
    const struct falco_operand *left;
    enum falco_op op;
    enum falco_modifier modifier;
    const struct falco_operand *right; /* val(...) or another call; NULL: constants */
    const struct falco_constant *constants;
    size_t at;
};

/* Parses a whole condition. Everything, the tree and its strings, lies in a or in text.
 * ERR_INPUT: a sentence with the byte where it was noticed; ERR_LIMIT: a is full. */
TW_MUST_USE bool falco_parse_condition(struct str text, struct arena *a,
                                       const struct falco_expr **out, struct err *e);

/* Parses a field or a call at the beginning of text; *used bytes belong to it. */
TW_MUST_USE bool falco_parse_operand(struct str text, struct arena *a,
                                     const struct falco_operand **out, size_t *used, struct err *e);

/* The operator of an exception's `comps` entry: one operator, or a text operator, blanks and a
 * modifier. *takes_list: its right side is a list in parentheses. */
bool falco_operator_parse(struct str text, enum falco_op *op, enum falco_modifier *modifier,
                          bool *takes_list);
const char *falco_op_name(enum falco_op op);

/* What a name must look like: macros [a-zA-Z][a-zA-Z0-9_]*, lists [^()"'\s=,]+. */
bool falco_is_macro_name(struct str name);
bool falco_is_list_name(struct str name);

#endif
