/* Gathers hits into alerts. An alert keeps the hundred first and the hundred last events by
 * inserting each into an ordered array; what falls out of the first hundred is offered to the last
 * hundred, so what stays depends on the set of events only. */
#include "respond/alert.h"

#include <stdlib.h>

#include "base/escape.h"
#include "respond/redact.h"

/* Strings of struct facts that an alert keeps, for a loop over them. */
static struct str *fact(struct facts *f, size_t i)
{
    struct str *const list[] = {
        &f->id,        &f->evidence,   &f->source,     &f->name,     &f->account,
        &f->region,    &f->ip,         &f->user_agent, &f->error,    &f->actor,
        &f->identity,  &f->user_type,  &f->user_name,  &f->user_arn, &f->user_account,
        &f->principal, &f->invoked_by, &f->access_key, &f->issuer,   &f->object,
    };
    return i < sizeof list / sizeof *list ? list[i] : NULL;
}

#define FACTS_MAX 20
/* All strings of an alert, and the ellipses of those that are cut, fit in this. */
#define TEXT_MAX (FACTS_MAX * (ALERT_TEXT_BYTES_MAX + 3) + SHOWN_MAX * (SHOWN_BYTES_MAX + 3) + 8192)

bool alerts_init(struct alerts *s, const struct ruleset *rs, size_t max, alert_fn tell, void *to,
                 struct err *e)
{
    *s = (struct alerts){.rs = rs, .tell = tell, .to = to, .max = max, .n_index = 16};
    vec_init(&s->list, sizeof(struct alert *), max);
    buf_init(&s->text, TEXT_MAX);
    buf_init(&s->scratch, FACTS_OUTPUT_MAX);
    while (s->n_index < 2 * max)
        s->n_index *= 2;
    s->index = calloc(s->n_index, sizeof *s->index);
    return s->index || err_set(e, ERR_SYSTEM, "no memory for alerts");
}

static void alert_free(struct alert *a)
{
    vec_release(&a->early);
    vec_release(&a->late);
    free(a->memory);
    free(a);
}

static struct alert *at(const struct alerts *s, size_t i)
{
    return *(struct alert **)vec_at(&s->list, i);
}

void alerts_clear(struct alerts *s)
{
    for (size_t i = 0; i < s->list.n; i++)
        alert_free(at(s, i));
    s->list.n = 0;
    memset(s->index, 0, s->n_index * sizeof *s->index);
}

void alerts_release(struct alerts *s)
{
    if (!s->rs)
        return; /* never initialised */
    if (s->index)
        alerts_clear(s);
    free(s->index);
    vec_release(&s->list);
    buf_release(&s->text);
    buf_release(&s->scratch);
    *s = (struct alerts){0};
}

/* ---- evidence ----------------------------------------------------------------------------------
 */

static int evidence_cmp(const struct evidence *a, const struct evidence *b)
{
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    return str_cmp(str_n(a->id, a->n), str_n(b->id, b->n));
}

