/* Incidents on record. */
#include "respond/incident_record.h"

#include <stdlib.h>

#include "base/wire.h"
#include "respond/mitre.h"

#define NO_LEASE INT64_MIN

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory for the incidents of a lineage");
}

void book_init(struct book *r, struct arena *memory)
{
    r->memory = memory;
    vec_init(&r->list, sizeof(struct incident_record *), SIZE_MAX);
}

void book_release(struct book *r)
{
    vec_release(&r->list);
}

static bool is_same_id(const unsigned char *a, const unsigned char *b)
{
    return memcmp(a, b, INCIDENT_ID_BYTES) == 0;
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static uint32_t more(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* ---- what rules say ----------------------------------------------------------------------------
 */

/* TA0001 to TA0011, TA0040, TA0042 and TA0043 are those for enterprise; a tactic that is none of
 * them has no bit. */
static uint32_t tactic_bit(struct str id)
{
    unsigned long long n;
    if (!str_starts(id, S("TA")) || !str_u64(str_skip(id, 2), &n))
        return 0;
    if (n >= 1 && n <= 11)
        return 1u << n;
    return n >= 40 && n <= 43 ? 1u << (n - 28) : 0;
}

uint32_t record_tactics(const struct ruleset *rs, const struct rs_rule *r)
{
    struct mitre list[MITRE_PER_RULE_MAX];
    uint32_t set = 0;
    size_t n = mitre_of(rs, r, list);
    for (size_t i = 0; i < n; i++)
        set |= tactic_bit(list[i].tactic);
    return set;
}

void record_id(unsigned char id[INCIDENT_ID_BYTES], const unsigned char alert[INCIDENT_ID_BYTES],
               struct id128 actor)
{
    char hex[2 * INCIDENT_ID_BYTES];
    bytes_hex(hex, alert, INCIDENT_ID_BYTES);
    incident_id(id, str_n(hex, sizeof hex), actor);
}

/* ---- signals -----------------------------------------------------------------------------------
 */

static int by_time(const void *p, const void *q)
{
    const struct record_signal *a = p, *b = q;
    if (a->first_ms != b->first_ms)
        return a->first_ms < b->first_ms ? -1 : 1;
    int c = memcmp(a->alert, b->alert, INCIDENT_ID_BYTES);
    return c ? c : id128_cmp(a->actor, b->actor);
}

/* The gravest first. */
static int by_weight(const void *p, const void *q)
{
    const struct record_signal *a = p, *b = q;
    if (a->level != b->level)
        return a->level > b->level ? -1 : 1;
    return by_time(p, q);
}

static bool is_same_signal(const struct record_signal *a, const struct record_signal *b)
{
    return is_same_id(a->alert, b->alert) && id128_cmp(a->actor, b->actor) == 0;
}

static bool has_signal(const struct incident_record *i, const struct record_signal *s)
{
    for (uint32_t k = 0; k < i->n_signals; k++)
        if (is_same_signal(i->signals + k, s))
            return true;
    return false;
}

/* Joins what two messages wrote of one alert. */
static bool join_text(struct arena *a, struct str *text, struct str by)
{
    if (!by.n || str_eq(*text, by))
        return true;
    if (!text->n) {
        *text = by;
        return true;
    }
    struct buf b;
    buf_init(&b, RECALL_TEXT_MAX);
    bool ok = recall_join(&b, *text, by, a);
    if (ok)
        *text = arena_str(a, buf_str(&b));
    buf_release(&b);
    return ok && str_present(*text);
}

static bool join_signal(struct arena *a, struct record_signal *to, const struct record_signal *by)
{
    to->main = to->main || by->main;
    to->level = by->level > to->level ? by->level : to->level;
    to->tactics |= by->tactics;
    to->first_ms = earlier(to->first_ms, by->first_ms);
    to->last_ms = later(to->last_ms, by->last_ms);
    return join_text(a, &to->text, by->text);
}

/* Adds n signals to those of a record, whose list is replaced. */
static bool add_signals(struct arena *a, struct incident_record *i, const struct record_signal *add,
                        uint32_t n)
{
    struct record_signal *all = arena_array(a, i->n_signals + n, sizeof *all);
    uint32_t had = i->n_signals, count = had;
    if (!all)
        return false;
    if (had)
        memcpy(all, i->signals, had * sizeof *all);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t at = 0;
        while (at < had && !is_same_signal(all + at, add + k))
            at++;
        if (at == had)
            all[count++] = add[k];
        else if (!join_signal(a, all + at, add + k))
            return false;
    }
    if (count > RECORD_SIGNALS_MAX) {
        qsort(all, count, sizeof *all, by_weight);
        i->left_out += count - RECORD_SIGNALS_MAX;
        count = RECORD_SIGNALS_MAX;
    }
    qsort(all, count, sizeof *all, by_time);
    i->signals = all;
    i->n_signals = count;
    return true;
}

static int by_id128(const void *p, const void *q)
{
    return id128_cmp(*(const struct id128 *)p, *(const struct id128 *)q);
}

static bool add_actors(struct arena *a, struct incident_record *i, const struct id128 *add,
                       uint32_t n)
{
    struct id128 *all = arena_array(a, i->n_actors + n, sizeof *all);
    uint32_t count = i->n_actors + n, kept = 0;
    if (!all)
        return false;
    if (i->n_actors)
        memcpy(all, i->actors, i->n_actors * sizeof *all);
    if (n)
        memcpy(all + i->n_actors, add, n * sizeof *all);
    qsort(all, count, sizeof *all, by_id128);
    for (uint32_t k = 0; k < count; k++)
        if (kept == 0 || id128_cmp(all[kept - 1], all[k]) != 0)
            all[kept++] = all[k];
    i->actors = all;
    i->n_actors = kept < RECORD_ACTORS_MAX ? kept : RECORD_ACTORS_MAX;
    return true;
}

/* ---- ids ---------------------------------------------------------------------------------------
 */

static bool has_joined(const struct incident_record *i, const unsigned char *id)
{
    for (uint32_t k = 0; k < i->n_joined; k++)
        if (is_same_id(i->joined[k], id))
            return true;
    return false;
}

static bool is_told(const struct incident_record *i)
{
    return i->told == i->due;
}

/* Forgets ids beyond the maximum that were mentioned, the oldest first. */
static void trim_joined(struct incident_record *i)
{
    while (i->n_joined > RECORD_JOINED_MAX && i->said.joined && is_told(i)) {
        memmove(i->joined, i->joined + 1, (i->n_joined - 1) * sizeof *i->joined);
        i->n_joined--;
        i->said.joined--;
    }
}

static void note_id(struct incident_record *i, const unsigned char *id)
{
    if (!is_same_id(i->id, id) && !has_joined(i, id))
        memcpy(i->joined[i->n_joined++], id, INCIDENT_ID_BYTES);
}

/* The ids of `other` become joined ones of i. */
static bool add_ids(struct arena *a, struct incident_record *i, const struct incident_record *other)
{
    unsigned char(*all)[INCIDENT_ID_BYTES] =
        arena_array(a, i->n_joined + other->n_joined + 1, sizeof *all);
    if (!all)
        return false;
    if (i->n_joined)
        memcpy(all, i->joined, i->n_joined * sizeof *all);
    i->joined = all;
    note_id(i, other->id);
    for (uint32_t k = 0; k < other->n_joined; k++)
        note_id(i, other->joined[k]);
    trim_joined(i);
    return true;
}

/* Of two states of one message the one that is further. */
static bool is_further(const struct incident_record *a, const struct incident_record *b)
{
    if (a->due != b->due)
        return a->due > b->due;
    return a->told != b->told ? a->told > b->told : a->lease_ms > b->lease_ms;
}

/* Whose id of two incidents that become one survives: the one's that has taken in the other
 * already, else the older one's. */
static bool survives(const struct incident_record *a, const struct incident_record *b)
{
    if (is_same_id(a->id, b->id))
        return is_further(a, b);
    bool a_took = has_joined(a, b->id), b_took = has_joined(b, a->id);
    if (a_took != b_took)
        return a_took;
    if (a->first_ms != b->first_ms)
        return a->first_ms < b->first_ms;
    return memcmp(a->id, b->id, INCIDENT_ID_BYTES) < 0;
}

static void take_message(struct incident_record *i, const struct incident_record *from)
{
    i->made = from->made;
    memcpy(i->id, from->id, sizeof i->id);
    memcpy(i->owner, from->owner, sizeof i->owner);
    i->lease_ms = from->lease_ms;
    i->due = from->due;
    i->told = from->told;
    i->said = from->said;
    i->joined = from->joined;
    i->n_joined = from->n_joined;
}

static bool join_messages(struct arena *a, struct incident_record *i,
                          const struct incident_record *other)
{
    if (!other->made)
        return true;
    if (!i->made) {
        take_message(i, other);
        return true;
    }
    struct incident_record loser = *other;
    if (survives(other, i)) {
        loser = *i;
        take_message(i, other);
    }
    return add_ids(a, i, &loser);
}

/* ---- joining -----------------------------------------------------------------------------------
 */

static bool is_timed(int64_t ms)
{
    return ms != INT64_MIN;
}

static bool near(const struct incident_record *i, int64_t first_ms, int64_t last_ms, int64_t gap)
{
    if (!is_timed(i->first_ms) || !is_timed(first_ms))
        return is_timed(i->first_ms) == is_timed(first_ms);
    return first_ms - gap <= i->last_ms && i->first_ms - gap <= last_ms;
}

static bool shares_signal(const struct incident_record *a, const struct incident_record *b)
{
    for (uint32_t k = 0; k < b->n_signals; k++)
        if (has_signal(a, b->signals + k))
            return true;
    return false;
}

static bool shares_id(const struct incident_record *a, const struct incident_record *b)
{
    return a->made && b->made &&
           (is_same_id(a->id, b->id) || has_joined(a, b->id) || has_joined(b, a->id));
}

static bool belong(const struct incident_record *a, const struct incident_record *b)
{
    return near(a, b->first_ms, b->last_ms, INCIDENT_GAP_MS) || shares_id(a, b) ||
           (is_timed(a->first_ms) == is_timed(b->first_ms) && shares_signal(a, b));
}

/* i takes in `other`. */
static bool take_in(struct arena *a, struct incident_record *i, const struct incident_record *other)
{
    bool same = shares_id(i, other);
    uint32_t left_out = same ? more(i->left_out, other->left_out) : i->left_out + other->left_out;
    if (!join_messages(a, i, other))
        return false;
    i->left_out = left_out;
    i->first_ms = earlier(i->first_ms, other->first_ms);
    i->last_ms = later(i->last_ms, other->last_ms);
    i->level = i->level > other->level ? i->level : other->level;
    i->main_level = i->main_level > other->main_level ? i->main_level : other->main_level;
    i->tactics |= other->tactics;
    return add_signals(a, i, other->signals, other->n_signals) &&
           add_actors(a, i, other->actors, other->n_actors);
}

static void remove_at(struct book *r, size_t at)
{
    struct incident_record **list = r->list.p;
    memmove(list + at, list + at + 1, (r->list.n - at - 1) * sizeof *list);
    r->list.n--;
}

static bool insert(struct book *r, struct incident_record *i)
{
    if (!vec_push(&r->list, 1))
        return false;
    struct incident_record **list = r->list.p;
    size_t at = r->list.n - 1;
    for (; at > 0 && list[at - 1]->first_ms > i->first_ms; at--)
        list[at] = list[at - 1];
    list[at] = i;
    return true;
}

/* Puts a record among the others, one with all that it belongs to. */
static bool put_record(struct book *r, struct incident_record *i)
{
    for (size_t k = 0; k < r->list.n;) {
        struct incident_record *other = book_at(r, k);
        if (!belong(i, other)) {
            k++;
            continue;
        }
        remove_at(r, k);
        /* The older list first, so that mentioned ids keep their places. */
        if (!take_in(r->memory, other, i))
            return false;
        i = other;
        k = 0;
    }
    return insert(r, i);
}

/* ---- limits ------------------------------------------------------------------------------------
 */

static bool is_over(const struct incident_record *i)
{
    const struct record_said *s = &i->said;
    return !i->made || (is_told(i) && i->level <= s->level && !(i->tactics & ~s->tactics) &&
                        i->n_actors <= s->actors && i->n_joined <= s->joined);
}

static size_t text_bytes(const struct book *r)
{
    size_t bytes = 0;
    for (size_t k = 0; k < r->list.n; k++)
        for (uint32_t s = 0; s < book_at(r, k)->n_signals; s++)
            bytes += book_at(r, k)->signals[s].text.n;
    return bytes;
}

/* The least grave signal that has a text, of equal ones the latest. */
static struct record_signal *lightest(const struct book *r)
{
    struct record_signal *least = NULL;
    for (size_t k = 0; k < r->list.n; k++)
        for (uint32_t s = 0; s < book_at(r, k)->n_signals; s++) {
            struct record_signal *one = book_at(r, k)->signals + s;
            if (one->text.n && (!least || by_weight(least, one) < 0))
                least = one;
        }
    return least;
}

static void trim_texts(struct book *r)
{
    for (size_t bytes = text_bytes(r); bytes > RECORDS_TEXT_MAX;) {
        struct record_signal *s = lightest(r);
        bytes -= s->text.n;
        s->text = STR_ABSENT;
    }
}

static void trim_records(struct book *r)
{
    for (size_t k = 0; k < r->list.n && r->list.n > RECORDS_MAX;)
        if (is_over(book_at(r, k)))
            remove_at(r, k);
        else
            k++;
}

void book_expire(struct book *r, int64_t horizon_ms)
{
    for (size_t k = 0; k < r->list.n;) {
        const struct incident_record *i = book_at(r, k);
        if (is_over(i) && is_timed(i->last_ms) && i->last_ms < horizon_ms)
            remove_at(r, k);
        else
            k++;
    }
}

/* ---- the calls ---------------------------------------------------------------------------------
 */

bool book_place(struct book *r, const struct record_signal *s, struct err *e)
{
    struct incident_record *i = arena_alloc(r->memory, sizeof *i);
    struct record_signal copy = *s;
    if (s->text.n)
        copy.text = arena_str(r->memory, s->text);
    if (!i || (s->text.n && !str_present(copy.text)))
        return no_memory(e);
    *i = (struct incident_record){.first_ms = s->first_ms,
                                  .last_ms = s->last_ms,
                                  .level = s->level,
                                  .main_level = s->main ? (uint8_t)(s->level + 1) : 0,
                                  .tactics = s->tactics,
                                  .lease_ms = NO_LEASE};
    if (!add_signals(r->memory, i, &copy, 1) || !add_actors(r->memory, i, &s->actor, 1) ||
        !put_record(r, i))
        return no_memory(e);
    trim_texts(r);
    return true;
}

struct incident_record *record_copy(const struct incident_record *from, struct arena *a)
{
    struct incident_record *i = arena_alloc(a, sizeof *i);
    if (!i)
        return NULL;
    *i = *from;
    i->signals = NULL;
    i->n_signals = 0;
    struct record_signal *list = arena_array(a, from->n_signals, sizeof *list);
    for (uint32_t k = 0; list && k < from->n_signals; k++) {
        list[k] = from->signals[k];
        if (list[k].text.n)
            list[k].text = arena_str(a, list[k].text);
        if (from->signals[k].text.n && !str_present(list[k].text))
            return NULL;
    }
    i->n_actors = 0;
    if (!list || !add_signals(a, i, list, from->n_signals) ||
        !add_actors(a, i, from->actors, from->n_actors))
        return NULL;
    i->joined = arena_array(a, from->n_joined, sizeof *i->joined);
    if (i->joined && from->n_joined)
        memcpy(i->joined, from->joined, from->n_joined * sizeof *i->joined);
    return i->joined ? i : NULL;
}

bool book_merge(struct book *r, const struct book *other, struct err *e)
{
    for (size_t k = 0; k < other->list.n; k++) {
        struct incident_record *i = record_copy(book_at(other, k), r->memory);
        if (!i || !put_record(r, i))
            return no_memory(e);
    }
    trim_records(r);
    trim_texts(r);
    return true;
}

static bool touches(const struct incident_record *i, const struct record_telling *by)
{
    for (size_t k = 0; k < by->n_spans; k++)
        if (near(i, by->spans[k].first_ms, by->spans[k].until_ms, 0))
            return true;
    return by->linked;
}

static bool makes(const struct incident_record *i, const struct record_telling *by)
{
    return i->main_level > INCIDENT_LEVEL && i->level >= by->min_level && i->n_signals;
}

static void make(struct incident_record *i)
{
    i->made = true;
    record_id(i->id, i->signals[0].alert, i->signals[0].actor);
    i->due = 1;
    i->lease_ms = NO_LEASE;
}

static void lease(struct incident_record *i, const struct record_telling *by)
{
    if (!i->made || is_told(i) || i->lease_ms >= by->now_ms)
        return;
    memcpy(i->owner, by->owner, INCIDENT_ID_BYTES);
    i->lease_ms = by->now_ms + by->lease_ms;
}

static bool owns(const struct incident_record *i, const struct record_telling *by)
{
    return i->made && !is_told(i) && memcmp(i->owner, by->owner, INCIDENT_ID_BYTES) == 0;
}

/* Notes what this delivery will say, when the next message is its to tell. */
static void note_message(struct incident_record *i, const struct record_telling *by)
{
    if (owns(i, by))
        i->said = (struct record_said){i->level, i->tactics, i->n_actors, i->n_joined};
}

void book_claim(struct book *r, const struct record_telling *by)
{
    for (size_t k = 0; k < r->list.n; k++) {
        struct incident_record *i = book_at(r, k);
        bool touched = touches(i, by);
        if (touched && !i->made && makes(i, by))
            make(i);
        else if (touched && is_told(i) && !is_over(i)) {
            i->due++; /* an update, which is anybody's */
            i->lease_ms = NO_LEASE;
        }
        lease(i, by);
        note_message(i, by);
    }
    trim_records(r);
}

bool record_is_mine(const struct incident_record *i, const struct record_telling *by)
{
    return owns(i, by) || (i->made && !is_told(i) && by->again && touches(i, by));
}

void book_mark(struct book *r, const unsigned char id[INCIDENT_ID_BYTES], uint32_t told)
{
    for (size_t k = 0; k < r->list.n; k++) {
        struct incident_record *i = book_at(r, k);
        if (i->made && is_same_id(i->id, id) && i->told < told && told <= i->due)
            i->told = told;
    }
}

bool book_settled(const struct book *r, const struct record_telling *by)
{
    for (size_t k = 0; k < r->list.n; k++)
        if (!is_over(book_at(r, k)) && touches(book_at(r, k), by))
            return false;
    return true;
}

struct incident_record *book_find(const struct book *r, const unsigned char id[INCIDENT_ID_BYTES])
{
    for (size_t k = 0; k < r->list.n; k++) {
        struct incident_record *i = book_at(r, k);
        if (i->made && (is_same_id(i->id, id) || has_joined(i, id)))
            return i;
    }
    return NULL;
}

const struct incident_record *book_oldest(const struct book *r)
{
    const struct incident_record *oldest = NULL;
    for (size_t k = 0; k < r->list.n; k++) {
        const struct incident_record *i = book_at(r, k);
        if (i->made &&
            (!oldest || i->first_ms < oldest->first_ms ||
             (i->first_ms == oldest->first_ms && memcmp(i->id, oldest->id, sizeof i->id) < 0)))
            oldest = i;
    }
    return oldest;
}

/* ---- the wire form -----------------------------------------------------------------------------
 */

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
    i->lease_ms = NO_LEASE;
    return i->first_ms <= i->last_ms && level <= LEVEL_CRITICAL &&
           main_level <= LEVEL_CRITICAL + 1 && made <= 1 && (!made || take_message_of(a, s, i));
}

bool book_decode(struct book *r, struct str *from, struct err *e)
{
    uint64_t n;
    r->list.n = 0;
    bool ok = wire_take(from, &n, 2);
    for (uint64_t k = 0; ok && k < n; k++) {
        struct incident_record *i = arena_alloc(r->memory, sizeof *i);
        if (!i)
            return no_memory(e);
        ok = take_one(r->memory, from, i) && insert(r, i);
    }
    return ok || err_set(e, ERR_INPUT, "the state holds broken incidents");
}
