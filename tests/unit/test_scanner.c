/* engine/scanner.c: known answers, and every variant against the plain one: over all short texts of
 * the bytes that matter, and over made ones that cross blocks. */
#include "engine/scanner.h"

#include <stdint.h>

#include "engine/json.h"
#include "tests/unit/support/check.h"

static const char meaningful[] = "\"\\{}[]a";

static void finds_the_partner(void **state)
{
    static const struct {
        const char *text;
        enum scan_end end;
        size_t used;
    } cases[] = {
        {"{}", SCAN_WHOLE, 2},
        {"[{\"]\":[]}]x", SCAN_WHOLE, 10},
        {"{\"a\\\"}\":1}", SCAN_WHOLE, 10},
        {"{\"a\\\\\"}\"", SCAN_WHOLE, 7},
        {"{\"a", SCAN_MORE, 3},
        {"[{]}", SCAN_BAD, 2},
        {"[\\\"]\"", SCAN_MORE, 5}, /* outside a string a backslash is nothing */
        {"[\\\"]\"]", SCAN_WHOLE, 6},
    };
    size_t n;
    const struct scan_variant *v = scan_variants(&n);
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        for (size_t k = 0; k < n; k++) {
            const char *p = cases[i].text;
            if (!v[k].runs())
                continue;
            check_int(cases[i].text, v[k].container(&p, p + strlen(p)), cases[i].end);
            check_size(cases[i].text, (size_t)(p - cases[i].text), cases[i].used);
        }
}

/* All variants over the n bytes at text. */
static void agree(const char *text, size_t n)
{
    size_t n_variants;
    const struct scan_variant *v = scan_variants(&n_variants);
    const char *want_at = text;
    enum scan_end want = v[0].container(&want_at, text + n);
    for (size_t k = 1; k < n_variants; k++) {
        const char *at = text;
        if (!v[k].runs())
            continue;
        enum scan_end got = v[k].container(&at, text + n);
        if (got != want || at != want_at)
            fail_msg("%s: %d at %td, plain: %d at %td, of %.*s", v[k].name, (int)got, at - text,
                     (int)want, want_at - text, (int)n, text);
    }
}

/* Each text of six meaningful bytes behind a bracket, at the end of a block: half before, half in
 * the next. */
static void agree_over_short_texts(void **state)
{
    enum { KINDS = sizeof meaningful - 1, LENGTH = 6, BEFORE = SCAN_BLOCK - 3 };
    char text[2 * SCAN_BLOCK + LENGTH];
    size_t all = 1;
    (void)state;
    for (size_t i = 0; i < LENGTH; i++)
        all *= KINDS;
    memset(text, ' ', sizeof text);
    text[0] = '[';
    for (size_t k = 0; k < all; k++) {
        size_t left = k;
        for (size_t i = 0; i < LENGTH; i++, left /= KINDS)
            text[BEFORE + i] = meaningful[left % KINDS];
        agree(text, sizeof text);
    }
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u; /* Knuth's linear congruential generator */
    return *seed >> 8;
}

/* Long texts: brackets that mostly pair, strings with many backslashes. */
static void agree_over_made_texts(void **state)
{
    static const char *const pieces[] = {
        "{",    "}",     "[",   "]",  "\"a\"",    "\"", "\\",       "\\\\",
        "\\\"", "\"{\"", "abc", ",:", "{\"x\":[", "]}", "\"\\\\\"", "\"\\\"]\""};
    char text[1024];
    uint32_t seed = 1;
    (void)state;
    for (size_t run = 0; run < 20000; run++) {
        size_t n = 0;
        text[n++] = run % 2 ? '{' : '[';
        while (n < sizeof text - 8) {
            const char *piece = pieces[next_random(&seed) % COUNT(pieces)];
            memcpy(text + n, piece, strlen(piece));
            n += strlen(piece);
        }
        agree(text, n - run % 70);
    }
}

static void agree_about_depth(void **state)
{
    char text[JSON_DEPTH_MAX * 2 + 2] = "";
    (void)state;
    memset(text, '[', JSON_DEPTH_MAX);
    memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
    const char *p = text;
    assert_int_equal(scan_container(&p, text + 2 * JSON_DEPTH_MAX), SCAN_WHOLE);
    agree(text, 2 * JSON_DEPTH_MAX);
    text[JSON_DEPTH_MAX] = '{';
    p = text;
    assert_int_equal(scan_container(&p, text + 2 * JSON_DEPTH_MAX), SCAN_BAD);
    assert_int_equal(p - text, JSON_DEPTH_MAX);
    agree(text, 2 * JSON_DEPTH_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_partner),
        cmocka_unit_test(agree_over_short_texts),
        cmocka_unit_test(agree_over_made_texts),
        cmocka_unit_test(agree_about_depth),
    };
    return cmocka_run_group_tests_name("engine/scanner", tests, NULL, NULL);
}
