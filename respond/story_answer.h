/* The four questions of whoever has five minutes: which resources were touched, whose credentials
 * did it, how did they get in, where else is this identity seen. Each answer is a text of at most
 * three lines, made of the incident and its steps alone. */
#ifndef TW_RESPOND_STORY_ANSWER_H
#define TW_RESPOND_STORY_ANSWER_H

#include "respond/story.h"

/* Different resources that are told one by one; the rest are counted. */
#define ANSWER_ITEMS_MAX 400

/* "User created; then Trail stopped; then ...": what the gravest alerts tell of, in the order of
 * time. */
void answer_put_happened(struct buf *b, const struct incident *i);

/* Something touched, and how often; of calls that succeeded since the first alert. */
struct answer_item {
    enum story_access access;
    const char *type;
    struct str name; /* the step's */
    bool sensitive;  /* holds secrets, or gives permissions */
    uint32_t count;
};

struct answer_items {
    struct answer_item list[ANSWER_ITEMS_MAX];
    size_t n;
    size_t left_out;                /* mentions beyond the list */
    size_t recalled;                /* calls of which nobody told whether they succeeded */
    size_t by_access[ACCESS_KINDS]; /* different ones in the list */
};

/* Sensitive ones first, of these what was shared and deleted first. */
void answer_items(const struct stories *s, const struct story *story, struct answer_items *out);

/* "20 resources: shared 1, deleted 2, changed 5, read 12. Sensitive: secret prod/db (read)." */
void answer_put_resources(struct buf *b, const struct answer_items *items);

/* "user dana with key AKIA...; they became user support-ro." */
void answer_put_credentials(struct buf *b, const struct incident *i);

/* "Long-lived access key AKIA... of user dana, first seen in an alert at ... from ... (DE, Example)
 * by sts:GetCallerIdentity with TruffleHog. How the key got out is not in the logs." */
void answer_put_entry(struct buf *b, const struct stories *s, const struct story *story);

/* The step by which they got in, as far as the log goes: the first of an alert by who began it,
 * else the first of an alert; NULL when there is none. */
const struct story_step *answer_entry(const struct stories *s, const struct story *story);

/* "2 accounts (...), 3 regions (...), 3 addresses (...)." and, when others on this page share an
 * address with it, "Incident ... came from 198.51.100.7, too." */
void answer_put_elsewhere(struct buf *b, const struct stories *s, const struct story *story);

#endif
