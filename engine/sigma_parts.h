/* The parts of one Sigma rule on their way from YAML to a program: items, detections, condition.
 * First everything is read and checked, then what the condition uses is made; so a refused rule
 * leaves nothing behind in the builder (but for one whose regular expression PCRE2 refuses). */
#ifndef TW_ENGINE_SIGMA_PARTS_H
#define TW_ENGINE_SIGMA_PARTS_H

#include "engine/builder.h"
#include "engine/config.h"
#include "engine/diag.h"
#include "engine/yaml.h"

/* Values one item may come to after expand, windash and base64offset (5 dashes to the 5th power and
 * the longest placeholder lists seen stay below). */
#define SIGMA_VALUES_MAX 10000
/* Bytes of one value, as written or after encoding. */
#define SIGMA_VALUE_BYTES_MAX 65536
/* Bytes of one condition, and how deep parentheses and `not` may nest in it; the longest public
 * condition has 700 bytes and nests 4 deep. */
#define SIGMA_CONDITION_BYTES_MAX 16384
#define SIGMA_CONDITION_DEPTH_MAX 64
/* Search identifiers of one rule; the largest public rule has 37. With the longest condition it
 * bounds what `1 of them`, said over and over, comes to. */
#define SIGMA_SEARCHES_MAX 256

/* For "%.*s": bytes of a rule shown in a sentence, at most SIGMA_SHOWN_MAX of them. */
#define SIGMA_SHOWN_MAX 80
#define SHOWN(s)        (int)((s).n > SIGMA_SHOWN_MAX ? SIGMA_SHOWN_MAX : (s).n), (s).p

/* Whose rule is being read, and with what. */
struct sigma_scope {
    struct arena *a; /* all parts lie here */
    struct builder *b;
    const struct rule_config *cfg; /* may be NULL */
    struct diags *diags;
    struct str file;
    struct str rule;
    enum source source; /* of a rule, once its logsource is read */
    unsigned line;      /* where what failed last stands */
};

/* Notes the line and passes `failed` on: `return sigma_at(sc, line, err_set(...));` */
bool sigma_at(struct sigma_scope *sc, unsigned line, bool failed);
/* Fails with ERR_SYSTEM: memory is out. It ends the loading; every other failure refuses one rule.
 */
bool sigma_no_memory(struct err *e);
/* Refuses a field that builder_slot_fan would not take, and one under trailwarden. that there is
 * not (engine/geo.h). */
TW_MUST_USE bool sigma_field_check(struct sigma_scope *sc, unsigned line, struct str field,
                                   struct err *e);

/* ---- one value ---- */

enum sigma_val_kind {
    VAL_NULL = 1,
    VAL_BOOL = 2,
    VAL_NUMBER = 4,
    VAL_TEXT = 8,
    VAL_REGEX = 16,
    VAL_CIDR = 32,
    VAL_FIELD = 64
};

struct sigma_val {
    enum sigma_val_kind kind;
    struct str raw;  /* as in the file; of REGEX, CIDR and FIELD that is what counts */
    struct str text; /* of TEXT: a pattern (engine/pattern.h) */
    double number;   /* of NUMBER */
    bool yes;        /* of BOOL */
    unsigned group;  /* which value of the file it came from: `all` asks for one of each group */
    unsigned line;
};

/* ---- one item: `field|modifier|modifier: values` ---- */

struct sigma_item {
    struct str key;   /* as written */
    struct str field; /* empty: keywords, the whole record is searched */
    unsigned line;
    struct sigma_val *values;
    size_t n;
    size_t groups;     /* values as the file has them */
    uint16_t part;     /* enum sigma_part */
    uint16_t compares; /* enum sigma_value of lt, lte, gt, gte; 0 is none */
    uint32_t regex_options;
    bool from_start; /* of a regex or fieldref: startswith was asked, */
    bool to_end;     /* endswith, */
    bool inside;     /* contains */
    bool exists;
    bool all;
    bool neq;
    bool cased;
    bool changed;    /* a modifier has changed the texts already */
    bool by_offsets; /* base64offset was asked */
    bool has_contains;
};

/* Reads and checks one item. A scalar or a sequence of scalars is its values. */
TW_MUST_USE bool sigma_item_parse(struct sigma_scope *sc, const struct yaml *key,
                                  const struct yaml *value, struct sigma_item **out, struct err *e);
/* The same for keywords without modifiers: the n scalars of a list. */
TW_MUST_USE bool sigma_keywords_parse(struct sigma_scope *sc, const struct yaml **values, size_t n,
                                      unsigned line, struct sigma_item **out, struct err *e);
/* Makes the item's tests and gives the node that joins them. */
TW_MUST_USE bool sigma_item_emit(struct sigma_scope *sc, const struct sigma_item *it,
                                 uint32_t *node, struct err *e);

/* Applies one modifier to the item; refuses what it does not know and what does not go together. */
TW_MUST_USE bool sigma_modify(struct sigma_scope *sc, struct sigma_item *it, struct str modifier,
                              struct err *e);

