/* The table of an execution. */
#include "cli/simulate_executed.h"

#include <stdio.h>

#include "adapters/output.h"
#include "base/escape.h"
#include "base/timefmt.h"
#include "cli/words.h"

static bool is_by_design(const struct planned *p, const struct execute_answer *a)
{
    bool refused = a->status >= 400 && a->status < 500 && a->why.kind != ERR_RETRY &&
                   !str_eqz(buf_str(&a->code), "SignatureDoesNotMatch");
    return refused && (p->call->kind == EXECUTE_DRY_RUN || p->call->kind == EXECUTE_MISSING ||
                       str_present(p->key_of));
}

bool executed_note(struct executed *d, const struct planned *p, const struct execute_answer *a,
                   struct arena *memory, struct err *e)
{
    if (d->calls++ == 0)
        d->first_ms = a->sent_ms;
    d->status = a->status;
    d->code = arena_str(memory, a->code.n ? buf_str(&a->code) : S(""));
    d->request = arena_str(memory, a->id.n ? buf_str(&a->id) : S(""));
    d->done = a->why.kind == ERR_NONE;
    d->unwanted = d->unwanted || (!d->done && !is_by_design(p, a));
    return (str_present(d->code) && str_present(d->request)) ||
           err_set(e, ERR_LIMIT, "no memory for answers");
}

static const char *state_of(const struct executed *d)
{
    if (!d->calls)
        return "not executed";
    return d->done ? "done" : d->unwanted ? "failed" : "refused, as intended";
}

static void put_state(struct buf *b, const struct executed *d)
{
    buf_putz(b, state_of(d));
    if (d->calls && !d->done)
        buf_putf(b, " (%d%s%.*s)", d->status, d->code.n ? " " : "", (int)d->code.n, d->code.p);
    if (!d->calls)
        buf_putf(b, ": %s", d->why ? d->why : "it was not come to");
}

void executed_tell(const struct executed *d, const struct planned *p, size_t i, size_t n)
{
    struct buf b;
    const struct step *s = p->step;
    buf_init(&b, 4096); /* two names, a code and a sentence */
    buf_putf(&b, "step %zu of %zu: %.*s %.*s: ", i + 1, n, (int)s->service.n, s->service.p,
             (int)s->event.n, s->event.p);
    put_state(&b, d);
    const char *text = buf_z(&b);
    fprintf(stderr, "%s\n", text ? text : "");
    buf_release(&b);
}

/* ---- for people ---- */

static void put_row(struct buf *b, const struct executed *d, const struct planned *p)
{
    const struct step *s = p->step;
    if (d->calls)
        time_put(b, d->first_ms);
    else
        buf_putz(b, "-");
    buf_putf(b, "  %.*s %.*s", (int)s->service.n, s->service.p, (int)s->event.n, s->event.p);
    if (d->calls > 1)
        buf_putf(b, " x%llu", (unsigned long long)d->calls);
    if (d->calls && str_present(p->key_of))
        buf_putf(b, ", as %.*s", (int)p->key_of.n, p->key_of.p);
    buf_putz(b, "  ");
    put_state(b, d);
    if (d->request.n)
        buf_putf(b, "  %.*s", (int)d->request.n, d->request.p);
    buf_putc(b, '\n');
}

/* "trailwarden scan ... --from ... --to ..." */
static void put_where(struct buf *b, const struct executed_of *of)
{
    buf_putf(b,
             "CloudTrail delivers within about 15 minutes. Then:\n"
             "  trailwarden scan s3://TRAIL-BUCKET/AWSLogs/%.*s/ --emit incidents --from ",
             (int)of->account.n, of->account.p);
    time_put(b, of->from_ms / 1000 * 1000);
    buf_putz(b, " --to ");
    time_put(b, (of->to_ms / 1000 + 1) * 1000);
    buf_putz(b, "\n  trailwarden incidents\n");
}

static void put_text(struct buf *b, const struct executed_of *of, const struct planned *plan,
                     const struct executed *done, size_t left)
{
    size_t executed = 0;
    for (size_t i = 0; i < of->n; i++) {
        put_row(b, done + i, plan + i);
        executed += done[i].calls > 0;
    }
    buf_putf(b, "\n%zu of %zu steps executed in %.*s; of %zu things made or tried, %zu ", executed,
             of->n, (int)of->account.n, of->account.p, of->made, left);
    buf_putf(b, "%s left (%s)\n", left == 1 ? "is" : "are", of->journal);
    put_where(b, of);
}

/* ---- for programs ---- */

static void put_time(struct buf *b, const char *name, int64_t ms)
{
    buf_putf(b, ",\"%s\":\"", name);
    time_put(b, ms);
    buf_putc(b, '"');
}

static void put_text_or_null(struct buf *b, const char *name, struct str s)
{
    buf_putf(b, ",\"%s\":", name);
    buf_put_json(b, s.n ? s : STR_ABSENT);
}

/* {"type":"step","n":1,"action":"iam:CreateUser","state":"done","calls":1,"status":200,
 *  "key_of":null,"code":null,"request":"<id>","why":null,"time":"..."} */
static void put_step(struct buf *b, const struct executed *d, const struct planned *p, size_t i)
{
    const struct step *s = p->step;
    buf_putf(b,
             "{\"type\":\"step\",\"n\":%zu,\"action\":\"%.*s:%.*s\",\"state\":\"%s\",\"calls\":%llu"
             ",\"status\":%d",
             i + 1, (int)s->service.n, s->service.p, (int)s->event.n, s->event.p, state_of(d),
             (unsigned long long)d->calls, d->status);
    put_text_or_null(b, "key_of", p->key_of);
    put_text_or_null(b, "code", d->code);
    put_text_or_null(b, "request", d->request);
    put_text_or_null(b, "why", str_of(d->why ? d->why : ""));
    if (d->calls)
        put_time(b, "time", d->first_ms);
    buf_putz(b, "}\n");
}

/* {"type":"execution","scenario":"user-b","account":"...","run":"trailwarden-sim-...",
 *  "journal":"...","made":9,"left":0,"from":"...","to":"..."} */
static void put_json(struct buf *b, const struct executed_of *of, const struct planned *plan,
                     const struct executed *done, size_t left)
{
    for (size_t i = 0; i < of->n; i++)
        put_step(b, done + i, plan + i, i);
    buf_putz(b, "{\"type\":\"execution\"");
    put_text_or_null(b, "scenario", str_of(of->scenario));
    put_text_or_null(b, "account", of->account);
    put_text_or_null(b, "run", of->run);
    put_text_or_null(b, "journal", str_of(of->journal));
    buf_putf(b, ",\"made\":%zu,\"left\":%zu", of->made, left);
    put_time(b, "from", of->from_ms);
    put_time(b, "to", of->to_ms);
    buf_putz(b, "}\n");
}

bool executed_put(const struct executed_of *of, const struct planned *plan,
                  const struct executed *done, size_t left, const char *format, struct err *e)
{
    static const char *const formats[] = {"text", "jsonl"};
    struct output out = {.fd = -1};
    bool ok = output_open(&out, NULL, e);
    size_t json = out.terminal ? 0 : 1;
    ok = ok && word_choice("format", format, formats, 2, &json, e);
    if (ok && json)
        put_json(&out.pending, of, plan, done, left);
    else if (ok)
        put_text(&out.pending, of, plan, done, left);
    ok = ok && output_put(&out, e) && output_commit(&out, e);
    output_release(&out);
    return ok;
}
