/* The configuration file's part for rules. */
#include "engine/config.h"

#include "engine/yaml.h"

#define CONFIG_BYTES_MAX                                                                           \
    (64u << 20) /* of memory: room for lists of some hundred thousand names                        \
                 */

#define NEAR_BYTES_MIN 4 /* names that are shorter are all like one another */

/* A read under way. */
struct reading {
    struct arena *a;
    struct rule_config *out;
    unsigned *line; /* where what failed stands */
    struct err *e;
};

/* Makes the sentence in e a usage error at this line. */
static bool wrong(struct reading *r, unsigned line)
{
    if (r->e)
        r->e->kind = ERR_USAGE;
    *r->line = line;
    return false;
}

static bool no_memory(struct reading *r)
{
    return err_set(r->e, ERR_LIMIT, "the configuration takes more memory than it may");
}

static bool is_text(const struct yaml *y)
{
    return y->kind == YAML_SCALAR && !yaml_is_null(y);
}

/* A value, or a list of them. */
static bool read_values(struct reading *r, const struct yaml *y, struct placeholder *p)
{
    bool list = y->kind == YAML_SEQ;
    size_t n = list ? y->n : 1;
    struct str *values = arena_array(r->a, n, sizeof *values);
    if (!values)
        return no_memory(r);
    for (size_t i = 0; i < n; i++) {
        const struct yaml *value = list ? y->items[i] : y;
        if (!is_text(value)) {
            err_set(r->e, ERR_USAGE, "placeholder '%.*s' wants a text or a list of texts",
                    (int)p->name.n, p->name.p);
            return wrong(r, value->line);
        }
        values[i] = value->text;
    }
    p->values = values;
    p->n = n;
    return true;
}

static bool read_placeholder(struct reading *r, const struct yaml_pair *pair,
                             struct placeholder *to)
{
    if (!is_text(pair->key) || pair->key->text.n == 0) {
        err_set(r->e, ERR_USAGE, "a placeholder has no name");
        return wrong(r, pair->key->line);
    }
    if (rule_config_find(r->out, pair->key->text)) {
        err_set(r->e, ERR_USAGE, "placeholder '%.*s' is given twice", (int)pair->key->text.n,
                pair->key->text.p);
        return wrong(r, pair->key->line);
    }
    to->asked = arena_alloc(r->a, sizeof *to->asked);
    if (!to->asked)
        return no_memory(r);
    to->name = pair->key->text;
    to->line = pair->key->line;
    return read_values(r, pair->value, to);
}

static bool read_placeholders(struct reading *r, const struct yaml *y)
{
    if (y->kind != YAML_MAP) {
        err_set(r->e, ERR_USAGE, "'placeholders' wants a map of names to values");
        return wrong(r, y->line);
    }
    struct placeholder *list = arena_array(r->a, y->n, sizeof *list);
    if (!list)
        return no_memory(r);
    r->out->placeholders = list;
    for (size_t i = 0; i < y->n; i++) {
        if (!read_placeholder(r, y->pairs + i, list + i))
            return false;
        r->out->n_placeholders = i + 1;
    }
    return true;
}

static bool read_filters(struct reading *r, const struct yaml *y)
{
    if (y->kind != YAML_SEQ) {
        err_set(r->e, ERR_USAGE, "'filters' wants a list of Sigma filters");
        return wrong(r, y->line);
    }
    for (size_t i = 0; i < y->n; i++)
        if (!yaml_get(y->items[i], "filter")) {
            err_set(r->e, ERR_USAGE,
                    "a member of 'filters' has no 'filter': it is no Sigma filter");
            return wrong(r, y->items[i]->line);
        }
    r->out->filters = y->items;
    r->out->n_filters = y->n;
    return true;
}

/* A part of the file that is none of the rules'. */
static bool pass_over(struct reading *r, const struct yaml *y)
{
    (void)r;
    (void)y;
    return true;
}

static const struct key {
    const char *name;
    bool (*read)(struct reading *r, const struct yaml *y);
} keys[] = {
    {"placeholders", read_placeholders},
    {"filters", read_filters},
    {"containment", pass_over}, /* respond/contain_config.h */
};
#define KEYS (sizeof keys / sizeof *keys)

static bool read_key(struct reading *r, const struct yaml_pair *pair, bool seen[KEYS])
{
    struct str name = pair->key->text;
    for (size_t i = 0; i < KEYS; i++) {
        if (!str_eqz(name, keys[i].name))
            continue;
        if (!seen[i]) {
            seen[i] = true;
            return keys[i].read(r, pair->value);
        }
        err_set(r->e, ERR_USAGE, "key '%.*s' is given twice", (int)name.n, name.p);
        return wrong(r, pair->key->line);
    }
    err_set(r->e, ERR_USAGE, "unknown key '%.*s'", (int)name.n, name.p ? name.p : "");
    return wrong(r, pair->key->line);
}

bool rule_config_read(const struct yaml *root, struct arena *a, struct rule_config *out,
                      unsigned *line, struct err *e)
{
    struct reading r = {a, out, line, e};
    bool seen[KEYS] = {false};
    if (yaml_is_null(root))
        return true;
    if (root->kind != YAML_MAP) {
        err_set(e, ERR_USAGE, "the configuration is no map");
        return wrong(&r, root->line);
    }
    for (size_t i = 0; i < root->n; i++)
        if (!read_key(&r, root->pairs + i, seen))
            return false;
    return true;
}

/* The one document of the file. */
static bool parse(struct str yaml, struct rule_config *out, unsigned *line, struct err *e)
{
    const struct yaml **docs;
    size_t n;
    if (!yaml_parse(yaml, &out->memory, &docs, &n, e)) {
        if (e && e->kind == ERR_INPUT)
            e->kind = ERR_USAGE;
        return false;
    }
    if (n > 1) {
        *line = docs[1]->line;
        return err_set(e, ERR_USAGE, "the configuration is more than one document");
    }
    return n == 0 || rule_config_read(docs[0], &out->memory, out, line, e);
}

bool rule_config_parse(struct str file, struct str yaml, struct rule_config *out, struct err *e)
{
    unsigned line = 0;
    *out = (struct rule_config){0};
    arena_init(&out->memory, CONFIG_BYTES_MAX);
    out->file = arena_str(&out->memory, file);
    if (parse(yaml, out, &line, e))
        return true;
    rule_config_release(out);
    if (line)
        return err_wrap(e, "%.*s:%u", (int)file.n, file.p, line);
    return err_wrap(e, "%.*s", (int)file.n, file.p);
}

void rule_config_release(struct rule_config *c)
{
    arena_release(&c->memory);
    *c = (struct rule_config){0};
}

const struct placeholder *rule_config_find(const struct rule_config *c, struct str name)
{
    for (; c; c = c->behind)
        for (size_t i = 0; i < c->n_placeholders; i++)
            if (str_eq(c->placeholders[i].name, name))
                return c->placeholders + i;
    return NULL;
}

const struct placeholder *rule_config_near(const struct rule_config *c, struct str name)
{
    for (; c; c = c->behind)
        for (size_t i = 0; i < c->n_placeholders; i++)
            if (name.n >= NEAR_BYTES_MIN && str_is_near(c->placeholders[i].name, name))
                return c->placeholders + i;
    return NULL;
}
