/* Notifications out, answers in; and the handler in this program. */
#include "cli/simulate_invoke.h"

#include <stdio.h>

#include "adapters/files.h"
#include "adapters/process.h"
#include "adapters/state.h"
#include "base/escape.h"
#include "base/version.h"
#include "cli/command.h"
#include "cli/notes.h"
#include "cli/progress.h"
#include "cli/simulate_upload.h"
#include "handlers/handle.h"

#define PAYLOAD_MAX 16384 /* a key of 1,024 bytes, escaped */

/* {"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put",
 *  "s3":{"bucket":{"name":"logs"},"object":{"key":"simulated/AWSLogs/...","size":1}},
 *  "trailwarden":{"simulated":true}}]} */
static void put_notification(struct buf *b, const struct invoker *by, struct str key)
{
    buf_putz(b, "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\","
                "\"s3\":{\"bucket\":{\"name\":");
    buf_put_json(b, by->bucket);
    buf_putz(b, "},\"object\":{\"key\":\""); /* keys of simulations need no escaping */
    if (by->uploaded)
        simulate_put_key(b, key);
    else
        buf_put(b, key);
    buf_putz(b, "\",\"size\":1}},\"trailwarden\":{\"simulated\":true}}]}");
}

static bool invoke(const struct invoker *by, const struct delivered *d, struct progress *p,
                   struct found *f, struct err *e)
{
    struct buf payload, answer;
    struct err why = {0};
    buf_init(&payload, PAYLOAD_MAX);
    buf_init(&answer, HANDLE_ANSWER_MAX);
    put_notification(&payload, by, d->key);
    f->invoked.notifications++;
    bool ok = buf_ok(&payload, "a notification", e) &&
              by->serve(by->self, d, buf_str(&payload), &answer, &why, e);
    if (ok && why.kind != ERR_NONE) {
        progress_end(p);
        complain(&why);
        f->invoked.failed++;
    } else if (ok) {
        ok = found_answer(f, buf_str(&answer), d->at_ms, e);
    }
    buf_release(&payload);
    buf_release(&answer);
    return ok;
}

bool simulate_invoke(const struct invoker *by, const struct vec *objects, struct found *f,
                     struct err *e)
{
    bool ok = true;
    struct progress progress;
    progress_init(&progress, 0);
    progress.on = progress.on && by->silent;
    for (size_t i = 0; ok && i < objects->n; i++) {
        progress_step(&progress, "notifications", i, objects->n);
        ok = invoke(by, vec_at(objects, i), &progress, f, e) &&
             (!interrupted() || err_set(e, ERR_SYSTEM, "interrupted"));
    }
    progress_end(&progress);
    return ok && found_answered(f, e);
}

/* ---- the handler in this program ---- */

struct here {
    struct handler *handler;
    const char *folder;
    int64_t now_ms;
};

/* port_objects: whatever the bucket, it is the folder. */
static bool read_object(void *self, const struct object_ref *ref, bytes_fn take, void *to,
                        struct err *e)
{
    const struct here *h = self;
    const struct port_objects files = files_port();
    struct buf path;
    buf_init(&path, FILES_PATH_MAX);
    buf_putf(&path, "%s/%.*s", h->folder, (int)ref->key.n, ref->key.p);
    const struct object_ref file = {.key = buf_str(&path)};
    bool ok = buf_z(&path) ? files.read(files.self, &file, take, to, e)
                           : err_set(e, ERR_LIMIT, "the path of an object is too long");
    buf_release(&path);
    return ok;
}

static int64_t now(void *self)
{
    return ((const struct here *)self)->now_ms;
}

static int64_t no_deadline(void *self)
{
    (void)self;
    return INT64_MAX;
}

/* port_alerts: the answer tells them. */
static bool publish(void *self, const struct message *m, struct err *e)
{
    (void)self;
    (void)m;
    (void)e;
    return true;
}

/* invoker.serve */
static bool serve(void *self, const struct delivered *d, struct str payload, struct buf *answer,
                  struct err *why, struct err *e)
{
    struct here *h = self;
    struct handle_counts counts;
    struct err failure;
    (void)e;
    h->now_ms = d->at_ms;
    if (!handler_run(h->handler, payload, answer, &counts, &failure))
        *why = failure;
    return true;
}

bool simulate_invoke_here(const struct ruleset *rules, const char *folder,
                          const struct vec *objects, struct found *f, struct err *e)
{
    const struct handle_config cfg = {.rules = rules,
                                      .min_level = LEVEL_LOW,
                                      .version = S(TRAILWARDEN_VERSION),
                                      .incidents = true};
    struct here here = {.folder = folder};
    struct state *state = state_open(NULL, e);
    if (!state)
        return false;
    const struct ports ports = {.objects = {.self = &here, .read = read_object},
                                .alerts = {&here, publish},
                                .clock = {&here, now, no_deadline},
                                .random = process_random(),
                                .state = state_port(state)};
    const struct invoker by = {
        .self = &here, .bucket = S("simulated-trail"), .silent = true, .serve = serve};
    here.handler = handler_new(&cfg, &ports, notes_printed(), e);
    bool ok = here.handler && simulate_invoke(&by, objects, f, e);
    handler_free(here.handler);
    state_close(state);
    return ok;
}