/* ---- a detection: a map of items, or a list of maps and keywords ---- */

enum sigma_det_kind { DET_ITEM, DET_AND, DET_OR };

struct sigma_det {
    enum sigma_det_kind kind;
    const struct sigma_item *item;
    const struct sigma_det **kids;
    size_t n;
};

TW_MUST_USE bool sigma_det_parse(struct sigma_scope *sc, const struct yaml *y,
                                 const struct sigma_det **out, struct err *e);
TW_MUST_USE bool sigma_det_emit(struct sigma_scope *sc, const struct sigma_det *d, uint32_t *node,
                                struct err *e);

/* A search identifier and what it stands for. */
struct sigma_search {
    struct str name;
    unsigned line;
    const struct sigma_det *det;
    bool used;    /* by the condition */
    bool emitted; /* node is valid */
    uint32_t node;
};

/* ---- the condition ---- */

enum sigma_cond_op { COND_SEARCH, COND_NOT, COND_AND, COND_OR };

/* A tree; kids are linked by next. */
struct sigma_cond {
    enum sigma_cond_op op;
    size_t search; /* of COND_SEARCH: which */
    struct sigma_cond *kids, *next;
    size_t n_kids;
};

/* Reads a condition, or a list of them (any of which may hold), and marks the searches it uses:
 *   or    := and { "or" and }            and := not { "and" not }
 *   not   := "not" not | atom            atom := "(" or ")" | quantifier "of" pattern | identifier
 *   quantifier := "1" | "any" | "all"    pattern := "them" | identifier with `*` anywhere
 * (Sigma specification, "Condition".) Keywords in any case. Searches whose names begin with _ are
 * not among `them`, nor under a pattern that does not begin with _. */
TW_MUST_USE bool sigma_cond_parse(struct sigma_scope *sc, const struct yaml *y,
                                  struct sigma_search *searches, size_t n,
                                  const struct sigma_cond **out, struct err *e);
TW_MUST_USE bool sigma_cond_emit(struct sigma_scope *sc, const struct sigma_cond *c,
                                 struct sigma_search *searches, uint32_t *node, struct err *e);
/* Whether `not` stands anywhere in it. */
bool sigma_cond_negates(const struct sigma_cond *c);

/* The search identifiers and the condition of a `detection:` or `filter:` map. */
struct sigma_logic {
    struct sigma_search *searches;
    size_t n;
    const struct sigma_cond *condition;
};

/* `skip` names a key that is neither search nor condition (`rules` of a filter), or is NULL. */
TW_MUST_USE bool sigma_logic_parse(struct sigma_scope *sc, const struct yaml *y, const char *skip,
                                   struct sigma_logic *out, struct err *e);
TW_MUST_USE bool sigma_logic_emit(struct sigma_scope *sc, struct sigma_logic *l, uint32_t *node,
                                  struct err *e);

/* ---- helpers of the modifiers ---- */

/* ERR_INPUT with reason and position when the pattern goes beyond what Sigma allows and a
 * linear-time engine (RE2) understands: no lookaround, no back references, no possessive or atomic
 * groups, no recursion, no verbs. */
TW_MUST_USE bool sigma_regex_check(struct str pattern, struct err *e);

/* Appends what base64 shows of bytes that begin `offset` (0..2) bytes after a group of three, less
 * the characters that the unknown neighbours share. */
void sigma_put_base64_offset(struct buf *b, struct str bytes, unsigned offset);
/* Appends UTF-8 text as UTF-16 (bytes that are no UTF-8 as U+FFFD). */
void sigma_put_utf16(struct buf *b, struct str text, bool big_endian);

/* A letter, a digit, an underscore, or a byte that is no ASCII. */
static inline bool sigma_is_word_byte(char c)
{
    return byte_is_alpha(c) || byte_is_digit(c) || c == '_' || (c & 0x80);
}

/* Appends (struct sigma_val) what a value stands for. */
typedef bool sigma_forms_fn(struct sigma_scope *sc, const struct sigma_item *it,
                            const struct sigma_val *v, struct vec *out, struct err *e);
/* Replaces each value by its forms. They keep its group. */
TW_MUST_USE bool sigma_to_forms(struct sigma_scope *sc, struct sigma_item *it,
                                sigma_forms_fn *forms, struct err *e);
/* Puts the pattern (engine/pattern.h) beside what out has, as another form of v. */
TW_MUST_USE bool sigma_add_form(struct sigma_scope *sc, struct vec *out, const struct sigma_val *v,
                                struct buf *pattern, struct err *e);

/* ---- `expand` (sigma_expand.c) ---- */

/* Each %name% of the values gives way to what the configuration has for it. */
TW_MUST_USE bool sigma_apply_expand(struct sigma_scope *sc, struct sigma_item *it, unsigned arg,
                                    struct err *e);
/* Warns about values of an item without `expand` that are written like a placeholder of the
 * configuration. */
void sigma_warn_unexpanded(struct sigma_scope *sc, const struct sigma_item *it);

#endif
