/* What the subcommands share. */
#include "cli/command.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "adapters/files.h"
#include "base/escape.h"
#include "engine/loader.h"

void complain(const struct err *e)
{
    fprintf(stderr, "trailwarden: %s\n", e->text);
}

int fail(const struct err *e)
{
    complain(e);
    return e->kind == ERR_USAGE ? EXIT_USAGE : EXIT_FAILED;
}

/* ---- interruption ------------------------------------------------------------------------------
 */

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

/* ---- rules -------------------------------------------------------------------------------------
 */

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

static bool read_config(const char *path, struct loaded *out, struct err *e)
{
    struct buf text;
    buf_init(&text, RULE_FILE_MAX);
    out->has_config = files_read(path, &text, e) &&
                      rule_config_parse(str_of(path), buf_str(&text), &out->config, e);
    buf_release(&text);
    if (!out->has_config && e->kind != ERR_SYSTEM)
        e->kind = ERR_USAGE; /* its author can mend it */
    return out->has_config;
}

static bool add_file(struct loader *l, struct str path, struct buf *text, struct err *e)
{
    buf_reset(text);
    return files_read(path.p, text, e) && loader_add(l, path, buf_str(text), e);
}

static bool add_all(struct loader *l, struct walk *w, struct loaded *out, struct err *e)
{
    struct buf text;
    buf_init(&text, RULE_FILE_MAX);
    struct str path;
    uint64_t bytes;
    bool ok;
    while ((ok = walk_next(w, &path, &bytes, e)) && str_present(path)) {
        ok = add_file(l, path, &text, e);
        if (!ok)
            break;
        out->files++;
    }
    buf_release(&text);
    return ok;
}

static bool load_roots(const char *const *roots, size_t n, struct loaded *out, struct err *e)
{
    struct walk *w = NULL;
    struct loader *l = loader_new(out->has_config ? &out->config : NULL, &out->diags);
    bool ok = l || err_set(e, ERR_SYSTEM, "no memory for rules");
    if (l && out->durable)
        loader_durable(l);
    ok = ok && walk_new(roots, n, FILES_RULES, &w, e) && add_all(l, w, out, e) &&
         loader_finish(l, &out->rules, e);
    walk_free(w);
    loader_free(l);
    if (!ok && (e->kind == ERR_MISSING || e->kind == ERR_DENIED))
        e->kind = ERR_USAGE;
    return ok;
}

static bool load_rules(const struct vec *paths, const char *config, bool durable,
                       struct loaded *out, struct err *e)
{
    *out = (struct loaded){.durable = durable};
    diags_init(&out->diags);
    if (config && !read_config(config, out, e))
        return false;
    if (paths->n)
        return load_roots(paths->p, paths->n, out, e);
    struct buf shipped;
    buf_init(&shipped, FILES_PATH_MAX);
    bool ok = rules_shipped(&shipped, e);
    const char *root = ok ? buf_z(&shipped) : NULL;
    ok = ok && load_roots(&root, 1, out, e);
    buf_release(&shipped);
    return ok;
}

bool rules_load(const struct vec *paths, const char *config, struct loaded *out, struct err *e)
{
    return load_rules(paths, config, false, out, e);
}

bool rules_load_durable(const struct vec *paths, const char *config, struct loaded *out,
                        struct err *e)
{
    return load_rules(paths, config, true, out, e);
}

void loaded_release(struct loaded *l)
{
    ruleset_free(l->rules);
    if (l->has_config)
        rule_config_release(&l->config);
    diags_release(&l->diags);
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
