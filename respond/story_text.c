/* A story for a terminal. */
#include "base/escape.h"
#include "base/timefmt.h"
#include "respond/incident_put.h"
#include "respond/incident_say.h"
#include "respond/put.h"
#include "respond/story_answer.h"
#include "respond/story_put.h"
#include "respond/subject.h"

/* Lanes, and lines of one lane; the page has all. Of a lane with more lines those that only read
 * are left out. */
#define LANES_MAX    20
#define LINES_MAX    40
#define GATHERED_MAX 512
/* Bytes of one name on a line. */
#define NAME_MAX 160
/* Bytes of one answer. */
#define ANSWER_MAX (64u << 10)

static const struct graph_node *node_of(const struct incident *i, uint32_t node)
{
    return lineage_graph_node(&i->from->graph, node);
}

static const struct graph_node *actor_node(const struct incident *i, uint32_t actor)
{
    return node_of(i, incident_actor(i, actor)->node);
}

static void put_clock(struct buf *b, int64_t ms)
{
    struct buf text;
    buf_init(&text, 64);
    time_put(&text, ms - ms % 1000);
    buf_put(b, str_slice(buf_str(&text), 5, 19)); /* 03-17T14:05:11 */
    buf_release(&text);
}

static void put_answer(struct buf *b, const char *question, struct buf *text)
{
    buf_putf(b, "  %-10s", question);
    buf_put(b, buf_str(text));
    buf_putc(b, '\n');
    buf_reset(text);
}

void story_put_answers(struct buf *b, const struct stories *s, const struct story *story)
{
    struct answer_items items;
    struct buf text;
    buf_init(&text, ANSWER_MAX);
    answer_items(s, story, &items);
    answer_put_happened(&text, &story->incident);
    put_answer(b, "what", &text);
    answer_put_resources(&text, &items);
    put_answer(b, "touched", &text);
    answer_put_credentials(&text, &story->incident);
    put_answer(b, "whose", &text);
    answer_put_entry(&text, s, story);
    put_answer(b, "entry", &text);
    answer_put_elsewhere(&text, s, story);
    put_answer(b, "elsewhere", &text);
    buf_release(&text);
}

/* ---- lanes ---- */

/* "    03-17T14:05:11 * CreateUser  user support x3" */
static void put_line(struct buf *b, const struct story_step *t, uint32_t times)
{
    buf_putz(b, "    ");
    if (t->time_ms != INT64_MIN)
        put_clock(b, t->time_ms);
    else
        buf_putz(b, "-             ");
    buf_putf(b, " %c ", t->evidence ? '*' : ' ');
    put_text(b, t->text[STEP_NAME].n ? t->text[STEP_NAME] : S("(no name)"), NAME_MAX);
    if (times > 1)
        buf_putf(b, " x%u", (unsigned)times);
    for (size_t k = 0; k < t->n_targets && k < 2; k++) {
        buf_putf(b, "%s%s ", k ? ", " : "  ", t->targets[k].type);
        put_text(b, t->targets[k].name, NAME_MAX);
    }
    if (story_step_failed(t)) {
        buf_putz(b, "  refused: ");
        put_text(b, t->text[STEP_ERROR], NAME_MAX);
    }
    buf_putc(b, '\n');
}

/* "  user support-ro, created by user dana at 03-17T14:04:26" */
static void put_lane_head(struct buf *b, const struct incident *i, uint32_t actor)
{
    const struct graph_node *n = actor_node(i, actor);
    buf_putf(b, "  %s ", lineage_kind_name((enum lineage_kind)n->kind));
    put_text(b, incident_short_name(n), NAME_MAX);
    for (size_t k = 0; k < i->links.n; k++) {
        const struct made_link *l = incident_link(i, k);
        if (l->to != actor || l->from == actor || l->key != LINEAGE_NONE)
            continue;
        buf_putf(b, ", %s by ", lineage_type_name((enum lineage_type)l->link->type));
        put_text(b, incident_short_name(actor_node(i, l->from)), NAME_MAX);
        if (l->link->time_ms != INT64_MAX) {
            buf_putz(b, " at ");
            put_clock(b, l->link->time_ms);
        }
        if (l->link->strength == LINK_WEAK)
            buf_putz(b, " (perhaps)");
        break;
    }
    buf_putc(b, '\n');
}

