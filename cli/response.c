/* What the commands of those who respond share. */
#include "cli/response.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapters/files.h"
#include "adapters/process.h"
#include "adapters/rules.h"
#include "base/clock.h"
#include "base/escape.h"
#include "cli/keep.h"
#include "cli/words.h"
#include "respond/contain_put.h"

#define STATE_NAME_MAX 4096 /* PATH_MAX of Linux; a table's name has 255 letters */
/* Steps of one principal, each called again for up to ten seconds while IAM is throttling. */
#define ORDER_MS      (120 * 1000LL)
#define PRINCIPAL_MAX 4096 /* an ARN has at most 2,048 characters */
/* Of all its principals: each has some steps of a few hundred bytes, and sentences of 768. */
#define REPORT_MAX (1u << 20)

/* Opening would make the file, and an empty list is no answer to a mistyped name. */
static bool is_there(const char *name, struct err *e)
{
    if (!str_ends(str_of(name), S(".db")) || access(name, F_OK) == 0)
        return true;
    return err_set(e, ERR_USAGE, "--state %.200s: there is no such file", name);
}

static struct state *open_lasting(const char *name, struct err *e)
{
    struct state *s = is_there(name, e) ? state_open(name, e) : NULL;
    if (!s || state_is_durable(s))
        return s;
    err_set(e, ERR_USAGE, "--state memory holds nothing yet: name FILE.db or dynamodb:TABLE");
    state_close(s);
    return NULL;
}

struct state *response_state(const char *asked, struct err *e)
{
    struct state *s = NULL;
    struct buf name;
    const char *table = word_or_variable(NULL, "TRAILWARDEN_TABLE");
    if (asked)
        return open_lasting(asked, e);
    if (!table) {
        err_set(e, ERR_USAGE, "name a state with --state, or a table with TRAILWARDEN_TABLE");
        return NULL;
    }
    buf_init(&name, STATE_NAME_MAX);
    buf_putz(&name, "dynamodb:");
    buf_putz(&name, table);
    if (buf_ok(&name, "the name of a table", e))
        s = open_lasting(buf_z(&name), e);
    buf_release(&name);
    return s;
}

bool response_incident_id(const char *text, unsigned char id[INCIDENT_ID_BYTES], struct err *e)
{
    struct str s = str_of(text);
    bool ok = s.n == 2 * INCIDENT_ID_BYTES;
    for (size_t i = 0; ok && i < INCIDENT_ID_BYTES; i++) {
        int high = byte_hex(s.p[2 * i]), low = byte_hex(s.p[2 * i + 1]);
        ok = high >= 0 && low >= 0;
        if (ok)
            id[i] = (unsigned char)(high << 4 | low);
    }
    return ok || err_set(e, ERR_USAGE, "%.80s is no incident's id, which has 32 hexadecimal digits",
                         text);
}

/* ---- opening ---- */

/* port_clock and port_random of a process that nobody waits for. */
static int64_t now_ms(void *self)
{
    (void)self;
    return clock_wall_ms();
}

/* There is no deadline; what is left decides how long a principal is leased to us, and so how long
 * others wait for a command that was killed. */
static int64_t left_ms(void *self)
{
    (void)self;
    return ORDER_MS;
}

static bool read_config(struct response *o, struct err *e)
{
    const char *path = word_or_variable(o->asked.config, "TRAILWARDEN_CONFIG");
    struct buf yaml;
    if (!path)
        return true;
    buf_init(&yaml, CONFIG_FILE_MAX);
    contain_config_release(&o->config);
    bool ok = files_read(path, &yaml, e);
    if (!ok && e->kind == ERR_MISSING)
        e->kind = ERR_USAGE;
    if (!ok || !contain_config_parse(str_of(path), buf_str(&yaml), &o->config, e)) {
        contain_config_init(&o->config);
        ok = false;
    }
    buf_release(&yaml);
    return ok;
}

/* contain_calls.walk */
static bool walk(void *to, const struct lineage_ask *ask, struct arena *a, struct lineage_walk *out,
                 struct err *e)
{
    struct response *o = to;
    return lineages_walk(o->lineages, ask, a, out, e);
}

/* contain_calls.note */
static void note(void *to, const char *sentence)
{
    (void)to;
    fprintf(stderr, "trailwarden: %s\n", sentence);
}

/* contain_calls.backup and .secret */
static bool backup(void *to, struct str json, struct err *e)
{
    const struct response *o = to;
    return keep_backup(o->asked.backup, json, e);
}

static bool secret(void *to, struct str key_id, struct str value, struct err *e)
{
    struct response *o = to;
    return keep_secret(o, key_id, value, e);
}

