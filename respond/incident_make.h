/* One incident in full: actors, links, endpoints, resources, signals, each named by a position that
 * the others refer to. */
#ifndef TW_RESPOND_INCIDENT_MAKE_H
#define TW_RESPOND_INCIDENT_MAKE_H

#include "respond/incident.h"

struct made_actor {
    uint32_t node; /* in the graph */
    struct id128 id;
    int64_t first_ms; /* when it did something or came to be; INT64_MAX when no record tells */
    uint32_t events;  /* evidence that it did itself; 0: it only issued or was made */
    bool made, makes; /* somebody in the incident is behind it; it is behind somebody */
};

/* An access key: whose it is, or made and not seen in use. */
struct made_key {
    uint32_t node;
    struct id128 id;
    uint32_t owner; /* in actors; LINEAGE_NONE: no owner is known */
    uint32_t events;
};

/* Between actors; `key` is set where what was made is a key of the maker's own. */
struct made_link {
    uint32_t from, to; /* in actors */
    uint32_t key;      /* in keys, or LINEAGE_NONE */
    const struct graph_link *link;
};

struct made_endpoint {
    uint32_t ip; /* text of the seen */
    bool aws;    /* a service's name or AWS Internal, no address */
    uint32_t events;
    int64_t first_ms, last_ms;
};

struct made_agent {
    uint32_t endpoint, agent; /* a position, and a text */
};

struct made_resource {
    const char *type;
    uint32_t name, account, region; /* texts */
};

/* One event among an incident's evidence. */
struct made_event {
    const struct seen *seen;
    uint32_t signal, actor, endpoint; /* positions */
};

/* Which resource a signal is about. */
struct made_mention {
    uint32_t signal, resource;
};

/* How much of an incident is told; what is beyond is counted in its cut. */
struct incident_caps {
    uint32_t actors, keys, links, endpoints, agents, resources, signals;
};

/* INCIDENT_ACTORS_MAX and the others. */
extern const struct incident_caps incident_caps_all;

/* What was kept of how much. */
struct made_cut {
    uint32_t actors, keys, links, endpoints, agents, resources, signals; /* left out */
};

struct incident {
    const struct incidents *from;
    const struct incident_group *group;
    struct vec actors;    /* struct made_actor, by first_ms, then id */
    struct vec keys;      /* struct made_key, by owner, then id */
    struct vec links;     /* struct made_link, by time, then ids */
    struct vec endpoints; /* struct made_endpoint, by first_ms, then text */
    struct vec agents;    /* struct made_agent, by endpoint, then text */
    struct vec resources; /* struct made_resource, by type, then name */
    struct vec signals;   /* const struct incident_signal *, by time */
    struct vec events;    /* struct made_event, by time, then id; each once for each signal */
    struct vec mentions;  /* struct made_mention */
    uint32_t n_events;    /* different ones among events */
    struct incident_caps caps;
    struct made_cut cut;
};

void incident_init(struct incident *i);
void incident_release(struct incident *i);

/* Makes the incident of one group of x, none of its caps above those of incident_caps_all; what was
 * in i is gone. i borrows from x. */
TW_MUST_USE bool incident_make(struct incident *i, struct incidents *x,
                               const struct incident_group *g, const struct incident_caps *caps,
                               struct err *e);

/* The position among the actors of whom a node of the graph stands for: himself, a key's owner, a
 * name's user; LINEAGE_NONE when he is not in the incident. Until the next incident_make of x. */
uint32_t incident_actor_of(const struct incident *i, const struct incidents *x, uint32_t node);

#endif
