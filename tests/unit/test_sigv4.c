/* aws/sigv4 against signatures that botocore 1.43 made for the same requests (its clock set to the
 * case's time), for what the public suite leaves out. The suite and random requests are compared by
 * tests/conformance/test_sigv4.py. */
#include "aws/sigv4.h"

#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"

#define T_2015 1440938160000 /* 2015-08-30T12:36:00Z */
#define FORM   "application/x-www-form-urlencoded; charset=utf-8"

struct vector {
    const char *name;
    const char *service, *region, *method, *path, *query, *body;
    const char *headers[4][2];
    const char *token;
    size_t token_n; /* a token of so many 'T' instead */
    enum sigv4_payload payload;
    int64_t now_ms;
    const char *signed_names;
    const char *signature;
};

static const struct vector vectors[] = {
    {"query service with a session token",
     "sns",
     "eu-west-1",
     "POST",
     "/",
     NULL,
     "Action=Publish&Version=2010-03-31",
     {{"host", "sns.eu-west-1.amazonaws.com"}, {"Content-Type", FORM}},
     "TOK/EN+==",
     0,
     SIGV4_PAYLOAD_HASHED,
     T_2015,
     "content-type;host;x-amz-date;x-amz-security-token",
     "a25509acaf315f6e5c0c243f820b634f6b2b99168ab726d0b35f3bf12590d7dd"},
    {"port in Host, last second of a year",
     "iam",
     "us-east-1",
     "POST",
     "/",
     NULL,
     "Action=ListUsers&Version=2010-05-08",
     {{"Host", "iam.amazonaws.com:8443"}, {"content-type", FORM}},
     NULL,
     0,
     SIGV4_PAYLOAD_HASHED,
     1577836799999,
     "content-type;host;x-amz-date",
     "d205035a7132028d19f9f43ff3cfa7d8000ce7f15b7a7941dce64cba8753acf0"},
    {"JSON service, first second of a year",
     "dynamodb",
     "us-gov-west-1",
     "POST",
     "/",
     NULL,
     "{}",
     {{"host", "dynamodb.us-gov-west-1.amazonaws.com"},
      {"content-type", "application/x-amz-json-1.0"},
      {"x-amz-target", "DynamoDB_20120810.UpdateItem"}},
     NULL,
     0,
     SIGV4_PAYLOAD_HASHED,
     1577836800000,
     "content-type;host;x-amz-date;x-amz-target",
     "400d9db6c7fec187c900f326c15f1ec14d684f69530f4b9941b9fcbab12e9ddb"},
    {"S3 key as it is called: dots, slashes, %20, UTF-8",
     "s3",
     "eu-west-1",
     "GET",
     "/bucket/a/../b//%20+ =#?\xE6\x97\xA5",
     NULL,
     "",
     {{"host", "s3.eu-west-1.amazonaws.com"}},
     NULL,
     0,
     SIGV4_PAYLOAD_HASH_HEADER,
     T_2015,
     "host;x-amz-content-sha256;x-amz-date",
     "89c48eea9ccf5774f9259b8d68697858873c6d9b87b386f5a3e52fdd494fcc1f"},
    {"S3 with a version, a range and a long token",
     "s3",
     "cn-north-1",
     "GET",
     "/k",
     "versionId=a%2Fb%2B",
     "",
     {{"host", "b.s3.cn-north-1.amazonaws.com.cn"}, {"range", "bytes=5-"}},
     NULL,
     1500,
     SIGV4_PAYLOAD_HASH_HEADER,
     T_2015,
     "host;range;x-amz-content-sha256;x-amz-date;x-amz-security-token",
     "ff8ca681a58f0bafa80753cd6310f19eab2ac213973ff50e320fda9837be5e5e"},
    {"S3, payload unsigned",
     "s3",
     "eu-west-1",
     "GET",
     "/bucket/k",
     NULL,
     "",
     {{"host", "s3.eu-west-1.amazonaws.com"}},
     NULL,
     0,
     SIGV4_PAYLOAD_UNSIGNED,
     T_2015,
     "host;x-amz-content-sha256;x-amz-date",
     "55693f3befbd42e0b092e9ee634f7cbcf67ece51160ab414ff3acb893cad030f"},
    {"encoded path encoded again, repeated parameter, empty header, user agent",
     "lambda",
     "eu-west-1",
     "POST",
     "/2015-03-31/functions/a%20b/invocations",
     "a=&B=2&B=1",
     "{}",
     {{"host", "lambda.eu-west-1.amazonaws.com"}, {"x-amz-empty", ""}, {"user-agent", "x"}},
     NULL,
     0,
     SIGV4_PAYLOAD_HASHED,
     T_2015,
     "host;x-amz-date;x-amz-empty",
     "144591d1296570b8f4cf9079400249eb0056079a3a1ebc59b7b45dcf02fe75e9"},
};

