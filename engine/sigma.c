/* The Sigma front end: collects documents, compiles the rules among them, applies the filters. */
#include "engine/sigma.h"

#include <stdlib.h>

#include "base/vec.h"
#include "engine/sigma_doc.h"

#define SIGMA_MEMORY_MAX (512u << 20) /* parts of all rules; 800 public rules take 6 MB */
#define SIGMA_DOCS_MAX   100000

enum doc_kind { DOC_RULE, DOC_FILTER, DOC_CORRELATION };

/* One document as added. */
struct doc {
    enum doc_kind kind;
    const struct yaml *root;
    struct str file;
    struct str label;
    const struct doc *twin; /* an earlier one with the same id */
};

/* What a filter names: a rule's id, name or title, or (absent) any. */
struct filter_ref {
    struct str name;
    unsigned line;
    bool found;
};

struct filter {
    const struct doc *doc;
    struct sigma_source source;
    struct filter_ref *refs;
    size_t n_refs;
    bool any;
    struct sigma_logic logic;
    bool emitted;
    uint32_t node;
};

struct sigma {
    struct builder *b;
    const struct rule_config *cfg;
    struct diags *diags;
    struct arena memory;
    struct vec docs;    /* struct doc */
    struct vec filters; /* struct filter */
};

struct sigma *sigma_new(struct builder *b, const struct rule_config *cfg, struct diags *diags)
{
    struct sigma *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->b = b;
    s->cfg = cfg;
    s->diags = diags;
    arena_init(&s->memory, SIGMA_MEMORY_MAX);
    vec_init(&s->docs, sizeof(struct doc), SIGMA_DOCS_MAX);
    vec_init(&s->filters, sizeof(struct filter), SIGMA_DOCS_MAX);
    return s;
}

void sigma_free(struct sigma *s)
{
    if (!s)
        return;
    arena_release(&s->memory);
    vec_release(&s->docs);
    vec_release(&s->filters);
    free(s);
}

static struct sigma_scope scope_of(struct sigma *s, struct str file, struct str label)
{
    return (struct sigma_scope){
        .a = &s->memory,
        .b = s->b,
        .cfg = s->cfg,
        .diags = s->diags,
        .file = file,
        .rule = label,
    };
}

/* What a failure of one document means: without memory the loading ends, else the document is
 * refused and the next one comes. */
static bool refuse(struct sigma_scope *sc, const struct err *why, struct err *e)
{
    if (why->kind == ERR_SYSTEM) {
        if (e)
            *e = *why;
        return false;
    }
    diag_add(sc->diags, DIAG_REFUSED, sc->file, sc->line, sc->rule, "%s", why->text);
    return true;
}

/* ---- collecting -------------------------------------------------------------------------------
 */

/* What documents have left for those after them in the same file. Collections as Sigma had them
 * before 2.0: what `global` says is said in every document after it, until another `global` or a
 * `reset`; `repeat` is the document before with some keys changed. */
struct collection {
    const struct yaml *global;
    const struct yaml *previous;
};

static enum doc_kind kind_of(const struct yaml *root)
{
    if (yaml_get(root, "correlation"))
        return DOC_CORRELATION;
    return yaml_get(root, "filter") ? DOC_FILTER : DOC_RULE;
}

static bool add_doc(struct sigma *s, struct str file, const struct yaml *root, struct err *e)
{
    struct doc *d = vec_push(&s->docs, 1);
    if (!d)
        return err_set(e, ERR_LIMIT, "more than %d Sigma documents", SIGMA_DOCS_MAX);
    *d = (struct doc){kind_of(root), root, file, sigma_label(root), NULL};
    return true;
}

/* Notes what an `action` asks for. *whole is the rule that comes of it, NULL when none does. */
static bool collect(struct sigma_scope *sc, struct collection *c, const struct yaml *root,
                    const struct yaml **whole, struct err *e)
{
    const struct yaml *at = yaml_get(root, "action");
    struct str action = yaml_text(at);
    *whole = NULL;
    if (str_eqz(action, "global")) {
        c->global = c->previous = root;
        return true;
    }
    if (str_eqz(action, "reset")) {
        c->global = NULL;
        return true;
    }
    if (at && !str_eqz(action, "repeat"))
        return sigma_at(
            sc, at->line,
            err_set(e, ERR_INPUT, "action '%.*s' is none of global, reset, repeat", SHOWN(action)));
    if (at && !c->previous)
        return sigma_at(sc, at->line, err_set(e, ERR_INPUT, "there is nothing to repeat"));
    *whole = at ? sigma_merge(sc->a, c->previous, root) : sigma_merge(sc->a, root, c->global);
    c->previous = *whole;
    return *whole || sigma_no_memory(e);
}

