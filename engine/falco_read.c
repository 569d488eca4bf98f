/* One YAML item to a struct. Of duplicate keys the first counts; all scalars are their raw text,
 * whatever their quotes. */
#include "engine/falco_read.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/falco_condition.h"

struct version {
    unsigned long long major, minor, patch;
};

static const struct {
    const char *name;
    struct version version;
} plugins[] = {{"cloudtrail", {0, 17, 1}},
               {"json", {0, 7, 4}},
               {"k8saudit", {0, 18, 0}},
               {"okta", {0, 12, 0}},
               {"github", {0, 10, 1}}};

#define ROWS(table) (sizeof(table) / sizeof *(table))

bool falco_refuse(struct falco_reader *r, unsigned line, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    r->line = line;
    return err_set(r->e, ERR_INPUT, "%s", text);
}

void falco_warn(struct falco_reader *r, unsigned line, const char *fmt, ...)
{
    char text[ERR_TEXT_MAX];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    diag_add(r->diags, DIAG_WARNING, r->file, line, r->item, "%s", text);
}

static void *make(struct falco_reader *r, size_t count, size_t size)
{
    void *made = arena_array(r->a, count, size);
    if (!made)
        err_set(r->e, ERR_LIMIT, "the Falco rules take too much memory");
    return made;
}

/* ---- scalars ---- */

static const struct yaml *get(const struct yaml *y, const char *key)
{
    return yaml_get(y, key);
}

/* A scalar that is there and not empty. */
static bool text_of(struct falco_reader *r, const struct yaml *y, const char *key, struct str *out)
{
    if (yaml_is_null(y))
        return falco_refuse(r, y->line, "'%s' is empty", key);
    if (y->kind != YAML_SCALAR)
        return falco_refuse(r, y->line, "'%s' must be a single value", key);
    if (y->text.n == 0)
        return falco_refuse(r, y->line, "'%s' must not be empty", key);
    *out = y->text;
    return true;
}

static bool need_text(struct falco_reader *r, const struct yaml *map, const char *key,
                      struct str *out)
{
    const struct yaml *y = get(map, key);
    return y ? text_of(r, y, key, out) : falco_refuse(r, map->line, "the item has no '%s'", key);
}

static bool may_text(struct falco_reader *r, const struct yaml *map, const char *key,
                     struct str *out)
{
    const struct yaml *y = get(map, key);
    return !y || text_of(r, y, key, out);
}

/* YAML 1.1's words, as yaml-cpp takes them: all lower, all upper, or with a capital; quoted too. */
static bool bool_word(struct str s, bool *out)
{
    static const char *const words[] = {"y", "yes", "true", "on", "n", "no", "false", "off"};
    bool lower = true, upper = true, capital = s.n > 0 && s.p[0] == (s.p[0] & ~0x20);
    for (size_t i = 0; i < s.n; i++) {
        bool small = byte_lower(s.p[i]) == s.p[i];
        lower = lower && small;
        upper = upper && !small;
        capital = capital && small == (i > 0);
    }
    for (size_t i = 0; i < ROWS(words) && (lower || upper || capital); i++) {
        if (str_eq_fold(s, str_of(words[i]))) {
            *out = i < 4;
            return true;
        }
    }
    return false;
}

static bool may_bool(struct falco_reader *r, const struct yaml *map, const char *key, bool *out)
{
    struct str text = STR_ABSENT;
    const struct yaml *y = get(map, key);
    if (!may_text(r, map, key, &text))
        return false;
    if (!str_present(text) || bool_word(text, out))
        return true;
    return falco_refuse(r, y->line, "'%s' must be true or false, not \"%.*s\"", key, (int)text.n,
                        text.p);
}

/* A sequence of scalars. */
static bool texts_of(struct falco_reader *r, const struct yaml *y, const char *key,
                     const struct str **out, size_t *n)
{
    if (y->kind != YAML_SEQ)
        return falco_refuse(r, y->line, "'%s' must be a list", key);
    struct str *texts = make(r, y->n, sizeof *texts);
    if (!texts)
        return false;
    for (size_t i = 0; i < y->n; i++) {
        if (y->items[i]->kind != YAML_SCALAR || yaml_is_null(y->items[i]))
            return falco_refuse(r, y->items[i]->line, "'%s' has an item that is no single value",
                                key);
        texts[i] = y->items[i]->text;
    }
    *out = texts;
    *n = y->n;
    return true;
}

