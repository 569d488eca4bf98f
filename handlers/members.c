/* Walking values. */
#include "handlers/members.h"

#include "engine/json.h"

struct members members_of(struct str array)
{
    if (array.n < 2 || *array.p != '[')
        return (struct members){0};
    return (struct members){.p = array.p + 1, .end = array.p + array.n};
}

bool members_next(struct members *m, struct str *value)
{
    if (m->p == m->end)
        return false;
    m->p = json_blanks(m->p, m->end);
    if (m->p < m->end && *m->p == ']') {
        m->p = m->end;
        return false;
    }
    const char *from = m->p;
    if (json_skip(&m->p, m->end) != JSON_OK) {
        m->p = m->end;
        m->broken = true;
        return false;
    }
    *value = str_n(from, (size_t)(m->p - from));
    m->p = json_blanks(m->p, m->end);
    if (m->p < m->end && *m->p == ',')
        m->p++;
    return true;
}
