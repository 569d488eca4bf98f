/* What reading one event for its nodes and links has in common. Inner part of respond/lineage.h. */
#ifndef TW_RESPOND_LINEAGE_READING_H
#define TW_RESPOND_LINEAGE_READING_H

#include "respond/lineage.h"

/* Reading goes through this: the event, its facts, and what is being found. */
struct reading {
    struct event *ev;
    const struct facts *f;
    struct lineage_names *names; /* or NULL */
    struct lineage_event *out;
};

/* First half of the SHA-256 of a number and parts, each with its length. */
struct id128 reading_id(const struct reading *r, unsigned char number, struct str a, struct str b);
/* There, and not masked as anonymised records do ("AKIA****": many people's, or nobody's). */
bool reading_is_usable(struct str s);
/* a, unless it is empty or absent. */
struct str reading_first_of(struct str a, struct str b);

/* The first string of a field, secrets taken out; absent when there is none. */
struct str reading_tie_text(const struct reading *r, enum tie_field field);
bool reading_tie_time(const struct reading *r, enum tie_field field, int64_t *ms);

/* Adds a node, or finds it; gives its position. When there is no room, the event is cut, and node 0
 * stands for it: a link from it to itself says nothing. */
uint32_t reading_put_node_of(const struct reading *r, const struct lineage_node *node);
/* A node of an account, named by its kind and two parts; and one of the caller's account. */
uint32_t reading_put_node_in(const struct reading *r, enum lineage_kind kind, struct str a,
                             struct str b, struct str name, struct str account);
uint32_t reading_put_node(const struct reading *r, enum lineage_kind kind, struct str a,
                          struct str b, struct str name);
void reading_put_link(const struct reading *r, uint32_t from, uint32_t to, enum lineage_type type,
                      enum lineage_strength strength);
void reading_put_tie(const struct reading *r, enum lineage_tie_kind kind, struct id128 lane,
                     int64_t time_ms, uint32_t node);
/* The access key that signed the call, and that it is of node 0. */
void reading_put_own_key(const struct reading *r);

/* ---- what other sources know too (respond/lineage_sources.c) ---- */

/* The node of a subject that several logs name (engine/subject.h), whatever the identity provider.
 */
uint32_t reading_put_subject(const struct reading *r, struct str subject);

/* Node 0 of an event of another source than CloudTrail; what it links; whether it may link
 * anything. */
void reading_put_other_actor(const struct reading *r);
void reading_put_other_links(const struct reading *r);
bool reading_other_links(struct event *ev);

#endif
