/* runtime/rapi against a server on loopback that answers from a script and keeps what it was sent.
 * Paths, statuses and headers are those of AWS's "Lambda runtime API" guide. */
#include "runtime/rapi.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "tests/unit/support/check.h"

#define REQUEST_MAX (8u << 20)

/* One answer, and the request that led to it. */
struct exchange {
    struct str answer;
    struct buf request;
};

struct server {
    int listener;
    char host[32];
    struct exchange script[8];
    size_t n;
    pthread_t thread;
};

/* Whether the request is whole: its head, and as many bytes as Content-Length says. */
static bool is_whole(const struct buf *b)
{
    struct str all = buf_str(b);
    size_t head = str_find(all, S("\r\n\r\n"), 0);
    if (head == SIZE_MAX)
        return false;
    size_t at = str_find(all, S("Content-Length: "), 0);
    unsigned long long n = 0;
    if (at != SIZE_MAX && at < head) {
        struct str rest = str_skip(all, at + 16);
        assert_true(str_u64(str_cut(&rest, '\r'), &n));
    }
    return all.n >= head + 4 + n;
}

static bool read_request(int fd, struct buf *b)
{
    char piece[65536];
    while (!is_whole(b)) {
        ssize_t n = recv(fd, piece, sizeof piece, 0);
        if (n <= 0)
            return false;
        buf_put(b, str_n(piece, (size_t)n));
    }
    return true;
}

static void send_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        s = str_skip(s, (size_t)n);
    }
}

