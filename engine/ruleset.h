/* Frozen rules: flat tables that refer to each other by number, so that they can be shared between
 * threads, hashed, and one day mapped from a file as they lie. Built by engine/builder.h. */
#ifndef TW_ENGINE_RULESET_H
#define TW_ENGINE_RULESET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"
#include "base/str.h"
#include "engine/geo.h"
#include "engine/own_field.h"

#define RS_NONE       UINT32_MAX /* no such number */
#define RS_HASH_BYTES 16         /* of a rule: first half of a SHA-256 */
#define RS_KEY_MAX    16         /* fields of a window's key; the largest known has 4 */

/* A piece of the text table. at == RS_NONE: absent. */
struct rs_text {
    uint32_t at;
    uint32_t n;
};
#define RS_TEXT_ABSENT ((struct rs_text){RS_NONE, 0})

/* n entries of some table from first on. */
struct rs_list {
    uint32_t first;
    uint32_t n;
};

enum level { LEVEL_INFORMATIONAL, LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH, LEVEL_CRITICAL };
enum dialect { DIALECT_SIGMA, DIALECT_FALCO };
/* What an event comes from; a rule sees only events of its own source. */
enum source {
    SOURCE_CLOUDTRAIL,
    SOURCE_VPCFLOW,
    SOURCE_OKTA,
    SOURCE_GITHUB,
    SOURCE_K8S_AUDIT,
    SOURCES
};

const char *level_name(enum level level);
bool level_parse(struct str name, enum level *out); /* exact, lower case */
const char *dialect_name(enum dialect dialect);     /* "sigma", "falco" */

/* ---- where values come from ---- */

/* A slot holds the values one path has in an event. There are three kinds of path:
 * SLOT_FAN    Sigma: dots nest; a step over an array takes every member, and so does the end of the
 *             path; a key that itself has dots is found too.
 * SLOT_POINT  Falco: object keys and array positions, exactly; the first of duplicate keys counts.
 * SLOT_OWN    no path in the record: a field of our own (engine/own_field.h).
 */
enum slot_kind { SLOT_FAN, SLOT_POINT, SLOT_OWN };

struct rs_slot {
    struct rs_text path; /* for people: a.b.c or /a/b/0 */
    uint32_t kind;       /* enum slot_kind */
};

/* A step of the paths, one tree for each of the first two kinds. Root steps are rs->roots[kind]. */
struct rs_step {
    struct rs_text key;
    uint32_t index; /* of SLOT_POINT: the array position this key also names, else RS_NONE */
    uint32_t twin;  /* the next kid of the same parent with this index (1, 01, +1), or RS_NONE */
    struct rs_list kids;  /* steps, contiguous */
    uint32_t slot;        /* that ends here, or RS_NONE */
    uint32_t zero;        /* no byte is left to chance: rules are written to files as they lie */
    uint64_t kid_lengths; /* bit min(n,63) is set when a kid's key has n bytes: a quick no */
};

/* Fields that every alert needs, whatever the rules name; slots of kind SLOT_FAN. The names are
 * CloudTrail's; engine/source.c has the paths in records of each source. */
enum core_field {
    CORE_ID,           /* eventID */
    CORE_TIME,         /* eventTime */
    CORE_SOURCE,       /* eventSource */
    CORE_NAME,         /* eventName */
    CORE_ACCOUNT,      /* recipientAccountId */
    CORE_REGION,       /* awsRegion */
    CORE_ARN,          /* userIdentity.arn */
    CORE_PRINCIPAL,    /* userIdentity.principalId */
    CORE_INVOKED_BY,   /* userIdentity.invokedBy */
    CORE_USER_ACCOUNT, /* userIdentity.accountId */
    CORE_USER_TYPE,    /* userIdentity.type */
    CORE_USER_NAME,    /* userIdentity.userName */
    CORE_ACCESS_KEY,   /* userIdentity.accessKeyId */
    CORE_ISSUER_ARN,   /* userIdentity.sessionContext.sessionIssuer.arn */
    CORE_IP,           /* sourceIPAddress */
    CORE_USER_AGENT,   /* userAgent */
    CORE_ERROR,        /* errorCode */
    CORE_FIELDS
};
#define CORE_PATHS                                                                                 \
    3 /* of one core field in records of one source; the first that is there counts */
