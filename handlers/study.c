/* The learning that reads and writes the state: all items of a delivery side by side. */
#include <stdlib.h>

#include "handlers/learning.h"

#define ASK_MAX 1024 /* items read side by side: as many as claims are */

/* ---- ask ---- */

static bool take_claims(struct learning *l, struct value_use *u, const struct state_claims *got,
                        struct arena *memory, struct err *e)
{
    struct claims claims;
    claims_init(&claims, memory);
    bool ok = claims_decode(&claims, buf_str(&got->blob), e);
    const struct claim *cl =
        ok ? learning_on_record(&claims, u->first_ms, u->last_ms, learning_slack(u->window)) : NULL;
    u->claimed = got->version != 0;
    if (cl) {
        u->ask = false;
        known_put(&l->w->known, &u->en->key, cl->first_ms, cl->until_ms);
    }
    claims_release(&claims);
    return ok;
}

static bool take_learned(struct lesson *at, const struct state_claims *got, struct err *e)
{
    at->version = got->version;
    return learned_decode(&at->now, buf_str(&got->blob), e);
}

/* Something to ask the state for: a lesson, or else the claims of a value. */
struct question {
    struct lesson *lesson;
    struct value_use *use;
};

static bool ask_some(struct learning *l, const struct question *q, size_t n,
                     struct state_claims *got, struct err *e)
{
    struct arena memory;
    arena_init(&memory, BATCH_MEMORY_MAX);
    for (size_t i = 0; i < n; i++) {
        got[i] = (struct state_claims){.key = q[i].lesson ? q[i].lesson->key : q[i].use->en->key};
        buf_init(&got[i].blob, q[i].lesson ? LEARNED_BYTES_MAX : CLAIMS_BYTES_MAX);
    }
    bool ok = l->w->state.claims(l->w->state.self, got, n, e);
    for (size_t i = 0; i < n && ok; i++)
        ok = q[i].lesson ? take_learned(q[i].lesson, got + i, e)
                         : take_claims(l, q[i].use, got + i, &memory, e);
    for (size_t i = 0; i < n; i++)
        buf_release(&got[i].blob);
    arena_release(&memory);
    return ok;
}

/* Asks for the lessons that are not done and, at first, for the claims of the values. An archive
 * that is read whole has none. */
static bool ask(struct learning *l, bool first, struct err *e)
{
    struct vec list;
    struct state_claims *got = calloc(ASK_MAX, sizeof *got);
    bool ok = got || settle_no_memory(e);
    vec_init(&list, sizeof(struct question), SIZE_MAX);
    for (size_t i = 0; i < l->n_ask && first && !l->w->cfg.whole && ok; i++) {
        struct question *q = vec_push(&list, 1);
        ok = q || settle_no_memory(e);
        if (q)
            q->use = vec_at(&l->uses, i);
    }
    for (size_t i = 0; i < l->lessons.n && ok; i++) {
        struct lesson *at = vec_at(&l->lessons, i);
        struct question *q = at->done ? NULL : vec_push(&list, 1);
        ok = q || at->done || settle_no_memory(e);
        if (q)
            q->lesson = at;
    }
    for (size_t i = 0; i < list.n && ok; i += ASK_MAX) {
        size_t n = list.n - i < ASK_MAX ? list.n - i : ASK_MAX;
        ok = ask_some(l, vec_at(&list, i), n, got, e);
    }
    free(got);
    vec_release(&list);
    return ok;
}

/* ---- study ---- */

static uint64_t hash_of(const struct state_key *key)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < sizeof hash; i++)
        hash = hash << 8 | key->bytes[i];
    return hash;
}

/* Changes a lesson by what this delivery knows. */
static bool study(struct learning *l, struct lesson *at, struct err *e)
{
    int64_t now_ms = learning_now(l, at), slack_ms = learning_slack(at->window);
    learned_see(&at->now, at->first_ms, now_ms, slack_ms);
    for (size_t i = 0; i < at->n_uses; i++) {
        struct value_use *u = at->uses + i;
        const struct learned_use use = {hash_of(&u->en->key), u->last_ms, slack_ms,
                                        now_ms - at->window->history_ms - slack_ms};
        if (u->ask && !learned_note(&at->now, &use, &u->kept, e))
            return false;
    }
    return true;
}

/* Lessons that are swapped side by side. */
struct swapping {
    struct state_swap *swaps;
    struct buf *after;
    struct lesson **which;
    size_t n;
};

static void swapping_release(struct swapping *s)
{
    for (size_t i = 0; s->after && i < ASK_MAX; i++)
        buf_release(s->after + i);
    free(s->swaps);
    free(s->after);
    free(s->which);
}

static bool swapping_init(struct swapping *s, struct err *e)
{
    *s = (struct swapping){calloc(ASK_MAX, sizeof *s->swaps), calloc(ASK_MAX, sizeof *s->after),
                           calloc(ASK_MAX, sizeof *s->which), 0};
    for (size_t i = 0; s->after && i < ASK_MAX; i++)
        buf_init(s->after + i, LEARNED_BYTES_MAX);
    if (s->swaps && s->after && s->which)
        return true;
    swapping_release(s);
    return settle_no_memory(e);
}

static bool add_swap(struct learning *l, struct swapping *s, struct lesson *at, struct err *e)
{
    struct buf *out = s->after + s->n;
    int64_t until_ms = learning_now(l, at) + at->window->history_ms + CLAIMS_KEPT_MS;
    buf_reset(out);
    learned_encode(&at->now, out);
    s->which[s->n] = at;
    s->swaps[s->n++] =
        (struct state_swap){at->key, buf_str(out), at->version, until_ms / 1000, false};
    return buf_ok(out, "what was learned of one key", e);
}

/* Sends what is there, and notes which of it succeeded. */
static bool send_swaps(struct learning *l, struct swapping *s, struct err *e)
{
    if (s->n && !l->w->state.swap(l->w->state.self, s->swaps, s->n, e))
        return false;
    for (size_t i = 0; i < s->n; i++)
        s->which[i]->done = !s->swaps[i].conflict;
    s->n = 0;
    return true;
}

static size_t count_left(const struct learning *l)
{
    size_t left = 0;
    for (size_t i = 0; i < l->lessons.n; i++)
        left += !((const struct lesson *)vec_at(&l->lessons, i))->done;
    return left;
}

/* Studies the lessons that are not done, and writes those that changed; those that others changed
 * meanwhile are left. */
static bool study_all(struct learning *l, struct err *e)
{
    struct swapping s;
    if (!swapping_init(&s, e))
        return false;
    bool ok = true;
    for (size_t i = 0; i < l->lessons.n && ok; i++) {
        struct lesson *at = vec_at(&l->lessons, i);
        if (at->done)
            continue;
        ok = study(l, at, e);
        at->done = !at->now.changed;
        if (ok && !at->done)
            ok = add_swap(l, &s, at, e) && (s.n < ASK_MAX || send_swaps(l, &s, e));
    }
    ok = ok && send_swaps(l, &s, e);
    swapping_release(&s);
    return ok;
}

bool learning_study(struct learning *l, struct err *e)
{
    struct windows *w = l->w;
    size_t left = count_left(l);
    for (unsigned round = 0; left && round < WINDOWS_SWAPS_MAX; round++) {
        if (!ask(l, round == 0, e) || !study_all(l, e))
            return false;
        left = count_left(l);
        if (left == 0)
            return true;
        w->counts.conflicts += left;
        w->state.pause(w->state.self, SWAP_PAUSE_MS * (int64_t)(round + 1));
    }
    return left == 0 || err_set(e, ERR_RETRY, "other deliveries keep changing what was learned");
}