static void evidence_of(const struct facts *f, struct evidence *out)
{
    *out = (struct evidence){.time_ms = f->time_ms};
    struct str id = f->evidence;
    if (id.n <= EVIDENCE_ID_MAX) {
        memcpy(out->id, id.p, id.n);
        out->n = (uint32_t)id.n;
        return;
    }
    unsigned char raw[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add(&h, id);
    sha256_end(&h, raw);
    struct buf hex;
    buf_init(&hex, EVIDENCE_ID_MAX);
    buf_put_hex(&hex, raw, sizeof raw);
    out->n = (uint32_t)hex.n;
    memcpy(out->id, buf_str(&hex).p, hex.n);
    buf_release(&hex);
}

/* Puts x in its place; the array has room. */
static void insert(struct vec *v, const struct evidence *x)
{
    struct evidence *list = v->p;
    size_t i = v->n - 1;
    while (i > 0 && evidence_cmp(&list[i - 1], x) > 0) {
        list[i] = list[i - 1];
        i--;
    }
    list[i] = *x;
}

static bool keep_late(struct alert *a, const struct evidence *x)
{
    struct evidence *list = a->late.p;
    if (a->late.n < EVIDENCE_KEPT) {
        if (!vec_push(&a->late, 1))
            return false;
    } else if (evidence_cmp(x, &list[0]) > 0) {
        memmove(list, list + 1, (EVIDENCE_KEPT - 1) * sizeof *list);
    } else {
        return true;
    }
    insert(&a->late, x);
    return true;
}

static bool keep_evidence(struct alert *a, const struct evidence *x)
{
    if (a->early.n < EVIDENCE_KEPT) {
        if (!vec_push(&a->early, 1))
            return false;
        insert(&a->early, x);
        return true;
    }
    struct evidence *last = vec_at(&a->early, EVIDENCE_KEPT - 1);
    if (evidence_cmp(x, last) >= 0)
        return keep_late(a, x);
    struct evidence out = *last;
    insert(&a->early, x);
    return keep_late(a, &out);
}

/* ---- the first event ---------------------------------------------------------------------------
 */

/* Where a string lies in the text that is being gathered. */
struct piece {
    size_t at, n;
    bool present;
};

/* Appends s, cut at a character's beginning when it is over max. */
static struct piece put_piece(struct buf *b, struct str s, size_t max)
{
    size_t from = b->n;
    size_t n = s.n;
    if (n > max) {
        n = max;
        while (n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
            n--;
    }
    buf_put(b, str_n(s.p ? s.p : "", n));
    if (n < s.n)
        buf_putz(b, "\xE2\x80\xA6");
    return (struct piece){from, b->n - from, str_present(s)};
}

/* The value of a slot as it may be shown; several values (a path that ran over an array) joined. */
static struct str shown_value(struct event *ev, uint32_t slot, struct buf *scratch)
{
    const struct ruleset *rs = ev->rules;
    struct value *v = event_first(ev, slot);
    if (!v)
        return STR_ABSENT;
    if (redact_is_secret_path(rs_str(rs, rs->slots[slot].path)))
        return S(REDACTED);
    if (v->type == JSON_ARRAY || !event_next(ev, v))
        return redact_text(event_text(ev, v), &ev->scratch);
    buf_reset(scratch);
    for (; v && scratch->n <= SHOWN_BYTES_MAX; v = event_next(ev, v)) {
        if (scratch->n)
            buf_putz(scratch, ", ");
        buf_put(scratch, event_text(ev, v));
    }
    return redact_text(buf_str(scratch), &ev->scratch);
}

struct pieces {
    struct piece facts[FACTS_MAX];
    struct piece output;
    struct piece shown[SHOWN_MAX];
    struct str names[SHOWN_MAX];
    size_t n_shown;
};

static void gather(struct alerts *s, struct event *ev, uint32_t rule, struct facts *f,
                   struct pieces *p)
{
    const struct rs_rule *r = &s->rs->rules[rule];
    buf_reset(&s->text);
    for (size_t i = 0; fact(f, i); i++)
        p->facts[i] = put_piece(&s->text, *fact(f, i), ALERT_TEXT_BYTES_MAX);
    p->output = put_piece(&s->text, facts_output(ev, rule, &s->scratch), ALERT_TEXT_BYTES_MAX);
    p->n_shown = 0;
    for (uint32_t i = 0; i < r->fields.n && p->n_shown < SHOWN_MAX; i++) {
        uint32_t slot = s->rs->numbers[r->fields.first + i];
        struct str value = shown_value(ev, slot, &s->scratch);
        if (!str_present(value))
            continue;
        p->names[p->n_shown] = rs_str(s->rs, s->rs->slots[slot].path);
        p->shown[p->n_shown++] = put_piece(&s->text, value, SHOWN_BYTES_MAX);
    }
}

static struct str piece_str(const char *text, struct piece p)
{
    return p.present ? str_n(text + p.at, p.n) : STR_ABSENT;
}

/* Makes f, read from the present event, the alert's first. */
static bool become_first(struct alerts *s, struct alert *a, struct event *ev, const struct facts *f,
                         struct err *e)
{
    struct facts first = *f;
    struct pieces p;
    gather(s, ev, a->rule, &first, &p);
    size_t table = p.n_shown * sizeof(struct shown);
    char *memory = s->text.failed ? NULL : malloc(table + s->text.n + 1);
    if (!memory)
        return err_set(e, ERR_SYSTEM, "no memory for an alert");
    struct shown *shown = (struct shown *)(void *)memory;
    char *text = memory + table;
    memcpy(text, buf_str(&s->text).p, s->text.n);
    for (size_t i = 0; fact(&first, i); i++)
        *fact(&first, i) = piece_str(text, p.facts[i]);
    for (size_t i = 0; i < p.n_shown; i++)
        shown[i] = (struct shown){p.names[i], piece_str(text, p.shown[i])};
    free(a->memory);
    a->memory = memory;
    a->first = first;
    a->output = piece_str(text, p.output);
    a->shown = shown;
    a->n_shown = p.n_shown;
    return true;
}

/* ---- the set -----------------------------------------------------------------------------------
 */

static void key_of(const struct alerts *s, uint32_t rule, const struct facts *f,
                   unsigned char key[SHA256_BYTES])
{
    struct sha256 h;
    sha256_init(&h);
    sha256_add_part(&h, rs_str(s->rs, s->rs->rules[rule].id));
    sha256_add_part(&h, f->account);
    sha256_add_part(&h, f->identity);
    sha256_end(&h, key);
}

/* The id: first half of SHA-256 over the key and the first event's id. */
static void set_id(struct alert *a)
{
    const struct evidence *first = vec_at(&a->early, 0);
    unsigned char raw[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add_part(&h, str_n((const char *)a->key, sizeof a->key));
    sha256_add_part(&h, str_n(first->id, first->n));
    sha256_end(&h, raw);
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < ALERT_ID_HEX / 2; i++) {
        a->id[2 * i] = digit[raw[i] >> 4];
        a->id[2 * i + 1] = digit[raw[i] & 15];
    }
    a->id[ALERT_ID_HEX] = '\0';
}

/* The place of key in the index: its alert's, or the empty one where it would go. */
static uint32_t *find(const struct alerts *s, const unsigned char key[SHA256_BYTES])
{
    size_t i;
    memcpy(&i, key, sizeof i);
    for (i &= s->n_index - 1;; i = (i + 1) & (s->n_index - 1)) {
        uint32_t *place = &s->index[i];
        if (!*place)
            return place;
        if (memcmp(at(s, *place - 1)->key, key, SHA256_BYTES) == 0)
            return place;
    }
}

static struct alert *alert_new(struct alerts *s, const unsigned char key[SHA256_BYTES],
                               uint32_t rule)
{
    struct alert *a = calloc(1, sizeof *a);
    struct alert **place = a ? vec_push(&s->list, 1) : NULL;
    if (!place) {
        free(a);
        return NULL;
    }
    *place = a;
    a->rule = rule;
    memcpy(a->key, key, SHA256_BYTES);
    vec_init(&a->early, sizeof(struct evidence), EVIDENCE_KEPT);
    vec_init(&a->late, sizeof(struct evidence), EVIDENCE_KEPT);
    return a;
}

static void stretch(struct alert *a, const struct facts *f)
{
    a->count++;
    if (!f->timed)
        return;
    if (!a->timed || f->time_ms < a->first_ms)
        a->first_ms = f->time_ms;
    if (!a->timed || f->time_ms > a->last_ms)
        a->last_ms = f->time_ms;
    a->timed = true;
}

/* Takes back the alert that was added last, at this place of the index. */
static void take_back(struct alerts *s, uint32_t *place)
{
    alert_free(at(s, s->list.n - 1));
    s->list.n--;
    *place = 0;
}

/* Adds the event to its alert. */
static bool alert_add(struct alerts *s, struct alert *a, struct event *ev, const struct facts *f,
                      struct err *e)
{
    struct evidence x;
    evidence_of(f, &x);
    if (a->count && evidence_cmp(&x, &a->latest) == 0)
        return true;
    a->latest = x;
    bool first = a->early.n == 0 || evidence_cmp(&x, vec_at(&a->early, 0)) < 0;
    if (first && !become_first(s, a, ev, f, e))
        return false;
    if (!keep_evidence(a, &x))
        return err_set(e, ERR_SYSTEM, "no memory for an alert's evidence");
    stretch(a, f);
    return true;
}

bool alerts_add(struct alerts *s, struct event *ev, uint32_t rule, const struct facts *f,
                struct err *e)
{
    unsigned char key[SHA256_BYTES];
    key_of(s, rule, f, key);
    uint32_t *place = find(s, key);
    bool fresh = !*place;
    if (fresh) {
        if (s->list.n == s->max) {
            if (!alerts_flush(s, e))
                return false;
            place = find(s, key);
        }
        if (!alert_new(s, key, rule))
            return err_set(e, ERR_SYSTEM, "no memory for an alert");
        *place = (uint32_t)s->list.n;
    }
    if (alert_add(s, at(s, *place - 1), ev, f, e))
        return true;
    if (fresh) /* an alert without an event has no id */
        take_back(s, place);
    return false;
}

static int order(const struct ruleset *rs, const struct alert *a, const struct alert *b)
{
    if (a->first.time_ms != b->first.time_ms)
        return a->first.time_ms < b->first.time_ms ? -1 : 1;
    int c = str_cmp(rs_str(rs, rs->rules[a->rule].id), rs_str(rs, rs->rules[b->rule].id));
    if (c == 0)
        c = str_cmp(a->first.account, b->first.account);
    if (c == 0)
        c = str_cmp(a->first.identity, b->first.identity);
    return c ? c : memcmp(a->key, b->key, SHA256_BYTES);
}

/* Sifts the alert at i down in a heap of n (heap sort: bounded time whatever the order, and unlike
 * qsort it can hand the ruleset to the comparison). */
static void sift(const struct ruleset *rs, struct alert **list, size_t i, size_t n)
{
    for (size_t kid = 2 * i + 1; kid < n; i = kid, kid = 2 * i + 1) {
        if (kid + 1 < n && order(rs, list[kid], list[kid + 1]) < 0)
            kid++;
        if (order(rs, list[i], list[kid]) >= 0)
            return;
        struct alert *t = list[i];
        list[i] = list[kid];
        list[kid] = t;
    }
}

static void sort(struct alerts *s)
{
    struct alert **list = s->list.p;
    size_t n = s->list.n;
    for (size_t i = n / 2; i-- > 0;)
        sift(s->rs, list, i, n);
    for (size_t end = n; end-- > 1;) {
        struct alert *t = list[0];
        list[0] = list[end];
        list[end] = t;
        sift(s->rs, list, 0, end);
    }
}

bool alerts_flush(struct alerts *s, struct err *e)
{
    sort(s);
    bool ok = true;
    for (size_t i = 0; ok && i < s->list.n; i++) {
        set_id(at(s, i));
        ok = s->tell(s->to, s->rs, at(s, i), e);
    }
    alerts_clear(s);
    return ok;
}
