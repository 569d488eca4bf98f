/* The configuration file's part for rules. */
#include "engine/config.h"

#include "engine/yaml.h"

#define CONFIG_BYTES_MAX                                                                           \
    (64u << 20) /* of memory: room for lists of some hundred thousand names                        \
                 */

/* A read under way. */
struct reading {
    struct str file;
    struct rule_config *out;
    struct err *e;
};

/* Makes the sentence in e a usage error at this line. */
static bool wrong(struct reading *r, unsigned line)
{
    if (r->e)
        r->e->kind = ERR_USAGE;
    return err_wrap(r->e, "%.*s:%u", (int)r->file.n, r->file.p, line);
}

static bool no_memory(struct reading *r)
{
    return err_set(r->e, ERR_LIMIT, "%.*s: the configuration takes more than %u bytes",
                   (int)r->file.n, r->file.p, CONFIG_BYTES_MAX);
}

static bool is_text(const struct yaml *y)
{
    return y->kind == YAML_SCALAR && !yaml_is_null(y);
}

/* A value, or a list of at least one. */
static bool read_values(struct reading *r, const struct yaml *y, struct placeholder *p)
{
    bool list = y->kind == YAML_SEQ;
    size_t n = list ? y->n : 1;
    struct str *values = arena_array(&r->out->memory, n, sizeof *values);
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
    if (n == 0) {
        err_set(r->e, ERR_USAGE, "placeholder '%.*s' has no values", (int)p->name.n, p->name.p);
        return wrong(r, y->line);
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
    to->name = pair->key->text;
    return read_values(r, pair->value, to);
}

static bool read_placeholders(struct reading *r, const struct yaml *y)
{
    if (y->kind != YAML_MAP) {
        err_set(r->e, ERR_USAGE, "'placeholders' wants a map of names to values");
        return wrong(r, y->line);
    }
    struct placeholder *list = arena_array(&r->out->memory, y->n, sizeof *list);
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

static bool read_root(struct reading *r, const struct yaml *y)
{
    if (yaml_is_null(y))
        return true;
    if (y->kind != YAML_MAP) {
        err_set(r->e, ERR_USAGE, "the configuration is no map");
        return wrong(r, y->line);
    }
    bool seen = false;
    for (size_t i = 0; i < y->n; i++) {
        struct str key = y->pairs[i].key->text;
        if (!str_eqz(key, "placeholders") || seen) {
            err_set(r->e, ERR_USAGE,
                    seen && str_eqz(key, "placeholders") ? "key '%.*s' is given twice"
                                                         : "unknown key '%.*s'",
                    (int)key.n, key.p ? key.p : "");
            return wrong(r, y->pairs[i].key->line);
        }
        seen = true;
        if (!read_placeholders(r, y->pairs[i].value))
            return false;
    }
    return true;
}

bool rule_config_parse(struct str file, struct str yaml, struct rule_config *out, struct err *e)
{
    *out = (struct rule_config){0};
    arena_init(&out->memory, CONFIG_BYTES_MAX);
    struct reading r = {file, out, e};
    const struct yaml **docs;
    size_t n;
    bool ok = yaml_parse(yaml, &out->memory, &docs, &n, e);
    if (!ok && e && e->kind == ERR_INPUT)
        e->kind = ERR_USAGE;
    if (!ok)
        err_wrap(e, "%.*s", (int)file.n, file.p);
    if (ok && n > 1) {
        err_set(e, ERR_USAGE, "the configuration is more than one document");
        ok = wrong(&r, docs[1]->line);
    }
    ok = ok && (n == 0 || read_root(&r, docs[0]));
    if (!ok)
        rule_config_release(out);
    return ok;
}

void rule_config_release(struct rule_config *c)
{
    arena_release(&c->memory);
    c->placeholders = NULL;
    c->n_placeholders = 0;
}

const struct placeholder *rule_config_find(const struct rule_config *c, struct str name)
{
    for (size_t i = 0; i < c->n_placeholders; i++)
        if (str_eq(c->placeholders[i].name, name))
            return c->placeholders + i;
    return NULL;
}