static bool open_ports(struct response *o, struct err *e)
{
    o->state = response_state(o->asked.state, e);
    o->cloud = o->state ? cloud_new(e) : NULL;
    if (!o->cloud)
        return false;
    o->ports = (struct ports){.clock = {NULL, now_ms, left_ms},
                              .random = process_random(),
                              .state = state_port(o->state),
                              .iam = cloud_iam(o->cloud)};
    return true;
}

/* Orders are a person's: no rules, no buckets, whatever the function's mode is. */
bool response_open(struct response *o, const struct response_asked *asked, struct err *e)
{
    const struct lineages_config lineages = {.archive = true};
    const struct contain_setup setup = {
        .config = &o->config, .mode = CONTAIN_AUTO, .by_operator = true};
    const struct contain_calls calls = {
        .to = o, .walk = walk, .note = note, .backup = backup, .secret = secret};
    *o = (struct response){.asked = *asked};
    contain_config_init(&o->config);
    arena_init(&o->memory, LINEAGES_MEMORY_MAX);
    return read_config(o, e) && open_ports(o, e) &&
           (o->lineages =
                lineages_new(&lineages, &o->ports.state, (struct lineages_calls){0}, e)) &&
           (o->container = container_new(&setup, &o->ports, calls, e));
}

void response_close(struct response *o)
{
    container_free(o->container);
    lineages_free(o->lineages);
    contain_config_release(&o->config);
    arena_release(&o->memory);
    cloud_free(o->cloud);
    state_close(o->state);
}

/* ---- orders ---- */

bool response_find(struct response *o, const char *id, struct contain_order *order, struct err *e)
{
    struct found_incident found;
    if (!response_incident_id(id, order->incident, e) ||
        !lineages_find(o->lineages, order->incident, &o->memory, &found, e))
        return false;
    order->has_incident = true;
    order->record = found.record;
    order->root = found.root;
    return true;
}

/* ---- asking ---- */

bool response_confirms(const char *question, struct str answer, bool *yes, struct err *e)
{
    char line[256]; /* names have 64 characters, key ids 128 */
    if (!isatty(STDIN_FILENO))
        return err_set(e, ERR_USAGE, "nobody is at a terminal to confirm it");
    fputs(question, stderr);
    fflush(stderr);
    *yes = fgets(line, sizeof line, stdin) && str_eq(str_trim(str_of(line)), answer);
    return true;
}

/* ---- telling ---- */

void response_put_principal(struct buf *b, const struct subject *s)
{
    struct buf name;
    buf_init(&name, PRINCIPAL_MAX);
    if (s->kind == SUBJECT_KEY)
        buf_put(&name, s->key);
    else if (subject_can(s))
        subject_put_arn(&name, s);
    else
        buf_put(&name, s->arn);
    buf_put_terminal(b, buf_str(&name));
    buf_release(&name);
}

void response_put_steps(struct buf *b, const struct contain_record *r)
{
    for (size_t i = 0; i < r->n_steps; i++) {
        const struct contain_done *d = r->steps + i;
        if (d->state == STEP_SKIPPED)
            continue;
        buf_putf(b, "  %-8s ", contain_step_state_name(d->state));
        contain_put_step(b, &d->step);
        if (str_present(d->why)) {
            buf_putz(b, ": ");
            buf_put_sentence(b, d->why);
        }
        buf_putc(b, '\n');
    }
}

static void put_outcome(struct buf *b, const struct contain_outcome *o, bool release)
{
    const struct subject *s = &o->plan.subject;
    const struct contain_record *r = o->record;
    response_put_principal(b, s);
    buf_putf(b, ": %s\n", r ? contain_state_name(r->state) : o->done ? "nothing to do" : "refused");
    if (r)
        response_put_steps(b, r);
    if (!o->done && str_present(o->why)) {
        buf_putz(b, "  ");
        buf_put_sentence(b, o->why);
        buf_putc(b, '\n');
    }
    if (!release && r && contain_state_holds(r->state)) {
        buf_putz(b, "  undo:    ");
        contain_put_command(b, "release", s);
        buf_putc(b, '\n');
    } else if (!release && !subject_can(s)) {
        buf_putz(b, "  ");
        contain_put_advice(b, s);
        buf_putc(b, '\n');
    }
}

void response_tell(const struct contain_report *report, bool release)
{
    struct buf text;
    buf_init(&text, REPORT_MAX);
    for (size_t i = 0; i < report->n; i++)
        put_outcome(&text, report->list + i, release);
    if (report->cut)
        buf_putz(&text, "and there are more\n");
    fwrite(text.p, 1, text.n, stdout);
    buf_release(&text);
}
