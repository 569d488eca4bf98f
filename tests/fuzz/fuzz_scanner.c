/* Every variant of the scanner over the same bytes, behind a bracket; and strings from every quote.
 * All must say the same as the one in plain C. */
#include <stdlib.h>

#include "engine/json.h"
#include "engine/scanner.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(const char *text, const char *end)
{
    size_t n;
    const struct scan_variant *v = scan_variants(&n);
    const char *want_at = text;
    enum scan_end want = v[0].container(&want_at, end);
    for (size_t i = 1; i < n; i++) {
        const char *at = text;
        if (v[i].runs() && (v[i].container(&at, end) != want || at != want_at))
            abort();
    }
}

/* Where the string that begins at text ends, byte by byte. */
static const char *string_end(const char *text, const char *end)
{
    for (const char *p = text + 1; p < end; p++) {
        if (*p == '"')
            return p + 1;
        p += *p == '\\';
    }
    return end;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data, *end = text + size;
    for (const char *p = text; p < end; p++) {
        bool escaped;
        const char *at = p;
        if (*p == '{' || *p == '[')
            compare(p, end);
        if (*p != '"')
            continue;
        bool whole = json_skip_string(&at, end, &escaped) == JSON_OK;
        if (at != string_end(p, end) || (whole && at[-1] != '"'))
            abort();
    }
    return 0;
}
