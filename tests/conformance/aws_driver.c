/* Makes the calls that tests ask for, one JSON object a line, with one client for all of them:
 *   {"op":"get","bucket","key","version"?,"region"?}   -> {"ok":true,"pieces":n,"sha256":".."}
 *   {"op":"gets","bucket","keys":["..",..]}   one after the other, the next ahead
 *                              -> {"ok":true,"objects":[{"sha256":".."} or {"kind","error"},..]}
 *   {"op":"list","bucket","prefix"}                    -> {"ok":true,"keys":[["key",bytes],..]}
 *   {"op":"publish","arn","id","account"?,"subject","text","json","attributes":{..}}
 *                                                      -> {"ok":true}
 *   {"op":"iam","action":"AttachUserPolicy","at":{"partition","account","role"?,..}?,"name"?,..}
 *      the members of struct iam_call     -> {"ok":true,..}: those of struct iam_answer, of a
 *                                            secret the SHA-256
 *   {"op":"clock","offset_ms":n}      our clock goes wrong by so much    -> {"ok":true}
 *   {"op":"deadline","in_ms":n}       for all later calls                -> {"ok":true}
 * A failure is {"ok":false,"kind":"missing","error":"..","took_ms":n}; "result" and "code" are of
 * iam alone. */
#include <curl/curl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/iam.h"
#include "adapters/s3.h"
#include "adapters/sns.h"
#include "base/escape.h"
#include "base/sha256.h"

#define LINE_MAX_BYTES 2097152

struct driver {
    struct aws_world real;
    struct aws_client *client;
    struct iam iam;
    struct iam_answer said; /* of the last call of iam */
    int64_t offset_ms;      /* of our wall clock */
    struct buf out;
};

static const char *driver_env(void *self, const char *name)
{
    struct driver *d = self;
    return d->real.get_env(NULL, name);
}

static int64_t driver_wall(void *self)
{
    struct driver *d = self;
    return d->real.wall_ms(NULL) + d->offset_ms;
}

static int64_t driver_mono(void *self)
{
    struct driver *d = self;
    return d->real.mono_ms(NULL);
}

static void driver_sleep(void *self, int64_t ms)
{
    struct driver *d = self;
    d->real.sleep_ms(NULL, ms);
}

static uint32_t driver_random(void *self)
{
    struct driver *d = self;
    return d->real.random(NULL);
}

static struct str text_at(const json_t *o, const char *name)
{
    const json_t *v = json_object_get(o, name);
    return json_is_string(v) ? str_n(json_string_value(v), json_string_length(v)) : STR_ABSENT;
}

static int64_t number_at(const json_t *o, const char *name)
{
    return json_integer_value(json_object_get(o, name));
}

/* The body of an object, hashed as it comes. */
struct body {
    struct sha256 hash;
    uint64_t pieces;
};

static bool take_piece(void *to, struct str piece, struct err *e)
{
    struct body *b = to;
    (void)e;
    sha256_add(&b->hash, piece);
    b->pieces++;
    return true;
}

static bool read_hash(struct driver *d, const struct port_objects *port,
                      const struct object_ref *ref, struct err *e)
{
    struct body b = {.pieces = 0};
    unsigned char digest[SHA256_BYTES];
    sha256_init(&b.hash);
    if (!port->read(port->self, ref, take_piece, &b, e))
        return false;
    sha256_end(&b.hash, digest);
    buf_putf(&d->out, "\"pieces\":%llu,\"sha256\":\"", (unsigned long long)b.pieces);
    buf_put_hex(&d->out, digest, sizeof digest);
    buf_putc(&d->out, '"');
    return true;
}

static bool run_get(struct driver *d, const json_t *o, struct err *e)
{
    const struct port_objects port = s3_objects(d->client);
    const struct object_ref ref = {.bucket = text_at(o, "bucket"),
                                   .key = text_at(o, "key"),
                                   .version = text_at(o, "version"),
                                   .region = text_at(o, "region")};
    buf_putc(&d->out, ',');
    return read_hash(d, &port, &ref, e);
}

static struct object_ref ref_of(const json_t *o, const json_t *keys, size_t i)
{
    const json_t *key = json_array_get(keys, i);
    return (struct object_ref){
        .bucket = text_at(o, "bucket"),
        .key = str_n(json_string_value(key), json_string_length(key)),
    };
}

