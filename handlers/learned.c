/* The item of what a first_seen rule has learned. */
#include "handlers/learned.h"

#include "base/wire.h"

#define WIRE_VERSION 1
#define VALUE_BYTES  12
#define HOUR_MS      3600000

void learned_init(struct learned *l)
{
    *l = (struct learned){.oldest_ms = INT64_MAX, .renewed_ms = INT64_MIN};
    vec_init(&l->values, sizeof(struct learned_value), WINDOWS_FIRST_SEEN_MAX);
}

void learned_release(struct learned *l)
{
    vec_release(&l->values);
}

/* Takes the values, whose bytes are all there. */
static bool take_values(struct learned *l, struct str blob, struct err *e)
{
    size_t n = blob.n / VALUE_BYTES;
    struct learned_value *v = n ? vec_push(&l->values, n) : NULL;
    if (n && !v)
        return err_set(e, ERR_SYSTEM, "no memory for what was learned");
    for (size_t i = 0; i < n; i++) {
        uint64_t used_h;
        if (wire_take(&blob, &v[i].hash, 8) && wire_take(&blob, &used_h, 4))
            v[i].used_h = (int32_t)(uint32_t)used_h;
    }
    return true;
}

bool learned_decode(struct learned *l, struct str blob, struct err *e)
{
    l->oldest_ms = INT64_MAX;
    l->renewed_ms = INT64_MIN;
    l->values.n = 0;
    l->changed = false;
    if (blob.n == 0)
        return true;
    uint64_t version, oldest, renewed;
    if (!wire_take(&blob, &version, 1) || version != WIRE_VERSION ||
        !wire_take(&blob, &oldest, 8) || !wire_take(&blob, &renewed, 8) ||
        blob.n % VALUE_BYTES != 0 || blob.n / VALUE_BYTES > WINDOWS_FIRST_SEEN_MAX)
        return err_set(e, ERR_INPUT, "the state holds what another version has learned");
    l->oldest_ms = (int64_t)oldest;
    l->renewed_ms = (int64_t)renewed;
    return take_values(l, blob, e);
}

void learned_encode(const struct learned *l, struct buf *out)
{
    wire_put(out, WIRE_VERSION, 1);
    wire_put(out, (uint64_t)l->oldest_ms, 8);
    wire_put(out, (uint64_t)l->renewed_ms, 8);
    for (size_t i = 0; i < l->values.n; i++) {
        const struct learned_value *v = vec_at(&l->values, i);
        wire_put(out, v->hash, 8);
        wire_put(out, (uint64_t)v->used_h, 4);
    }
}

void learned_see(struct learned *l, int64_t first_ms, int64_t now_ms, int64_t slack_ms)
{
    if (l->oldest_ms > first_ms) {
        l->oldest_ms = first_ms;
        l->changed = true;
    }
    if (l->renewed_ms < now_ms - slack_ms) {
        l->renewed_ms = now_ms;
        l->changed = true;
    }
}

/* Takes out the values that were last used before that. */
static void forget(struct learned *l, int64_t forgotten_ms)
{
    struct learned_value *v = l->values.p;
    size_t kept = 0;
    for (size_t i = 0; i < l->values.n; i++)
        if ((v[i].used_h + 1) * HOUR_MS > forgotten_ms)
            v[kept++] = v[i];
    l->changed = l->changed || kept < l->values.n;
    l->values.n = kept;
}

bool learned_note(struct learned *l, const struct learned_use *u, bool *kept, struct err *e)
{
    int64_t used_h = u->used_ms / HOUR_MS;
    struct learned_value *v = l->values.p;
    *kept = true;
    for (size_t i = 0; i < l->values.n; i++) {
        if (v[i].hash != u->hash)
            continue;
        if (v[i].used_h < used_h - u->slack_ms / HOUR_MS) {
            v[i].used_h = used_h;
            l->changed = true;
        }
        return true;
    }
    if (l->values.n == WINDOWS_FIRST_SEEN_MAX)
        forget(l, u->forgotten_ms);
    *kept = l->values.n < WINDOWS_FIRST_SEEN_MAX;
    if (!*kept)
        return true;
    v = vec_push(&l->values, 1);
    if (!v)
        return err_set(e, ERR_SYSTEM, "no memory for what was learned");
    *v = (struct learned_value){u->hash, used_h};
    l->changed = true;
    return true;
}
