/* Notes, and looking through them. */
#include "handlers/watch.h"

#include "base/timefmt.h"
#include "handlers/roll.h"

#define DAY_MS 86400000LL
/* An item is kept for so long after it was last written: twice what is looked at. */
#define KEEP_MS   (2 * ROLL_FORGET_MS)
#define SWAPS_MAX 16 /* as many workers as may meet at one account within a moment */
#define LOOK_MANY 64 /* items read side by side */
#define LIST_MAX  (WATCH_ACCOUNTS_MAX * LOGKEY_ACCOUNT_DIGITS)

struct watch_seen {
    char account[LOGKEY_ACCOUNT_DIGITS];
    char region[LOGKEY_REGION_MAX];
    size_t region_n;
    bool digest;
    bool pending;
    int64_t at_ms;    /* announced */
    int64_t noted_ms; /* the last that is on record; 0: not known */
};

void watch_init(struct watch *w, const struct port_state *state)
{
    w->state = state;
    vec_init(&w->seen, sizeof(struct watch_seen), WATCH_SEEN_MAX);
}

void watch_release(struct watch *w)
{
    vec_release(&w->seen);
}

/* ---- keys ---- */

static struct state_key key_of(struct str name)
{
    return state_key_of((const struct str[]){S("trailwarden watch"), name}, 2);
}

static struct state_key list_key(void)
{
    return key_of(S("accounts"));
}

/* ---- seeing ---- */

static struct watch_seen *at(const struct watch *w, size_t i)
{
    return vec_at(&w->seen, i);
}

static struct logkey logkey_of(const struct watch_seen *s)
{
    return (struct logkey){.account = str_n(s->account, sizeof s->account),
                           .region = str_n(s->region, s->region_n),
                           .digest = s->digest};
}

static struct watch_seen *find(const struct watch *w, const struct logkey *k)
{
    for (size_t i = 0; i < w->seen.n; i++) {
        const struct logkey other = logkey_of(at(w, i));
        if (other.digest == k->digest && str_eq(other.account, k->account) &&
            str_eq(other.region, k->region))
            return at(w, i);
    }
    return NULL;
}

/* NULL without memory: then it is noted another time. */
static struct watch_seen *add(struct watch *w, const struct logkey *k)
{
    if (w->seen.n == WATCH_SEEN_MAX)
        w->seen.n = 0;
    struct watch_seen *s = vec_push(&w->seen, 1);
    if (!s)
        return NULL;
    *s = (struct watch_seen){.region_n = k->region.n, .digest = k->digest};
    memcpy(s->account, k->account.p, sizeof s->account);
    memcpy(s->region, k->region.p, k->region.n);
    return s;
}

/* "2026/03/17" is today or yesterday. */
static bool is_recent(struct str day, int64_t now_ms)
{
    for (int back = 0; back < 2; back++) {
        const struct time_parts t = time_split(now_ms - back * DAY_MS);
        struct buf b;
        buf_init(&b, LOGKEY_DAY_BYTES);
        buf_putf(&b, "%04d/%02d/%02d", t.year, t.month, t.day);
        const bool same = str_eq(buf_str(&b), day);
        buf_release(&b);
        if (same)
            return true;
    }
    return false;
}

void watch_saw(struct watch *w, const struct logkey *k, int64_t now_ms)
{
    struct watch_seen *s = find(w, k);
    if ((s && now_ms - s->noted_ms < WATCH_STEP_MS) || !is_recent(k->day, now_ms))
        return;
    if (!s)
        s = add(w, k);
    if (!s)
        return;
    s->pending = true;
    s->at_ms = now_ms;
}

/* ---- noting ---- */

enum swapped { SWAP_FAILED, SWAP_LOST, SWAP_DONE };

static enum swapped swap(const struct watch *w, const struct state_claims *read, struct str blob,
                         int64_t now_ms, struct err *e)
{
    struct state_swap s = {.key = read->key,
                           .blob = blob,
                           .version = read->version,
                           .expires_s = (now_ms + KEEP_MS) / 1000};
    if (!w->state->swap(w->state->self, &s, 1, e))
        return SWAP_FAILED;
    return s.conflict ? SWAP_LOST : SWAP_DONE;
}

static bool lists(struct str list, struct str account)
{
    for (size_t i = 0; i + account.n <= list.n; i += account.n)
        if (memcmp(list.p + i, account.p, account.n) == 0)
            return true;
    return false;
}

/* Whether this process has noted anything of the account. */
static bool is_known(const struct watch *w, struct str account)
{
    for (size_t i = 0; i < w->seen.n; i++)
        if (at(w, i)->noted_ms && str_eq(logkey_of(at(w, i)).account, account))
            return true;
    return false;
}

/* A list that is full takes no more: whoever filled it is not an organization. */
static enum swapped list_once(const struct watch *w, struct str account, int64_t now_ms,
                              struct err *e)
{
    struct state_claims read = {.key = list_key()};
    enum swapped how = SWAP_FAILED;
    buf_init(&read.blob, LIST_MAX);
    if (w->state->claims(w->state->self, &read, 1, e)) {
        const bool there = lists(buf_str(&read.blob), account) || read.blob.n == LIST_MAX;
        buf_put(&read.blob, there ? S("") : account);
        how = there ? SWAP_DONE : swap(w, &read, buf_str(&read.blob), now_ms, e);
    }
    buf_release(&read.blob);
    return how;
}

