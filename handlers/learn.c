/* What first_seen rules learn: when an account and a key were first seen, how many values a key
 * has. */
#include "handlers/settling.h"

/* When a first_seen rule first saw an account or a key, and how many values of the key it
 * remembers. */
struct learned {
    int64_t oldest_ms;
    uint64_t values;
};

#define LEARNED_BYTES 16

static struct state_key learned_key(const struct rs_window *win, const struct str *parts, size_t n)
{
    struct state_key key;
    unsigned char sum[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add_part(&h, str_n((const char *)win->hash, sizeof win->hash));
    sha256_add_part(&h, S("learn"));
    for (size_t i = 0; i < n; i++)
        sha256_add_part(&h, parts[i]);
    sha256_end(&h, sum);
    memcpy(key.bytes, sum, sizeof key.bytes);
    return key;
}

static void put_learned(struct buf *b, struct learned l)
{
    buf_reset(b);
    for (unsigned i = 0; i < 8; i++)
        buf_putc(b, (char)(unsigned char)((uint64_t)l.oldest_ms >> (56 - 8 * i)));
    for (unsigned i = 0; i < 8; i++)
        buf_putc(b, (char)(unsigned char)(l.values >> (56 - 8 * i)));
}

static struct learned take_learned(struct str s)
{
    uint64_t oldest = 0, values = 0;
    if (s.n != LEARNED_BYTES)
        return (struct learned){INT64_MAX, 0};
    for (unsigned i = 0; i < 8; i++) {
        oldest = oldest << 8 | (unsigned char)s.p[i];
        values = values << 8 | (unsigned char)s.p[8 + i];
    }
    return (struct learned){(int64_t)oldest, values};
}

/* Lowers the oldest time on record to t_ms and counts `add` more values; *now is what then stands.
 */
static bool learn(struct windows *w, const struct state_key *key, int64_t t_ms, int64_t until_s,
                  uint64_t add, struct learned *now, struct err *e)
{
    struct state_claims got = {.key = *key};
    struct buf after;
    bool ok = true, done = false;
    buf_init(&got.blob, LEARNED_BYTES);
    buf_init(&after, LEARNED_BYTES);
    for (unsigned round = 0; ok && !done; round++) {
        buf_reset(&got.blob);
        got.version = 0;
        ok = round < WINDOWS_SWAPS_MAX
                 ? w->state.claims(w->state.self, &got, 1, e)
                 : err_set(e, ERR_RETRY, "other deliveries keep changing what was learned");
        if (!ok)
            break;
        *now = take_learned(buf_str(&got.blob));
        bool same = now->oldest_ms <= t_ms && add == 0;
        if (now->oldest_ms > t_ms)
            now->oldest_ms = t_ms;
        now->values += add;
        put_learned(&after, *now);
        struct state_swap swap = {*key, buf_str(&after), got.version, until_s, false};
        ok = same || w->state.swap(w->state.self, &swap, 1, e);
        done = ok && !swap.conflict;
        if (ok && !done) {
            w->counts.conflicts++;
            w->state.pause(w->state.self, SWAP_PAUSE_MS * (int64_t)(round + 1));
        }
    }
    buf_release(&got.blob);
    buf_release(&after);
    return ok;
}

/* Whether the value of this entry is on record already: it has claims. */
static bool is_known(struct windows *w, const struct entry *en, bool *known, struct err *e)
{
    struct state_claims got = {.key = en->key};
    buf_init(&got.blob, CLAIMS_BYTES_MAX);
    bool ok = w->state.claims(w->state.self, &got, 1, e);
    *known = got.version != 0;
    buf_release(&got.blob);
    return ok;
}

/* Notes when the account and the key were first seen; in the second round, with all oldest times on
 * record, decides whether this value is news. */
static bool learn_entry(struct windows *w, struct entry *en, bool decide, struct err *e)
{
    const struct rs_window *win = entry_window(w, en);
    const struct element *own = en->elements.p;
    size_t keys = win->key_names.n;
    struct str key_parts[ENTRY_PARTS_MAX + 1] = {S("key")};
    const struct str account[] = {S("account"), en->account};
    struct state_key a, k;
    bool known = false;
    struct learned of_account, of_key;
    for (size_t i = 0; i < keys; i++)
        key_parts[i + 1] = en->parts[i];
    a = learned_key(win, account, 2);
    k = learned_key(win, key_parts, keys + 1);
    int64_t until_s = (later(w->delivery.now_ms, own[en->elements.n - 1].time_ms) +
                       win->history_ms + CLAIMS_KEPT_MS) /
                      1000;
    if (!is_known(w, en, &known, e) || !learn(w, &a, own[0].time_ms, until_s, 0, &of_account, e) ||
        !learn(w, &k, own[0].time_ms, until_s, decide && !known, &of_key, e))
        return false;
    if (!decide)
        return true;
    en->learned = true;
    en->account_ms = of_account.oldest_ms;
    en->key_ms = of_key.oldest_ms;
    if (!known && of_key.values > WINDOWS_FIRST_SEEN_MAX) {
        w->counts.capped++;
        en->stray = true;
    }
    return true;
}

/* All oldest times first, then who is new: within a delivery the order of events does not matter.
 */
bool settle_learn(struct windows *w, uint32_t depth, struct err *e)
{
    for (unsigned round = 0; round < 2; round++)
        for (size_t i = 0; i < w->entries.list.n; i++) {
            struct entry *en = entries_at(&w->entries, i);
            const struct rs_window *win = entry_window(w, en);
            if (win->depth != depth || win->type != WINDOW_TYPE_FIRST_SEEN || en->stray)
                continue;
            entry_sort(en);
            if (!learn_entry(w, en, round > 0, e))
                return false;
        }
    return true;
}
