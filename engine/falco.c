/* The collector of Falco rule files. One set of lists, macros and rules for all files; a file is
 * tried on a copy of the set, everything is compiled for the trial, and only when all of it holds
 * does the copy replace the set. */
#include "engine/falco.h"

#include <stdlib.h>

#include "base/vec.h"
#include "engine/falco_compile.h"
#include "engine/falco_read.h"
#include "engine/falco_text.h"

#define MEMORY_MAX (256u << 20) /* what is made while loading; 4 public files take 2 MB */
#define ITEMS_MAX  100000       /* lists, macros or rules */

/* Everything defined so far. */
struct set {
    struct vec lists;  /* struct falco_list */
    struct vec macros; /* struct falco_macro */
    struct vec rules;  /* struct falco_rule; redefined ones keep their place */
    uint32_t next;     /* index of the next list or macro */
};

struct falco {
    struct builder *builder;
    struct diags *diags;
    struct arena memory;
    struct set set;
    bool any; /* a file was taken */
};

/* ---- sources
 * ----------------------------------------------------------------------------------- */

enum source_kind { SOURCE_READ, SOURCE_NOT_YET, SOURCE_UNKNOWN };

static enum source_kind source_kind(struct str name)
{
    static const char *const not_yet[] = {"syscall", "k8s_audit", "okta", "github"};
    if (str_eq(name, S("aws_cloudtrail")))
        return SOURCE_READ;
    for (size_t i = 0; i < sizeof not_yet / sizeof *not_yet; i++)
        if (str_eqz(name, not_yet[i]))
            return SOURCE_NOT_YET;
    return SOURCE_UNKNOWN;
}

/* ---- the set
 * ----------------------------------------------------------------------------------- */

static void set_init(struct set *s)
{
    vec_init(&s->lists, sizeof(struct falco_list), ITEMS_MAX);
    vec_init(&s->macros, sizeof(struct falco_macro), ITEMS_MAX);
    vec_init(&s->rules, sizeof(struct falco_rule), ITEMS_MAX);
    s->next = 0;
}

static void set_release(struct set *s)
{
    vec_release(&s->lists);
    vec_release(&s->macros);
    vec_release(&s->rules);
}

static bool copy_vec(struct vec *to, const struct vec *from)
{
    if (from->n == 0)
        return true;
    void *p = vec_push(to, from->n);
    if (p)
        memcpy(p, from->p, from->n * from->size);
    return p != NULL;
}

static bool set_copy(struct set *to, const struct set *from, struct err *e)
{
    set_init(to);
    to->next = from->next;
    if (copy_vec(&to->lists, &from->lists) && copy_vec(&to->macros, &from->macros) &&
        copy_vec(&to->rules, &from->rules))
        return true;
    set_release(to);
    return err_set(e, ERR_LIMIT, "the Falco rules take too much memory");
}

static struct falco_list *find_list(const struct set *s, struct str name)
{
    for (size_t i = 0; i < s->lists.n; i++) {
        struct falco_list *l = vec_at(&s->lists, i);
        if (str_eq(l->name, name))
            return l;
    }
    return NULL;
}

static struct falco_macro *find_macro(const struct set *s, struct str name)
{
    for (size_t i = 0; i < s->macros.n; i++) {
        struct falco_macro *m = vec_at(&s->macros, i);
        if (str_eq(m->name, name))
            return m;
    }
    return NULL;
}

static struct falco_rule *find_rule(const struct set *s, struct str name)
{
    for (size_t i = 0; i < s->rules.n; i++) {
        struct falco_rule *r = vec_at(&s->rules, i);
        if (str_eq(r->name, name))
            return r;
    }
    return NULL;
}

/* ---- taking items
 * ------------------------------------------------------------------------------ */

/* A file being taken. */
struct intake {
    struct falco *f;
    struct set *set;
    struct falco_reader reader;
    struct falco_compiler compiler; /* for the fields of exceptions; its builder is thrown away */
};

