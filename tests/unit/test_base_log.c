/* base/log: the lines as Lambda's log settings ask for them, one write each. */
#include "base/log.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/support/check.h"

static int64_t fixed_time(void)
{
    return 1719792000123;
}

/* What one call wrote, read back from a file; text is to be freed. */
struct written {
    int fd;
    char *text;
};

#define LINE_BYTES_MAX 131072 /* twice what a line may have, so that a longer one would be seen */

static struct log open_log(struct written *w, const char *format, const char *level)
{
    char path[] = "/tmp/trailwarden-test-log-XXXXXX";
    w->fd = mkstemp(path);
    assert_true(w->fd >= 0);
    assert_int_equal(unlink(path), 0);
    struct log log;
    log_init(&log, w->fd, format, level, fixed_time);
    return log;
}

static struct str read_back(struct written *w)
{
    w->text = calloc(1, LINE_BYTES_MAX);
    assert_non_null(w->text);
    ssize_t n = pread(w->fd, w->text, LINE_BYTES_MAX, 0);
    assert_true(n >= 0);
    close(w->fd);
    return str_n(w->text, (size_t)n);
}

static void test_lines(void **state)
{
    (void)state;
    static const struct log_field fields[] = {
        {"object", {"s3://b/k\n", 9}, 0}, {"bytes", {NULL, 0}, -12}, {"empty", {"", 0}, 0}};
    static const struct {
        const char *name, *format, *request_id, *want;
        size_t fields;
    } cases[] = {
        {"json", "JSON", NULL,
         "{\"timestamp\":\"2024-07-01T00:00:00.123Z\",\"level\":\"WARN\",\"message\":\"a "
         "\\\"b\\\"\\u001b\"}\n",
         0},
        {"json with all", "json", "r-1",
         "{\"timestamp\":\"2024-07-01T00:00:00.123Z\",\"level\":\"WARN\",\"message\":\"a "
         "\\\"b\\\"\\u001b\",\"requestId\":\"r-1\",\"object\":\"s3://b/k\\n\",\"bytes\":-12,"
         "\"empty\":\"\"}\n",
         3},
        {"text", "Text", NULL, "2024-07-01T00:00:00.123Z WARN a \"b\"\\x1B\n", 0},
        {"text with all", NULL, "r-1",
         "2024-07-01T00:00:00.123Z WARN a \"b\"\\x1B requestId=r-1 object=s3://b/k\\x0A bytes=-12"
         " empty=\n",
         3},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct written w;
        struct log log = open_log(&w, cases[i].format, NULL);
        log.request_id = str_of(cases[i].request_id);
        log_line(&log, LOG_WARN, S("a \"b\"\x1b"), fields, cases[i].fields);
        check_str(cases[i].name, read_back(&w), str_of(cases[i].want));
        free(w.text);
    }
}

/* Lambda's levels in their order; what lies below the one set is not written. */
static void test_levels(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        enum log_level want;
    } cases[] = {
        {"TRACE", LOG_TRACE}, {"DEBUG", LOG_DEBUG}, {"INFO", LOG_INFO},   {"WARN", LOG_WARN},
        {"ERROR", LOG_ERROR}, {"FATAL", LOG_FATAL}, {"error", LOG_ERROR}, {"", LOG_INFO},
        {"LOUD", LOG_INFO},   {NULL, LOG_INFO},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int level = LOG_TRACE; level <= LOG_FATAL; level++) {
            struct written w;
            struct log log = open_log(&w, "JSON", cases[i].name);
            check_int("level", log.level, cases[i].want);
            log_printf(&log, (enum log_level)level, "%s %d", "x", level);
            struct str line = read_back(&w);
            check_int("written", line.n > 0, level >= (int)cases[i].want);
            free(w.text);
        }
}

static void test_trace_id(void **state)
{
    (void)state;
    struct written w;
    struct log log = open_log(&w, "JSON", NULL);
    log.trace_id = S("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700");
    log_printf(&log, LOG_INFO, "x");
    struct str line = read_back(&w);
    json_t *v = json_loadb(line.p, line.n, 0, NULL);
    assert_non_null(v);
    check_str("trace", str_of(json_string_value(json_object_get(v, "xRayTraceId"))), log.trace_id);
    json_decref(v);
    free(w.text);
}

/* A line that is too long becomes one that says so and is whole JSON. */
static void test_long_line(void **state)
{
    (void)state;
    static const size_t lengths[] = {65000, 65536, 1000000};
    for (size_t i = 0; i < COUNT(lengths); i++) {
        char *text = malloc(lengths[i]);
        assert_non_null(text);
        memset(text, 'm', lengths[i]);
        struct written w;
        struct log log = open_log(&w, "JSON", NULL);
        log.request_id = S("r-1");
        log_line(&log, LOG_ERROR, str_n(text, lengths[i]), NULL, 0);
        struct str line = read_back(&w);
        check_true("one line", line.n > 0 && str_find_byte(line, '\n', 0) == line.n - 1);
        json_t *v = json_loadb(line.p, line.n, 0, NULL);
        assert_non_null(v);
        size_t n = json_string_length(json_object_get(v, "message"));
        check_true("message", i == 0 ? n == lengths[i] : n < 100);
        check_str("request", str_of(json_string_value(json_object_get(v, "requestId"))), S("r-1"));
        json_decref(v);
        free(text);
        free(w.text);
    }
}

static void test_nobody_listens(void **state)
{
    (void)state;
    struct log log;
    log_init(&log, -1, "JSON", NULL, fixed_time);
    log_printf(&log, LOG_ERROR, "to nowhere");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),          cmocka_unit_test(test_levels),
        cmocka_unit_test(test_trace_id),       cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
