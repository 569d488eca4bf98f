/* One invocation of the handler for each object. */
#include "cli/simulate_invoke.h"

#include <stdio.h>

#include "adapters/files.h"
#include "adapters/state.h"
#include "base/escape.h"
#include "base/random.h"
#include "base/version.h"
#include "handlers/handle.h"

#define BUCKET       "simulated-trail"
#define PAYLOAD_MAX  16384 /* a key of 1,024 bytes, escaped */
#define INCIDENT_IDS 1000
#define IDS_BYTES    (1u << 20)

/* What the ports of a run know. */
struct play {
    struct invoked *told;
    const char *folder;
    int64_t now_ms;
};

/* port_objects: BUCKET is the folder. */
static bool read_object(void *self, const struct object_ref *ref, bytes_fn take, void *to,
                        struct err *e)
{
    const struct play *p = self;
    const struct port_objects files = files_port();
    struct buf path;
    buf_init(&path, FILES_PATH_MAX);
    buf_putf(&path, "%s/%.*s", p->folder, (int)ref->key.n, ref->key.p);
    const struct object_ref file = {.key = buf_str(&path)};
    bool ok = buf_z(&path) ? files.read(files.self, &file, take, to, e)
                           : err_set(e, ERR_LIMIT, "the path of an object is too long");
    buf_release(&path);
    return ok;
}

static int64_t now(void *self)
{
    return ((const struct play *)self)->now_ms;
}

static int64_t no_deadline(void *self)
{
    (void)self;
    return INT64_MAX;
}

static bool fill_random(void *self, void *bytes, size_t n, struct err *e)
{
    (void)self;
    return random_fill(bytes, n, e);
}

static bool note_id(struct invoked *v, struct str id, struct err *e)
{
    for (size_t i = 0; i < v->ids.n; i++)
        if (str_eq(*(struct str *)vec_at(&v->ids, i), id))
            return true;
    struct str *to = vec_push(&v->ids, 1);
    if (to)
        *to = arena_str(&v->memory, id);
    return (to && str_present(*to)) || err_set(e, ERR_LIMIT, "too many incidents");
}

/* port_alerts */
static bool take_message(void *self, const struct message *m, struct err *e)
{
    struct play *p = self;
    struct invoked *v = p->told;
    bool incident = str_starts(m->json, S("{\"type\":\"incident\""));
    int64_t *first = incident ? &v->first_incident_ms : &v->first_alert_ms;
    *first = p->now_ms < *first ? p->now_ms : *first;
    *(incident ? &v->incidents : &v->alerts) += 1;
    return !incident || note_id(v, m->id, e);
}

static void note(void *to, enum handle_note what, const char *sentence)
{
    (void)to;
    (void)what;
    fprintf(stderr, "trailwarden: %s\n", sentence);
}

/* {"Records":[{"eventSource":"aws:s3","eventName":"ObjectCreated:Put",
 *  "s3":{"bucket":{"name":"simulated-trail"},"object":{"key":"AWSLogs/...","size":1}}}]} */
static void put_notification(struct buf *b, struct str key)
{
    buf_putz(b, "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\","
                "\"s3\":{\"bucket\":{\"name\":\"" BUCKET "\"},\"object\":{\"key\":");
    buf_put_json(b, key);
    buf_putz(b, ",\"size\":1}}}]}");
}

static bool serve(struct handler *h, struct play *p, const struct delivered *d, struct err *e)
{
    struct buf payload, answer;
    struct handle_counts counts;
    struct err why = {0};
    buf_init(&payload, PAYLOAD_MAX);
    buf_init(&answer, HANDLE_ANSWER_MAX);
    put_notification(&payload, d->key);
    p->now_ms = d->at_ms;
    p->told->notifications++;
    bool ok = buf_ok(&payload, "a notification", e);
    if (ok && !handler_run(h, buf_str(&payload), &answer, &counts, &why)) {
        p->told->failed++;
        note(NULL, HANDLE_FAILED, why.text);
    }
    buf_release(&payload);
    buf_release(&answer);
    return ok;
}

static bool serve_all(struct handler *h, struct play *p, const struct vec *objects, struct err *e)
{
    bool ok = h != NULL;
    for (size_t i = 0; ok && i < objects->n; i++)
        ok = serve(h, p, vec_at(objects, i), e);
    return ok;
}

void invoked_init(struct invoked *v)
{
    *v = (struct invoked){.first_alert_ms = INT64_MAX, .first_incident_ms = INT64_MAX};
    arena_init(&v->memory, IDS_BYTES);
    vec_init(&v->ids, sizeof(struct str), INCIDENT_IDS);
}

bool invoked_make(struct invoked *v, const struct ruleset *rules, const char *folder,
                  const struct vec *objects, struct err *e)
{
    const struct handle_config cfg = {.rules = rules,
                                      .min_level = LEVEL_LOW,
                                      .version = S(TRAILWARDEN_VERSION),
                                      .incidents = true};
    struct play play = {.told = v, .folder = folder};
    struct state *state = state_open(NULL, e);
    if (!state)
        return false;
    const struct ports ports = {.objects = {&play, read_object},
                                .alerts = {&play, take_message},
                                .clock = {&play, now, no_deadline},
                                .random = {NULL, fill_random},
                                .state = state_port(state)};
    struct handler *h = handler_new(&cfg, &ports, (struct handle_notes){NULL, note, NULL}, e);
    bool ok = serve_all(h, &play, objects, e);
    handler_free(h);
    state_close(state);
    return ok;
}

void invoked_release(struct invoked *v)
{
    vec_release(&v->ids);
    arena_release(&v->memory);
}
