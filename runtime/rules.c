/* Loading rules: what there is to say of them goes to the log. */
#include "runtime/rules.h"

#include "adapters/rules.h"

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

bool function_rules_load(const char *path, const char *config, bool later, const struct log *log,
                         struct ruleset **out, size_t *refused, struct err *e)
{
    const struct rule_files files = {
        .roots = &path, .n_roots = 1, .config = config, .durable = true, .later = later};
    struct diags diags;
    size_t n_files;
    diags_init(&diags);
    bool ok = rule_files_load(&files, &diags, out, &n_files, e);
    *refused = diags_count(&diags, DIAG_REFUSED);
    log_diags(log, &diags);
    if (ok && (*out)->n_rules == 0) {
        ruleset_free(*out);
        *out = NULL;
        ok = err_set(e, ERR_USAGE, "TRAILWARDEN_RULES: not one rule in %.300s", path);
    }
    diags_release(&diags);
    return ok;
}