static bool may_texts(struct falco_reader *r, const struct yaml *map, const char *key,
                      const struct str **out, size_t *n)
{
    const struct yaml *y = get(map, key);
    return !y || texts_of(r, y, key, out, n);
}

static void warn_unknown_keys(struct falco_reader *r, const struct yaml *map,
                              const char *const *known)
{
    for (size_t i = 0; i < map->n; i++) {
        const struct yaml *key = map->pairs[i].key;
        bool found = false;
        for (size_t k = 0; known[k]; k++)
            found = found || str_eqz(key->text, known[k]);
        if (!found)
            falco_warn(r, key->line, "the key '%.*s' is unknown and ignored", (int)key->text.n,
                       key->text.p ? key->text.p : "");
    }
}

/* ---- versions ---- */

static bool version_parse(struct str s, struct version *v)
{
    struct str rest = s, major = str_cut(&rest, '.');
    if (!str_present(rest))
        return false;
    struct str minor = str_cut(&rest, '.');
    return str_u64(major, &v->major) && str_u64(minor, &v->minor) && str_u64(rest, &v->patch);
}

/* Same major, and not older than what is wanted. */
static bool version_serves(struct version have, struct version want)
{
    if (have.major != want.major)
        return false;
    return have.minor != want.minor ? have.minor > want.minor : have.patch >= want.patch;
}

static bool read_engine_version(struct falco_reader *r, const struct yaml *map)
{
    static const char *const known[] = {"required_engine_version", NULL};
    struct version have, want = {0};
    struct str text;
    if (!need_text(r, map, known[0], &text))
        return false;
    if (!str_u64(text, &want.minor) && !version_parse(text, &want))
        return falco_refuse(r, map->line, "required_engine_version \"%.*s\" is no version (x.y.z)",
                            (int)text.n, text.p);
    if (!version_parse(S(FALCO_ENGINE_VERSION), &have) || !version_serves(have, want))
        return falco_refuse(r, map->line,
                            "the rules need Falco's engine %llu.%llu.%llu, this is " //
                            FALCO_ENGINE_VERSION,
                            want.major, want.minor, want.patch);
    warn_unknown_keys(r, map, known);
    return true;
}

struct requirement {
    struct str name;
    struct version version;
};

static bool read_requirement(struct falco_reader *r, const struct yaml *map,
                             struct requirement *out)
{
    struct str version;
    if (map->kind != YAML_MAP)
        return falco_refuse(r, map->line, "a plugin version must be a map of name and version");
    if (!need_text(r, map, "name", &out->name) || !need_text(r, map, "version", &version))
        return false;
    return version_parse(version, &out->version) ||
           falco_refuse(r, map->line, "version \"%.*s\" of plugin '%.*s' is not x.y.z",
                        (int)version.n, version.p, (int)out->name.n, out->name.p);
}

/* Whether a plugin of that name is known, and in *serves whether its version will do. */
static bool plugin_known(const struct requirement *want, bool *serves)
{
    for (size_t i = 0; i < ROWS(plugins); i++) {
        if (str_eqz(want->name, plugins[i].name)) {
            *serves = version_serves(plugins[i].version, want->version);
            return true;
        }
    }
    return false;
}

/* The first alternative whose plugin is known decides. */
static bool read_plugin(struct falco_reader *r, const struct yaml *map)
{
    struct requirement first, want;
    bool serves = false;
    if (!read_requirement(r, map, &first))
        return false;
    bool known = plugin_known(&first, &serves);
    const struct yaml *others = get(map, "alternatives");
    if (others && others->kind != YAML_SEQ)
        return falco_refuse(r, others->line, "'alternatives' must be a list");
    for (size_t i = 0; others && i < others->n; i++) {
        if (!read_requirement(r, others->items[i], &want))
            return false;
        bool twice = str_eq(want.name, first.name);
        for (size_t k = 0; k < i; k++)
            twice = twice || str_eq(want.name, yaml_text(get(others->items[k], "name")));
        if (twice)
            return falco_refuse(r, others->items[i]->line, "plugin '%.*s' is named twice",
                                (int)want.name.n, want.name.p);
        known = known || plugin_known(&want, &serves);
    }
    if (!known)
        return falco_refuse(r, map->line, "the rules need plugin '%.*s', which is not known here",
                            (int)first.name.n, first.name.p);
    return serves || falco_refuse(r, map->line, "the rules need another version of plugin '%.*s'",
                                  (int)first.name.n, first.name.p);
}

