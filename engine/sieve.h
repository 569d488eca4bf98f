/* Tells of a record that is a line of values (struct event_columns) whether any rule could hold for
 * it, without reading it into an event: most flows of a log are ordinary, and telling that is all
 * that is done with them.
 *
 * Of each column only the class is found that its value falls into: between which of the numbers
 * that rules compare it with, which of the texts, in which of the networks. Values of a class get
 * the same answers from all tests of their column, so what can be said of one line holds for all
 * lines of its classes, and is worked out once. Tests that no class can tell (wildcards, regular
 * expressions, fields of ours) may hold or not: the sieve keeps a line rather than lose it, and
 * never leaves out one that event_match would find a rule for. */
#ifndef TW_ENGINE_SIEVE_H
#define TW_ENGINE_SIEVE_H

#include "engine/ruleset.h"

/* Bytes that must be readable behind a line: numbers are read eight bytes at a time. */
#define SIEVE_SLACK 8

struct sieve_column {
    uint32_t slot; /* RS_NONE: no rule names it */
    bool number;   /* its values are decimal numbers */
};

/* For one thread. */
struct sieve;

/* Over the rules of one source, which are borrowed; without columns it keeps all. NULL when memory
 * is out. */
struct sieve *sieve_new(const struct ruleset *rs, enum source source);
void sieve_free(struct sieve *s);

/* From now on lines have these columns; costs nothing when they had them before. False when memory
 * is out: then it keeps all. */
bool sieve_set_columns(struct sieve *s, const struct sieve_column *columns, size_t n);

/* Whether a line has to be read: a rule may hold, or one of the wanted numbers is none. Of columns
 * from 0 on, marks[i] is the byte in `text` in front of column i, and the one behind the column
 * before it; in front of a text is UINT32_MAX. */
bool sieve_keeps(struct sieve *s, const char *text, const uint32_t *marks);

#endif
