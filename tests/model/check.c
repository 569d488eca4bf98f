/* Claims against the oracle, messages against claims. */
#include "tests/model/check.h"

#include "handlers/entries.h"
#include "tests/model/delivery.h"

bool check_keys(struct world *w, struct err *e)
{
    struct entries es;
    const struct windows_config all = {
        .rules = w->rules, .entries_max = PLAN_WINDOWS * PLAN_KEYS, .elements_max = 1};
    bool ok = entries_init(&es, &all, e);
    for (uint32_t i = 0; ok && i < w->plan.n_windows; i++)
        for (uint32_t k = 0; ok && k < PLAN_KEYS; k++) {
            bool single = w->plan.windows[i].type == WINDOW_TYPE_SINGLE;
            const struct str text = delivery_key_text(k), parts[2] = {single ? S("1") : text, text};
            struct entry_name name = {.window = i, .parts = parts, .n_parts = single ? 2 : 1};
            struct entry *en = entries_get(&es, w->rules, &name, e);
            ok = en != NULL;
            if (en)
                w->keys[i][k] = en->key;
        }
    entries_release(&es);
    return ok;
}

static bool was_said(const struct world *w, const unsigned char *id, uint32_t updates)
{
    for (size_t i = 0; i < w->said.n; i++) {
        const struct said *s = vec_at(&w->said, i);
        if (s->updates == updates && memcmp(s->id, id, CLAIM_ID_BYTES) == 0)
            return true;
    }
    return false;
}

static bool read_claims(struct world *w, uint32_t window, uint32_t key, struct claims *c,
                        struct err *e)
{
    struct state_claims got = {.key = w->keys[window][key]};
    buf_init(&got.blob, CLAIMS_BYTES_MAX);
    bool ok = w->stage.state.claims(w->stage.state.self, &got, 1, e) &&
              claims_decode(c, buf_str(&got.blob), e);
    buf_release(&got.blob);
    return ok;
}

/* Some message of some alert of the claim was published. */
static bool is_heard(const struct world *w, const struct claim *cl)
{
    for (uint32_t a = 0; a < cl->n_alerts; a++)
        for (uint32_t u = 0; u < cl->alerts[a].due; u++)
            if (was_said(w, cl->alerts[a].id, u))
                return true;
    return false;
}

/* Every episode of the events that were acknowledged has been told. */
static void check_heard(struct world *w, const bool *which, uint32_t window, uint32_t key,
                        const struct claims *c, struct buf *faults)
{
    struct oracle_span due[2 * ORACLE_MAX];
    size_t n = plan_episodes(&w->plan, which, window, key, false, due);
    for (size_t i = 0; i < n; i++) {
        bool heard = false;
        for (size_t k = 0; k < c->list.n; k++) {
            const struct claim *cl = claims_at(c, k);
            bool covers = cl->first_ms <= due[i].until && cl->until_ms >= due[i].first;
            heard = heard || (covers && is_heard(w, cl));
        }
        if (!heard)
            buf_putf(faults, "window %u key %u: %s [%lld, %lld] is untold\n", window, key,
                     which ? "acknowledged" : "episode", (long long)due[i].first,
                     (long long)due[i].until);
    }
}

static bool inside(const struct oracle_span *list, size_t n, int64_t first, int64_t until)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].first <= first && list[i].until >= until)
            return true;
    return false;
}

/* The claims are the oracle's episodes. Only where a crowded cell feeds another rule may they lie
 * between what cannot be lost and what could have been seen. */
static void check_spans(struct world *w, uint32_t window, uint32_t key, const struct claims *c,
                        struct buf *faults)
{
    struct oracle_span least[2 * ORACLE_MAX], most[2 * ORACLE_MAX], got[CLAIMS_MAX + 1];
    size_t n = plan_episodes(&w->plan, NULL, window, key, false, least);
    size_t m = plan_episodes(&w->plan, NULL, window, key, true, most);
    bool exact = n == m && memcmp(least, most, n * sizeof *least) == 0, fine = true;
    for (size_t i = 0; i < c->list.n; i++) {
        got[i] = (struct oracle_span){claims_at(c, i)->first_ms, claims_at(c, i)->until_ms};
        fine = fine && inside(most, m, got[i].first, got[i].until);
    }
    for (size_t i = 0; i < n; i++)
        fine = fine && inside(got, c->list.n, least[i].first, least[i].until);
    if (exact)
        fine = n == c->list.n && memcmp(least, got, n * sizeof *least) == 0;
    w->stage.sums->episodes += n;
    w->stage.sums->inexact += !exact;
    if (fine)
        return;
    buf_putf(faults, "window %u key %u: %sclaims", window, key, exact ? "" : "(inexact) ");
    for (size_t i = 0; i < c->list.n; i++)
        buf_putf(faults, " [%lld, %lld]", (long long)got[i].first, (long long)got[i].until);
    buf_putz(faults, " against");
    for (size_t i = 0; i < m; i++)
        buf_putf(faults, " [%lld, %lld]", (long long)most[i].first, (long long)most[i].until);
    buf_putc(faults, '\n');
}