static bool read_plugin_versions(struct falco_reader *r, const struct yaml *map)
{
    static const char *const known[] = {"required_plugin_versions", NULL};
    const struct yaml *all = get(map, known[0]);
    if (all->kind != YAML_SEQ)
        return falco_refuse(r, all->line, "'required_plugin_versions' must be a list");
    for (size_t i = 0; i < all->n; i++)
        if (!read_plugin(r, all->items[i]))
            return false;
    warn_unknown_keys(r, map, known);
    return true;
}

/* ---- append and override ---- */

static const struct {
    const char *name;
    unsigned key;
} rule_keys[] = {{"condition", FALCO_KEY_CONDITION},
                 {"output", FALCO_KEY_OUTPUT},
                 {"desc", FALCO_KEY_DESC},
                 {"tags", FALCO_KEY_TAGS},
                 {"exceptions", FALCO_KEY_EXCEPTIONS},
                 {"priority", FALCO_KEY_PRIORITY},
                 {"enabled", FALCO_KEY_ENABLED},
                 {"capture", FALCO_KEY_CAPTURE},
                 {"capture_duration", FALCO_KEY_CAPTURE_DURATION},
                 {"warn_evttypes", FALCO_KEY_WARN_EVTTYPES},
                 {"skip-if-unknown-filter", FALCO_KEY_SKIP}};
#define APPENDABLE (FALCO_KEY_EXCEPTIONS * 2 - 1)
#define ONLY_KEY   1u /* a list's items, a macro's condition */

static unsigned key_of(struct str name, const char *only)
{
    if (only)
        return str_eqz(name, only) ? ONLY_KEY : 0;
    for (size_t i = 0; i < ROWS(rule_keys); i++)
        if (str_eqz(name, rule_keys[i].name))
            return rule_keys[i].key;
    return 0;
}

/* The override block: which keys to append and which to replace. only: the one key that an item of
 * this kind has, or NULL for a rule. */
static bool read_overrides(struct falco_reader *r, const struct yaml *map, const char *only,
                           unsigned *append, unsigned *replace)
{
    const struct yaml *block = get(map, "override");
    *append = *replace = 0;
    if (!block || yaml_is_null(block))
        return true;
    if (block->kind != YAML_MAP)
        return falco_refuse(r, block->line,
                            "'override' must be a map of keys to append or replace");
    for (size_t i = 0; i < block->n; i++) {
        const struct yaml *key = block->pairs[i].key, *how = block->pairs[i].value;
        unsigned k = key->kind == YAML_SCALAR ? key_of(key->text, only) : 0;
        bool appends = str_eq(yaml_text(how), S("append"));
        bool replaces = str_eq(yaml_text(how), S("replace"));
        if (!appends && !replaces)
            return falco_refuse(r, how->line, "override of '%.*s' must be append or replace",
                                (int)key->text.n, key->text.p ? key->text.p : "");
        if (k == 0 || (appends && !only && !(k & APPENDABLE)))
            return falco_refuse(r, key->line, "'%.*s' cannot be %s", (int)key->text.n,
                                key->text.p ? key->text.p : "",
                                appends ? "appended to" : "replaced");
        *(appends ? append : replace) |= k;
    }
    return true;
}

/* append: true, and its quarrel with override. */
static bool read_append(struct falco_reader *r, const struct yaml *map, bool overrides,
                        bool *append)
{
    *append = false;
    if (!may_bool(r, map, "append", append))
        return false;
    if (*append)
        falco_warn(r, map->line, "'append' is deprecated: use an 'append' under 'override'");
    if (*append && overrides)
        return falco_refuse(r, map->line, "'append' and 'override' cannot be used together");
    return true;
}

/* ---- lists and macros ---- */

