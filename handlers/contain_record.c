/* Records of containment in the state: where they lie, and their one way of changing. */
#include "handlers/contain_record.h"

#include <stdlib.h>

#include "handlers/contain_wire.h"

#define HOUR_MS (3600 * 1000LL)
#define DAY_MS  (24 * HOUR_MS)
/* The one bucket of the open ones. */
#define OPEN_BUCKET 0
/* Times that a lost compare-and-set of a counter is tried again. */
#define SWAPS_MAX 64
#define PAUSE_MS  20
/* Keys of one hour's counter: caps are far below. */
#define COUNTED_MAX 4096

bool contain_state_holds(enum contain_state s)
{
    return s == CONTAIN_ACTING || s == CONTAIN_CONTAINED || s == CONTAIN_PARTLY ||
           s == CONTAIN_RELEASING;
}

/* ---- keys ---- */

struct state_key contain_key(const struct subject *s)
{
    char name[512]; /* names have at most 64 characters, ids 128 */
    bool key = s->kind == SUBJECT_KEY;
    struct str of = key ? s->key : s->name;
    size_t n = of.n < sizeof name ? of.n : sizeof name;
    for (size_t i = 0; i < n; i++)
        name[i] = key ? of.p[i] : byte_lower(of.p[i]);
    struct str kind = key ? S("key") : s->kind == SUBJECT_ROLE ? S("role") : S("user");
    return state_key_of((const struct str[]){S("contain"), s->account, kind, str_n(name, n)}, 4);
}

static struct state_key open_key(void)
{
    return state_key_of((const struct str[]){S("contain open")}, 1);
}

static struct state_key days_key(void)
{
    return state_key_of((const struct str[]){S("contained")}, 1);
}

/* ---- one record ---- */

static bool take_record(const struct state_claims *from, struct arena *a,
                        struct contain_record *out, struct err *e)
{
    *out = (struct contain_record){.memory = a, .key = from->key, .version = from->version};
    return from->version == 0 || contain_record_parse(buf_str(&from->blob), out, e);
}

bool contain_record_read(const struct port_state *state, const struct state_key *keys, size_t n,
                         struct arena *a, struct contain_record *out, struct err *e)
{
    struct state_claims *list = calloc(n ? n : 1, sizeof *list);
    if (!list)
        return err_set(e, ERR_SYSTEM, "no memory to read records of containment");
    for (size_t i = 0; i < n; i++) {
        list[i].key = keys[i];
        buf_init(&list[i].blob, CONTAIN_RECORD_MAX);
    }
    bool ok = n == 0 || state->claims(state->self, list, n, e);
    for (size_t i = 0; ok && i < n; i++)
        ok = take_record(list + i, a, out + i, e);
    for (size_t i = 0; i < n; i++)
        buf_release(&list[i].blob);
    free(list);
    return ok;
}

/* Over: nobody looks at it again. */
static bool is_closed(const struct contain_record *r)
{
    return !contain_state_holds(r->state) && r->state != CONTAIN_ASKED &&
           r->state != CONTAIN_PLANNED;
}

bool contain_record_write(const struct port_state *state, struct contain_record *r, int64_t now_ms,
                          bool *conflict, struct err *e)
{
    struct buf b;
    int64_t kept_ms = is_closed(r) ? CONTAIN_CLOSED_MS : CONTAIN_KEPT_MS;
    buf_init(&b, CONTAIN_RECORD_MAX);
    contain_record_put(&b, r);
    struct state_swap swap = {r->key, buf_str(&b), r->version, (now_ms + kept_ms) / 1000, false};
    bool ok = buf_ok(&b, "a record of containment", e) && state->swap(state->self, &swap, 1, e);
    *conflict = ok && swap.conflict;
    r->version += ok && !swap.conflict;
    buf_release(&b);
    return ok;
}

void contain_record_call(struct contain_record *r, int64_t now_ms, const struct iam_call *call,
                         const struct iam_answer *answer)
{
    size_t at = r->n_calls;
    struct str target = str_present(call->policy) ? call->policy
                        : str_present(call->id)   ? call->id
                                                  : call->tag;
    if (at == CONTAIN_CALLS_MAX) { /* the first half stays, of the others the last */
        at = CONTAIN_CALLS_MAX - 1;
        memmove(r->calls + CONTAIN_CALLS_MAX / 2, r->calls + CONTAIN_CALLS_MAX / 2 + 1,
                (CONTAIN_CALLS_MAX / 2 - 1) * sizeof *r->calls);
        r->calls_left_out++;
    } else {
        r->n_calls++;
    }
    r->calls[at] = (struct contain_call){.time_ms = now_ms,
                                         .action = iam_actions[call->action].name,
                                         .target = arena_str(r->memory, target),
                                         .result = answer->result,
                                         .code = answer->code.n ? arena_str(r->memory, answer->code)
                                                                : STR_ABSENT};
}

