/* What first_seen rules learn: when an account and a key were first seen, and which values a key
 * has.
 *
 * It goes before the values are claimed, over all entries of a delivery at once:
 *   gather  the values, and the items of what is learned (of accounts and keys), each once
 *   ask     the state for both, in one call; not for what this process knows to be on record
 *   study   change each item by one swap: the oldest time, values that are new
 *   decide  which entries have nothing left to do, and what the others are judged by
 * Items are written before claims, so that a value that is claimed is counted; they are sets, so
 * that it is counted once, whoever dies in between or comes at the same time. */
#include <stdlib.h>

#include "handlers/learning.h"

#define HOUR_MS     3600000 /* no item is renewed more often */
#define RENEWALS    64      /* in a history: it is measured as exactly as that */
#define RENEWAL_MAX 4       /* of a short history a renewal takes no more than that part */

int64_t learning_slack(const struct rs_window *win)
{
    int64_t slack_ms = later(HOUR_MS, win->history_ms / RENEWALS);
    return slack_ms < win->history_ms / RENEWAL_MAX ? slack_ms : win->history_ms / RENEWAL_MAX;
}

const struct claim *learning_on_record(const struct claims *c, int64_t first_ms, int64_t last_ms,
                                       int64_t slack_ms)
{
    static const struct span ever = {INT64_MIN, INT64_MAX};
    const struct claim *cl = c->list.n ? claims_at(c, c->list.n - 1) : NULL;
    bool has = cl && cl->first_ms <= first_ms && last_ms <= cl->until_ms + slack_ms;
    return has && claims_settled(c, &ever, 1) ? cl : NULL;
}

/* ---- gather ---- */

