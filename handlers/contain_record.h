/* What is on record of one contained principal: written before the first call that changes
 * anything, so that whatever happens afterwards can be gone on with, and taken back.
 *
 * In the state (handlers/state.h) each principal has one claims item; its bytes are one JSON object
 * (docs/state.md, "Containment"), changed by compare-and-set only. Beside it there are
 *   open     elements (time, record key) of all records that somebody has to look at again
 *   days     the same of all that there ever were, by day
 *   counts   by hour, of everybody and of each account: the keys of those who were contained in it
 *   stop     the kill switch: one item under a fixed key */
#ifndef TW_HANDLERS_CONTAIN_RECORD_H
#define TW_HANDLERS_CONTAIN_RECORD_H

#include "engine/claims.h"
#include "handlers/ports.h"
#include "respond/contain_plan.h"

/* Bytes of one record: a role's inline policies (10,240 characters) and trust policy in JSON, its
 * tags (50 of 384 characters), some hundred calls of 200 bytes. DynamoDB's items hold 400 KB. */
#define CONTAIN_RECORD_MAX (256u << 10)
/* Calls that are kept of one record, the first and the last; each is 200 bytes at most. */
#define CONTAIN_CALLS_MAX 128
/* Of one list of a record: IAM's quotas are 2 keys, 20 attached policies, 50 tags; inline policies
 * of a role are bounded by their 10,240 characters. */
#define CONTAIN_ITEMS_MAX 128
/* A record lives so long while somebody is contained by it, and once it is over. */
#define CONTAIN_KEPT_MS   (3650 * 24 * 3600 * 1000LL)
#define CONTAIN_CLOSED_MS (400 * 24 * 3600 * 1000LL)

enum contain_state {
    CONTAIN_NONE,      /* there is no record */
    CONTAIN_ASKED,     /* waits for a person's approval */
    CONTAIN_PLANNED,   /* decided; nothing was called yet */
    CONTAIN_ACTING,    /* calls were made, or may have been: whoever finds it goes on with it */
    CONTAIN_CONTAINED, /* every step was made */
    CONTAIN_PARTLY,    /* some were, some failed */
    CONTAIN_FAILED,    /* none could be made */
    CONTAIN_REFUSED,   /* a rail refused it once IAM was asked */
    CONTAIN_EXPIRED,   /* nobody approved it in time */
    CONTAIN_RELEASING, /* steps are being taken back */
    CONTAIN_RELEASED,  /* every step was taken back, or was never made */
    CONTAIN_STATES
};

/* "asked", "planned", "acting", "contained", ... */
const char *contain_state_name(enum contain_state s);

/* Whether policies of ours are, or may be, on the principal. */
bool contain_state_holds(enum contain_state s);

/* One line of a list: a key, an attached policy, an inline policy, a tag. */
struct contain_item {
    struct str id;    /* key id, policy ARN, policy name, tag key */
    struct str value; /* inline policy: SHA-256 of its document, hex; tag: its value */
    bool active;      /* of a key */
};

/* How the principal was before anything was done. What a step changes is beside it (`was`). */
struct contain_before {
    bool known;
    const struct contain_item *attached, *inlines, *keys, *tags;
    size_t n_attached, n_inlines, n_keys, n_tags;
    struct str boundary; /* ARN; absent: none */
    bool console;        /* has a login profile */
};

enum contain_step_state {
    STEP_TODO,
    STEP_DONE,
    STEP_FAILED,
    STEP_SKIPPED, /* a fallback that was not needed */
    STEP_UNDONE,
    STEP_KEPT /* not taken back: it cannot be, or somebody changed it since */
};
const char *contain_step_state_name(enum contain_step_state s);

/* Access keys of one user: IAM's quota is 2. */
#define CONTAIN_KEYS_MAX 8

struct contain_done {
    struct contain_step step;
    enum contain_step_state state;
    enum iam_result result; /* of the last call for it */
    bool placed;            /* it is known what was in its place */
    bool touched;           /* it was made once, in part, or perhaps: there was no answer */
    bool seen;              /* it was read back once */
    struct str why;         /* a sentence when it failed or was kept; else absent */
    /* What was there in its place: the policy that was attached, the document of that name, the
     * boundary, the tag's value, the trust policy, the instance's profile, "reset" or "enabled";
     * absent: nothing. */
    struct str was;
    struct str keys[CONTAIN_KEYS_MAX]; /* of the key verbs: those that were active */
    size_t n_keys;
};

/* One call and its answer. */
struct contain_call {
    int64_t time_ms;
    const char *action; /* "AttachUserPolicy" */
    struct str target;  /* policy, key, tag */
    enum iam_result result;
    struct str code; /* AWS's word for a failure; absent */
};

