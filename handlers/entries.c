/* The table of what a delivery has gathered. */
#include "handlers/entries.h"

#include <stdlib.h>

#include "base/quick.h"
#include "handlers/deeds.h"

#define FIRST_INDEX 64     /* a power of two */
#define ODD_MAX     100000 /* ids that are no UUIDs; those beyond are named by their hash */

bool entries_init(struct entries *es, const struct windows_config *cfg, struct err *e)
{
    *es = (struct entries){
        .max = cfg->entries_max,
        .elements_max = cfg->elements_max,
        .described_max = cfg->described_max ? cfg->described_max : WINDOWS_DESCRIBED_MAX,
        .n_index = FIRST_INDEX,
        .n_windows = cfg->rules->n_windows,
    };
    vec_init(&es->list, sizeof(struct entry *), UINT32_MAX - 1);
    vec_init(&es->odd, sizeof(struct odd_id), ODD_MAX);
    arena_init(&es->memory, SIZE_MAX);
    es->index = calloc(es->n_index, sizeof *es->index);
    es->latest = calloc(es->n_windows + 1, sizeof *es->latest);
    return (es->index && es->latest) || err_set(e, ERR_SYSTEM, "no memory for windows");
}

static void entry_release(struct entry *en)
{
    vec_release(&en->elements);
    vec_release(&en->deeds);
    vec_release(&en->doers);
    vec_release(&en->met);
    vec_release(&en->evidence);
    vec_release(&en->all);
    vec_release(&en->spans);
    for (size_t i = 0; i < en->glimpses.n; i++)
        free(((struct glimpse *)vec_at(&en->glimpses, i))->text);
    vec_release(&en->glimpses);
}

void entries_clear(struct entries *es)
{
    for (size_t i = 0; i < es->list.n; i++)
        entry_release(entries_at(es, i));
    if (es->list.n) {
        memset(es->index, 0, es->n_index * sizeof *es->index);
        memset(es->latest, 0, es->n_windows * sizeof *es->latest);
    }
    es->list.n = 0;
    es->odd.n = 0;
    es->elements = 0;
    es->described = 0;
    arena_reset(&es->memory);
}

void entries_release(struct entries *es)
{
    if (es->index && es->latest)
        entries_clear(es);
    free(es->index);
    free(es->latest);
    vec_release(&es->list);
    vec_release(&es->odd);
    arena_release(&es->memory);
}

bool entries_full(const struct entries *es)
{
    return es->list.n >= es->max || es->elements >= es->elements_max ||
           es->described >= es->described_max;
}

/* Hash of window and key: the name under which the state knows them. */
static struct state_key key_of(const struct ruleset *rs, const struct entry_name *name)
{
    struct state_key key;
    unsigned char sum[SHA256_BYTES];
    struct sha256 h;
    const struct rs_window *w = rs->windows + name->window;
    sha256_init(&h);
    sha256_add_part(&h, str_n((const char *)w->hash, sizeof w->hash));
    for (size_t i = 0; i < name->n_parts; i++)
        sha256_add_part(&h, name->parts[i]);
    if (name->untimed)
        sha256_add(&h, str_n((const char *)&name->event, sizeof name->event));
    sha256_end(&h, sum);
    memcpy(key.bytes, sum, sizeof key.bytes);
    return key;
}

/* What is looked up by: a key's SHA-256 is made once an entry, not for each of its events. */
static uint64_t hash_of(const struct entry_name *name)
{
    uint64_t h = quick_hash(QUICK_BEGIN, &name->window, sizeof name->window);
    for (size_t i = 0; i < name->n_parts; i++) {
        h = quick_hash(h, &name->parts[i].n, sizeof name->parts[i].n);
        h = quick_hash(h, name->parts[i].p, name->parts[i].n);
    }
    return h;
}

static bool is_named(const struct entry *en, const struct entry_name *name)
{
    bool same = en->window == name->window && en->stray == name->stray &&
                en->untimed == name->untimed && en->n_parts == name->n_parts &&
                (!en->untimed || id128_cmp(en->event, name->event) == 0);
    for (size_t i = 0; same && i < en->n_parts; i++)
        same = str_present(en->parts[i]) == str_present(name->parts[i]) &&
               str_eq(en->parts[i], name->parts[i]);
    return same;
}

/* Where that entry's number is, or belongs. */
static uint32_t *place_of(const struct entries *es, uint64_t hash, const struct entry_name *name)
{
    for (size_t at = hash & (es->n_index - 1);; at = (at + 1) & (es->n_index - 1)) {
        uint32_t *place = es->index + at;
        if (!*place)
            return place;
        const struct entry *en = entries_at(es, *place - 1);
        if (en->hash == hash && is_named(en, name))
            return place;
    }
}

