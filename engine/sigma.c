/* The Sigma front end: collects documents, compiles the rules among them, applies the filters. */
#include "engine/sigma.h"

#include <stdlib.h>

#include "base/vec.h"
#include "engine/sigma_correlation.h"
#include "engine/sigma_lint.h"
#include "engine/sigma_set.h"

#define SIGMA_MEMORY_MAX (512u << 20) /* parts of all rules; 800 public rules take 6 MB */

/* What a filter names: a rule's id, name or title, or (absent) any. */
struct filter_ref {
    struct str name;
    unsigned line;
    bool found;
};

struct filter {
    const struct sigma_entry *doc;
    struct sigma_source source;
    struct filter_ref *refs;
    size_t n_refs;
    bool any;
    struct sigma_logic logic;
    bool emitted;
    uint32_t node;
};

struct sigma {
    struct sigma_set set;
    struct vec filters; /* struct filter */
};

struct sigma *sigma_new(struct builder *b, const struct rule_config *cfg, struct diags *diags)
{
    struct sigma *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->set.b = b;
    s->set.cfg = cfg;
    s->set.diags = diags;
    arena_init(&s->set.memory, SIGMA_MEMORY_MAX);
    vec_init(&s->set.docs, sizeof(struct sigma_entry), SIGMA_DOCS_MAX);
    vec_init(&s->filters, sizeof(struct filter), SIGMA_DOCS_MAX);
    return s;
}

void sigma_free(struct sigma *s)
{
    if (!s)
        return;
    arena_release(&s->set.memory);
    vec_release(&s->set.docs);
    vec_release(&s->filters);
    free(s);
}

void sigma_durable(struct sigma *s)
{
    s->set.durable = true;
}

void sigma_lints(struct sigma *s)
{
    s->set.lint = true;
}

/* ---- collecting ---- */

/* What documents have left for those after them in the same file. Collections as Sigma had them
 * before 2.0: what `global` says is said in every document after it, until another `global` or a
 * `reset`; `repeat` is the document before with some keys changed. */
struct collection {
    const struct yaml *global;
    const struct yaml *previous;
};

static enum sigma_doc_kind kind_of(const struct yaml *root)
{
    if (yaml_get(root, "correlation"))
        return SIGMA_CORRELATION;
    return yaml_get(root, "filter") ? SIGMA_FILTER : SIGMA_RULE;
}

static bool add_doc(struct sigma *s, struct str file, const struct yaml *root, struct err *e)
{
    struct sigma_entry *d = vec_push(&s->set.docs, 1);
    if (!d)
        return err_set(e, ERR_LIMIT, "more than %d Sigma documents", SIGMA_DOCS_MAX);
    *d = (struct sigma_entry){
        .kind = kind_of(root),
        .root = root,
        .file = file,
        .label = sigma_label(root),
        .id = yaml_text(yaml_get(root, "id")),
        .name = yaml_text(yaml_get(root, "name")),
        .title = yaml_text(yaml_get(root, "title")),
        .rule = RS_NONE,
    };
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
    struct sigma_entry shown = {.root = root, .file = file, .label = sigma_label(root)};
    struct sigma_scope sc = sigma_set_scope(&s->set, &shown);
    const struct yaml *whole;
    struct err why;
    if (!sigma_check_keys(&sc, root, &why) || !collect(&sc, c, root, &whole, &why))
        return sigma_refuse(&sc, &why, e);
    return !whole || add_doc(s, file, whole, e);
}

bool sigma_add(struct sigma *s, struct str file, const struct yaml **docs, size_t n, struct err *e)
{
    struct collection c = {NULL, NULL};
    struct str kept = arena_str(&s->set.memory, file);
    if (!str_present(kept))
        return sigma_no_memory(e);
    for (size_t i = 0; i < n; i++)
        if (docs[i]->kind == YAML_MAP && !add_one(s, &c, kept, docs[i], e))
            return false;
    return true;
}

/* ---- filters ---- */

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

