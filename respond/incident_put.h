/* An incident for people and for machines. */
#ifndef TW_RESPOND_INCIDENT_PUT_H
#define TW_RESPOND_INCIDENT_PUT_H

#include "base/buf.h"
#include "respond/incident_make.h"

/* Appends the incident as JSON, without a line end, in the shape of GuardDuty's attack sequence:
 * signals, resources and links refer to actors, endpoints and resources by their ids.
 *
 * {"type":"incident","id":"<32 hex>","updates":0,"level":"high","risk":38,
 *  "title":"<the gravest rule's>","summary":"<a
 * sentence>","first":"2026-03-17T14:02:01Z","last":"...","events":12,
 *  "accounts":["111122223333"],"regions":["eu-west-1"],
 *  "actors":[{"id":"user/3f0c8a5d0e3b7c11","kind":"user","name":"arn:...","account":"...",
 *    "created":null,"began":true,"events":12,
 *    "keys":[{"id":"key/...","key":"AKIA...","events":11}]}],
 *  "keys":[{"id":"key/...","key":"AKIA...","events":0}],
 *  "links":[{"type":"created","strength":"certain","from":"user/...","to":"user/...",
 *    "time":"...","event":"<event id>"}],
 *  "endpoints":[{"id":"198.51.100.7","ip":"198.51.100.7","kind":"address","events":12,"first":"...",
 *    "last":"...","user_agents":["..."]}],
 *  "resources":[{"id":"resource/9d2c...","type":"user","name":"support","account":"...",
 *    "region":"..."}],
 *  "signals":[{"id":"<alert
 * id>","type":"alert","rule":{"id","title"},"level":"high","risk":25,"first":"...",
 *    "last":"...","count":3,"mitre":[{"tactic","technique"}],"apis":["iam.amazonaws.com:CreateUser"],
 *    "actors":["user/..."],"endpoints":["..."],"resources":["resource/9d2c..."]}],
 *  "indicators":[{"key":"ATTACK_TACTIC","values":["TA0003"]}],
 *  "truncated":[{"what":"signals","kept":100,"total":140}],
 *  "version":"0.1.0","rules":"<SHA-256 of the rules>"}
 *
 * The second "keys" are those made here whose owner nobody knows. `created` is a session's. Behind
 * "updates" comes "joined":["<incident id>"], when others turned out to be this one. */
void incident_put_json(struct buf *b, const struct incident *i);

/* Appends it as paragraphs for a terminal or a mail. */
void incident_put_text(struct buf *b, const struct incident *i, bool colour);
/* The same in two parts, for those who tell more in between: level, id and sentence; paragraphs. */
void incident_put_text_head(struct buf *b, const struct incident *i, bool colour);
void incident_put_text_body(struct buf *b, const struct incident *i, bool colour);

/* A line of CSV, lists joined by "; ", and the line of its column names. */
void incident_put_csv_head(struct buf *b);
void incident_put_csv(struct buf *b, const struct incident *i);

/* Appends one sentence: who, from where, how many alerts of what, and whom he became. */
void incident_put_summary(struct buf *b, const struct incident *i);

#endif
