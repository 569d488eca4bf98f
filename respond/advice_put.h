/* Advice for people and for programs. */
#ifndef TW_RESPOND_ADVICE_PUT_H
#define TW_RESPOND_ADVICE_PUT_H

#include "base/buf.h"
#include "respond/advice.h"

/* What may be missing for an advice to be good. */
enum advice_gap {
    GAP_BASELINE = 1, /* no use before: there is nothing to advise */
    GAP_SHORT = 2,    /* the logs cover fewer days than are wanted */
    GAP_DATA = 4,     /* S3 is used, and no data events are logged: which objects cannot be seen */
    GAP_REGIONS = 8,  /* a region is missing; us-east-1 tells of IAM and other global services */
    GAP_CUT = 16      /* the logs were not read to their end */
};

struct advice_wanted {
    size_t days;               /* that the logs are to cover */
    const struct vec *regions; /* const char *: that must be there, beside us-east-1 */
    unsigned accepted;         /* gaps that the asker accepts; GAP_BASELINE never is one */
    bool cut;                  /* the logs were not read to their end */
    bool rough;                /* of some events it was not known whether they had been counted */
    struct str since_by;       /* who says when it began: "you", or a rule's title; or absent */
    struct str current;        /* the policy that is there now; or absent */
};

/* Which gaps there are, accepted or not. */
unsigned advice_gaps(const struct advice *a, const struct advice_wanted *w);

/* Appends one JSON object and a line end:
 * {"type":"policy","principal":"arn:...","since":"...","since_by":"you",
 *  "baseline":{"uses":120,"first":"...","last":"...","days":30,"regions":["..."],"refused":3,
 *   "data_events":true},
 *  "actions":[{"action":"s3:GetObject","resources":["..."],"count":9,"first":"...","last":"..."}],
 *  "excluded":[{"action":"iam:CreateUser","resources":["..."],"count":1,"first":"...","last":"..."}],
 *  "caveats":["..."],"refusals":["..."],"document":{...},"size":812,"fits":["inline","managed"],
 *  "denying":{...},"current":{"unused":[],"missing":[],"kept":[]}}
 * document and denying are null when there are refusals, current without one to compare with. */
TW_MUST_USE bool advice_put_json(struct buf *b, const struct advice *a,
                                 const struct advice_wanted *w, struct err *e);
/* Appends it as paragraphs; the policy is in it as text to be copied. */
TW_MUST_USE bool advice_put_text(struct buf *b, const struct advice *a,
                                 const struct advice_wanted *w, struct err *e);

#endif