/* ---- lists ---- */

static struct element element_of(const struct contain_record *r, int64_t time_ms)
{
    struct element el = {.time_ms = time_ms};
    for (unsigned k = 0; k < 8; k++) {
        el.event.hi = el.event.hi << 8 | r->key.bytes[k];
        el.event.lo = el.event.lo << 8 | r->key.bytes[8 + k];
    }
    return el;
}

static struct state_key key_of_element(const struct element *el)
{
    struct state_key key;
    for (unsigned k = 0; k < 8; k++) {
        key.bytes[k] = (unsigned char)(el->event.hi >> (56 - 8 * k));
        key.bytes[8 + k] = (unsigned char)(el->event.lo >> (56 - 8 * k));
    }
    return key;
}

bool contain_record_open(const struct port_state *state, const struct contain_record *r,
                         struct err *e)
{
    int64_t expires_s = (r->planned_ms + CONTAIN_KEPT_MS) / 1000;
    struct element open = element_of(r, 0), day = element_of(r, r->planned_ms);
    const struct state_add list[] = {
        {open_key(), OPEN_BUCKET, &open, 1, expires_s},
        {days_key(), r->planned_ms / DAY_MS, &day, 1, expires_s},
    };
    return state->add(state->self, list, 2, e);
}

bool contain_record_close(const struct port_state *state, const struct contain_record *r,
                          struct err *e)
{
    struct element open = element_of(r, 0);
    const struct state_drop drop = {open_key(), OPEN_BUCKET, &open, 1};
    return state->drop(state->self, &drop, 1, e);
}

static bool has_key(const struct vec *keys, const struct state_key *key)
{
    for (size_t i = 0; i < keys->n; i++)
        if (memcmp(vec_at(keys, i), key, sizeof *key) == 0)
            return true;
    return false;
}

static bool read_keys(const struct port_state *state, struct state_key of, int64_t from, int64_t to,
                      struct vec *keys, struct err *e)
{
    struct vec found;
    vec_init(&found, sizeof(struct element), SIZE_MAX);
    const struct state_read read = {of, from, to, &found};
    bool ok = state->read(state->self, &read, 1, e);
    for (size_t i = 0; ok && i < found.n; i++) {
        struct state_key key = key_of_element(vec_at(&found, i));
        struct state_key *slot = has_key(keys, &key) ? &key : vec_push(keys, 1);
        if (slot)
            *slot = key;
        ok = slot || err_set(e, ERR_SYSTEM, "no memory to list records of containment");
    }
    vec_release(&found);
    return ok;
}

bool contain_records_open(const struct port_state *state, struct vec *keys, struct err *e)
{
    return read_keys(state, open_key(), OPEN_BUCKET, OPEN_BUCKET, keys, e);
}

bool contain_records_between(const struct port_state *state, int64_t from_ms, int64_t until_ms,
                             struct vec *keys, struct err *e)
{
    if (until_ms - from_ms > CONTAIN_CLOSED_MS)
        from_ms = until_ms - CONTAIN_CLOSED_MS;
    return read_keys(state, days_key(), from_ms / DAY_MS, until_ms / DAY_MS, keys, e);
}

/* ---- counts ---- */

/* The counter of an hour: of an account, or with an empty name of all. */
static struct state_key count_key(struct str account, int64_t now_ms)
{
    char hour[8];
    uint64_t n = (uint64_t)(now_ms / HOUR_MS);
    for (unsigned k = 0; k < 8; k++)
        hour[k] = (char)(unsigned char)(n >> (56 - 8 * k));
    return state_key_of((const struct str[]){S("contain count"), account, str_n(hour, sizeof hour)},
                        3);
}

/* The keys in a counter other than own; *counted: own is among them. */
static uint32_t others(const struct buf *blob, const struct state_key *own, bool *counted)
{
    uint32_t n = 0;
    *counted = false;
    for (size_t at = 0; at + sizeof own->bytes <= blob->n; at += sizeof own->bytes) {
        bool mine = memcmp(blob->p + at, own->bytes, sizeof own->bytes) == 0;
        *counted = *counted || mine;
        n += !mine;
    }
    return n;
}

struct counter {
    struct state_claims item;
    uint32_t others;
    bool counted;
};

