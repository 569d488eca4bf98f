/* Stories for the page, for machines and for a terminal. */
#ifndef TW_RESPOND_STORY_PUT_H
#define TW_RESPOND_STORY_PUT_H

#include "respond/story.h"

/* Appends all stories as one JSON object:
 *
 * {"schema":"story/1","stories":[{
 *    "incident":{...},                      respond/incident_put.h
 *    "answers":{"happened":"...","resources":"...","credentials":"...","entry":"...","elsewhere":"..."},
 *    "entry":"<event id>",
 *    "touched":[{"access":"read","type":"secret","name":"...","sensitive":true,"count":3}],
 *    "todo":[{"actor":"user/...","principal":"arn:...","cannot":null}],
 *    "steps":[{"t":"...","actor":"user/...","source":"...","event":"CreateUser","access":"changed",
 *      "error":null,"ip":"...","country":"DE","asn":64500,"org":"...","agent":"...","region":"...",
 *      "account":"...","key":"AKIA...","targets":[["user","support"]],"signals":[0,2],"id":"...",
 *      "file":0,"raw":17}],
 *    "attack":[{"tactic":"TA0003","tactic_name":"Persistence","technique":"T1136.003",
 *      "technique_name":"Cloud Account","signals":[0],"prevent":"..."}],
 *    "containment":[...] or null, "marks":[...] or null, "advice":{...} or null,
 *    "cut":{"steps":0}}],
 *  "files":[{"name":"...","sha256":"...","records":10}],
 *  "limits":{"records":..,"copies":..,"lost":..,"files":..,"incidents":..,"passed_over":..,
 *    "stopped":"..." or null,"newest":"..."},
 *  "version":"...","rules":"<SHA-256>"}
 *
 * Members of a step that its record does not have are left out. "raw" is the line of
 * stories_put_raw that has the record; "recalled":true that it was not read. */
void stories_put_json(struct buf *b, const struct stories *s, const struct ruleset *rules);

/* Appends the records of the steps, a line each, in the order in which their "raw" counts. */
void stories_put_raw(struct buf *b, const struct stories *s);

/* Appends one story as text: what happened, what to do, the four answers, and a lane for each
 * identity in the order of their first deeds. */
void story_put_text(struct buf *b, const struct stories *s, const struct story *story, bool colour);
/* The two largest parts of it. */
void story_put_answers(struct buf *b, const struct stories *s, const struct story *story);
void story_put_lanes(struct buf *b, const struct stories *s, const struct story *story);

#endif
