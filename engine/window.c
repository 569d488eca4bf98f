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

/* Four bytes, the first the highest. */
static inline uint64_t four_at(const char *p)
{
    const unsigned char *at = (const unsigned char *)p;
    return (uint64_t)at[0] << 24 | (uint64_t)at[1] << 16 | (uint64_t)at[2] << 8 | at[3];
}

#define EACH(byte) ((byte)*UINT64_C(0x0101010101010101))

/* Eight lower-case hexadecimal digits, one a byte, as the 32 bits that they are; false when one is
 * no digit. In ASCII letters have bit 6 and digits do not; what the values found are written as
 * must be what was read. */
static inline bool digits_read(uint64_t text, uint64_t *out)
{
    uint64_t letters = text >> 6 & EACH(1);
    uint64_t values = (text & EACH(15)) + 9 * letters;
    bool ok = values + EACH('0') + ('a' - '0' - 10) * letters == text &&
              (values & EACH(0xf0)) == 0 &&
              ((values + EACH(6)) >> 4 & EACH(1)) == letters; /* from 10 on, and only these */
    values = (values | values >> 4) & UINT64_C(0x00ff00ff00ff00ff);
    values = (values | values >> 8) & UINT64_C(0x0000ffff0000ffff);
    *out = (values | values >> 16) & UINT32_MAX;
    return ok;
}

/* The 16 bytes of a UUID in its canonical text; false for anything else. */
static bool uuid_read(struct str s, struct id128 *out)
{
    const char *p = s.p;
    uint64_t a, b, c, d;
    if (s.n != UUID_TEXT || p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
        return false;
    if (!digits_read(four_at(p) << 32 | four_at(p + 4), &a) ||
        !digits_read(four_at(p + 9) << 32 | four_at(p + 14), &b) ||
        !digits_read(four_at(p + 19) << 32 | four_at(p + 24), &c) ||
        !digits_read(four_at(p + 28) << 32 | four_at(p + 32), &d))
        return false;
    *out = (struct id128){a << 32 | b, c << 32 | d};
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

/* ---- slots of crowded cells ---- */

/* Position `at` as one of a group: made an element so that window_sort puts groups together, in
 * each by position. In which order groups come means nothing. */
static struct element grouped(uint64_t what, int64_t slot, size_t at)
{
    return (struct element){.time_ms = (int64_t)what, .what = (uint64_t)slot, .event = {at, 0}};
}

static size_t grouped_at(const struct element *g)
{
    return (size_t)g->event.hi;
}

static bool same_group(const struct element *a, const struct element *b)
{
    return a->time_ms == b->time_ms && a->what == b->what;
}

/* Pairs (what, time / width) among positions grouped by what, each group ascending in time. */
static size_t count_pairs(const struct element *e, const struct element *groups, size_t n,
                          int64_t width)
{
    size_t pairs = 0;
    for (size_t i = 0; i < n; i++)
        pairs += i == 0 || !same_group(groups + i, groups + i - 1) ||
                 floor_div(e[grouped_at(groups + i)].time_ms, width) !=
                     floor_div(e[grouped_at(groups + i - 1)].time_ms, width);
    return pairs;
}

/* The width of the slots by which a cell of an ordered rule tells times apart; 1 in a cell that is
 * not crowded. `groups` is room for n elements. */
static int64_t slot_width(const struct window *w, const struct element *e, size_t n,
                          struct element *groups)
{
    int64_t width = 1;
    if (n <= w->pairs_max)
        return width;
    for (size_t i = 0; i < n; i++)
        groups[i] = grouped(e[i].what, 0, i);
    window_sort(groups, n);
    while (count_pairs(e, groups, n, width) > w->pairs_max)
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

/* ---- thinning ---- */

/* Room for the n elements of a cell. */
struct thinning {
    struct element *groups;
    bool *first, *last; /* whether it is so in its group */
};

static void keep_ends(size_t n, uint32_t most, bool *keep)
{
    for (size_t i = 0; i < n; i++)
        keep[i] = i < most || n - i <= most;
}

/* Keeps the first element of each of `most` groups from the front on, and the last from behind. */
static void keep_outer(const struct thinning *t, size_t n, size_t most, bool *keep)
{
    memset(keep, 0, n * sizeof *keep);
    for (size_t i = 0, left = most; i < n && left; i++)
        if (t->first[i]) {
            keep[i] = true;
            left--;
        }
    for (size_t i = n, left = most; i-- > 0 && left;)
        if (t->last[i]) {
            keep[i] = true;
            left--;
        }
}

/* Of each group, that is of the elements of one value in one slot, the definition sees only the
 * ends. */
static void keep_groups(const struct window *w, const struct element *e, size_t n,
                        struct thinning *t, bool *keep)
{
    bool ordered = w->kind == WINDOW_ORDERED;
    int64_t width = ordered ? slot_width(w, e, n, t->groups) : 1;
    for (size_t i = 0; i < n; i++)
        t->groups[i] = grouped(e[i].what, ordered ? floor_div(e[i].time_ms, width) : 0, i);
    window_sort(t->groups, n);
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        const struct element *g = t->groups + i;
        bool begins = i == 0 || !same_group(g, g - 1), ends = i + 1 == n || !same_group(g, g + 1);
        t->first[grouped_at(g)] = begins;
        t->last[grouped_at(g)] = ends;
        k += begins;
    }
    keep_outer(t, n, w->kind == WINDOW_DISTINCT && w->n < k ? w->n : k, keep);
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
    free(t->first);
    free(t->last);
}

static bool thinning_init(struct thinning *t, size_t n)
{
    size_t room = n ? n : 1;
    *t = (struct thinning){.groups = calloc(room, sizeof *t->groups),
                           .first = calloc(room, sizeof *t->first),
                           .last = calloc(room, sizeof *t->last)};
    if (t->groups && t->first && t->last)
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

/* ---- the sweep ---- */

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

/* What sweep_distinct works with, for n elements. */
struct values {
    struct element *groups;
    size_t *ids;  /* a small number for each element's value */
    size_t *held; /* by that number: elements in the span */
};

static void values_release(struct values *v)
{
    free(v->groups);
    free(v->ids);
    free(v->held);
}

static bool values_init(struct values *v, const struct element *e, size_t n)
{
    size_t k = 0, room = n ? n : 1;
    *v = (struct values){calloc(room, sizeof *v->groups), calloc(room, sizeof *v->ids),
                         calloc(room, sizeof *v->held)};
    if (!v->groups || !v->ids || !v->held) {
        values_release(v);
        return false;
    }
    for (size_t i = 0; i < n; i++)
        v->groups[i] = grouped(e[i].what, 0, i);
    window_sort(v->groups, n);
    for (size_t i = 0; i < n; i++) {
        k += i > 0 && !same_group(v->groups + i, v->groups + i - 1);
        v->ids[grouped_at(v->groups + i)] = k;
    }
    return true;
}

/* Two ends of a span move over the elements: `from` as far as the span keeps n values. */
static bool sweep_distinct(struct sweep *s)
{
    struct values v;
    size_t from = 0, values = 0;
    bool ok = true;
    if (!values_init(&v, s->e, s->n))
        return false;
    for (size_t i = 0; i < s->n && ok; i++) {
        values += v.held[v.ids[i]]++ == 0;
        while (values > s->w->n || (values == s->w->n && v.held[v.ids[from]] > 1))
            values -= --v.held[v.ids[from++]] == 0;
        if (values >= s->w->n)
            ok = add_span(s, s->e[i].time_ms, s->e[from].time_ms);
    }
    values_release(&v);
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