/* All alerts are told, and marked so, each under an id of its own. */
static void check_alerts(struct world *w, uint32_t window, uint32_t key, const struct claims *c,
                         struct vec *ids, struct buf *faults)
{
    for (size_t i = 0; i < c->list.n; i++) {
        const struct claim *cl = claims_at(c, i);
        w->stage.sums->joins += cl->n_alerts > 1;
        if (cl->n_alerts >= CLAIM_ALERTS_MAX)
            w->forgets[window][key] = true;
        for (uint32_t a = 0; a < cl->n_alerts; a++) {
            const struct claim_alert *alert = cl->alerts + a;
            if (alert->told != alert->due || !was_said(w, alert->id, alert->due - 1))
                buf_putf(faults, "window %u key %u: alert %u of claim %zu was never told\n", window,
                         key, a, i);
            for (size_t k = 0; k < ids->n; k++)
                if (memcmp(vec_at(ids, k), alert->id, CLAIM_ID_BYTES) == 0)
                    buf_putf(faults, "window %u key %u: an id is there twice\n", window, key);
            void *to = vec_push(ids, 1);
            if (to)
                memcpy(to, alert->id, CLAIM_ID_BYTES);
        }
        if (cl->n_alerts == 0)
            buf_putf(faults, "window %u key %u: claim %zu has no alert\n", window, key, i);
    }
}

/* An id means one window and key, and what was said is on record. */
static void check_said(struct world *w, const struct vec *ids, struct buf *faults)
{
    for (size_t i = 0; i < w->said.n; i++) {
        const struct said *s = vec_at(&w->said, i);
        bool known = w->forgets[s->window][s->key], again = false;
        for (size_t k = 0; k < ids->n && !known; k++)
            known = memcmp(vec_at(ids, k), s->id, CLAIM_ID_BYTES) == 0;
        if (!known)
            buf_putz(faults, "an alert was told that no claim knows\n");
        for (size_t k = 0; k < i; k++) {
            const struct said *t = vec_at(&w->said, k);
            if (memcmp(s->id, t->id, CLAIM_ID_BYTES) != 0)
                continue;
            again = again || s->updates == t->updates;
            if (s->window != t->window || s->key != t->key)
                buf_putz(faults, "two keys share an alert's id\n");
        }
        w->stage.sums->repeats += again;
    }
}

typedef void (*check_fn)(struct world *w, uint32_t window, uint32_t key, const struct claims *c,
                         void *to, struct buf *faults);

static void check_acknowledged_key(struct world *w, uint32_t window, uint32_t key,
                                   const struct claims *c, void *to, struct buf *faults)
{
    check_heard(w, to, window, key, c, faults);
}

static void check_final(struct world *w, uint32_t window, uint32_t key, const struct claims *c,
                        void *to, struct buf *faults)
{
    check_heard(w, NULL, window, key, c, faults);
    check_spans(w, window, key, c, faults);
    check_alerts(w, window, key, c, to, faults);
}

/* Looks at the claims of every window that tells, and every key. */
static bool check_all(struct world *w, check_fn check, void *to, struct buf *faults, struct err *e)
{
    bool ok = true;
    for (uint32_t i = 0; ok && i < w->plan.n_windows; i++)
        for (uint32_t k = 0; ok && k < PLAN_KEYS && !w->plan.windows[i].muted; k++) {
            struct arena memory;
            struct claims c;
            arena_init(&memory, SIZE_MAX);
            claims_init(&c, &memory);
            ok = read_claims(w, i, k, &c, e);
            if (ok)
                check(w, i, k, &c, to, faults);
            claims_release(&c);
            arena_release(&memory);
        }
    return ok;
}

bool check_acknowledged(struct world *w, const bool *done, struct buf *faults, struct err *e)
{
    bool which[PLAN_EVENTS] = {false};
    for (uint32_t o = 0; o < w->plan.n_objects; o++)
        for (uint32_t i = 0; done[o] && i < w->plan.objects[o].n; i++)
            which[w->plan.objects[o].events[i]] = true;
    return check_all(w, check_acknowledged_key, which, faults, e);
}

bool check_end(struct world *w, struct buf *faults, struct err *e)
{
    struct vec ids;
    vec_init(&ids, CLAIM_ID_BYTES, SIZE_MAX);
    bool ok = check_all(w, check_final, &ids, faults, e);
    if (ok)
        check_said(w, &ids, faults);
    vec_release(&ids);
    return ok;
}
