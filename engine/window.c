/* One sweep finds the spans: for each element's time t, the latest s such that [s, t] satisfies the
 * condition; the rule then holds from t to s + timespan. */
#include "engine/window.h"

#include <stdlib.h>
#include <string.h>

#include "base/sha256.h"

#define NEVER         INT64_MIN
#define UUID_TEXT     36 /* 8-4-4-4-12 */
#define VERSION_SHIFT 12 /* of hi: the first digit of the third group */

bool id128_is_uuid(struct id128 id)
{
    return (id.hi >> VERSION_SHIFT & 15) != 0;
}

/* The 16 bytes of a UUID in its canonical text; false for anything else. */
static bool uuid_read(struct str s, struct id128 *out)
{
    uint64_t half[2] = {0, 0};
    unsigned n = 0;
    if (s.n != UUID_TEXT)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        int d = byte_hex(s.p[i]);
        if (dash ? s.p[i] != '-' : d < 0 || (s.p[i] >= 'A' && s.p[i] <= 'F'))
            return false;
        if (!dash) {
            half[n / 16] = half[n / 16] << 4 | (uint64_t)d;
            n++;
        }
    }
    *out = (struct id128){half[0], half[1]};
    return id128_is_uuid(*out);
}

struct id128 id128_of(struct str event_id)
{
    struct id128 id;
    unsigned char sum[SHA256_BYTES];
    struct sha256 h;
    if (uuid_read(event_id, &id))
        return id;
    sha256_init(&h);
    sha256_add(&h, event_id);
    sha256_end(&h, sum);
    id = (struct id128){0, 0};
    for (size_t i = 0; i < 8; i++) {
        id.hi = id.hi << 8 | sum[i];
        id.lo = id.lo << 8 | sum[8 + i];
    }
    id.hi &= ~((uint64_t)15 << VERSION_SHIFT);
    return id;
}

void id128_put(struct buf *b, struct id128 id)
{
    unsigned char bytes[16];
    bool uuid = id128_is_uuid(id);
    if (!uuid)
        buf_putz(b, "sha256:");
    for (unsigned i = 0; i < sizeof bytes; i++) {
        uint64_t half = i < 8 ? id.hi : id.lo;
        bytes[i] = (unsigned char)(half >> (56 - 8 * (i % 8)));
        if (uuid && (i == 4 || i == 6 || i == 8 || i == 10))
            buf_putc(b, '-');
        buf_put_hex(b, bytes + i, 1);
    }
}

void id128_put_hex(struct buf *b, struct id128 id)
{
    for (unsigned i = 0; i < 16; i++) {
        uint64_t half = i < 8 ? id.hi : id.lo;
        unsigned char byte = (unsigned char)(half >> (56 - 8 * (i % 8)));
        buf_put_hex(b, &byte, 1);
    }
}

bool id128_read_hex(struct str s, struct id128 *out)
{
    uint64_t half[2] = {0, 0};
    if (s.n != 32)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        int digit = byte_hex(s.p[i]);
        if (digit < 0)
            return false;
        half[i / 16] = half[i / 16] << 4 | (uint64_t)digit;
    }
    *out = (struct id128){half[0], half[1]};
    return true;
}

int id128_cmp(struct id128 a, struct id128 b)
{
    if (a.hi != b.hi)
        return a.hi < b.hi ? -1 : 1;
    return (a.lo > b.lo) - (a.lo < b.lo);
}

int element_cmp(const void *a, const void *b)
{
    const struct element *x = a, *y = b;
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms ? -1 : 1;
    if (x->what != y->what)
        return x->what < y->what ? -1 : 1;
    return id128_cmp(x->event, y->event);
}

size_t window_sort(struct element *e, size_t n)
{
    size_t kept = 1;
    if (n < 2)
        return n;
    while (kept < n && element_cmp(e + kept - 1, e + kept) < 0)
        kept++;
    if (kept == n)
        return n; /* logs are mostly in order, and each event's element is there once */
    qsort(e, n, sizeof *e, element_cmp);
    kept = 1;
    for (size_t i = 1; i < n; i++)
        if (element_cmp(e + kept - 1, e + i) != 0)
            e[kept++] = e[i];
    return kept;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return a % b < 0 ? q - 1 : q;
}