/* Sets of fields of which one must be in a record of a source, and fields of a set. */
#define SOURCE_MARKS       6
#define SOURCE_MARK_FIELDS 2

/* Fields that tell which credential was made by whom, and what a call was about: for
 * respond/lineage.h and respond/incident.h. Slots of kind SLOT_FAN; their paths are in
 * engine/builder_freeze.c. */
enum tie_field {
    TIE_CREATED,      /* of the session that calls: when it began */
    TIE_MFA,          /* "true", "false" */
    TIE_ISSUER_ID,    /* principalId of the role or user that the session comes from */
    TIE_PROVIDER,     /* of a SAML or web identity */
    TIE_PERSON,       /* of IAM Identity Center */
    TIE_SHARED,       /* the same in the copies of one call in several accounts */
    TIE_POLICY,       /* of UpdateAssumeRolePolicy: JSON text */
    TIE_TRUST,        /* of CreateRole: JSON text */
    TIE_ROLE_ARN,     /* asked for */
    TIE_SESSION_NAME, /* asked for */
    TIE_SWITCHED,     /* ARN of who switched role in the console */
    TIE_ISSUED_KEY,   /* access key id of issued credentials */
    TIE_ASSUMED,      /* "AROA...:name" of the issued session */
    TIE_ASSUMED_ARN,  /* its ARN */
    TIE_FEDERATED,    /* "account:name" of the issued session */
    TIE_SIGNED_IN,    /* "Success" */
    TIE_USER_ID,      /* of the user made */
    TIE_USER_ARN,
    TIE_MADE_KEY,  /* access key id */
    TIE_KEY_OWNER, /* its user's name */
    TIE_ROLE_ID,   /* of the role made */
    TIE_ROLE_MADE, /* its ARN */
    TIE_LAUNCHED,  /* instance ids */
    TIE_INTERFACE, /* network interface ids of them */
    TIE_TAG_KEY,   /* of the session asked for */
    TIE_TAG_VALUE,
    TIE_REPO,       /* GitHub: "org/name" in the audit log, */
    TIE_REPOSITORY, /* and in webhooks */
    TIE_KUBE_SUBRESOURCE,
    TIE_KUBE_NAMESPACE,
    TIE_KUBE_NAME,
    TIE_POD_ACCOUNT, /* the service account a pod runs as */
    TIE_RESOURCE,    /* ARNs of what the call touched; few services tell them */
    TIE_TARGETS,     /* from here on: names of what the call is about, as its parameters say */
    TIE_USER_NAME = TIE_TARGETS,
    TIE_ROLE_NAME,
    TIE_GROUP_NAME,
    TIE_POLICY_ARN,
    TIE_BUCKET,
    TIE_TRAIL,
    TIE_FUNCTION,
    TIE_INSTANCE,
    TIE_SECRET,
    TIE_KMS_KEY,
    TIE_SNAPSHOT,
    TIE_IMAGE,
    TIE_DATABASE,
    TIE_DB_SNAPSHOT,
    TIE_SECURITY_GROUP,
    TIE_DETECTOR,
    TIE_CLUSTER,
    TIE_IDENTITY,
    TIE_FIELDS
};

/* ---- what is tested ---- */

/* A term yields values of an event. Which `fn` means what belongs to the dialect that made it:
 * engine/sigma_match.h and engine/falco_term.h. a, b and args are theirs to use. */
struct rs_term {
    uint16_t fn;
    uint16_t type; /* of Falco: string, number, list */
    uint32_t a;
    uint32_t b;
    struct rs_list args; /* in the numbers table */
};

/* A constant on the right side of a test. */
struct rs_value {
    uint16_t kind; /* the dialect's */
    uint16_t flags;
    uint32_t regex;      /* number of the compiled regular expression, or RS_NONE */
    struct rs_text text; /* as the dialect prepared it */
    double number;
    uint64_t bits[2]; /* an address or a number, as the dialect says */
};

/* One test, made at most once an event. */
struct rs_pred {
    uint8_t dialect;
    uint8_t op; /* the dialect's */
    uint16_t flags;
    uint32_t term;
    uint32_t right; /* a term on the right side, or RS_NONE */
    struct rs_list values;
    /* When holding needs one value of this slot to be, case folded, one of `values`' texts, or a
     * number that index_number spells so: the slot. Else RS_NONE. The index is built from it. */
    uint32_t index_slot;
};

