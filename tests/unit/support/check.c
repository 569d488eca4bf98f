/* Comparisons that name the case. Values are printed as they are: a test's output is for us. */
#include "tests/unit/support/check.h"

#include <inttypes.h>

static void print_str(const char *word, struct str s)
{
    if (!str_present(s)) {
        print_error("  %s: absent\n", word);
        return;
    }
    print_error("  %s: %zu bytes \"", word, s.n);
    for (size_t i = 0; i < s.n; i++)
        print_error(s.p[i] >= 0x20 && s.p[i] < 0x7F ? "%c" : "\\x%02x", (unsigned char)s.p[i]);
    print_error("\"\n");
}

void check_str(const char *name, struct str got, struct str want)
{
    if (str_eq(got, want) || (!str_present(got) && !str_present(want)))
        return;
    print_error("%s:\n", name);
    print_str("got", got);
    print_str("want", want);
    fail();
}

void check_int(const char *name, int64_t got, int64_t want)
{
    if (got == want)
        return;
    print_error("%s: got %" PRId64 ", want %" PRId64 "\n", name, got, want);
    fail();
}

void check_size(const char *name, size_t got, size_t want)
{
    if (got == want)
        return;
    print_error("%s: got %zu, want %zu\n", name, got, want);
    fail();
}

void check_true(const char *name, bool got)
{
    if (got)
        return;
    print_error("%s: does not hold\n", name);
    fail();
}

void check_false(const char *name, bool got)
{
    if (!got)
        return;
    print_error("%s: holds and should not\n", name);
    fail();
}
