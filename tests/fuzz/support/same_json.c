/* By jansson. */
#include "tests/fuzz/support/same_json.h"

#include <jansson.h>

bool same_json(struct str a, struct str b)
{
    json_t *x = json_loadb(a.p, a.n, JSON_ALLOW_NUL, NULL);
    json_t *y = json_loadb(b.p, b.n, JSON_ALLOW_NUL, NULL);
    bool same = x && y && json_equal(x, y);
    json_decref(x);
    json_decref(y);
    return same;
}

bool is_json(struct str s)
{
    json_t *x = json_loadb(s.p, s.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    bool ok = x;
    json_decref(x);
    return ok;
}
