/* The table of a simulation: for people in columns, for programs in lines of JSON. */
#include "base/escape.h"
#include "base/timefmt.h"
#include "cli/simulate_found.h"

/* Bytes of the columns; that of who acts is wider where names are. */
enum { WHO_MIN = 26, WHAT = 42 };

/* Appends blanks until the text that began at `from` is `width` long, and one more. */
static void pad(struct buf *b, size_t from, size_t width)
{
    do
        buf_putc(b, ' ');
    while (!b->failed && b->n - from <= width);
}

static void put_after(struct buf *b, int64_t ms)
{
    if (ms < 3600000)
        buf_putf(b, "%d min", (int)(ms / 60000));
    else
        buf_putf(b, "%d h %d min", (int)(ms / 3600000), (int)(ms / 60000 % 60));
}

static struct str level_text(enum level l)
{
    return str_of(level_name(l));
}

/* ---- for people ---- */

/* user bot, role ShopApp/i-0ab... */
static bool put_who(struct buf *b, struct world *w, const struct actor *a, struct err *e)
{
    buf_putz(b, actor_kind_name(a->kind));
    if (a->kind == ACTOR_ROOT)
        return true;
    buf_putc(b, ' ');
    return names_put(b, &w->names, a->name, e);
}

/* The width that all who act fit in. */
static bool measure_who(struct buf *b, struct world *w, size_t *width, struct err *e)
{
    const size_t from = b->n;
    *width = WHO_MIN;
    for (size_t i = 0; i < w->scenario.n_steps; i++) {
        if (!put_who(b, w, w->scenario.steps[i].as, e))
            return false;
        *width = b->n - from > *width ? b->n - from : *width;
        buf_cut(b, from);
    }
    return true;
}

static bool put_row(struct buf *b, const struct found *f, struct world *w, size_t i, size_t who,
                    struct err *e)
{
    const struct step *s = w->scenario.steps + i;
    size_t n, from = b->n;
    const struct finding *first = found_of_step(f, i, &n);
    int64_t at = s->at_ms / 1000;
    buf_putf(b, "+%02d:%02d:%02d", (int)(at / 3600), (int)(at / 60 % 60), (int)(at % 60));
    pad(b, from, 9);
    from = b->n;
    if (!put_who(b, w, s->as, e))
        return false;
    pad(b, from, who);
    from = b->n;
    buf_putf(b, "%.*s %.*s", (int)s->service.n, s->service.p, (int)s->event.n, s->event.p);
    if (s->times > 1)
        buf_putf(b, " x%d", (int)s->times);
    if (str_present(s->error))
        buf_putz(b, ", refused");
    pad(b, from, WHAT);
    if (first) {
        put_after(b, first->after_ms);
        struct str level = level_text(first->level);
        buf_putf(b, ": %.*s (%.*s)", (int)first->rule.n, first->rule.p, (int)level.n, level.p);
        if (n > 1)
            buf_putf(b, " and %zu more", n - 1);
    } else {
        buf_putc(b, '-');
    }
    buf_putc(b, '\n');
    return true;
}

/* "By 84 notifications the function told 15 alerts and 4 times of 1 incident, first 4 min after the
 * first step" */
static void put_invoked(struct buf *b, const struct world *w, const struct found *f)
{
    const struct invoked *v = &f->invoked;
    size_t n = f->incidents.n;
    buf_putf(b,
             "By %llu notifications the function told %llu alerts, and of %zu incident%s in %llu "
             "message%s",
             (unsigned long long)v->notifications, (unsigned long long)v->alerts, n,
             n == 1 ? "" : "s", (unsigned long long)v->incidents, v->incidents == 1 ? "" : "s");
    if (v->first_incident_ms != INT64_MAX) {
        buf_putz(b, ", the first ");
        put_after(b, v->first_incident_ms - w->start_ms);
        buf_putz(b, " after the first step");
    }
    buf_putc(b, '\n');
}

static bool put_text(struct buf *b, const struct found *f, struct world *w,
                     const struct found_of *of, struct err *e)
{
    size_t n, who, detected = 0;
    if (!measure_who(b, w, &who, e))
        return false;
    buf_put(b, w->scenario.title);
    buf_putf(b, "\n%zu objects in %s: %zu records, %zu of them delivered twice\n\n",
             of->counts.objects, of->folder, of->counts.records, of->counts.twice);
    for (size_t i = 0; i < w->scenario.n_steps; i++) {
        if (!put_row(b, f, w, i, who, e))
            return false;
        detected += found_of_step(f, i, &n) != NULL;
    }
    buf_putf(
        b,
        "\n%zu of %zu steps found, by %zu alerts of %zu incident%s; %zu alert%s about ordinary "
        "calls alone\n",
        detected, w->scenario.n_steps, f->alerts, f->incidents.n, f->incidents.n == 1 ? "" : "s",
        f->ordinary, f->ordinary == 1 ? "" : "s");
    if (of->invoked)
        put_invoked(b, w, f);
    return true;
}