/* Alike calls, told as one line. */
struct line {
    const struct story_step *step; /* the first */
    uint32_t times;
};

struct lane {
    struct line lines[GATHERED_MAX];
    size_t n;
    size_t since; /* line from which on calls are compared: alike ones before a change stay apart */
    uint32_t left;   /* calls that found no line */
    uint32_t others; /* calls that only read and that no alert names */
};

static bool is_alike(const struct story_step *a, const struct story_step *b)
{
    return str_eq(a->text[STEP_NAME], b->text[STEP_NAME]) &&
           str_eq(a->text[STEP_SOURCE], b->text[STEP_SOURCE]) &&
           story_step_failed(a) == story_step_failed(b) && a->evidence == b->evidence;
}

static void gather_step(struct lane *l, const struct story_step *t)
{
    if (!t->evidence && t->access == ACCESS_READ) {
        l->others++;
        return;
    }
    for (size_t k = l->since; k < l->n; k++)
        if (is_alike(l->lines[k].step, t)) {
            l->lines[k].times++;
            return;
        }
    if (l->n == GATHERED_MAX) {
        l->left++;
        return;
    }
    if (t->access != ACCESS_READ)
        l->since = l->n;
    l->lines[l->n++] = (struct line){t, 1};
}

static void put_lane(struct buf *b, const struct stories *s, const struct story *story,
                     uint32_t actor)
{
    struct lane lane = {.n = 0};
    size_t told = 0;
    for (uint32_t k = 0; k < story->n; k++) {
        const struct story_step *t = story_step_at(s, story->first + k);
        if (t->actor == actor)
            gather_step(&lane, t);
    }
    for (size_t k = 0; k < lane.n; k++) {
        const struct line *line = lane.lines + k;
        if (told == LINES_MAX || (lane.n > LINES_MAX && line->step->access == ACCESS_READ)) {
            lane.left += line->times;
            continue;
        }
        put_line(b, line->step, line->times);
        told++;
    }
    if (lane.left)
        buf_putf(b, "    and %u more calls that alerts name or that change something\n",
                 (unsigned)lane.left);
    if (lane.others)
        buf_putf(b, "    and %u calls that only read and that no alert names\n",
                 (unsigned)lane.others);
}

void story_put_lanes(struct buf *b, const struct stories *s, const struct story *story)
{
    const struct incident *i = &story->incident;
    uint32_t n = (uint32_t)i->actors.n;
    for (uint32_t k = 0; k < n && k < LANES_MAX; k++) {
        put_lane_head(b, i, k);
        put_lane(b, s, story, k);
    }
    if (n > LANES_MAX)
        buf_putf(b, "  and %u more identities\n", (unsigned)(n - LANES_MAX));
}

/* ---- the whole ---- */

static void put_do_now(struct buf *b, const struct incident *i)
{
    buf_putf(b, "  do now    trailwarden contain --incident %s", i->group->id);
    buf_putz(b, "   (--dry-run shows the plan; where a state has the incident)\n");
}

void story_put_text(struct buf *b, const struct stories *s, const struct story *story, bool colour)
{
    const struct incident *i = &story->incident;
    incident_put_text_head(b, i, colour);
    put_do_now(b, i);
    story_put_answers(b, s, story);
    story_put_lanes(b, s, story);
    buf_putf(b, "  %u steps of %zu identities; * is named by an alert.\n", (unsigned)story->n,
             i->actors.n);
    if (story->cut) {
        buf_putz(b, "  Left out for want of room: ");
        buf_put_u64(b, story->cut);
        buf_putz(b, " further steps.\n");
    }
    if (s->stopped)
        buf_putf(b, "  The logs were not read to their end: %s.\n", s->stopped);
}
