/* A match: one rule held for one event. The lines that tell it. */
#ifndef TW_RESPOND_MATCH_H
#define TW_RESPOND_MATCH_H

#include "base/buf.h"
#include "respond/facts.h"
#include "respond/put.h"

/* All borrowed. output is what facts_output gave. */
struct match {
    const struct ruleset *rs;
    uint32_t rule;
    const struct facts *facts;
    struct str output;
};

/* Appends a line with its end:
 *
 * {"type":"match","rule":{...},"event":{"id":"0d2f...","time":"2026-03-17T14:05:11Z",
 *  "source":"cloudtrail.amazonaws.com","name":"StopLogging","account":"111122223333",
 *  "region":"us-east-1","actor":"arn:aws:iam::111122223333:user/dev","ip":"203.0.113.7",
 *  "user_agent":"aws-cli/2.15.0","error":null,"object":"s3://bucket/key"}}
 *
 * What the record does not have is null. Of a Falco rule "output" comes behind "event" too. */
void match_put_json(struct buf *b, const struct match *m);
/* What stands in front of the event in that line, which of a Sigma rule is always the same, and
 * what stands behind it. */
void match_put_head(struct buf *b, const struct ruleset *rs, uint32_t rule, struct str output);
void match_put_tail(struct buf *b, const struct ruleset *rs, uint32_t rule, struct str output);

/* Appends the rule: {"id","title","level","author","tags":[],"dialect","source","references":[]},
 * and for a Falco rule "output" (null when output is absent). */
void rule_put_json(struct buf *b, const struct ruleset *rs, uint32_t rule, struct str output,
                   const struct limits *limits);
/* Appends what matches and alerts tell of an event: {"id",...,"object"} as above. */
void event_put_json(struct buf *b, const struct facts *f, const struct limits *limits);

/* The same as a CSV line, and the line of column names. Spreadsheets run nothing of it. */
void match_put_csv_head(struct buf *b);
void match_put_csv(struct buf *b, const struct match *m);

/* The same as one line for a terminal. */
void match_put_text(struct buf *b, const struct match *m, bool colour);

#endif
