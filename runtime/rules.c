/* Loading rules: files to the loader, what it has to say to the log. */
#include "runtime/rules.h"

#include "adapters/files.h"
#include "engine/diag.h"
#include "engine/loader.h"

#define CONFIG_FILE_MAX (1u << 20) /* placeholders by the thousand */

static void log_diag(const struct log *log, const struct diag *d)
{
    const char *what = d->kind == DIAG_REFUSED   ? "a rule is refused"
                       : d->kind == DIAG_SKIPPED ? "a rule is skipped"
                                                 : "a rule is doubtful";
    struct log_field fields[] = {
        {"file", d->file, 0},
        {"line", STR_ABSENT, d->line},
        {"rule", str_present(d->rule) ? d->rule : S(""), 0},
        {"reason", d->text, 0},
    };
    log_line(log, d->kind == DIAG_REFUSED ? LOG_WARN : LOG_INFO, str_of(what), fields,
             sizeof fields / sizeof *fields);
}

static void log_diags(const struct log *log, const struct diags *diags)
{
    for (size_t i = 0; i < diags->list.n && i < RULES_TOLD_MAX; i++)
        log_diag(log, vec_at(&diags->list, i));
    if (diags->list.n > RULES_TOLD_MAX)
        log_printf(log, LOG_WARN, "%zu more remarks about rules; `trailwarden rules check` has all",
                   diags->list.n - RULES_TOLD_MAX + diags->lost);
}

static bool add_file(struct loader *l, struct str path, struct buf *bytes, struct err *e)
{
    buf_reset(bytes);
    return files_read(path.p, bytes, e) && loader_add(l, path, buf_str(bytes), e);
}

static bool add_files(struct loader *l, struct walk *walk, struct err *e)
{
    struct buf bytes;
    struct str path;
    uint64_t size;
    bool ok;
    buf_init(&bytes, RULE_FILE_MAX);
    while ((ok = walk_next(walk, &path, &size, e)) && str_present(path))
        if (!(ok = add_file(l, path, &bytes, e)))
            break;
    buf_release(&bytes);
    return ok;
}

static bool load(struct loader *l, const char *path, struct ruleset **out, struct err *e)
{
    struct walk *walk;
    if (!walk_new(&path, 1, FILES_RULES, &walk, e))
        return false;
    bool ok = add_files(l, walk, e) && loader_finish(l, out, e);
    walk_free(walk);
    return ok;
}

bool function_rules_load(const char *path, const struct rule_config *cfg, const struct log *log,
                         struct ruleset **out, struct err *e)
{
    struct diags diags;
    diags_init(&diags);
    struct loader *l = loader_new(cfg, &diags);
    if (l)
        loader_durable(l);
    bool ok = l ? load(l, path, out, e) : err_set(e, ERR_SYSTEM, "no memory for rules");
    log_diags(log, &diags);
    if (ok && (*out)->n_rules == 0) {
        ruleset_free(*out);
        *out = NULL;
        ok = err_set(e, ERR_USAGE, "TRAILWARDEN_RULES: not one rule in %.300s", path);
    }
    loader_free(l);
    diags_release(&diags);
    return ok;
}

bool function_rules_config(const char *path, struct rule_config *out, struct err *e)
{
    struct buf bytes;
    *out = (struct rule_config){0};
    if (!path)
        return true;
    buf_init(&bytes, CONFIG_FILE_MAX);
    bool ok =
        files_read(path, &bytes, e) && rule_config_parse(str_of(path), buf_str(&bytes), out, e);
    buf_release(&bytes);
    return ok || err_wrap(e, "TRAILWARDEN_CONFIG");
}
