/* The loop: next, handle, answer; and one summary line for each invocation. */
#include "runtime/serve.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "runtime/crash.h"
#include "runtime/emf.h"
#include "runtime/stop.h"

/* ---- time ---- */

static int64_t now_ms(void *self)
{
    (void)self;
    return clock_wall_ms();
}

static int64_t left_ms(void *self)
{
    const struct deadline *d = self;
    return d->at_ms ? d->at_ms - clock_wall_ms() : INT64_MAX;
}

struct port_clock deadline_clock(struct deadline *d)
{
    return (struct port_clock){d, now_ms, left_ms};
}

/* The client counts on the clock that never goes back. It stops early, so that a failure can still
 * be told. */
static void set_deadline(struct server *s, int64_t at_ms)
{
    s->deadline->at_ms = at_ms;
    if (!s->client)
        return;
    int64_t left = left_ms(s->deadline);
    aws_client_set_deadline(s->client,
                            at_ms ? clock_mono_ms() + left - HANDLE_MARGIN_MS : PACE_NO_DEADLINE);
}

/* ---- log ---- */

void serve_note(void *to, enum handle_note what, const char *sentence)
{
    const struct log *log = to;
    log_line(log, what == HANDLE_FAILED ? LOG_ERROR : LOG_WARN, str_of(sentence), NULL, 0);
}

static struct log_field number(const char *name, uint64_t n)
{
    return (struct log_field){name, STR_ABSENT, (int64_t)n};
}

void serve_done(void *to, const struct handled_object *o)
{
    struct log_field fields[] = {
        number("records", o->records), number("bad", o->bad),       number("bytes", o->bytes),
        number("hits", o->hits),       number("alerts", o->alerts), {"object", str_of(o->name), 0},
        {"account", o->at.account, 0}, {"region", o->at.region, 0},
    };
    size_t n = sizeof fields / sizeof *fields;
    log_line(to, LOG_INFO, S("object read"), fields, str_present(o->at.account) ? n : n - 2);
}

static void log_summary(const struct server *s, const struct rapi_invocation *inv, bool ok,
                        const struct handle_counts *c, uint64_t ms)
{
    struct log_field fields[] = {
        number("objects", c->objects),
        number("failed", c->failed),
        number("ignored", c->ignored),
        number("learned", c->learned),
        number("bytes", c->bytes),
        number("records", c->records),
        number("bad", c->bad),
        number("digests", c->digests),
        number("no_data", c->no_data),
        number("skipped_data", c->skipped_data),
        number("hits", c->hits),
        number("alerts", c->alerts),
        number("incidents", c->incidents),
        number("notices", c->notices),
        number("contained", c->contained),
        number("not_contained", c->not_contained),
        number("unplaced", c->unplaced),
        number("links_cut", c->links_cut),
        number("watched", c->watched),
        number("silent", c->silent),
        number("no_key", c->no_key),
        number("stray", c->stray),
        number("capped", c->capped),
        number("conflicts", c->conflicts),
        number("early", c->early),
        number("regex_limit", c->regex_limit),
        number("values_cut", c->values_cut),
        number("scratch_full", c->scratch_full),
        number("rules_failed", s->refresh_failed),
        number("ms", ms),
        {"tenantId", inv->tenant_id, 0},
    };
    size_t n = sizeof fields / sizeof *fields - !str_present(inv->tenant_id);
    log_line(s->log, ok && !c->failed ? LOG_INFO : LOG_ERROR,
             ok ? S("invocation served") : S("invocation failed"), fields, n);
}

/* ---- metrics ---- */

/* VmHWM of proc(5): of this program alone. What getrusage tells, a process has of the one that
 * started it, too. 0 when it cannot be read. */
static uint64_t peak_kb(void)
{
    char text[4096]; /* 1.4 KB in Linux 6 */
    unsigned long long kb = 0;
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
    if (fd >= 0)
        close(fd);
    struct str s = str_n(text, n > 0 ? (size_t)n : 0);
    size_t at = str_find(s, S("VmHWM:"), 0);
    struct str value = at == SIZE_MAX ? S("") : str_trim(str_skip(s, at + 6));
    return str_u64(str_cut(&value, ' '), &kb) ? kb : 0;
}

