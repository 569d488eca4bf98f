/* Placing alerts in the records of their lineages' roots, and telling what is due. */
#include <stdlib.h>

#include "handlers/lineage_work.h"

/* Looks at what others are to tell, before the object is handed back; and the time between two. */
#define LOOKS_MAX WINDOWS_LOOKS_MAX
#define LOOK_MS   200
/* Of the shelf's memory: when so much is used, it is emptied before the next root is read. */
#define SHELF_FULL (LINEAGES_MEMORY_MAX / 8)

/* What this delivery has to do with one lineage. */
struct root_work {
    struct id128 node;  /* its root, when it was looked up */
    struct vec signals; /* struct record_signal */
    struct vec spans;   /* struct span */
    bool linked, placed;
};

/* A message that was told and is not noted yet. */
struct told_mark {
    unsigned char id[INCIDENT_ID_BYTES];
    uint32_t told;
};

struct settling {
    struct lineages *l;
    struct vec works; /* struct root_work */
    struct vec marks; /* struct told_mark; of the present work */
};

static struct root_work *work_at(const struct settling *s, size_t i)
{
    return vec_at(&s->works, i);
}

/* ---- whose alerts ---- */

static struct root_work *work_of(struct settling *s, struct id128 root)
{
    for (size_t i = 0; i < s->works.n; i++)
        if (id128_cmp(work_at(s, i)->node, root) == 0)
            return work_at(s, i);
    struct root_work *w = vec_push(&s->works, 1);
    if (!w)
        return NULL;
    w->node = root;
    vec_init(&w->signals, sizeof(struct record_signal), SIZE_MAX);
    vec_init(&w->spans, sizeof(struct span), SIZE_MAX);
    return w;
}

/* One signal of an alert, and the lineage that it is of. */
struct placed {
    struct id128 root;
    struct record_signal signal;
};

/* The signal of that lineage, made by its first deed. NULL without memory. */
static struct placed *placed_of(struct vec *list, struct id128 root, const struct deed *d,
                                const struct record_signal *alert)
{
    for (size_t i = 0; i < list->n; i++) {
        struct placed *p = vec_at(list, i);
        if (id128_cmp(p->root, root) == 0)
            return p;
    }
    struct placed *p = vec_push(list, 1);
    if (!p)
        return NULL;
    p->root = root;
    p->signal = *alert;
    p->signal.actor = d->actor;
    p->signal.first_ms = p->signal.last_ms = d->time_ms;
    return p;
}

/* Parts an alert by the lineages of who did it. That of its latest deed is its main one; the times
 * are the lineage's own when there are several. */
static bool part_alert(struct settling *s, const struct placing *from, struct vec *list,
                       struct err *e)
{
    struct placed *last = NULL;
    for (size_t i = 0; i < from->n_deeds; i++) {
        const struct deed *d = from->deeds + i;
        const struct held *root = shelf_root(&s->l->shelf, d->actor, e);
        if (!root)
            return false;
        last = placed_of(list, root->id, d, &from->signal);
        if (!last)
            return lineages_no_memory(e);
        if (d->time_ms > last->signal.last_ms)
            last->signal.last_ms = d->time_ms;
    }
    last->signal.main = true;
    if (list->n == 1) {
        last->signal.first_ms = from->signal.first_ms;
        last->signal.last_ms = from->signal.last_ms;
    }
    return true;
}

static bool put_signal(struct settling *s, const struct placed *p, struct err *e)
{
    struct root_work *w = work_of(s, p->root);
    struct record_signal *signal = w ? vec_push(&w->signals, 1) : NULL;
    struct span *span = signal ? vec_push(&w->spans, 1) : NULL;
    if (!span)
        return lineages_no_memory(e);
    *signal = p->signal;
    *span = (struct span){p->signal.first_ms, p->signal.last_ms};
    return true;
}

static bool put_alert(struct settling *s, const struct placing *from, struct err *e)
{
    struct vec list;
    vec_init(&list, sizeof(struct placed), SIZE_MAX);
    bool ok = part_alert(s, from, &list, e);
    for (size_t i = 0; ok && i < list.n; i++)
        ok = put_signal(s, vec_at(&list, i), e);
    vec_release(&list);
    return ok;
}