enum node_op { NODE_FALSE, NODE_TRUE, NODE_PRED, NODE_NOT, NODE_AND, NODE_OR };

/* A boolean program: NODE_PRED a is a test, NODE_NOT a is a node, AND and OR have kids (node
 * numbers in the numbers table). A node's kids have lower numbers than it. */
struct rs_node {
    uint32_t op;
    uint32_t a;
    struct rs_list kids;
};
#define NODE_DEPTH_MAX 1024 /* Falco's own cap is 1000 steps of recursion */

struct rs_regex {
    struct rs_text pattern; /* in PCRE2's syntax */
    uint32_t options;       /* PCRE2_* */
};

/* ---- rules ---- */

/* A part of a Falco output: literal text, or (term not RS_NONE) a value cut or padded to width
 * (-1: as it is), text then being the token as written. */
struct rs_output {
    struct rs_text text;
    uint32_t term;
    int32_t width;
};

struct rs_rule {
    struct rs_text id; /* of a Falco rule: its name */
    struct rs_text title;
    struct rs_text description;
    struct rs_text runbook; /* what to do next; Sigma: a key of our own */
    struct rs_text author;
    struct rs_text status;
    struct rs_text file;
    uint32_t line;
    uint8_t level;
    uint8_t dialect;
    uint8_t source;
    uint8_t muted;           /* evaluated, for others to build on, but not told */
    struct rs_text priority; /* Falco: as printed, "Warning" */
    struct rs_list tags;     /* in the texts table, as the next three */
    struct rs_list references;
    struct rs_list falsepositives;
    struct rs_list fields;             /* numbers table: slots worth showing */
    struct rs_list output;             /* outputs table */
    uint32_t program;                  /* node */
    uint32_t window;                   /* the one that tells its hits, or RS_NONE; rules of one id
                                          share it */
    struct rs_list feeds;              /* numbers: inputs of correlations that its hits feed */
    unsigned char hash[RS_HASH_BYTES]; /* of what it tests, and its id */
};

/* ---- windows ---- */

/* A window is a rule over the hits of other rules (Sigma's word is correlation), or the window that
 * every told rule has of its own (WINDOW_TYPE_SINGLE): "count >= 1", keyed by account and identity.
 */
enum window_type {
    WINDOW_TYPE_SINGLE,
    WINDOW_TYPE_EVENT_COUNT,
    WINDOW_TYPE_VALUE_COUNT,
    WINDOW_TYPE_TEMPORAL,
    WINDOW_TYPE_ORDERED,
    WINDOW_TYPE_FIRST_SEEN,
    WINDOW_TYPE_SUM, /* this and the rest are evaluated by `scan` only */
    WINDOW_TYPE_AVG,
    WINDOW_TYPE_PERCENTILE,
    WINDOW_TYPE_MEDIAN
};

enum window_flag {
    WINDOW_STRICT = 1,    /* equal times are not in order */
    WINDOW_SCAN_ONLY = 2, /* not monotone, or needs all events: `bootstrap` refuses it */
    WINDOW_IDENTITY = 4   /* the key is (account, identity) of struct facts, not fields */
};

enum window_bound { BOUND_GT, BOUND_GTE, BOUND_LT, BOUND_LTE, BOUND_EQ, BOUND_NEQ, BOUNDS };

/* What one of its input rules feeds into a window. */
struct rs_input {
    uint32_t window;
    uint32_t step;       /* which of the window's input rules it is, from 0 */
    uint32_t rule;       /* the input: a rule (a correlation's own rule, when chained) */
    uint32_t child;      /* chained: that correlation's window, else RS_NONE */
    struct rs_list keys; /* numbers, one for each key name: a slot; chained: a position in the
                            child's key */
    struct rs_list
        values; /* numbers of the tuple whose values are counted or summed, as keys are */
};

