/* Correlation documents to windows (engine/ruleset.h), and the window that a detection may ask for
 * itself. What each key means, and each sentence that refuses one: docs/correlations.md. Inner part
 * of engine/sigma.h.
 *
 * Reading comes first and looks at one document only; then references are resolved over all files;
 * then the windows are made, children before parents. */
#ifndef TW_ENGINE_SIGMA_CORRELATION_H
#define TW_ENGINE_SIGMA_CORRELATION_H

#include "engine/sigma_set.h"
#include "engine/window.h"

/* Rules that one correlation names; sets over a whole tactic have about 100. Types whose rules are
 * steps are bound by WINDOW_STEPS_MAX. */
#define SIGMA_REFERENCES_MAX 256
/* Correlations above each other. */
#define SIGMA_DEPTH_MAX 8

/* A rule that is named, as it is written, and once resolved. */
struct sigma_reference {
    struct str text;
    unsigned line;
    struct sigma_entry *doc;
};

/* Fields, as written: paths of events or names of aliases. */
struct sigma_names {
    const struct str *list;
    size_t n;
    unsigned line;
};

struct sigma_correlation {
    struct sigma_meta meta;
    enum window_type type;
    bool generate;        /* the rules it names are told as well */
    bool strict;          /* ties: strict */
    struct str scan_only; /* why only `scan` can evaluate it; absent when that is not so */
    struct sigma_reference *rules;
    size_t n_rules;
    struct sigma_names keys;     /* group-by */
    struct sigma_names values;   /* condition.field, or fields of first_seen */
    const struct yaml *aliases;  /* a map of maps, or NULL */
    const struct sigma_cond *of; /* a condition over names: its searches are the rules' positions */
    uint32_t n;                  /* as rs_window, like the rest */
    uint32_t bounded;
    double bounds[BOUNDS];
    double percentile;
    int64_t timespan_ms, gap_ms, history_ms, learn_ms;

    uint32_t window; /* once made */
    uint32_t depth;
};

/* The word for a type in a file, "event_count". */
const char *sigma_type_name(enum window_type type);

/* Reads one document. ERR_INPUT, with the line in sc, for whatever cannot be honoured. */
TW_MUST_USE bool sigma_correlation_read(struct sigma_scope *sc, const struct yaml *root,
                                        struct sigma_correlation *out, struct err *e);

/* Reads the condition of a correlation whose rules, type and values are in out. */
TW_MUST_USE bool sigma_correlation_condition(struct sigma_scope *sc, const struct yaml *y,
                                             struct sigma_correlation *out, struct err *e);

/* One correlation on its way to the builder. */
struct sigma_link {
    struct sigma_set *set;
    struct sigma_scope *sc;
    struct sigma_entry *doc;
    struct sigma_correlation *c;
};

/* Makes rule, window and inputs of a correlation whose rules are all loaded. */
TW_MUST_USE bool sigma_correlation_make(struct sigma_link *l, struct err *e);

/* Compiles all correlations of the set, whose rules are loaded, and mutes what they stand for. */
TW_MUST_USE bool sigma_correlations(struct sigma_set *set, struct err *e);

/* ---- parts of both ---- */

/* A whole number and a unit: s, m, h, d, w, M (2629746 s), y (31556952 s), as pySigma has them. At
 * most ten years. `key` is named in what is said. */
TW_MUST_USE bool sigma_duration(struct sigma_scope *sc, const struct yaml *y, const char *key,
                                int64_t *ms, struct err *e);

/* A text or a list of them; no member may be empty, no text or there twice. y NULL: none. */
TW_MUST_USE bool sigma_names(struct sigma_scope *sc, const struct yaml *y, const char *key,
                             struct sigma_names *out, struct err *e);

/* Slot of a field; refuses a path of too many steps. */
TW_MUST_USE bool sigma_slot(struct sigma_scope *sc, unsigned line, struct str field, uint32_t *slot,
                            struct err *e);

/* ---- a detection's own window ---- */

/* What a detection says of the window that tells its hits:
 *   trailwarden: {group-by: [fields], gap: 4h} */
struct sigma_single {
    const struct yaml *said; /* NULL: nothing; builder_freeze makes the usual window */
    struct sigma_names keys;
    uint32_t slots[RS_KEY_MAX]; /* of the keys */
    int64_t gap_ms;
};

TW_MUST_USE bool sigma_single_read(struct sigma_scope *sc, const struct yaml *root,
                                   struct sigma_single *out, struct err *e);
/* Makes it for a rule that is loaded. */
TW_MUST_USE bool sigma_single_put(struct sigma_scope *sc, const struct sigma_entry *d,
                                  const struct sigma_single *s, struct err *e);

#endif
