/* Asking IAM: who a principal is, and how it was before anything was done. */
#include "base/escape.h"
#include "base/sha256.h"
#include "handlers/contain_work.h"
#include "respond/arn.h"

/* Inline policies whose text is hashed for the record: each is a call, and the attacker goes on
 * meanwhile. */
#define HASHED_MAX 5

struct iam_at contain_at(const struct container *c, const struct subject *s)
{
    const struct contain_account *a = contain_config_account(c->setup.config, s->account);
    struct iam_at at = {.partition = s->partition, .account = s->account};
    if (a && str_present(a->role)) {
        at.role = a->role;
        at.external_id = a->external_id;
    }
    return at;
}

bool contain_call(struct container *c, struct contain_record *rec, const struct subject *s,
                  struct iam_call call, struct err *why)
{
    struct iam_at at = contain_at(c, s);
    struct arn a;
    if (!call.at) {
        if (arn_parse(call.id, &a) && a.region.n) { /* EC2 and Roles Anywhere have regions */
            at.region = a.region;
            str_cut(&a.resource, '/'); /* and their calls take what stands behind the type */
            call.id = a.resource;
        }
        call.at = &at;
    }
    if (!str_present(call.name))
        call.name = s->name;
    bool ok = c->ports.iam.call(c->ports.iam.self, &call, &c->answer, why);
    if (rec && iam_actions[call.action].writes)
        contain_record_call(rec, contain_now(c), &call, &c->answer);
    return ok;
}

/* A copy that outlives the answer. */
static struct str keep(struct arena *a, struct str s)
{
    return str_present(s) ? arena_str(a, s) : STR_ABSENT;
}

/* ---- who ---- */

/* The user of a key is told by the key. */
static enum iam_result live_key(struct container *c, const struct subject *s,
                                struct contain_live *live, struct err *why)
{
    struct iam_call call = {.action = IAM_GET_ACCESS_KEY_LAST_USED, .id = s->key};
    if (contain_call(c, NULL, s, call, why)) {
        live->found = true;
        live->name = keep(&c->memory, c->answer.name);
        return IAM_OK;
    }
    return c->answer.result == IAM_NO_SUCH ? IAM_OK : c->answer.result;
}

enum iam_result contain_live(struct container *c, const struct subject *s,
                             struct contain_live *live, struct err *why)
{
    *live = (struct contain_live){.found = false};
    if (s->kind == SUBJECT_KEY)
        return live_key(c, s, live, why);
    struct iam_call call = {.action = iam_of(IAM_GET_USER, s->kind == SUBJECT_ROLE)};
    if (!contain_call(c, NULL, s, call, why))
        return c->answer.result == IAM_NO_SUCH ? IAM_OK : c->answer.result;
    live->found = true;
    live->id = keep(&c->memory, c->answer.id);
    live->path = keep(&c->memory, c->answer.path);
    live->name = keep(&c->memory, c->answer.name);
    live->trust = keep(&c->memory, c->answer.trust);
    return IAM_OK;
}

/* ---- how it was ---- */

/* What was asked for, and how it failed. */
struct sight {
    bool ok;
    enum iam_result result;
    struct err why;
};

struct imaging {
    struct container *c;
    struct contain_record *rec;
    struct contain_before b; /* as it is now */
    bool role;
    struct sight main, attached, inlines, keys, console, last;
    struct str trust;
    bool reset; /* a new password is asked for already */
};

static bool ask_for(struct imaging *g, struct sight *s, enum iam_action action,
                    struct iam_call call)
{
    call.action = action;
    s->ok = contain_call(g->c, NULL, &g->rec->subject, call, &s->why);
    s->result = g->c->answer.result;
    return s->ok;
}

static bool ask(struct imaging *g, enum iam_action action, struct iam_call call)
{
    return ask_for(g, &g->last, action, call);
}

/* Whether it was seen; if not, that is what is told. */
static bool was_seen(struct imaging *g, const struct sight *s)
{
    if (!s->ok)
        g->last = *s;
    return s->ok;
}

