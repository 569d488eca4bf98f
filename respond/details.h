/* What is worth telling of one event, as text that the state keeps: whoever comes to tell the alert
 * may be another delivery than the one that saw the event.
 *
 * The text is one JSON object, and so short that it fits a claim; a member that is absent here was
 * absent in the event:
 *
 * {"event":{"id":"0d2f...","time":"2026-03-17T14:05:11Z","source":"iam.amazonaws.com",
 *   "name":"CreateUser","account":"111122223333","region":"us-east-1","ip":"203.0.113.7",
 *   "user_agent":"aws-cli/2.15.0","error":"AccessDenied","sign_in":"Success",
 *   "object":"s3://bucket/key"},
 *  "identity":{"type":"IAMUser","arn":"arn:...","principal":"AIDA...","account":"111122223333",
 *   "name":"dev","access_key":"AKIA...","issuer":"arn:...","invoked_by":"...",
 *   "country":"DE","asn":64500,"as_org":"Example Networks"},
 *  "node":{"id":"<32 hex>","kind":3,"created":1773755061000,"key":"<32 hex>"},
 *  "output":"<Falco's line>","fields":[["requestParameters.userName","support"]]}
 *
 * node is who acted as lineages know him (respond/lineage.h): the number of his kind, of a session
 * when it began, and the node of the key that signed. */
#ifndef TW_RESPOND_DETAILS_H
#define TW_RESPOND_DETAILS_H

#include "base/arena.h"
#include "base/buf.h"
#include "respond/facts.h"
#include "respond/lineage.h"

/* A field that the rule's author finds worth showing, with its value in the event. */
struct shown {
    struct str name;
    struct str value;
};
#define SHOWN_MAX       32   /* fields of one alert; public rules name at most 10 */
#define SHOWN_BYTES_MAX 2048 /* of one value; a policy document is often 1 to 2 KB */

/* All borrowed from the arena and the text of details_read. */
struct details {
    struct facts facts; /* evidence is absent unless the event has an id */
    bool has_node;
    struct lineage_node node; /* who acted, under the name that facts.actor tells */
    struct id128 key;         /* (0, 0): none told */
    struct str output;        /* of a Falco rule */
    struct shown shown[SHOWN_MAX];
    size_t n_shown;
};

/* Writes the details of the present event as one of rule's into out, which is emptied first and
 * keeps to its maximum: values are cut, then fields left out, until they fit. 4 KB always do; when
 * nothing fits, or memory is out, out is empty. scratch is room for FACTS_OUTPUT_MAX bytes. */
void details_put(struct buf *out, struct event *ev, uint32_t rule, const struct facts *f,
                 struct buf *scratch);

/* Reads them back; false when the text is absent or none of ours: nothing is known then. */
bool details_read(struct str text, struct arena *a, struct details *out);

#endif