static bool full(struct intake *in)
{
    return err_set(in->reader.e, ERR_LIMIT, "the Falco rules take too much memory, or are over %d",
                   ITEMS_MAX);
}

/* a, one blank, b. */
static bool joined_text(struct intake *in, struct str a, struct str b, struct str *out)
{
    char *to = arena_alloc(&in->f->memory, a.n + b.n + 1);
    if (!to)
        return full(in);
    memcpy(to, a.p, a.n);
    to[a.n] = ' ';
    memcpy(to + a.n + 1, b.p, b.n);
    *out = str_n(to, a.n + b.n + 1);
    return true;
}

/* Two arrays of objects one after the other. */
static bool joined_array(struct intake *in, const void *a, size_t n, const void *b, size_t m,
                         size_t size, const void **out)
{
    char *to = arena_array(&in->f->memory, n + m, size);
    if (!to)
        return full(in);
    if (n)
        memcpy(to, a, n * size);
    if (m)
        memcpy(to + n * size, b, m * size);
    *out = to;
    return true;
}

static bool take_list(struct intake *in, const struct falco_item *item)
{
    struct falco_list *prev = find_list(in->set, item->list.name), new = item->list;
    if (item->append && !prev)
        return falco_refuse(&in->reader, new.at.line, "there is no list of that name to append to");
    if (item->append) {
        const void *all;
        if (!joined_array(in, prev->items, prev->n, new.items, new.n, sizeof *new.items, &all))
            return false;
        prev->items = all;
        prev->n += new.n;
        prev->visibility = in->set->next++;
        return true;
    }
    new.visibility = in->set->next++;
    new.index = prev ? prev->index : new.visibility;
    if (!prev)
        prev = vec_push(&in->set->lists, 1);
    if (!prev)
        return full(in);
    *prev = new;
    return true;
}

static bool take_macro(struct intake *in, const struct falco_item *item)
{
    struct falco_macro *prev = find_macro(in->set, item->macro.name), new = item->macro;
    if (item->append && !prev)
        return falco_refuse(&in->reader, new.at.line,
                            "there is no macro of that name to append to");
    if (item->append) {
        prev->visibility = in->set->next++;
        return joined_text(in, prev->condition, new.condition, &prev->condition);
    }
    new.visibility = in->set->next++;
    new.index = prev ? prev->index : new.visibility;
    if (!prev)
        prev = vec_push(&in->set->macros, 1);
    if (!prev)
        return full(in);
    *prev = new;
    return true;
}

static bool check_fields(struct intake *in, const struct falco_exception *x)
{
    const struct falco_entry *fields = x->fields.list ? x->fields.items : &x->fields;
    size_t n = x->fields.list ? x->fields.n : 1;
    for (size_t i = 0; i < n; i++) {
        if (fields[i].list)
            return falco_refuse(&in->reader, x->line, "exception '%.*s' has a list as a field",
                                (int)x->name.n, x->name.p);
        if (!falco_check_operand(&in->compiler, fields[i].text, in->reader.e)) {
            in->reader.line = x->line;
            return err_wrap(in->reader.e, "exception '%.*s'", (int)x->name.n, x->name.p);
        }
    }
    return true;
}

/* An exception with its fields: comps filled in, fields known when the source is read here. */
static bool complete(struct intake *in, struct falco_exception *x, struct str source)
{
    if (!x->fields.list && x->fields.text.n == 0)
        return falco_refuse(&in->reader, x->line, "exception '%.*s' has no 'fields'",
                            (int)x->name.n, x->name.p);
    in->reader.line = x->line;
    return falco_complete_exception(&in->f->memory, x, in->reader.e) &&
           (source_kind(source) != SOURCE_READ || check_fields(in, x));
}

