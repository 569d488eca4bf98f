/* Any bytes as method, path, query, headers and body of a request to be signed: the canonical
 * request keeps its form, whatever they are, and the same input gives the same one. */
#include <stdint.h>
#include <stdlib.h>

#include "aws/sigv4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The next line of the input, or what is left of it. */
static struct str line(struct str *rest)
{
    const struct str s = str_cut(rest, '\n');
    return str_present(s) ? s : S("");
}

static size_t count_lines(struct str s)
{
    size_t n = 1;
    for (size_t i = 0; i < s.n; i++)
        n += s.p[i] == '\n';
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str rest = str_n((const char *)data, size);
    struct header headers[4] = {{S("host"), S("h")}};
    struct buf canonical[2], names[2];
    struct err e;
    bool ok[2];
    if (size == 0)
        return 0;
    const unsigned flags = data[0];
    rest = str_skip(rest, 1);
    struct sigv4_request r = {
        .method = line(&rest), .path = line(&rest), .query = line(&rest), .headers = headers};
    for (r.n_headers = 1; r.n_headers < 4; r.n_headers++) {
        struct str value = line(&rest);
        headers[r.n_headers].name = str_cut(&value, ':');
        headers[r.n_headers].value = str_present(value) ? value : S("");
    }
    r.body = str_present(rest) ? rest : S("");
    r.normalise = flags & 1;
    r.payload = (enum sigv4_payload)(flags / 2 % 3);
    const struct sigv4_scope scope = {.key_id = S("A"),
                                      .secret = S("S"),
                                      .token = S("T"),
                                      .region = S("r"),
                                      .service = S("s"),
                                      .now_ms = (int64_t)size * 1000000007};
    for (int i = 0; i < 2; i++) {
        buf_init(&canonical[i], SIGV4_CANONICAL_MAX);
        buf_init(&names[i], SIGV4_CANONICAL_MAX);
        ok[i] = sigv4_canonical_request(&r, &scope, &canonical[i], &names[i], &e);
    }
    if (ok[0] != ok[1] || !str_eq(buf_str(&canonical[0]), buf_str(&canonical[1])))
        abort();
    /* method, path, query, a line a signed name, an empty line, the names, the hash */
    size_t signed_names = 1;
    for (size_t i = 0; i < names[0].n; i++)
        signed_names += names[0].p[i] == ';';
    bool plain = true; /* a name may hold ';' itself, which no header does */
    for (size_t i = 1; i < r.n_headers; i++)
        plain = plain && str_find_byte(headers[i].name, ';', 0) == SIZE_MAX;
    if (ok[0] && plain && count_lines(buf_str(&canonical[0])) != 3 + signed_names + 3)
        abort();
    for (int i = 0; i < 2; i++) {
        buf_release(&canonical[i]);
        buf_release(&names[i]);
    }
    return 0;
}
