/* Who acted in an event, and which other identities the event proves to be the same hand's work.
 *
 * A NODE is an identity or a credential. A LINK says that the bearer of one node is behind the
 * other: he issued the session, made the user, launched the instance. How sure that is, is the
 * link's strength: what is certain or strong makes one LINEAGE of its nodes, what is weak is kept
 * to be shown and joins nothing.
 *
 * What holds in real records, and where it comes from: docs/incidents.md. The rules that matter:
 * - A session is (principalId, creationDate). Access key ids do not name it: a console's session
 *   signs with a key for each backend, and what Identity Center's portal hands out is changed once
 *   more. A key is a further edge.
 * - A call that failed proves nothing. A masked key ("AKIA****") is nobody's.
 * - AWS services are behind nothing: a session issued to ec2.amazonaws.com is not akin to the next.
 *
 * Pure: what lies in the event is read, what ties events together is respond/lineage_graph.h's. */
#ifndef TW_RESPOND_LINEAGE_H
#define TW_RESPOND_LINEAGE_H

#include "base/err.h"
#include "engine/event.h"
#include "engine/window.h"
#include "respond/facts.h"

/* The numbers are written down in states: new kinds go behind the last. */
enum lineage_kind {
    LINEAGE_USER, /* an IAM user, by its AIDA id: a user of the same name made later is another */
    LINEAGE_ROOT, /* of an account */
    LINEAGE_ROLE, /* by its AROA id */
    LINEAGE_SESSION,  /* of a role or a federated user: principalId and creationDate */
    LINEAGE_WORKLOAD, /* a role on one instance: all sessions that its metadata service hands out */
    LINEAGE_INSTANCE, /* i-..., or a network interface of one, eni-... */
    LINEAGE_KEY,      /* an access key */
    LINEAGE_NAME,     /* a user of whom only account and name are known yet */
    LINEAGE_FEDERATED, /* a subject of an identity provider: SAML, OIDC, Identity Center; who acts
                          in Okta, GitHub or Kubernetes */
    LINEAGE_SERVICE,   /* of AWS */
    LINEAGE_ACCOUNT,   /* another account, of whose inside nothing is known */
    LINEAGE_OTHER,     /* anonymous, or of a type not known here */
    LINEAGE_KINDS
};

/* A word for it: "user", "root", "role", "session", "workload", ... */
const char *lineage_kind_name(enum lineage_kind kind);

enum lineage_type {
    LINK_ISSUED,    /* session or key, by STS */
    LINK_CREATED,   /* user, role or key, in IAM */
    LINK_PASSWORD,  /* set or changed for the console */
    LINK_LAUNCHED,  /* instance */
    LINK_SIGNED_IN, /* session, in the console; also by switching role */
    LINK_ACTS_FOR,  /* session, in the name of a person of Identity Center */
    LINK_KEY_OF,    /* from the key to whose calls it signed */
    LINK_NAMED,     /* from a name to the user who bears it; weak until it is known that nobody else
                       does */
    LINK_RUNS,      /* from the instance to its workload */
    LINK_SESSION_OF, /* from a role to its session */
    LINK_OPENED,     /* to a role whose trust policy was replaced */
    LINK_TRUSTS,     /* from a role to an account that may assume it */
    LINK_SAME_CALL,  /* the two names that one call has in two accounts */
    LINK_WRITES,     /* to a repository, whose workflows then act */
    LINK_TYPES
};

/* "issued", "created", ... */
const char *lineage_type_name(enum lineage_type type);

enum lineage_strength { LINK_WEAK, LINK_STRONG, LINK_CERTAIN };

const char *lineage_strength_name(enum lineage_strength strength);

/* An identity as one event names it. id is the hash of its kind and its naming parts, each with its
 * length. Strings are borrowed from the event, as those of struct facts. */
