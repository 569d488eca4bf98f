/* adapters/dynamodb_wire: what is sent, byte by byte, and what is read. The bodies are what
 * DynamoDB Local and Amazon take ("UpdateItem", "Query", "GetItem", "PutItem" in the API
 * reference); base64 of the elements was made with Python's. */
#include "adapters/dynamodb_wire.h"

#include "tests/unit/support/check.h"

#define HI      0x0011223344556677u
#define LO      0x8899aabbccddeeffu
#define A_TEXT  "AZz7PO0AABEiM0RVZneImaq7zN3u/w=="         /* 2026-03-17T10:00:00Z */
#define B_TEXT  "////////BQARIjNEVWZ3iJmqu8zd7v8="         /* a millisecond before 1970, what 5 */
#define C_TEXT  "AAAAAAABAAAAAAAAAQAAESIzRFVmd4iZqrvM3e7/" /* what 256 */
#define KEY_HEX "000102030405060708090a0b0c0d0e0f"

static const struct state_key key = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
static const struct element elements[] = {
    {1773741600000, 0, {HI, LO}}, {-1, 5, {HI, LO}}, {1, 256, {HI, LO}}};

static struct str table(void)
{
    return S("trailwarden");
}

static void writes_and_reads_elements(void **state)
{
    static const struct {
        const char *name;
        struct element el;
        size_t bytes;
    } cases[] = {
        {"no what", {1773741600000, 0, {HI, LO}}, 22},
        {"before 1970", {-1, 5, {HI, LO}}, 23},
        {"greatest of one byte", {0, 255, {0, 0}}, 23},
        {"least of eight bytes", {1, 256, {HI, LO}}, 30},
        {"greatest of eight bytes", {1, UINT64_MAX, {UINT64_MAX, UINT64_MAX}}, 30},
        {"greatest time", {(1LL << 47) - 1, 0, {HI, LO}}, 22},
        {"least time", {-(1LL << 47), 0, {HI, LO}}, 22},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b;
        struct element back;
        buf_init(&b, ELEMENT_BYTES_MAX);
        element_put(&b, &cases[i].el);
        check_size(cases[i].name, b.n, cases[i].bytes);
        check_true(cases[i].name, element_take(buf_str(&b), &back));
        check_int(cases[i].name, element_cmp(&back, &cases[i].el), 0);
        buf_release(&b);
    }
}

static void refuses_other_lengths(void **state)
{
    static const char bytes[64];
    struct element el;
    (void)state;
    for (size_t n = 0; n < sizeof bytes; n++)
        check_int("length", element_take(str_n(bytes, n), &el), n == 22 || n == 23 || n == 30);
}

