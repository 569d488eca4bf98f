/* Wire texts of DynamoDB. */
#include "adapters/dynamodb_wire.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/base64.h"
#include "base/escape.h"

#define TIME_BYTES  6
#define EVENT_BYTES 16

static void put_be(struct buf *b, uint64_t v, unsigned bytes)
{
    for (unsigned i = bytes; i-- > 0;)
        buf_putc(b, (char)(unsigned char)(v >> (8 * i)));
}

static uint64_t take_be(struct str *s, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v = v << 8 | (unsigned char)s->p[i];
    *s = str_skip(*s, bytes);
    return v;
}

void element_put(struct buf *b, const struct element *e)
{
    put_be(b, (uint64_t)e->time_ms, TIME_BYTES);
    if (e->what)
        put_be(b, e->what, e->what < 256 ? 1 : 8);
    put_be(b, e->event.hi, 8);
    put_be(b, e->event.lo, 8);
}

bool element_take(struct str bytes, struct element *out)
{
    size_t what = bytes.n - (TIME_BYTES + EVENT_BYTES);
    if (bytes.n < TIME_BYTES + EVENT_BYTES || (what != 0 && what != 1 && what != 8))
        return false;
    uint64_t time = take_be(&bytes, TIME_BYTES);
    /* the sign of 48 bits */
    out->time_ms = (int64_t)(time << 16) / 65536;
    out->what = what ? take_be(&bytes, (unsigned)what) : 0;
    out->event.hi = take_be(&bytes, 8);
    out->event.lo = take_be(&bytes, 8);
    return true;
}

void dynamodb_put_bucket(struct buf *b, int64_t bucket)
{
    buf_putf(b, "b#%016llx", (unsigned long long)bucket ^ 1ull << 63);
}

/* w#0123456789abcdef0123456789abcdef */
static void put_pk(struct buf *b, const struct state_key *key)
{
    buf_putz(b, "w#");
    buf_put_hex(b, key->bytes, sizeof key->bytes);
}

/* {"TableName":"trailwarden" */
static void put_table(struct buf *b, struct str table)
{
    buf_putz(b, "{\"TableName\":");
    buf_put_json(b, table);
}

/* ,"Key":{"pk":{"S":"w#.."},"sk":{"S":"b#8000000000000000"}} */
static void put_bucket_key(struct buf *b, const struct state_key *key, int64_t bucket)
{
    buf_putz(b, ",\"Key\":{\"pk\":{\"S\":\"");
    put_pk(b, key);
    buf_putz(b, "\"},\"sk\":{\"S\":\"");
    dynamodb_put_bucket(b, bucket);
    buf_putz(b, "\"}}");
}

static int64_t round_up(int64_t s)
{
    return s > INT64_MAX - DYNAMODB_EXPIRY_S
               ? INT64_MAX
               : (s + DYNAMODB_EXPIRY_S - 1) / DYNAMODB_EXPIRY_S * DYNAMODB_EXPIRY_S;
}

/* {"BS":["AAAB...","..."]} */
static void put_set(struct buf *b, const struct element *list, size_t n)
{
    struct buf bytes;
    buf_init(&bytes, ELEMENT_BYTES_MAX);
    buf_putz(b, "{\"BS\":[");
    for (size_t i = 0; i < n; i++) {
        buf_reset(&bytes);
        element_put(&bytes, list + i);
        buf_putz(b, i ? ",\"" : "\"");
        buf_put_base64(b, buf_str(&bytes));
        buf_putc(b, '"');
        b->failed = b->failed || bytes.failed;
    }
    buf_putz(b, "]}");
    buf_release(&bytes);
}

/* {"TableName":"t","Key":{"pk":{"S":"w#.."},"sk":{"S":"b#.."}},
 *  "UpdateExpression":"ADD e :e SET expires = :x",
 *  "ConditionExpression":"(attribute_not_exists(e) OR size(e) < :m) AND
 *                         (attribute_not_exists(expires) OR expires <= :x)",
 *  "ExpressionAttributeValues":{":e":{"BS":[..]},":m":{"N":"10000"},":x":{"N":"1790002800"}}}
 * and as DYNAMODB_ADD_ONLY
 *  "UpdateExpression":"ADD e :e",
 *  "ConditionExpression":"(attribute_not_exists(e) OR size(e) < :m) AND
 *                         attribute_exists(expires)" without :x. */
