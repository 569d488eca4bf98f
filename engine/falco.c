/* The collector of Falco rule files. One set of lists, macros and rules for all files; a file is
 * tried on a copy of the set, everything is compiled for the trial, and only when all of it holds
 * does the copy replace the set. */
#include "engine/falco.h"

#include <stdlib.h>

#include "engine/falco_compile.h"
#include "engine/falco_set.h"
#include "engine/falco_text.h"

struct falco {
    struct builder *builder;
    struct diags *diags;
    struct arena memory;
    struct falco_set set;
    bool any; /* a file was taken */
};

/* ---- taking items ---- */

/* A file being taken. */
struct intake {
    struct falco *f;
    struct falco_set *set;
    struct falco_reader reader;
    struct falco_compiler compiler; /* for the fields of exceptions; its builder is thrown away */
};

static bool full(struct intake *in)
{
    return err_set(in->reader.e, ERR_LIMIT, "the Falco rules take too much memory, or are over %d",
                   FALCO_ITEMS_MAX);
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
    *out = to;
    if (!to)
        return full(in);
    if (n)
        memcpy(to, a, n * size);
    if (m)
        memcpy(to + n * size, b, m * size);
    return true;
}

static bool take_list(struct intake *in, const struct falco_item *item)
{
    struct falco_list *prev = falco_set_list(in->set, item->list.name), new = item->list;
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
    struct falco_macro *prev = falco_set_macro(in->set, item->macro.name), new = item->macro;
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
           (falco_source(source, &in->compiler.source) != FALCO_SOURCE_READ || check_fields(in, x));
}

static bool complete_all(struct intake *in, struct falco_rule *rule, struct str source)
{
    const void *copy = NULL;
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
    struct falco_rule *prev = falco_set_rule(in->set, item->rule.name), new = item->rule;
    if (!same_source(in, prev, &new))
        return false;
    enum source source;
    new.unknown_source = falco_source(new.source, &source) == FALCO_SOURCE_UNKNOWN;
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
    struct falco_rule *prev = falco_set_rule(in->set, item->rule.name);
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
    struct falco_rule *prev = falco_set_rule(in->set, item->rule.name);
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

/* ---- files ---- */

/* One sentence for each source whose rules the file has and no log has the events of. */
static void tell_skipped(struct falco *f, struct str file)
{
    for (size_t i = 0; i < f->set.rules.n; i++) {
        const struct falco_rule *rule = vec_at(&f->set.rules, i);
        enum source source;
        bool mine =
            rule->at.file.p == file.p && falco_source(rule->source, &source) == FALCO_SOURCE_NEVER;
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
                     "%zu rule%s of the source %.*s %s skipped: no log has its events", n,
                     n == 1 ? "" : "s", (int)rule->source.n, rule->source.p, n == 1 ? "is" : "are");
    }
}

static void no_warning(void *to, const char *text)
{
    (void)to, (void)text;
}

/* Tries the file on the copy `set`. */
static bool try_file(struct falco *f, struct falco_set *set, struct builder *scratch,
                     struct str file, const struct yaml **docs, size_t n, struct falco_place *at,
                     struct str *item, struct err *e)
{
    struct intake in = {.f = f, .set = set};
    in.reader = (struct falco_reader){
        .a = &f->memory, .diags = f->diags, .file = file, .item = STR_ABSENT, .e = e};
    in.compiler = (struct falco_compiler){.b = scratch, .a = &f->memory, .warn = no_warning};
    if (take_documents(&in, docs, n))
        return falco_run(set, scratch, true, f->diags, at, item, e);
    *at = (struct falco_place){file, in.reader.line};
    *item = in.reader.item;
    return false;
}

bool falco_add(struct falco *f, struct str file, const struct yaml **docs, size_t n, struct err *e)
{
    struct falco_set trial;
    struct falco_place at = {file, 0};
    struct str item = STR_ABSENT;
    struct err why = {0};
    struct builder *scratch = builder_new();
    if (!scratch)
        return err_set(e, ERR_SYSTEM, "no memory to read Falco rules");
    if (!falco_set_copy(&trial, &f->set, e)) {
        builder_free(scratch);
        return false;
    }
    bool ok = try_file(f, &trial, scratch, file, docs, n, &at, &item, &why);
    builder_free(scratch);
    falco_set_release(ok ? &f->set : &trial);
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
    return falco_run(&f->set, f->builder, false, f->diags, &at, &item, e);
}

struct falco *falco_new(struct builder *b, struct diags *diags)
{
    struct falco *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->builder = b;
    f->diags = diags;
    arena_init(&f->memory, FALCO_MEMORY_MAX);
    falco_set_init(&f->set);
    return f;
}

void falco_free(struct falco *f)
{
    if (!f)
        return;
    falco_set_release(&f->set);
    arena_release(&f->memory);
    free(f);
}
