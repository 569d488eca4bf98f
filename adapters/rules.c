/* Rule files to the loader. */
#include "adapters/rules.h"

#include "adapters/files.h"
#include "engine/config.h"
#include "engine/loader.h"

static bool read_config(const char *path, struct rule_config *out, struct err *e)
{
    struct buf text;
    *out = (struct rule_config){0};
    if (!path)
        return true;
    buf_init(&text, CONFIG_FILE_MAX);
    bool ok = files_read(path, &text, e) && rule_config_parse(str_of(path), buf_str(&text), out, e);
    buf_release(&text);
    if (!ok && e->kind != ERR_SYSTEM)
        e->kind = ERR_USAGE; /* its author can mend it */
    return ok || err_wrap(e, "the configuration");
}

static bool add_file(struct loader *l, struct str path, struct buf *text, struct err *e)
{
    buf_reset(text);
    return files_read(path.p, text, e) && loader_add(l, path, buf_str(text), e);
}

static bool add_all(struct loader *l, struct walk *w, size_t *n_files, struct err *e)
{
    struct buf text;
    struct str path;
    uint64_t bytes;
    bool ok;
    buf_init(&text, RULE_FILE_MAX);
    while ((ok = walk_next(w, &path, &bytes, e)) && str_present(path)) {
        ok = add_file(l, path, &text, e);
        if (!ok)
            break;
        ++*n_files;
    }
    buf_release(&text);
    return ok;
}

static bool load(struct loader *l, const struct rule_files *from, struct ruleset **out,
                 size_t *n_files, struct err *e)
{
    struct walk *w = NULL;
    if (from->durable)
        loader_durable(l);
    if (from->lint)
        loader_lints(l);
    bool ok = walk_new(from->roots, from->n_roots, FILES_RULES, &w, e) &&
              add_all(l, w, n_files, e) && loader_finish(l, out, e);
    walk_free(w);
    if (!ok && (e->kind == ERR_MISSING || e->kind == ERR_DENIED))
        e->kind = ERR_USAGE;
    return ok;
}

bool rule_files_load(const struct rule_files *from, struct diags *diags, struct ruleset **out,
                     size_t *n_files, struct err *e)
{
    struct rule_config config;
    *out = NULL;
    *n_files = 0;
    bool ok = read_config(from->config, &config, e);
    struct loader *l = ok ? loader_new(&config, diags) : NULL;
    if (ok && !l)
        ok = err_set(e, ERR_SYSTEM, "no memory for rules");
    ok = ok && load(l, from, out, n_files, e);
    loader_free(l);
    rule_config_release(&config);
    return ok;
}