void dynamodb_put_add(struct buf *b, struct str table, const struct state_add *a,
                      enum dynamodb_add form)
{
    bool extend = form == DYNAMODB_ADD_AND_EXTEND;
    put_table(b, table);
    put_bucket_key(b, &a->key, a->bucket);
    buf_putz(b, ",\"UpdateExpression\":\"ADD e :e");
    buf_putz(b, extend ? " SET expires = :x" : "");
    buf_putz(b, "\",\"ConditionExpression\":\"(attribute_not_exists(e) OR size(e) < :m) AND ");
    buf_putz(b, extend ? "(attribute_not_exists(expires) OR expires <= :x)"
                       : "attribute_exists(expires)");
    buf_putz(b, "\",\"ExpressionAttributeValues\":{\":e\":");
    put_set(b, a->elements, a->n);
    buf_putf(b, ",\":m\":{\"N\":\"%d\"}", DYNAMODB_SET_MAX);
    if (extend)
        buf_putf(b, ",\":x\":{\"N\":\"%lld\"}", (long long)round_up(a->expires_s));
    buf_putz(b, "}}");
}

/* {"TableName":"t","Key":{..},"UpdateExpression":"DELETE e :e",
 *  "ConditionExpression":"attribute_exists(pk)",
 *  "ExpressionAttributeValues":{":e":{"BS":[..]}}}
 * Without the condition a DELETE on an absent item would make one that never expires. */
void dynamodb_put_drop(struct buf *b, struct str table, const struct state_drop *d)
{
    put_table(b, table);
    put_bucket_key(b, &d->key, d->bucket);
    buf_putz(b, ",\"UpdateExpression\":\"DELETE e :e\","
                "\"ConditionExpression\":\"attribute_exists(pk)\","
                "\"ExpressionAttributeValues\":{\":e\":");
    put_set(b, d->elements, d->n);
    buf_putz(b, "}}");
}

/* {"TableName":"t","ConsistentRead":true,
 *  "KeyConditionExpression":"pk = :p AND sk BETWEEN :a AND :b",
 *  "ExpressionAttributeValues":{":p":{"S":"w#.."},":a":{"S":"b#.."},":b":{"S":"b#.."}},
 *  "ExclusiveStartKey":{"pk":..,"sk":..}} */
void dynamodb_put_query(struct buf *b, struct str table, const struct state_read *r,
                        struct str start)
{
    put_table(b, table);
    buf_putz(b, ",\"ConsistentRead\":true,"
                "\"KeyConditionExpression\":\"pk = :p AND sk BETWEEN :a AND :b\","
                "\"ExpressionAttributeValues\":{\":p\":{\"S\":\"");
    put_pk(b, &r->key);
    buf_putz(b, "\"},\":a\":{\"S\":\"");
    dynamodb_put_bucket(b, r->from);
    buf_putz(b, "\"},\":b\":{\"S\":\"");
    dynamodb_put_bucket(b, r->to);
    buf_putz(b, "\"}}");
    if (start.n) {
        buf_putz(b, ",\"ExclusiveStartKey\":");
        buf_put(b, start);
    }
    buf_putc(b, '}');
}

/* {"TableName":"t","Key":{"pk":{"S":"w#.."},"sk":{"S":"c"}},"ConsistentRead":true} */
void dynamodb_put_get(struct buf *b, struct str table, const struct state_key *key)
{
    put_table(b, table);
    buf_putz(b, ",\"Key\":{\"pk\":{\"S\":\"");
    put_pk(b, key);
    buf_putz(b, "\"},\"sk\":{\"S\":\"c\"}},\"ConsistentRead\":true}");
}

/* {"TableName":"t","Key":{"pk":{"S":"format"},"sk":{"S":"format"}},"ConsistentRead":true} */
void dynamodb_put_get_format(struct buf *b, struct str table)
{
    put_table(b, table);
    buf_putz(b, ",\"Key\":{\"pk\":{\"S\":\"format\"},\"sk\":{\"S\":\"format\"}},"
                "\"ConsistentRead\":true}");
}

/* {"TableName":"t","Item":{"pk":{"S":"format"},"sk":{"S":"format"},"v":{"N":"1"}},
 *  "ConditionExpression":"attribute_not_exists(pk)"} */
void dynamodb_put_format(struct buf *b, struct str table)
{
    put_table(b, table);
    buf_putf(b,
             ",\"Item\":{\"pk\":{\"S\":\"format\"},\"sk\":{\"S\":\"format\"},\"v\":{\"N\":\"%d\"}},"
             "\"ConditionExpression\":\"attribute_not_exists(pk)\"}",
             DYNAMODB_FORMAT);
}

/* {"TableName":"t","Item":{"pk":{"S":"w#.."},"sk":{"S":"c"},"c":{"B":".."},"v":{"N":"2"},
 *  "expires":{"N":".."}},"ConditionExpression":"v = :v",
 *  "ExpressionAttributeValues":{":v":{"N":"1"}}}
 * and for version 0 "attribute_not_exists(pk)" without values. */
