/* Incidents on record: the records of one lineage. */
#include "respond/incident_record.h"

#include "respond/incident_join.h"
#include "respond/mitre.h"

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

/* ---- what rules say ---- */

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

/* ---- the list ---- */

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
        if (!record_belongs(i, other)) {
            k++;
            continue;
        }
        remove_at(r, k);
        /* The older list first, so that mentioned ids keep their places. */
        if (!record_take_in(r->memory, other, i))
            return false;
        i = other;
        k = 0;
    }
    return insert(r, i);
}

/* ---- limits ---- */

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
            if (one->text.n && (!least || record_by_weight(least, one) < 0))
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
        if (record_is_over(book_at(r, k)))
            remove_at(r, k);
        else
            k++;
}

void book_expire(struct book *r, int64_t horizon_ms)
{
    for (size_t k = 0; k < r->list.n;) {
        const struct incident_record *i = book_at(r, k);
        if (record_is_over(i) && i->last_ms != INT64_MIN && i->last_ms < horizon_ms)
            remove_at(r, k);
        else
            k++;
    }
}

/* ---- the calls ---- */

bool book_place(struct book *r, const struct record_signal *s, struct err *e)
{
    struct incident_record *i = arena_alloc(r->memory, sizeof *i);
    if (!i || !record_begin(r->memory, i, s) || !put_record(r, i))
        return no_memory(e);
    trim_texts(r);
    return true;
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
        if (record_is_near(i, by->spans[k].first_ms, by->spans[k].until_ms, 0))
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
    i->lease_ms = RECORD_NO_LEASE;
}

static void lease(struct incident_record *i, const struct record_telling *by)
{
    if (!i->made || record_is_told(i) || i->lease_ms >= by->now_ms)
        return;
    memcpy(i->owner, by->owner, INCIDENT_ID_BYTES);
    i->lease_ms = by->now_ms + by->lease_ms;
}

static bool owns(const struct incident_record *i, const struct record_telling *by)
{
    return i->made && !record_is_told(i) && memcmp(i->owner, by->owner, INCIDENT_ID_BYTES) == 0;
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
        else if (touched && record_is_told(i) && !record_is_over(i)) {
            i->due++; /* an update, which is anybody's */
            i->lease_ms = RECORD_NO_LEASE;
        }
        lease(i, by);
        note_message(i, by);
    }
    trim_records(r);
}

bool record_is_mine(const struct incident_record *i, const struct record_telling *by)
{
    return owns(i, by) || (i->made && !record_is_told(i) && by->again && touches(i, by));
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
        if (!record_is_over(book_at(r, k)) && touches(book_at(r, k), by))
            return false;
    return true;
}

struct incident_record *book_find(const struct book *r, const unsigned char id[INCIDENT_ID_BYTES])
{
    for (size_t k = 0; k < r->list.n; k++) {
        struct incident_record *i = book_at(r, k);
        if (i->made && (is_same_id(i->id, id) || record_has_joined(i, id)))
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