/* ---- for programs ---- */

static void put_findings(struct buf *b, const struct found *f, size_t step)
{
    const char *before = "";
    buf_putz(b, ",\"detections\":[");
    for (size_t i = 0; i < f->findings.n; i++) {
        const struct finding *g = vec_at(&f->findings, i);
        if (g->step != step)
            continue;
        buf_putf(b, "%s{\"rule\":", before);
        buf_put_json(b, g->rule);
        buf_putz(b, ",\"level\":");
        buf_put_json(b, level_text(g->level));
        buf_putf(b, ",\"after_s\":%lld}", (long long)(g->after_ms / 1000));
        before = ",";
    }
    buf_putz(b, "]}\n");
}

/* {"type":"step","n":1,"time":"...","actor":"arn:...","action":"iam:CreateUser","region":"...",
 *  "error":null,"count":1,"detections":[{"rule":"...","level":"low","after_s":240}]} */
static bool put_step(struct buf *b, const struct found *f, struct world *w, size_t i, struct err *e)
{
    const struct step *s = w->scenario.steps + i;
    buf_putf(b, "{\"type\":\"step\",\"n\":%zu,\"time\":\"", i + 1);
    time_put(b, w->start_ms + s->at_ms);
    buf_putz(b, "\",\"actor\":\"");
    if (!record_put_actor(b, &w->names, s->as, e))
        return false;
    buf_putf(b, "\",\"action\":\"%.*s:%.*s\",\"region\":", (int)s->service.n, s->service.p,
             (int)s->event.n, s->event.p);
    buf_put_json(b, record_region(s));
    buf_putz(b, ",\"error\":");
    buf_put_json(b, s->error);
    buf_putf(b, ",\"count\":%llu", (unsigned long long)s->times);
    put_findings(b, f, i);
    return true;
}

/* ,"invoked":{"notifications":84,"failed":0,"alerts":15,"incident_messages":4,"incidents":["<id>"],
 *  "first_incident_s":300} */
static void put_invoked_json(struct buf *b, const struct world *w, const struct found *f)
{
    const struct invoked *v = &f->invoked;
    const char *before = "";
    buf_putf(b,
             ",\"invoked\":{\"notifications\":%llu,\"failed\":%llu,\"alerts\":%llu,"
             "\"incident_messages\":%llu,\"incidents\":[",
             (unsigned long long)v->notifications, (unsigned long long)v->failed,
             (unsigned long long)v->alerts, (unsigned long long)v->incidents);
    for (size_t i = 0; i < f->told.n; i++) {
        const struct found_told *t = vec_at(&f->told, i);
        if (!t->incident)
            continue;
        buf_putf(b, "%s\"%.*s\"", before, (int)sizeof t->id, t->id);
        before = ",";
    }
    buf_putz(b, "],\"first_incident_s\":");
    if (v->first_incident_ms != INT64_MAX)
        buf_put_i64(b, (v->first_incident_ms - w->start_ms) / 1000);
    else
        buf_putz(b, "null");
    buf_putc(b, '}');
}

/* The steps, then {"type":"simulation","scenario":"...","objects":9,"records":120,"twice":3,
 * "missed":0,"alerts":12,"ordinary_alerts":1,"incidents":[...]}, and "invoked" when it was */
static bool put_json(struct buf *b, const struct found *f, struct world *w,
                     const struct found_of *of, struct err *e)
{
    for (size_t i = 0; i < w->scenario.n_steps; i++)
        if (!put_step(b, f, w, i, e))
            return false;
    buf_putz(b, "{\"type\":\"simulation\",\"scenario\":");
    buf_put_json(b, str_of(of->scenario));
    buf_putf(b,
             ",\"objects\":%zu,\"records\":%zu,\"twice\":%zu,\"missed\":%zu,\"alerts\":%zu,"
             "\"ordinary_alerts\":%zu,\"incidents\":[",
             of->counts.objects, of->counts.records, of->counts.twice, found_missed(f, w),
             f->alerts, f->ordinary);
    for (size_t i = 0; i < f->incidents.n; i++) {
        buf_putz(b, i ? "," : "");
        buf_put(b, *(struct str *)vec_at(&f->incidents, i));
    }
    buf_putc(b, ']');
    if (of->invoked)
        put_invoked_json(b, w, f);
    buf_putz(b, "}\n");
    return true;
}

bool found_put(struct output *out, const struct found *f, struct world *w,
               const struct found_of *of, bool json, struct err *e)
{
    bool ok = json ? put_json(&out->pending, f, w, of, e) : put_text(&out->pending, f, w, of, e);
    return ok && output_put(out, e);
}