static const char *const kinds[] = {
    [ERR_NONE] = "none",   [ERR_INPUT] = "input",       [ERR_MISSING] = "missing",
    [ERR_RETRY] = "retry", [ERR_CONFLICT] = "conflict", [ERR_DENIED] = "denied",
    [ERR_LIMIT] = "limit", [ERR_USAGE] = "usage",       [ERR_SYSTEM] = "system",
};

static void put_failure(struct buf *out, const struct err *why)
{
    buf_putf(out, "\"kind\":\"%s\",\"error\":", kinds[why->kind]);
    buf_put_json(out, str_of(why->text));
}

static bool run_gets(struct driver *d, const json_t *o, struct err *e)
{
    const json_t *keys = json_object_get(o, "keys");
    struct s3_ahead *ahead = s3_ahead_new(d->client, e);
    if (!ahead)
        return false;
    const struct port_objects port = s3_objects_ahead(ahead);
    buf_putz(&d->out, ",\"objects\":[");
    for (size_t i = 0; i < json_array_size(keys); i++) {
        struct object_ref ref = ref_of(o, keys, i), next = ref_of(o, keys, i + 1);
        struct err why = {0};
        if (str_present(next.key))
            port.announce(port.self, &next);
        buf_putz(&d->out, i ? ",{" : "{");
        if (!read_hash(d, &port, &ref, &why))
            put_failure(&d->out, &why);
        buf_putc(&d->out, '}');
    }
    buf_putc(&d->out, ']');
    s3_ahead_free(ahead);
    return true;
}

static bool take_key(void *to, const struct s3_listed *o, struct err *e)
{
    struct driver *d = to;
    (void)e;
    if (d->out.p[d->out.n - 1] != '[')
        buf_putc(&d->out, ',');
    buf_putc(&d->out, '[');
    buf_put_json(&d->out, o->key);
    buf_putc(&d->out, ',');
    buf_put_u64(&d->out, o->bytes);
    buf_putc(&d->out, ']');
    return true;
}

static bool run_list(struct driver *d, const json_t *o, struct err *e)
{
    buf_putz(&d->out, ",\"keys\":[");
    if (!s3_list(d->client, text_at(o, "bucket"), text_at(o, "prefix"), take_key, d, e))
        return false;
    buf_putc(&d->out, ']');
    return true;
}

static bool run_publish(struct driver *d, json_t *o, struct err *e)
{
    struct sns_topic topic;
    struct message m = {.id = text_at(o, "id"),
                        .account = text_at(o, "account"),
                        .subject = text_at(o, "subject"),
                        .text = text_at(o, "text"),
                        .json = text_at(o, "json")};
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(o, "attributes"), name, value)
    {
        if (m.n_attributes < MESSAGE_ATTRIBUTES_MAX)
            m.attributes[m.n_attributes++] =
                (struct message_attribute){name, str_of(json_string_value(value))};
    }
    if (!sns_topic_init(&topic, d->client, text_at(o, "arn"), e))
        return false;
    const struct port_alerts port = sns_alerts(&topic);
    return port.publish(port.self, &m, e);
}

static bool find_action(struct str name, enum iam_action *out)
{
    for (size_t i = 0; i < IAM_ACTIONS; i++) {
        if (str_eqz(name, iam_actions[i].name)) {
            *out = (enum iam_action)i;
            return true;
        }
    }
    return false;
}

static void put_member(struct buf *out, const char *name, struct str value)
{
    if (str_present(value)) {
        buf_putf(out, ",\"%s\":", name);
        buf_put_json(out, value);
    }
}

static void put_items(struct buf *out, const struct iam_answer *a)
{
    buf_putz(out, ",\"items\":[");
    for (size_t i = 0; i < a->n_items; i++) {
        const struct iam_item *item = &a->items[i];
        buf_putf(out, "%s{\"active\":%s", i ? "," : "", item->active ? "true" : "false");
        put_member(out, "name", item->name);
        put_member(out, "id", item->id);
        put_member(out, "value", item->value);
        buf_putc(out, '}');
    }
    buf_putc(out, ']');
}

static void put_secret(struct buf *out, struct str secret)
{
    unsigned char digest[SHA256_BYTES];
    struct sha256 hash;
    sha256_init(&hash);
    sha256_add(&hash, secret);
    sha256_end(&hash, digest);
    buf_putz(out, ",\"secret\":\"");
    buf_put_hex(out, digest, sizeof digest);
    buf_putc(out, '"');
}