static bool complete_all(struct intake *in, struct falco_rule *rule, struct str source)
{
    const void *copy;
    if (!joined_array(in, rule->exceptions, rule->n_exceptions, NULL, 0, sizeof *rule->exceptions,
                      &copy))
        return false;
    struct falco_exception *all = (struct falco_exception *)copy;
    rule->exceptions = all;
    for (size_t i = 0; i < rule->n_exceptions; i++)
        if (!complete(in, &all[i], source))
            return false;
    return true;
}

static bool same_source(struct intake *in, const struct falco_rule *prev,
                        const struct falco_rule *new)
{
    if (!prev || new->source.n == 0 || str_eq(prev->source, new->source))
        return true;
    return falco_refuse(&in->reader, new->at.line,
                        "the rule is there already with source %.*s, not %.*s", (int)prev->source.n,
                        prev->source.p, (int)new->source.n, new->source.p);
}

static bool take_rule(struct intake *in, const struct falco_item *item)
{
    struct falco_rule *prev = find_rule(in->set, item->rule.name), new = item->rule;
    if (!same_source(in, prev, &new))
        return false;
    new.unknown_source = source_kind(new.source) == SOURCE_UNKNOWN;
    if (new.unknown_source)
        falco_warn(&in->reader, new.at.line, "the source %.*s is unknown: the rule is dropped",
                   (int)new.source.n, new.source.p);
    if (!complete_all(in, &new, new.source))
        return false;
    if (!prev)
        prev = vec_push(&in->set->rules, 1);
    if (!prev)
        return full(in);
    *prev = new;
    return true;
}

static size_t find_exception(const struct falco_rule *rule, struct str name)
{
    for (size_t i = 0; i < rule->n_exceptions; i++)
        if (str_eq(rule->exceptions[i].name, name))
            return i;
    return SIZE_MAX;
}

/* More values for an exception that is there. */
static bool append_values(struct intake *in, struct falco_exception *to,
                          const struct falco_exception *x)
{
    const void *values;
    if (x->fields.list || x->fields.text.n || x->comps.list || x->comps.text.n)
        return falco_refuse(&in->reader, x->line,
                            "exception '%.*s' is there already: only values can be appended",
                            (int)x->name.n, x->name.p);
    if (!joined_array(in, to->values, to->n, x->values, x->n, sizeof *x->values, &values))
        return false;
    to->values = values;
    to->n += x->n;
    return true;
}

static bool append_exceptions(struct intake *in, struct falco_rule *prev,
                              const struct falco_rule *new)
{
    for (size_t i = 0; i < new->n_exceptions; i++) {
        struct falco_exception x = new->exceptions[i];
        size_t at = find_exception(prev, x.name);
        const void *all;
        if (at == SIZE_MAX && x.n == 0 && (x.fields.list || x.fields.text.n))
            return falco_refuse(&in->reader, x.line, "exception '%.*s' is new and has no 'values'",
                                (int)x.name.n, x.name.p);
        if (at == SIZE_MAX && !complete(in, &x, prev->source))
            return false;
        if (!joined_array(in, prev->exceptions, prev->n_exceptions, &x, at == SIZE_MAX, sizeof x,
                          &all))
            return false;
        struct falco_exception *copy = (struct falco_exception *)all;
        if (at != SIZE_MAX && !append_values(in, &copy[at], &x))
            return false;
        prev->exceptions = copy;
        prev->n_exceptions += at == SIZE_MAX;
    }
    return true;
}

static bool append_text(struct intake *in, struct str *to, struct str more)
{
    return !str_present(more) || joined_text(in, *to, more, to);
}

static bool append_keys(struct intake *in, struct falco_rule *prev, const struct falco_item *item)
{
    const struct falco_rule *new = &item->rule;
    unsigned keys = item->appended;
    const void *tags;
    if (((keys & FALCO_KEY_CONDITION) && !append_text(in, &prev->condition, new->condition)) ||
        ((keys & FALCO_KEY_OUTPUT) && !append_text(in, &prev->output, new->output)) ||
        ((keys & FALCO_KEY_DESC) && !append_text(in, &prev->desc, new->desc)) ||
        ((keys & FALCO_KEY_EXCEPTIONS) && !append_exceptions(in, prev, new)))
        return false;
    if (!(keys & FALCO_KEY_TAGS))
        return true;
    if (!joined_array(in, prev->tags, prev->n_tags, new->tags, new->n_tags, sizeof *new->tags,
                      &tags))
        return false;
    prev->tags = tags;
    prev->n_tags += new->n_tags;
    return true;
}