static bool read_counters(const struct port_state *state, struct str account, int64_t now_ms,
                          const struct state_key *own, struct counter c[2], struct err *e)
{
    struct state_claims list[2] = {c[0].item, c[1].item};
    list[0].key = count_key(S(""), now_ms);
    list[1].key = count_key(account, now_ms);
    bool ok = state->claims(state->self, list, 2, e);
    for (unsigned i = 0; i < 2; i++) {
        c[i].item = list[i];
        c[i].others = ok ? others(&list[i].blob, own, &c[i].counted) : 0;
    }
    return ok;
}

static void init_counters(struct counter c[2])
{
    for (unsigned i = 0; i < 2; i++) {
        c[i] = (struct counter){.others = 0};
        buf_init(&c[i].item.blob, COUNTED_MAX * STATE_KEY_BYTES);
    }
}

static void release_counters(struct counter c[2])
{
    for (unsigned i = 0; i < 2; i++)
        buf_release(&c[i].item.blob);
}

bool contain_count_read(const struct port_state *state, struct str account, int64_t now_ms,
                        struct state_key own, struct contain_count *out, struct err *e)
{
    struct counter c[2];
    init_counters(c);
    bool ok = read_counters(state, account, now_ms, &own, c, e);
    *out = (struct contain_count){.all = c[0].others, .account = c[1].others};
    release_counters(c);
    return ok;
}

/* Adds own to a counter that lacks it. */
static bool add_count(const struct port_state *state, struct counter *c,
                      const struct state_key *own, int64_t now_ms, bool *conflict, struct err *e)
{
    if (c->counted)
        return true;
    buf_put(&c->item.blob, str_n((const char *)own->bytes, sizeof own->bytes));
    struct state_swap swap = {c->item.key, buf_str(&c->item.blob), c->item.version,
                              (now_ms + 2 * DAY_MS) / 1000, false};
    bool ok = buf_ok(&c->item.blob, "a counter of containment", e) &&
              state->swap(state->self, &swap, 1, e);
    *conflict = *conflict || (ok && swap.conflict);
    return ok;
}

bool contain_count_take(const struct port_state *state, struct str account, int64_t now_ms,
                        struct state_key own, const struct contain_config *cfg,
                        struct contain_count *out, struct err *e)
{
    struct counter c[2];
    bool ok = true, conflict = true;
    init_counters(c);
    for (unsigned round = 0; ok && conflict && round < SWAPS_MAX; round++) {
        conflict = false;
        if (round)
            state->pause(state->self, PAUSE_MS * (int64_t)round);
        ok = read_counters(state, account, now_ms, &own, c, e);
        *out = (struct contain_count){.all = c[0].others, .account = c[1].others};
        if (!ok || out->all >= cfg->max_hour || out->account >= cfg->max_account_hour)
            break;
        ok = add_count(state, c, &own, now_ms, &conflict, e) &&
             (conflict || add_count(state, c + 1, &own, now_ms, &conflict, e));
    }
    release_counters(c);
    return ok && (!conflict || err_set(e, ERR_RETRY, "others keep counting containments"));
}

/* ---- the kill switch ---- */

static struct state_key stop_key(void)
{
    struct state_key key;
    _Static_assert(sizeof CONTAIN_STOP_KEY - 1 == sizeof key.bytes, "it is the key itself");
    memcpy(key.bytes, CONTAIN_STOP_KEY, sizeof key.bytes);
    return key;
}

bool contain_stopped(const struct port_state *state, bool *stopped, struct err *e)
{
    struct state_claims item = {.key = stop_key()};
    buf_init(&item.blob, 4096);
    bool ok = state->claims(state->self, &item, 1, e);
    *stopped = item.version != 0 && !str_eq(buf_str(&item.blob), S("go"));
    buf_release(&item.blob);
    return ok;
}

bool contain_stop_write(const struct port_state *state, bool stop, int64_t now_ms, struct err *e)
{
    struct state_claims item = {.key = stop_key()};
    struct state_swap swap = {.conflict = true};
    bool ok = true;
    buf_init(&item.blob, 4096);
    for (unsigned round = 0; ok && swap.conflict && round < SWAPS_MAX; round++) {
        ok = state->claims(state->self, &item, 1, e);
        swap = (struct state_swap){item.key, stop ? S("stop") : S("go"), item.version,
                                   (now_ms + CONTAIN_KEPT_MS) / 1000, false};
        ok = ok && state->swap(state->self, &swap, 1, e);
    }
    buf_release(&item.blob);
    return ok && (!swap.conflict || err_set(e, ERR_RETRY, "others keep changing the kill switch"));
}