struct rs_window {
    uint32_t rule;  /* whose title and level are told; a correlation has one with program FALSE */
    uint32_t type;  /* enum window_type */
    uint32_t flags; /* enum window_flag */
    uint32_t depth; /* 0: fed by events; else one more than its deepest child */
    uint32_t n;     /* at least so many events, values, or of the steps */
    uint32_t n_steps;
    uint32_t bucket_cells;
    uint32_t bounded; /* scan only: bit b is set when bounds[b] must hold */
    int64_t timespan_ms, gap_ms, cell_ms;
    int64_t history_ms, learn_ms; /* WINDOW_TYPE_FIRST_SEEN */
    double bounds[BOUNDS];
    double percentile;
    struct rs_list key_names; /* texts */
    struct rs_list expr;      /* numbers: WINDOW_NODE of engine/window.h; empty: at least n steps */
    struct rs_list feeds;     /* numbers: inputs that this window's moments feed */
    unsigned char hash[RS_HASH_BYTES]; /* of its text and of all rules it is made of: an edited rule
                                          begins with fresh state */
};

/* ---- the whole ---- */

/* The candidate index (engine/index.h): one value of one slot, and the rules that may hold when it
 * is there. */
struct rs_index_entry {
    uint32_t hash;
    struct rs_text value; /* case folded, in the index' own text; absent: the entry is free */
    struct rs_list rules; /* in the index' rules */
};

/* All entries of one slot: open addressing, a power of two of them. */
struct rs_index_slot {
    uint32_t slot;
    uint32_t longest; /* bytes of the longest value: a longer one of an event is not looked up */
    struct rs_list entries;
};

struct rs_index {
    const struct rs_index_slot *slots;
    const struct rs_index_entry *entries;
    const uint32_t *rules;
    const uint32_t *always; /* rules without such a value: looked at for each event */
    const char *text;
    uint32_t n_slots, n_entries, n_rules, n_always, n_text;
};

struct ruleset {
    const struct rs_rule *rules;
    const struct rs_node *nodes;
    const struct rs_pred *preds;
    const struct rs_value *values;
    const struct rs_term *terms;
    const struct rs_slot *slots;
    const struct rs_step *steps;
    const struct rs_regex *regexes;
    const struct rs_output *outputs;
    const struct rs_window *windows;
    const struct rs_input *inputs;
    const struct rs_text *texts;
    const uint32_t *numbers;
    const char *text;
    uint32_t n_rules, n_nodes, n_preds, n_values, n_terms, n_slots, n_steps, n_regexes, n_outputs,
        n_texts, n_numbers, n_text, n_windows, n_inputs;
    uint32_t roots[2]; /* step, by enum slot_kind */
    /* slots, RS_NONE where there are no more: by enum source and core_field, and engine/source.h */
    uint32_t core[SOURCES][CORE_FIELDS][CORE_PATHS];
    uint32_t marks[SOURCES][SOURCE_MARKS][SOURCE_MARK_FIELDS];
    uint32_t ties[TIE_FIELDS];        /* slot, by enum tie_field */
    uint32_t own[OWN_FIELDS];         /* slot, by enum own_field; RS_NONE: no rule names it */
    bool names_own;                   /* a rule names one of them */
    unsigned char hash[SHA256_BYTES]; /* of the files' contents, their names and order left out */
    struct rs_index index;
    /* Of rules that lie in a file as they are used (engine/bundle.h): gives the bytes back. NULL:
     * each table is memory of its own. */
    void (*release)(void *bytes, size_t n);
    void *bytes;
    size_t n_bytes;
};

void ruleset_free(struct ruleset *rs);

/* Where a table is in struct ruleset, and how long its rows are: for all that treats them alike. */
struct rs_table {
    size_t rows, n; /* offsets of the pointer to the rows, and of their number */
    size_t row;     /* bytes */
};

/* All tables, in an order that stays. */
const struct rs_table *ruleset_tables(size_t *n);

static inline struct str rs_str(const struct ruleset *rs, struct rs_text t)
{
    return t.at == RS_NONE ? STR_ABSENT : str_n(rs->text + t.at, t.n);
}

/* Entry i of a list of texts. */
/* The name of value field i of an input: a slot's path; chained, a part of the child's key. */
struct str rs_value_name(const struct ruleset *rs, const struct rs_input *in, uint32_t i);

static inline struct str rs_list_str(const struct ruleset *rs, struct rs_list l, uint32_t i)
{
    return rs_str(rs, rs->texts[l.first + i]);
}

#endif
