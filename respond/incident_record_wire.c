/* Records as bytes. */
#include "base/wire.h"
#include "respond/incident_join.h"

static void put_id128(struct buf *b, struct id128 id)
{
    wire_put(b, id.hi, 8);
    wire_put(b, id.lo, 8);
}

static void put_id(struct buf *b, const unsigned char id[INCIDENT_ID_BYTES])
{
    buf_put(b, str_n((const char *)id, INCIDENT_ID_BYTES));
}

/* Alert and actor (16 bytes each), level and main (one byte, main its highest bit), tactics (4),
 * first and last (8 each), length of the text (2), text. */
static void put_signal(struct buf *b, const struct record_signal *s)
{
    put_id(b, s->alert);
    put_id128(b, s->actor);
    wire_put(b, (uint64_t)s->level | (s->main ? 0x80u : 0), 1);
    wire_put(b, s->tactics, 4);
    wire_put(b, (uint64_t)s->first_ms, 8);
    wire_put(b, (uint64_t)s->last_ms, 8);
    wire_put(b, s->text.n, 2);
    buf_put(b, s->text);
}

/* Id and owner (16 bytes each), lease (8), due and told (4 each); what was said: level (1), tactics
 * (4), actors (2), joined (2); number of ids that joined (2), those ids. */
static void put_message(struct buf *b, const struct incident_record *i)
{
    put_id(b, i->id);
    put_id(b, i->owner);
    wire_put(b, (uint64_t)i->lease_ms, 8);
    wire_put(b, i->due, 4);
    wire_put(b, i->told, 4);
    wire_put(b, i->said.level, 1);
    wire_put(b, i->said.tactics, 4);
    wire_put(b, i->said.actors, 2);
    wire_put(b, i->said.joined, 2);
    wire_put(b, i->n_joined, 2);
    for (uint32_t k = 0; k < i->n_joined; k++)
        put_id(b, i->joined[k]);
}

/* First and last (8 bytes each), levels (1 each), tactics (4), signals left out (4); number of
 * actors (1), actors; number of signals (1), signals; whether it is made (1), and then the
 * message. */
static void put_one(struct buf *b, const struct incident_record *i)
{
    wire_put(b, (uint64_t)i->first_ms, 8);
    wire_put(b, (uint64_t)i->last_ms, 8);
    wire_put(b, i->level, 1);
    wire_put(b, i->main_level, 1);
    wire_put(b, i->tactics, 4);
    wire_put(b, i->left_out, 4);
    wire_put(b, i->n_actors, 1);
    for (uint32_t k = 0; k < i->n_actors; k++)
        put_id128(b, i->actors[k]);
    wire_put(b, i->n_signals, 1);
    for (uint32_t k = 0; k < i->n_signals; k++)
        put_signal(b, i->signals + k);
    wire_put(b, i->made, 1);
    if (i->made)
        put_message(b, i);
}

void book_encode(const struct book *r, struct buf *out)
{
    wire_put(out, r->list.n, 2);
    for (size_t k = 0; k < r->list.n; k++)
        put_one(out, book_at(r, k));
}

static bool take_id128(struct str *s, struct id128 *id)
{
    return wire_take(s, &id->hi, 8) && wire_take(s, &id->lo, 8);
}

static bool take_signal(struct arena *a, struct str *s, struct record_signal *to)
{
    uint64_t level, tactics, first, last, n;
    struct str text;
    if (!wire_take_bytes(s, to->alert, INCIDENT_ID_BYTES) || !take_id128(s, &to->actor) ||
        !wire_take(s, &level, 1) || !wire_take(s, &tactics, 4) || !wire_take(s, &first, 8) ||
        !wire_take(s, &last, 8) || !wire_take(s, &n, 2) || !wire_take_str(s, &text, (size_t)n))
        return false;
    to->level = level & 0x7f;
    to->main = level >> 7;
    to->tactics = (uint32_t)tactics;
    to->first_ms = (int64_t)first;
    to->last_ms = (int64_t)last;
    to->text = n ? arena_str(a, text) : STR_ABSENT;
    return to->level <= LEVEL_CRITICAL && (n == 0 || str_present(to->text));
}

