/* runtime/emf: the line, byte for byte, and that it never grows past its bound. What CloudWatch's
 * schema says of it is held against the running function in tests/e2e/test_metrics.py. */
#include "runtime/emf.h"

#include "tests/unit/support/check.h"

static struct str line_of(struct buf *b, const struct handle_counts *c, struct emf_invocation i)
{
    i.now_ms = 1773705600000;
    i.function_name = S("trailwarden");
    i.request_id = S("8f0c\"");
    i.counts = c;
    buf_reset(b);
    emf_put(b, &i);
    assert_false(b->failed);
    return buf_str(b);
}

static void writes_lines(void **state)
{
    (void)state;
    struct buf b;
    struct handle_counts c = {0};
    buf_init(&b, EMF_LINE_MAX);
    check_str("nothing happened", line_of(&b, &c, (struct emf_invocation){0}),
              S("{\"_aws\":{\"Timestamp\":1773705600000,\"CloudWatchMetrics\":[{\"Namespace\":"
                "\"trailwarden\",\"Dimensions\":[[\"FunctionName\"]],\"Metrics\":["
                "{\"Name\":\"Objects\",\"Unit\":\"Count\"}]}]},\"FunctionName\":\"trailwarden\","
                "\"requestId\":\"8f0c\\\"\",\"Objects\":0}\n"));
    c = (struct handle_counts){
        .objects = 2, .hits_of = {[LEVEL_CRITICAL] = 3}, .lag_ms = {61000, -5}, .n_lags = 2};
    check_str("what happened", line_of(&b, &c, (struct emf_invocation){.cold = true, .ms = 12}),
              S("{\"_aws\":{\"Timestamp\":1773705600000,\"CloudWatchMetrics\":[{\"Namespace\":"
                "\"trailwarden\",\"Dimensions\":[[\"FunctionName\"]],\"Metrics\":["
                "{\"Name\":\"Objects\",\"Unit\":\"Count\"},"
                "{\"Name\":\"HitsCritical\",\"Unit\":\"Count\"},"
                "{\"Name\":\"ColdStarts\",\"Unit\":\"Count\"},"
                "{\"Name\":\"Duration\",\"Unit\":\"Milliseconds\"},"
                "{\"Name\":\"AlertLag\",\"Unit\":\"Milliseconds\"}]}]},"
                "\"FunctionName\":\"trailwarden\",\"requestId\":\"8f0c\\\"\",\"Objects\":2,"
                "\"HitsCritical\":3,\"ColdStarts\":1,\"Duration\":12,\"AlertLag\":[61000,-5]}\n"));
    buf_release(&b);
}

static size_t count(struct str text, const char *word)
{
    size_t n = 0, at = 0;
    while ((at = str_find(text, str_of(word), at)) != SIZE_MAX) {
        n++;
        at++;
    }
    return n;
}

static void fits_at_its_largest(void **state)
{
    (void)state;
    struct buf b;
    struct handle_counts c;
    buf_init(&b, EMF_LINE_MAX);
    memset(&c, 0xFF, sizeof c);
    c.n_lags = HANDLE_LAGS_MAX;
    for (size_t i = 0; i < HANDLE_LAGS_MAX; i++)
        c.lag_ms[i] = INT64_MIN;
    const struct emf_invocation all = {
        .cold = true, .ms = UINT64_MAX, .peak_kb = UINT64_MAX, .repeats = UINT64_MAX};
    struct str line = line_of(&b, &c, all);
    check_size("lags", count(line, "-9223372036854775808"), EMF_VALUES_MAX);
    check_size("metrics", count(line, "{\"Name\":"), 26);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_lines),
        cmocka_unit_test(fits_at_its_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
