/* adapters/sqs: queues' URLs, and the texts of SendMessageBatch (SQS API Reference, AWS JSON
 * protocol). */
#include "adapters/sqs.h"

#include "tests/unit/support/check.h"

static void reads_urls(void **state)
{
    static const struct {
        const char *url, *region; /* region NULL: none in it; "": the URL is refused */
    } cases[] = {
        {"https://sqs.eu-west-1.amazonaws.com/111122223333/trailwarden", "eu-west-1"},
        {"https://sqs.cn-north-1.amazonaws.com.cn/111122223333/a", "cn-north-1"},
        {"http://127.0.0.1:5000/123456789012/a-b_c", NULL},
        {"https://sqs.example.com/111122223333/a", NULL},
        {"https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/111122223333/a", NULL},
        {"https://sqs.eu-west-1.amazonaws.com/111122223333/a.fifo", ""},
        {"https://sqs.eu-west-1.amazonaws.com/111122223333/a/b", ""},
        {"https://sqs.eu-west-1.amazonaws.com/111122223333/", ""},
        {"https://sqs.eu-west-1.amazonaws.com/team/a", ""},
        {"https:///111122223333/a", ""},
        {"arn:aws:sqs:eu-west-1:111122223333:a", ""},
        {"trailwarden", ""},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct sqs_queue q;
        struct err e = {0};
        const bool good = !cases[i].region || *cases[i].region;
        check_int(cases[i].url, sqs_queue_init(&q, NULL, NULL, str_of(cases[i].url), &e), good);
        check_int(cases[i].url, e.kind, good ? ERR_NONE : ERR_USAGE);
        if (good && cases[i].region)
            check_str(cases[i].url, q.region, str_of(cases[i].region));
        if (good)
            check_int(cases[i].url, str_present(q.region), cases[i].region != NULL);
    }
}

static void writes_batches(void **state)
{
    static const struct str bodies[] = {{"{\"a\":1}", 7}, {"b", 1}, {"c", 1}};
    static const struct {
        const char *name;
        bool wanted[3];
        const char *want;
    } cases[] = {
        {"all",
         {true, true, true},
         "{\"QueueUrl\":\"u\",\"Entries\":[{\"Id\":\"0\",\"MessageBody\":\"{\\\"a\\\":1}\"},"
         "{\"Id\":\"1\",\"MessageBody\":\"b\"},{\"Id\":\"2\",\"MessageBody\":\"c\"}]}"},
        {"what is left",
         {false, false, true},
         "{\"QueueUrl\":\"u\",\"Entries\":[{\"Id\":\"2\",\"MessageBody\":\"c\"}]}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct buf b;
        buf_init(&b, 1000);
        sqs_put_batch(&b, S("u"), bodies, cases[i].wanted, 3);
        check_str(cases[i].name, buf_str(&b), str_of(cases[i].want));
        buf_release(&b);
    }
}

static void reads_answers(void **state)
{
    static const struct {
        const char *name, *reply, *left; /* positions that are still wanted */
        enum err_kind kind;
        const char *told;
    } cases[] = {
        {"all", "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"1\"},{\"Id\":\"2\"}]}", "", ERR_NONE,
         ""},
        {"one is late",
         "{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"2\"}],\"Failed\":[{\"Id\":\"1\","
         "\"SenderFault\":false,\"Code\":\"InternalError\"}]}",
         "1", ERR_NONE, ""},
        {"all are late", "{\"Failed\":[{\"Id\":\"0\",\"SenderFault\":false,\"Code\":\"x\"}]}",
         "012", ERR_NONE, ""},
        {"what is not told of is not sent", "{\"Successful\":[{\"Id\":\"2\"}]}", "01", ERR_NONE,
         ""},
        {"strange ids", "{\"Successful\":[{\"Id\":\"3\"},{\"Id\":\"-1\"},{\"Id\":1},{}]}", "012",
         ERR_NONE, ""},
        {"our fault",
         "{\"Successful\":[{\"Id\":\"0\"}],\"Failed\":[{\"Id\":\"1\",\"SenderFault\":true,"
         "\"Code\":\"InvalidMessage\\u001bContents\"}]}",
         "12", ERR_INPUT, "a message is refused: InvalidMessage\\x1BContents"},
        {"another answer", "{}", "012", ERR_RETRY, "tells of no message"},
        {"no JSON", "<x/>", "012", ERR_RETRY, "tells of no message"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool wanted[3] = {true, true, true};
        struct err e = {0};
        struct buf left;
        buf_init(&left, 10);
        const bool ok = sqs_take_batch(str_of(cases[i].reply), wanted, 3, &e);
        check_int(cases[i].name, ok, cases[i].kind == ERR_NONE);
        check_int(cases[i].name, e.kind, cases[i].kind);
        for (size_t k = 0; k < 3; k++)
            if (wanted[k])
                buf_put_u64(&left, k);
        check_str(cases[i].name, buf_str(&left), str_of(cases[i].left));
        check_true(cases[i].name, strstr(e.text, cases[i].told) != NULL);
        buf_release(&left);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_urls),
        cmocka_unit_test(writes_batches),
        cmocka_unit_test(reads_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
