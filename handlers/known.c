/* A table of sets: a key's place is in the set that its first bytes say, newest first. */
#include "handlers/known.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_MS 1000

bool known_init(struct known *k, struct err *e)
{
    k->list = calloc(KNOWN_MAX, sizeof *k->list);
    return k->list || err_set(e, ERR_SYSTEM, "no memory for what is known to be on record");
}

void known_release(struct known *k)
{
    free(k->list);
    k->list = NULL;
}

/* Keys are halves of a SHA-256: any of their bits spread them. */
static struct known_span *set_of(const struct known *k, const struct state_key *key)
{
    uint32_t at;
    memcpy(&at, key->bytes, sizeof at);
    return k->list + (size_t)(at % (KNOWN_MAX / KNOWN_WAYS)) * KNOWN_WAYS;
}

static bool is_of(const struct known_span *s, const struct state_key *key)
{
    return s->first_s && memcmp(s->key.bytes, key->bytes, sizeof key->bytes) == 0;
}

bool known_has(const struct known *k, const struct state_key *key, int64_t first_ms,
               int64_t until_ms, int64_t slack_ms)
{
    const struct known_span *set = k->list ? set_of(k, key) : NULL;
    for (size_t i = 0; set && i < KNOWN_WAYS; i++)
        if (is_of(set + i, key))
            return (int64_t)set[i].first_s * SECOND_MS <= first_ms &&
                   until_ms <= (int64_t)set[i].until_s * SECOND_MS + slack_ms;
    return false;
}

void known_put(struct known *k, const struct state_key *key, int64_t first_ms, int64_t until_ms)
{
    if (!k->list || first_ms <= 0 || until_ms / SECOND_MS > UINT32_MAX ||
        first_ms > until_ms - until_ms % SECOND_MS)
        return;
    struct known_span *set = set_of(k, key);
    size_t at = 0;
    while (at < KNOWN_WAYS - 1 && !is_of(set + at, key))
        at++;
    memmove(set + 1, set, at * sizeof *set);
    *set = (struct known_span){*key, (uint32_t)((first_ms + SECOND_MS - 1) / SECOND_MS),
                               (uint32_t)(until_ms / SECOND_MS)};
}
