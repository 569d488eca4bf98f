/* The signer as a filter, for tests that compare it with others: one JSON object a line in,
 *   {"method","path","normalise","query","headers":[["name","value"],...],"body",
 *    "payload":"hashed|header|unsigned","key_id","secret","token"|null,"region","service","now_ms"}
 * one a line out: {"canonical","to_sign","signature","authorization"} or {"error"}. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "aws/sigv4.h"
#include "base/escape.h"

#define LINE_MAX_BYTES 1048576

static struct str text_at(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR_ABSENT;
}

static size_t read_headers(const json_t *list, struct header *out)
{
    size_t n = 0;
    for (; n < json_array_size(list) && n < SIGV4_HEADERS_MAX; n++) {
        const json_t *pair = json_array_get(list, n);
        out[n].name = str_of(json_string_value(json_array_get(pair, 0)));
        out[n].value = str_of(json_string_value(json_array_get(pair, 1)));
    }
    return n;
}

static enum sigv4_payload payload_of(struct str word)
{
    return str_eq(word, S("header"))     ? SIGV4_PAYLOAD_HASH_HEADER
           : str_eq(word, S("unsigned")) ? SIGV4_PAYLOAD_UNSIGNED
                                         : SIGV4_PAYLOAD_HASHED;
}

static bool sign(const json_t *o, struct buf *canonical, struct buf *to_sign, struct buf *auth,
                 struct err *e)
{
    struct header headers[SIGV4_HEADERS_MAX];
    const struct sigv4_request r = {
        .method = text_at(o, "method"),
        .path = text_at(o, "path"),
        .normalise = json_is_true(json_object_get(o, "normalise")),
        .query = text_at(o, "query"),
        .headers = headers,
        .n_headers = read_headers(json_object_get(o, "headers"), headers),
        .body = text_at(o, "body"),
        .payload = payload_of(text_at(o, "payload")),
    };
    const struct sigv4_scope scope = {
        .key_id = text_at(o, "key_id"),
        .secret = text_at(o, "secret"),
        .token = text_at(o, "token"),
        .region = text_at(o, "region"),
        .service = text_at(o, "service"),
        .now_ms = json_integer_value(json_object_get(o, "now_ms")),
    };
    struct buf names;
    buf_init(&names, SIGV4_CANONICAL_MAX);
    const bool ok = sigv4_canonical_request(&r, &scope, canonical, &names, e) &&
                    sigv4_string_to_sign(buf_str(canonical), &scope, to_sign, e) &&
                    sigv4_authorization(&scope, buf_str(&names), buf_str(to_sign), NULL, auth, e);
    buf_release(&names);
    return ok;
}

static void answer(const json_t *o)
{
    struct buf canonical, to_sign, auth, out;
    struct err e = {0};
    buf_init(&canonical, SIGV4_CANONICAL_MAX);
    buf_init(&to_sign, SIGV4_CANONICAL_MAX);
    buf_init(&auth, SIGV4_CANONICAL_MAX);
    buf_init(&out, 4 * LINE_MAX_BYTES);
    if (sign(o, &canonical, &to_sign, &auth, &e)) {
        const struct str a = buf_str(&auth);
        buf_putz(&out, "{\"canonical\":");
        buf_put_json(&out, buf_str(&canonical));
        buf_putz(&out, ",\"to_sign\":");
        buf_put_json(&out, buf_str(&to_sign));
        buf_putz(&out, ",\"signature\":");
        buf_put_json(&out, str_skip(a, a.n - 64));
        buf_putz(&out, ",\"authorization\":");
        buf_put_json(&out, a);
    } else {
        buf_putz(&out, "{\"error\":");
        buf_put_json(&out, str_of(e.text));
    }
    buf_putc(&out, '}');
    puts(buf_z(&out));
    buf_release(&canonical);
    buf_release(&to_sign);
    buf_release(&auth);
    buf_release(&out);
}

int main(void)
{
    char *line = malloc(LINE_MAX_BYTES);
    if (!line)
        return 1;
    while (fgets(line, LINE_MAX_BYTES, stdin)) {
        json_t *o = json_loads(line, 0, NULL);
        if (!o) {
            fputs("a line is no JSON object\n", stderr);
            free(line);
            return 1;
        }
        answer(o);
        json_decref(o);
    }
    free(line);
    return 0;
}