static bool replace_keys(struct intake *in, struct falco_rule *prev, const struct falco_item *item)
{
    struct falco_rule new = item->rule;
    unsigned keys = item->replaced;
    if ((keys & FALCO_KEY_EXCEPTIONS) && !complete_all(in, &new, prev->source))
        return false;
    if (keys & FALCO_KEY_CONDITION) {
        prev->condition = new.condition;
        prev->condition_line = new.condition_line;
    }
    if (keys & FALCO_KEY_OUTPUT) {
        prev->output = new.output;
        prev->output_line = new.output_line;
    }
    if (keys & FALCO_KEY_DESC)
        prev->desc = new.desc;
    if (keys & FALCO_KEY_TAGS) {
        prev->tags = new.tags;
        prev->n_tags = new.n_tags;
    }
    if (keys & FALCO_KEY_EXCEPTIONS) {
        prev->exceptions = new.exceptions;
        prev->n_exceptions = new.n_exceptions;
    }
    if (keys & FALCO_KEY_PRIORITY)
        prev->priority = new.priority;
    if (keys & FALCO_KEY_ENABLED)
        prev->enabled = new.enabled;
    if (keys & FALCO_KEY_SKIP)
        prev->skip_unknown = new.skip_unknown;
    return true;
}

static bool take_update(struct intake *in, const struct falco_item *item)
{
    struct falco_rule *prev = find_rule(in->set, item->rule.name);
    if (!prev)
        return falco_refuse(&in->reader, item->rule.at.line,
                            "there is no rule of that name to append to or to override");
    if (!item->appended && !item->replaced)
        return falco_refuse(&in->reader, item->rule.at.line,
                            "an appended rule needs a condition or exceptions");
    return same_source(in, prev, &item->rule) && append_keys(in, prev, item) &&
           replace_keys(in, prev, item);
}

static bool take_toggle(struct intake *in, const struct falco_item *item)
{
    struct falco_rule *prev = find_rule(in->set, item->rule.name);
    if (!prev)
        return falco_refuse(&in->reader, item->rule.at.line,
                            "there is no rule of that name to enable or disable");
    prev->enabled = item->rule.enabled;
    return true;
}

static bool take_item(struct intake *in, const struct yaml *y)
{
    struct falco_item item;
    if (!falco_read(&in->reader, y, &item))
        return false;
    switch (item.kind) {
    case FALCO_ITEM_LIST:
        return take_list(in, &item);
    case FALCO_ITEM_MACRO:
        return take_macro(in, &item);
    case FALCO_ITEM_RULE:
        return take_rule(in, &item);
    case FALCO_ITEM_UPDATE:
        return take_update(in, &item);
    case FALCO_ITEM_TOGGLE:
        return take_toggle(in, &item);
    case FALCO_ITEM_NONE:
        break;
    }
    return true;
}

static bool take_documents(struct intake *in, const struct yaml **docs, size_t n)
{
    for (size_t d = 0; d < n; d++) {
        if (yaml_is_null(docs[d]))
            continue;
        in->reader.item = STR_ABSENT;
        if (docs[d]->kind != YAML_SEQ)
            return falco_refuse(&in->reader, docs[d]->line, "a Falco document must be a list");
        for (size_t i = 0; i < docs[d]->n; i++)
            if (!yaml_is_null(docs[d]->items[i]) && !take_item(in, docs[d]->items[i]))
                return false;
    }
    return true;
}

/* ---- compiling the set
 * ------------------------------------------------------------------------- */