static void orders_buckets_as_strings(void **state)
{
    static const struct {
        int64_t bucket;
        const char *text;
    } cases[] = {
        {INT64_MIN, "b#0000000000000000"}, {-2, "b#7ffffffffffffffe"},
        {-1, "b#7fffffffffffffff"},        {0, "b#8000000000000000"},
        {1, "b#8000000000000001"},         {INT64_MAX, "b#ffffffffffffffff"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b;
        buf_init(&b, 100);
        dynamodb_put_bucket(&b, cases[i].bucket);
        check_str(cases[i].text, buf_str(&b), str_of(cases[i].text));
        check_true("order", i == 0 || str_cmp(str_of(cases[i - 1].text), buf_str(&b)) < 0);
        buf_release(&b);
    }
}

/* ---- bodies ---- */

static void check_body(const char *name, struct buf *b, const char *want)
{
    check_str(name, buf_str(b), str_of(want));
    buf_reset(b);
}

#define BEGIN "{\"TableName\":\"trailwarden\""
#define BUCKET_KEY                                                                                 \
    ",\"Key\":{\"pk\":{\"S\":\"w#" KEY_HEX "\"},\"sk\":{\"S\":\"b#7ffffffffffffffd\"}}"
#define NOT_FULL   "(attribute_not_exists(e) OR size(e) < :m)"
#define SET_OF_ALL "{\"BS\":[\"" A_TEXT "\",\"" B_TEXT "\",\"" C_TEXT "\"]}"

static void writes_adds(void **state)
{
    struct state_add a = {key, -3, elements, COUNT(elements), 1790000000};
    struct buf b;
    (void)state;
    buf_init(&b, 10000);
    dynamodb_put_add(&b, table(), &a, DYNAMODB_ADD_AND_EXTEND);
    check_body("extending", &b,
               BEGIN BUCKET_KEY
               ",\"UpdateExpression\":\"ADD e :e SET expires = :x\",\"ConditionExpression\":"
               "\"" NOT_FULL " AND (attribute_not_exists(expires) OR expires <= :x)\","
               "\"ExpressionAttributeValues\":{\":e\":" SET_OF_ALL
               ",\":m\":{\"N\":\"10000\"},\":x\":{\"N\":\"1790002800\"}}}");
    dynamodb_put_add(&b, table(), &a, DYNAMODB_ADD_ONLY);
    check_body("without expiry", &b,
               BEGIN BUCKET_KEY ",\"UpdateExpression\":\"ADD e :e\",\"ConditionExpression\":"
                                "\"" NOT_FULL " AND attribute_exists(expires)\","
                                "\"ExpressionAttributeValues\":{\":e\":" SET_OF_ALL
                                ",\":m\":{\"N\":\"10000\"}}}");
    buf_release(&b);
}

/* Moments of expiry are whole hours, never earlier than asked for. */
static void rounds_expiry_up(void **state)
{
    static const struct {
        int64_t asked;
        const char *told;
    } cases[] = {
        {1790002800, "\":x\":{\"N\":\"1790002800\"}"},
        {1790002801, "\":x\":{\"N\":\"1790006400\"}"},
        {0, "\":x\":{\"N\":\"0\"}"},
        {1, "\":x\":{\"N\":\"3600\"}"},
        {-1, "\":x\":{\"N\":\"0\"}"},
        {INT64_MAX, "\":x\":{\"N\":\"9223372036854775807\"}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct state_add a = {key, 0, elements, 1, cases[i].asked};
        struct buf b;
        buf_init(&b, 10000);
        dynamodb_put_add(&b, table(), &a, DYNAMODB_ADD_AND_EXTEND);
        check_true(cases[i].told, str_find(buf_str(&b), str_of(cases[i].told), 0) != SIZE_MAX);
        buf_release(&b);
    }
}

static void writes_the_other_bodies(void **state)
{
    const struct state_drop drop = {key, -3, elements, 1};
    const struct state_read read = {key, -3, 2, NULL};
    struct buf b;
    (void)state;
    buf_init(&b, 10000);
    dynamodb_put_drop(&b, table(), &drop);
    check_body("drop", &b,
               BEGIN BUCKET_KEY ",\"UpdateExpression\":\"DELETE e :e\",\"ConditionExpression\":"
                                "\"attribute_exists(pk)\",\"ExpressionAttributeValues\":"
                                "{\":e\":{\"BS\":[\"" A_TEXT "\"]}}}");
#define QUERY                                                                                      \
    BEGIN ",\"ConsistentRead\":true,\"KeyConditionExpression\":\"pk = :p AND sk BETWEEN :a AND "   \
          ":b\",\"ExpressionAttributeValues\":{\":p\":{\"S\":\"w#" KEY_HEX                         \
          "\"},\":a\":{\"S\":\"b#7ffffffffffffffd\"},\":b\":{\"S\":\"b#8000000000000002\"}}"
    dynamodb_put_query(&b, table(), &read, STR_ABSENT);
    check_body("query", &b, QUERY "}");
    dynamodb_put_query(&b, table(), &read, S("{\"pk\":{\"S\":\"x\"}}"));
    check_body("next page", &b, QUERY ",\"ExclusiveStartKey\":{\"pk\":{\"S\":\"x\"}}}");
    dynamodb_put_get(&b, table(), &key);
    check_body("get", &b,
               BEGIN ",\"Key\":{\"pk\":{\"S\":\"w#" KEY_HEX
                     "\"},\"sk\":{\"S\":\"c\"}},\"ConsistentRead\":true}");
    buf_release(&b);
}

static void writes_swaps(void **state)
{
    struct state_swap s = {key, {"claims\0", 7}, 0, 1790000000, false};
    struct buf b;
    (void)state;
    buf_init(&b, 10000);
#define ITEM(v)                                                                                    \
    BEGIN ",\"Item\":{\"pk\":{\"S\":\"w#" KEY_HEX                                                  \
          "\"},\"sk\":{\"S\":\"c\"},\"c\":{\"B\":\"Y2xhaW1zAA==\"},\"v\":{\"N\":\"" v              \
          "\"},\"expires\":{\"N\":\"1790000000\"}},"
    dynamodb_put_swap(&b, table(), &s);
    check_body("first", &b, ITEM("1") "\"ConditionExpression\":\"attribute_not_exists(pk)\"}");
    s.version = 41;
    dynamodb_put_swap(&b, table(), &s);
    check_body("next", &b,
               ITEM("42") "\"ConditionExpression\":\"v = :v\",\"ExpressionAttributeValues\":"
                          "{\":v\":{\"N\":\"41\"}}}");
    buf_release(&b);
}

/* ---- replies ---- */

struct page {
    struct vec out;
    struct buf next;
    struct err e;
};

static void page_init(struct page *p)
{
    *p = (struct page){0};
    vec_init(&p->out, sizeof(struct element), SIZE_MAX);
    buf_init(&p->next, 1000);
}

static void page_release(struct page *p)
{
    vec_release(&p->out);
    buf_release(&p->next);
}

static void reads_pages(void **state)
{
#define WITH(set, rest) "{\"Items\":[{\"e\":{\"BS\":[" set "]}" rest "}]}"
#define EXPIRES(t)      ",\"expires\":{\"N\":\"" t "\"}"
    static const struct {
        const char *name, *reply;
        size_t n;
        const char *next;
    } cases[] = {
        {"nothing", "{\"Count\":0,\"Items\":[],\"ScannedCount\":0}", 0, ""},
        {"one", WITH("\"" A_TEXT "\"", EXPIRES("1790000000")), 1, ""},
        {"several", WITH("\"" A_TEXT "\",\"" B_TEXT "\",\"" C_TEXT "\"", EXPIRES("1790000000")), 3,
         ""},
        {"expires now", WITH("\"" A_TEXT "\"", EXPIRES("1000")), 1, ""},
        {"expired", WITH("\"" A_TEXT "\"", EXPIRES("999")), 0, ""},
        {"never expires", WITH("\"" A_TEXT "\"", ""), 1, ""},
        {"set that was emptied", "{\"Items\":[{\"pk\":{\"S\":\"w\"}" EXPIRES("1790000000") "}]}", 0,
         ""},
        {"two items",
         "{\"Items\":[{\"e\":{\"BS\":[\"" A_TEXT "\"]}},{\"e\":{\"BS\":[\"" B_TEXT "\"]}}]}", 2,
         ""},
        {"page that goes on",
         "{\"Items\":[{\"e\":{\"BS\":[\"" A_TEXT "\"]}}],\"LastEvaluatedKey\":{\"pk\":{\"S\":"
         "\"w#0\"}, \"sk\":{\"S\":\"b#8\"}}}",
         1, "{\"pk\":{\"S\":\"w#0\"},\"sk\":{\"S\":\"b#8\"}}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct page p;
        page_init(&p);
        buf_putz(&p.next, "of the page before");
        check_true(cases[i].name,
                   dynamodb_take_page(str_of(cases[i].reply), 1000, &p.out, &p.next, &p.e));
        check_size(cases[i].name, p.out.n, cases[i].n);
        check_str(cases[i].name, buf_str(&p.next), str_of(cases[i].next));
        for (size_t k = 0; k < p.out.n; k++)
            check_int(cases[i].name, element_cmp(vec_at(&p.out, k), elements + k), 0);
        page_release(&p);
    }
}

static void refuses_broken_pages(void **state)
{
    static const char *const cases[] = {
        "",
        "{",
        "null",
        "[]",
        "{}",
        "{\"Items\":{}}",
        "{\"Items\":null}",
        "{\"message\":\"no\"}",
        WITH("1", ""),
        WITH("null", ""),
        WITH("\"\"", ""),
        WITH("\"AAAA\"", ""),
        WITH("\"" A_TEXT "\",\"eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4\"", ""), /* 24 bytes */
        WITH("\"AZz7PO0AABEiM0RVZneImaq7zN3u_w==\"", ""),                /* base64url */
        WITH("\"AZz7PO0AABEiM0RVZneImaq7zN3u/w\"", ""),                  /* padding cut */
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct page p;
        page_init(&p);
        check_false(cases[i], dynamodb_take_page(str_of(cases[i]), 1000, &p.out, &p.next, &p.e));
        check_int(cases[i], p.e.kind, ERR_INPUT);
        check_str(cases[i], buf_str(&p.next), S(""));
        page_release(&p);
    }
}

static void reads_claims(void **state)
{
#define CLAIMS(c, v, rest)                                                                         \
    "{\"Item\":{\"c\":{\"B\":" c "},\"v\":{\"N\":" v "},\"pk\":{\"S\":\"w\"}" rest "}}"
    static const struct {
        const char *name, *reply;
        struct str blob; /* absent: refused */
        uint64_t version;
    } cases[] = {
        {"none", "{}", {"", 0}, 0},
        {"some", CLAIMS("\"Y2xhaW1zAA==\"", "\"7\"", ""), {"claims\0", 7}, 7},
        {"empty", CLAIMS("\"\"", "\"1\"", ""), {"", 0}, 1},
        {"expired", CLAIMS("\"Y2xhaW1zAA==\"", "\"7\"", EXPIRES("1")), {"claims\0", 7}, 7},
        {"largest", CLAIMS("\"\"", "\"18446744073709551615\"", ""), {"", 0}, UINT64_MAX},
        {"no JSON", "", {NULL, 0}, 0},
        {"no object", "[]", {NULL, 0}, 0},
        {"no object inside", "{\"Item\":1}", {NULL, 0}, 0},
        {"no claims", "{\"Item\":{\"v\":{\"N\":\"1\"}}}", {NULL, 0}, 0},
        {"no version", "{\"Item\":{\"c\":{\"B\":\"\"}}}", {NULL, 0}, 0},
        {"no base64", CLAIMS("\"*\"", "\"1\"", ""), {NULL, 0}, 0},
        {"negative", CLAIMS("\"\"", "\"-1\"", ""), {NULL, 0}, 0},
        {"fraction", CLAIMS("\"\"", "\"1.5\"", ""), {NULL, 0}, 0},
        {"too large", CLAIMS("\"\"", "\"18446744073709551616\"", ""), {NULL, 0}, 0},
        {"version that is no string", CLAIMS("\"\"", "1", ""), {NULL, 0}, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct state_claims c = {.key = key, .version = 99};
        struct err e = {0};
        bool want = str_present(cases[i].blob);
        buf_init(&c.blob, 1000);
        buf_putz(&c.blob, "of the key before");
        check_int(cases[i].name, dynamodb_take_claims(str_of(cases[i].reply), &c, &e), want);
        check_int(cases[i].name, e.kind, want ? ERR_NONE : ERR_INPUT);
        check_str(cases[i].name, buf_str(&c.blob), want ? cases[i].blob : S(""));
        check_int(cases[i].name, (int64_t)c.version, (int64_t)cases[i].version);
        buf_release(&c.blob);
    }
}

/* Claims that outgrow what their reader allows fail, they are not cut. */
static void refuses_claims_that_do_not_fit(void **state)
{
    struct state_claims c = {.key = key};
    struct err e = {0};
    (void)state;
    buf_init(&c.blob, 6);
    check_false("seven bytes into six",
                dynamodb_take_claims(S("{\"Item\":{\"c\":{\"B\":\"Y2xhaW1zAA==\"},"
                                       "\"v\":{\"N\":\"1\"}}}"),
                                     &c, &e));
    check_int("kind", e.kind, ERR_LIMIT);
    buf_release(&c.blob);
}

static void knows_the_format(void **state)
{
    static const struct {
        const char *name, *reply;
        bool ok;
        unsigned long long format;
    } cases[] = {
        {"ours", "{\"Item\":{\"v\":{\"N\":\"1\"},\"pk\":{\"S\":\"format\"}}}", true, 1},
        {"newer", "{\"Item\":{\"v\":{\"N\":\"12\"}}}", true, 12},
        {"none", "{}", true, 0},
        {"no number", "{\"Item\":{\"v\":{\"S\":\"1\"}}}", false, 0},
        {"no version", "{\"Item\":{}}", false, 0},
        {"no JSON", "", false, 0},
    };
    struct buf b;
    (void)state;
    buf_init(&b, 1000);
    dynamodb_put_get_format(&b, table());
    check_str("asks", buf_str(&b),
              S("{\"TableName\":\"trailwarden\",\"Key\":{\"pk\":{\"S\":\"format\"},\"sk\":{\"S\":"
                "\"format\"}},\"ConsistentRead\":true}"));
    buf_reset(&b);
    dynamodb_put_format(&b, table());
    check_str("writes", buf_str(&b),
              S("{\"TableName\":\"trailwarden\",\"Item\":{\"pk\":{\"S\":\"format\"},\"sk\":{\"S\":"
                "\"format\"},\"v\":{\"N\":\"1\"}},\"ConditionExpression\":\"attribute_not_exists("
                "pk)\"}"));
    buf_release(&b);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct err e = {0};
        unsigned long long format = 99;
        check_int(cases[i].name, dynamodb_take_format(str_of(cases[i].reply), &format, &e),
                  cases[i].ok);
        if (cases[i].ok)
            check_int(cases[i].name, (int)format, (int)cases[i].format);
    }
}

static void reads_units(void **state)
{
    (void)state;
    check_true("half a unit", dynamodb_take_units(S("{\"ConsumedCapacity\":{\"TableName\":\"t\","
                                                    "\"CapacityUnits\":0.5}}")) == 0.5);
    check_true("none told", dynamodb_take_units(S("{}")) == 0);
    check_true("no JSON", dynamodb_take_units(S("")) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_reads_elements),
        cmocka_unit_test(refuses_other_lengths),
        cmocka_unit_test(orders_buckets_as_strings),
        cmocka_unit_test(writes_adds),
        cmocka_unit_test(rounds_expiry_up),
        cmocka_unit_test(writes_the_other_bodies),
        cmocka_unit_test(writes_swaps),
        cmocka_unit_test(reads_pages),
        cmocka_unit_test(refuses_broken_pages),
        cmocka_unit_test(reads_claims),
        cmocka_unit_test(refuses_claims_that_do_not_fit),
        cmocka_unit_test(knows_the_format),
        cmocka_unit_test(reads_units),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
