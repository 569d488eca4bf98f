/* Incidents, shortened until they fit a message. */
#include "respond/incident_message.h"

#include "respond/incident_put.h"
#include "respond/incident_say.h"
#include "respond/put.h"
#include "respond/story_put.h"

/* Tried from the first to the last until a body fits. The last one does: a dozen names of at most
 * 1 KB each, some of them twice, each byte at most twelve on the wire. */
static const struct incident_caps shorter[] = {
    {400, 400, 800, 400, 800, 400, 100},
    {100, 100, 150, 100, 100, 100, 100},
    {40, 40, 60, 40, 40, 40, 60},
    {15, 15, 20, 15, 15, 15, 25},
    {5, 5, 5, 5, 5, 5, 8},
    {2, 1, 1, 1, 1, 1, 2},
};
#define SHORTER (sizeof shorter / sizeof *shorter)
/* Characters of a name in the subject. */
#define WHO_MAX 32

/* Attempts that tell the four answers of the story, and those that tell its lanes as well. */
#define WITH_STORY (SHORTER - 2)
#define WITH_LANES 2

/* What an incident is rendered from, again and again. */
struct rendering {
    struct incidents *x;
    const struct incident_group *group;
    struct incident incident;
    struct stories stories; /* of what its alerts kept; empty without memory */
    struct rendered *to;
};

static bool render_json(struct rendering *g, struct err *e)
{
    for (size_t i = 0; i < SHORTER; i++) {
        if (!incident_make(&g->incident, g->x, g->group, shorter + i, e))
            return false;
        buf_reset(&g->to->json);
        incident_put_json(&g->to->json, &g->incident);
        if (rendered_json_fits(g->to))
            return true;
    }
    return false;
}

static void make_story(struct rendering *g)
{
    stories_init(&g->stories);
    if (!stories_take(&g->stories, g->x, g->group, 1, NULL))
        return;
    stories_ready(&g->stories);
    stories_recall(&g->stories);
    stories_end(&g->stories);
}

static void put_story(struct buf *b, const struct rendering *g, bool lanes)
{
    const struct stories *s = &g->stories;
    if (s->list.n == 0)
        return;
    story_put_answers(b, s, stories_at(s, 0));
    if (lanes)
        story_put_lanes(b, s, stories_at(s, 0));
    buf_putf(b, "  more      trailwarden story --incident %s --from s3://...\n", g->group->id);
}

static bool render_text(struct rendering *g, struct err *e)
{
    struct buf draft;
    bool fits = false, made = true;
    buf_init(&draft, MESSAGE_TEXT_WIRE_MAX);
    for (size_t i = 0; !fits && made && i < SHORTER; i++) {
        made = incident_make(&g->incident, g->x, g->group, shorter + i, e);
        if (!made)
            break;
        buf_reset(&draft);
        incident_put_text_head(&draft, &g->incident, false);
        if (i < WITH_STORY)
            put_story(&draft, g, i < WITH_LANES);
        incident_put_text_body(&draft, &g->incident, false);
        if (i > 0)
            buf_putz(&draft, "\nThis was shortened to fit a message.\n");
        fits = rendered_take_text(g->to, &draft);
    }
    buf_release(&draft);
    return fits;
}

/* A word of the first event that has it; absent when none has. */
static struct str first_word(const struct incident *i, bool region)
{
    for (size_t k = 0; k < i->events.n; k++) {
        const struct seen *s = incident_event(i, k)->seen;
        struct str word = seen_text(&i->from->seen, region ? s->region : s->account);
        if (word.n)
            return word;
    }
    return STR_ABSENT;
}

/* Who began it, in the words of people; absent when nobody is known. */
static struct str beginner(const struct incident *i)
{
    for (size_t k = 0; k < i->actors.n; k++)
        if (incident_began(incident_actor(i, k)))
            return incident_short_name(
                lineage_graph_node(&i->from->graph, incident_actor(i, k)->node));
    return STR_ABSENT;
}

static void render_subject(const struct rendering *g)
{
    struct str who = beginner(&g->incident), account = first_word(&g->incident, false);
    struct buf *b = &g->to->subject;
    struct buf tail;
    buf_init(&tail, 32);
    if (account.n) {
        buf_putz(&tail, " - ");
        rendered_put_ascii(&tail, account, 12); /* digits of an account id */
    }
    put_level(b, g->group->level, false);
    buf_putz(b, " Incident");
    if (g->group->updates)
        buf_putf(b, ", update %u", (unsigned)g->group->updates);
    buf_putz(b, ": ");
    if (who.n) {
        rendered_put_ascii(b, who, WHO_MAX);
        buf_putz(b, ": ");
    }
    rendered_put_ascii(b, incident_title(&g->incident), MESSAGE_SUBJECT_MAX - tail.n - b->n);
    buf_put(b, buf_str(&tail));
    buf_release(&tail);
}

bool incident_message(struct incidents *x, const struct incident_group *g, struct rendered *r,
                      struct err *e)
{
    struct rendering to = {.x = x, .group = g, .to = r};
    incident_init(&to.incident);
    rendered_begin(r);
    make_story(&to);
    bool fits = render_text(&to, e) && render_json(&to, e);
    if (fits) {
        render_subject(&to);
        rendered_add(r, "type", S("incident"));
        rendered_add(r, "level", str_of(level_name(g->level)));
        rendered_add(r, "account", first_word(&to.incident, false));
        rendered_add(r, "region", first_word(&to.incident, true));
        r->message.updates = g->updates;
        r->message.account = first_word(&to.incident, false);
    }
    bool ok = rendered_end(r, fits, str_of(g->id), "incident", e);
    stories_release(&to.stories);
    incident_release(&to.incident);
    return ok;
}