void dynamodb_put_swap(struct buf *b, struct str table, const struct state_swap *s)
{
    put_table(b, table);
    buf_putz(b, ",\"Item\":{\"pk\":{\"S\":\"");
    put_pk(b, &s->key);
    buf_putz(b, "\"},\"sk\":{\"S\":\"c\"},\"c\":{\"B\":\"");
    buf_put_base64(b, s->blob);
    buf_putf(b, "\"},\"v\":{\"N\":\"%llu\"},\"expires\":{\"N\":\"%lld\"}},",
             (unsigned long long)s->version + 1, (long long)s->expires_s);
    if (s->version == 0)
        buf_putz(b, "\"ConditionExpression\":\"attribute_not_exists(pk)\"}");
    else
        buf_putf(b,
                 "\"ConditionExpression\":\"v = :v\","
                 "\"ExpressionAttributeValues\":{\":v\":{\"N\":\"%llu\"}}}",
                 (unsigned long long)s->version);
}

/* ---- replies ---- */

static bool odd_reply(struct err *e)
{
    return err_set(e, ERR_INPUT, "DynamoDB gave a reply that is not understood");
}

/* The text of attribute `name` of an item, whose type is `type`: {"expires":{"N":"1"}}. */
static struct str attribute(const json_t *item, const char *name, const char *type)
{
    const json_t *value = json_object_get(json_object_get(item, name), type);
    return json_is_string(value) ? str_n(json_string_value(value), json_string_length(value))
                                 : STR_ABSENT;
}

static bool number_of(struct str text, unsigned long long *out)
{
    return str_present(text) && str_u64(text, out);
}

static bool take_element(struct arena *a, const json_t *text, struct vec *out, struct err *e)
{
    struct str bytes;
    arena_reset(a);
    struct element *to = vec_push(out, 1);
    if (!to)
        return err_set(e, ERR_SYSTEM, "no memory for what DynamoDB holds");
    if (!json_is_string(text) ||
        !base64_decode(a, str_n(json_string_value(text), json_string_length(text)), &bytes, e) ||
        !element_take(bytes, to)) {
        out->n--;
        return odd_reply(e);
    }
    return true;
}

static bool take_item(const json_t *item, int64_t now_s, struct vec *out, struct err *e)
{
    unsigned long long expires;
    const json_t *set = json_object_get(json_object_get(item, "e"), "BS"), *member;
    size_t i;
    if (number_of(attribute(item, "expires", "N"), &expires) && (int64_t)expires < now_s)
        return true;
    struct arena a;
    arena_init(&a, 4096);
    bool ok = true;
    json_array_foreach(set, i, member) ok = ok && take_element(&a, member, out, e);
    arena_release(&a);
    return ok;
}

bool dynamodb_take_page(struct str reply, int64_t now_s, struct vec *out, struct buf *next,
                        struct err *e)
{
    json_t *root = json_loadb(reply.p, reply.n, 0, NULL);
    const json_t *items = json_object_get(root, "Items"), *item;
    const json_t *last = json_object_get(root, "LastEvaluatedKey");
    size_t i;
    bool ok = json_is_array(items) ? true : odd_reply(e);
    buf_reset(next);
    json_array_foreach(items, i, item) ok = ok && take_item(item, now_s, out, e);
    char *key = ok && json_is_object(last) ? json_dumps(last, JSON_COMPACT) : NULL;
    if (key)
        buf_putz(next, key);
    free(key);
    json_decref(root);
    return ok && buf_ok(next, "a key of DynamoDB", e);
}

bool dynamodb_take_claims(struct str reply, struct state_claims *c, struct err *e)
{
    json_t *root = json_loadb(reply.p, reply.n, 0, NULL);
    const json_t *item = json_object_get(root, "Item");
    bool ok = json_is_object(root) ? true : odd_reply(e);
    buf_reset(&c->blob);
    c->version = 0;
    if (ok && item) {
        struct arena a;
        struct str bytes;
        unsigned long long version;
        struct str text = attribute(item, "c", "B");
        arena_init(&a, DYNAMODB_REPLY_MAX);
        ok = number_of(attribute(item, "v", "N"), &version) && str_present(text) &&
             base64_decode(&a, text, &bytes, e);
        if (ok) {
            c->version = version;
            buf_put(&c->blob, bytes);
        } else {
            odd_reply(e);
        }
        arena_release(&a);
    }
    json_decref(root);
    return ok && buf_ok(&c->blob, "the claims of one key", e);
}

/* {"Item":{"v":{"N":"1"},..}}, or {} */
bool dynamodb_take_format(struct str reply, unsigned long long *format, struct err *e)
{
    json_t *root = json_loadb(reply.p, reply.n, 0, NULL);
    const json_t *item = json_object_get(root, "Item");
    *format = 0;
    bool ok = json_is_object(root) && (!item || number_of(attribute(item, "v", "N"), format));
    json_decref(root);
    return ok || odd_reply(e);
}

/* {..,"ConsumedCapacity":{"TableName":"t","CapacityUnits":1.0}} */
double dynamodb_take_units(struct str reply)
{
    json_t *root = json_loadb(reply.p, reply.n, 0, NULL);
    const json_t *used = json_object_get(root, "ConsumedCapacity");
    double units = json_number_value(json_object_get(used, "CapacityUnits"));
    json_decref(root);
    return units;
}
