/* cli/progress: what the line says, and how often. */
#include "cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/support/check.h"

/* Standard error goes into a file; returns what it was. */
static int catch_errors(FILE *into)
{
    int kept = dup(STDERR_FILENO);
    assert_true(kept >= 0 && dup2(fileno(into), STDERR_FILENO) >= 0);
    return kept;
}

static void free_errors(FILE *from, int kept, char *text, size_t n)
{
    fflush(stderr);
    assert_true(dup2(kept, STDERR_FILENO) >= 0);
    close(kept);
    rewind(from);
    text[fread(text, 1, n - 1, from)] = '\0';
    fclose(from);
}

/* Inside the first file: nothing is counted yet but the bytes that were read. */
static void tells_a_rate_inside_a_file(void **state)
{
    char text[512];
    struct scan_counts now = {.stored_bytes = 50000000};
    struct progress p = {.on = true, .all_bytes = 200000000, .started_ms = clock_mono_ms() - 10000};
    (void)state;
    FILE *f = tmpfile();
    assert_non_null(f);
    int kept = catch_errors(f);
    progress_tick(&p, &now);
    progress_tick(&p, &now); /* at once: not shown */
    free_errors(f, kept, text, sizeof text);
    static const char want[] = "\r\x1b[K0 files, 50.0 MB of 200.0 MB, 0 records, ";
    assert_memory_equal(text, want, sizeof want - 1);
    const char *rate = text + sizeof want - 1; /* 5.0 MB/s, if the clock has not moved */
    assert_true(rate[0] == '5' || rate[0] == '4');
    assert_non_null(strstr(rate, " MB/s, 3"));
    assert_null(strstr(rate, "\r"));
}

static void counts_steps(void **state)
{
    char text[512];
    struct progress p = {.on = true}, quiet = {0};
    (void)state;
    FILE *f = tmpfile();
    assert_non_null(f);
    int kept = catch_errors(f);
    progress_step(&p, "notifications", 12, 1083);
    progress_step(&quiet, "notifications", 12, 1083);
    progress_end(&p);
    progress_end(&quiet);
    free_errors(f, kept, text, sizeof text);
    assert_string_equal(text, "\r\x1b[K12 of 1,083 notifications\r\x1b[K");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_a_rate_inside_a_file),
        cmocka_unit_test(counts_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