static size_t headers_of(const struct vector *v, struct header out[4])
{
    size_t n = 0;
    for (; n < 4 && v->headers[n][0]; n++)
        out[n] = (struct header){str_of(v->headers[n][0]), str_of(v->headers[n][1])};
    return n;
}

static struct sigv4_request request_of(const struct vector *v, struct header headers[4])
{
    return (struct sigv4_request){
        .method = str_of(v->method),
        .path = str_of(v->path),
        .normalise = v->payload == SIGV4_PAYLOAD_HASHED,
        .query = str_of(v->query),
        .headers = headers,
        .n_headers = headers_of(v, headers),
        .body = str_of(v->body),
        .payload = v->payload,
    };
}

static struct sigv4_scope scope_of(const struct vector *v)
{
    static char long_token[1500];
    memset(long_token, 'T', sizeof long_token);
    return (struct sigv4_scope){
        .key_id = S("AKIDEXAMPLE"),
        .secret = S("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        .token = v->token_n ? str_n(long_token, v->token_n) : str_of(v->token),
        .region = str_of(v->region),
        .service = str_of(v->service),
        .now_ms = v->now_ms,
    };
}

static void check_vector(const struct vector *v, struct sigv4_cache *cache)
{
    struct header headers[4];
    struct sigv4_headers out;
    struct err e = {0};
    struct buf want;
    buf_init(&want, 1000);
    buf_init(&out.authorization, 4096);
    const struct sigv4_request r = request_of(v, headers);
    const struct sigv4_scope scope = scope_of(v);
    check_true(v->name, sigv4_sign(&r, &scope, cache, &out, &e));
    buf_putf(&want,
             "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/%.8s/%s/%s/aws4_request, SignedHeaders=%s, "
             "Signature=%s",
             out.stamp, v->region, v->service, v->signed_names, v->signature);
    check_str(v->name, buf_str(&out.authorization), buf_str(&want));
    buf_release(&out.authorization);
    buf_release(&want);
}

static void signs_like_botocore(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++)
        check_vector(&vectors[i], NULL);
}

/* One cache for all, each twice: it must notice every change of scope. */
static void caches_the_key_of_one_scope(void **state)
{
    struct sigv4_cache cache = {.valid = false};
    (void)state;
    for (size_t i = 0; i < COUNT(vectors); i++) {
        check_vector(&vectors[i], &cache);
        check_vector(&vectors[i], &cache);
    }
    sigv4_cache_wipe(&cache);
    for (size_t i = 0; i < sizeof cache.key; i++)
        check_int("wiped", cache.key[i], 0);
}

static void stamps(void **state)
{
    static const struct {
        int64_t ms;
        const char *want;
    } cases[] = {
        {0, "19700101T000000Z"},
        {T_2015, "20150830T123600Z"},
        {951782399999, "20000228T235959Z"},
        {951782400000, "20000229T000000Z"},
        {253402300799000, "99991231T235959Z"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char got[SIGV4_STAMP_SIZE];
        sigv4_stamp(cases[i].ms, got);
        check_str("stamp", str_of(got), str_of(cases[i].want));
    }
}

/* Paths that are normalised: RFC 3986 5.2.4 and AWS's collapsing of slashes. */
static void normalises_paths(void **state)
{
    static const struct {
        const char *path, *want;
    } cases[] = {
        {"/", "/"},
        {"//", "/"},
        {"/a", "/a"},
        {"/a/", "/a/"},
        {"/./", "/"},
        {"/a/..", "/"},
        {"/a/../..", "/"},
        {"/../a", "/a"},
        {"//a//b//", "/a/b/"},
        {"/a/b/..", "/a/"},
        {"/a/.", "/a/"},
        {"/...", "/..."},
        {"/a b", "/a%20b"},
        {"/a%20b", "/a%2520b"},
        {"/~-._", "/~-._"},
        {"/a+b*", "/a%2Bb%2A"},
    };
    const struct vector *v = &vectors[0];
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct header headers[4];
        struct buf canonical, names;
        struct err e = {0};
        struct sigv4_request r = request_of(v, headers);
        const struct sigv4_scope scope = scope_of(v);
        r.path = str_of(cases[i].path);
        buf_init(&canonical, SIGV4_CANONICAL_MAX);
        buf_init(&names, 1000);
        check_true(r.path.p, sigv4_canonical_request(&r, &scope, &canonical, &names, &e));
        struct str rest = buf_str(&canonical);
        str_cut(&rest, '\n');
        check_str(r.path.p, str_cut(&rest, '\n'), str_of(cases[i].want));
        buf_release(&canonical);
        buf_release(&names);
    }
}

