/* trailwarden backfill: an archive's objects as notifications on the function's queue. */
#include "cli/backfill.h"

#include <string.h>
#include <unistd.h>

#include "adapters/cloud.h"
#include "base/clock.h"
#include "base/escape.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/progress.h"
#include "cli/words.h"

#define KEY_MAX       1024                /* bytes of a key: an S3 limit */
#define MESSAGE_MAX   (3 * KEY_MAX + 512) /* the key percent-encoded, the bucket, the rest */
#define SHOW_EVERY_MS 200

struct asked {
    struct vec places; /* const char * */
    const char *queue, *from, *to, *after;
    bool learn, dry_run, help;
};

static const char usage_text[] =
    "usage: trailwarden backfill [options] s3://bucket/prefix\n\n"
    "Puts a notification of each log object below the prefix on the function's queue, so that "
    "Lambda\n"
    "reads the archive, as many objects at once as it runs functions. What was read before tells\n"
    "nothing new.\n\n";

static bool read_options(int argc, char **argv, struct asked *a, struct err *e)
{
    const struct option options[] = {
        {"queue", 0, OPTION_TEXT, &a->queue, "URL", "the function's queue"},
        {"from", 0, OPTION_TEXT, &a->from, "TIME", "leave out days before"},
        {"to", 0, OPTION_TEXT, &a->to, "TIME", "leave out days after"},
        {"learn", 0, OPTION_FLAG, &a->learn, NULL,
         "fill the state; of what began more than a day ago nothing is told"},
        {"after", 0, OPTION_TEXT, &a->after, "KEY", "go on behind this key"},
        {"dry-run", 0, OPTION_FLAG, &a->dry_run, NULL, "print the objects, send nothing"},
        {"help", 'h', OPTION_FLAG, &a->help, NULL, "print this"},
    };
    const size_t n = sizeof options / sizeof *options;
    if (!options_read(options, n, argc, argv, &a->places, e))
        return false;
    if (a->help) {
        fputs(usage_text, stdout);
        options_help(stdout, options, n);
    } else if (a->places.n != 1) {
        return err_set(e, ERR_USAGE, "backfill needs one place: s3://bucket/prefix");
    } else if (!a->queue && !a->dry_run) {
        return err_set(e, ERR_USAGE, "backfill needs the function's queue: --queue URL");
    }
    return true;
}

/* ---- one run ---- */

struct backfill {
    const struct asked *asked;
    struct cloud *cloud;
    struct str bucket, prefix;
    struct backfill_days days;
    struct buf messages[CLOUD_BATCH_MAX];
    size_t n;         /* of them that wait to be sent */
    struct buf seen;  /* the last key that was looked at */
    struct buf after; /* all keys up to this one are done: sent, or left out */
    struct buf jump;  /* nothing up to here is worth looking at; empty: no such place */
    struct buf next;  /* of backfill_judge */
    uint64_t sent, bytes, left_out;
    bool watched; /* standard error is a terminal */
    int64_t shown_ms;
};

static void init(struct backfill *b, const struct asked *a)
{
    *b = (struct backfill){.asked = a, .watched = isatty(STDERR_FILENO) == 1};
    for (size_t i = 0; i < CLOUD_BATCH_MAX; i++)
        buf_init(b->messages + i, MESSAGE_MAX);
    buf_init(&b->seen, KEY_MAX);
    buf_init(&b->after, KEY_MAX);
    buf_init(&b->jump, KEY_MAX + 16);
    buf_init(&b->next, KEY_MAX + 16);
    if (a->after)
        buf_putz(&b->after, a->after);
}

static void release(struct backfill *b)
{
    for (size_t i = 0; i < CLOUD_BATCH_MAX; i++)
        buf_release(b->messages + i);
    buf_release(&b->seen);
    buf_release(&b->after);
    buf_release(&b->jump);
    buf_release(&b->next);
    cloud_free(b->cloud);
}

static void copy(struct buf *to, struct str s)
{
    buf_reset(to);
    buf_put(to, s);
}

