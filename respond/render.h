/* An alert for people and for machines. */
#ifndef TW_RESPOND_RENDER_H
#define TW_RESPOND_RENDER_H

#include "base/buf.h"
#include "base/err.h"
#include "respond/alert.h"
#include "respond/put.h"
#include "respond/rendered.h"

/* What fits a terminal: the first and last three events. */
extern const struct limits limits_screen;

/* Appends the alert as JSON, without a line end:
 *
 * {"type":"alert","id":"<32 hex>","updates":0,"rule":{...as in a match...},
 *  "key":{"account":"111122223333","identity":"AIDAEXAMPLE"},
 *  "first":"2026-03-17T14:05:11Z","last":"2026-03-17T14:09:00Z","count":3,
 *  "events":["<event id>",...],"title":"CloudTrail logging was stopped","text":"<a sentence>",
 *  "mitre":[{"tactic":"TA0005","tactic_name":"Defense Evasion","technique":"T1562.008",
 *            "technique_name":"Disable or Modify Cloud Logs"}],
 *  "identity":{"type","arn","principal","account","name","access_key","issuer","invoked_by"},
 *  "event":{...the first event as in a match...},"fields":{"requestParameters.name":"main"},
 *  "why":"<the rule's description>","runbook":"<what to do next>","falsepositives":[...],
 *  "version":"0.1.0","rules":"<SHA-256 of the rules>"}
 *
 * When evidence lies between the ids at either end, count is larger than their number. There are
 * also, when they apply: "count_is_estimate":true, "joined":["<alert id>",...], and of a
 * correlation "correlation":{"type","condition","rules":[{"id","title"}]}, its key then being its
 * group-by. identity and event are null when nobody knows the first event any more. */
void alert_put_json(struct buf *b, const struct ruleset *rs, const struct alert *a,
                    const struct limits *limits);

/* Appends the alert as paragraphs, lines ended with \n, each string of the log on a line of its own
 * and free of control characters: for terminals and for e-mail. */
void alert_put_text(struct buf *b, const struct ruleset *rs, const struct alert *a,
                    const struct limits *limits, bool colour);

/* A line of CSV and the line of its column names. */
void alert_put_csv_head(struct buf *b);
void alert_put_csv(struct buf *b, const struct ruleset *rs, const struct alert *a);

/* Renders the alert: subject "[HIGH] <title> - <account> <region>" in printable ASCII,
 * an update's with "Update <n>: " in front of the title; text and
 * JSON, both shortened step by step, with a sentence saying so, until they fit; attributes type
 * ("alert"), level, rule, account, region (those that are known). ERR_LIMIT only when memory is
 * out. r's former content is gone; the message borrows from r and from a. */
TW_MUST_USE bool alert_message(const struct ruleset *rs, const struct alert *a, struct rendered *r,
                               struct err *e);

#endif
