/* The second reading, and the page. */
#include "cli/report.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "respond/page.h"

/* Bytes handed to the output at once; it takes OUTPUT_LINE_MAX. */
#define PIECE_MAX (1u << 20)

/* ---- reading ---- */

/* rereading_calls.going */
static bool go_on(void *to, struct err *e)
{
    struct report *r = to;
    const struct rereading *now = &r->reading;
    progress_tick(&r->progress, &(struct scan_counts){.objects = now->objects,
                                                      .stored_bytes = now->stored_bytes,
                                                      .text_bytes = now->text_bytes,
                                                      .records = now->records});
    return !interrupted() || err_set(e, ERR_SYSTEM, "interrupted");
}

/* rereading_calls.see */
static void advise(void *to, struct event *ev, const struct facts *f)
{
    struct report *r = to;
    advising_see(&r->advising, ev, f);
}

bool report_init(struct report *r, const struct ruleset *rules, const struct log_said *said,
                 struct port_geo geo, struct err *e)
{
    *r = (struct report){.rules = rules};
    stories_init(&r->stories);
    veil_init(&r->veil);
    return rereading_init(&r->reading, &r->stories, rules, said, geo,
                          (struct rereading_calls){r, go_on, advise}, e);
}

void report_release(struct report *r)
{
    stories_release(&r->stories);
    veil_release(&r->veil);
    advising_release(&r->advising);
    rereading_release(&r->reading);
}

/* log_taker.object */
static bool take_object(void *to, const struct port_objects *port, const struct object_ref *ref,
                        struct str name, struct err *e)
{
    struct report *r = to;
    return rereading_object(&r->reading, port, ref, name, e);
}

/* log_taker.fault */
static void count_fault(void *to)
{
    ((struct report *)to)->reading.failed++;
}

bool report_take(struct report *r, struct incidents *x, const struct incident_group *groups,
                 size_t n, struct err *e)
{
    if (r->redact)
        veil_incidents(&r->veil, x);
    return stories_take(&r->stories, x, groups, n, e);
}

bool report_read(struct report *r, const struct logs *logs, struct err *e)
{
    const struct log_taker taker = {r, take_object, count_fault};
    stories_ready(&r->stories);
    if (!r->redact && logs->paths.n)
        advising_begin(&r->advising, &r->stories, &advising_laptop);
    progress_init(&r->progress, isatty(STDERR_FILENO) ? logs_bytes(logs) : 0);
    bool ok = logs_walk(logs, &taker, e);
    progress_end(&r->progress);
    if (interrupted()) {
        fputs("trailwarden: interrupted; the story has what was read again so far\n", stderr);
        r->stories.stopped = "somebody interrupted it";
        r->advising.cut = true;
        ok = true;
    }
    stories_recall(&r->stories);
    stories_end(&r->stories);
    advising_end(&r->advising);
    if (r->redact)
        veil_stories(&r->veil, &r->stories);
    return ok;
}

/* ---- writing ---- */

/* page_fn */
static bool write_piece(void *to, struct str piece, struct err *e)
{
    struct output *out = to;
    while (piece.n) {
        struct str part = str_slice(piece, 0, PIECE_MAX);
        buf_put(&out->pending, part);
        if (!output_put(out, e))
            return false;
        piece = str_skip(piece, part.n);
    }
    return true;
}

bool report_put(const struct report *r, struct output *out, struct err *e)
{
    return page_write(&r->stories, r->rules, write_piece, out, e);
}

bool report_write(const struct report *r, const char *path, struct err *e)
{
    struct output out = {.fd = -1};
    bool ok = output_open(&out, path, e) && report_put(r, &out, e) && output_commit(&out, e);
    output_release(&out);
    return ok;
}