static bool read_list(struct falco_reader *r, const struct yaml *map, struct falco_item *out)
{
    static const char *const known[] = {"list", "items", "append", "override", NULL};
    struct falco_list *l = &out->list;
    unsigned append, replace;
    if (!need_text(r, map, "list", &l->name))
        return false;
    r->item = l->name;
    l->at = (struct falco_place){r->file, map->line};
    if (!falco_is_list_name(l->name))
        falco_warn(r, map->line, "a list's name should have none of ( ) \" ' = , and no blank");
    if (!get(map, "items"))
        return falco_refuse(r, map->line, "the item has no 'items'");
    if (!may_texts(r, map, "items", &l->items, &l->n) ||
        !read_overrides(r, map, "items", &append, &replace) ||
        !read_append(r, map, append || replace, &out->append))
        return false;
    out->append = out->append || append;
    out->kind = FALCO_ITEM_LIST;
    warn_unknown_keys(r, map, known);
    return true;
}

static bool read_macro(struct falco_reader *r, const struct yaml *map, struct falco_item *out)
{
    static const char *const known[] = {"macro", "condition", "append", "override", NULL};
    struct falco_macro *m = &out->macro;
    unsigned append, replace;
    if (!need_text(r, map, "macro", &m->name))
        return false;
    r->item = m->name;
    m->at = (struct falco_place){r->file, map->line};
    if (!falco_is_macro_name(m->name))
        falco_warn(r, map->line,
                   "a macro's name should be letters, digits and _, or it cannot be used");
    if (!need_text(r, map, "condition", &m->condition) ||
        !read_overrides(r, map, "condition", &append, &replace) ||
        !read_append(r, map, append || replace, &out->append))
        return false;
    out->append = out->append || append;
    out->kind = FALCO_ITEM_MACRO;
    warn_unknown_keys(r, map, known);
    return true;
}

/* ---- exceptions ---- */

static bool read_entry(struct falco_reader *r, const struct yaml *y, struct falco_entry *out)
{
    *out = (struct falco_entry){0};
    if (y->kind == YAML_SCALAR && !yaml_is_null(y) && y->text.n) {
        out->text = y->text;
        return true;
    }
    if (y->kind != YAML_SEQ)
        return falco_refuse(r, y->line, "an exception has an entry that is empty or a map");
    struct falco_entry *items = make(r, y->n, sizeof *items);
    if (!items)
        return false;
    for (size_t i = 0; i < y->n; i++)
        if (!read_entry(r, y->items[i], &items[i]))
            return false;
    *out = (struct falco_entry){.list = true, .items = items, .n = y->n};
    return true;
}

static bool read_values(struct falco_reader *r, const struct yaml *map, bool append,
                        struct falco_exception *x)
{
    struct falco_entry values;
    const struct yaml *y = get(map, "values");
    if (!y) {
        if (append)
            falco_warn(r, map->line, "exception '%.*s' is appended without values", (int)x->name.n,
                       x->name.p);
        return true;
    }
    if (y->kind != YAML_SEQ)
        return falco_refuse(r, y->line, "an exception's 'values' must be a list");
    if (!read_entry(r, y, &values))
        return false;
    x->values = values.items;
    x->n = values.n;
    return true;
}

static bool read_exception(struct falco_reader *r, const struct yaml *map, bool append,
                           struct falco_exception *x)
{
    if (map->kind != YAML_MAP)
        return falco_refuse(r, map->line, "an exception must be a map");
    x->line = map->line;
    if (!need_text(r, map, "name", &x->name))
        return false;
    const struct yaml *fields = get(map, "fields"), *comps = get(map, "comps");
    if (!fields && !append)
        return falco_refuse(r, map->line, "exception '%.*s' has no 'fields'", (int)x->name.n,
                            x->name.p);
    return (!fields || read_entry(r, fields, &x->fields)) &&
           (!comps || read_entry(r, comps, &x->comps)) && read_values(r, map, append, x);
}

