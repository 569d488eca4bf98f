/* The journal of a simulation in a real account. */
#include "cli/simulate_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "adapters/files.h"

#define HEAD        "trailwarden-sim 1 "
#define RECORD_MAX  256 /* a word, and a name of 64 */
#define KEY_ID_MAX  128 /* IAM's limit */
#define PASSES      5   /* IAM shows a deletion everywhere within some seconds */
#define PASS_WAIT_S 2

static const char *const words[EXECUTE_THINGS] = {[THING_USER] = "user",
                                                  [THING_USER_DENIED] = "user-denied",
                                                  [THING_USER_POLICY] = "user-policy",
                                                  [THING_KEY] = "key",
                                                  [THING_LOGIN] = "login",
                                                  [THING_ROLE] = "role",
                                                  [THING_ROLE_DENIED] = "role-denied",
                                                  [THING_ROLE_POLICY] = "role-policy"};

void journal_init(struct journal *j)
{
    *j = (struct journal){.fd = -1};
    buf_init(&j->text, JOURNAL_MAX);
    vec_init(&j->made, sizeof(struct journal_thing), JOURNAL_THINGS_MAX);
    arena_init(&j->memory, JOURNAL_MAX);
}

void journal_release(struct journal *j)
{
    if (j->fd >= 0)
        close(j->fd);
    buf_release(&j->text);
    vec_release(&j->made);
    arena_release(&j->memory);
}

/* ---- writing ---- */

static bool write_line(struct journal *j, const struct buf *line, struct err *e)
{
    if (!buf_ok(line, "a line of the journal", e))
        return false;
    ssize_t n = write(j->fd, line->p, line->n);
    if (n == (ssize_t)line->n && fsync(j->fd) == 0)
        return true;
    return err_set(e, ERR_SYSTEM, "the journal cannot be written: %s",
                   n < 0 ? strerror(errno) : "the disk is full");
}

bool journal_begin(struct journal *j, const char *path, struct str run, struct str account,
                   struct str partition, struct err *e)
{
    struct buf line;
    j->run = arena_str(&j->memory, run);
    j->account = arena_str(&j->memory, account);
    j->partition = arena_str(&j->memory, partition);
    j->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (j->fd < 0)
        return err_set(e, ERR_USAGE, "the journal %.200s: %s", path, strerror(errno));
    buf_init(&line, RECORD_MAX);
    buf_putf(&line, HEAD "%.*s %.*s %.*s\n", (int)run.n, run.p, (int)account.n, account.p,
             (int)partition.n, partition.p);
    bool ok = write_line(j, &line, e);
    buf_release(&line);
    return ok;
}

static bool keep(struct journal *j, enum execute_thing thing, struct str name, struct err *e)
{
    struct journal_thing *to = vec_push(&j->made, 1);
    if (to)
        *to = (struct journal_thing){thing, arena_str(&j->memory, name)};
    return (to && str_present(to->name)) ||
           err_set(e, ERR_LIMIT, "more than %d things in a journal", JOURNAL_THINGS_MAX);
}

bool journal_note(struct journal *j, enum execute_thing thing, struct str name, struct err *e)
{
    struct buf line;
    buf_init(&line, RECORD_MAX);
    buf_putf(&line, "%s %.*s\n", words[thing], (int)name.n, name.p);
    bool ok = write_line(j, &line, e) && keep(j, thing, name, e);
    buf_release(&line);
    return ok;
}

/* ---- reading ---- */

static bool read_head(struct journal *j, struct str line, struct err *e)
{
    unsigned long long digits;
    if (!str_starts(line, S(HEAD)))
        return err_set(e, ERR_INPUT, "it does not begin as a journal of simulate --execute");
    struct str rest = str_skip(line, sizeof HEAD - 1);
    j->run = str_cut(&rest, ' ');
    j->account = str_cut(&rest, ' ');
    j->partition = rest;
    if (str_starts(j->run, S(EXECUTE_PREFIX)) &&
        j->run.n == sizeof EXECUTE_PREFIX - 1 + EXECUTE_ID_DIGITS &&
        j->account.n == EXECUTE_ACCOUNT_MAX && str_u64(j->account, &digits) && j->partition.n)
        return true;
    return err_set(e, ERR_INPUT, "its first line is broken");
}

