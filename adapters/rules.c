/* Rule files to the loader. */
#include "adapters/rules.h"

#include <unistd.h>

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

/* ---- placeholders ------------------------------------------------------------------------------
 */

/* The path as it is from the root of the file system, so that folders above it can be seen. */
static void put_absolute(struct buf *b, const char *path)
{
    char folder[FILES_PATH_MAX + 1];
    if (path[0] != '/' && getcwd(folder, sizeof folder)) {
        buf_putz(b, folder);
        buf_putc(b, '/');
    }
    buf_putz(b, path);
}

/* The nearest file of placeholders in the folders above path goes to *found; absent when there is
 * none. */
static void find_above(const char *path, struct buf *room, struct str *found)
{
    *found = STR_ABSENT;
    buf_reset(room);
    put_absolute(room, path);
    for (size_t n = room->n; n-- > 0 && !str_present(*found);) {
        if (room->p[n] != '/')
            continue;
        buf_cut(room, n);
        buf_putz(room, "/" PLACEHOLDERS_FILE);
        const char *z = buf_z(room);
        if (z && access(z, F_OK) == 0)
            *found = str_of(z);
        buf_cut(room, n);
    }
}

/* Rules that lie below a file of placeholders, and were named without it, get them all the same. */
static bool add_placeholders(struct loader *l, const struct rule_files *from, struct err *e)
{
    struct buf path, text;
    struct str found = STR_ABSENT;
    buf_init(&path, FILES_PATH_MAX);
    buf_init(&text, RULE_FILE_MAX);
    for (size_t i = 0; i < from->n_roots && !str_present(found); i++)
        find_above(from->roots[i], &path, &found);
    bool ok = !str_present(found) || add_file(l, found, &text, e);
    buf_release(&text);
    buf_release(&path);
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
    bool ok =
        walk_new(from->roots, from->n_roots, FILES_RULES, &w, e) && add_all(l, w, n_files, e) &&
        (loader_has_placeholders(l) || add_placeholders(l, from, e)) && loader_finish(l, out, e);
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