/* Reads the ways of all actors at once. */
static bool follow_actors(struct lineages *l, struct err *e)
{
    struct vec ids;
    bool ok = true;
    vec_init(&ids, sizeof(struct id128), SIZE_MAX);
    for (size_t i = 0; i < l->placings.n && ok; i++) {
        const struct placing *p = vec_at(&l->placings, i);
        for (size_t k = 0; k < p->n_deeds && ok; k++) {
            bool same = k && id128_cmp(p->deeds[k].actor, p->deeds[k - 1].actor) == 0;
            struct id128 *to = same ? NULL : vec_push(&ids, 1);
            ok = same || to;
            if (to)
                *to = p->deeds[k].actor;
        }
    }
    ok = ok ? shelf_follow(&l->shelf, ids.p, ids.n, e) : lineages_no_memory(e);
    vec_release(&ids);
    return ok;
}

static bool find_works(struct settling *s, struct err *e)
{
    struct lineages *l = s->l;
    bool ok = follow_actors(l, e) && shelf_follow(&l->shelf, l->touched.p, l->touched.n, e);
    for (size_t i = 0; i < l->placings.n && ok; i++)
        ok = put_alert(s, vec_at(&l->placings, i), e);
    for (size_t i = 0; i < l->touched.n && ok; i++) {
        struct held *root = shelf_root(&l->shelf, *(struct id128 *)vec_at(&l->touched, i), e);
        if (!root)
            return false;
        struct root_work *w = root->item.book.list.n ? work_of(s, root->id) : NULL;
        if (w)
            w->linked = true;
        ok = w || root->item.book.list.n == 0 || lineages_no_memory(e);
    }
    return ok;
}

/* ---- claiming ---- */

static struct record_telling telling_of(const struct lineages *l, const struct root_work *w)
{
    struct record_telling by = {.now_ms = l->delivery.now_ms,
                                .lease_ms = l->delivery.lease_ms,
                                .again = l->delivery.again,
                                .min_level = l->cfg.min_level,
                                .spans = w->spans.p,
                                .n_spans = w->spans.n,
                                .linked = w->linked};
    memcpy(by.owner, l->delivery.owner, sizeof by.owner);
    return by;
}

/* Records that ended before it are never met again but by events that are told with their object
 * alone. */
static int64_t horizon_of(const struct lineages *l)
{
    return l->cfg.archive ? INT64_MIN : l->delivery.now_ms - l->cfg.memory_ms - INCIDENT_GAP_MS;
}

/* What is asked of a root's records. */
typedef bool (*change_fn)(struct settling *s, struct root_work *w, struct book *b, struct err *e);

static bool encode(const struct held *h, struct buf *b, struct err *e)
{
    buf_reset(b);
    node_item_encode(&h->item, b);
    return buf_ok(b, "the item of an identity", e);
}

/* Changes the root's records once; *done unless another was first. */
static bool try_change(struct settling *s, struct root_work *w, struct held *root, change_fn change,
                       bool *done, struct err *e)
{
    struct buf before, after;
    uint64_t conflicts = 0;
    buf_init(&before, RECORDS_BYTES_MAX);
    buf_init(&after, RECORDS_BYTES_MAX);
    bool ok =
        encode(root, &before, e) && change(s, w, &root->item.book, e) && encode(root, &after, e);
    if (ok && !str_eq(buf_str(&before), buf_str(&after)))
        ok = shelf_write(&s->l->shelf, &root, 1, &conflicts, e);
    s->l->counts.conflicts += conflicts;
    *done = conflicts == 0;
    buf_release(&before);
    buf_release(&after);
    return ok;
}

/* Reads a node's root once more. When it has moved meanwhile, what the shelf has of the root that
 * it moved under may be older than the move, and lack the records that went along: it is read
 * again as well. NULL with e, or without a root to begin with. */
static struct held *reread_root(struct lineages *l, struct id128 node, struct held *root,
                                struct err *e)
{
    for (struct held *was = NULL; root && root != was;) {
        was = root;
        shelf_forget(root);
        root = shelf_root(&l->shelf, node, e);
    }
    return root;
}

/* Changes them, by compare-and-set until it succeeds; `fresh`: what others did since it was read
 * matters. The root, or NULL with e. */
static struct held *change_root(struct settling *s, struct root_work *w, bool fresh,
                                change_fn change, struct err *e)
{
    struct lineages *l = s->l;
    for (unsigned round = 0; round < LINEAGES_SWAPS_MAX; round++) {
        bool done;
        if (l->shelf.memory.used > SHELF_FULL)
            shelf_reset(&l->shelf);
        struct held *root = shelf_root(&l->shelf, w->node, e);
        if (fresh || round)
            root = reread_root(l, w->node, root, e);
        if (!root || !try_change(s, w, root, change, &done, e))
            return NULL;
        if (done)
            return root;
        l->state.pause(l->state.self, LINEAGES_PAUSE_MS * (int64_t)(round + 1));
    }
    err_set(e, ERR_RETRY, "other deliveries keep changing the same incidents");
    return NULL;
}

