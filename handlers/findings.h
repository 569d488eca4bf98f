/* What the objects of a simulation brought, for the answer: which rule held for which event, and
 * what was told. Only who asks gets it (the mark "simulated", docs/envelopes.md). */
#ifndef TW_HANDLERS_FINDINGS_H
#define TW_HANDLERS_FINDINGS_H

#include "base/buf.h"
#include "respond/alert.h"

/* Half an answer (HANDLE_ANSWER_MAX): some 3,000 hits, or 60 alerts of 200 events. */
#define FINDINGS_BYTES_MAX (512u << 10)

struct findings {
    struct buf text; /* the items, each with a comma behind it */
    bool asked;      /* of an object of this invocation they are wanted */
    bool open;       /* and the present object is one */
    bool cut;        /* some did not fit */
};

void findings_init(struct findings *f);
void findings_release(struct findings *f);

/* A new invocation: nobody has asked yet. */
void findings_reset(struct findings *f);
/* A new object, of a simulation or not. */
void findings_begin(struct findings *f, bool simulated);

/* Of other objects these do nothing.
 * {"type":"hit","rule":"IAM user created","level":"low","event":"<id>"} */
void findings_hit(struct findings *f, const struct ruleset *rs, const struct rs_rule *rule,
                  struct str event);
/* {"type":"alert","id":"<32 hex>","updates":0,"rule":"..","level":"low","events":["<id>"]}: it was
 * published. */
void findings_alert(struct findings *f, const struct ruleset *rs, const struct alert *a);
/* {"type":"incident","id":"<32 hex>","updates":0}: it was published. */
void findings_incident(struct findings *f, struct str id, uint32_t updates);

/* Appends ,"findings":[..],"findings_cut":false when they were asked for. */
void findings_put(const struct findings *f, struct buf *b);

#endif
