/* From definitions to rules: lists are resolved, macros parsed and ordered, and each rule's
 * condition and output compiled. */
#include <stdlib.h>

#include "engine/falco_compile.h"
#include "engine/falco_set.h"
#include "engine/falco_text.h"

struct macro_state {
    const struct falco_expr *x;
    struct falco_program program[SOURCES];
    enum { MACRO_NEW, MACRO_OPEN, MACRO_DONE } state; /* of its references */
    unsigned height;                                  /* of its tree, those of its macros put in */
    bool compiled[SOURCES];
    bool used;
};

/* One run over the whole set, into one builder. */
struct run {
    const struct falco_set *set;
    struct diags *diags;
    struct falco_compiler c;
    struct arena memory;
    struct falco_items *lists; /* for each of the set's */
    struct macro_state *macros;
    unsigned depth;        /* of the recursion over macros' trees */
    bool trial;            /* tells warnings */
    struct falco_place at; /* what is being compiled */
    struct str item;
    struct err *e;
};

static const struct falco_macro *macro_at(const struct run *r, size_t i)
{
    return vec_at(&r->set->macros, i);
}

static size_t macro_number(const struct run *r, struct str name)
{
    for (size_t i = 0; i < r->set->macros.n; i++)
        if (str_eq(macro_at(r, i)->name, name))
            return i;
    return SIZE_MAX;
}

static bool undefined(struct str name, struct err *e)
{
    return err_set(e, ERR_INPUT, "the macro '%.*s' is not defined", (int)name.n, name.p);
}

static void run_warn(void *to, const char *text)
{
    struct run *r = to;
    if (r->trial)
        diag_add(r->diags, DIAG_WARNING, r->at.file, r->at.line, r->item, "condition: %s", text);
}

/* A macro's program, compiled when a rule of the source first asks for it: the same words may mean
 * other fields in another source. */
static bool run_macro(void *to, struct str name, struct falco_program *out, struct err *e)
{
    struct run *r = to;
    size_t i = macro_number(r, name);
    if (i == SIZE_MAX)
        return undefined(name, e);
    struct macro_state *m = &r->macros[i];
    m->used = true;
    enum source s = r->c.source;
    if (!m->compiled[s] && !falco_compile(&r->c, m->x, &m->program[s], e))
        return err_wrap(e, "macro '%.*s'", (int)name.n, name.p);
    m->compiled[s] = true;
    *out = m->program[s];
    return true;
}

/* The tree of a condition once its lists are put in. */
static bool parse(struct run *r, struct str condition, const struct falco_expr **out)
{
    struct buf text;
    buf_init(&text, FALCO_CONDITION_MAX);
    struct str copy = STR_ABSENT;
    if (falco_put_lists(&text, condition, r->lists, r->set->lists.n, r->e)) {
        copy = arena_str(&r->memory, buf_str(&text));
        if (!str_present(copy))
            err_set(r->e, ERR_LIMIT, "the Falco rules take too much memory");
    }
    buf_release(&text);
    return str_present(copy) && falco_parse_condition(copy, &r->memory, out, r->e);
}

static bool resolve_lists(struct run *r)
{
    size_t n = r->set->lists.n;
    r->lists = arena_array(&r->memory, n, sizeof *r->lists);
    if (!r->lists)
        return err_set(r->e, ERR_LIMIT, "the Falco lists take too much memory");
    for (size_t i = 0; i < n; i++)
        if (!falco_resolve_list(r->set->lists.p, n, i, &r->memory, r->lists, r->e))
            return false;
    return true;
}

static bool resolve_macro(struct run *r, size_t i);

/* Follows the macros named in a tree that belongs to macro `user`; *height grows to the tree's. */
static bool resolve_names(struct run *r, size_t user, const struct falco_expr *x, unsigned *height)
{
    unsigned deepest = 0;
    if (++r->depth > NODE_DEPTH_MAX)
        return err_set(r->e, ERR_INPUT, "macros are nested more than %d deep", NODE_DEPTH_MAX);
    for (; x; x = x->next) {
        unsigned below = 0;
        if (x->kind == FALCO_MACRO) {
            size_t i = macro_number(r, x->name);
            if (i == SIZE_MAX)
                return undefined(x->name, r->e);
            if (i != user && macro_at(r, i)->index >= macro_at(r, user)->visibility)
                return err_set(r->e, ERR_INPUT,
                               "the macro '%.*s' is defined only after its use in a macro",
                               (int)x->name.n, x->name.p);
            r->macros[i].used = true;
            if (!resolve_macro(r, i))
                return false;
            below = r->macros[i].height;
        }
        if (x->kids && !resolve_names(r, user, x->kids, &below))
            return false;
        deepest = below > deepest ? below : deepest;
    }
    r->depth--;
    *height = deepest + 1;
    return *height <= NODE_DEPTH_MAX ||
           err_set(r->e, ERR_INPUT, "macros are nested more than %d deep", NODE_DEPTH_MAX);
}