/* Plays the script over as many connections as the client likes. */
static void *play(void *self)
{
    struct server *s = self;
    int fd = -1;
    for (size_t i = 0; i < s->n;) {
        if (fd < 0)
            fd = accept(s->listener, NULL, NULL);
        if (fd < 0)
            return NULL;
        if (!read_request(fd, &s->script[i].request)) {
            close(fd);
            fd = -1;
            continue;
        }
        send_all(fd, s->script[i++].answer);
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void server_listen(struct server *s)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    struct buf host;
    *s = (struct server){0};
    s->listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(s->listener >= 0);
    assert_int_equal(bind(s->listener, (const struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(s->listener, 4), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&a, &n), 0);
    buf_init(&host, sizeof s->host - 1);
    buf_putf(&host, "127.0.0.1:%u", ntohs(a.sin_port));
    memcpy(s->host, buf_z(&host), host.n + 1);
    buf_release(&host);
}

static void server_start(struct server *s, const struct str *answers, size_t n)
{
    server_listen(s);
    s->n = n;
    for (size_t i = 0; i < n; i++) {
        s->script[i].answer = answers[i];
        buf_init(&s->script[i].request, REQUEST_MAX);
    }
    assert_int_equal(pthread_create(&s->thread, NULL, play, s), 0);
}

/* After the client is gone. */
static void server_stop(struct server *s)
{
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    for (size_t i = 0; i < s->n; i++)
        buf_release(&s->script[i].request);
}

#define NEXT(headers, length, body)                                                                \
    S("HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r-1\r\n" headers                          \
      "Content-Length: " length "\r\n\r\n" body)
#define STATUS(line, length, body) S("HTTP/1.1 " line "\r\nContent-Length: " length "\r\n\r\n" body)
#define ACCEPTED                   STATUS("202 Accepted", "15", "{\"status\":\"OK\"}")

static bool sent(const struct server *s, size_t i, const char *text)
{
    return str_find(buf_str(&s->script[i].request), str_of(text), 0) != SIZE_MAX;
}

static void reads_an_invocation(void **state)
{
    (void)state;
    const struct str answers[] = {
        NEXT("lambda-runtime-deadline-ms: 1700000000123\r\nLambda-Runtime-Trace-Id: Root=1-x\r\n"
             "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:x\r\n"
             "Lambda-Runtime-Aws-Tenant-Id: t\r\nLambda-Runtime-Invocation-Id: i-1\r\n",
             "7", "{\"a\":1}"),
        NEXT("Lambda-Runtime-Deadline-Ms: soon\r\n", "2", "{}"),
    };
    struct server s;
    struct rapi_invocation inv;
    struct err e = {0};
    server_start(&s, answers, COUNT(answers));
    struct rapi *r = rapi_new(s.host, &e);
    assert_true(rapi_next(r, &inv, &e));
    check_str("payload", inv.payload, S("{\"a\":1}"));
    check_str("request id", inv.request_id, S("r-1"));
    check_str("trace id", inv.trace_id, S("Root=1-x"));
    check_str("function", inv.function_arn, S("arn:aws:lambda:x"));
    check_str("tenant", inv.tenant_id, S("t"));
    check_str("invocation id", inv.invocation_id, S("i-1"));
    check_int("deadline", inv.deadline_ms, 1700000000123);
    assert_true(rapi_next(r, &inv, &e));
    check_int("no deadline", inv.deadline_ms, 0);
    check_str("no trace", inv.trace_id, STR_ABSENT);
    check_str("no invocation id", inv.invocation_id, STR_ABSENT);
    rapi_free(r);
    assert_true(sent(&s, 0, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\n"));
    server_stop(&s);
}

static void ends_when_next_is_broken(void **state)
{
    const struct {
        const char *name, *want;
        struct str answer;
    } cases[] = {
        {"wrong state", "answers 403", STATUS("403 Forbidden", "2", "{}")},
        {"container error", "answers 500", STATUS("500 Internal Server Error", "0", "")},
        {"no request id", "names no request id", STATUS("200 OK", "2", "{}")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct server s;
        struct rapi_invocation inv;
        struct err e = {0};
        server_start(&s, &cases[i].answer, 1);
        struct rapi *r = rapi_new(s.host, &e);
        check_false(cases[i].name, rapi_next(r, &inv, &e));
        check_int(cases[i].name, e.kind, ERR_SYSTEM);
        check_true(cases[i].name, strstr(e.text, cases[i].want) != NULL);
        rapi_free(r);
        server_stop(&s);
    }
}

static void ends_without_a_server(void **state)
{
    (void)state;
    struct server s;
    struct rapi_invocation inv;
    struct err e = {0};
    server_listen(&s); /* a port that was free a moment ago */
    close(s.listener);
    struct rapi *r = rapi_new(s.host, &e);
    assert_false(rapi_next(r, &inv, &e));
    check_int("kind", e.kind, ERR_SYSTEM);
    assert_non_null(strstr(e.text, s.host));
    rapi_free(r);
}

/* How each status to an answer is taken: ERR_NONE is success. */
static void judges_statuses(void **state)
{
    const struct {
        struct str answer;
        enum err_kind kind;
    } cases[] = {
        {ACCEPTED, ERR_NONE},
        {STATUS("400 Bad Request", "37", "{\"errorType\":\"InvalidRequestID\",\"x\":1}"),
         ERR_INPUT},
        {STATUS("403 Forbidden", "2", "{}"), ERR_INPUT},
        {STATUS("413 Too Large", "2", "{}"), ERR_INPUT},
        {STATUS("500 Error", "2", "{}"), ERR_SYSTEM},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct server s;
        struct rapi_invocation inv = {.request_id = S("r 1/2"), .invocation_id = S("i-1")};
        struct err e = {0};
        server_start(&s, &cases[i].answer, 1);
        struct rapi *r = rapi_new(s.host, &e);
        bool ok = rapi_respond(r, &inv, S("{\"ok\":true}"), &e);
        check_int("outcome", ok ? ERR_NONE : e.kind, cases[i].kind);
        rapi_free(r);
        check_true(
            "path",
            sent(&s, 0, "POST /2018-06-01/runtime/invocation/r%201%2F2/response HTTP/1.1\r\n"));
        check_true("echo", sent(&s, 0, "Lambda-Runtime-Invocation-Id: i-1\r\n"));
        check_true("type", sent(&s, 0, "Content-Type: application/json\r\n"));
        check_false("no error type", sent(&s, 0, "Function-Error-Type"));
        check_true("body", sent(&s, 0, "\r\n\r\n{\"ok\":true}"));
        server_stop(&s);
    }
}

static void reports_failures(void **state)
{
    (void)state;
    const struct str answers[] = {ACCEPTED, ACCEPTED};
    struct server s;
    struct rapi_invocation inv = {.request_id = S("r-1")};
    struct err why = {ERR_MISSING, "no \"key\""};
    struct err e = {0};
    server_start(&s, answers, 2);
    struct rapi *r = rapi_new(s.host, &e);
    assert_true(rapi_fail(r, &inv, &why, &e));
    assert_true(rapi_fail_init(r, &why, &e));
    rapi_free(r);
    assert_true(sent(&s, 0, "POST /2018-06-01/runtime/invocation/r-1/error HTTP/1.1\r\n"));
    assert_true(sent(&s, 0, "Lambda-Runtime-Function-Error-Type: Function.Missing\r\n"));
    assert_false(sent(&s, 0, "Lambda-Runtime-Invocation-Id"));
    assert_true(
        sent(&s, 0,
             "\r\n\r\n{\"errorMessage\":\"no \\\"key\\\"\",\"errorType\":\"Function.Missing\","
             "\"stackTrace\":[]}"));
    assert_true(sent(&s, 1, "POST /2018-06-01/runtime/init/error HTTP/1.1\r\n"));
    assert_true(sent(&s, 1, "Lambda-Runtime-Function-Error-Type: Runtime.InitError\r\n"));
    server_stop(&s);
}

/* Lambda replaces a type that is not (Runtime|Function)\.[A-Z][a-zA-Z]+ . */
static void types_have_the_form_lambda_wants(void **state)
{
    (void)state;
    for (int kind = ERR_NONE; kind <= ERR_SYSTEM; kind++) {
        struct str type = str_of(rapi_error_type((enum err_kind)kind));
        assert_true(str_starts(type, S("Function.")));
        struct str name = str_skip(type, 9);
        assert_true(name.n >= 2 && name.p[0] >= 'A' && name.p[0] <= 'Z');
        for (size_t i = 0; i < name.n; i++)
            assert_true(byte_is_alpha(name.p[i]));
    }
}

static void takes_no_payload_that_is_too_large(void **state)
{
    (void)state;
    struct buf large;
    buf_init(&large, RAPI_PAYLOAD_MAX + 1000);
    buf_putf(&large,
             "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: r-1\r\nContent-Length: %d\r\n\r\n",
             RAPI_PAYLOAD_MAX + 1);
    for (int i = 0; i <= RAPI_PAYLOAD_MAX; i++)
        buf_putc(&large, ' ');
    struct str answers[] = {buf_str(&large), NEXT("", "2", "{}")};
    struct server s;
    struct rapi_invocation inv;
    struct err e = {0};
    server_start(&s, answers, 2);
    struct rapi *r = rapi_new(s.host, &e);
    assert_true(rapi_next(r, &inv, &e));
    assert_true(inv.too_large);
    check_str("request id", inv.request_id, S("r-1"));
    assert_true(rapi_next(r, &inv, &e));
    assert_false(inv.too_large);
    rapi_free(r);
    server_stop(&s);
    buf_release(&large);
}

/* 2 MB and a proxy in the environment: sent at once (no Expect), and not to the proxy. */
static void sends_large_answers_directly(void **state)
{
    (void)state;
    const struct str answers[] = {ACCEPTED};
    struct server s;
    struct rapi_invocation inv = {.request_id = S("r-1")};
    struct err e = {0};
    struct buf body;
    buf_init(&body, 2u << 20);
    while (body.n < 2u << 20)
        buf_putc(&body, 'x');
    setenv("http_proxy", "http://127.0.0.1:9", 1);
    setenv("all_proxy", "http://127.0.0.1:9", 1);
    server_start(&s, answers, 1);
    struct rapi *r = rapi_new(s.host, &e);
    assert_true(rapi_respond(r, &inv, buf_str(&body), &e));
    rapi_free(r);
    assert_false(sent(&s, 0, "Expect"));
    server_stop(&s);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    buf_release(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_an_invocation),
        cmocka_unit_test(ends_when_next_is_broken),
        cmocka_unit_test(ends_without_a_server),
        cmocka_unit_test(judges_statuses),
        cmocka_unit_test(reports_failures),
        cmocka_unit_test(types_have_the_form_lambda_wants),
        cmocka_unit_test(takes_no_payload_that_is_too_large),
        cmocka_unit_test(sends_large_answers_directly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