/* The answer's items, as many as are kept. */
static const struct contain_item *take_items(struct imaging *g, bool by_name, size_t *n)
{
    const struct iam_answer *a = &g->c->answer;
    struct arena *m = g->rec->memory;
    struct contain_item *list = arena_array(m, a->n_items, sizeof *list);
    *n = list ? a->n_items : 0;
    if (*n > CONTAIN_ITEMS_MAX)
        *n = CONTAIN_ITEMS_MAX;
    for (size_t i = 0; i < *n; i++)
        list[i] = (struct contain_item){.id = keep(m, by_name ? a->items[i].name : a->items[i].id),
                                        .value = keep(m, a->items[i].value),
                                        .active = a->items[i].active};
    return list;
}

static void see_main(struct imaging *g)
{
    struct contain_before *b = &g->b;
    const struct iam_answer *a = &g->c->answer;
    if (g->rec->subject.kind == SUBJECT_KEY)
        return;
    if (!ask_for(g, &g->main, iam_of(IAM_GET_USER, g->role), (struct iam_call){0}))
        return;
    b->boundary = keep(g->rec->memory, a->boundary);
    g->trust = keep(g->rec->memory, a->trust);
    b->tags = take_items(g, true, &b->n_tags);
}

static void see_lists(struct imaging *g)
{
    struct contain_before *b = &g->b;
    const struct iam_call none = {0};
    bool key = g->rec->subject.kind == SUBJECT_KEY;
    if (!key && ask_for(g, &g->attached, iam_of(IAM_LIST_ATTACHED_USER_POLICIES, g->role), none))
        b->attached = take_items(g, false, &b->n_attached);
    if (!key && ask_for(g, &g->inlines, iam_of(IAM_LIST_USER_POLICIES, g->role), none))
        b->inlines = take_items(g, true, &b->n_inlines);
    if (g->role)
        return;
    if (ask_for(g, &g->keys, IAM_LIST_ACCESS_KEYS, none))
        b->keys = take_items(g, false, &b->n_keys);
    if (key)
        return;
    b->console = ask_for(g, &g->console, IAM_GET_LOGIN_PROFILE, none);
    g->reset = b->console && g->c->answer.active;
    g->console.ok = b->console || g->console.result == IAM_NO_SUCH;
}

/* The document of an inline policy; absent when there is none. False: it cannot be seen. */
static bool see_document(struct imaging *g, struct str name, struct str *out)
{
    *out = STR_ABSENT;
    bool ok = ask(g, iam_of(IAM_GET_USER_POLICY, g->role), (struct iam_call){.policy = name});
    if (ok)
        *out = keep(g->rec->memory, g->c->answer.document);
    return ok || g->c->answer.result == IAM_NO_SUCH;
}

/* Hashes prove later that the others were left alone. */
static void hash_inlines(struct imaging *g)
{
    struct contain_before *b = &g->b;
    struct contain_item *list = arena_array(g->rec->memory, b->n_inlines, sizeof *list);
    if (!list || b->n_inlines == 0)
        return;
    memcpy(list, b->inlines, b->n_inlines * sizeof *list);
    for (size_t i = 0; i < b->n_inlines && i < HASHED_MAX; i++) {
        struct str document;
        unsigned char raw[SHA256_BYTES];
        char hex[SHA256_HEX];
        struct sha256 h;
        if (!see_document(g, list[i].id, &document) || !str_present(document))
            continue;
        sha256_init(&h);
        sha256_add(&h, document);
        sha256_end(&h, raw);
        bytes_hex(hex, raw, sizeof raw);
        list[i].value = keep(g->rec->memory, str_n(hex, sizeof hex));
    }
    b->inlines = list;
}

static bool has_item(const struct contain_item *list, size_t n, struct str id,
                     const struct contain_item **out)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(list[i].id, id)) {
            *out = list + i;
            return true;
        }
    return false;
}

/* ---- what a step changes ---- */

/* Adds the keys that are active to those that were: they are to be turned off. */
static void add_keys(struct imaging *g, struct contain_done *d)
{
    const struct contain_before *b = &g->b;
    for (size_t i = 0; i < b->n_keys; i++) {
        bool known = !b->keys[i].active ||
                     (d->step.verb != VERB_KEYS_OFF && !str_eq(b->keys[i].id, d->step.target));
        for (size_t k = 0; k < d->n_keys; k++)
            known = known || str_eq(d->keys[k], b->keys[i].id);
        if (!known && d->n_keys < CONTAIN_KEYS_MAX)
            d->keys[d->n_keys++] = b->keys[i].id;
    }
}