static bool read_place(struct backfill *b, struct err *e)
{
    struct str place = str_of(*(const char **)vec_at(&b->asked->places, 0));
    struct str rest = str_skip(place, 5);
    b->bucket = str_cut(&rest, '/');
    b->prefix = str_present(rest) ? rest : S("");
    if (!str_starts(place, S("s3://")) || !b->bucket.n || b->prefix.n > KEY_MAX)
        return err_set(e, ERR_USAGE, "%.100s is not of the form s3://bucket/prefix", place.p);
    return true;
}

static bool read_days(struct backfill *b, struct err *e)
{
    int64_t from_ms = 0, to_ms = 0;
    b->days = (struct backfill_days){INT64_MIN, INT64_MAX};
    if (!word_time("from", b->asked->from, &from_ms, e) ||
        !word_time("to", b->asked->to, &to_ms, e))
        return false;
    if (b->asked->from)
        b->days.from = backfill_first_day(from_ms);
    if (b->asked->to)
        b->days.to = backfill_last_day(to_ms);
    return !b->asked->from || !b->asked->to || from_ms <= to_ms ||
           err_set(e, ERR_USAGE, "--from is later than --to");
}

/* "1,230 objects, 4.5 MB" */
static void put_counts(struct buf *line, const struct backfill *b)
{
    put_count(line, b->sent);
    buf_putz(line, " objects, ");
    put_bytes(line, b->bytes);
}

static void show_progress(struct backfill *b)
{
    int64_t now_ms = clock_mono_ms();
    if (!b->watched || now_ms - b->shown_ms < SHOW_EVERY_MS)
        return;
    b->shown_ms = now_ms;
    struct buf line;
    buf_init(&line, 256);
    buf_putz(&line, "\r\x1b[K");
    put_counts(&line, b);
    const char *z = buf_z(&line);
    fputs(z ? z : "", stderr);
    fflush(stderr);
    buf_release(&line);
}

/* Sends what waits; then all that was looked at is done. */
static bool send(struct backfill *b, struct err *e)
{
    struct str bodies[CLOUD_BATCH_MAX];
    for (size_t i = 0; i < b->n; i++) {
        bodies[i] = buf_str(b->messages + i);
        if (!buf_ok(b->messages + i, "a notification", e))
            return false;
    }
    if (b->n && !cloud_send(b->cloud, bodies, b->n, e))
        return false;
    b->sent += b->n;
    b->n = 0;
    copy(&b->after, buf_str(&b->seen));
    show_progress(b);
    return true;
}

/* s3://bucket/key, as the objects of alerts are called */
static bool print_name(struct backfill *b, struct str key, struct err *e)
{
    struct buf line;
    buf_init(&line, 8 * (KEY_MAX + 512)); /* a byte is shown as at most 8 */
    buf_putz(&line, "s3://");
    buf_put(&line, b->bucket);
    buf_putc(&line, '/');
    buf_put_terminal(&line, key);
    buf_putc(&line, '\n');
    struct str s = buf_str(&line);
    bool ok =
        buf_ok(&line, "a name", e) && (fwrite(s.p, 1, s.n, stdout) == s.n ||
                                       err_set(e, ERR_SYSTEM, "cannot write to standard output"));
    buf_release(&line);
    b->sent += ok;
    return ok;
}

/* s3_object_fn */
static bool take(void *to, const struct s3_listed *o, struct err *e)
{
    struct backfill *b = to;
    if (interrupted())
        return err_set(e, ERR_SYSTEM, "interrupted");
    if (str_cmp(o->key, buf_str(&b->jump)) <= 0)
        return true;
    copy(&b->seen, o->key);
    if (backfill_judge(&b->days, o->key, o->bytes, &b->next) == BACKFILL_LEAVE) {
        b->left_out++;
        if (b->next.n)
            copy(&b->jump, buf_str(&b->next));
        return true;
    }
    b->bytes += o->bytes;
    if (b->asked->dry_run)
        return print_name(b, o->key, e);
    struct buf *message = b->messages + b->n++;
    buf_reset(message);
    backfill_put_message(message, b->bucket, o->key, o->bytes, b->asked->learn);
    return b->n < CLOUD_BATCH_MAX || send(b, e);
}