struct lineage_node {
    struct id128 id;
    enum lineage_kind kind;
    struct str name;    /* to print: an ARN, a name, an id; never absent */
    struct str account; /* may be absent */
    struct str session; /* of a KEY: ARN of the role's session it was issued for; absent: of none */
    int64_t created_ms; /* of a session, when known; else INT64_MIN */
};

/* Positions in struct lineage_event's nodes. */
struct lineage_link {
    uint32_t from, to;
    enum lineage_type type;
    enum lineage_strength strength;
};

/* Sessions are issued in one record and used in others. Where the key in the response does not tie
 * them, the session's name and the second of its birth do: issuer and user leave a tie each under
 * the same lane. A lane is either (assumedRoleId, that is principalId) or (role ARN, session name),
 * for responses that tell no id. */
enum lineage_tie_kind {
    LINEAGE_ISSUE,   /* node issued a session of this lane at the time */
    LINEAGE_USE,     /* node is a session of this lane that began at the time */
    LINEAGE_ONCALL,  /* the same, but a service calls in its name (forward access session): it may
                        bear a creationDate of its own */
    LINEAGE_OF_ROLE, /* node is a session, begun at the time, of the role whose id the lane is */
    LINEAGE_MADE,    /* node is a role made at the time; the lane is its id */
    LINEAGE_BEARS,   /* node is a user; the lane is the node of his name, the time 0 */
    LINEAGE_COPY     /* node is whom this copy of a call names; the lane is its sharedEventID, the
                        time the hash of the account it was delivered to */
};

struct lineage_tie {
    enum lineage_tie_kind kind;
    struct id128 lane;
    int64_t time_ms;
    uint32_t node;
};

/* RunInstances may start hundreds; an intruder needs a few. More are cut and counted. */
#define LINEAGE_NODES_PER_EVENT 96
#define LINEAGE_LINKS_PER_EVENT 96
#define LINEAGE_TIES_PER_EVENT  8

/* What one event proves. Node 0 is who acted. */
struct lineage_event {
    struct lineage_node nodes[LINEAGE_NODES_PER_EVENT];
    struct lineage_link links[LINEAGE_LINKS_PER_EVENT];
    struct lineage_tie ties[LINEAGE_TIES_PER_EVENT];
    uint32_t n_nodes, n_links, n_ties;
    uint32_t key; /* the access key that signed the call, as position in nodes; 0: none told */
    bool cut;
};

/* A node that did some of an alert's events, the first and the last of them at these times. */
struct lineage_doer {
    struct id128 actor;
    int64_t first_ms, last_ms;
};

/* Ids that were worked out lately, by what they name: a log names few callers often, and an id is a
 * SHA-256. Filled by reading; all zeroes at first. */
#define LINEAGE_NAMES_MAX      64  /* a power of two: callers, their keys and names at a time */
#define LINEAGE_NAMES_TEXT_MAX 150 /* bytes; ARNs of sessions have some 120 */
struct lineage_name {
    struct id128 id;
    unsigned char number; /* as it is hashed: kinds, lanes */
    bool there;
    uint16_t n_a, n_b; /* UINT16_MAX: absent */
    char text[LINEAGE_NAMES_TEXT_MAX];
};
struct lineage_names {
    struct lineage_name list[LINEAGE_NAMES_MAX];
};

/* Only who acted, and the id of the key that signed: (0, 0) when none is told. The node's strings
 * are borrowed as those of f. names may be NULL. */
void lineage_actor(struct event *ev, const struct facts *f, struct lineage_names *names,
                   struct lineage_node *who, struct id128 *key);

/* Reads it. f are the event's facts. The strings are borrowed until the event's next record. names
 * may be NULL. */
void lineage_read(struct event *ev, const struct facts *f, struct lineage_names *names,
                  struct lineage_event *out);

/* Whether this event may link identities, whatever rules say of it. A quick look at eventSource and
 * eventName, for every record of a log. */
bool lineage_links(struct event *ev);

#endif