static bool claim(struct settling *s, struct root_work *w, struct book *b, struct err *e)
{
    struct record_telling by = telling_of(s->l, w);
    book_expire(b, horizon_of(s->l));
    for (size_t i = 0; i < w->signals.n && !w->placed; i++)
        if (!book_place(b, vec_at(&w->signals, i), e))
            return false;
    book_claim(b, &by);
    return true;
}

static bool mark(struct settling *s, struct root_work *w, struct book *b, struct err *e)
{
    (void)w;
    (void)e;
    for (size_t i = 0; i < s->marks.n; i++) {
        const struct told_mark *m = vec_at(&s->marks, i);
        book_mark(b, m->id, m->told);
    }
    return true;
}

/* ---- telling ---- */

/* Makes the incident known by its id and by its day, in front of its first message. Whoever was
 * first has named a node of the same lineage. */
static bool register_incident(struct lineages *l, const struct held *root,
                              const struct incident_record *i, struct err *e)
{
    struct element el = {.time_ms = i->first_ms == INT64_MIN ? 0 : i->first_ms};
    char node[17] = {1}; /* version of the wire form, id */
    for (unsigned k = 0; k < 8; k++) {
        node[1 + k] = (char)(unsigned char)(root->id.hi >> (56 - 8 * k));
        node[9 + k] = (char)(unsigned char)(root->id.lo >> (56 - 8 * k));
        el.event.hi = el.event.hi << 8 | i->id[k];
        el.event.lo = el.event.lo << 8 | i->id[8 + k];
    }
    struct state_swap swap = {incident_key(i->id), str_n(node, sizeof node), 0, l->shelf.expires_s,
                              false};
    const struct state_add add = {index_key(), bucket_of(el.time_ms, INDEX_BUCKET_MS), &el, 1,
                                  l->shelf.expires_s};
    return l->state.swap(l->state.self, &swap, 1, e) && lineages_add(l, &add, 1, e);
}

static bool tell_one(struct settling *s, const struct held *root, const struct incident_record *i,
                     struct err *e)
{
    struct lineages *l = s->l;
    struct told_incident told = {.updates = i->due - 1, .record = i, .root = root->id};
    struct told_mark *m = vec_push(&s->marks, 1);
    if (!m)
        return lineages_no_memory(e);
    memcpy(told.id, i->id, sizeof told.id);
    memcpy(m->id, i->id, sizeof m->id);
    m->told = i->due;
    if ((i->due == 1 && !register_incident(l, root, i, e)) || !l->calls.tell(l->calls.to, &told, e))
        return false;
    l->counts.told++;
    return true;
}

static bool tell_mine(struct settling *s, const struct root_work *w, const struct held *root,
                      struct err *e)
{
    struct record_telling by = telling_of(s->l, w);
    s->marks.n = 0;
    for (size_t i = 0; i < root->item.book.list.n; i++) {
        const struct incident_record *r = book_at(&root->item.book, i);
        if (record_is_mine(r, &by) && !tell_one(s, root, r, e))
            return false;
    }
    return true;
}

/* Claims, tells and marks what is this delivery's; and looks again a few times while others have
 * something left to tell, or what they told was not all there is by now. */
static bool settle_work(struct settling *s, struct root_work *w, struct err *e)
{
    for (unsigned look = 0; look < LOOKS_MAX; look++) {
        struct record_telling by = telling_of(s->l, w);
        if (look)
            s->l->state.pause(s->l->state.self, LOOK_MS);
        struct held *root = change_root(s, w, look > 0, claim, e);
        if (!root)
            return false;
        w->placed = true;
        if (!tell_mine(s, w, root, e))
            return false;
        if (s->marks.n)
            root = change_root(s, w, false, mark, e);
        if (!root)
            return false;
        if (book_settled(&root->item.book, &by))
            return true;
    }
    return err_set(e, ERR_RETRY,
                   "another delivery has still to tell an incident that this one touched");
}

bool lineages_place(struct lineages *l, struct err *e)
{
    struct settling s = {.l = l};
    vec_init(&s.works, sizeof(struct root_work), SIZE_MAX);
    vec_init(&s.marks, sizeof(struct told_mark), SIZE_MAX);
    bool ok = find_works(&s, e);
    for (size_t i = 0; i < s.works.n && ok; i++)
        ok = settle_work(&s, work_at(&s, i), e);
    for (size_t i = 0; i < s.works.n; i++) {
        vec_release(&work_at(&s, i)->signals);
        vec_release(&work_at(&s, i)->spans);
    }
    vec_release(&s.works);
    vec_release(&s.marks);
    return ok;
}
