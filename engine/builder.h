/* Making a ruleset: the front ends of the dialects put their parts in, equal parts become one. */
#ifndef TW_ENGINE_BUILDER_H
#define TW_ENGINE_BUILDER_H

#include "base/err.h"
#include "engine/ruleset.h"

struct builder;

/* NULL when memory is out. Failures inside (a table over its maximum, memory) are remembered: every
 * call then gives 0 or does nothing, and builder_freeze says what happened. */
struct builder *builder_new(void);
void builder_free(struct builder *b);

struct rs_text builder_text(struct builder *b, struct str s); /* copied; equal texts are one */
struct rs_list builder_texts(struct builder *b, const struct str *list, size_t n);
struct rs_list builder_numbers(struct builder *b, const uint32_t *list, size_t n);

/* Steps of a path; a longer one fails the builder, so refuse it before. */
#define FIELD_STEPS_MAX 64

/* Slot of a Sigma path ("a.b.c"; `\.` is not special: keys with dots are found anyway), or of a
 * field of engine/geo.h. */
uint32_t builder_slot_fan(struct builder *b, struct str path);
/* Slot of exact steps; n == 0 is the whole record. */
uint32_t builder_slot_point(struct builder *b, const struct str *steps, size_t n);

uint32_t builder_term(struct builder *b, struct rs_term t);
/* Appends constants, contiguous. Texts inside must come from builder_text of the same builder. */
struct rs_list builder_values(struct builder *b, const struct rs_value *list, size_t n);
/* p.values must be what builder_values gave; an equal test that is there already is used instead.
 */
uint32_t builder_pred(struct builder *b, struct rs_pred p);

/* Compiles the pattern (PCRE2; UTF is off: bytes) and gives its number; ERR_INPUT with PCRE2's
 * reason and the offset when it is none. */
TW_MUST_USE bool builder_regex(struct builder *b, struct str pattern, uint32_t options,
                               uint32_t *number, struct err *e);

uint32_t builder_node_const(struct builder *b, bool value);
uint32_t builder_node_pred(struct builder *b, uint32_t pred);
uint32_t builder_node_not(struct builder *b, uint32_t node);
/* n == 0: AND is true, OR is false. n == 1: the kid itself. */
uint32_t builder_node_and(struct builder *b, const uint32_t *kids, size_t n);
uint32_t builder_node_or(struct builder *b, const uint32_t *kids, size_t n);

struct rs_list builder_outputs(struct builder *b, const struct rs_output *list, size_t n);

/* Adds a finished rule; rules keep this order. Returns its number. */
uint32_t builder_rule(struct builder *b, const struct rs_rule *r);

/* Adds a window (a correlation) or an input of one; returns its number. Windows of their own for
 * the rules that are told (WINDOW_TYPE_SINGLE), and all `feeds`, are made when freezing. */
uint32_t builder_window(struct builder *b, const struct rs_window *w);
uint32_t builder_input(struct builder *b, const struct rs_input *in);
/* A rule that was added, to be changed before freezing; NULL when the builder has failed. */
struct rs_rule *builder_rule_at(struct builder *b, uint32_t rule);

/* The hash that the frozen rules carry. */
void builder_hash(struct builder *b, const unsigned char hash[SHA256_BYTES]);

/* Freezes what is in it; the builder is empty afterwards and may only be freed. */
TW_MUST_USE bool builder_freeze(struct builder *b, struct ruleset **out, struct err *e);

#endif