/* Makes room for one more in the index. */
static bool grow_index(struct entries *es)
{
    size_t n = 2 * es->n_index;
    if (2 * (es->list.n + 1) <= es->n_index)
        return true;
    uint32_t *index = calloc(n, sizeof *index);
    if (!index)
        return false;
    free(es->index);
    es->index = index;
    es->n_index = n;
    for (size_t i = 0; i < es->list.n; i++) {
        size_t at = entries_at(es, i)->hash & (n - 1);
        while (index[at])
            at = (at + 1) & (n - 1);
        index[at] = (uint32_t)i + 1;
    }
    return true;
}

/* Values of one key, those that are too long known by their beginning and their SHA-256. A chained
 * window is given them so and finds them short enough: both hash the same bytes. */
struct short_parts {
    struct str list[2 * ENTRY_PARTS_MAX];
    char room[2 * ENTRY_PARTS_MAX][ENTRY_PART_BYTES];
};

struct str entry_part(struct str s, char room[ENTRY_PART_BYTES])
{
    unsigned char sum[SHA256_BYTES];
    size_t n = ENTRY_PART_BYTES - SHA256_HEX;
    struct sha256 h;
    if (s.n <= ENTRY_PART_BYTES)
        return s;
    sha256_init(&h);
    sha256_add(&h, s);
    sha256_end(&h, sum);
    memcpy(room, s.p, n);
    bytes_hex(room + n, sum, sizeof sum);
    return str_n(room, ENTRY_PART_BYTES);
}

static void shorten_parts(const struct entry_name *name, struct short_parts *out)
{
    for (size_t i = 0; i < name->n_parts; i++)
        out->list[i] = entry_part(name->parts[i], out->room[i]);
}

static const struct str *copy_parts(struct entries *es, const struct entry_name *name)
{
    struct str *parts = arena_array(&es->memory, name->n_parts, sizeof *parts);
    for (size_t i = 0; parts && i < name->n_parts; i++) {
        parts[i] = arena_str(&es->memory, name->parts[i]);
        if (str_present(name->parts[i]) && !str_present(parts[i]))
            return NULL;
    }
    return parts;
}

static struct entry *get_short(struct entries *es, const struct ruleset *rs,
                               const struct entry_name *name, struct err *e)
{
    uint64_t hash = hash_of(name);
    uint32_t *place = place_of(es, hash, name);
    if (*place)
        return entries_at(es, *place - 1);
    struct entry *en = grow_index(es) ? arena_alloc(&es->memory, sizeof *en) : NULL;
    place = place_of(es, hash, name);
    const struct str *parts = en ? copy_parts(es, name) : NULL;
    struct entry **slot = parts ? vec_push(&es->list, 1) : NULL;
    if (!slot) {
        err_set(e, ERR_SYSTEM, "no memory for windows");
        return NULL;
    }
    *en = (struct entry){.window = name->window,
                         .stray = name->stray,
                         .untimed = name->untimed,
                         .event = name->event,
                         .hash = hash,
                         .key = key_of(rs, name),
                         .account = arena_str(&es->memory, name->account),
                         .parts = parts,
                         .n_parts = name->n_parts};
    vec_init(&en->elements, sizeof(struct element), SIZE_MAX);
    vec_init(&en->deeds, sizeof(struct element), SIZE_MAX);
    vec_init(&en->doers, sizeof(struct lineage_doer), SIZE_MAX);
    vec_init(&en->met, sizeof(struct element), SIZE_MAX);
    vec_init(&en->evidence, sizeof(struct element), SIZE_MAX);
    vec_init(&en->glimpses, sizeof(struct glimpse), SIZE_MAX);
    vec_init(&en->all, sizeof(struct element), SIZE_MAX);
    vec_init(&en->spans, sizeof(struct span), SIZE_MAX);
    *slot = en;
    *place = (uint32_t)es->list.n;
    return en;
}

struct entry *entries_get(struct entries *es, const struct ruleset *rs,
                          const struct entry_name *name, struct err *e)
{
    struct entry **latest = es->latest + name->window;
    struct short_parts parts;
    struct entry_name mine = *name;
    if (*latest && is_named(*latest, name))
        return *latest;
    shorten_parts(name, &parts);
    mine.parts = parts.list;
    *latest = get_short(es, rs, &mine, e);
    return *latest;
}

