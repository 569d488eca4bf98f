/* The present record as what was read of it, to be had again without reading: by another event, of
 * another thread, later. What is kept: a head, a table of the values, and the bytes in which they
 * lie: perhaps the record's JSON and the line that it was made of, and values that lie in neither.
 */
#include "engine/event.h"

struct kept {
    uint64_t number;
    uint32_t n_values;
    uint32_t n_record; /* bytes of its JSON, the first of all */
    uint8_t source, source_known, unused[6];
};

struct kept_value {
    uint32_t slot;
    uint32_t at, n; /* among the bytes */
    uint8_t type, escaped, unused[2];
};

_Static_assert(sizeof(struct kept) <= EVENT_KEPT_HEAD &&
                   sizeof(struct kept_value) <= EVENT_KEPT_VALUE,
               "what the header says of the room for a record that is kept");

/* What is being kept. */
struct keeping {
    struct event *ev;
    const bool *slots; /* NULL: all */
    struct buf *out;
    size_t table;  /* where in out the next value's row is */
    size_t bytes;  /* and the bytes begin */
    size_t record; /* among the bytes: what ev->record is; NOT_KEPT */
    struct str last;
    size_t last_at;
};

#define NOT_KEPT SIZE_MAX

static bool is_asked(const bool *slots, uint32_t slot)
{
    return !slots || slots[slot];
}

/* Where the value lies among the bytes, put there if it has to be: rules may reach it by two slots.
 */
static size_t place_of(struct keeping *k, struct str raw)
{
    struct str record = k->ev->record;
    uintptr_t from = (uintptr_t)record.p, at = (uintptr_t)raw.p;
    if (k->record != NOT_KEPT && at >= from && at + raw.n <= from + record.n)
        return k->record + (at - from);
    if (raw.p != k->last.p || raw.n != k->last.n) {
        k->last = raw;
        k->last_at = k->out->n - k->bytes;
        buf_put(k->out, raw);
    }
    return k->last_at;
}

static void keep_slot(struct keeping *k, uint32_t slot)
{
    for (const struct value *v = event_first(k->ev, slot); v; v = event_next(k->ev, v)) {
        const struct kept_value row = {.slot = slot,
                                       .at = (uint32_t)place_of(k, v->raw),
                                       .n = (uint32_t)v->raw.n,
                                       .type = v->type,
                                       .escaped = v->escaped};
        if (!k->out->failed)
            memcpy(k->out->p + k->table, &row, sizeof row);
        k->table += sizeof row;
    }
}

/* Counts the values asked for, and their bytes. */
static uint32_t count_values(const struct event *ev, const bool *slots, size_t *bytes)
{
    uint32_t n = 0;
    *bytes = 0;
    for (uint32_t i = 0; i < ev->n_touched; i++) {
        if (!is_asked(slots, ev->touched[i]))
            continue;
        for (const struct value *v = event_first(ev, ev->touched[i]); v; v = event_next(ev, v)) {
            n++;
            *bytes += v->raw.n;
        }
    }
    return n;
}

/* Puts the head, room for the table, and the record, unless its values are shorter and nobody asks
 * for it. Values lie in each other: of a deep record they may be many times its length. */
static void begin(struct keeping *k, bool with_json)
{
    struct event *ev = k->ev;
    size_t bytes;
    uint32_t n = count_values(ev, k->slots, &bytes);
    struct str json = with_json || bytes > ev->record.n ? event_json(ev) : STR_ABSENT;
    const struct kept head = {.number = ev->number,
                              .n_values = n,
                              .n_record = (uint32_t)json.n,
                              .source = (uint8_t)ev->source,
                              .source_known = ev->source_known};
    buf_put(k->out, str_n((const char *)&head, sizeof head));
    k->table = k->out->n;
    if (buf_room(k->out, n * sizeof(struct kept_value)))
        buf_added(k->out, n * sizeof(struct kept_value));
    k->bytes = k->out->n;
    k->record = !str_present(json) ? NOT_KEPT : ev->columns.n ? json.n : 0;
    buf_put(k->out, json);
    if (k->record != NOT_KEPT && ev->columns.n)
        buf_put(k->out, ev->record);
}

void event_keep(struct event *ev, const bool *slots, bool with_json, struct buf *out)
{
    struct keeping k = {.ev = ev, .slots = slots, .out = out, .last = STR_ABSENT};
    begin(&k, with_json);
    for (uint32_t i = 0; i < ev->n_touched; i++)
        if (is_asked(slots, ev->touched[i]))
            keep_slot(&k, ev->touched[i]);
}

static void mark(bool *slots, const uint32_t *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i] != RS_NONE)
            slots[list[i]] = true;
}

static void mark_list(const struct ruleset *rs, bool *slots, struct rs_list l)
{
    if (l.n)
        mark(slots, rs->numbers + l.first, l.n);
}

void event_mark_told(const struct ruleset *rs, bool *slots)
{
    mark(slots, &rs->core[0][0][0], sizeof rs->core / sizeof rs->core[0][0][0]);
    mark(slots, rs->ties, TIE_FIELDS);
    for (uint32_t i = 0; i < rs->n_rules; i++)
        mark_list(rs, slots, rs->rules[i].fields);
    for (uint32_t i = 0; i < rs->n_inputs; i++) {
        mark_list(rs, slots, rs->inputs[i].keys);
        mark_list(rs, slots, rs->inputs[i].values);
    }
}

void event_restore(struct event *ev, struct str kept)
{
    struct kept head;
    memcpy(&head, kept.p, sizeof head);
    const char *table = kept.p + sizeof head;
    const char *bytes = table + head.n_values * sizeof(struct kept_value);
    event_begin(ev, (enum source)head.source, str_n(bytes, head.n_record),
                (struct event_columns){.n = 0});
    ev->source_known = head.source_known;
    ev->number = head.number;
    for (uint32_t i = 0; i < head.n_values; i++) {
        struct kept_value v;
        uint32_t before = ev->n_values;
        memcpy(&v, table + i * sizeof v, sizeof v);
        event_put(ev, v.slot, (enum json_type)v.type, str_n(bytes + v.at, v.n));
        if (ev->n_values > before)
            ev->values[before].escaped = v.escaped;
    }
}