/* Whatever the log's level: it is no message. */
static void put_metrics(struct server *s, const struct rapi_invocation *inv,
                        const struct handle_counts *c, uint64_t ms)
{
    struct emf_invocation i = {
        .now_ms = clock_wall_ms(),
        .function_name = s->metrics,
        .request_id = inv->request_id,
        .counts = c,
        .cold = !s->warm,
        .ms = ms,
        .peak_kb = peak_kb(),
        .repeats = s->client ? aws_client_repeats(s->client) - s->repeats : 0,
    };
    struct buf line;
    s->warm = true;
    s->repeats += i.repeats;
    if (!str_present(s->metrics))
        return;
    buf_init(&line, EMF_LINE_MAX);
    emf_put(&line, &i);
    ssize_t ignored = line.failed ? 0 : write(s->log->fd, line.p, line.n);
    (void)ignored; /* there is nobody left to tell */
    buf_release(&line);
}

/* ---- one invocation ---- */

/* The trace id travels in the environment, as libraries of tracing expect it, and with our calls to
 * AWS. */
static void set_trace(const struct server *s, const struct rapi_invocation *inv)
{
    char text[TRACE_HEADER_MAX + 1];
    if (s->client)
        aws_client_set_trace(s->client, inv->trace_id);
    if (!str_present(inv->trace_id) || inv->trace_id.n >= sizeof text) {
        unsetenv("_X_AMZN_TRACE_ID");
        return;
    }
    memcpy(text, inv->trace_id.p, inv->trace_id.n);
    text[inv->trace_id.n] = '\0';
    setenv("_X_AMZN_TRACE_ID", text, 1);
}

static bool run(struct server *s, const struct rapi_invocation *inv, struct buf *answer,
                struct handle_counts *counts, struct err *e)
{
    if (inv->too_large)
        return err_set(e, ERR_LIMIT, "the payload is larger than %d bytes", RAPI_PAYLOAD_MAX);
    if (!s->handler && !s->make(s->to, &s->handler, e))
        return false;
    return handler_run(s->handler, inv->payload, answer, counts, e);
}

/* Hands over the answer or the failure. A refusal is this invocation's end, not ours. */
static bool reply(struct server *s, const struct rapi_invocation *inv, bool ok,
                  const struct buf *answer, const struct err *why, struct err *e)
{
    if (ok ? rapi_respond(s->rapi, inv, buf_str(answer), e) : rapi_fail(s->rapi, inv, why, e))
        return true;
    if (e->kind != ERR_INPUT)
        return false;
    log_line(s->log, LOG_ERROR, str_of(e->text), NULL, 0);
    return true;
}

static bool serve_one(struct server *s, const struct rapi_invocation *inv, struct err *e)
{
    struct buf answer;
    struct handle_counts counts = {0};
    struct err why = {0};
    int64_t began_ms = clock_mono_ms();
    buf_init(&answer, HANDLE_ANSWER_MAX);
    s->log->request_id = inv->request_id;
    s->log->trace_id = inv->trace_id;
    set_trace(s, inv);
    if (s->memory)
        state_memory_clear(s->memory);
    crash_arm(inv->request_id, inv->invocation_id);
    if (s->refresh && !s->refresh(s->to, &s->handler))
        s->refresh_failed++;
    set_deadline(s, inv->deadline_ms);
    bool ok = run(s, inv, &answer, &counts, &why);
    if (!ok && !counts.failed) /* what failed on the way has its line already */
        log_line(s->log, LOG_ERROR, str_of(why.text), NULL, 0);
    uint64_t ms = (uint64_t)(clock_mono_ms() - began_ms);
    log_summary(s, inv, ok, &counts, ms);
    put_metrics(s, inv, &counts, ms);
    bool going = reply(s, inv, ok, &answer, &why, e);
    buf_release(&answer);
    return going;
}

bool serve(struct server *s, struct err *e)
{
    struct rapi_invocation inv;
    while (!stop_asked()) {
        s->log->request_id = STR_ABSENT;
        s->log->trace_id = STR_ABSENT;
        crash_disarm();
        stop_waiting(true);
        if (!rapi_next(s->rapi, &inv, e))
            return false;
        stop_waiting(false);
        if (!serve_one(s, &inv, e))
            return false;
    }
    return true;
}