static void refuses_what_is_signed_already(void **state)
{
    static const char *const names[] = {"x-amz-date", "X-Amz-Content-Sha256", "AUTHORIZATION",
                                        "x-amz-security-token"};
    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct header headers[4];
        struct sigv4_headers out;
        struct err e = {0};
        struct sigv4_request r = request_of(&vectors[0], headers);
        const struct sigv4_scope scope = scope_of(&vectors[0]);
        headers[r.n_headers++] = (struct header){str_of(names[i]), S("x")};
        buf_init(&out.authorization, 4096);
        check_false(names[i], sigv4_sign(&r, &scope, NULL, &out, &e));
        check_int(names[i], e.kind, ERR_USAGE);
        check_true(names[i], str_find(str_of(e.text), str_of(names[i]), 0) != SIZE_MAX);
        buf_release(&out.authorization);
    }
}

static void check_refused(const char *name, const struct sigv4_request *r,
                          const struct sigv4_scope *scope, enum err_kind kind)
{
    struct sigv4_headers out;
    struct err e = {0};
    buf_init(&out.authorization, 4096);
    check_false(name, sigv4_sign(r, scope, NULL, &out, &e));
    check_int(name, e.kind, kind);
    buf_release(&out.authorization);
}

static void refuses_what_cannot_be_signed(void **state)
{
    struct header headers[4], many[SIGV4_HEADERS_MAX];
    static char query[2 * SIGV4_PARAMS_MAX + 2], path[2 * 1025 + 1], secret[300];
    const struct vector *v = &vectors[0];
    const struct sigv4_request good = request_of(v, headers);
    const struct sigv4_scope scope = scope_of(v);
    struct sigv4_request r = good;
    (void)state;

    r.path = S("no-slash");
    check_refused("path without a slash", &r, &scope, ERR_USAGE);
    r = good;
    r.headers = headers + 1;
    r.n_headers = 1;
    check_refused("no host", &r, &scope, ERR_USAGE);
    for (size_t i = 0; i < COUNT(many); i++)
        many[i] = (struct header){S("host"), S("h")};
    r = good;
    r.headers = many;
    r.n_headers = COUNT(many);
    check_refused("too many headers", &r, &scope, ERR_LIMIT);
    for (size_t i = 0; i < sizeof query - 1; i++)
        query[i] = i % 2 ? '&' : 'a';
    r = good;
    r.query = str_n(query, sizeof query - 1);
    check_refused("too many parameters", &r, &scope, ERR_LIMIT);
    for (size_t i = 0; i < sizeof path - 1; i++)
        path[i] = i % 2 ? 'a' : '/';
    r = good;
    r.path = str_n(path, sizeof path - 1);
    check_refused("too many segments", &r, &scope, ERR_LIMIT);

    struct sigv4_scope other = scope;
    other.secret = STR_ABSENT;
    check_refused("no secret", &good, &other, ERR_USAGE);
    other.secret = str_n(secret, sizeof secret);
    check_refused("a secret too long", &good, &other, ERR_USAGE);
}

static void survives_lack_of_memory(void **state)
{
    const struct vector *v = &vectors[4];
    struct header headers[4];
    const struct sigv4_request r = request_of(v, headers);
    const struct sigv4_scope scope = scope_of(v);
    bool ok = false;
    (void)state;
    for (size_t n = 1; !ok; n++) {
        struct sigv4_headers out;
        struct sigv4_cache cache = {.valid = false};
        struct err e = {0};
        buf_init(&out.authorization, 4096);
        alloc_fail_at(n);
        ok = sigv4_sign(&r, &scope, &cache, &out, &e);
        alloc_works();
        check_true("fails with a reason, or signs", ok == (e.kind == ERR_NONE));
        buf_release(&out.authorization);
        assert_true(n < 200);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_like_botocore),
        cmocka_unit_test(caches_the_key_of_one_scope),
        cmocka_unit_test(stamps),
        cmocka_unit_test(normalises_paths),
        cmocka_unit_test(refuses_what_is_signed_already),
        cmocka_unit_test(refuses_what_cannot_be_signed),
        cmocka_unit_test(survives_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
