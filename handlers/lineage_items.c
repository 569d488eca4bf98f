/* Items of nodes, and keys. */
#include "handlers/lineage_items.h"

#include "base/wire.h"
#include "respond/put.h"

#define WIRE_VERSION 2 /* 1 had no session */
#define ABSENT       0xffff

void node_item_init(struct node_item *it, struct arena *memory)
{
    *it = (struct node_item){.kind = LINEAGE_KINDS, .name = S(""), .created_ms = INT64_MIN};
    book_init(&it->book, memory);
}

void node_item_release(struct node_item *it)
{
    book_release(&it->book);
}

/* ---- the wire form ---- */

static void put_id128(struct buf *b, struct id128 id)
{
    wire_put(b, id.hi, 8);
    wire_put(b, id.lo, 8);
}

static void put_name(struct buf *b, struct str s)
{
    wire_put(b, str_present(s) ? s.n : ABSENT, 2);
    buf_put(b, s);
}

static void put_up(struct buf *b, const struct up_link *l)
{
    put_id128(b, l->from);
    wire_put(b, l->type, 1);
    wire_put(b, l->strength, 1);
    wire_put(b, (uint64_t)l->time_ms, 8);
    put_id128(b, l->event);
}

void node_item_encode(const struct node_item *it, struct buf *out)
{
    wire_put(out, WIRE_VERSION, 1);
    wire_put(out, it->kind, 1);
    wire_put(out, (uint64_t)it->created_ms, 8);
    wire_put(out, (uint64_t)it->written_ms, 8);
    put_name(out, it->name);
    put_name(out, it->account);
    put_name(out, it->session);
    wire_put(out, it->moved, 1);
    if (it->moved)
        put_id128(out, it->moved_to);
    wire_put(out, it->n_up, 1);
    for (uint32_t i = 0; i < it->n_up; i++)
        put_up(out, it->up + i);
    if (!it->moved)
        book_encode(&it->book, out);
}

static bool take_id128(struct str *s, struct id128 *id)
{
    return wire_take(s, &id->hi, 8) && wire_take(s, &id->lo, 8);
}

static bool take_text(struct arena *a, struct str *s, struct str *out)
{
    uint64_t n;
    *out = STR_ABSENT;
    if (!wire_take(s, &n, 2) || n == ABSENT)
        return n == ABSENT;
    struct str text;
    if (n > LINEAGES_NAME_MAX || !wire_take_str(s, &text, (size_t)n))
        return false;
    *out = arena_str(a, text);
    return str_present(*out);
}

static bool take_up(struct str *s, struct up_link *l)
{
    uint64_t type, strength, time_ms;
    if (!take_id128(s, &l->from) || !wire_take(s, &type, 1) || !wire_take(s, &strength, 1) ||
        !wire_take(s, &time_ms, 8) || !take_id128(s, &l->event))
        return false;
    l->type = (uint8_t)type;
    l->strength = (uint8_t)strength;
    l->time_ms = (int64_t)time_ms;
    return type < LINK_TYPES && strength <= LINK_CERTAIN;
}

static bool take_ups(struct str *s, struct node_item *it)
{
    uint64_t n;
    if (!wire_take(s, &n, 1) || n > LINEAGES_UP_MAX)
        return false;
    it->n_up = (uint32_t)n;
    for (uint32_t i = 0; i < it->n_up; i++)
        if (!take_up(s, it->up + i))
            return false;
    return true;
}

static bool take_head(struct str *s, struct node_item *it)
{
    uint64_t version, kind, created, written, moved;
    if (!wire_take(s, &version, 1) || version < 1 || version > WIRE_VERSION ||
        !wire_take(s, &kind, 1) || kind > LINEAGE_KINDS || !wire_take(s, &created, 8) ||
        !wire_take(s, &written, 8) || !take_text(it->book.memory, s, &it->name) ||
        !take_text(it->book.memory, s, &it->account) ||
        (version > 1 && !take_text(it->book.memory, s, &it->session)) || !wire_take(s, &moved, 1) ||
        moved > 1)
        return false;
    it->kind = (uint8_t)kind;
    it->created_ms = (int64_t)created;
    it->written_ms = (int64_t)written;
    it->moved = moved;
    return str_present(it->name) && (!it->moved || take_id128(s, &it->moved_to));
}

bool node_item_decode(struct node_item *it, struct str blob, struct err *e)
{
    if (blob.n == 0)
        return true;
    if (!take_head(&blob, it) || !take_ups(&blob, it))
        return err_set(e, ERR_INPUT, "the state holds a broken item of an identity");
    if (!it->moved && !book_decode(&it->book, &blob, e))
        return false;
    return blob.n == 0 || err_set(e, ERR_INPUT, "the state holds a broken item of an identity");
}

/* ---- names and links ---- */

