/* One hash table over (key, bucket); the claims item of a key lies under a bucket of its own. */
#include "adapters/state_memory.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_CAP     64
#define CLAIMS_BUCKET INT64_MIN /* no time lies so far back */

struct item {
    struct state_key key;
    int64_t bucket;
    struct vec elements; /* struct element, sorted, each once */
    char *blob;          /* of the claims item; NULL when there is none */
    size_t n_blob;
    uint64_t version;
};

struct state_memory {
    struct item **table; /* open addressing; NULL: free */
    size_t cap;          /* a power of two, at least twice n */
    size_t n;
};

struct state_memory *state_memory_new(void)
{
    struct state_memory *s = calloc(1, sizeof *s);
    struct item **table = s ? calloc(FIRST_CAP, sizeof(struct item *)) : NULL;
    if (!table) {
        free(s);
        return NULL;
    }
    *s = (struct state_memory){.table = table, .cap = FIRST_CAP};
    return s;
}

void state_memory_clear(struct state_memory *s)
{
    for (size_t i = 0; i < s->cap; i++)
        if (s->table[i]) {
            vec_release(&s->table[i]->elements);
            free(s->table[i]->blob);
            free(s->table[i]);
            s->table[i] = NULL;
        }
    s->n = 0;
}

void state_memory_free(struct state_memory *s)
{
    if (!s)
        return;
    state_memory_clear(s);
    free(s->table);
    free(s);
}

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory to remember what windows hold");
}

/* The key is a hash already; neighbouring buckets of it must part. */
static size_t hash(const struct state_key *key, int64_t bucket)
{
    uint64_t h;
    memcpy(&h, key->bytes, sizeof h);
    h = (h ^ (uint64_t)bucket) * 0x9e3779b97f4a7c15u;
    return (size_t)(h ^ h >> 32);
}

/* The place of an item, or the free one where it would go. */
static struct item **find(struct item **table, size_t cap, const struct state_key *key,
                          int64_t bucket)
{
    size_t i = hash(key, bucket) & (cap - 1);
    while (table[i] && (table[i]->bucket != bucket ||
                        memcmp(table[i]->key.bytes, key->bytes, STATE_KEY_BYTES) != 0))
        i = (i + 1) & (cap - 1);
    return table + i;
}

static bool grow(struct state_memory *s)
{
    size_t cap = 2 * s->cap;
    struct item **table = calloc(cap, sizeof(struct item *));
    if (!table)
        return false;
    for (size_t i = 0; i < s->cap; i++)
        if (s->table[i])
            *find(table, cap, &s->table[i]->key, s->table[i]->bucket) = s->table[i];
    free(s->table);
    s->table = table;
    s->cap = cap;
    return true;
}

/* The item, made when there is none; NULL without memory. */
static struct item *get(struct state_memory *s, const struct state_key *key, int64_t bucket)
{
    struct item **at = find(s->table, s->cap, key, bucket);
    if (*at)
        return *at;
    if (2 * (s->n + 1) > s->cap) {
        if (!grow(s))
            return NULL;
        at = find(s->table, s->cap, key, bucket);
    }
    struct item *it = calloc(1, sizeof *it);
    if (!it)
        return NULL;
    it->key = *key;
    it->bucket = bucket;
    vec_init(&it->elements, sizeof(struct element), SIZE_MAX);
    s->n++;
    return *at = it;
}

static bool add(void *self, const struct state_add *list, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        struct item *it = get(self, &list[i].key, list[i].bucket);
        struct element *to = it ? vec_push(&it->elements, list[i].n) : NULL;
        if (!to)
            return no_memory(e);
        memcpy(to, list[i].elements, list[i].n * sizeof *to);
        it->elements.n = window_sort(it->elements.p, it->elements.n);
    }
    return true;
}

static bool append(struct vec *out, const struct vec *elements)
{
    if (elements->n == 0)
        return true;
    struct element *to = vec_push(out, elements->n);
    if (to)
        memcpy(to, elements->p, elements->n * sizeof *to);
    return to != NULL;
}

static bool read_range(void *self, const struct state_read *list, size_t n, struct err *e)
{
    struct state_memory *s = self;
    for (size_t i = 0; i < n; i++)
        for (int64_t b = list[i].from; b <= list[i].to; b++) {
            struct item *it = *find(s->table, s->cap, &list[i].key, b);
            if (it && !append(list[i].out, &it->elements))
                return no_memory(e);
        }
    return true;
}

static void remove_element(struct vec *elements, const struct element *el)
{
    if (elements->n == 0)
        return;
    struct element *all = elements->p;
    struct element *at = bsearch(el, all, elements->n, sizeof *el, element_cmp);
    if (!at)
        return;
    memmove(at, at + 1, (size_t)(all + elements->n - (at + 1)) * sizeof *at);
    elements->n--;
}

static bool drop(void *self, const struct state_drop *list, size_t n, struct err *e)
{
    struct state_memory *s = self;
    (void)e;
    for (size_t i = 0; i < n; i++) {
        struct item *it = *find(s->table, s->cap, &list[i].key, list[i].bucket);
        for (size_t k = 0; it && k < list[i].n; k++)
            remove_element(&it->elements, list[i].elements + k);
    }
    return true;
}

static bool claims(void *self, struct state_claims *list, size_t n, struct err *e)
{
    struct state_memory *s = self;
    for (size_t i = 0; i < n; i++) {
        const struct item *it = *find(s->table, s->cap, &list[i].key, CLAIMS_BUCKET);
        list[i].version = it ? it->version : 0;
        if (it && it->blob)
            buf_put(&list[i].blob, str_n(it->blob, it->n_blob));
        if (!buf_ok(&list[i].blob, "the claims of one key", e))
            return false;
    }
    return true;
}

static bool swap_one(struct state_memory *s, struct state_swap *w, struct err *e)
{
    struct item *it = get(s, &w->key, CLAIMS_BUCKET);
    if (!it)
        return no_memory(e);
    w->conflict = it->version != w->version;
    if (w->conflict)
        return true;
    char *copy = malloc(w->blob.n + 1);
    if (!copy)
        return no_memory(e);
    if (w->blob.n)
        memcpy(copy, w->blob.p, w->blob.n);
    free(it->blob);
    it->blob = copy;
    it->n_blob = w->blob.n;
    it->version++;
    return true;
}

static bool swap(void *self, struct state_swap *list, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (!swap_one(self, list + i, e))
            return false;
    return true;
}

static void pause_none(void *self, int64_t ms)
{
    (void)self;
    (void)ms;
}

struct port_state state_memory_port(struct state_memory *s)
{
    return (struct port_state){s, add, read_range, drop, claims, swap, pause_none};
}

size_t state_memory_buckets(const struct state_memory *s)
{
    size_t buckets = 0;
    for (size_t i = 0; i < s->cap; i++)
        buckets += s->table[i] && s->table[i]->bucket != CLAIMS_BUCKET;
    return buckets;
}

size_t state_memory_fullest(const struct state_memory *s)
{
    size_t most = 0;
    for (size_t i = 0; i < s->cap; i++)
        if (s->table[i] && s->table[i]->elements.n > most)
            most = s->table[i]->elements.n;
    return most;
}