/* All strings lie in the record's arena. */
struct contain_record {
    struct arena *memory;
    struct state_key key;
    uint64_t version; /* 0: not written yet */
    enum contain_state state;
    struct subject subject; /* subject.cannot is NULL */
    /* Why, and who decided. */
    enum contain_mode mode;
    enum contain_how how;
    struct str rule, rule_title; /* of the alert; absent: an operator named the principal */
    enum level level;
    struct str alert;                 /* id, 32 hexadecimal digits; absent */
    struct str incident;              /* id of the incident asked for; absent */
    struct str object, event_account; /* of the alert's first event: where its log lies */
    int64_t event_ms, since_ms;       /* its time; from when on what he made is followed */
    struct id128 node;                /* who acted, for lineages; (0, 0): not known */
    struct str reason; /* why a person has to approve, or why it was refused; absent */
    struct str by;     /* ARN of who asked or approved; absent: nobody */
    int64_t planned_ms, acted_ms, released_ms, expires_ms; /* 0: not; of an approval: till when */
    uint32_t attempts;
    int64_t last_ms; /* of the last attempt */
    /* Looks afterwards. */
    uint32_t checks;       /* that were made since it was contained or found undone */
    int64_t next_check_ms; /* 0: none */
    uint32_t taken_off;    /* times that somebody took off what we had put */
    /* Notices: one for each change of state, and for what was taken off. */
    uint32_t due, told;
    enum contain_state said; /* what the last one is about */
    bool alarm;              /* it says that somebody took off what we had put */
    /* Who is at it. */
    unsigned char owner[CLAIM_ID_BYTES];
    int64_t lease_ms;
    struct contain_before before;
    struct contain_done steps[CONTAIN_STEPS_MAX];
    size_t n_steps;
    struct contain_call calls[CONTAIN_CALLS_MAX];
    size_t n_calls;
    uint32_t calls_left_out;
};

/* The key of a principal's record: SHA-256, its first 16 bytes, over the parts "contain", account,
 * "user", "role" or "key", and the name in lower case (names are unique whatever their case), of a
 * KEY its id. */
struct state_key contain_key(const struct subject *s);

/* Reads the records of those keys, in one go. One that is not there gets the state NONE and version
 * 0. ERR_INPUT when one is none of ours. */
TW_MUST_USE bool contain_record_read(const struct port_state *state, const struct state_key *keys,
                                     size_t n, struct arena *a, struct contain_record *out,
                                     struct err *e);

/* Writes it if nobody did since it was read; else *conflict. */
TW_MUST_USE bool contain_record_write(const struct port_state *state, struct contain_record *r,
                                      int64_t now_ms, bool *conflict, struct err *e);

/* Names the record among the open ones and those of its day; or no more among the open ones. */
TW_MUST_USE bool contain_record_open(const struct port_state *state, const struct contain_record *r,
                                     struct err *e);
TW_MUST_USE bool contain_record_close(const struct port_state *state,
                                      const struct contain_record *r, struct err *e);

/* Appends the keys (struct state_key) of the open records, or of all that were planned between the
 * two times (at most 400 days). */
TW_MUST_USE bool contain_records_open(const struct port_state *state, struct vec *keys,
                                      struct err *e);
TW_MUST_USE bool contain_records_between(const struct port_state *state, int64_t from_ms,
                                         int64_t until_ms, struct vec *keys, struct err *e);

/* Notes a call; the strings are copied. */
void contain_record_call(struct contain_record *r, int64_t now_ms, const struct iam_call *call,
                         const struct iam_answer *answer);

/* The record as JSON, as it lies in the state. */
void contain_record_put(struct buf *b, const struct contain_record *r);

/* ---- counts ---- */

/* Reads how many others were contained within the hour. */
TW_MUST_USE bool contain_count_read(const struct port_state *state, struct str account,
                                    int64_t now_ms, struct state_key own, struct contain_count *out,
                                    struct err *e);
/* Counts it, unless that would be more than max of them; *out are the others. */
TW_MUST_USE bool contain_count_take(const struct port_state *state, struct str account,
                                    int64_t now_ms, struct state_key own,
                                    const struct contain_config *cfg, struct contain_count *out,
                                    struct err *e);

/* ---- the kill switch ---- */

/* The 16 bytes of its key, so that it lies where the AWS command line can write it
 * (docs/containment.md): pk is their hexadecimal form. */
#define CONTAIN_STOP_KEY "containment-stop"

/* Whether nobody may act: the item is there and its bytes are not "go". */
TW_MUST_USE bool contain_stopped(const struct port_state *state, bool *stopped, struct err *e);
TW_MUST_USE bool contain_stop_write(const struct port_state *state, bool stop, int64_t now_ms,
                                    struct err *e);

#endif