static bool resolve_macro(struct run *r, size_t i)
{
    struct macro_state *m = &r->macros[i];
    const struct falco_macro *macro = macro_at(r, i);
    if (m->state == MACRO_DONE)
        return true;
    if (m->state == MACRO_OPEN)
        return err_set(r->e, ERR_INPUT, "the macro '%.*s' refers to itself", (int)macro->name.n,
                       macro->name.p);
    struct falco_place outer = r->at;
    struct str item = r->item;
    m->state = MACRO_OPEN;
    r->at = macro->at;
    r->item = macro->name;
    if (!resolve_names(r, i, m->x, &m->height))
        return false;
    m->state = MACRO_DONE;
    r->at = outer;
    r->item = item;
    return true;
}

static bool parse_macros(struct run *r)
{
    size_t n = r->set->macros.n;
    r->macros = arena_array(&r->memory, n, sizeof *r->macros);
    if (!r->macros)
        return err_set(r->e, ERR_LIMIT, "the Falco macros take too much memory");
    for (size_t i = 0; i < n; i++) {
        const struct falco_macro *m = macro_at(r, i);
        r->at = m->at;
        r->item = m->name;
        if (!parse(r, m->condition, &r->macros[i].x))
            return err_wrap(r->e, "condition");
    }
    for (size_t i = 0; i < n; i++)
        if (!resolve_macro(r, i))
            return err_wrap(r->e, "condition");
    return true;
}

static uint8_t level_of(unsigned priority)
{
    static const uint8_t levels[] = {LEVEL_CRITICAL,      LEVEL_CRITICAL,     LEVEL_CRITICAL,
                                     LEVEL_HIGH,          LEVEL_MEDIUM,       LEVEL_LOW,
                                     LEVEL_INFORMATIONAL, LEVEL_INFORMATIONAL};
    return levels[priority];
}

static int text_order(const void *x, const void *y)
{
    const struct str *a = x, *b = y;
    return str_cmp(*a, *b);
}

/* Sorted, each once, as Falco keeps them. */
static bool sorted_tags(struct run *r, const struct falco_rule *rule, struct rs_list *out)
{
    size_t n = 0;
    struct str *tags = arena_array(&r->memory, rule->n_tags, sizeof *tags);
    if (!tags)
        return err_set(r->e, ERR_LIMIT, "the Falco rules take too much memory");
    if (rule->n_tags) {
        memcpy(tags, rule->tags, rule->n_tags * sizeof *tags);
        qsort(tags, rule->n_tags, sizeof *tags, text_order);
    }
    for (size_t i = 0; i < rule->n_tags; i++)
        if (n == 0 || !str_eq(tags[n - 1], tags[i]))
            tags[n++] = tags[i];
    *out = builder_texts(r->c.b, tags, n);
    return true;
}

/* State that was gathered under a rule ends when its condition is edited. */
static void hash_rule(const struct falco_rule *rule, unsigned char out[RS_HASH_BYTES])
{
    struct sha256 h;
    unsigned char all[SHA256_BYTES];
    sha256_init(&h);
    sha256_add_part(&h, rule->name);
    sha256_add_part(&h, rule->condition);
    sha256_end(&h, all);
    memcpy(out, all, RS_HASH_BYTES);
}

static bool add_rule(struct run *r, const struct falco_rule *rule, uint32_t program,
                     struct rs_list output)
{
    struct builder *b = r->c.b;
    struct rs_rule out = {
        .id = builder_text(b, rule->name),
        .title = builder_text(b, rule->name),
        .description = builder_text(b, rule->desc),
        .runbook = RS_TEXT_ABSENT,
        .author = RS_TEXT_ABSENT,
        .status = RS_TEXT_ABSENT,
        .file = builder_text(b, rule->at.file),
        .line = rule->at.line,
        .level = level_of(rule->priority),
        .dialect = DIALECT_FALCO,
        .source = (uint8_t)r->c.source,
        .priority = builder_text(b, str_of(falco_priority_name(rule->priority))),
        .output = output,
        .program = program,
        .window = RS_NONE,
    };
    hash_rule(rule, out.hash);
    if (!sorted_tags(r, rule, &out.tags))
        return false;
    builder_rule(b, &out);
    return true;
}

