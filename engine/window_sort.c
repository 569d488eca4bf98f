/* Sorting elements. They come by tens of thousands, mostly in order of time and, within a second,
 * in none: what a compare costs decides, so it is not called through a pointer as qsort's is. */
#include "engine/window.h"

#include <string.h>

#define SMALL 24 /* elements that are sorted by insertion; measured: 12 to 32 are alike */

static inline bool is_less(const struct element *x, const struct element *y)
{
    if (x->time_ms != y->time_ms)
        return x->time_ms < y->time_ms;
    if (x->what != y->what)
        return x->what < y->what;
    if (x->event.hi != y->event.hi)
        return x->event.hi < y->event.hi;
    return x->event.lo < y->event.lo;
}

int element_cmp(const void *a, const void *b)
{
    const struct element *x = a, *y = b;
    return is_less(y, x) - is_less(x, y);
}

static inline void swap(struct element *x, struct element *y)
{
    const struct element was = *x;
    *x = *y;
    *y = was;
}

static void insert_all(struct element *e, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const struct element one = e[i];
        size_t at = i;
        for (; at && is_less(&one, e + at - 1); at--)
            e[at] = e[at - 1];
        e[at] = one;
    }
}

/* Lets element `at` of a heap of n sink to where none below it is greater. */
static void sink(struct element *e, size_t n, size_t at)
{
    const struct element one = e[at];
    for (size_t below; (below = 2 * at + 1) < n; at = below) {
        if (below + 1 < n && is_less(e + below, e + below + 1))
            below++;
        if (!is_less(&one, e + below))
            break;
        e[at] = e[below];
    }
    e[at] = one;
}

static void heap_sort(struct element *e, size_t n)
{
    for (size_t i = n / 2; i-- > 0;)
        sink(e, n, i);
    for (size_t i = n; i-- > 1;) {
        swap(e, e + i);
        sink(e, i, 0);
    }
}

/* Puts the middle one of the first, the middle and the last element in the middle. */
static void choose_pivot(struct element *e, size_t n)
{
    struct element *first = e, *mid = e + n / 2, *last = e + n - 1;
    if (is_less(mid, first))
        swap(mid, first);
    if (is_less(last, mid)) {
        swap(last, mid);
        if (is_less(mid, first))
            swap(mid, first);
    }
}

/* Parts n elements, at least three, so that none of the first is greater than any of the rest;
 * returns how many the first are: neither none nor all. */
static size_t part(struct element *e, size_t n)
{
    choose_pivot(e, n);
    const struct element pivot = e[n / 2];
    size_t i = 0, k = n - 1;
    for (;;) {
        while (is_less(e + i, &pivot))
            i++;
        while (is_less(&pivot, e + k))
            k--;
        if (i >= k)
            return k + 1;
        swap(e + i++, e + k--);
    }
}

/* Quicksort; input made to be its worst case runs out of `depth` and is sorted as a heap. */
static void sort(struct element *e, size_t n, unsigned depth)
{
    while (n > SMALL && depth-- > 0) {
        size_t k = part(e, n);
        if (k < n - k) {
            sort(e, k, depth);
            e += k;
            n -= k;
        } else {
            sort(e + k, n - k, depth);
            n = k;
        }
    }
    if (n > SMALL)
        heap_sort(e, n);
    else
        insert_all(e, n);
}

size_t window_sort(struct element *e, size_t n)
{
    size_t kept = 1;
    unsigned depth = 2;
    if (n < 2)
        return n;
    while (kept < n && is_less(e + kept - 1, e + kept))
        kept++;
    if (kept == n)
        return n; /* logs are mostly in order, and each event's element is there once */
    for (size_t half = n; half; half /= 2)
        depth += 2;
    sort(e, n, depth);
    kept = 1;
    for (size_t i = 1; i < n; i++)
        if (is_less(e + kept - 1, e + i))
            e[kept++] = e[i];
    return kept;
}
