/* An incident as a message. */
#ifndef TW_RESPOND_INCIDENT_MESSAGE_H
#define TW_RESPOND_INCIDENT_MESSAGE_H

#include "respond/incident_make.h"
#include "respond/rendered.h"

/* Renders the incident of one group of x: subject "[HIGH] Incident: <who began it>: <title> -
 * <account>" in printable ASCII, of an update "Incident, update <n>:"; text and JSON, both with
 * less and less in them until they fit, what is left out counted as incident_put_json says;
 * attributes type ("incident"), level, account and region (of its first event, when known). r's
 * former content is gone; the message borrows from r, x and g. ERR_LIMIT when memory is out. */
TW_MUST_USE bool incident_message(struct incidents *x, const struct incident_group *g,
                                  struct rendered *r, struct err *e);

#endif