int64_t window_cell(const struct window *w, int64_t time_ms)
{
    return floor_div(time_ms, w->cell_ms);
}

int64_t window_bucket(const struct window *w, int64_t time_ms)
{
    return floor_div(window_cell(w, time_ms), w->bucket_cells);
}

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory to evaluate a window");
}

/* ---- slots of crowded cells --------------------------------------------------------------------
 */

static int by_what_then_time(const void *a, const void *b)
{
    const struct element *x = a, *y = b;
    if (x->what != y->what)
        return x->what < y->what ? -1 : 1;
    return element_cmp(a, b);
}

/* Pairs (what, time / width) among elements ordered by what, then time. */
static size_t count_pairs(const struct element *e, size_t n, int64_t width)
{
    size_t pairs = 0;
    for (size_t i = 0; i < n; i++)
        pairs += i == 0 || e[i].what != e[i - 1].what ||
                 floor_div(e[i].time_ms, width) != floor_div(e[i - 1].time_ms, width);
    return pairs;
}

/* The width of the slots by which a cell of an ordered rule tells times apart; 1 in a cell that is
 * not crowded. `sorted` is room for n elements. */
static int64_t slot_width(const struct window *w, const struct element *e, size_t n,
                          struct element *sorted)
{
    int64_t width = 1;
    if (n <= w->pairs_max)
        return width;
    memcpy(sorted, e, n * sizeof *e);
    qsort(sorted, n, sizeof *sorted, by_what_then_time);
    while (count_pairs(sorted, n, width) > w->pairs_max)
        width *= 2;
    return width;
}

/* The n elements from e on that lie in e's own cell. */
static size_t cell_length(const struct window *w, const struct element *e, size_t n)
{
    int64_t cell = window_cell(w, e->time_ms);
    size_t k = 1;
    while (k < n && window_cell(w, e[k].time_ms) == cell)
        k++;
    return k;
}

/* ---- thinning -----------------------------------------------------------------------------------
 */

/* An element with what makes it one of a group: within one the definition sees only the ends. */
struct grouped {
    uint64_t what;
    int64_t slot;
    size_t at; /* in the cell, which is sorted */
};

static int by_group(const void *a, const void *b)
{
    const struct grouped *x = a, *y = b;
    if (x->what != y->what)
        return x->what < y->what ? -1 : 1;
    if (x->slot != y->slot)
        return x->slot < y->slot ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static int by_position(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return (x > y) - (x < y);
}

/* Room for one cell of n elements. */
struct thinning {
    struct grouped *groups;
    struct element *sorted;
    size_t *firsts, *lasts;
};

static void keep_ends(size_t n, uint32_t most, bool *keep)
{
    for (size_t i = 0; i < n; i++)
        keep[i] = i < most || n - i <= most;
}

static void keep_groups(const struct window *w, const struct element *e, size_t n,
                        struct thinning *t, bool *keep)
{
    bool ordered = w->kind == WINDOW_ORDERED;
    int64_t width = ordered ? slot_width(w, e, n, t->sorted) : 1;
    for (size_t i = 0; i < n; i++)
        t->groups[i] = (struct grouped){e[i].what, ordered ? floor_div(e[i].time_ms, width) : 0, i};
    qsort(t->groups, n, sizeof *t->groups, by_group);
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        const struct grouped *g = t->groups + i;
        bool begins = i == 0 || g->what != g[-1].what || g->slot != g[-1].slot;
        bool ends = i + 1 == n || g->what != g[1].what || g->slot != g[1].slot;
        if (begins)
            t->firsts[k] = g->at;
        if (ends)
            t->lasts[k++] = g->at;
    }
    size_t most = w->kind == WINDOW_DISTINCT && w->n < k ? w->n : k;
    qsort(t->firsts, k, sizeof *t->firsts, by_position);
    qsort(t->lasts, k, sizeof *t->lasts, by_position);
    memset(keep, 0, n * sizeof *keep);
    for (size_t i = 0; i < most; i++) {
        keep[t->firsts[i]] = true;
        keep[t->lasts[k - 1 - i]] = true;
    }
}

