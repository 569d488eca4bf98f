/* The incident for people, and as a line of CSV. */
#include "base/escape.h"
#include "base/timefmt.h"
#include "respond/incident_put.h"
#include "respond/incident_say.h"
#include "respond/put.h"

/* Lines of one paragraph; the JSON has all. */
#define LINES_MAX 30
/* Bytes of one name on a line, and keys or user agents on one. */
#define NAME_MAX  300
#define ITEMS_MAX 4

static const struct graph_node *node_of(const struct incident *i, uint32_t node)
{
    return lineage_graph_node(&i->from->graph, node);
}

static struct str text_of(const struct incident *i, uint32_t text)
{
    return seen_text(&i->from->seen, text);
}

/* Appends the n-th item of a line (from 0): what goes before it, and at most ITEMS_MAX of them. */
static void put_nth(struct buf *b, size_t n, const char *first, const char *other, struct str item)
{
    if (n >= ITEMS_MAX)
        return;
    buf_putz(b, n ? other : first);
    put_text(b, item, NAME_MAX);
}

static void put_more(struct buf *b, size_t n)
{
    if (n > ITEMS_MAX)
        buf_putf(b, " and %zu more", n - ITEMS_MAX);
}

/* Begins a line "  name      ", the name on the first of its lines only. */
static void put_label(struct buf *b, const char *name, size_t line)
{
    buf_putf(b, "  %-9s", line ? "" : name);
}

/* What is not on a line of its own: `kept` are at hand, `cut` are not. */
static void put_rest(struct buf *b, size_t kept, size_t cut)
{
    size_t left = (kept > LINES_MAX ? kept - LINES_MAX : 0) + cut;
    if (left == 0)
        return;
    put_label(b, "", 1);
    buf_putf(b, "and %zu more\n", left);
}

static void put_actor(struct buf *b, const struct incident *i, uint32_t at)
{
    const struct made_actor *a = incident_actor(i, at);
    const struct graph_node *n = node_of(i, a->node);
    size_t keys = 0;
    buf_putf(b, "%s ", lineage_kind_name((enum lineage_kind)n->kind));
    put_text(b, n->name, NAME_MAX);
    for (size_t k = 0; k < i->keys.n; k++) {
        if (incident_key(i, k)->owner != at)
            continue;
        put_nth(b, keys++, ", key ", ", ", node_of(i, incident_key(i, k)->node)->name);
    }
    put_more(b, keys);
    buf_putf(b, " (%u event%s)\n", (unsigned)a->events, a->events == 1 ? "" : "s");
}

static void put_actors(struct buf *b, const struct incident *i)
{
    for (uint32_t k = 0; k < i->actors.n && k < LINES_MAX; k++) {
        put_label(b, "who", k);
        put_actor(b, i, k);
    }
    put_rest(b, i->actors.n, i->cut.actors);
}

static void put_links(struct buf *b, const struct incident *i)
{
    for (size_t k = 0; k < i->links.n && k < LINES_MAX; k++) {
        const struct made_link *l = incident_link(i, k);
        uint32_t to =
            l->key != LINEAGE_NONE ? incident_key(i, l->key)->node : incident_actor(i, l->to)->node;
        put_label(b, "links", k);
        put_text(b, incident_short_name(node_of(i, incident_actor(i, l->from)->node)), NAME_MAX);
        buf_putf(b, " -> %s: ", lineage_type_name((enum lineage_type)l->link->type));
        put_text(b, incident_short_name(node_of(i, to)), NAME_MAX);
        if (l->link->time_ms != INT64_MAX) {
            buf_putz(b, " at ");
            time_put(b, l->link->time_ms);
        }
        buf_putf(b, " (%s)\n", lineage_strength_name((enum lineage_strength)l->link->strength));
    }
    put_rest(b, i->links.n, i->cut.links);
}

static void put_endpoints(struct buf *b, const struct incident *i)
{
    for (uint32_t k = 0; k < i->endpoints.n && k < LINES_MAX; k++) {
        size_t agents = 0;
        put_label(b, "from", k);
        put_text(b, text_of(i, incident_endpoint(i, k)->ip), NAME_MAX);
        for (size_t j = 0; j < i->agents.n; j++) {
            const struct made_agent *a = vec_at(&i->agents, j);
            if (a->endpoint == k)
                put_nth(b, agents++, ": ", "; ", text_of(i, a->agent));
        }
        put_more(b, agents);
        buf_putc(b, '\n');
    }
    put_rest(b, i->endpoints.n, i->cut.endpoints);
}

static void put_signals(struct buf *b, const struct incident *i, bool colour)
{
    const struct ruleset *rs = i->from->rules;
    for (size_t k = 0; k < i->signals.n && k < LINES_MAX; k++) {
        const struct incident_signal *s = incident_signal(i, k);
        const struct incident_alert *a = s->alert;
        const struct rs_rule *r = rs->rules + a->window->rule;
        put_label(b, "alerts", k);
        if (a->timed) {
            time_put(b, s->first_ms);
            buf_putc(b, ' ');
        }
        put_level(b, (enum level)r->level, colour);
        buf_putc(b, ' ');
        put_text(b, rs_str(rs, r->title), NAME_MAX);
        if (a->count > 1) {
            buf_putz(b, " (");
            buf_put_u64(b, a->count);
            buf_putz(b, " events)");
        }
        buf_putc(b, '\n');
    }
    put_rest(b, i->signals.n, i->cut.signals);
}

static struct str resource_name(const struct incident *i, size_t k)
{
    const struct made_resource *r = vec_at(&i->resources, k);
    return text_of(i, r->name);
}

