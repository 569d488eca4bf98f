/* Signals, actors and ids of records that become one. */
#include "respond/incident_join.h"

#include <stdlib.h>

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

/* ---- signals ---- */

static int by_time(const void *p, const void *q)
{
    const struct record_signal *a = p, *b = q;
    if (a->first_ms != b->first_ms)
        return a->first_ms < b->first_ms ? -1 : 1;
    int c = memcmp(a->alert, b->alert, INCIDENT_ID_BYTES);
    return c ? c : id128_cmp(a->actor, b->actor);
}

int record_by_weight(const void *p, const void *q)
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
        qsort(all, count, sizeof *all, record_by_weight);
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

/* ---- ids ---- */

bool record_has_joined(const struct incident_record *i, const unsigned char *id)
{
    for (uint32_t k = 0; k < i->n_joined; k++)
        if (is_same_id(i->joined[k], id))
            return true;
    return false;
}

/* Forgets ids beyond the maximum that were mentioned, the oldest first. */
static void trim_joined(struct incident_record *i)
{
    while (i->n_joined > RECORD_JOINED_MAX && i->said.joined && record_is_told(i)) {
        memmove(i->joined, i->joined + 1, (i->n_joined - 1) * sizeof *i->joined);
        i->n_joined--;
        i->said.joined--;
    }
}

static void note_id(struct incident_record *i, const unsigned char *id)
{
    if (!is_same_id(i->id, id) && !record_has_joined(i, id))
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
    bool a_took = record_has_joined(a, b->id), b_took = record_has_joined(b, a->id);
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

/* ---- joining ---- */

static bool is_timed(int64_t ms)
{
    return ms != INT64_MIN;
}

bool record_is_near(const struct incident_record *i, int64_t first_ms, int64_t last_ms, int64_t gap)
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
           (is_same_id(a->id, b->id) || record_has_joined(a, b->id) || record_has_joined(b, a->id));
}

bool record_belongs(const struct incident_record *a, const struct incident_record *b)
{
    return record_is_near(a, b->first_ms, b->last_ms, INCIDENT_GAP_MS) || shares_id(a, b) ||
           (is_timed(a->first_ms) == is_timed(b->first_ms) && shares_signal(a, b));
}

bool record_take_in(struct arena *a, struct incident_record *i, const struct incident_record *other)
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

/* ---- one record ---- */

bool record_is_over(const struct incident_record *i)
{
    const struct record_said *s = &i->said;
    return !i->made || (record_is_told(i) && i->level <= s->level && !(i->tactics & ~s->tactics) &&
                        i->n_actors <= s->actors && i->n_joined <= s->joined);
}

bool record_begin(struct arena *a, struct incident_record *i, const struct record_signal *s)
{
    struct record_signal copy = *s;
    if (s->text.n)
        copy.text = arena_str(a, s->text);
    if (s->text.n && !str_present(copy.text))
        return false;
    *i = (struct incident_record){.first_ms = s->first_ms,
                                  .last_ms = s->last_ms,
                                  .level = s->level,
                                  .main_level = s->main ? (uint8_t)(s->level + 1) : 0,
                                  .tactics = s->tactics,
                                  .lease_ms = RECORD_NO_LEASE};
    return add_signals(a, i, &copy, 1) && add_actors(a, i, &s->actor, 1);
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