/* Keeps the first element of each time, or slot, of a cell. */
static void keep_times(const struct window *w, const struct element *e, size_t n, bool *keep)
{
    int64_t width = 1;
    size_t times;
    for (;; width *= 2) {
        times = 0;
        for (size_t i = 0; i < n; i++)
            times += i == 0 || floor_div(e[i].time_ms, width) != floor_div(e[i - 1].time_ms, width);
        if (times <= w->pairs_max)
            break;
    }
    for (size_t i = 0; i < n; i++)
        if (i == 0 || floor_div(e[i].time_ms, width) != floor_div(e[i - 1].time_ms, width))
            keep[i] = true;
}

static void thinning_release(struct thinning *t)
{
    free(t->groups);
    free(t->sorted);
    free(t->firsts);
    free(t->lasts);
}

static bool thinning_init(struct thinning *t, size_t n)
{
    size_t room = n ? n : 1;
    *t = (struct thinning){calloc(room, sizeof *t->groups), calloc(room, sizeof *t->sorted),
                           calloc(room, sizeof *t->firsts), calloc(room, sizeof *t->lasts)};
    if (t->groups && t->sorted && t->firsts && t->lasts)
        return true;
    thinning_release(t);
    return false;
}

bool window_thin(const struct window *w, const struct element *e, size_t n, bool *keep,
                 struct err *e_out)
{
    struct thinning t;
    if (!thinning_init(&t, n))
        return no_memory(e_out);
    for (size_t i = 0, k; i < n; i += k) {
        k = cell_length(w, e + i, n - i);
        if (w->kind == WINDOW_COUNT)
            keep_ends(k, w->n, keep + i);
        else
            keep_groups(w, e + i, k, &t, keep + i);
        if (w->feeds && (w->kind == WINDOW_DISTINCT || w->kind == WINDOW_ALL))
            keep_times(w, e + i, k, keep + i);
    }
    thinning_release(&t);
    return true;
}

/* ---- the sweep
 * ------------------------------------------------------------------------------------ */

/* What the sweep has found so far, and what each kind remembers. */
struct sweep {
    const struct window *w;
    const struct element *e;
    size_t n;
    struct vec *spans;
    size_t base; /* spans that were there before */
};

static bool add_span(struct sweep *s, int64_t first, int64_t start)
{
    int64_t until = start + s->w->timespan_ms;
    if (start == NEVER || until < first)
        return true;
    struct span *last = s->spans->n > s->base ? vec_at(s->spans, s->spans->n - 1) : NULL;
    if (last && first - last->until_ms <= s->w->gap_ms) {
        if (until > last->until_ms)
            last->until_ms = until;
        return true;
    }
    struct span *added = vec_push(s->spans, 1);
    if (added)
        *added = (struct span){first, until};
    return added != NULL;
}

static bool sweep_count(struct sweep *s)
{
    size_t need = s->w->n;
    for (size_t i = need - 1; i < s->n; i++)
        if (!add_span(s, s->e[i].time_ms, s->e[i + 1 - need].time_ms))
            return false;
    return true;
}

/* Gives each value a small number: ids[i] for element i. */
static size_t number_values(const struct element *e, size_t n, struct grouped *room, size_t *ids)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        room[i] = (struct grouped){e[i].what, 0, i};
    qsort(room, n, sizeof *room, by_group);
    for (size_t i = 0; i < n; i++) {
        k += i > 0 && room[i].what != room[i - 1].what;
        ids[room[i].at] = k;
    }
    return n ? k + 1 : 0;
}

/* Two ends of a span move over the elements: `from` as far as the span keeps n values. */
static bool sweep_distinct(struct sweep *s)
{
    struct thinning t;
    size_t from = 0, values = 0;
    bool ok = true;
    if (!thinning_init(&t, s->n))
        return false;
    size_t *ids = t.firsts, *held = t.lasts; /* held[v]: elements with value v in the span */
    number_values(s->e, s->n, t.groups, ids);
    for (size_t i = 0; i < s->n && ok; i++) {
        values += held[ids[i]]++ == 0;
        while (values > s->w->n || (values == s->w->n && held[ids[from]] > 1))
            values -= --held[ids[from++]] == 0;
        if (values >= s->w->n)
            ok = add_span(s, s->e[i].time_ms, s->e[from].time_ms);
    }
    thinning_release(&t);
    return ok;
}

