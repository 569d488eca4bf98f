/* The policy documents as a filter, for tests that evaluate them: one JSON object a line in,
 *   {"strategy":"fence","cidrs":["192.0.2.0/24"],"endpoints":["vpce-0a1b"]}
 *   {"strategy":"deny-session","userid":"AROA...:name"}   {"strategy":"revoke-older","now_ms":0}
 *   {"strategy":"deny-inline"}   {"strategy":"trust-cut"}
 * one a line out: {"name","document","size"} or {"error"}; name is the inline policy's, null of a
 * trust policy; size is in the characters that IAM's quotas count. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "respond/policy_doc.h"

#define LINE_MAX_BYTES 65536
#define LIST_MAX       128

static struct str text_of(const json_t *v)
{
    return json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR_ABSENT;
}

static size_t read_list(const json_t *list, struct str out[LIST_MAX])
{
    size_t n = 0;
    for (; n < json_array_size(list) && n < LIST_MAX; n++)
        out[n] = text_of(json_array_get(list, n));
    return n;
}

static void put_fence(const json_t *o, struct buf *document)
{
    struct str cidrs[LIST_MAX], endpoints[LIST_MAX];
    const struct policy_fence fence = {
        .cidrs = cidrs,
        .n_cidrs = read_list(json_object_get(o, "cidrs"), cidrs),
        .endpoints = endpoints,
        .n_endpoints = read_list(json_object_get(o, "endpoints"), endpoints),
    };
    policy_put_fence(document, &fence);
}

/* False when the strategy writes no document. */
static bool put(const json_t *o, struct buf *name, struct buf *document)
{
    struct str strategy = text_of(json_object_get(o, "strategy"));
    struct str userid = text_of(json_object_get(o, "userid"));
    if (str_eq(strategy, S("deny-inline"))) {
        buf_putz(name, POLICY_DENY_ALL);
        policy_put_deny_all(document);
    } else if (str_eq(strategy, S("revoke-older"))) {
        buf_putz(name, POLICY_REVOKE_OLDER);
        policy_put_revoke_older(document, json_integer_value(json_object_get(o, "now_ms")));
    } else if (str_eq(strategy, S("deny-session"))) {
        policy_put_session_name(name, userid);
        policy_put_deny_session(document, userid);
    } else if (str_eq(strategy, S("fence"))) {
        buf_putz(name, POLICY_FENCE);
        put_fence(o, document);
    } else if (str_eq(strategy, S("trust-cut"))) {
        policy_put_no_trust(document);
    } else {
        return false;
    }
    return true;
}

static void answer(const json_t *o)
{
    struct buf name, document;
    buf_init(&name, POLICY_NAME_MAX);
    buf_init(&document, LINE_MAX_BYTES);
    if (!put(o, &name, &document) || name.failed || document.failed) {
        puts("{\"error\":\"it writes no document\"}");
    } else {
        json_t *out =
            json_pack("{s:s?,s:s%,s:I}", "name", name.n ? buf_z(&name) : NULL, "document",
                      document.p, document.n, "size", (json_int_t)policy_size(buf_str(&document)));
        char *line = json_dumps(out, JSON_COMPACT);
        puts(line ? line : "{\"error\":\"no memory\"}");
        free(line);
        json_decref(out);
    }
    buf_release(&name);
    buf_release(&document);
}

int main(void)
{
    static char line[LINE_MAX_BYTES];
    while (fgets(line, sizeof line, stdin)) {
        json_t *o = json_loads(line, 0, NULL);
        answer(o);
        json_decref(o);
        fflush(stdout);
    }
    return 0;
}
