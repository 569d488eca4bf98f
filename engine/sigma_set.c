/* The documents of all files: names, hashes, and the rule that comes of one. */
#include "engine/sigma_set.h"

#include <stdlib.h>

#define NAMES_OF_ONE         3           /* id, name, title */
#define SIGMA_JSON_BYTES_MAX (64u << 20) /* of one document; a rule file has at most as many */

/* ---- names ---- */

static int name_order(const void *x, const void *y)
{
    const struct sigma_named *a = x, *b = y;
    int order = str_cmp(a->text, b->text);
    return order ? order : a->doc < b->doc ? -1 : a->doc > b->doc;
}

static void set_twins(struct sigma_set *s)
{
    const struct sigma_entry *last = NULL;
    for (size_t i = 0; i < s->n_named; i++) {
        struct sigma_entry *d = sigma_set_at(s, s->named[i].doc);
        if (!str_eq(d->id, s->named[i].text))
            continue;
        if (last && last != d && str_eq(last->id, d->id))
            d->twin = last;
        last = d;
    }
}

bool sigma_set_index(struct sigma_set *s, struct err *e)
{
    struct sigma_named *list = arena_array(&s->memory, s->docs.n, NAMES_OF_ONE * sizeof *list);
    size_t n = 0;
    if (!list)
        return sigma_no_memory(e);
    for (size_t i = 0; i < s->docs.n; i++) {
        const struct sigma_entry *d = sigma_set_at(s, i);
        const struct str names[NAMES_OF_ONE] = {d->id, d->name, d->title};
        for (size_t k = 0; k < NAMES_OF_ONE; k++)
            if (names[k].n)
                list[n++] = (struct sigma_named){names[k], i};
    }
    if (n)
        qsort(list, n, sizeof *list, name_order);
    s->named = list;
    s->n_named = n;
    set_twins(s);
    return true;
}

const struct sigma_named *sigma_set_find(const struct sigma_set *s, struct str text, size_t *n)
{
    size_t low = 0, high = s->n_named;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_cmp(s->named[middle].text, text) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *n = 0;
    while (low + *n < s->n_named && str_eq(s->named[low + *n].text, text))
        ++*n;
    return s->named + low;
}

struct sigma_scope sigma_set_scope(struct sigma_set *s, const struct sigma_entry *d)
{
    return (struct sigma_scope){
        .a = &s->memory,
        .b = s->b,
        .cfg = s->cfg,
        .diags = s->diags,
        .file = d->file,
        .rule = d->label,
        .line = d->root->line,
    };
}

bool sigma_refuse(struct sigma_scope *sc, const struct err *why, struct err *e)
{
    if (why->kind == ERR_SYSTEM) {
        if (e)
            *e = *why;
        return false;
    }
    diag_add(sc->diags, DIAG_REFUSED, sc->file, sc->line, sc->rule, "%s", why->text);
    return true;
}

/* ---- fields ---- */

void sigma_fields_init(struct sigma_fields *f, struct builder *b)
{
    f->b = b;
    vec_init(&f->slots, sizeof(uint32_t), SIGMA_VALUES_MAX);
}

void sigma_fields_release(struct sigma_fields *f)
{
    vec_release(&f->slots);
}

bool sigma_fields_add(struct sigma_fields *f, uint32_t slot)
{
    for (size_t i = 0; i < f->slots.n; i++)
        if (*(uint32_t *)vec_at(&f->slots, i) == slot)
            return true;
    uint32_t *to = vec_push(&f->slots, 1);
    if (to)
        *to = slot;
    return to != NULL;
}

bool sigma_fields_named(struct sigma_scope *sc, const struct yaml *root, struct sigma_fields *f,
                        struct err *e)
{
    size_t n;
    const struct str *named = sigma_texts(sc, root, "fields", &n);
    if (!named)
        return sigma_no_memory(e);
    for (size_t i = 0; i < n; i++) {
        if (!sigma_field_check(sc, yaml_get(root, "fields")->line, named[i], e))
            return false;
        if (!sigma_fields_add(f, builder_slot_fan(f->b, named[i])))
            return sigma_no_memory(e);
    }
    return true;
}

/* ---- the rule ---- */

static bool put_texts(struct sigma_scope *sc, const struct yaml *root, const char *key,
                      struct rs_list *out, struct err *e)
{
    size_t n;
    const struct str *list = sigma_texts(sc, root, key, &n);
    if (!list)
        return sigma_no_memory(e);
    *out = builder_texts(sc->b, list, n);
    return true;
}

static void warn_twin(struct sigma_scope *sc, const struct sigma_entry *d)
{
    if (d->twin)
        diag_add(sc->diags, DIAG_WARNING, sc->file, yaml_get(d->root, "id")->line, sc->rule,
                 "this id is also that of a rule in %.*s, line %u", SHOWN(d->twin->file),
                 d->twin->root->line);
}

static struct str id_of(const struct sigma_meta *m)
{
    if (str_present(m->id))
        return m->id;
    return m->name.n ? m->name : m->title;
}

static bool keep_fields(struct sigma_scope *sc, struct sigma_entry *d, const struct vec *slots,
                        struct err *e)
{
    uint32_t *kept = arena_array(sc->a, slots->n, sizeof *kept);
    if (!kept)
        return sigma_no_memory(e);
    if (slots->n)
        memcpy(kept, slots->p, slots->n * sizeof *kept);
    d->fields = kept;
    d->n_fields = slots->n;
    return true;
}

bool sigma_set_rule(struct sigma_scope *sc, struct sigma_entry *d, const struct sigma_meta *m,
                    const struct sigma_fields *fields, struct err *e)
{
    struct builder *b = sc->b;
    warn_twin(sc, d);
    struct rs_rule r = {
        .id = builder_text(b, id_of(m)),
        .title = builder_text(b, m->title),
        .description = builder_text(b, m->description),
        .runbook = builder_text(b, m->runbook),
        .author = builder_text(b, m->author),
        .status = builder_text(b, m->status),
        .file = builder_text(b, d->file),
        .line = d->root->line,
        .level = (uint8_t)m->level,
        .dialect = DIALECT_SIGMA,
        .source = (uint8_t)sc->source,
        .priority = RS_TEXT_ABSENT,
        .program = d->program,
        .window = RS_NONE,
    };
    if (!put_texts(sc, d->root, "tags", &r.tags, e) ||
        !put_texts(sc, d->root, "references", &r.references, e) ||
        !put_texts(sc, d->root, "falsepositives", &r.falsepositives, e) ||
        !keep_fields(sc, d, &fields->slots, e))
        return false;
    r.fields = builder_numbers(b, d->fields, d->n_fields);
    memcpy(r.hash, d->hash, sizeof r.hash);
    d->source = sc->source;
    d->rule = builder_rule(b, &r);
    d->fate = SIGMA_LOADED;
    return true;
}

/* ---- hashes ---- */

bool sigma_hash_yaml(struct sha256 *h, const struct yaml *y, struct err *e)
{
    struct buf json;
    if (!y) {
        sha256_add_part(h, STR_ABSENT);
        return true;
    }
    buf_init(&json, SIGMA_JSON_BYTES_MAX);
    bool ok = yaml_put_json(&json, y, e) && buf_ok(&json, "a rule's JSON", e);
    if (ok)
        sha256_add_part(h, buf_str(&json));
    buf_release(&json);
    return ok;
}

void sigma_hash_end(struct sha256 *h, unsigned char out[RS_HASH_BYTES])
{
    unsigned char all[SHA256_BYTES];
    sha256_end(h, all);
    memcpy(out, all, RS_HASH_BYTES);
}
