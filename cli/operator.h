/* What the commands of those who respond share: the state that the function writes, and what lies
 * in it. */
#ifndef TW_CLI_OPERATOR_H
#define TW_CLI_OPERATOR_H

#include "adapters/state.h"
#include "handlers/lineages.h"

/* Opens the state that --state names, or TRAILWARDEN_TABLE; NULL, with e: there is neither
 * (ERR_USAGE), it is one that does not last (ERR_USAGE), a file that is not there (ERR_USAGE), or
 * as state_open. */
struct state *operator_state(const char *asked, struct err *e);

/* Reads the 32 hexadecimal digits of an incident's id. */
TW_MUST_USE bool operator_incident_id(const char *text, unsigned char id[INCIDENT_ID_BYTES],
                                      struct err *e);

#endif
