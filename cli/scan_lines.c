/* Matches, made and written. */
#include "cli/scan_lines.h"

#include <stdlib.h>

#define OUTPUT_ABSENT UINT32_MAX

/* A hit as it is stored. */
struct stored_hit {
    uint32_t rule;
    uint32_t output_at, output_n; /* among the outputs; OUTPUT_ABSENT */
    unsigned char key[ONCE_KEY_BYTES];
};

struct head {
    uint32_t n_hits;
    uint32_t event_n; /* bytes of its JSON */
};

void lines_maker_init(struct lines_maker *m, const struct ruleset *rules, enum scan_format format,
                      bool colour)
{
    *m = (struct lines_maker){.rules = rules, .format = format, .colour = colour};
    buf_init(&m->hits, (size_t)rules->n_rules * sizeof(struct stored_hit));
    buf_init(&m->outputs, OUTPUT_LINE_MAX);
    buf_init(&m->made, LINES_MADE_MAX);
    buf_init(&m->falco, FACTS_OUTPUT_MAX);
}

void lines_maker_release(struct lines_maker *m)
{
    buf_release(&m->hits);
    buf_release(&m->outputs);
    buf_release(&m->falco);
    buf_release(&m->made);
}

void lines_begin(struct lines_maker *m)
{
    buf_reset(&m->hits);
    buf_reset(&m->outputs);
    m->n = 0;
}

/* Puts the Falco output, or the line; false when there is none. */
static bool put_output(struct lines_maker *m, struct event *ev, uint32_t rule,
                       const struct facts *f)
{
    const struct match match = {m->rules, rule, f, facts_output(ev, rule, &m->falco)};
    switch (m->format) {
    case FORMAT_CSV:
        match_put_csv(&m->outputs, &match);
        return true;
    case FORMAT_TEXT:
        match_put_text(&m->outputs, &match, m->colour);
        return true;
    case FORMAT_JSONL:
    case FORMAT_EXPORT:
        break;
    }
    if (!str_present(match.output) || match.output.n > LINE_OUTPUTS_MAX - m->outputs.n)
        return false;
    buf_put(&m->outputs, match.output);
    return true;
}

void lines_add(struct lines_maker *m, struct event *ev, uint32_t rule, const struct facts *f)
{
    struct stored_hit hit = {.rule = rule, .output_at = (uint32_t)m->outputs.n};
    bool has_output = put_output(m, ev, rule, f);
    hit.output_n = has_output ? (uint32_t)m->outputs.n - hit.output_at : OUTPUT_ABSENT;
    once_key(rs_str(m->rules, m->rules->rules[rule].id), f->evidence, hit.key);
    buf_put(&m->hits, str_n((const char *)&hit, sizeof hit));
    m->n++;
}

bool lines_end(struct lines_maker *m, const struct facts *f, struct buf *out)
{
    struct head head = {.n_hits = m->n};
    if (m->hits.failed || m->outputs.failed)
        return false;
    size_t at = out->n;
    buf_put(out, str_n((const char *)&head, sizeof head));
    buf_put(out, buf_str(&m->hits));
    size_t event = out->n;
    if (m->format == FORMAT_JSONL)
        event_put_json(out, f, &limits_none);
    head.event_n = (uint32_t)(out->n - event);
    buf_put(out, buf_str(&m->outputs));
    if (!out->failed)
        memcpy(out->p + at, &head, sizeof head);
    return true;
}

static struct head head_of(struct str made)
{
    struct head head;
    memcpy(&head, made.p, sizeof head);
    return head;
}

static size_t event_at(const struct head *head)
{
    return sizeof *head + head->n_hits * sizeof(struct stored_hit);
}

struct str lines_event(struct str made)
{
    struct head head = head_of(made);
    return str_slice(made, event_at(&head), event_at(&head) + head.event_n);
}

bool lines_hit(struct str made, size_t i, struct line_hit *hit)
{
    struct head head = head_of(made);
    struct stored_hit stored;
    if (i >= head.n_hits)
        return false;
    memcpy(&stored, made.p + sizeof head + i * sizeof stored, sizeof stored);
    hit->rule = stored.rule;
    memcpy(hit->key, stored.key, sizeof hit->key);
    size_t at = event_at(&head) + head.event_n + stored.output_at;
    hit->output =
        stored.output_n == OUTPUT_ABSENT ? STR_ABSENT : str_slice(made, at, at + stored.output_n);
    return true;
}

/* ---- beginnings ---- */

bool line_heads_init(struct line_heads *h, const struct ruleset *rules)
{
    *h = (struct line_heads){.rules = rules};
    arena_init(&h->memory, LINE_HEADS_MAX);
    buf_init(&h->room, OUTPUT_LINE_MAX);
    h->list = calloc((size_t)rules->n_rules + 1, sizeof *h->list);
    return h->list;
}

void line_heads_release(struct line_heads *h)
{
    arena_release(&h->memory);
    buf_release(&h->room);
    free(h->list);
}

/* The rule's beginning, kept for the next time; absent when it cannot be. */
static struct str keep_head(struct line_heads *h, uint32_t rule)
{
    if (str_present(h->list[rule]) || h->rules->rules[rule].dialect == DIALECT_FALCO)
        return h->list[rule];
    buf_reset(&h->room);
    match_put_head(&h->room, h->rules, rule, STR_ABSENT);
    if (!h->room.failed)
        h->list[rule] = arena_str(&h->memory, buf_str(&h->room));
    return h->list[rule];
}

void line_put(struct line_heads *h, struct buf *out, const struct line_hit *hit, struct str event)
{
    struct str head = keep_head(h, hit->rule);
    if (str_present(head))
        buf_put(out, head);
    else
        match_put_head(out, h->rules, hit->rule, hit->output);
    buf_put(out, event);
    match_put_tail(out, h->rules, hit->rule, hit->output);
}
