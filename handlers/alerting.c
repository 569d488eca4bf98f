/* Alerts out of windows. */
#include "handlers/alerting.h"

#include "respond/redact.h"

/* The texts of one alert: details of 4 KB unescaped, and a key of 32 parts of 1 KB redacted. */
#define MEMORY_MAX (1u << 20)

void alerting_init(struct alerting *a, const struct ruleset *rules)
{
    *a = (struct alerting){.rules = rules};
    arena_init(&a->memory, MEMORY_MAX);
    buf_init(&a->scratch, FACTS_OUTPUT_MAX);
}

void alerting_release(struct alerting *a)
{
    arena_release(&a->memory);
    buf_release(&a->scratch);
}

void alerting_describe(struct alerting *a, struct event *ev, uint32_t rule, const struct facts *f,
                       struct buf *out)
{
    details_put(out, ev, rule, f, &a->scratch);
}

/* The key's values as they may be told: a rule may group by anything (promise P5). */
static const struct str *told_key(struct alerting *a, const struct window_alert *from)
{
    struct str *values = arena_array(&a->memory, from->n_keys, sizeof *values);
    for (size_t i = 0; values && i < from->n_keys; i++)
        values[i] = redact_is_secret_path(from->key_names[i])
                        ? S(REDACTED)
                        : redact_text(from->key_values[i], &a->memory);
    return values;
}

bool alerting_make(struct alerting *a, const struct window_alert *from, struct alert *out,
                   struct err *e)
{
    arena_reset(&a->memory);
    *out = (struct alert){
        .window = from->window,
        .id = str_of(from->id),
        .updates = from->updates,
        .key_names = from->key_names,
        .key_values = told_key(a, from),
        .n_keys = from->n_keys,
        .timed = from->timed,
        .first_ms = from->first_ms,
        .last_ms = from->last_ms,
        .count = from->count,
        .estimated = from->estimated,
        .events = from->events,
        .times = from->times,
        .n_events = from->n_events,
        .doers = from->doers,
        .n_doers = from->n_doers,
        .joined = from->joined,
        .n_joined = from->n_joined,
    };
    out->known = details_read(from->details, &a->memory, &out->first);
    return out->key_values || err_set(e, ERR_SYSTEM, "no memory for an alert");
}
