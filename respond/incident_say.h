/* How incidents name things, whatever form they are told in. */
#ifndef TW_RESPOND_INCIDENT_SAY_H
#define TW_RESPOND_INCIDENT_SAY_H

#include "base/buf.h"
#include "respond/incident_make.h"

static inline const struct made_actor *incident_actor(const struct incident *i, size_t at)
{
    return vec_at(&i->actors, at);
}

static inline const struct made_key *incident_key(const struct incident *i, size_t at)
{
    return vec_at(&i->keys, at);
}

static inline const struct made_link *incident_link(const struct incident *i, size_t at)
{
    return vec_at(&i->links, at);
}

static inline const struct made_endpoint *incident_endpoint(const struct incident *i, size_t at)
{
    return vec_at(&i->endpoints, at);
}

static inline const struct made_event *incident_event(const struct incident *i, size_t at)
{
    return vec_at(&i->events, at);
}

static inline const struct incident_signal *incident_signal(const struct incident *i, size_t at)
{
    return *(const struct incident_signal *const *)vec_at(&i->signals, at);
}

/* Whether nobody else in the incident is behind this actor. Those of whom it only knows by weak
 * links began nothing. */
static inline bool incident_began(const struct made_actor *a)
{
    return !a->made && (a->makes || a->events);
}

/* Appends an id that stays the same wherever the node is told: "user/3f0c8a5d0e3b7c11". */
void incident_put_node_id(struct buf *b, const struct graph_node *n);

/* The words that people use: of arn:aws:iam::1:user/ops/dana "dana", of an assumed role
 * "Role/session", of a root "root"; otherwise the whole name. Borrowed from the node. */
struct str incident_short_name(const struct graph_node *n);

/* The title of the gravest rule, of equal ones the first that fired. */
struct str incident_title(const struct incident *i);

/* Appends "iam.amazonaws.com:CreateUser" as a JSON string. */
void incident_put_api(struct buf *b, const struct incident *i, const struct seen *s);

#endif