struct macro_state {
    const struct falco_expr *x;
    struct falco_program program;
    enum { MACRO_NEW, MACRO_OPEN, MACRO_DONE } state; /* of its references */
    unsigned height;                                  /* of its tree, those of its macros put in */
    bool compiled;
    bool used;
};

/* One run over the whole set, into one builder. */
struct run {
    struct falco *f;
    const struct set *set;
    struct falco_compiler c;
    struct arena memory;
    struct falco_items *lists; /* for each of the set's */
    struct macro_state *macros;
    unsigned depth;        /* of the recursion over macros' trees */
    bool quiet;            /* warnings were told by the trial */
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
    if (!r->quiet)
        diag_add(r->f->diags, DIAG_WARNING, r->at.file, r->at.line, r->item, "condition: %s", text);
}

/* A macro's program, compiled when it is first asked for: macros of other sources never are. */
static bool run_macro(void *to, struct str name, struct falco_program *out, struct err *e)
{
    struct run *r = to;
    size_t i = macro_number(r, name);
    if (i == SIZE_MAX)
        return undefined(name, e);
    struct macro_state *m = &r->macros[i];
    m->used = true;
    if (!m->compiled && !falco_compile(&r->c, m->x, &m->program, e))
        return err_wrap(e, "macro '%.*s'", (int)name.n, name.p);
    m->compiled = true;
    *out = m->program;
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

static bool add_rule(struct run *r, const struct falco_rule *rule, uint32_t program,
                     struct rs_list output)
{
    struct builder *b = r->c.b;
    struct rs_rule out = {
        .id = builder_text(b, rule->name),
        .title = builder_text(b, rule->name),
        .description = builder_text(b, rule->desc),
        .author = RS_TEXT_ABSENT,
        .status = RS_TEXT_ABSENT,
        .file = builder_text(b, rule->at.file),
        .line = rule->at.line,
        .level = level_of(rule->priority),
        .dialect = DIALECT_FALCO,
        .source = SOURCE_CLOUDTRAIL,
        .priority = builder_text(b, str_of(falco_priority_name(rule->priority))),
        .output = output,
        .program = program,
        .window = RS_NONE,
    };
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

/* Whether a failure means that the rule is left out: it asked for that when fields are unknown. */
static bool skipped(struct run *r, const struct falco_rule *rule)
{
    if (!rule->skip_unknown || r->e->kind != ERR_MISSING)
        return false;
    if (!r->quiet)
        diag_add(r->f->diags, DIAG_WARNING, r->at.file, r->at.line, r->item,
                 "the rule is left out: %s", r->e->text);
    return true;
}

static bool compile_rule(struct run *r, const struct falco_rule *rule)
{
    struct rs_list output;
    struct falco_program program;
    const struct falco_expr *x;
    struct str condition;
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
        if (source_kind(rule->source) == SOURCE_READ) {
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
            diag_add(r->f->diags, DIAG_WARNING, macro_at(r, i)->at.file, macro_at(r, i)->at.line,
                     macro_at(r, i)->name, "no rule and no macro uses this macro");
    for (size_t i = 0; i < r->set->lists.n; i++) {
        const struct falco_list *l = vec_at(&r->set->lists, i);
        if (!r->lists[i].used)
            diag_add(r->f->diags, DIAG_WARNING, l->at.file, l->at.line, l->name,
                     "no rule and no macro uses this list");
    }
}

/* Compiles the set into b. quiet: its warnings are known already; then what is unused is told. On
 * failure *at and *item say where. */
static bool run_set(struct falco *f, const struct set *set, struct builder *b, bool quiet,
                    struct falco_place *at, struct str *item, struct err *e)
{
    struct run r = {.f = f, .set = set, .quiet = quiet, .e = e};
    arena_init(&r.memory, MEMORY_MAX);
    r.c = (struct falco_compiler){
        .b = b, .a = &r.memory, .to = &r, .macro = run_macro, .warn = run_warn};
    bool ok = resolve_lists(&r) && parse_macros(&r) && compile_rules(&r);
    if (ok && quiet)
        warn_unused(&r);
    *at = r.at;
    *item = r.item;
    arena_release(&r.memory);
    return ok;
}

/* ---- files
 * ------------------------------------------------------------------------------------- */

/* One sentence for each source whose rules the file has and which is not read yet. */
static void tell_skipped(struct falco *f, struct str file)
{
    for (size_t i = 0; i < f->set.rules.n; i++) {
        const struct falco_rule *rule = vec_at(&f->set.rules, i);
        bool mine = rule->at.file.p == file.p && source_kind(rule->source) == SOURCE_NOT_YET;
        size_t n = 0;
        bool first = mine;
        for (size_t k = 0; mine && k < f->set.rules.n; k++) {
            const struct falco_rule *other = vec_at(&f->set.rules, k);
            bool same = other->at.file.p == file.p && str_eq(other->source, rule->source);
            first = first && !(same && k < i);
            n += same;
        }
        if (first)
            diag_add(f->diags, DIAG_SKIPPED, file, rule->at.line, STR_ABSENT,
                     "%zu rule%s of the source %.*s %s skipped: it is not read yet", n,
                     n == 1 ? "" : "s", (int)rule->source.n, rule->source.p, n == 1 ? "is" : "are");
    }
}

static void no_warning(void *to, const char *text)
{
    (void)to, (void)text;
}

/* Tries the file on the copy `set`. */
static bool try_file(struct falco *f, struct set *set, struct builder *scratch, struct str file,
                     const struct yaml **docs, size_t n, struct falco_place *at, struct str *item,
                     struct err *e)
{
    struct intake in = {.f = f, .set = set};
    in.reader = (struct falco_reader){
        .a = &f->memory, .diags = f->diags, .file = file, .item = STR_ABSENT, .e = e};
    in.compiler = (struct falco_compiler){.b = scratch, .a = &f->memory, .warn = no_warning};
    if (take_documents(&in, docs, n))
        return run_set(f, set, scratch, false, at, item, e);
    *at = (struct falco_place){file, in.reader.line};
    *item = in.reader.item;
    return false;
}

bool falco_add(struct falco *f, struct str file, const struct yaml **docs, size_t n, struct err *e)
{
    struct set trial;
    struct falco_place at = {file, 0};
    struct str item = STR_ABSENT;
    struct err why = {0};
    struct builder *scratch = builder_new();
    if (!scratch)
        return err_set(e, ERR_SYSTEM, "no memory to read Falco rules");
    if (!set_copy(&trial, &f->set, e)) {
        builder_free(scratch);
        return false;
    }
    bool ok = try_file(f, &trial, scratch, file, docs, n, &at, &item, &why);
    builder_free(scratch);
    set_release(ok ? &f->set : &trial);
    if (ok) {
        f->set = trial;
        f->any = true;
        tell_skipped(f, file);
        return true;
    }
    if (why.kind == ERR_LIMIT || why.kind == ERR_SYSTEM) {
        *e = why;
        return false;
    }
    if (at.file.p == file.p)
        diag_add(f->diags, DIAG_REFUSED, file, at.line, item, "%s", why.text);
    else
        diag_add(f->diags, DIAG_REFUSED, file, 0, item, "with this file %.*s:%u fails: %s",
                 (int)at.file.n, at.file.p, at.line, why.text);
    return true;
}

bool falco_finish(struct falco *f, struct err *e)
{
    struct falco_place at;
    struct str item;
    if (!f->any)
        return true;
    return run_set(f, &f->set, f->builder, true, &at, &item, e);
}

struct falco *falco_new(struct builder *b, struct diags *diags)
{
    struct falco *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->builder = b;
    f->diags = diags;
    arena_init(&f->memory, MEMORY_MAX);
    set_init(&f->set);
    return f;
}

void falco_free(struct falco *f)
{
    if (!f)
        return;
    set_release(&f->set);
    arena_release(&f->memory);
    free(f);
}
