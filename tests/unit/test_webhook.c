/* handlers/webhook: requests, messages and events of GitHub, and who may send them. HMACs: RFC
 * 4231, sections 4.2, 4.3 and 4.7; GitHub docs, "Validating webhook deliveries"; the others by
 * `openssl dgst -sha256 -hmac secret`. */
#include "handlers/webhook.h"

#include "base/buf.h"
#include "base/sha256.h"
#include "handlers/envelope.h"
#include "tests/unit/support/check.h"

#define EMPTY_SIGNED "sha256=77325902caca812dc259733aacd046b73817372c777b8d95b402647474516e13"

static void authenticates(void **state)
{
    char key[131];
    memset(key, 0xaa, sizeof key);
    const struct {
        struct str key, message;
        const char *want;
    } cases[] = {
        {S("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b"),
         S("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {S("Jefe"), S("what do ya want for nothing?"),
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {str_n(key, sizeof key), S("Test Using Larger Than Block-Size Key - Hash Key First"),
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
        {S("It's a Secret to Everybody"), S("Hello, World!"),
         "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char sum[SHA256_BYTES];
        struct buf hex;
        buf_init(&hex, 128);
        hmac_sha256(cases[i].key, cases[i].message, sum);
        buf_put_hex(&hex, sum, sizeof sum);
        check_str(cases[i].want, buf_str(&hex), str_of(cases[i].want));
        buf_release(&hex);
    }
}

#define REQUEST(headers, body) "{\"version\":\"2.0\",\"headers\":{" headers "},\"body\":" body "}"
#define PUSH                   "\"x-github-event\":\"push\""
#define SQS(attributes, body)                                                                      \
    "{\"Records\":[{\"messageId\":\"m\",\"eventSource\":\"aws:sqs\",\"attributes\":{"              \
    "\"SentTimestamp\":\"1773756151000\"},\"messageAttributes\":{" attributes "},\"body\":\"" body \
    "\"}]}"
#define ATTRIBUTE(name, value)                                                                     \
    "\"" name "\":{\"stringValue\":\"" value "\",\"dataType\":\"String\"}"
#define BRIDGE(source, type, detail)                                                               \
    "{\"id\":\"i\",\"time\":\"2026-03-17T14:02:31Z\",\"detail-type\":\"" type                      \
    "\",\"source\":\"" source "\",\"detail\":" detail "}"
#define UNSIGNED "a webhook without X-Hub-Signature-256, and a secret is set: refused"
#define FORGED   "a webhook whose X-Hub-Signature-256 is not of its body and the secret: refused"

/* want begins with ! when it is the sentence of a failure. */
static const struct {
    const char *name, *secret, *payload, *want;
} cases[] = {
    {"a request", "", REQUEST(PUSH, "\"{\\\"ref\\\":\\\"r\\\"}\""),
     "{\"webhook_type\":\"push\",\"ref\":\"r\"}"},
    {"GitHub's own case, with a delivery", "",
     REQUEST("\"X-GitHub-Event\":\"ping\",\"X-GitHub-Delivery\":\"d-1\"", "\"{}\""),
     "{\"webhook_type\":\"ping\",\"webhook_delivery\":\"d-1\"}"},
    {"when it came", "",
     "{\"requestContext\":{\"timeEpoch\":1773756151000},\"headers\":{" PUSH "},\"body\":\"{}\"}",
     "{\"webhook_type\":\"push\",\"webhook_time\":1773756151000}"},
    {"base64", "", "{\"headers\":{" PUSH "},\"isBase64Encoded\":true,\"body\":\"eyJhIjoxfQ==\"}",
     "{\"webhook_type\":\"push\",\"a\":1}"},
    {"a type that is no JSON", "", REQUEST("\"x-github-event\":\"a\\\"b\"", "\"{}\""),
     "{\"webhook_type\":\"a\\\"b\"}"},
    {"another request", "", REQUEST("\"host\":\"h\"", "\"{}\""),
     "!a request without the header X-GitHub-Event"},
    {"no body", "", REQUEST(PUSH, "null"), "!a webhook without a body"},
    {"a form", "", REQUEST(PUSH, "\"payload=%7B%7D\""),
     "!a webhook whose body is no JSON object: its content type must be application/json"},
    {"signed", "secret", REQUEST(PUSH ",\"x-hub-signature-256\":\"" EMPTY_SIGNED "\"", "\"{}\""),
     "{\"webhook_type\":\"push\"}"},
    {"unsigned", "secret", REQUEST(PUSH, "\"{}\""), "!" UNSIGNED},
    {"another body", "secret",
     REQUEST(PUSH ",\"x-hub-signature-256\":\"" EMPTY_SIGNED "\"", "\"{ }\""), "!" FORGED},
    {"another secret", "Secret",
     REQUEST(PUSH ",\"x-hub-signature-256\":\"" EMPTY_SIGNED "\"", "\"{}\""), "!" FORGED},
    {"a shorter signature", "secret",
     REQUEST(PUSH ",\"x-hub-signature-256\":\"sha256=77\"", "\"{}\""), "!" FORGED},
    {"a message", "", SQS(ATTRIBUTE("X-GitHub-Event", "push"), "{\\\"ref\\\":\\\"r\\\"}"),
     "{\"webhook_type\":\"push\",\"webhook_time\":1773756151000,\"ref\":\"r\"}"},
    {"a signed message", "secret",
     SQS(ATTRIBUTE("X-GitHub-Event", "push") "," ATTRIBUTE("X-Hub-Signature-256", EMPTY_SIGNED),
         "{}"),
     "{\"webhook_type\":\"push\",\"webhook_time\":1773756151000}"},
    {"an unsigned message", "secret", SQS(ATTRIBUTE("X-GitHub-Event", "push"), "{}"), "!" UNSIGNED},
    {"EventBridge", "", BRIDGE("github.com", "push", "{\"ref\":\"r\"}"),
     "{\"webhook_type\":\"push\",\"webhook_delivery\":\"i\",\"webhook_time\":"
     "\"2026-03-17T14:02:31Z\",\"ref\":\"r\"}"},
    {"Okta by EventBridge", "", BRIDGE("aws.partner/okta.com/x/y", "SystemLog", "{\"uuid\":\"u\"}"),
     "{\"uuid\":\"u\"}"},
    {"Okta, and no record", "", BRIDGE("aws.partner/okta.com/x/y", "SystemLog", "7"),
     "!an EventBridge event that is not understood: detail-type \"SystemLog\", source "
     "\"aws.partner/okta.com/x/y\""},
};

static void reads(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct work w;
        struct err e = {0};
        work_init(&w);
        w.github_secret = str_of(cases[i].secret);
        assert_true(envelope_read(&w, str_of(cases[i].payload), &e));
        const struct work_group *last = work_group_at(&w, w.groups.n - 1);
        if (*cases[i].want == '!') {
            check_size(cases[i].name, w.items.n, 0);
            check_str(cases[i].name, last->why, str_of(cases[i].want + 1));
        } else {
            check_size(cases[i].name, w.items.n, 1);
            check_str(cases[i].name, work_item_at(&w, 0)->record, str_of(cases[i].want));
        }
        work_release(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authenticates),
        cmocka_unit_test(reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