static struct state_key learned_key(const struct rs_window *win, struct str kind,
                                    const struct str *parts, size_t n)
{
    struct state_key key;
    unsigned char sum[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add_part(&h, str_n((const char *)win->hash, sizeof win->hash));
    sha256_add_part(&h, S("learn"));
    sha256_add_part(&h, kind);
    for (size_t i = 0; i < n; i++)
        sha256_add_part(&h, parts[i]);
    sha256_end(&h, sum);
    memcpy(key.bytes, sum, sizeof key.bytes);
    return key;
}

/* From its first element's time to its last's: there is one at least. */
static struct span times_of(const struct entry *en)
{
    const struct element *own = en->elements.p;
    struct span all = {own[0].time_ms, own[0].time_ms};
    for (size_t i = 1; i < en->elements.n; i++) {
        if (own[i].time_ms < all.first_ms)
            all.first_ms = own[i].time_ms;
        all.until_ms = later(all.until_ms, own[i].time_ms);
    }
    return all;
}

static bool add_use(struct learning *l, struct entry *en, struct err *e)
{
    const struct rs_window *win = entry_window(l->w, en);
    struct value_use *u = vec_push(&l->uses, 1);
    if (!u)
        return settle_no_memory(e);
    struct span own = times_of(en);
    *u = (struct value_use){
        .en = en,
        .window = win,
        .account_key = learned_key(win, S("account"), &en->account, 1),
        .key_key = learned_key(win, S("key"), en->parts, win->key_names.n),
        .first_ms = own.first_ms,
        .last_ms = own.until_ms,
    };
    u->ask = !known_has(&l->w->known, &en->key, u->first_ms, u->last_ms, learning_slack(win));
    return true;
}

static bool gather_uses(struct learning *l, uint32_t depth, struct err *e)
{
    for (size_t i = 0; i < l->w->entries.list.n; i++) {
        struct entry *en = entries_at(&l->w->entries, i);
        const struct rs_window *win = entry_window(l->w, en);
        if (win->depth == depth && win->type == WINDOW_TYPE_FIRST_SEEN && !en->stray &&
            !add_use(l, en, e))
            return false;
    }
    return true;
}

static int key_order(const struct state_key *a, const struct state_key *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

/* Those that ask first, by key; of one key the earliest first, which may be the last to be
 * remembered: so that it is the same ones whatever the order of events. */
static int use_order(const void *a, const void *b)
{
    const struct value_use *x = a, *y = b;
    if (x->ask != y->ask)
        return x->ask ? -1 : 1;
    int order = key_order(&x->key_key, &y->key_key);
    if (order != 0)
        return order;
    if (x->first_ms != y->first_ms)
        return x->first_ms < y->first_ms ? -1 : 1;
    return key_order(&x->en->key, &y->en->key);
}

static int lesson_order(const void *a, const void *b)
{
    return key_order(&((const struct lesson *)a)->key, &((const struct lesson *)b)->key);
}

/* Each lesson once, with the times of all its uses. */
static void merge_lessons(struct vec *lessons)
{
    struct lesson *list = lessons->p;
    size_t kept = 0;
    qsort(list, lessons->n, sizeof *list, lesson_order);
    for (size_t i = 0; i < lessons->n; i++) {
        struct lesson *last = kept ? list + kept - 1 : NULL;
        if (!last || lesson_order(last, list + i) != 0) {
            list[kept++] = list[i];
            continue;
        }
        if (list[i].first_ms < last->first_ms)
            last->first_ms = list[i].first_ms;
        last->last_ms = later(last->last_ms, list[i].last_ms);
        last->ask = last->ask || list[i].ask;
    }
    lessons->n = kept;
}

static struct lesson *find_lesson(const struct learning *l, const struct state_key *key)
{
    const struct lesson want = {.key = *key};
    return bsearch(&want, l->lessons.p, l->lessons.n, sizeof want, lesson_order);
}

/* A value that is new is judged by what all have learned: then the state is asked, whatever is
 * known here. */
static bool gather_lessons(struct learning *l, struct err *e)
{
    struct value_use *uses = l->uses.p;
    for (size_t i = 0; i < l->uses.n; i++) {
        struct lesson *to = vec_push(&l->lessons, 2);
        if (!to)
            return settle_no_memory(e);
        to[0] = (struct lesson){.key = uses[i].account_key,
                                .window = uses[i].window,
                                .first_ms = uses[i].first_ms,
                                .last_ms = uses[i].last_ms,
                                .ask = uses[i].ask};
        to[1] = to[0];
        to[1].key = uses[i].key_key;
    }
    merge_lessons(&l->lessons);
    for (size_t i = 0; i < l->lessons.n; i++) {
        struct lesson *at = vec_at(&l->lessons, i);
        learned_init(&at->now);
        at->ask = at->ask || !known_has(&l->w->known, &at->key, at->first_ms, learning_now(l, at),
                                        learning_slack(at->window));
        at->done = !at->ask;
    }
    return true;
}

/* Puts the uses in order and ties them to their lessons. */
static void tie(struct learning *l)
{
    struct value_use *uses = l->uses.p;
    qsort(uses, l->uses.n, sizeof *uses, use_order);
    for (size_t i = 0; i < l->uses.n; i++) {
        struct value_use *u = uses + i;
        u->account = find_lesson(l, &u->account_key);
        u->key = find_lesson(l, &u->key_key);
        if (!u->ask)
            continue;
        l->n_ask++;
        if (u->key->n_uses++ == 0)
            u->key->uses = u;
    }
}

/* ---- decide ---- */

static void decide(struct learning *l)
{
    for (size_t i = 0; i < l->uses.n; i++) {
        const struct value_use *u = vec_at(&l->uses, i);
        u->en->known = !u->ask;
        if (!u->ask)
            continue;
        u->en->learned = true;
        u->en->account_ms = u->account->now.oldest_ms;
        u->en->key_ms = u->key->now.oldest_ms;
        u->en->stray = !u->kept && !u->claimed;
        l->w->counts.capped += u->en->stray;
    }
    for (size_t i = 0; i < l->lessons.n; i++) {
        const struct lesson *at = vec_at(&l->lessons, i);
        if (at->ask)
            known_put(&l->w->known, &at->key, at->now.oldest_ms, at->now.renewed_ms);
    }
}

bool settle_learn(struct windows *w, uint32_t depth, struct err *e)
{
    struct learning l = {.w = w};
    vec_init(&l.uses, sizeof(struct value_use), SIZE_MAX);
    vec_init(&l.lessons, sizeof(struct lesson), SIZE_MAX);
    bool ok = gather_uses(&l, depth, e);
    if (ok && l.uses.n) {
        ok = gather_lessons(&l, e);
        if (ok)
            tie(&l);
        ok = ok && learning_study(&l, e);
        if (ok)
            decide(&l);
    }
    for (size_t i = 0; i < l.lessons.n; i++)
        learned_release(&((struct lesson *)vec_at(&l.lessons, i))->now);
    vec_release(&l.uses);
    vec_release(&l.lessons);
    return ok;
}

void settle_remember(const struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const struct work *k = b->works + i;
        const struct element *first = k->en->all.p, *last = first + k->en->all.n - 1;
        if (k->window->type != WINDOW_TYPE_FIRST_SEEN || k->en->stray)
            continue;
        const struct claim *cl = learning_on_record(&k->claims, first->time_ms, last->time_ms,
                                                    learning_slack(k->window));
        if (cl)
            known_put(&b->w->known, &k->en->key, cl->first_ms, cl->until_ms);
    }
}