static bool read_filter(struct sigma_scope *sc, struct sigma *s, struct sigma_entry *d,
                        struct err *e)
{
    struct sigma_meta meta;
    struct filter f = {.doc = d};
    const struct yaml *y = yaml_get(d->root, "filter");
    if (!sigma_meta_read(sc, d->root, &meta, e))
        return false;
    if (!sigma_source_is_open_to_ours(&meta.source)) {
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
    struct sigma_scope sc = sigma_set_scope(&s->set, f->doc);
    if (!f->emitted && !sigma_logic_emit(&sc, &f->logic, &f->node, e))
        return err_wrap(e, "filter %.*s", SHOWN(f->doc->label));
    f->emitted = true;
    return true;
}

/* Joins the filters that mean this rule to its program, and to its hash. */
static bool apply_filters(struct sigma *s, const struct sigma_meta *rule, uint32_t *program,
                          struct sha256 *hash, struct err *e)
{
    for (size_t i = 0; i < s->filters.n; i++) {
        struct filter *f = vec_at(&s->filters, i);
        if (!refers_to(f, rule) || !sigma_source_holds(&f->source, &rule->source))
            continue;
        if (!emit_filter(s, f, e) || !sigma_hash_yaml(hash, yaml_get(f->doc->root, "filter"), e))
            return false;
        *program = builder_node_and(s->set.b, (uint32_t[]){*program, f->node}, 2);
    }
    return true;
}

static void warn_unfound(struct sigma *s)
{
    for (size_t i = 0; i < s->filters.n; i++) {
        const struct filter *f = vec_at(&s->filters, i);
        for (size_t k = 0; k < f->n_refs; k++)
            if (!f->refs[k].found)
                diag_add(s->set.diags, DIAG_WARNING, f->doc->file, f->refs[k].line, f->doc->label,
                         "the filter names a rule that is not loaded: '%.*s'",
                         SHOWN(f->refs[k].name));
    }
}

/* ---- rules ---- */

static bool add_det_fields(struct sigma_fields *f, const struct sigma_det *d)
{
    if (d->kind == DET_ITEM)
        return d->item->field.n == 0 || sigma_fields_add(f, builder_slot_fan(f->b, d->item->field));
    for (size_t i = 0; i < d->n; i++)
        if (!add_det_fields(f, d->kids[i]))
            return false;
    return true;
}

/* Adds the rule with the fields that its `fields` names, then those it tests. */
static bool put_rule(struct sigma_scope *sc, struct sigma_entry *d, const struct sigma_meta *m,
                     const struct sigma_logic *l, struct err *e)
{
    struct sigma_fields f;
    sigma_fields_init(&f, sc->b);
    bool ok = sigma_fields_named(sc, d->root, &f, e);
    for (size_t i = 0; ok && i < l->n; i++)
        ok = !l->searches[i].used || add_det_fields(&f, l->searches[i].det) || sigma_no_memory(e);
    ok = ok && sigma_set_rule(sc, d, m, &f, e);
    sigma_fields_release(&f);
    return ok;
}

/* The hash of what the rule tests and its id: state that was gathered under it ends with an edit.
 */
static bool hash_rule(struct sha256 *h, const struct sigma_entry *d, struct err *e)
{
    sha256_init(h);
    sha256_add_part(h, d->id);
    return sigma_hash_yaml(h, yaml_get(d->root, "detection"), e) &&
           sigma_hash_yaml(h, yaml_get(d->root, "logsource"), e);
}

/* What is known of records is known of CloudTrail's. */
static bool lint_rule(struct sigma_scope *sc, const struct yaml *root,
                      const struct sigma_logic *logic, struct err *e)
{
    const struct yaml *shown = yaml_get(root, "fields");
    if (sc->source != SOURCE_CLOUDTRAIL)
        return true;
    for (size_t i = 0; shown && shown->kind == YAML_SEQ && i < shown->n; i++)
        if (yaml_text(shown->items[i]).n)
            sigma_lint_field(sc, shown->items[i]->line, yaml_text(shown->items[i]));
    return sigma_lint(sc, logic, e);
}

static bool read_rule(struct sigma_scope *sc, struct sigma *s, struct sigma_entry *d, struct err *e)
{
    struct sigma_meta meta;
    struct sigma_logic logic;
    struct sigma_single single;
    struct sha256 hash;
    const struct yaml *detection = yaml_get(d->root, "detection");
    if (!sigma_meta_read(sc, d->root, &meta, e))
        return false;
    if (!detection)
        return sigma_at(
            sc, d->root->line,
            err_set(e, ERR_INPUT, "there is no detection (nor a correlation or filter)"));
    if (!sigma_source_find(&meta.source, &sc->source)) {
        skip_source(sc, d->root, &meta.source);
        d->fate = SIGMA_SKIPPED;
        return true;
    }
    if (!sigma_logic_parse(sc, detection, NULL, &logic, e) ||
        (s->set.lint && !lint_rule(sc, d->root, &logic, e)) ||
        !sigma_single_read(sc, d->root, &single, e) || !hash_rule(&hash, d, e) ||
        !sigma_logic_emit(sc, &logic, &d->program, e) ||
        !apply_filters(s, &meta, &d->program, &hash, e))
        return false;
    sigma_hash_end(&hash, d->hash);
    return put_rule(sc, d, &meta, &logic, e) && sigma_single_put(sc, d, &single, e);
}

/* ---- the whole ---- */

typedef bool read_fn(struct sigma_scope *sc, struct sigma *s, struct sigma_entry *d, struct err *e);

static bool read_all(struct sigma *s, enum sigma_doc_kind kind, read_fn *read, struct err *e)
{
    for (size_t i = 0; i < s->set.docs.n; i++) {
        struct sigma_entry *d = sigma_set_at(&s->set, i);
        struct sigma_scope sc = sigma_set_scope(&s->set, d);
        struct err why = {.kind = ERR_NONE};
        if (d->kind != kind || read(&sc, s, d, &why))
            continue;
        d->fate = SIGMA_REFUSED;
        if (!sigma_refuse(&sc, &why, e))
            return false;
    }
    return true;
}

bool sigma_finish(struct sigma *s, struct err *e)
{
    if (!sigma_set_index(&s->set, e) || !read_all(s, SIGMA_FILTER, read_filter, e) ||
        !read_all(s, SIGMA_RULE, read_rule, e) || !sigma_correlations(&s->set, e))
        return false;
    warn_unfound(s);
    return true;
}
