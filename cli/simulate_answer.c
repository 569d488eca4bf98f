/* Findings out of the function's answers. */
#include <jansson.h>

#include "cli/simulate_found.h"

static struct str text_of(const json_t *item, const char *member)
{
    return str_of(json_string_value(json_object_get(item, member)));
}

/* The rule that an item names. */
static bool read_rule(const json_t *item, struct finding *out, struct err *e)
{
    *out = (struct finding){.rule = text_of(item, "rule")};
    return (str_present(out->rule) && level_parse(text_of(item, "level"), &out->level)) ||
           err_set(e, ERR_SYSTEM, "the function's answer names no rule");
}

/* The event was found then. *of_step: it is one of the scenario's. */
static bool note_event(struct found *f, struct finding *new, struct str id, int64_t at_ms,
                       bool *of_step, struct err *e)
{
    const struct happening *h = found_happening(f, id);
    if (!h || h->step == SIMULATE_ORDINARY)
        return true;
    *of_step = true;
    new->step = h->step;
    new->after_ms = at_ms - h->time_ms;
    return found_note(f, new, e);
}

/* What was told under that id, noted when it is new. */
static struct found_told *told_of(struct found *f, const json_t *item, bool incident, struct err *e)
{
    struct str id = text_of(item, "id");
    struct found_told *t = NULL;
    if (id.n != sizeof t->id) {
        err_set(e, ERR_SYSTEM, "the function's answer names something without an id");
        return NULL;
    }
    for (size_t i = 0; i < f->told.n; i++) {
        t = vec_at(&f->told, i);
        if (t->incident == incident && memcmp(t->id, id.p, id.n) == 0)
            return t;
    }
    t = vec_push(&f->told, 1);
    if (!t) {
        err_set(e, ERR_LIMIT, "too many alerts and incidents");
        return NULL;
    }
    *t = (struct found_told){.incident = incident};
    memcpy(t->id, id.p, id.n);
    return t;
}

static bool take_hit(struct found *f, const json_t *item, int64_t at_ms, struct err *e)
{
    struct finding new;
    bool of_step;
    return read_rule(item, &new, e) &&
           note_event(f, &new, text_of(item, "event"), at_ms, &of_step, e);
}

static bool take_alert(struct found *f, const json_t *item, int64_t at_ms, struct err *e)
{
    struct finding new;
    const json_t *id, *events = json_object_get(item, "events");
    size_t i;
    struct found_told *t = told_of(f, item, false, e);
    bool ok = t && read_rule(item, &new, e);
    json_array_foreach(events, i, id)
    {
        ok = ok && note_event(f, &new, str_of(json_string_value(id)), at_ms, &t->of_step, e);
    }
    f->invoked.alerts++;
    return ok;
}

static bool take_incident(struct found *f, const json_t *item, int64_t at_ms, struct err *e)
{
    struct found_told *t = told_of(f, item, true, e);
    if (!t)
        return false;
    t->updates = (uint32_t)json_integer_value(json_object_get(item, "updates"));
    f->invoked.incidents++;
    if (at_ms < f->invoked.first_incident_ms)
        f->invoked.first_incident_ms = at_ms;
    return true;
}

static bool take_item(struct found *f, const json_t *item, int64_t at_ms, struct err *e)
{
    struct str type = text_of(item, "type");
    if (str_eq(type, S("hit")))
        return take_hit(f, item, at_ms, e);
    if (str_eq(type, S("alert")))
        return take_alert(f, item, at_ms, e);
    return !str_eq(type, S("incident")) || take_incident(f, item, at_ms, e);
}

bool found_answer(struct found *f, struct str answer, int64_t at_ms, struct err *e)
{
    json_t *root = json_loadb(answer.p, answer.n, 0, NULL), *item;
    const json_t *findings = json_object_get(root, "findings");
    bool ok = json_is_array(findings) ||
              err_set(e, ERR_SYSTEM,
                      "the function does not answer what it found: it is older than this program, "
                      "or another");
    size_t i;
    if (ok && json_is_true(json_object_get(root, "findings_cut")))
        ok = err_set(e, ERR_LIMIT, "an object holds more findings than an answer has room for");
    json_array_foreach(findings, i, item)
    {
        ok = ok && take_item(f, item, at_ms, e);
    }
    json_decref(root);
    return ok;
}

/* {"type":"incident","id":"<32 hex>","updates":3} */
static bool keep_incident(struct found *f, const struct found_told *t, struct err *e)
{
    struct buf b;
    buf_init(&b, 128); /* the line above */
    buf_putf(&b, "{\"type\":\"incident\",\"id\":\"%.*s\",\"updates\":%u}", (int)sizeof t->id, t->id,
             t->updates);
    struct str *to = vec_push(&f->incidents, 1);
    if (to)
        *to = arena_str(&f->memory, buf_str(&b));
    bool ok = buf_ok(&b, "an incident", e) &&
              ((to && str_present(*to)) || err_set(e, ERR_LIMIT, "too many incidents"));
    buf_release(&b);
    return ok;
}

bool found_answered(struct found *f, struct err *e)
{
    bool ok = true;
    for (size_t i = 0; ok && i < f->told.n; i++) {
        const struct found_told *t = vec_at(&f->told, i);
        if (t->incident)
            ok = keep_incident(f, t, e);
        else
            *(t->of_step ? &f->alerts : &f->ordinary) += 1;
    }
    found_order(f);
    return ok;
}
