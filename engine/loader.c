/* Rule files to a ruleset: parses YAML, tells the dialects apart, hands on, freezes. */
#include "engine/loader.h"

#include <stdlib.h>

#include "base/vec.h"
#include "engine/builder.h"
#include "engine/falco.h"
#include "engine/lint.h"
#include "engine/sigma.h"
#include "engine/yaml.h"

#define LOADER_MEMORY_MAX (512u << 20) /* YAML trees of all files; 800 public rules take 8 MB */
#define LOADER_FILES_MAX  100000

struct file_hash {
    unsigned char bytes[SHA256_BYTES];
};

struct loader {
    struct builder *builder;
    struct sigma *sigma;
    struct falco *falco;
    struct diags *diags;
    struct rule_config config; /* the owner's; behind it what files gave */
    struct arena memory;
    struct vec hashes;
    bool lint;
};

struct loader *loader_new(const struct rule_config *cfg, struct diags *diags)
{
    struct loader *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->diags = diags;
    arena_init(&l->memory, LOADER_MEMORY_MAX);
    vec_init(&l->hashes, sizeof(struct file_hash), LOADER_FILES_MAX);
    l->builder = builder_new();
    if (cfg)
        l->config = *cfg;
    l->sigma = l->builder ? sigma_new(l->builder, &l->config, diags) : NULL;
    l->falco = l->builder ? falco_new(l->builder, diags) : NULL;
    if (l->sigma && l->falco)
        return l;
    loader_free(l);
    return NULL;
}

void loader_free(struct loader *l)
{
    if (!l)
        return;
    sigma_free(l->sigma);
    falco_free(l->falco);
    builder_free(l->builder);
    vec_release(&l->hashes);
    arena_release(&l->memory);
    free(l);
}

void loader_durable(struct loader *l)
{
    sigma_durable(l->sigma);
}

void loader_lints(struct loader *l)
{
    l->lint = true;
    sigma_lints(l->sigma);
}

/* The dialect of a file by its roots: the first that is not empty decides, the rest must agree. */
enum content { CONTENT_EMPTY, CONTENT_SIGMA, CONTENT_FALCO, CONTENT_MIXED, CONTENT_OTHER };

static enum content content_of(const struct yaml **docs, size_t n)
{
    enum content c = CONTENT_EMPTY;
    for (size_t i = 0; i < n; i++) {
        if (yaml_is_null(docs[i]))
            continue;
        enum content this = docs[i]->kind == YAML_MAP   ? CONTENT_SIGMA
                            : docs[i]->kind == YAML_SEQ ? CONTENT_FALCO
                                                        : CONTENT_OTHER;
        if (c != CONTENT_EMPTY && c != this)
            return CONTENT_MIXED;
        c = this;
    }
    return c;
}

static bool remember_hash(struct loader *l, struct str bytes, struct err *e)
{
    struct file_hash *h = vec_push(&l->hashes, 1);
    if (!h)
        return err_set(e, ERR_LIMIT, "more than %d rule files", LOADER_FILES_MAX);
    struct sha256 s;
    sha256_init(&s);
    sha256_add(&s, bytes);
    sha256_end(&s, h->bytes);
    return true;
}

/* ---- placeholders among the rules ---- */

static bool is_placeholders(const struct yaml *doc)
{
    return yaml_get(doc, "placeholders") && !yaml_get(doc, "detection") &&
           !yaml_get(doc, "correlation") && !yaml_get(doc, "filter");
}

/* Refuses what two documents give. */
static bool check_again(const struct loader *l, const struct yaml *doc,
                        const struct rule_config *new, unsigned *line, struct err *e)
{
    const struct yaml *map = yaml_get(doc, "placeholders");
    for (size_t i = 0; i < new->n_placeholders; i++) {
        struct str name = new->placeholders[i].name;
        *line = map->pairs[i].key->line;
        if (rule_config_find(l->config.behind, name))
            return err_set(e, ERR_INPUT, "another file of rules gives placeholder '%.*s' too",
                           (int)name.n, name.p);
    }
    return true;
}