static bool take_message_of(struct arena *a, struct str *s, struct incident_record *i)
{
    uint64_t lease_ms, due, told, level, tactics, actors, joined, n;
    if (!wire_take_bytes(s, i->id, INCIDENT_ID_BYTES) ||
        !wire_take_bytes(s, i->owner, INCIDENT_ID_BYTES) || !wire_take(s, &lease_ms, 8) ||
        !wire_take(s, &due, 4) || !wire_take(s, &told, 4) || !wire_take(s, &level, 1) ||
        !wire_take(s, &tactics, 4) || !wire_take(s, &actors, 2) || !wire_take(s, &joined, 2) ||
        !wire_take(s, &n, 2))
        return false;
    i->lease_ms = (int64_t)lease_ms;
    i->due = (uint32_t)due;
    i->told = (uint32_t)told;
    i->said =
        (struct record_said){(uint8_t)level, (uint32_t)tactics, (uint32_t)actors, (uint32_t)joined};
    i->joined = arena_array(a, (size_t)n, sizeof *i->joined);
    i->n_joined = (uint32_t)n;
    return i->joined && wire_take_bytes(s, i->joined, (size_t)n * sizeof *i->joined) &&
           told <= due && joined <= n;
}

static bool take_lists(struct arena *a, struct str *s, struct incident_record *i)
{
    uint64_t n;
    if (!wire_take(s, &n, 1))
        return false;
    i->n_actors = (uint32_t)n;
    i->actors = arena_array(a, (size_t)n, sizeof *i->actors);
    for (uint32_t k = 0; i->actors && k < i->n_actors; k++)
        if (!take_id128(s, i->actors + k))
            return false;
    if (!i->actors || !wire_take(s, &n, 1))
        return false;
    i->n_signals = (uint32_t)n;
    i->signals = arena_array(a, (size_t)n, sizeof *i->signals);
    for (uint32_t k = 0; i->signals && k < i->n_signals; k++)
        if (!take_signal(a, s, i->signals + k))
            return false;
    return i->signals != NULL;
}

static bool take_one(struct arena *a, struct str *s, struct incident_record *i)
{
    uint64_t first, last, level, main_level, tactics, left_out, made;
    if (!wire_take(s, &first, 8) || !wire_take(s, &last, 8) || !wire_take(s, &level, 1) ||
        !wire_take(s, &main_level, 1) || !wire_take(s, &tactics, 4) ||
        !wire_take(s, &left_out, 4) || !take_lists(a, s, i) || !wire_take(s, &made, 1))
        return false;
    i->first_ms = (int64_t)first;
    i->last_ms = (int64_t)last;
    i->level = (uint8_t)level;
    i->main_level = (uint8_t)main_level;
    i->tactics = (uint32_t)tactics;
    i->left_out = (uint32_t)left_out;
    i->made = made;
    i->lease_ms = RECORD_NO_LEASE;
    return i->first_ms <= i->last_ms && level <= LEVEL_CRITICAL &&
           main_level <= LEVEL_CRITICAL + 1 && made <= 1 && (!made || take_message_of(a, s, i));
}

/* Records are written in their order. */
static bool push(struct book *r, struct incident_record *i)
{
    struct incident_record **to = vec_push(&r->list, 1);
    if (to)
        *to = i;
    return to != NULL;
}

bool book_decode(struct book *r, struct str *from, struct err *e)
{
    uint64_t n;
    r->list.n = 0;
    bool ok = wire_take(from, &n, 2);
    for (uint64_t k = 0; ok && k < n; k++) {
        struct incident_record *i = arena_alloc(r->memory, sizeof *i);
        if (!i)
            return err_set(e, ERR_SYSTEM, "no memory for the incidents of a lineage");
        ok = take_one(r->memory, from, i) && push(r, i);
    }
    return ok || err_set(e, ERR_INPUT, "the state holds broken incidents");
}