static bool add_one(struct sigma *s, struct collection *c, struct str file, const struct yaml *root,
                    struct err *e)
{
    struct sigma_scope sc = scope_of(s, file, sigma_label(root));
    const struct yaml *whole;
    struct err why;
    if (!sigma_check_keys(&sc, root, &why) || !collect(&sc, c, root, &whole, &why))
        return refuse(&sc, &why, e);
    return !whole || add_doc(s, file, whole, e);
}

bool sigma_add(struct sigma *s, struct str file, const struct yaml **docs, size_t n, struct err *e)
{
    struct collection c = {NULL, NULL};
    struct str kept = arena_str(&s->memory, file);
    if (!str_present(kept))
        return sigma_no_memory(e);
    for (size_t i = 0; i < n; i++)
        if (docs[i]->kind == YAML_MAP && !add_one(s, &c, kept, docs[i], e))
            return false;
    return true;
}

/* ---- ids given twice --------------------------------------------------------------------------
 */

struct id_entry {
    struct str id;
    size_t at;
};

static int id_order(const void *x, const void *y)
{
    const struct id_entry *a = x, *b = y;
    int order = str_cmp(a->id, b->id);
    return order ? order : a->at < b->at ? -1 : a->at > b->at;
}

static bool find_twins(struct sigma *s, struct err *e)
{
    struct id_entry *list = arena_array(&s->memory, s->docs.n, sizeof *list);
    size_t n = 0;
    if (!list)
        return sigma_no_memory(e);
    for (size_t i = 0; i < s->docs.n; i++) {
        const struct doc *d = vec_at(&s->docs, i);
        struct str id = yaml_text(yaml_get(d->root, "id"));
        if (id.n)
            list[n++] = (struct id_entry){id, i};
    }
    if (n)
        qsort(list, n, sizeof *list, id_order);
    for (size_t i = 1; i < n; i++)
        if (str_eq(list[i - 1].id, list[i].id))
            ((struct doc *)vec_at(&s->docs, list[i].at))->twin = vec_at(&s->docs, list[i - 1].at);
    return true;
}

static void warn_twin(struct sigma_scope *sc, const struct doc *d)
{
    if (d->twin)
        diag_add(sc->diags, DIAG_WARNING, sc->file, yaml_get(d->root, "id")->line, sc->rule,
                 "this id is also that of a rule in %.*s, line %u", SHOWN(d->twin->file),
                 d->twin->root->line);
}

/* ---- filters ----------------------------------------------------------------------------------
 */

static void skip_source(struct sigma_scope *sc, const struct yaml *root,
                        const struct sigma_source *s)
{
    diag_add(sc->diags, DIAG_SKIPPED, sc->file, yaml_get(root, "logsource")->line, sc->rule,
             "its log source is not read here (product '%.*s', category '%.*s', service '%.*s')",
             SHOWN(s->product), SHOWN(s->category), SHOWN(s->service));
}

/* rules: any, or a list of ids, names and titles. */
static bool read_refs(struct sigma_scope *sc, struct filter *f, const struct yaml *root,
                      struct err *e)
{
    const struct yaml *rules = yaml_get(root, "rules");
    if (!rules)
        return sigma_at(sc, root->line, err_set(e, ERR_INPUT, "the filter names no rules"));
    bool list = rules->kind == YAML_SEQ;
    f->n_refs = list ? rules->n : 1;
    f->refs = arena_array(sc->a, f->n_refs, sizeof *f->refs);
    if (!f->refs)
        return sigma_no_memory(e);
    if (f->n_refs == 0)
        return sigma_at(sc, rules->line, err_set(e, ERR_INPUT, "the filter's 'rules' is empty"));
    for (size_t i = 0; i < f->n_refs; i++) {
        const struct yaml *one = list ? rules->items[i] : rules;
        f->refs[i] = (struct filter_ref){yaml_text(one), one->line, false};
        if (f->refs[i].name.n == 0)
            return sigma_at(sc, one->line,
                            err_set(e, ERR_INPUT, "the filter's 'rules' holds what is no text"));
    }
    f->any = !list && str_eq_fold(f->refs[0].name, S("any"));
    f->refs[0].found = f->any;
    return true;
}