/* A rule of another source: its text only tells which lists and macros are in use. */
static void mark_used(struct run *r, const struct falco_expr *x)
{
    for (; x; x = x->next) {
        size_t i = x->kind == FALCO_MACRO ? macro_number(r, x->name) : SIZE_MAX;
        if (i != SIZE_MAX)
            r->macros[i].used = true;
        mark_used(r, x->kids);
    }
}

static bool condition_text(struct run *r, const struct falco_rule *rule, struct str *out)
{
    struct buf text;
    buf_init(&text, FALCO_CONDITION_MAX);
    bool ok = falco_put_condition(&text, rule, &r->at.line, r->e);
    *out = ok ? arena_str(&r->memory, buf_str(&text)) : STR_ABSENT;
    buf_release(&text);
    if (ok && !str_present(*out))
        return err_set(r->e, ERR_LIMIT, "the Falco rules take too much memory");
    return ok;
}

/* Whether a failure means that the rule is left out: it asked for that when fields are unknown, or
 * it counts events. */
static bool skipped(struct run *r, const struct falco_rule *rule)
{
    if ((!rule->skip_unknown && !r->c.counts) || r->e->kind != ERR_MISSING)
        return false;
    if (r->trial)
        diag_add(r->diags, DIAG_WARNING, r->at.file, r->at.line, r->item,
                 "the rule is left out: %s", r->e->text);
    return true;
}

static bool compile_rule(struct run *r, const struct falco_rule *rule)
{
    struct rs_list output;
    struct falco_program program;
    const struct falco_expr *x;
    struct str condition;
    r->c.counts = false;
    r->at.line = rule->output_line;
    if (!falco_compile_output(&r->c, rule->output, &output, r->e))
        return err_wrap(r->e, "output") || skipped(r, rule);
    r->at.line = rule->condition_line;
    if (!condition_text(r, rule, &condition) || !parse(r, condition, &x) ||
        !falco_compile(&r->c, x, &program, r->e))
        return err_wrap(r->e, "condition") || skipped(r, rule);
    return !rule->enabled || add_rule(r, rule, program.node, output);
}

static bool compile_rules(struct run *r)
{
    for (size_t i = 0; i < r->set->rules.n; i++) {
        const struct falco_rule *rule = vec_at(&r->set->rules, i);
        r->at = rule->at;
        r->item = rule->name;
        if (falco_source(rule->source, &r->c.source) == FALCO_SOURCE_READ) {
            if (!compile_rule(r, rule))
                return false;
            continue;
        }
        struct err ignored, *e = r->e;
        const struct falco_expr *x;
        struct str condition;
        r->e = &ignored;
        if (condition_text(r, rule, &condition) && parse(r, condition, &x))
            mark_used(r, x);
        r->e = e;
    }
    return true;
}

static void warn_unused(const struct run *r)
{
    for (size_t i = 0; i < r->set->macros.n; i++)
        if (!r->macros[i].used)
            diag_add(r->diags, DIAG_WARNING, macro_at(r, i)->at.file, macro_at(r, i)->at.line,
                     macro_at(r, i)->name, "no rule and no macro uses this macro");
    for (size_t i = 0; i < r->set->lists.n; i++) {
        const struct falco_list *l = vec_at(&r->set->lists, i);
        if (!r->lists[i].used)
            diag_add(r->diags, DIAG_WARNING, l->at.file, l->at.line, l->name,
                     "no rule and no macro uses this list");
    }
}

bool falco_run(const struct falco_set *set, struct builder *b, bool trial, struct diags *diags,
               struct falco_place *at, struct str *item, struct err *e)
{
    struct run r = {.set = set, .diags = diags, .trial = trial, .e = e};
    arena_init(&r.memory, FALCO_MEMORY_MAX);
    r.c = (struct falco_compiler){
        .b = b, .a = &r.memory, .to = &r, .macro = run_macro, .warn = run_warn};
    bool ok = resolve_lists(&r) && parse_macros(&r) && compile_rules(&r);
    if (ok && !trial)
        warn_unused(&r);
    *at = r.at;
    *item = r.item;
    arena_release(&r.memory);
    return ok;
}