static bool improve(struct arena *a, struct str *text, struct str by, bool *changed)
{
    by = text_cut(by, LINEAGES_NAME_MAX);
    if (!lineage_is_better_name(by, *text))
        return true;
    *text = arena_str(a, by);
    *changed = true;
    return str_present(*text);
}

bool node_item_name(struct node_item *it, const struct lineage_node *by, bool *changed)
{
    struct arena *a = it->book.memory;
    if (it->kind == LINEAGE_KINDS && by->kind < LINEAGE_KINDS) {
        it->kind = (uint8_t)by->kind;
        *changed = true;
    }
    if (it->created_ms == INT64_MIN && by->created_ms != INT64_MIN) {
        it->created_ms = by->created_ms;
        *changed = true;
    }
    return improve(a, &it->name, by->name, changed) &&
           improve(a, &it->account, by->account, changed) &&
           improve(a, &it->session, by->session, changed);
}

bool link_is_naming(uint8_t type)
{
    return type == LINK_KEY_OF || type == LINK_NAMED || type == LINK_RUNS;
}

static int up_cmp(const struct up_link *a, const struct up_link *b)
{
    int c = id128_cmp(a->from, b->from);
    return c ? c : (a->type > b->type) - (a->type < b->type);
}

static bool is_earlier(const struct up_link *a, const struct up_link *b)
{
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms;
    return id128_cmp(a->event, b->event) < 0;
}

/* Which of two is rather let go. */
static bool is_lesser(const struct up_link *a, const struct up_link *b)
{
    if (a->strength != b->strength)
        return a->strength < b->strength;
    if (a->time_ms != b->time_ms)
        return a->time_ms > b->time_ms;
    return up_cmp(a, b) > 0;
}

static enum up_change improve_up(struct up_link *l, const struct up_link *by)
{
    enum up_change change = UP_SAME;
    if (by->strength > l->strength) {
        l->strength = by->strength;
        change = UP_CHANGED;
    }
    if (is_earlier(by, l)) {
        l->time_ms = by->time_ms;
        l->event = by->event;
        change = UP_CHANGED;
    }
    return change;
}

static void remove_up(struct node_item *it, uint32_t at)
{
    memmove(it->up + at, it->up + at + 1, (it->n_up - at - 1) * sizeof *it->up);
    it->n_up--;
}

enum up_change node_item_link(struct node_item *it, const struct up_link *by)
{
    uint32_t at = 0, least = 0;
    while (at < it->n_up && up_cmp(it->up + at, by) < 0)
        at++;
    if (at < it->n_up && up_cmp(it->up + at, by) == 0)
        return improve_up(it->up + at, by);
    if (it->n_up == LINEAGES_UP_MAX) {
        for (uint32_t i = 1; i < it->n_up; i++)
            if (is_lesser(it->up + i, it->up + least))
                least = i;
        if (is_lesser(by, it->up + least))
            return UP_FULL;
        remove_up(it, least);
        at -= least < at;
    }
    memmove(it->up + at + 1, it->up + at, (it->n_up - at) * sizeof *it->up);
    it->up[at] = *by;
    it->n_up++;
    return UP_CHANGED;
}

/* ---- keys ---- */

static struct state_key key_of(struct str what, struct str a)
{
    return state_key_of((const struct str[]){what, a}, 2);
}

static struct state_key key_of_node(struct str what, struct id128 id)
{
    char bytes[16];
    for (unsigned i = 0; i < 8; i++) {
        bytes[i] = (char)(unsigned char)(id.hi >> (56 - 8 * i));
        bytes[8 + i] = (char)(unsigned char)(id.lo >> (56 - 8 * i));
    }
    return key_of(what, str_n(bytes, sizeof bytes));
}

struct state_key node_key(struct id128 node)
{
    return key_of_node(S("lineage"), node);
}

struct state_key lane_key(struct id128 lane, enum lineage_tie_kind kind)
{
    static const struct str names[] = {
        [LINEAGE_ISSUE] = {"lane issue", 10}, [LINEAGE_USE] = {"lane use", 8},
        [LINEAGE_ONCALL] = {"lane call", 9},  [LINEAGE_OF_ROLE] = {"lane of role", 12},
        [LINEAGE_MADE] = {"lane made", 9},    [LINEAGE_BEARS] = {"lane bears", 10},
        [LINEAGE_COPY] = {"lane copy", 9},
    };
    return key_of_node(names[kind], lane);
}

struct state_key made_key(struct id128 from, bool naming)
{
    return key_of_node(naming ? S("named") : S("made"), from);
}

struct state_key incident_key(const unsigned char id[INCIDENT_ID_BYTES])
{
    return key_of(S("incident"), str_n((const char *)id, INCIDENT_ID_BYTES));
}

struct state_key index_key(void)
{
    return key_of(S("incidents"), S(""));
}

int64_t bucket_of(int64_t time_ms, int64_t bucket_ms)
{
    int64_t n = time_ms / bucket_ms;
    return n - (time_ms % bucket_ms < 0);
}