/* The latest start from which the condition holds now: AND is the earliest of its operands' starts,
 * OR the latest. Reads one node and those behind it; *at moves on. */
static int64_t expr_start(const struct window *w, uint32_t *at, const int64_t *last)
{
    uint32_t node = w->expr[(*at)++], op = node >> 16, operands = node & 0xFFFF;
    if (op == WINDOW_STEP)
        return last[operands];
    int64_t start = expr_start(w, at, last);
    for (uint32_t i = 1; i < operands; i++) {
        int64_t other = expr_start(w, at, last);
        if (op == WINDOW_AND ? other < start : other > start)
            start = other;
    }
    return start;
}

static int64_t all_start(const struct window *w, const int64_t *last)
{
    uint32_t at = 0;
    if (w->expr)
        return expr_start(w, &at, last);
    int64_t start = INT64_MAX;
    for (uint32_t i = 0; i < w->n; i++)
        if (last[i] < start)
            start = last[i];
    return start;
}

static bool sweep_all(struct sweep *s)
{
    int64_t last[WINDOW_STEPS_MAX];
    for (size_t i = 0; i < WINDOW_STEPS_MAX; i++)
        last[i] = NEVER;
    for (size_t i = 0; i < s->n; i++) {
        if (s->e[i].what >= s->w->n)
            continue;
        last[s->e[i].what] = s->e[i].time_ms;
        if (!add_span(s, s->e[i].time_ms, all_start(s->w, last)))
            return false;
    }
    return true;
}

/* The latest start of a chain through steps 0..i, by i. */
struct chain {
    int64_t start[WINDOW_STEPS_MAX];
};

/* Chains once the steps at `now` (last[i]: time of step i now, or NEVER) are added to `before`;
 * strict: only to chains that ended before. */
static void extend(uint32_t n, bool strict, const struct chain *before, const int64_t *last,
                   struct chain *out)
{
    for (uint32_t i = 0; i < n; i++) {
        int64_t link = i == 0 ? last[0] : strict ? before->start[i - 1] : out->start[i - 1];
        int64_t start = link < last[i] ? link : last[i];
        out->start[i] = start > before->start[i] ? start : before->start[i];
    }
}

static bool sweep_ordered(struct sweep *s)
{
    struct chain before, now;
    int64_t last[WINDOW_STEPS_MAX], slot = 0, width = 1;
    size_t cell_ends = 0;
    struct element *room = calloc(s->n ? s->n : 1, sizeof *room);
    bool ok = room != NULL;
    for (size_t i = 0; i < WINDOW_STEPS_MAX; i++)
        before.start[i] = now.start[i] = last[i] = NEVER;
    for (size_t i = 0; i < s->n && ok; i++) {
        bool new_cell = i == cell_ends;
        if (new_cell) {
            size_t k = cell_length(s->w, s->e + i, s->n - i);
            width = slot_width(s->w, s->e + i, k, room);
            cell_ends = i + k;
        }
        if (new_cell || floor_div(s->e[i].time_ms, width) != slot) {
            before = now;
            slot = floor_div(s->e[i].time_ms, width);
            for (size_t k = 0; k < WINDOW_STEPS_MAX; k++)
                last[k] = NEVER;
        }
        if (s->e[i].what >= s->w->n)
            continue;
        last[s->e[i].what] = s->e[i].time_ms;
        extend(s->w->n, s->w->strict && width == 1, &before, last, &now);
        ok = add_span(s, s->e[i].time_ms, now.start[s->w->n - 1]);
    }
    free(room);
    return ok;
}

bool window_held(const struct window *w, const struct element *e, size_t n, struct vec *spans,
                 struct err *e_out)
{
    static bool (*const sweeps[])(struct sweep *) = {
        [WINDOW_COUNT] = sweep_count,
        [WINDOW_DISTINCT] = sweep_distinct,
        [WINDOW_ALL] = sweep_all,
        [WINDOW_ORDERED] = sweep_ordered,
    };
    struct sweep s = {w, e, n, spans, spans->n};
    return sweeps[w->kind](&s) ? true : no_memory(e_out);
}