static bool read_exceptions(struct falco_reader *r, const struct yaml *map, bool append,
                            struct falco_rule *rule)
{
    const struct yaml *y = get(map, "exceptions");
    if (!y || yaml_is_null(y))
        return true;
    if (y->kind != YAML_SEQ)
        return falco_refuse(r, y->line, "'exceptions' must be a list");
    struct falco_exception *all = make(r, y->n, sizeof *all);
    if (!all)
        return false;
    for (size_t i = 0; i < y->n; i++) {
        if (!read_exception(r, y->items[i], append, &all[i]))
            return false;
        for (size_t k = 0; k < i; k++)
            if (str_eq(all[k].name, all[i].name))
                falco_warn(r, all[i].line, "exception '%.*s' is there twice", (int)all[i].name.n,
                           all[i].name.p);
    }
    rule->exceptions = all;
    rule->n_exceptions = y->n;
    return true;
}

/* ---- rules ---- */

static const char *const priorities[] = {"Emergency", "Alert",  "Critical",      "Error",
                                         "Warning",   "Notice", "Informational", "Debug"};

const char *falco_priority_name(unsigned priority)
{
    return priorities[priority];
}

static bool read_priority(struct falco_reader *r, const struct yaml *map, struct falco_rule *rule)
{
    struct str text;
    if (!need_text(r, map, "priority", &text))
        return false;
    for (unsigned i = 0; i < ROWS(priorities); i++) {
        if (str_eq_fold(text, str_of(priorities[i])) || (i == 6 && str_eq_fold(text, S("info")))) {
            rule->priority = i;
            return true;
        }
    }
    return falco_refuse(r, get(map, "priority")->line, "\"%.*s\" is no priority", (int)text.n,
                        text.p);
}

/* Reads those of the keys that are wanted; each must be there. */
static bool read_keys(struct falco_reader *r, const struct yaml *map, unsigned keys, bool append,
                      struct falco_rule *rule)
{
    bool ignored;
    struct str text;
    for (size_t i = 0; i < ROWS(rule_keys); i++)
        if ((keys & rule_keys[i].key) && !get(map, rule_keys[i].name))
            return falco_refuse(r, map->line, "'override' names '%s', but the item has none",
                                rule_keys[i].name);
    if ((keys & FALCO_KEY_CONDITION)) {
        rule->condition_line = get(map, "condition")->line;
        if (!need_text(r, map, "condition", &rule->condition))
            return false;
    }
    if ((keys & FALCO_KEY_OUTPUT)) {
        rule->output_line = get(map, "output")->line;
        if (!need_text(r, map, "output", &rule->output))
            return false;
    }
    return (!(keys & FALCO_KEY_DESC) || need_text(r, map, "desc", &rule->desc)) &&
           (!(keys & FALCO_KEY_TAGS) || may_texts(r, map, "tags", &rule->tags, &rule->n_tags)) &&
           (!(keys & FALCO_KEY_EXCEPTIONS) || read_exceptions(r, map, append, rule)) &&
           (!(keys & FALCO_KEY_PRIORITY) || read_priority(r, map, rule)) &&
           (!(keys & FALCO_KEY_ENABLED) || may_bool(r, map, "enabled", &rule->enabled)) &&
           (!(keys & FALCO_KEY_CAPTURE) || may_bool(r, map, "capture", &ignored)) &&
           (!(keys & FALCO_KEY_CAPTURE_DURATION) || need_text(r, map, "capture_duration", &text)) &&
           (!(keys & FALCO_KEY_WARN_EVTTYPES) || may_bool(r, map, "warn_evttypes", &ignored)) &&
           (!(keys & FALCO_KEY_SKIP) ||
            may_bool(r, map, "skip-if-unknown-filter", &rule->skip_unknown));
}

static unsigned present_keys(const struct yaml *map)
{
    unsigned keys = 0;
    for (size_t i = 0; i < ROWS(rule_keys); i++)
        keys |= get(map, rule_keys[i].name) ? rule_keys[i].key : 0;
    return keys;
}

/* A key may be in both sets; then its one value is appended and afterwards replaces all. */
static bool read_override_rule(struct falco_reader *r, const struct yaml *map,
                               struct falco_item *out)
{
    unsigned present = present_keys(map), asked = out->appended | out->replaced;
    if (!read_keys(r, map, asked, out->appended & FALCO_KEY_EXCEPTIONS, &out->rule))
        return false;
    for (size_t i = 0; i < ROWS(rule_keys); i++)
        if (present & ~asked & rule_keys[i].key)
            return falco_refuse(r, get(map, rule_keys[i].name)->line,
                                "'%s' is there, but 'override' does not say what to do with it",
                                rule_keys[i].name);
    out->kind = FALCO_ITEM_UPDATE;
    return true;
}

