/* Findings: two scans of the simulated objects, and the join of what they tell by event ids. */
#include "cli/simulate_found.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "cli/simulate_scan.h"

#define TOLD_MAX     (256u << 20) /* bytes of alerts or incidents of one simulation */
#define FINDINGS_MAX 100000
#define INCIDENTS    1000
#define TOLD         100000 /* alerts and incidents of one simulation */

/* ---- joining ---- */

static int by_id(const void *p, const void *q)
{
    const struct happening *const *a = p, *const *b = q;
    return memcmp((*a)->id, (*b)->id, SIMULATE_ID);
}

/* Compares the beginning of an id. */
static int by_beginning(const void *key, const void *element)
{
    const struct str *wanted = key;
    const struct happening *const *h = element;
    return memcmp(wanted->p, (*h)->id, wanted->n);
}

const struct happening *found_happening(const struct found *f, struct str id)
{
    if (str_starts(id, S("sha256:")))
        id = str_skip(id, 7);
    if (id.n == 0 || id.n > SIMULATE_ID || !f->world->happenings.n)
        return NULL;
    const struct happening **at =
        bsearch(&id, f->by_id, f->world->happenings.n, sizeof *f->by_id, by_beginning);
    return at ? *at : NULL;
}

bool found_note(struct found *f, const struct finding *new, struct err *e)
{
    for (size_t i = 0; i < f->findings.n; i++) {
        struct finding *old = vec_at(&f->findings, i);
        if (old->step != new->step || !str_eq(old->rule, new->rule))
            continue;
        old->after_ms = new->after_ms < old->after_ms ? new->after_ms : old->after_ms;
        return true;
    }
    struct finding *to = vec_push(&f->findings, 1);
    if (!to)
        return err_set(e, ERR_LIMIT, "more than %d findings", FINDINGS_MAX);
    *to = *new;
    to->rule = arena_str(&f->memory, new->rule);
    return str_present(to->rule) || err_set(e, ERR_LIMIT, "no memory for findings");
}

/* ---- alerts of a scan ---- */

static int64_t time_of(const json_t *alert, const char *member)
{
    int64_t ms = INT64_MIN;
    return time_parse(str_of(json_string_value(json_object_get(alert, member))), &ms) ? ms
                                                                                      : INT64_MIN;
}

/* When all of the alert's events up to its first moment were there. */
static int64_t completed_ms(const struct found *f, const json_t *alert)
{
    const json_t *id, *events = json_object_get(alert, "events");
    int64_t first_ms = time_of(alert, "first"), completed = INT64_MIN;
    size_t i;
    json_array_foreach(events, i, id)
    {
        const struct happening *h = found_happening(f, str_of(json_string_value(id)));
        if (h && h->time_ms <= first_ms && h->delivered_ms > completed)
            completed = h->delivered_ms;
    }
    return completed;
}

static bool join_alert(struct found *f, const json_t *alert, struct err *e)
{
    const json_t *rule = json_object_get(alert, "rule"), *id;
    const json_t *events = json_object_get(alert, "events");
    int64_t completed = completed_ms(f, alert);
    struct finding new = {.rule = str_of(json_string_value(json_object_get(rule, "title")))};
    bool of_step = false;
    size_t i;
    if (!level_parse(str_of(json_string_value(json_object_get(rule, "level"))), &new.level))
        return err_set(e, ERR_SYSTEM, "an alert without a level");
    json_array_foreach(events, i, id)
    {
        const struct happening *h = found_happening(f, str_of(json_string_value(id)));
        if (!h || h->step == SIMULATE_ORDINARY)
            continue;
        of_step = true;
        new.step = h->step;
        new.after_ms = (h->delivered_ms > completed ? h->delivered_ms : completed) - h->time_ms;
        if (!found_note(f, &new, e))
            return false;
    }
    *(of_step ? &f->alerts : &f->ordinary) += 1;
    return true;
}

/* By step, the quickest first, of them the gravest. */
static int by_step(const void *p, const void *q)
{
    const struct finding *a = p, *b = q;
    if (a->step != b->step)
        return a->step < b->step ? -1 : 1;
    if (a->after_ms != b->after_ms)
        return a->after_ms < b->after_ms ? -1 : 1;
    if (a->level != b->level)
        return a->level > b->level ? -1 : 1;
    return str_cmp(a->rule, b->rule);
}

void found_order(struct found *f)
{
    if (f->findings.n)
        qsort(f->findings.p, f->findings.n, f->findings.size, by_step);
}

static bool join(struct found *f, struct str told, struct err *e)
{
    bool ok = true;
    while (ok && told.n) {
        struct str line = str_cut(&told, '\n');
        json_error_t why;
        json_t *alert = json_loadb(line.p, line.n, 0, &why);
        ok = alert ? join_alert(f, alert, e)
                   : err_set(e, ERR_SYSTEM, "an alert is no JSON: %s", why.text);
        json_decref(alert);
    }
    found_order(f);
    return ok;
}

static bool keep_incidents(struct found *f, struct str told, struct err *e)
{
    while (told.n) {
        struct str line = str_cut(&told, '\n');
        struct str *to = vec_push(&f->incidents, 1);
        if (to)
            *to = arena_str(&f->memory, line);
        if (!to || !str_present(*to))
            return err_set(e, ERR_LIMIT, "too many incidents");
    }
    return true;
}

void found_init(struct found *f)
{
    *f = (struct found){.invoked = {.first_incident_ms = INT64_MAX}};
    arena_init(&f->memory, TOLD_MAX);
    vec_init(&f->findings, sizeof(struct finding), FINDINGS_MAX);
    vec_init(&f->incidents, sizeof(struct str), INCIDENTS);
    vec_init(&f->told, sizeof(struct found_told), TOLD);
}

bool found_begin(struct found *f, const struct world *w, struct err *e)
{
    size_t n = w->happenings.n;
    f->world = w;
    f->by_id = arena_array(&f->memory, n, sizeof *f->by_id);
    for (size_t i = 0; i < n && f->by_id; i++)
        f->by_id[i] = vec_at(&w->happenings, i);
    if (f->by_id && n)
        qsort(f->by_id, n, sizeof *f->by_id, by_id);
    return f->by_id || err_set(e, ERR_LIMIT, "no memory for findings");
}

bool found_scan(struct found *f, const struct ruleset *rules, const char *folder, struct err *e)
{
    struct buf told;
    buf_init(&told, TOLD_MAX);
    bool ok = simulate_scan(rules, folder, false, &told, e) && join(f, buf_str(&told), e);
    buf_reset(&told);
    ok = ok && simulate_scan(rules, folder, true, &told, e) && keep_incidents(f, buf_str(&told), e);
    buf_release(&told);
    return ok;
}

void found_release(struct found *f)
{
    vec_release(&f->findings);
    vec_release(&f->incidents);
    vec_release(&f->told);
    arena_release(&f->memory);
}

const struct finding *found_of_step(const struct found *f, size_t step, size_t *n)
{
    const struct finding *first = NULL;
    *n = 0;
    for (size_t i = 0; i < f->findings.n; i++) {
        const struct finding *g = vec_at(&f->findings, i);
        if (g->step == step && (*n)++ == 0)
            first = g;
    }
    return first;
}

size_t found_missed(const struct found *f, const struct world *w)
{
    size_t n, missed = 0;
    for (size_t i = 0; i < w->scenario.n_steps; i++)
        missed += !found_of_step(f, i, &n);
    return missed;
}