/* Up to the last slash of an object's ARN: arn:aws:s3:::bucket/folder/. Absent for other names. */
static struct str folder_of(struct str name)
{
    size_t n = name.n;
    while (n && name.p[n - 1] != '/')
        n--;
    return n && str_starts(name, S("arn:")) && str_find(name, S(":s3:::"), 0) != SIZE_MAX
               ? str_slice(name, 0, n)
               : STR_ABSENT;
}

/* Whether a resource goes without a line: one before it has the name, or is of the same folder. */
static bool is_like_one_before(const struct incident *i, size_t k)
{
    struct str name = resource_name(i, k), folder = folder_of(name);
    for (size_t j = 0; j < k; j++) {
        struct str other = resource_name(i, j);
        if (str_eq(other, name) || (str_present(folder) && str_eq(folder_of(other), folder)))
            return true;
    }
    return false;
}

/* How many of those behind resource k lie in its folder. */
static size_t count_like(const struct incident *i, size_t k)
{
    struct str folder = folder_of(resource_name(i, k));
    size_t n = 0;
    for (size_t j = k + 1; str_present(folder) && j < i->resources.n; j++)
        n += str_eq(folder_of(resource_name(i, j)), folder);
    return n;
}

/* Objects of one folder are one line: a copied bucket would bury what else was touched. */
static void put_resources(struct buf *b, const struct incident *i)
{
    size_t lines = 0;
    for (size_t k = 0; k < i->resources.n; k++) {
        const struct made_resource *r = vec_at(&i->resources, k);
        if (is_like_one_before(i, k) || lines++ >= LINES_MAX)
            continue;
        put_label(b, "about", lines - 1);
        buf_putf(b, "%s ", r->type);
        put_text(b, resource_name(i, k), NAME_MAX);
        size_t like = count_like(i, k);
        if (like)
            buf_putf(b, " and %zu more of its folder", like);
        buf_putc(b, '\n');
    }
    put_rest(b, lines, i->cut.resources);
}

/* Of an incident that was told before, and of others that turned out to be the same. */
static void put_update(struct buf *b, const struct incident *i)
{
    const struct incident_group *g = i->group;
    if (g->updates) {
        put_label(b, "update", 0);
        buf_putf(b, "number %u of an incident that was told before\n", (unsigned)g->updates);
    }
    for (size_t k = 0; k < g->n_joined; k++) {
        put_label(b, "joined", k);
        buf_putz(b, "incident ");
        put_text(b, g->joined[k], SIZE_MAX);
        buf_putz(b, " turned out to be the same hand's\n");
    }
}

void incident_put_text_head(struct buf *b, const struct incident *i, bool colour)
{
    put_level(b, i->group->level, colour);
    buf_putz(b, " Incident ");
    buf_putz(b, i->group->id);
    if (i->group->updates)
        buf_putf(b, " (update %u)", (unsigned)i->group->updates);
    buf_putz(b, "\n  ");
    incident_put_summary(b, i);
    buf_putc(b, '\n');
}

void incident_put_text_body(struct buf *b, const struct incident *i, bool colour)
{
    put_update(b, i);
    put_actors(b, i);
    put_links(b, i);
    put_endpoints(b, i);
    put_signals(b, i, colour);
    put_resources(b, i);
}

void incident_put_text(struct buf *b, const struct incident *i, bool colour)
{
    incident_put_text_head(b, i, colour);
    incident_put_text_body(b, i, colour);
}

/* ---- CSV ---- */

void incident_put_csv_head(struct buf *b)
{
    buf_putz(b, "id,level,title,first,last,alerts,events,actors,keys,addresses,summary\r\n");
}

/* Cells are collected here; the longest is the list of 400 actors. */
#define CELL_MAX (1u << 20)

static void put_cell(struct buf *b, struct buf *cell)
{
    buf_put_csv(b, buf_str(cell));
    buf_putc(b, ',');
    buf_reset(cell);
}

static void put_time_cell(struct buf *b, bool timed, int64_t ms)
{
    if (timed)
        time_put(b, ms);
    buf_putc(b, ',');
}

static void put_item(struct buf *cell, struct str s)
{
    buf_putz(cell, cell->n ? "; " : "");
    put_text(cell, s, NAME_MAX);
}

void incident_put_csv(struct buf *b, const struct incident *i)
{
    const struct incident_group *g = i->group;
    struct buf cell;
    buf_init(&cell, CELL_MAX);
    buf_putf(b, "%s,%s,", g->id, level_name(g->level));
    buf_put_csv(b, incident_title(i));
    buf_putc(b, ',');
    put_time_cell(b, g->timed, g->first_ms);
    put_time_cell(b, g->timed, g->last_ms);
    buf_putf(b, "%u,%u,", (unsigned)g->n, (unsigned)i->n_events);
    for (size_t k = 0; k < i->actors.n; k++)
        put_item(&cell, node_of(i, incident_actor(i, k)->node)->name);
    put_cell(b, &cell);
    for (size_t k = 0; k < i->keys.n; k++)
        put_item(&cell, node_of(i, incident_key(i, k)->node)->name);
    put_cell(b, &cell);
    for (size_t k = 0; k < i->endpoints.n; k++)
        if (!incident_endpoint(i, k)->aws)
            put_item(&cell, text_of(i, incident_endpoint(i, k)->ip));
    put_cell(b, &cell);
    incident_put_summary(&cell, i);
    buf_put_csv(b, buf_str(&cell));
    buf_putz(b, "\r\n");
    buf_release(&cell);
}
