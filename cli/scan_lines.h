/* Matches as lines, in two halves, so that several threads can make what one of them writes:
 * what is told of an event is put together once for all rules that hold for it, and what is told of
 * a rule once a run.
 *
 * What is made of one event: the number of hits, the hits (struct line_hit without its output),
 * then the event in JSON, then the hits' Falco outputs behind each other. In another format than
 * JSON lines, whole lines stand in the place of outputs, and no event. */
#ifndef TW_CLI_SCAN_LINES_H
#define TW_CLI_SCAN_LINES_H

#include "adapters/once.h"
#include "adapters/output.h"
#include "base/arena.h"
#include "respond/match.h"

/* Texts of rules that are kept: those of 2,000 rules. Others are made for each line. */
#define LINE_HEADS_MAX (2u << 20)

/* FORMAT_EXPORT is of incidents alone. */
enum scan_format { FORMAT_TEXT, FORMAT_JSONL, FORMAT_CSV, FORMAT_EXPORT };

/* Falco outputs of one event; one more than fits is told as one that does not fit at all. */
#define LINE_OUTPUTS_MAX (8u << 20)
#define LINES_MADE_MAX   (OUTPUT_LINE_MAX + LINE_OUTPUTS_MAX)

struct line_hit {
    uint32_t rule;
    unsigned char key[ONCE_KEY_BYTES];
    struct str output; /* absent of a Sigma rule; or the line */
};

/* One thread's. */
struct lines_maker {
    const struct ruleset *rules;
    enum scan_format format;
    bool colour; /* of FORMAT_TEXT */
    struct buf hits, outputs;
    struct buf falco; /* room of facts_output */
    struct buf made;  /* room for what is made, if the owner wants one */
    uint32_t n;
};

void lines_maker_init(struct lines_maker *m, const struct ruleset *rules, enum scan_format format,
                      bool colour);
void lines_maker_release(struct lines_maker *m);

/* One event: begin, add its hits, end, which appends what was made to out. False, and nothing is
 * appended, when the lines are longer than OUTPUT_LINE_MAX together. */
void lines_begin(struct lines_maker *m);
void lines_add(struct lines_maker *m, struct event *ev, uint32_t rule, const struct facts *f);
TW_MUST_USE bool lines_end(struct lines_maker *m, const struct facts *f, struct buf *out);

/* Reads it again: hit i, false behind the last one; and the event's JSON. Borrowed from made. */
bool lines_hit(struct str made, size_t i, struct line_hit *hit);
struct str lines_event(struct str made);

/* The beginnings of lines, by rule. */
struct line_heads {
    const struct ruleset *rules;
    struct str *list; /* absent: not made yet */
    struct arena memory;
    struct buf room;
};

TW_MUST_USE bool line_heads_init(struct line_heads *h, const struct ruleset *rules);
void line_heads_release(struct line_heads *h);

/* Appends the line with its end. Of JSON lines alone: of other formats it is the output. */
void line_put(struct line_heads *h, struct buf *out, const struct line_hit *hit, struct str event);

#endif
