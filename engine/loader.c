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
    l->sigma = l->builder ? sigma_new(l->builder, cfg, diags) : NULL;
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
        return sigma_add(l->sigma, file, docs, n, e);
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
    if (!sigma_finish(l->sigma, e) || !falco_finish(l->falco, e))
        return false;
    hash_all(l);
    return builder_freeze(l->builder, out, e) && (!l->lint || lint_meanings(*out, l->diags, e));
}