static void put_iam(struct buf *out, const struct iam_answer *a)
{
    put_member(out, "name", a->name);
    put_member(out, "id", a->id);
    put_member(out, "path", a->path);
    put_member(out, "arn", a->arn);
    put_member(out, "account", a->account);
    put_member(out, "trust", a->trust);
    put_member(out, "boundary", a->boundary);
    put_member(out, "document", a->document);
    buf_putf(out, ",\"active\":%s", a->active ? "true" : "false");
    put_items(out, a);
    if (a->secret.n)
        put_secret(out, buf_str(&a->secret));
}

static bool run_iam(struct driver *d, const json_t *o, struct err *e)
{
    const json_t *where = json_object_get(o, "at");
    const struct iam_at at = {.partition = text_at(where, "partition"),
                              .account = text_at(where, "account"),
                              .role = text_at(where, "role"),
                              .external_id = text_at(where, "external_id"),
                              .region = text_at(where, "region"),
                              .key_id = text_at(where, "key_id"),
                              .secret = text_at(where, "secret")};
    struct iam_call call = {.at = where ? &at : NULL,
                            .name = text_at(o, "name"),
                            .policy = text_at(o, "policy"),
                            .document = text_at(o, "document"),
                            .id = text_at(o, "id"),
                            .tag = text_at(o, "tag"),
                            .value = text_at(o, "value"),
                            .secret = text_at(o, "secret"),
                            .active = json_is_true(json_object_get(o, "active"))};
    const struct port_iam port = iam_port(&d->iam);
    if (!find_action(text_at(o, "action"), &call.action))
        return err_set(e, ERR_USAGE, "no such action");
    if (!port.call(port.self, &call, &d->said, e))
        return false;
    put_iam(&d->out, &d->said);
    return true;
}

static bool run(struct driver *d, json_t *o, struct err *e)
{
    const struct str op = text_at(o, "op");
    if (str_eq(op, S("get")))
        return run_get(d, o, e);
    if (str_eq(op, S("gets")))
        return run_gets(d, o, e);
    if (str_eq(op, S("list")))
        return run_list(d, o, e);
    if (str_eq(op, S("publish")))
        return run_publish(d, o, e);
    if (str_eq(op, S("iam")))
        return run_iam(d, o, e);
    if (str_eq(op, S("clock")))
        d->offset_ms = number_at(o, "offset_ms");
    else if (str_eq(op, S("deadline")))
        aws_client_set_deadline(d->client, driver_mono(d) + number_at(o, "in_ms"));
    else
        return err_set(e, ERR_USAGE, "no such op");
    return true;
}

static void answer(struct driver *d, json_t *o)
{
    struct err e = {0};
    const int64_t began = driver_mono(d);
    buf_reset(&d->out);
    buf_putz(&d->out, "{\"ok\":true");
    iam_answer_reset(&d->said);
    if (!run(d, o, &e)) {
        buf_reset(&d->out);
        buf_putz(&d->out, "{\"ok\":false,");
        put_failure(&d->out, &e);
    }
    put_member(&d->out, "result", str_of(iam_result_name(d->said.result)));
    put_member(&d->out, "code", d->said.code);
    buf_putf(&d->out, ",\"took_ms\":%lld}", (long long)(driver_mono(d) - began));
    puts(buf_z(&d->out));
    fflush(stdout);
}

int main(void)
{
    struct driver d = {.real = aws_world_real()};
    const struct aws_world world = {.self = &d,
                                    .get_env = driver_env,
                                    .wall_ms = driver_wall,
                                    .mono_ms = driver_mono,
                                    .sleep_ms = driver_sleep,
                                    .random = driver_random};
    char *line = malloc(LINE_MAX_BYTES);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    d.client = aws_client_new(&world, NULL, NULL);
    if (!line || !d.client)
        return 1;
    d.iam.client = d.client;
    iam_answer_init(&d.said);
    buf_init(&d.out, 16 * LINE_MAX_BYTES);
    while (fgets(line, LINE_MAX_BYTES, stdin)) {
        json_t *o = json_loads(line, 0, NULL);
        answer(&d, o);
        json_decref(o);
    }
    buf_release(&d.out);
    iam_answer_release(&d.said);
    aws_client_free(d.client);
    curl_global_cleanup();
    free(line);
    return 0;
}