static bool add_placeholders(struct loader *l, struct str file, const struct yaml *doc,
                             struct err *e)
{
    struct err why = {0};
    unsigned line = doc->line;
    struct rule_config *new = arena_alloc(&l->memory, sizeof *new);
    if (!new)
        return err_set(e, ERR_LIMIT, "the rule files take more than %u bytes", LOADER_MEMORY_MAX);
    if (!rule_config_read(doc, &l->memory, new, &line, &why) ||
        !check_again(l, doc, new, &line, &why)) {
        diag_add(l->diags, DIAG_REFUSED, file, line, STR_ABSENT, "%s", why.text);
        return true;
    }
    new->behind = l->config.behind;
    l->config.behind = new;
    return true;
}

/* Warns about names in the owner's configuration that no rule asks for, and that are written like
 * one that the files of rules give: what was meant stays without the owner's values. */
static void warn_misspelt(struct loader *l)
{
    for (size_t i = 0; i < l->config.n_placeholders; i++) {
        const struct placeholder *p = l->config.placeholders + i;
        const struct placeholder *meant = rule_config_near(l->config.behind, p->name);
        if (!*p->asked && meant && !rule_config_find(l->config.behind, p->name))
            diag_add(l->diags, DIAG_WARNING, l->config.file, p->line, STR_ABSENT,
                     "no rule asks for placeholder '%.*s': is '%.*s' meant?", (int)p->name.n,
                     p->name.p, (int)meant->name.n, meant->name.p);
    }
}

bool loader_has_placeholders(const struct loader *l)
{
    return l->config.behind != NULL;
}

/* The documents of a Sigma file: placeholders are taken, the rest is Sigma's. */
static bool add_sigma(struct loader *l, struct str file, const struct yaml **docs, size_t n,
                      struct err *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (!is_placeholders(docs[i]))
            docs[kept++] = docs[i];
        else if (!add_placeholders(l, file, docs[i], e))
            return false;
    }
    return sigma_add(l->sigma, file, docs, kept, e);
}

/* ---- files ---- */

bool loader_add(struct loader *l, struct str name, struct str bytes, struct err *e)
{
    const struct yaml **docs;
    size_t n;
    struct str file = arena_str(&l->memory, name);
    if (!file.p)
        return err_set(e, ERR_LIMIT, "the rule files take more than %u bytes", LOADER_MEMORY_MAX);
    struct err why;
    if (!yaml_parse(bytes, &l->memory, &docs, &n, &why)) {
        if (why.kind == ERR_SYSTEM) {
            *e = why;
            return false;
        }
        diag_add(l->diags, DIAG_REFUSED, file, 0, STR_ABSENT, "%s", why.text);
        return true;
    }
    if (!remember_hash(l, bytes, e))
        return false;
    switch (content_of(docs, n)) {
    case CONTENT_SIGMA:
        return add_sigma(l, file, docs, n, e);
    case CONTENT_FALCO:
        return falco_add(l->falco, file, docs, n, e);
    case CONTENT_EMPTY:
        diag_add(l->diags, DIAG_WARNING, file, 0, STR_ABSENT, "the file has no rule in it");
        return true;
    case CONTENT_MIXED:
        diag_add(l->diags, DIAG_REFUSED, file, 0, STR_ABSENT,
                 "the file mixes documents that are maps (Sigma) and sequences (Falco)");
        return true;
    case CONTENT_OTHER:
        break;
    }
    diag_add(l->diags, DIAG_REFUSED, file, 0, STR_ABSENT,
             "the file is neither a Sigma rule (a map) nor a Falco rule file (a sequence)");
    return true;
}

static int hash_order(const void *x, const void *y)
{
    return memcmp(x, y, SHA256_BYTES);
}

/* The hash of the files' hashes in their own order, so that neither names nor order matter. */
static void hash_all(struct loader *l)
{
    struct sha256 s;
    unsigned char all[SHA256_BYTES];
    if (l->hashes.n)
        qsort(l->hashes.p, l->hashes.n, sizeof(struct file_hash), hash_order);
    sha256_init(&s);
    sha256_add(&s, str_n(l->hashes.p, l->hashes.n * sizeof(struct file_hash)));
    sha256_end(&s, all);
    builder_hash(l->builder, all);
}

bool loader_finish(struct loader *l, struct ruleset **out, struct err *e)
{
    const struct rule_config *c = &l->config;
    if (c->n_filters && !sigma_add(l->sigma, c->file, c->filters, c->n_filters, e))
        return false;
    if (!sigma_finish(l->sigma, e) || !falco_finish(l->falco, e))
        return false;
    warn_misspelt(l);
    hash_all(l);
    return builder_freeze(l->builder, out, e) && (!l->lint || lint_meanings(*out, l->diags, e));
}
