/* Names and the sentence. */
#include "respond/incident_say.h"

#include "base/escape.h"
#include "base/timefmt.h"
#include "respond/incident_put.h"
#include "respond/put.h"

/* Names that the sentence lists; the rest are counted. */
#define NAMED_MAX 3
/* Bytes of one name in it. */
#define NAME_MAX 200

void incident_put_node_id(struct buf *b, const struct graph_node *n)
{
    unsigned char half[8];
    for (size_t i = 0; i < 8; i++)
        half[i] = (unsigned char)(n->id.hi >> (56 - 8 * i) & 0xff);
    buf_putz(b, lineage_kind_name((enum lineage_kind)n->kind));
    buf_putc(b, '/');
    buf_put_hex(b, half, sizeof half);
}

struct str incident_short_name(const struct graph_node *n)
{
    struct str rest = n->name, last = STR_ABSENT;
    if (!str_starts(n->name, S("arn:")))
        return n->name;
    for (size_t i = 0; i < 5 && str_present(rest); i++)
        str_cut(&rest, ':');
    if (str_starts(rest, S("assumed-role/")))
        return str_skip(rest, 13);
    while (str_present(rest))
        last = str_cut(&rest, '/');
    return last.n ? last : n->name;
}

struct str incident_title(const struct incident *i)
{
    const struct ruleset *rs = i->from->rules;
    const struct rs_rule *gravest = NULL;
    for (size_t k = 0; k < i->signals.n; k++) {
        const struct rs_rule *r = rs->rules + incident_signal(i, k)->alert->window->rule;
        if (!gravest || r->level > gravest->level)
            gravest = r;
    }
    return gravest ? rs_str(rs, gravest->title) : S("");
}

void incident_put_api(struct buf *b, const struct incident *i, const struct seen *s)
{
    struct buf api;
    buf_init(&api, 2 * SEEN_TEXT_MAX + 1);
    buf_put(&api, seen_text(&i->from->seen, s->source));
    buf_putc(&api, ':');
    buf_put(&api, seen_text(&i->from->seen, s->name));
    buf_put_json(b, buf_str(&api));
    buf_release(&api);
}

/* ---- the sentence ---- */

static const struct graph_node *node_of(const struct incident *i, uint32_t node)
{
    return lineage_graph_node(&i->from->graph, node);
}

static void put_named(struct buf *b, const struct graph_node *n)
{
    buf_putz(b, lineage_kind_name((enum lineage_kind)n->kind));
    buf_putc(b, ' ');
    put_text(b, n->kind == LINEAGE_ROOT ? n->account : incident_short_name(n), NAME_MAX);
}

/* A list of which only the first are named. */
struct listing {
    struct buf *b;
    size_t n;
};

static void list_add(struct listing *l, const struct graph_node *n)
{
    if (l->n < NAMED_MAX) {
        buf_putz(l->b, l->n ? ", " : "");
        put_named(l->b, n);
    }
    l->n++;
}

static void list_end(const struct listing *l)
{
    if (l->n > NAMED_MAX)
        buf_putf(l->b, " and %zu more", l->n - NAMED_MAX);
}

static void put_beginners(struct buf *b, const struct incident *i)
{
    struct listing l = {b, 0};
    for (size_t k = 0; k < i->actors.n; k++)
        if (incident_began(incident_actor(i, k)))
            list_add(&l, node_of(i, incident_actor(i, k)->node));
    list_end(&l);
    if (l.n == 0)
        buf_putz(b, "somebody");
}

static void put_addresses(struct buf *b, const struct incident *i)
{
    size_t n = 0;
    for (size_t k = 0; k < i->endpoints.n; k++) {
        const struct made_endpoint *p = incident_endpoint(i, k);
        if (p->aws)
            continue;
        if (n++ == 0) {
            buf_putz(b, " from ");
            put_text(b, seen_text(&i->from->seen, p->ip), NAME_MAX);
        }
    }
    if (n > 1)
        buf_putf(b, " and %zu more address%s", n - 1, n > 2 ? "es" : "");
}

/* ". It led to user support-ro and key AKIA..." */
static void put_led_to(struct buf *b, const struct incident *i)
{
    struct buf names;
    struct listing l = {&names, 0};
    buf_init(&names, 8 * NAME_MAX);
    for (size_t k = 0; k < i->actors.n; k++)
        if (incident_actor(i, k)->made)
            list_add(&l, node_of(i, incident_actor(i, k)->node));
    for (size_t k = 0; k < i->links.n; k++)
        if (incident_link(i, k)->key != LINEAGE_NONE)
            list_add(&l, node_of(i, incident_key(i, incident_link(i, k)->key)->node));
    list_end(&l);
    if (l.n) {
        buf_putz(b, ". It led to ");
        buf_put(b, buf_str(&names));
    }
    buf_release(&names);
}

void incident_put_summary(struct buf *b, const struct incident *i)
{
    const struct incident_group *g = i->group;
    put_beginners(b, i);
    put_addresses(b, i);
    uint32_t n = g->n + g->left_out;
    buf_putf(b, ": %u alert%s", (unsigned)n, n == 1 ? "" : "s");
    if (g->timed) {
        buf_putz(b, g->first_ms == g->last_ms ? " at " : " from ");
        time_put(b, g->first_ms);
    }
    if (g->timed && g->first_ms != g->last_ms) {
        buf_putz(b, " to ");
        time_put(b, g->last_ms);
    }
    buf_putz(b, n == 1 ? ", \"" : ", the gravest \"");
    put_text(b, incident_title(i), NAME_MAX);
    buf_putf(b, "\" (%s)", level_name(g->level));
    put_led_to(b, i);
    buf_putc(b, '.');
}
