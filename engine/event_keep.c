/* The present record as what was read of it, to be had again without reading: by another event, of
 * another thread, later. What is kept: a head, a table of the values, and the bytes in which they
 * lie: the record's JSON, the line that it was made of, and values that lie in neither. */
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

/* Where the value lies among the bytes, of which the first, ev->record's, lie at `record`. */
static size_t place_of(const struct event *ev, size_t record, const struct value *v, size_t bytes,
                       struct buf *out)
{
    uintptr_t from = (uintptr_t)ev->record.p, at = (uintptr_t)v->raw.p;
    if (at >= from && at + v->raw.n <= from + ev->record.n)
        return record + (at - from);
    size_t place = out->n - bytes;
    buf_put(out, v->raw);
    return place;
}

static void set_value(struct buf *out, size_t at, const struct kept_value *v)
{
    if (!out->failed)
        memcpy(out->p + at, v, sizeof *v);
}

void event_keep(struct event *ev, struct buf *out)
{
    struct str json = event_json(ev);
    const struct kept head = {.number = ev->number,
                              .n_values = ev->n_values,
                              .n_record = (uint32_t)json.n,
                              .source = (uint8_t)ev->source,
                              .source_known = ev->source_known};
    buf_put(out, str_n((const char *)&head, sizeof head));
    size_t table = out->n, table_bytes = ev->n_values * sizeof(struct kept_value);
    if (buf_room(out, table_bytes))
        buf_added(out, table_bytes);
    size_t bytes = out->n, record = ev->columns.n ? json.n : 0;
    buf_put(out, json);
    if (ev->columns.n)
        buf_put(out, ev->record);
    for (uint32_t i = 0; i < ev->n_touched; i++) {
        uint32_t slot = ev->touched[i];
        for (const struct value *v = event_first(ev, slot); v; v = event_next(ev, v)) {
            const struct kept_value to = {.slot = slot,
                                          .at = (uint32_t)place_of(ev, record, v, bytes, out),
                                          .n = (uint32_t)v->raw.n,
                                          .type = v->type,
                                          .escaped = v->escaped};
            set_value(out, table, &to);
            table += sizeof to;
        }
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