/* Takes into the roll all that is pending of the account; whether anything is worth writing. */
static bool see_pending(const struct watch *w, struct roll *r, struct str account)
{
    bool news = false;
    for (size_t i = 0; i < w->seen.n; i++) {
        const struct watch_seen *s = at(w, i);
        const struct logkey k = logkey_of(s);
        if (s->pending && str_eq(k.account, account))
            news = roll_see(r, &k, s->at_ms, WATCH_STEP_MS) || news;
    }
    return news;
}

static enum swapped note_read(const struct watch *w, struct str account, struct state_claims *read,
                              int64_t now_ms, struct err *e)
{
    struct roll roll;
    if (!roll_decode(&roll, buf_str(&read->blob), e))
        return SWAP_FAILED;
    if (!see_pending(w, &roll, account))
        return SWAP_DONE;
    buf_reset(&read->blob);
    roll_encode(&roll, &read->blob);
    return swap(w, read, buf_str(&read->blob), now_ms, e);
}

static enum swapped note_once(const struct watch *w, struct str account, int64_t now_ms,
                              struct err *e)
{
    struct state_claims read = {.key = key_of(account)};
    enum swapped how = SWAP_FAILED;
    buf_init(&read.blob, ROLL_BYTES_MAX);
    if (w->state->claims(w->state->self, &read, 1, e)) {
        /* first on the list, lest it have an item that nobody looks at */
        how = is_known(w, account) ? SWAP_DONE : list_once(w, account, now_ms, e);
        if (how == SWAP_DONE)
            how = note_read(w, account, &read, now_ms, e);
    }
    buf_release(&read.blob);
    return how;
}

static bool note_account(const struct watch *w, struct str account, int64_t now_ms, struct err *e)
{
    for (int i = 0; i < SWAPS_MAX; i++) {
        const enum swapped how = note_once(w, account, now_ms, e);
        if (how != SWAP_LOST)
            return how == SWAP_DONE;
    }
    return err_set(e, ERR_RETRY, "other workers were always faster to note whose logs come");
}

static void set_noted(struct watch *w, struct str account)
{
    for (size_t i = 0; i < w->seen.n; i++) {
        struct watch_seen *s = at(w, i);
        if (!s->pending || !str_eq(str_n(s->account, sizeof s->account), account))
            continue;
        s->pending = false;
        s->noted_ms = s->at_ms;
    }
}

bool watch_settle(struct watch *w, int64_t now_ms, struct err *e)
{
    for (size_t i = 0; i < w->seen.n; i++) {
        const struct watch_seen *s = at(w, i);
        const struct str account = str_n(s->account, sizeof s->account);
        if (!s->pending)
            continue;
        if (!note_account(w, account, now_ms, e))
            return false;
        set_noted(w, account);
    }
    return true;
}

/* ---- looking ---- */

struct look {
    const struct watch *w;
    int64_t now_ms, limit_ms;
    void (*tell)(void *to, const struct watch_silence *s);
    void *to;
    struct watch_counts *counts;
};

static void look_at(const struct look *l, struct str account, const struct roll *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct roll_region *g = &r->list[i];
        l->counts->watched += roll_is_watched(g, l->now_ms);
        if (!roll_is_silent(g, l->now_ms, l->limit_ms))
            continue;
        l->counts->silent++;
        l->tell(l->to,
                &(struct watch_silence){account, str_n(g->name, g->name_n), roll_last_ms(g)});
    }
}

/* So many accounts, at most LOOK_MANY, one behind the other in accounts. */
static bool look_many(const struct look *l, struct str accounts, struct err *e)
{
    struct state_claims read[LOOK_MANY];
    const size_t n = accounts.n / LOGKEY_ACCOUNT_DIGITS;
    for (size_t i = 0; i < n; i++) {
        const size_t from = i * LOGKEY_ACCOUNT_DIGITS;
        read[i] = (struct state_claims){
            .key = key_of(str_slice(accounts, from, from + LOGKEY_ACCOUNT_DIGITS))};
        buf_init(&read[i].blob, ROLL_BYTES_MAX);
    }
    bool ok = l->w->state->claims(l->w->state->self, read, n, e);
    for (size_t i = 0; i < n; i++) {
        struct roll roll;
        const size_t from = i * LOGKEY_ACCOUNT_DIGITS;
        ok = ok && roll_decode(&roll, buf_str(&read[i].blob), e);
        if (ok)
            look_at(l, str_slice(accounts, from, from + LOGKEY_ACCOUNT_DIGITS), &roll);
        buf_release(&read[i].blob);
    }
    return ok;
}

bool watch_look(struct watch *w, int64_t now_ms, int64_t limit_ms,
                void (*tell)(void *to, const struct watch_silence *s), void *to,
                struct watch_counts *counts, struct err *e)
{
    const struct look l = {w, now_ms, limit_ms, tell, to, counts};
    struct state_claims list = {.key = list_key()};
    *counts = (struct watch_counts){0};
    buf_init(&list.blob, LIST_MAX);
    bool ok = w->state->claims(w->state->self, &list, 1, e);
    const size_t step = LOOK_MANY * LOGKEY_ACCOUNT_DIGITS;
    for (size_t from = 0; ok && from < list.blob.n; from += step)
        ok = look_many(&l, str_slice(buf_str(&list.blob), from, from + step), e);
    if (ok &&
        list.blob.n) /* so that it does not expire; whoever changed it meanwhile did the same */
        ok = swap(w, &list, buf_str(&list.blob), now_ms, e) != SWAP_FAILED;
    buf_release(&list.blob);
    return ok;
}