static bool read_filter(struct sigma_scope *sc, struct sigma *s, const struct doc *d, struct err *e)
{
    struct sigma_meta meta;
    struct filter f = {.doc = d};
    const struct yaml *y = yaml_get(d->root, "filter");
    if (!sigma_meta_read(sc, d->root, &meta, e))
        return false;
    if (!sigma_source_may_hold_cloudtrail(&meta.source)) {
        skip_source(sc, d->root, &meta.source);
        return true;
    }
    f.source = meta.source;
    if (y->kind != YAML_MAP)
        return sigma_at(sc, y->line, err_set(e, ERR_INPUT, "'filter' is no map"));
    if (!read_refs(sc, &f, y, e) || !sigma_logic_parse(sc, y, "rules", &f.logic, e))
        return false;
    if (!sigma_cond_negates(f.logic.condition))
        diag_add(sc->diags, DIAG_WARNING, sc->file, yaml_get(y, "condition")->line, sc->rule,
                 "the filter's condition has no 'not': it is joined by AND as it is written, so "
                 "the rules fire only where it holds");
    struct filter *to = vec_push(&s->filters, 1);
    if (!to)
        return sigma_no_memory(e);
    *to = f;
    return true;
}

static bool refers_to(struct filter *f, const struct sigma_meta *rule)
{
    bool found = f->any;
    for (size_t i = 0; i < f->n_refs && !f->any; i++) {
        struct str name = f->refs[i].name;
        bool this_one =
            str_eq(name, rule->id) || str_eq(name, rule->name) || str_eq(name, rule->title);
        f->refs[i].found = f->refs[i].found || this_one;
        found = found || this_one;
    }
    return found;
}

static bool emit_filter(struct sigma *s, struct filter *f, struct err *e)
{
    struct sigma_scope sc = scope_of(s, f->doc->file, f->doc->label);
    if (!f->emitted && !sigma_logic_emit(&sc, &f->logic, &f->node, e))
        return err_wrap(e, "filter %.*s", SHOWN(f->doc->label));
    f->emitted = true;
    return true;
}

/* Joins the filters that mean this rule to its program. */
static bool apply_filters(struct sigma *s, const struct sigma_meta *rule, uint32_t *program,
                          struct err *e)
{
    for (size_t i = 0; i < s->filters.n; i++) {
        struct filter *f = vec_at(&s->filters, i);
        if (!refers_to(f, rule) || !sigma_source_holds(&f->source, &rule->source))
            continue;
        if (!emit_filter(s, f, e))
            return false;
        *program = builder_node_and(s->b, (uint32_t[]){*program, f->node}, 2);
    }
    return true;
}

static void warn_unfound(struct sigma *s)
{
    for (size_t i = 0; i < s->filters.n; i++) {
        const struct filter *f = vec_at(&s->filters, i);
        for (size_t k = 0; k < f->n_refs; k++)
            if (!f->refs[k].found)
                diag_add(s->diags, DIAG_WARNING, f->doc->file, f->refs[k].line, f->doc->label,
                         "the filter names a rule that is not loaded: '%.*s'",
                         SHOWN(f->refs[k].name));
    }
}

/* ---- rules ------------------------------------------------------------------------------------
 */

/* Fields of a rule, each once. */
struct fields {
    struct builder *b;
    struct vec slots; /* uint32_t */
};

static bool add_field(struct fields *f, struct str name)
{
    uint32_t slot = builder_slot_fan(f->b, name);
    for (size_t i = 0; i < f->slots.n; i++)
        if (*(uint32_t *)vec_at(&f->slots, i) == slot)
            return true;
    uint32_t *to = vec_push(&f->slots, 1);
    if (to)
        *to = slot;
    return to != NULL;
}

static bool add_det_fields(struct fields *f, const struct sigma_det *d)
{
    if (d->kind == DET_ITEM)
        return d->item->field.n == 0 || add_field(f, d->item->field);
    for (size_t i = 0; i < d->n; i++)
        if (!add_det_fields(f, d->kids[i]))
            return false;
    return true;
}

