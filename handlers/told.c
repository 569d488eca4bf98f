/* A set of 128-bit hashes, open addressing. */
#include "handlers/told.h"

#include <stdlib.h>

#include "base/sha256.h"

#define PLACES_FIRST 1024

void told_release(struct told *s)
{
    free(s->places);
    *s = (struct told){0};
}

void told_clear(struct told *s)
{
    if (s->n)
        memset(s->places, 0, s->n_places * sizeof *s->places);
    s->n = 0;
}

static struct told_id id_of(struct str text)
{
    unsigned char hash[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add(&h, text);
    sha256_end(&h, hash);
    struct told_id id;
    memcpy(&id, hash, sizeof id);
    return id;
}

/* Where the id is, or the empty place where it would be. */
static struct told_id *place_of(const struct told *s, struct told_id id)
{
    size_t i = id.half[0] & (s->n_places - 1);
    while ((s->places[i].half[0] | s->places[i].half[1]) != 0 &&
           (s->places[i].half[0] != id.half[0] || s->places[i].half[1] != id.half[1]))
        i = (i + 1) & (s->n_places - 1);
    return &s->places[i];
}

/* False when there is no memory; the set is as before. */
static bool grow(struct told *s)
{
    struct told bigger = {.n_places = s->n_places ? s->n_places * 2 : PLACES_FIRST, .n = s->n};
    bigger.places = calloc(bigger.n_places, sizeof *bigger.places);
    if (!bigger.places)
        return false;
    for (size_t i = 0; i < s->n_places; i++)
        if ((s->places[i].half[0] | s->places[i].half[1]) != 0)
            *place_of(&bigger, s->places[i]) = s->places[i];
    free(s->places);
    *s = bigger;
    return true;
}

bool told_add(struct told *s, struct str text)
{
    struct told_id id = id_of(text);
    if (s->n_places) {
        struct told_id *at = place_of(s, id);
        if ((at->half[0] | at->half[1]) != 0)
            return false;
    }
    if (s->n == TOLD_MAX || (s->n * 2 >= s->n_places && !grow(s)))
        return true;
    *place_of(s, id) = id;
    s->n++;
    return true;
}