/* Page after page, each from behind what was looked at or is to be passed over. */
static bool list(struct backfill *b, struct err *e)
{
    bool more = true, ok = true;
    copy(&b->seen, buf_str(&b->after));
    while (ok && more) {
        bool far = str_cmp(buf_str(&b->jump), buf_str(&b->seen)) > 0;
        struct str from = buf_str(far ? &b->jump : &b->seen);
        ok = cloud_list_page(b->cloud, b->bucket, b->prefix, from, take, b, &more, e);
    }
    return ok && send(b, e);
}

/* ---- telling ---- */

/* For a shell: 'it'\''s' */
static void put_quoted(struct buf *b, struct str s)
{
    buf_putc(b, '\'');
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '\'')
            buf_putz(b, "'\\''");
        else
            buf_putc(b, s.p[i]);
    }
    buf_putc(b, '\'');
}

static void put_option(struct buf *b, const char *name, const char *value)
{
    if (!value)
        return;
    buf_putf(b, " --%s ", name);
    put_quoted(b, str_of(value));
}

/* The command that does the rest. */
static void put_rest(struct buf *b, struct backfill *f)
{
    const struct asked *a = f->asked;
    buf_putz(b, "trailwarden backfill");
    put_option(b, "queue", a->queue);
    put_option(b, "from", a->from);
    put_option(b, "to", a->to);
    buf_putz(b, a->learn ? " --learn" : "");
    buf_putz(b, a->dry_run ? " --dry-run" : "");
    put_option(b, "after", f->after.n ? buf_z(&f->after) : NULL);
    buf_putc(b, ' ');
    put_quoted(b, str_of(*(const char **)vec_at(&a->places, 0)));
}

static void tell(struct backfill *b, bool ok)
{
    struct buf line, shown;
    buf_init(&line, 4 * KEY_MAX + 4096);
    buf_init(&shown, 8 * (4 * KEY_MAX + 4096));
    if (b->watched)
        fputs("\r\x1b[K", stderr);
    put_counts(&line, b);
    buf_putz(&line, b->asked->dry_run ? " to be put on the queue" : " put on the queue");
    if (b->left_out)
        buf_putz(&line, "; digests, folders and other days left out");
    if (!ok) {
        buf_putz(&line, "; the rest:\n  ");
        put_rest(&line, b);
    }
    struct str all = buf_str(&line);
    struct str first = str_cut(&all, '\n');
    buf_put_terminal(&shown, first);
    buf_putc(&shown, '\n');
    if (str_present(all)) {
        buf_put_terminal(&shown, all);
        buf_putc(&shown, '\n');
    }
    const char *z = buf_z(&shown);
    fputs(z ? z : "", stderr);
    buf_release(&line);
    buf_release(&shown);
}

static bool begin(struct backfill *b, struct err *e)
{
    return read_place(b, e) && read_days(b, e) && buf_ok(&b->after, "the key of --after", e) &&
           (b->cloud = cloud_new(e)) &&
           (b->asked->dry_run || cloud_queue(b->cloud, str_of(b->asked->queue), e));
}

static int run(const struct asked *a)
{
    struct err e = {0};
    struct backfill b;
    int code = EXIT_DONE;
    init(&b, a);
    interrupt_watch();
    if (!begin(&b, &e)) {
        code = fail(&e);
    } else {
        bool ok = list(&b, &e);
        if (!ok)
            code = interrupted() ? EXIT_INTERRUPTED : fail(&e);
        if (code == EXIT_INTERRUPTED)
            fputs("trailwarden: interrupted\n", stderr);
        tell(&b, ok);
    }
    release(&b);
    return code;
}

int backfill_command(int argc, char **argv)
{
    struct err e = {0};
    struct asked a = {0};
    vec_init(&a.places, sizeof(const char *), ARGUMENTS_MAX);
    int code = EXIT_DONE;
    if (!read_options(argc, argv, &a, &e))
        code = fail(&e);
    else if (!a.help)
        code = run(&a);
    vec_release(&a.places);
    return code;
}