/* The fields that the rule's `fields` names, then those it tests. */
static bool put_fields(struct sigma_scope *sc, const struct yaml *root, const struct sigma_logic *l,
                       struct rs_rule *r, struct err *e)
{
    struct fields f = {.b = sc->b};
    size_t n;
    const struct str *named = sigma_texts(sc, root, "fields", &n);
    vec_init(&f.slots, sizeof(uint32_t), SIGMA_VALUES_MAX);
    bool ok = named != NULL;
    for (size_t i = 0; ok && i < n; i++)
        ok = add_field(&f, named[i]);
    for (size_t i = 0; ok && i < l->n; i++)
        ok = !l->searches[i].used || add_det_fields(&f, l->searches[i].det);
    r->fields = builder_numbers(sc->b, f.slots.p, f.slots.n);
    vec_release(&f.slots);
    return ok || sigma_no_memory(e);
}

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

static struct str id_of(const struct sigma_meta *m)
{
    if (str_present(m->id))
        return m->id;
    return m->name.n ? m->name : m->title;
}

static bool put_rule(struct sigma_scope *sc, const struct doc *d, const struct sigma_meta *m,
                     const struct sigma_logic *l, uint32_t program, struct err *e)
{
    struct builder *b = sc->b;
    struct rs_rule r = {
        .id = builder_text(b, id_of(m)),
        .title = builder_text(b, m->title),
        .description = builder_text(b, m->description),
        .author = builder_text(b, m->author),
        .status = builder_text(b, m->status),
        .file = builder_text(b, d->file),
        .line = d->root->line,
        .level = (uint8_t)m->level,
        .dialect = DIALECT_SIGMA,
        .source = SOURCE_CLOUDTRAIL,
        .priority = RS_TEXT_ABSENT,
        .program = program,
        .window = RS_NONE,
    };
    if (!put_texts(sc, d->root, "tags", &r.tags, e) ||
        !put_texts(sc, d->root, "references", &r.references, e) ||
        !put_texts(sc, d->root, "falsepositives", &r.falsepositives, e) ||
        !put_fields(sc, d->root, l, &r, e))
        return false;
    (void)builder_rule(b, &r);
    return true;
}

static bool read_rule(struct sigma_scope *sc, struct sigma *s, const struct doc *d, struct err *e)
{
    struct sigma_meta meta;
    struct sigma_logic logic;
    uint32_t program;
    const struct yaml *detection = yaml_get(d->root, "detection");
    if (!sigma_meta_read(sc, d->root, &meta, e))
        return false;
    if (!detection)
        return sigma_at(
            sc, d->root->line,
            err_set(e, ERR_INPUT, "there is no detection (nor a correlation or filter)"));
    if (!sigma_source_is_cloudtrail(&meta.source)) {
        skip_source(sc, d->root, &meta.source);
        return true;
    }
    if (!sigma_logic_parse(sc, detection, NULL, &logic, e) ||
        !sigma_logic_emit(sc, &logic, &program, e) || !apply_filters(s, &meta, &program, e))
        return false;
    warn_twin(sc, d);
    return put_rule(sc, d, &meta, &logic, program, e);
}

/* ---- the whole --------------------------------------------------------------------------------
 */

typedef bool read_fn(struct sigma_scope *sc, struct sigma *s, const struct doc *d, struct err *e);

static bool read_all(struct sigma *s, enum doc_kind kind, read_fn *read, struct err *e)
{
    for (size_t i = 0; i < s->docs.n; i++) {
        const struct doc *d = vec_at(&s->docs, i);
        struct sigma_scope sc = scope_of(s, d->file, d->label);
        struct err why = {.kind = ERR_NONE};
        sc.line = d->root->line;
        if (d->kind == kind && !read(&sc, s, d, &why) && !refuse(&sc, &why, e))
            return false;
    }
    return true;
}

static bool skip_correlation(struct sigma_scope *sc, struct sigma *s, const struct doc *d,
                             struct err *e)
{
    (void)s;
    (void)e;
    diag_add(sc->diags, DIAG_SKIPPED, sc->file, yaml_get(d->root, "correlation")->line, sc->rule,
             "correlation rules are not evaluated yet");
    return true;
}

bool sigma_finish(struct sigma *s, struct err *e)
{
    if (!find_twins(s, e) || !read_all(s, DOC_CORRELATION, skip_correlation, e) ||
        !read_all(s, DOC_FILTER, read_filter, e) || !read_all(s, DOC_RULE, read_rule, e))
        return false;
    warn_unfound(s);
    return true;
}
