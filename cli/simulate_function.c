/* Calls of Lambda. */
#include "cli/simulate_function.h"

#include <jansson.h>

#include "base/escape.h"
#include "cli/simulate_upload.h"

#define SELF_TEST_MAX 65536 /* its answer, or why it failed, has under 1 KB */

struct calling {
    struct cloud *cloud;
    const char *name;
};

/* {"errorType":"Function.AccessDenied","errorMessage":".."} */
static void read_failure(struct str answer, struct err *why)
{
    struct buf text;
    json_t *root = json_loadb(answer.p, answer.n, 0, NULL);
    const char *said = json_string_value(json_object_get(root, "errorMessage"));
    buf_init(&text, ERR_TEXT_MAX);
    buf_put_terminal(&text, said ? str_of(said) : S("it does not say why"));
    const char *z = buf_z(&text);
    err_set(why, ERR_SYSTEM, "the function failed: %s", z ? z : "(at length)");
    buf_release(&text);
    json_decref(root);
}

/* invoker.serve */
static bool serve(void *self, const struct delivered *d, struct str payload, struct buf *answer,
                  struct err *why, struct err *e)
{
    const struct calling *c = self;
    bool failed = false;
    (void)d;
    if (!cloud_invoke(c->cloud, str_of(c->name), payload, answer, &failed, e))
        return false;
    if (failed)
        read_failure(buf_str(answer), why);
    return true;
}

bool simulate_ask_function(const char *name, struct err *e)
{
    static const char payload[] = "{\"trailwarden\":{\"action\":\"self-test\"}}";
    bool failed = false;
    struct buf answer;
    struct cloud *cloud = cloud_new(e);
    buf_init(&answer, SELF_TEST_MAX);
    bool ok = cloud && cloud_invoke(cloud, str_of(name), str_of(payload), &answer, &failed, e);
    if (ok && failed) {
        read_failure(buf_str(&answer), e);
        ok = false;
    }
    buf_release(&answer);
    cloud_free(cloud);
    return ok;
}

bool simulate_invoke_function(const struct function_asked *a, const struct vec *objects,
                              struct found *f, struct err *e)
{
    struct calling c = {.cloud = cloud_new(e), .name = a->name};
    const struct invoker by = {
        .self = &c, .bucket = str_of(a->bucket), .uploaded = true, .silent = true, .serve = serve};
    bool ok = c.cloud && simulate_upload(c.cloud, a->bucket, a->folder, objects, e) &&
              simulate_invoke(&by, objects, f, e);
    cloud_free(c.cloud);
    return ok;
}