static bool read_appended_rule(struct falco_reader *r, const struct yaml *map,
                               struct falco_item *out)
{
    out->appended = present_keys(map) & (FALCO_KEY_CONDITION | FALCO_KEY_EXCEPTIONS);
    out->kind = FALCO_ITEM_UPDATE;
    return read_keys(r, map, out->appended, true, &out->rule);
}

static bool read_toggle(struct falco_reader *r, const struct yaml *map, struct falco_item *out)
{
    if (!get(map, "enabled"))
        return falco_refuse(r, map->line,
                            "a rule needs condition, output, desc and priority, or 'enabled'");
    falco_warn(r, map->line, "a rule of only 'enabled' is deprecated: use 'override'");
    out->kind = FALCO_ITEM_TOGGLE;
    return may_bool(r, map, "enabled", &out->rule.enabled);
}

static bool read_definition(struct falco_reader *r, const struct yaml *map, struct falco_item *out)
{
    static const char *const required[] = {"condition", "output", "desc", "priority"};
    struct falco_rule *rule = &out->rule;
    for (size_t i = 0; i < ROWS(required); i++)
        if (!get(map, required[i]))
            return falco_refuse(r, map->line, "the item has no '%s'", required[i]);
    rule->source = S("syscall");
    if (!may_text(r, map, "source", &rule->source) ||
        !read_keys(r, map, present_keys(map), false, rule))
        return false;
    rule->output = str_trim(rule->output);
    out->kind = FALCO_ITEM_RULE;
    return true;
}

static bool read_rule_body(struct falco_reader *r, const struct yaml *map, struct falco_item *out)
{
    bool append;
    const unsigned body =
        FALCO_KEY_CONDITION | FALCO_KEY_OUTPUT | FALCO_KEY_DESC | FALCO_KEY_PRIORITY;
    if (!read_overrides(r, map, NULL, &out->appended, &out->replaced) ||
        !read_append(r, map, out->appended || out->replaced, &append))
        return false;
    if (out->appended || out->replaced)
        return read_override_rule(r, map, out);
    if (append)
        return read_appended_rule(r, map, out);
    return present_keys(map) & body ? read_definition(r, map, out) : read_toggle(r, map, out);
}

static bool read_rule(struct falco_reader *r, const struct yaml *map, struct falco_item *out)
{
    static const char *const known[] = {
        "rule",       "condition",        "output",        "desc",
        "priority",   "source",           "enabled",       "capture",
        "tags",       "capture_duration", "warn_evttypes", "skip-if-unknown-filter",
        "exceptions", "override",         "append",        NULL};
    struct falco_rule *rule = &out->rule;
    const struct yaml *source = get(map, "source");
    rule->enabled = true;
    if (!need_text(r, map, "rule", &rule->name))
        return false;
    r->item = rule->name;
    rule->at = (struct falco_place){r->file, map->line};
    if (source && !yaml_is_null(source)) {
        if (source->kind != YAML_SCALAR)
            return falco_refuse(r, source->line, "'source' must be a single value");
        rule->source = source->text;
    }
    if (!read_rule_body(r, map, out))
        return false;
    warn_unknown_keys(r, map, known);
    return true;
}

bool falco_read(struct falco_reader *r, const struct yaml *y, struct falco_item *out)
{
    *out = (struct falco_item){0};
    r->item = STR_ABSENT;
    r->line = y->line;
    if (y->kind != YAML_MAP)
        return falco_refuse(r, y->line, "an item of a Falco file must be a map");
    if (get(y, "required_engine_version"))
        return read_engine_version(r, y);
    if (get(y, "required_plugin_versions"))
        return read_plugin_versions(r, y);
    if (get(y, "list"))
        return read_list(r, y, out);
    if (get(y, "macro"))
        return read_macro(r, y, out);
    if (get(y, "rule"))
        return read_rule(r, y, out);
    falco_warn(r, y->line, "an item that is no rule, macro, list or required version is ignored");
    return true;
}
