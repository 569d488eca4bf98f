/* Events of the plan, as records. */
#include "tests/model/delivery.h"

struct str delivery_key_text(uint32_t key)
{
    static const struct str texts[PLAN_KEYS] = {{"k0", 2}, {"k1", 2}};
    return texts[key];
}

void delivery_describe(void *to, struct event *ev, uint32_t rule, const struct facts *f,
                       struct buf *out)
{
    (void)to;
    (void)ev;
    (void)rule;
    buf_put(out, f->evidence);
}

static bool add_event(struct hand *h, uint32_t number, struct err *e)
{
    const struct plan_event *p = h->world->plan.events + number;
    struct buf id, record;
    uint32_t hits[PLAN_RULES];
    size_t n = 0, used;
    buf_init(&id, 64);
    buf_init(&record, 256);
    buf_putf(&id, "%08x-0000-4000-8000-%012x", number * 2654435761u, number);
    buf_putf(&record, "{\"g\":\"k%u\",\"v\":\"v%u\"}", p->key, p->value);
    for (uint32_t i = 0; i < PLAN_RULES; i++)
        if (p->rules & 1u << i)
            hits[n++] = i;
    struct facts f = {.evidence = buf_str(&id),
                      .timed = true,
                      .time_ms = p->time,
                      .account = S("1"),
                      .identity = delivery_key_text(p->key)};
    bool ok = event_read(&h->event, buf_str(&record), &used, e) == JSON_OK &&
              windows_add(h->windows, &h->event, &f, hits, n, e);
    buf_release(&id);
    buf_release(&record);
    return ok;
}

bool delivery_make(struct hand *h, uint32_t object, const struct delivery *d, struct err *e)
{
    const struct plan_object *o = h->world->plan.objects + object;
    windows_begin(h->windows, d);
    for (uint32_t i = 0; i < o->n; i++)
        if (!add_event(h, o->events[i], e))
            return false;
    return windows_settle(h->windows, e);
}
