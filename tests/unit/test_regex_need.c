/* engine/regex_need.c: what patterns need, by reading them; the grammar is PCRE2's (pcre2pattern).
 */
#include "engine/regex_need.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "tests/unit/support/check.h"

static void knows_what_is_needed(void **state)
{
    static const struct {
        const char *pattern, *need; /* NULL: nothing is known */
    } cases[] = {
        {"abc", "abc"},
        {".+:assumed-role/aws:.+", ":assumed-role/aws:"},
        {"^ab|cd$", NULL},
        {"(ab|cd)efg", "efg"},
        {"ab(cdefgh)?ij", "ab"},
        {"abc?de", "ab"},
        {"abc*defg", "defg"},
        {"ab{0}cde", "cde"},
        {"abc+de", "abc"},
        {"a.bc", "bc"},
        {"iam\\.amazonaws\\.com", "amazonaws"},
        {"a\\d+bc", "bc"},
        {"[abc]de[]x]f", "de"},
        {"[[:alpha:]]xy", "xy"},
        {"(?:abcdef)gh", "gh"},
        {"(?<name>abcdef)gh", "gh"},
        {"(?i)abc", NULL},
        {"ab(?=cd)ef", NULL},
        {"(*UTF)abc", NULL},
        {"\\x41bc", NULL},
        {"\\Qa.b\\E", NULL},
        {"a{2,3}", NULL},
        {".*", NULL},
        {"", NULL},
        {"[abc", NULL},
        {"ab)c", NULL},
        {"\xc3\xa9t\xc3\xa9s", "t"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct str need = regex_need(str_of(cases[i].pattern), 0);
        if (!cases[i].need ? str_present(need) : !str_eqz(need, cases[i].need))
            fail_msg("%s: %.*s", cases[i].pattern, (int)need.n, need.p ? need.p : "");
    }
    assert_false(str_present(regex_need(S("abc"), PCRE2_CASELESS)));
    assert_false(str_present(regex_need(S("abc"), PCRE2_EXTENDED)));
    assert_true(str_eqz(regex_need(S("abc"), PCRE2_ANCHORED | PCRE2_UTF), "abc"));
}

/* Every pattern of up to five of these pieces: a text of three that it matches has what it needs.
 */
static void agrees_with_pcre2(void **state)
{
    static const char *const pieces[] = {"a", "b", "\\.", "+", "?", "(", ")", "|", "[ab]", "."};
    static const char *const texts[] = {"a", "b", ".", "ab", "ba", "aab", "abb", "b.a", "a.b", ""};
    enum { KINDS = sizeof pieces / sizeof *pieces, LENGTH = 5 };
    size_t matched = 0;
    (void)state;
    for (size_t k = 0; k < 100000; k++) {
        char pattern[32] = "";
        size_t left = k, n = 0;
        for (size_t i = 0; i < LENGTH; i++, left /= KINDS) {
            const char *piece = pieces[left % KINDS];
            memcpy(pattern + n, piece, strlen(piece));
            n += strlen(piece);
        }
        int code;
        PCRE2_SIZE offset;
        struct str need = regex_need(str_n(pattern, n), 0);
        pcre2_code *re = pcre2_compile((PCRE2_SPTR)pattern, n, 0, &code, &offset, NULL);
        pcre2_match_data *data = re ? pcre2_match_data_create(1, NULL) : NULL;
        for (size_t i = 0; data && i < COUNT(texts); i++) {
            if (pcre2_match(re, (PCRE2_SPTR)texts[i], strlen(texts[i]), 0, 0, data, NULL) < 0)
                continue;
            matched++;
            if (str_present(need) && str_find(str_of(texts[i]), need, 0) == SIZE_MAX)
                fail_msg("%s matches %s without %.*s", pattern, texts[i], (int)need.n, need.p);
        }
        pcre2_match_data_free(data);
        pcre2_code_free(re);
    }
    assert_true(matched > 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_what_is_needed),
        cmocka_unit_test(agrees_with_pcre2),
    };
    return cmocka_run_group_tests_name("engine/regex_need", tests, NULL, NULL);
}
