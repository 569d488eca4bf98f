/* The property test of windows: random schedules must come to what the definition says, and each
 * deliberate mistake must be noticed.
 *
 *   model [--runs N] [--seed S]    N schedules (default 2000) from seed S (default 1) on
 *   model --store STORE ...        the same with processes over a real store: dynamodb:TABLE or an
 *                                  SQLite file
 *
 * A fault is printed with its seed; `model --runs 1 --seed S` plays that schedule again and prints
 * its rules and events. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/world.h"

#define FAULT_BYTES_MAX (1u << 20)
#define MISTAKEN_RUNS   4000 /* schedules in which a mistake must be noticed once */
#define SHOWN_MAX       5    /* faulty schedules that are printed in full */

struct options {
    uint64_t runs, seed;
    const char *store; /* NULL: all in this process */
};

static bool read_number(const char *text, uint64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

static bool read_options(int argc, char **argv, struct options *o)
{
    *o = (struct options){.runs = 2000, .seed = 1};
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            return false;
        if (strcmp(argv[i], "--store") == 0)
            o->store = argv[i + 1];
        else if (!(strcmp(argv[i], "--runs") == 0 && read_number(argv[i + 1], &o->runs)) &&
                 !(strcmp(argv[i], "--seed") == 0 && read_number(argv[i + 1], &o->seed)))
            return false;
    }
    return true;
}

/* Plays one schedule; whether it was without fault. Faults go to stderr when they are not wanted.
 */
static bool plays(const struct options *o, uint64_t seed, enum mistake m, bool show,
                  struct tally *sums)
{
    struct buf faults;
    struct err e = {0};
    buf_init(&faults, FAULT_BYTES_MAX);
    bool ok = o->store ? world_run_processes(seed, o->store, sums, &faults, &e)
                       : world_run(seed, m, show, sums, &faults, &e);
    if (!ok)
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)seed, e.text);
    else if (show && faults.n)
        fprintf(stderr, "seed %llu:\n%s", (unsigned long long)seed, buf_z(&faults));
    ok = ok && faults.n == 0;
    buf_release(&faults);
    return ok;
}

static void print_tally(const struct tally *t)
{
    printf("%llu episodes in %llu deliveries: %llu died, %llu calls failed, %llu swaps lost, %llu "
           "set aside, %llu settled early\n",
           (unsigned long long)t->episodes, (unsigned long long)t->deliveries,
           (unsigned long long)t->deaths, (unsigned long long)t->refusals,
           (unsigned long long)t->conflicts, (unsigned long long)t->aside,
           (unsigned long long)t->early);
    printf("%llu messages, %llu of them updates, %llu repeated; %llu episodes joined; %llu keys "
           "behind crowded cells; fullest bucket %llu, %llu "
           "adds refused as too many\n",
           (unsigned long long)t->told, (unsigned long long)t->updates,
           (unsigned long long)t->repeats, (unsigned long long)t->joins,
           (unsigned long long)t->inexact, (unsigned long long)t->largest,
           (unsigned long long)t->full);
}

/* How many of the schedules were without fault. */
static uint64_t play_all(const struct options *o)
{
    struct tally sums = {0};
    uint64_t fine = 0, shown = 0;
    for (uint64_t i = 0; i < o->runs; i++) {
        bool ok = plays(o, o->seed + i, NO_MISTAKE, shown < SHOWN_MAX, &sums);
        shown += !ok;
        fine += ok;
    }
    print_tally(&sums);
    return fine;
}

/* Whether a schedule notices the mistake. */
static bool notices(enum mistake m, const struct options *o)
{
    struct tally sums = {0};
    for (uint64_t i = 0; i < MISTAKEN_RUNS; i++)
        if (!plays(o, o->seed + i, m, false, &sums)) {
            printf("mistake '%s': noticed in schedule %llu\n", mistake_name(m),
                   (unsigned long long)i + 1);
            return true;
        }
    printf("mistake '%s': not noticed\n", mistake_name(m));
    return false;
}

int main(int argc, char **argv)
{
    struct options o;
    if (!read_options(argc, argv, &o)) {
        fputs("usage: model [--runs N] [--seed S] [--store STORE]\n", stderr);
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    uint64_t passed = play_all(&o), failed = o.runs - passed;
    for (int m = NO_MISTAKE + 1; o.runs > 1 && !o.store && m < MISTAKES; m++) {
        bool noticed = notices((enum mistake)m, &o);
        passed += noticed;
        failed += !noticed;
    }
    printf("%llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)failed);
    curl_global_cleanup();
    return failed != 0;
}
