/* Making what happens. */
#include "cli/simulate_world.h"

#include <stdlib.h>

#include "cli/simulate_sources.h"

#define AROUND_MS  (2 * 3600000LL) /* of ordinary calls before the first step and after the last */
#define SESSION_MS 3600000LL       /* age of sessions that nobody is seen to begin */
/* CloudTrail delivers about every five minutes, on average within five minutes of the call
 * (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html); some
 * come much later. */
#define SLOT_MS      300000
#define SOON_MS      60000
#define WITHIN_MS    480000
#define LATE_MS      3600000
#define LATE_PERCENT 1

static int64_t delivery(struct world *w, int64_t time_ms)
{
    int64_t ms = time_ms + SOON_MS + (int64_t)dice_below(&w->dice, WITHIN_MS);
    if (dice_below(&w->dice, 100) < LATE_PERCENT)
        ms += (int64_t)dice_below(&w->dice, LATE_MS);
    return (ms + SLOT_MS - 1) / SLOT_MS * SLOT_MS;
}

static bool put_id(struct world *w, struct happening *h, struct err *e)
{
    struct buf b;
    buf_init(&b, 64);
    buf_putf(&b, "${uuid:event/%zu}", w->happenings.n);
    struct buf id;
    buf_init(&id, SIMULATE_UUID);
    bool ok = names_put(&id, &w->names, buf_str(&b), e) && buf_ok(&id, "an id", e);
    if (ok)
        memcpy(h->id, id.p, id.n);
    buf_release(&id);
    buf_release(&b);
    return ok;
}

static bool add(struct world *w, struct step *s, size_t number, int64_t time_ms, uint64_t n,
                struct buf *text, struct err *e)
{
    struct happening *h = vec_push(&w->happenings, 1);
    if (!h)
        return err_set(e, ERR_LIMIT, "a simulation of more than %d events", SIMULATE_EVENTS_MAX);
    w->names.time_ms = time_ms;
    w->names.n = n;
    h->time_ms = time_ms;
    h->step = number;
    h->delivered_ms = delivery(w, time_ms);
    h->region = record_region(s);
    h->log = record_log(s);
    memset(h->id, 0, sizeof h->id);
    if (!put_id(w, h, e))
        return false;
    const struct deed d = {&w->names, s, str_n(h->id, SIMULATE_UUID)};
    buf_reset(text);
    if (!record_put(text, &d, e) || !buf_ok(text, "a record", e))
        return false;
    h->record = arena_str(&w->memory, buf_str(text));
    if (h->log == RECORD_FLOW && !source_flow_id(buf_str(text), h->id, e))
        return false;
    return str_present(h->record) || err_set(e, ERR_LIMIT, "no memory for a simulation");
}

/* A repeat of a step, where steps overlap: taken in the order of their times, so that a session is
 * used only after it began. */
struct turn {
    int64_t time_ms;
    size_t step;
    uint64_t n;
};

static int by_time(const void *p, const void *q)
{
    const struct turn *a = p, *b = q;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    if (a->step != b->step)
        return a->step < b->step ? -1 : 1;
    return a->n < b->n ? -1 : a->n > b->n;
}

static bool list_turns(const struct world *w, struct vec *turns, struct err *e)
{
    for (size_t i = 0; i < w->scenario.n_steps; i++) {
        const struct step *s = w->scenario.steps + i;
        struct turn *t = vec_push(turns, s->times);
        for (uint64_t n = 0; t && n < s->times; n++)
            t[n] = (struct turn){w->start_ms + s->at_ms + (int64_t)n * s->every_ms, i, n};
        if (!t)
            return err_set(e, ERR_LIMIT, "a scenario of too many events");
    }
    if (turns->n)
        qsort(turns->p, turns->n, turns->size, by_time);
    return true;
}

static bool play(struct world *w, struct buf *text, struct err *e)
{
    struct vec turns;
    vec_init(&turns, sizeof(struct turn), SIMULATE_STEPS_MAX * SIMULATE_REPEAT_MAX);
    bool ok = list_turns(w, &turns, e);
    for (size_t i = 0; ok && i < turns.n; i++) {
        const struct turn *t = vec_at(&turns, i);
        ok = add(w, w->scenario.steps + t->step, t->step, t->time_ms, t->n, text, e);
    }
    vec_release(&turns);
    return ok;
}

static bool live(struct world *w, uint64_t noise, struct buf *text, struct err *e)
{
    int64_t from_ms = w->start_ms - AROUND_MS;
    uint64_t seconds = (uint64_t)(scenario_ms(&w->scenario) + 2 * AROUND_MS) / 1000;
    bool ok =
        noise == 0 || w->background.n_steps || err_set(e, ERR_INPUT, "the background has no steps");
    for (uint64_t n = 0; ok && n < noise; n++) {
        size_t i = (size_t)dice_below(&w->dice, w->background.n_steps + w->scenario.n_ordinary);
        struct step *s = i < w->background.n_steps
                             ? w->background.steps + i
                             : w->scenario.ordinary + (i - w->background.n_steps);
        int64_t at_ms = from_ms + 1000 * (int64_t)dice_below(&w->dice, seconds);
        ok = add(w, s, SIMULATE_ORDINARY, at_ms, n, text, e);
    }
    return ok;
}

static void begin_sessions(struct scenario *s, int64_t at_ms)
{
    for (size_t i = 0; i < s->n_actors; i++)
        s->actors[i].created_ms = at_ms;
}

void world_init(struct world *w)
{
    *w = (struct world){.start_ms = 0};
    arena_init(&w->memory, SIMULATE_MEMORY_MAX);
    vec_init(&w->happenings, sizeof(struct happening), SIMULATE_EVENTS_MAX);
}

bool world_make(struct world *w, const struct world_asked *asked, struct err *e)
{
    struct buf text;
    w->names.seed = asked->seed;
    w->dice.state = asked->seed;
    w->start_ms = asked->start_ms;
    buf_init(&text, SIMULATE_RECORD_MAX);
    bool ok = scenario_read(asked->scenario, &w->memory, &w->scenario, e) &&
              scenario_read(asked->background, &w->memory, &w->background, e);
    if (ok) {
        begin_sessions(&w->scenario, w->start_ms - SESSION_MS);
        begin_sessions(&w->background, w->start_ms - AROUND_MS - SESSION_MS);
        ok = play(w, &text, e) && live(w, asked->noise, &text, e);
    }
    buf_release(&text);
    return ok;
}

void world_release(struct world *w)
{
    vec_release(&w->happenings);
    arena_release(&w->memory);
}
