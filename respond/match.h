/* A match: one rule held for one event. The lines that tell it. */
#ifndef TW_RESPOND_MATCH_H
#define TW_RESPOND_MATCH_H

#include "base/buf.h"
#include "engine/ruleset.h"
#include "respond/facts.h"

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
 * What the record does not have is null. */
void match_put_json(struct buf *b, const struct match *m);

/* Appends the rule: {"id","title","level","author","tags":[],"dialect","source","references":[]},
 * and for a Falco rule "output" (null when output is absent). */
void rule_put_json(struct buf *b, const struct ruleset *rs, uint32_t rule, struct str output);
/* Appends what matches and alerts tell of an event: {"id",...,"object"} as above. */
void event_put_json(struct buf *b, const struct facts *f);

/* The same as a CSV line, and the line of column names. Spreadsheets run nothing of it. */
void match_put_csv_head(struct buf *b);
void match_put_csv(struct buf *b, const struct match *m);

/* The same as one line for a terminal. */
void match_put_text(struct buf *b, const struct match *m, bool colour);

/* Appends the level's name in upper case, between brackets, coloured when wanted: "[HIGH]". */
void level_put_text(struct buf *b, enum level level, bool colour);

/* Appends a moment as a JSON string, or null when it is not timed. */
void time_put_json(struct buf *b, bool timed, int64_t ms);
/* Appends "name":string and a comma. */
void member_put_json(struct buf *b, const char *name, struct str value);

#endif