static bool is_of_keys(enum contain_verb v)
{
    return v == VERB_KEYS_OFF || v == VERB_KEY_OFF || v == VERB_ROTATE_KEY;
}

static bool was_instance(struct imaging *g, struct contain_done *d)
{
    bool ok = ask(g, IAM_DESCRIBE_INSTANCE_PROFILES, (struct iam_call){.id = d->step.target});
    const struct iam_answer *a = &g->c->answer;
    for (size_t i = 0; ok && i < a->n_items; i++)
        if (a->items[i].active)
            d->was = keep(g->rec->memory, a->items[i].value);
    return ok;
}

static bool was_entry(struct imaging *g, struct contain_done *d, enum iam_action action)
{
    bool ok = ask(g, action, (struct iam_call){.id = d->step.target});
    if (ok && g->c->answer.active)
        d->was = S("enabled");
    return ok;
}

/* Sets what was in the step's place; false when it cannot be seen. */
static bool see_place(struct imaging *g, struct contain_done *d)
{
    const struct contain_before *b = &g->b;
    const struct contain_item *item;
    d->was = STR_ABSENT;
    switch (d->step.verb) {
    case VERB_ATTACH:
        if (has_item(b->attached, b->n_attached, d->step.policy, &item))
            d->was = item->id;
        return was_seen(g, &g->attached);
    case VERB_PUT_INLINE:
        return see_document(g, d->step.policy, &d->was);
    case VERB_PUT_BOUNDARY:
        d->was = b->boundary;
        return was_seen(g, &g->main);
    case VERB_KEYS_OFF:
    case VERB_KEY_OFF:
    case VERB_ROTATE_KEY:
        return was_seen(g, &g->keys);
    case VERB_CONSOLE_OFF:
        d->was = b->console ? S("login profile") : STR_ABSENT;
        return was_seen(g, &g->console);
    case VERB_FORCE_RESET:
        d->was = g->reset ? S("reset") : STR_ABSENT;
        return was_seen(g, &g->console);
    case VERB_TAG:
        if (has_item(b->tags, b->n_tags, S(CONTAIN_TAG), &item))
            d->was = item->value;
        return was_seen(g, &g->main);
    case VERB_CUT_TRUST:
        d->was = g->trust;
        return was_seen(g, &g->main) && str_present(g->trust);
    case VERB_CUT_INSTANCE:
        return was_instance(g, d);
    case VERB_CUT_ANCHOR:
        return was_entry(g, d, IAM_GET_TRUST_ANCHOR);
    case VERB_CUT_PROFILE:
        return was_entry(g, d, IAM_GET_ANYWHERE_PROFILE);
    default:
        return true;
    }
}

static bool is_inline(const struct contain_record *rec)
{
    for (size_t i = 0; i < rec->n_steps; i++)
        if (rec->steps[i].step.verb == VERB_PUT_INLINE || rec->steps[i].step.verb == VERB_CUT_TRUST)
            return true;
    return false;
}

/* Once it is known how the principal was, that stays: what we did meanwhile does not count. */
void contain_image(struct container *c, struct contain_record *rec)
{
    struct imaging g = {.c = c, .rec = rec, .role = rec->subject.kind == SUBJECT_ROLE};
    g.b.known = true;
    see_main(&g);
    see_lists(&g);
    if (is_inline(rec))
        hash_inlines(&g);
    if (!rec->before.known)
        rec->before = g.b;
    for (size_t i = 0; i < rec->n_steps; i++) {
        struct contain_done *d = rec->steps + i;
        if (!d->placed) {
            d->placed = see_place(&g, d);
            d->state = d->placed ? STEP_TODO : STEP_FAILED;
        }
        if (d->placed && d->state == STEP_TODO && is_of_keys(d->step.verb))
            add_keys(&g, d);
        if (d->placed)
            continue;
        d->result = g.last.result;
        d->why = arena_str(rec->memory, str_of(g.last.why.text));
        contain_note(c, &rec->subject, g.last.why.text);
    }
}