/* Nothing is removed but what begins with the run's own name. */
static bool read_line(struct journal *j, struct str line, struct err *e)
{
    struct str name = line;
    struct str word = str_cut(&name, ' ');
    for (enum execute_thing t = THING_NONE + 1; t < EXECUTE_THINGS; t++)
        if (str_eqz(word, words[t]) && str_starts(name, j->run) && name.n > j->run.n + 1 &&
            name.n <= EXECUTE_NAME_MAX && name.p[j->run.n] == '-')
            return keep(j, t, name, e);
    return err_set(e, ERR_INPUT, "it names what is not of its run: %.*s",
                   (int)(line.n < 100 ? line.n : 100), line.p);
}

bool journal_read(struct journal *j, const char *path, struct err *e)
{
    if (!files_read(path, &j->text, e)) {
        e->kind = e->kind == ERR_MISSING ? ERR_USAGE : e->kind;
        return false;
    }
    struct str rest = buf_str(&j->text);
    bool ok = read_head(j, str_cut(&rest, '\n'), e);
    while (ok && str_present(rest) && str_find_byte(rest, '\n', 0) < rest.n)
        ok = read_line(j, str_cut(&rest, '\n'), e);
    return ok || err_wrap(e, "%.200s", path);
}

/* ---- removing ---- */

struct undoing {
    const struct journal *j;
    struct executor *x;
    struct execute_answer answer;
    bool again; /* something may go when it is tried once more */
};

static struct execute_names names_of(const struct journal *j, struct str name)
{
    return (struct execute_names){.run = j->run,
                                  .account = j->account,
                                  .partition = j->partition,
                                  .user = name,
                                  .role = name};
}

/* Whether it is gone: *gone. */
static bool remove_by(struct undoing *u, const struct execute_step *step,
                      const struct execute_names *names, bool *gone, struct err *e)
{
    if (!executor_call(u->x, step, names, STR_ABSENT, STR_ABSENT, &u->answer, e))
        return false;
    struct str code = buf_str(&u->answer.code);
    *gone = u->answer.why.kind == ERR_NONE || str_eqz(code, "NoSuchEntity");
    u->again = u->again || (!*gone && str_eqz(code, "DeleteConflict"));
    return true;
}

/* All keys of a user: he is the run's own. */
static bool remove_keys(struct undoing *u, struct str user, bool *gone, struct err *e)
{
    struct execute_names names = names_of(u->j, user);
    struct buf listed, id;
    buf_init(&listed, JOURNAL_MAX);
    buf_init(&id, KEY_ID_MAX);
    bool ok = remove_by(u, execute_undo(THING_NONE), &names, gone, e), all = *gone;
    buf_put(&listed, buf_str(&u->answer.body));
    for (size_t i = 0; ok && *gone && execute_key_id(buf_str(&listed), i, &id); i++) {
        bool one = true;
        names.key = buf_str(&id);
        ok = remove_by(u, execute_undo(THING_KEY), &names, &one, e);
        all = all && one;
    }
    *gone = all;
    buf_release(&listed);
    buf_release(&id);
    return ok;
}

static bool remove_thing(struct undoing *u, const struct journal_thing *t, bool *gone,
                         struct err *e)
{
    const struct execute_names names = names_of(u->j, t->name);
    if (t->thing == THING_KEY)
        return remove_keys(u, t->name, gone, e);
    return remove_by(u, execute_undo(t->thing), &names, gone, e);
}

static bool one_pass(struct undoing *u, bool tell, size_t *left, struct err *e)
{
    *left = 0;
    u->again = false;
    for (size_t i = u->j->made.n; i-- > 0;) {
        const struct journal_thing *t = vec_at(&u->j->made, i);
        bool gone = false;
        if (!remove_thing(u, t, &gone, e))
            return false;
        if (gone)
            continue;
        ++*left;
        const char *code = buf_z(&u->answer.code);
        if (tell)
            fprintf(stderr, "trailwarden: not removed: %s of %.*s: %d %s\n", words[t->thing],
                    (int)t->name.n, t->name.p, u->answer.status, code ? code : "");
    }
    return true;
}

bool journal_undo(const struct journal *j, struct executor *x, size_t *left, struct err *e)
{
    struct undoing u = {.j = j, .x = x};
    const struct timespec wait = {.tv_sec = PASS_WAIT_S};
    execute_answer_init(&u.answer);
    bool ok = one_pass(&u, false, left, e);
    for (int i = 1; ok && *left && u.again && i < PASSES; i++) {
        nanosleep(&wait, NULL);
        ok = one_pass(&u, false, left, e);
    }
    if (ok && *left)
        ok = one_pass(&u, true, left, e);
    execute_answer_release(&u.answer);
    return ok;
}
