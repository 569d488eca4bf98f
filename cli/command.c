/* What the subcommands share. */
#include "cli/command.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/files.h"
#include "adapters/rules.h"
#include "base/escape.h"
#include "cli/words.h"

void complain(const struct err *e)
{
    fprintf(stderr, "trailwarden: %s\n", e->text);
}

int fail(const struct err *e)
{
    complain(e);
    return e->kind == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

/* ---- interruption ---- */

/* The one mutable global of the program: a signal handler has no other way to speak. */
static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
    (void)number;
    signalled = 1;
}

void interrupt_watch(void)
{
    struct sigaction act = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&act.sa_mask);
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
}

bool interrupted(void)
{
    return signalled != 0;
}

/* ---- rules ---- */

static bool is_folder(const char *path)
{
    struct stat st;
    return path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool rules_shipped(struct buf *path, struct err *e)
{
    char self[FILES_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self);
    while (n > 0 && self[n - 1] != '/')
        n--;
    buf_reset(path);
    if (n > 0) {
        buf_put(path, str_n(self, (size_t)n));
        buf_putz(path, "../share/trailwarden/rules");
        if (is_folder(buf_z(path)))
            return true;
        buf_reset(path);
    }
    buf_putz(path, TRAILWARDEN_RULES_DIR);
    if (is_folder(buf_z(path)))
        return true;
    return err_set(e, ERR_USAGE, "the shipped rules were not found; name rules with --rules");
}

/* A folder without rules finds nothing and looks like a quiet log: a wrong path must show. */
static void warn_of_none(const struct rule_files *files, struct loaded *out)
{
    for (size_t i = 0; out->files == 0 && i < files->n_roots; i++)
        diag_add(&out->diags, DIAG_WARNING, str_of(files->roots[i]), 0, STR_ABSENT,
                 "there is no rule file in it");
}

/* bundle: gets what they are compiled to; NULL: nothing does. */
static bool load_rules(const struct vec *paths, struct rule_files files, struct buf *bundle,
                       struct loaded *out, struct err *e)
{
    struct buf shipped;
    const char *root;
    *out = (struct loaded){0};
    diags_init(&out->diags);
    buf_init(&shipped, FILES_PATH_MAX);
    bool ok = paths->n || rules_shipped(&shipped, e);
    root = buf_z(&shipped);
    files.roots = paths->n ? paths->p : &root;
    files.n_roots = paths->n ? paths->n : 1;
    if (ok && bundle)
        ok = rule_files_compile(&files, &out->diags, bundle, &out->rules, &out->files, e);
    else if (ok)
        ok = rule_files_load(&files, &out->diags, &out->rules, &out->files, e);
    if (ok)
        warn_of_none(&files, out);
    buf_release(&shipped);
    return ok;
}

bool rules_load(const struct vec *paths, const char *config, struct loaded *out, struct err *e)
{
    return load_rules(paths, (struct rule_files){.config = config}, NULL, out, e);
}

bool rules_load_sources(const struct vec *paths, const char *config, struct loaded *out,
                        struct err *e)
{
    return load_rules(paths, (struct rule_files){.config = config, .sources = true}, NULL, out, e);
}

bool rules_load_durable(const struct vec *paths, const char *config, struct loaded *out,
                        struct err *e)
{
    return load_rules(paths, (struct rule_files){.config = config, .durable = true}, NULL, out, e);
}

bool rules_load_linted(const struct vec *paths, const char *config, struct loaded *out,
                       struct err *e)
{
    return load_rules(paths, (struct rule_files){.config = config, .lint = true, .sources = true},
                      NULL, out, e);
}

bool rules_load_compiled(const struct vec *paths, const char *config, bool durable,
                         struct buf *bundle, struct loaded *out, struct err *e)
{
    return load_rules(paths, (struct rule_files){.config = config, .durable = durable}, bundle, out,
                      e);
}

void loaded_release(struct loaded *l)
{
    ruleset_free(l->rules);
    diags_release(&l->diags);
}

int with_rules(const struct vec *paths, const char *config,
               int (*run)(const void *asked, const struct ruleset *rules), const void *asked)
{
    struct err e = {0};
    struct loaded rules;
    bool ok = rules_load(paths, word_or_variable(config, "TRAILWARDEN_CONFIG"), &rules, &e);
    diags_print(stderr, &rules.diags);
    int code = ok ? run(asked, rules.rules) : fail(&e);
    loaded_release(&rules);
    return code;
}

static void put_diag(struct buf *b, const struct diag *d)
{
    static const char *const kinds[] = {[DIAG_REFUSED] = " [refused]\n",
                                        [DIAG_WARNING] = " [warning]\n",
                                        [DIAG_SKIPPED] = " [skipped]\n"};
    buf_put_terminal(b, d->file);
    if (d->line) {
        buf_putc(b, ':');
        buf_put_u64(b, d->line);
    }
    buf_putz(b, ": ");
    if (str_present(d->rule)) {
        buf_put_terminal(b, d->rule);
        buf_putz(b, ": ");
    }
    buf_put_terminal(b, d->text);
    buf_putz(b, kinds[d->kind]);
}

void diags_print(FILE *to, const struct diags *d)
{
    struct buf line;
    buf_init(&line, 1u << 20);
    for (size_t i = 0; i < d->list.n; i++) {
        buf_reset(&line);
        put_diag(&line, vec_at(&d->list, i));
        struct str s = buf_str(&line);
        fwrite(s.p, 1, s.n, to);
    }
    if (d->lost)
        fprintf(to, "and %zu more\n", d->lost);
    buf_release(&line);
}