/* Keeps the text of an id that cannot be written again from its 128 bits. */
static void remember_odd(struct entries *es, struct id128 id, struct str text)
{
    struct odd_id *odd = id128_is_uuid(id) ? NULL : vec_push(&es->odd, 1);
    if (odd)
        *odd = (struct odd_id){id, arena_str(&es->memory, str_slice(text, 0, ENTRY_PART_BYTES))};
}

static int odd_order(const void *a, const void *b)
{
    return id128_cmp(((const struct odd_id *)a)->id, ((const struct odd_id *)b)->id);
}

void entries_sort_ids(struct entries *es)
{
    if (es->odd.n)
        qsort(es->odd.p, es->odd.n, sizeof(struct odd_id), odd_order);
}

void entries_put_id(const struct entries *es, struct buf *b, struct id128 id)
{
    struct odd_id want = {.id = id};
    const struct odd_id *odd =
        es->odd.n ? bsearch(&want, es->odd.p, es->odd.n, sizeof want, odd_order) : NULL;
    if (odd && str_present(odd->text))
        buf_put(b, odd->text);
    else
        id128_put(b, id);
}

bool entry_add(struct entries *es, struct entry *en, const struct element *el, struct str evidence,
               struct err *e)
{
    struct element *to = vec_push(&en->elements, 1);
    if (!to)
        return err_set(e, ERR_SYSTEM, "no memory for windows");
    *to = *el;
    es->elements++;
    if (str_present(evidence))
        remember_odd(es, el->event, evidence);
    return true;
}

bool entry_add_deed(struct entries *es, struct entry *en, int64_t time_ms, struct id128 actor,
                    struct err *e)
{
    struct element deed = deed_of(time_ms, actor);
    if (en->deeds.n && element_cmp(vec_at(&en->deeds, en->deeds.n - 1), &deed) == 0)
        return true; /* the values of one event, and what follows within a second */
    struct element *to = vec_push(&en->deeds, 1);
    if (!to)
        return err_set(e, ERR_SYSTEM, "no memory for windows");
    *to = deed;
    es->elements++;
    return true;
}

/* ---- glimpses ---- */

static struct glimpse *glimpse_at(const struct entry *en, size_t i)
{
    return vec_at(&en->glimpses, i);
}

/* The first crowd that ends no earlier than the gap before t. */
static size_t crowd_of(const struct entry *en, int64_t t, int64_t gap_ms)
{
    size_t from = 0, to = en->glimpses.n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (glimpse_at(en, mid)->until_ms < t - gap_ms)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* Takes crowd i out, its text freed. */
static void drop_glimpse(struct entries *es, struct entry *en, size_t i)
{
    struct glimpse *list = en->glimpses.p;
    es->described -= list[i].n;
    free(list[i].text);
    memmove(list + i, list + i + 1, (en->glimpses.n - i - 1) * sizeof *list);
    en->glimpses.n--;
}

static struct glimpse *insert_glimpse(struct entry *en, size_t i, const struct element *el)
{
    if (!vec_push(&en->glimpses, 1))
        return NULL;
    struct glimpse *list = en->glimpses.p;
    memmove(list + i + 1, list + i, (en->glimpses.n - 1 - i) * sizeof *list);
    list[i] = (struct glimpse){.first = *el, .until_ms = el->time_ms};
    return list + i;
}

struct glimpse *entry_glimpse(struct entries *es, struct entry *en, int64_t gap_ms,
                              const struct element *el, bool *news, struct err *e)
{
    int64_t t = el->time_ms;
    size_t i = crowd_of(en, t, gap_ms);
    struct glimpse *g = i < en->glimpses.n ? glimpse_at(en, i) : NULL;
    *news = !g || t < g->first.time_ms - gap_ms || element_cmp(el, &g->first) < 0;
    if (!g || t < g->first.time_ms - gap_ms) {
        g = insert_glimpse(en, i, el);
        if (!g)
            err_set(e, ERR_SYSTEM, "no memory for windows");
        return g;
    }
    if (t > g->until_ms)
        g->until_ms = t;
    while (i + 1 < en->glimpses.n && g[1].first.time_ms - gap_ms <= g->until_ms) {
        if (g[1].until_ms > g->until_ms)
            g->until_ms = g[1].until_ms;
        drop_glimpse(es, en, i + 1);
    }
    return g;
}

bool glimpse_set(struct entries *es, struct glimpse *g, const struct element *el, struct str text,
                 struct err *e)
{
    char *copy = malloc(text.n + 1);
    if (!copy)
        return err_set(e, ERR_SYSTEM, "no memory for windows");
    memcpy(copy, text.p, text.n);
    free(g->text);
    es->described = es->described - g->n + text.n;
    *g = (struct glimpse){*el, g->until_ms, copy, text.n};
    return true;
}
