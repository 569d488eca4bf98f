/* What the commands of those who respond share: the state that the function writes, what lies in
 * it, and containment by the person at the terminal. */
#ifndef TW_CLI_RESPONSE_H
#define TW_CLI_RESPONSE_H

#include "adapters/cloud.h"
#include "adapters/state.h"
#include "handlers/contain.h"

/* Opens the state that --state names, or TRAILWARDEN_TABLE; NULL, with e: there is neither
 * (ERR_USAGE), it is one that does not last (ERR_USAGE), a file that is not there (ERR_USAGE), or
 * as state_open. */
struct state *response_state(const char *asked, struct err *e);

/* Reads the 32 hexadecimal digits of an incident's id. */
TW_MUST_USE bool response_incident_id(const char *text, unsigned char id[INCIDENT_ID_BYTES],
                                      struct err *e);

/* What a person names on the command line. */
struct response_asked {
    const char *state;  /* --state; NULL: TRAILWARDEN_TABLE */
    const char *config; /* --config; NULL: TRAILWARDEN_CONFIG */
    const char *backup; /* delete-user: the file that keeps the user; NULL: none */
    const char *secret; /* rotate-key: name of the secret to make; NULL: the terminal */
};

struct response {
    struct response_asked asked;
    struct state *state;
    struct cloud *cloud;
    struct ports ports;
    struct contain_config config;
    struct lineages *lineages;
    struct container *container;
    struct arena memory; /* of the incident asked for */
};

/* Opens it all; nothing is called yet. False as response_state, or when the configuration is wrong
 * (ERR_USAGE); response_close in either case. */
TW_MUST_USE bool response_open(struct response *o, const struct response_asked *asked,
                               struct err *e);
void response_close(struct response *o);

/* Puts the incident of that id into the order; of one that the state has forgotten, or never knew,
 * only its id. ERR_USAGE when it is none. */
TW_MUST_USE bool response_find(struct response *o, const char *id, struct contain_order *order,
                               struct err *e);

/* ---- asking and telling ---- */

/* Prints, on standard error, the question, and reads a line: whether it is what it has to be. False
 * without asking, with e (ERR_USAGE), when nobody sits at a terminal. */
TW_MUST_USE bool response_confirms(const char *question, struct str answer, bool *yes,
                                   struct err *e);

/* Prints what came of an order, on standard output. */
void response_tell(const struct contain_report *report, bool release);

/* Appends the steps of a record, a line each: what came of it, and what it is. */
void response_put_steps(struct buf *b, const struct contain_record *r);

/* The principal as commands name it: ARN, or the id of a key. */
void response_put_principal(struct buf *b, const struct subject *s);

#endif
