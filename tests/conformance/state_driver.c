/* What tests ask of a state, from a process of its own.
 *   state_driver STATE cases SALT
 *       runs the cases of tests/unit/support/state_case.h: "ok NAME" or "not ok NAME: why", a line
 *       each; exits 1 when one failed
 *   state_driver STATE hammer SALT WORKER ROUNDS
 *       adds one element of its own and one that all share in each of so many rounds, drops a third
 *       that it has added, and counts each round in the claims; prints how many of the others'
 *       elements were seen: "ROUND SEEN"
 *   state_driver STATE total SALT ROUNDS
 *       prints "ELEMENTS COUNT" of what hammering left
 * STATE is dynamodb:TABLE (endpoint and credentials as the AWS SDKs take them) or an SQLite file.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/dynamodb.h"
#include "adapters/sqlite.h"
#include "base/clock.h"
#include "tests/unit/support/state_case.h"

#define EXPIRES_S   86400
#define SWAPS_MAX   1000
#define SHARED      999 /* `what` of the element that all add */
#define SUPERFLUOUS 998

struct driver {
    struct port_state port;
    struct aws_world world;
    struct aws_client *client;
    struct dynamodb table;
    struct sqlite_state *file;
};

static int64_t wall_now(void *self)
{
    (void)self;
    return clock_wall_ms();
}

static bool open_table(struct driver *d, const char *name, struct err *e)
{
    d->world = aws_world_real();
    d->client = aws_client_new(&d->world, NULL, e);
    if (!d->client || !dynamodb_init(&d->table, d->client, &d->world, str_of(name), e))
        return false;
    d->port = dynamodb_state(&d->table);
    return true;
}

static bool open_state(struct driver *d, const char *name, struct err *e)
{
    const struct port_clock clock = {NULL, wall_now, NULL};
    if (str_starts(str_of(name), S("dynamodb:")))
        return open_table(d, name + 9, e);
    d->file = sqlite_state_open(name, clock, e);
    if (d->file)
        d->port = sqlite_state_port(d->file);
    return d->file != NULL;
}

static void close_state(struct driver *d)
{
    dynamodb_release(&d->table);
    aws_client_free(d->client);
    sqlite_state_close(d->file);
}

static bool run_cases(struct driver *d, const char *salt)
{
    const struct state_case *cases;
    struct state_trial trial = {d->port, salt, clock_wall_ms() / 1000};
    bool all = true;
    for (size_t i = 0, n = state_cases(&cases); i < n; i++) {
        struct buf why;
        buf_init(&why, 10000);
        bool ok = cases[i].run(&trial, &why);
        if (ok)
            printf("ok %s\n", cases[i].name);
        else
            printf("not ok %s: %s\n", cases[i].name, buf_z(&why));
        fflush(stdout);
        all = all && ok;
        buf_release(&why);
    }
    return all;
}

/* Adds one to the number in the claims of the key. */
static bool count_up(struct driver *d, struct state_key key, struct err *e)
{
    struct state_claims got = {.key = key};
    struct buf after;
    bool ok = true, done = false;
    buf_init(&got.blob, 100);
    buf_init(&after, 100);
    for (int i = 0; ok && !done; i++) {
        unsigned long long n = 0;
        ok = i < SWAPS_MAX ? d->port.claims(d->port.self, &got, 1, e)
                           : err_set(e, ERR_RETRY, "%d swaps were lost", SWAPS_MAX);
        if (ok && got.blob.n && !str_u64(buf_str(&got.blob), &n))
            ok = err_set(e, ERR_INPUT, "the claims hold no number");
        buf_reset(&after);
        buf_put_u64(&after, n + 1);
        struct state_swap w = {key, buf_str(&after), got.version,
                               clock_wall_ms() / 1000 + EXPIRES_S, false};
        ok = ok && d->port.swap(d->port.self, &w, 1, e);
        done = ok && !w.conflict;
        if (ok && !done)
            d->port.pause(d->port.self, 1 + i % 7);
    }
    buf_release(&got.blob);
    buf_release(&after);
    return ok;
}

/* How many elements of a round's bucket are workers' own. */
static bool see(struct driver *d, struct state_key key, int64_t round, size_t *seen, struct err *e)
{
    struct vec got;
    vec_init(&got, sizeof(struct element), SIZE_MAX);
    struct state_read r = {key, round, round, &got};
    bool ok = d->port.read(d->port.self, &r, 1, e);
    *seen = 0;
    for (size_t i = 0; ok && i < got.n; i++)
        *seen += ((const struct element *)vec_at(&got, i))->what < SUPERFLUOUS;
    vec_release(&got);
    return ok;
}

static bool hammer(struct driver *d, const char *salt, uint64_t worker, int64_t rounds,
                   struct err *e)
{
    struct state_key key = state_case_key(salt, "hammer");
    bool ok = true;
    for (int64_t r = 0; ok && r < rounds; r++) {
        struct element list[] = {{r, worker, {worker, (uint64_t)r}},
                                 {r, SHARED, {1, (uint64_t)r}},
                                 {r, SUPERFLUOUS, {worker, (uint64_t)r}}};
        struct state_add a = {key, r, list, 3, clock_wall_ms() / 1000 + EXPIRES_S};
        struct state_drop x = {key, r, list + 2, 1};
        size_t seen = 0;
        ok = d->port.add(d->port.self, &a, 1, e) && see(d, key, r, &seen, e) &&
             d->port.drop(d->port.self, &x, 1, e) && count_up(d, key, e);
        printf("%lld %zu\n", (long long)r, seen);
    }
    return ok;
}

static bool total(struct driver *d, const char *salt, int64_t rounds, struct err *e)
{
    struct state_key key = state_case_key(salt, "hammer");
    struct state_claims c = {.key = key};
    struct vec got;
    vec_init(&got, sizeof(struct element), SIZE_MAX);
    buf_init(&c.blob, 100);
    struct state_read r = {key, 0, rounds, &got};
    bool ok = d->port.read(d->port.self, &r, 1, e) && d->port.claims(d->port.self, &c, 1, e);
    if (ok)
        printf("%zu %.*s\n", got.n, (int)c.blob.n, c.blob.p ? c.blob.p : "");
    vec_release(&got);
    buf_release(&c.blob);
    return ok;
}

static int64_t number(const char *text)
{
    unsigned long long n = 0;
    return text && str_u64(str_of(text), &n) ? (int64_t)n : -1;
}

static bool obey(struct driver *d, int argc, char **argv, struct err *e)
{
    struct str verb = str_of(argv[2]);
    if (str_eqz(verb, "cases") && argc == 4)
        return run_cases(d, argv[3]) || err_set(e, ERR_INPUT, "a case failed");
    if (str_eqz(verb, "hammer") && argc == 6)
        return hammer(d, argv[3], (uint64_t)number(argv[4]), number(argv[5]), e);
    if (str_eqz(verb, "total") && argc == 5)
        return total(d, argv[3], number(argv[4]), e);
    return err_set(e, ERR_USAGE, "state_driver STATE cases|hammer|total SALT ...");
}

int main(int argc, char **argv)
{
    struct driver d = {0};
    struct err e = {0};
    curl_global_init(CURL_GLOBAL_DEFAULT);
    bool ok = argc > 3 ? open_state(&d, argv[1], &e) && obey(&d, argc, argv, &e)
                       : err_set(&e, ERR_USAGE, "state_driver STATE cases|hammer|total SALT ...");
    if (!ok)
        fprintf(stderr, "%s\n", e.text);
    close_state(&d);
    curl_global_cleanup();
    return !ok;
}
