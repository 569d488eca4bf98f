/* Like a binary counter: a new run of a size that is there already is merged with it into one of
 * the next size, so that n batches are log2(n) files, and each key is written as often. */
#include "adapters/once_runs.h"

#include <errno.h>
#include <string.h>

#include "adapters/files.h"

/* Ids that are read at once: 4 KiB. */
#define PAGE 256u

static bool file_error(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "the temporary file of what was told: %s", strerror(errno));
}

static void drop(struct once_run *r)
{
    if (r->file)
        fclose(r->file);
    *r = (struct once_run){0};
}

void once_runs_release(struct once_runs *s)
{
    for (size_t i = 0; i < ONCE_RUNS_MAX; i++)
        drop(s->runs + i);
}

int once_id_compare(struct once_id x, struct once_id y)
{
    if (x.a != y.a)
        return x.a < y.a ? -1 : 1;
    return x.b == y.b ? 0 : x.b < y.b ? -1 : 1;
}

/* ---- writing ---- */

static bool put(struct once_run *r, const struct once_id *ids, size_t n, struct err *e)
{
    r->n += n;
    return fwrite(ids, sizeof *ids, n, r->file) == n || file_error(e);
}

static bool begin(struct once_run *r, struct err *e)
{
    *r = (struct once_run){.file = tmpfile()};
    return r->file || file_error(e);
}

static bool end(struct once_run *r, struct err *e)
{
    return fflush(r->file) == 0 || file_error(e);
}

/* Reads a run from its beginning. */
struct reading {
    const struct once_run *run;
    uint64_t taken; /* ids of it that were read */
    size_t i, n;    /* of the page: where it stands, and its ids */
    struct once_id page[PAGE];
};

/* Reads n ids of a run from number `at` on. */
static bool get(const struct once_run *r, uint64_t at, struct once_id *ids, size_t n, struct err *e)
{
    if (files_read_at(fileno(r->file), at * sizeof *ids, ids, n * sizeof *ids))
        return true;
    return errno ? file_error(e)
                 : err_set(e, ERR_SYSTEM, "the temporary file of what was told was cut short");
}

/* Whether there is another id: r->page[r->i]. */
static bool present(struct reading *r, bool *is, struct err *e)
{
    uint64_t left = r->run->n - r->taken;
    *is = r->i < r->n || left;
    if (r->i < r->n || !left)
        return true;
    r->i = 0;
    r->n = left < PAGE ? (size_t)left : PAGE;
    r->taken += r->n;
    return get(r->run, r->taken - r->n, r->page, r->n, e);
}

static bool merge(const struct once_run *x, const struct once_run *y, struct once_run *out,
                  struct err *e)
{
    struct reading from[2] = {{.run = x}, {.run = y}};
    bool left[2] = {true, true};
    bool ok = begin(out, e);
    while (ok) {
        ok = present(&from[0], &left[0], e) && present(&from[1], &left[1], e);
        if (!ok || (!left[0] && !left[1]))
            break;
        bool second = !left[0] || (left[1] && once_id_compare(from[1].page[from[1].i],
                                                              from[0].page[from[0].i]) < 0);
        ok = put(out, &from[second].page[from[second].i++], 1, e);
    }
    return ok && end(out, e);
}

bool once_runs_add(struct once_runs *s, const struct once_id *ids, size_t n, struct err *e)
{
    struct once_run fresh;
    size_t i = 0;
    bool ok = begin(&fresh, e) && put(&fresh, ids, n, e) && end(&fresh, e);
    for (; ok && i < ONCE_RUNS_MAX - 1 && s->runs[i].file; i++) {
        struct once_run both;
        ok = merge(&s->runs[i], &fresh, &both, e);
        drop(&s->runs[i]);
        drop(&fresh);
        fresh = both;
    }
    if (ok)
        s->runs[i] = fresh;
    else
        drop(&fresh);
    return ok;
}

/* ---- finding ---- */

/* What is left of a run where an id may lie. */
struct stretch {
    uint64_t from, to;  /* numbers of ids, the second not included */
    uint64_t low, high; /* what the first number of ids in it lies between */
};

/* Where a page begins that should have the id: by its value, as ids are spread evenly. */
static uint64_t guess(const struct stretch *s, struct once_id id, bool halve)
{
    uint64_t n = s->to - s->from;
    if (n <= PAGE)
        return s->from;
    double part = halve ? 0.5 : (double)(id.a - s->low) / ((double)(s->high - s->low) + 1);
    uint64_t at = (uint64_t)(part * (double)n);
    at = at < PAGE / 2 ? 0 : at - PAGE / 2;
    return s->from + (at < n - PAGE ? at : n - PAGE);
}

static bool page_has(const struct once_id *page, size_t n, struct once_id id)
{
    size_t from = 0;
    while (n) {
        int order = once_id_compare(page[from + n / 2], id);
        if (order == 0)
            return true;
        if (order < 0)
            from += n / 2 + 1;
        n = order < 0 ? n - n / 2 - 1 : n / 2;
    }
    return false;
}

/* Every second guess halves what is left, for ids that are not spread evenly. */
static bool find(const struct once_run *r, struct once_id id, bool *found, struct err *e)
{
    struct stretch s = {0, r->n, 0, UINT64_MAX};
    struct once_id page[PAGE];
    *found = false;
    for (unsigned reads = 0; s.from < s.to; reads++) {
        uint64_t at = guess(&s, id, reads % 2);
        size_t n = s.to - at < PAGE ? (size_t)(s.to - at) : PAGE;
        if (!get(r, at, page, n, e))
            return false;
        if (once_id_compare(id, page[0]) < 0) {
            s.to = at;
            s.high = page[0].a;
        } else if (once_id_compare(id, page[n - 1]) > 0) {
            s.from = at + n;
            s.low = page[n - 1].a;
        } else {
            *found = page_has(page, n, id);
            return true;
        }
    }
    return true;
}

/* The longest first: most ids lie there. */
bool once_runs_find(const struct once_runs *s, struct once_id id, bool *found, struct err *e)
{
    *found = false;
    for (size_t i = ONCE_RUNS_MAX; i-- > 0 && !*found;)
        if (s->runs[i].file && !find(&s->runs[i], id, found, e))
            return false;
    return true;
}
