/* Naming nodes and putting them, their links and ties into what one event proves. */
#include "respond/lineage_reading.h"

#include "base/quick.h"
#include "base/sha256.h"
#include "base/timefmt.h"
#include "respond/redact.h"

/* First half of the SHA-256 of a number and parts, each with its length. */
static struct id128 hash_parts(unsigned char number, struct str a, struct str b)
{
    unsigned char raw[SHA256_BYTES];
    struct sha256 s;
    struct id128 id = {0, 0};
    sha256_init(&s);
    sha256_add_part(&s, str_n((const char *)&number, 1));
    sha256_add_part(&s, a);
    sha256_add_part(&s, b);
    sha256_end(&s, raw);
    for (size_t i = 0; i < 8; i++) {
        id.hi = id.hi << 8 | raw[i];
        id.lo = id.lo << 8 | raw[8 + i];
    }
    return id;
}

static uint16_t length_of(struct str s)
{
    return str_present(s) ? (uint16_t)s.n : UINT16_MAX;
}

static struct lineage_name *name_at(struct lineage_names *names, unsigned char number, struct str a,
                                    struct str b)
{
    uint64_t h = quick_hash(quick_hash(QUICK_BEGIN ^ number, a.p, a.n), b.p, b.n);
    return names->list + h % LINEAGE_NAMES_MAX;
}

static bool is_name_of(const struct lineage_name *name, unsigned char number, struct str a,
                       struct str b)
{
    return name->there && name->number == number && name->n_a == length_of(a) &&
           name->n_b == length_of(b) && (a.n == 0 || memcmp(name->text, a.p, a.n) == 0) &&
           (b.n == 0 || memcmp(name->text + a.n, b.p, b.n) == 0);
}

struct id128 reading_id(const struct reading *r, unsigned char number, struct str a, struct str b)
{
    if (!r->names || a.n > LINEAGE_NAMES_TEXT_MAX || b.n > LINEAGE_NAMES_TEXT_MAX - a.n)
        return hash_parts(number, a, b);
    struct lineage_name *name = name_at(r->names, number, a, b);
    if (is_name_of(name, number, a, b))
        return name->id;
    *name = (struct lineage_name){.id = hash_parts(number, a, b),
                                  .number = number,
                                  .there = true,
                                  .n_a = length_of(a),
                                  .n_b = length_of(b)};
    if (a.n)
        memcpy(name->text, a.p, a.n);
    if (b.n)
        memcpy(name->text + a.n, b.p, b.n);
    return name->id;
}

/* What an anonymised record writes over an id ("AKIA****"): many people's, or nobody's. */
static bool is_masked(struct str s)
{
    return s.n && str_find_byte(s, '*', 0) != SIZE_MAX;
}

bool reading_is_usable(struct str s)
{
    return s.n && !is_masked(s);
}

/* The first string of a field, secrets taken out; absent when there is none. */
struct str reading_tie_text(const struct reading *r, enum tie_field field)
{
    struct event *ev = r->ev;
    return redact_text(event_tie(ev, field), &ev->scratch);
}

bool reading_tie_time(const struct reading *r, enum tie_field field, int64_t *ms)
{
    return time_parse(reading_tie_text(r, field), ms);
}

/* Adds a node, or finds it. When there is no room, the event is cut, and node 0 stands for it: a
 * link from it to itself says nothing. */
uint32_t reading_put_node_of(const struct reading *r, const struct lineage_node *node)
{
    struct lineage_event *out = r->out;
    for (uint32_t i = 0; i < out->n_nodes; i++)
        if (id128_cmp(out->nodes[i].id, node->id) == 0)
            return i;
    if (out->n_nodes == LINEAGE_NODES_PER_EVENT) {
        out->cut = true;
        return 0;
    }
    out->nodes[out->n_nodes] = *node;
    return out->n_nodes++;
}

/* A node of an account, named by its kind and two parts. */
uint32_t reading_put_node_in(const struct reading *r, enum lineage_kind kind, struct str a,
                             struct str b, struct str name, struct str account)
{
    return reading_put_node_of(
        r, &(struct lineage_node){.id = reading_id(r, (unsigned char)kind, a, b),
                                  .kind = kind,
                                  .name = name.p ? name : S(""),
                                  .account = account,
                                  .created_ms = INT64_MIN});
}

/* The same, of the caller's account. */
uint32_t reading_put_node(const struct reading *r, enum lineage_kind kind, struct str a,
                          struct str b, struct str name)
{
    return reading_put_node_in(r, kind, a, b, name, r->f->user_account);
}

void reading_put_link(const struct reading *r, uint32_t from, uint32_t to, enum lineage_type type,
                      enum lineage_strength strength)
{
    struct lineage_event *out = r->out;
    if (from == to)
        return;
    if (out->n_links == LINEAGE_LINKS_PER_EVENT) {
        out->cut = true;
        return;
    }
    out->links[out->n_links++] = (struct lineage_link){from, to, type, strength};
}

void reading_put_tie(const struct reading *r, enum lineage_tie_kind kind, struct id128 lane,
                     int64_t time_ms, uint32_t node)
{
    struct lineage_event *out = r->out;
    if (out->n_ties == LINEAGE_TIES_PER_EVENT)
        out->cut = true;
    else
        out->ties[out->n_ties++] = (struct lineage_tie){kind, lane, time_ms, node};
}

struct str reading_first_of(struct str a, struct str b)
{
    return a.n ? a : b;
}
