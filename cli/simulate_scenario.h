/* A scenario: who there is and what each does when, read from simulate/NAME.yml, which are built
 * in. docs/simulate.md describes the files. */
#ifndef TW_CLI_SIMULATE_SCENARIO_H
#define TW_CLI_SIMULATE_SCENARIO_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "engine/yaml.h"

#define SIMULATE_STEPS_MAX  1000  /* of one file; the longest that ships has 30 */
#define SIMULATE_REPEAT_MAX 10000 /* of one step */

/* simulate/NAME.yml, as built in; the last has no name. "background" is no attack: it is what the
 * account does all day. */
struct simulate_file {
    const char *name, *text;
};
extern const struct simulate_file simulate_files[];
#define SIMULATE_BACKGROUND "background"

enum actor_kind {
    ACTOR_USER,
    ACTOR_ROLE,
    ACTOR_SERVICE,
    ACTOR_ROOT,
    ACTOR_STRANGER,
    ACTOR_SAML,      /* a user of an identity provider, at STS */
    ACTOR_OKTA,      /* the same at Okta: what he does is in its System Log */
    ACTOR_MACHINE,   /* an instance: what it does is in the flow log of its network */
    ACTOR_WEB,       /* an OIDC subject at STS: a pod's service account, a workflow's repository */
    ACTOR_GITHUB,    /* a login of GitHub: in its audit log */
    ACTOR_KUBERNETES /* a user or service account of a cluster: in its audit log */
};

/* One hand: an identity, from where it calls and with what. Texts may hold ${...}. */
struct actor {
    struct str id; /* as the file calls it */
    enum actor_kind kind;
    struct str name; /* of the user, role, service (ec2), or stranger; a machine's id; a subject */
    struct str key;  /* label of a user's key; default: his name */
    struct str path; /* of the user or role; default: / */
    struct str session; /* of a role */
    struct str ip, agent;
    struct str imds; /* 1.0 or 2.0: the role is an instance's */
    bool console, mfa;
    int64_t created_ms; /* when its session began: set by the step that `starts` it */
    unsigned issued;    /* sessions that it had, so far */
};

#define ACTOR_KINDS (ACTOR_KUBERNETES + 1)

/* How scenarios call a kind: user, role ... */
const char *actor_kind_name(enum actor_kind kind);

struct step {
    unsigned line;
    int64_t at_ms; /* after the scenario's start */
    struct actor *as;
    struct actor *starts;      /* whose session begins with it; or NULL */
    struct str service, event; /* iam, CreateUser */
    struct str region;         /* absent: the account's, or the service's own */
    struct str kind;           /* eventType; absent: AwsApiCall */
    struct str error, message; /* absent: it succeeded */
    bool data;                 /* a data event */
    const struct yaml *request, *response, *resources, *additional; /* or NULL */
    uint64_t times;
    int64_t every_ms;
};

struct scenario {
    struct str title, about, source;
    struct actor *actors;
    size_t n_actors;
    struct step *steps; /* in the order of their times */
    size_t n_steps;
    struct step *ordinary; /* what the ordinary day has beside the background's */
    size_t n_ordinary;
};

/* Reads the file's text; all lies in a. ERR_INPUT with "line N: ...". */
TW_MUST_USE bool scenario_read(struct str yaml, struct arena *a, struct scenario *out,
                               struct err *e);

/* When the last step's last repeat is, after the start. */
int64_t scenario_ms(const struct scenario *s);

#endif
