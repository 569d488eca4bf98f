/* The property test of windows and of lineages: random schedules must come to what the definition
 * says, and each deliberate mistake must be noticed.
 *
 *   model [--play windows|lineages]    what is played (default windows)
 *         [--runs N] [--seed S]        N schedules (default 2000) from seed S (default 1) on
 *         [--store STORE]              with processes over a real store: dynamodb:TABLE or an
 *                                      SQLite file
 *
 * A fault is printed with its seed; `model --play P --runs 1 --seed S` plays that schedule again
 * and prints what happens in it. */
#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/model/lineage_world.h"
#include "tests/model/world.h"

#define FAULT_BYTES_MAX (1u << 20)
#define MISTAKEN_RUNS   4000 /* schedules in which a mistake must be noticed once */
#define FAULTS_SHOWN    5    /* faulty schedules that are printed in full */

/* What can be played. */
struct play {
    const char *name;
    bool (*run)(uint64_t seed, int mistake, bool show, struct tally *sums, struct buf *faults,
                struct err *e);
    bool (*run_processes)(uint64_t seed, const char *store, struct tally *sums, struct buf *faults,
                          struct err *e);
    int mistakes; /* their number, with that of making none */
    const char *(*mistake_name)(int mistake);
    void (*print)(const struct tally *t);
};

struct options {
    const struct play *play;
    uint64_t runs, seed;
    const char *store; /* NULL: all in this process */
};

/* ---- plays ---- */

static void print_stage(const struct tally *t)
{
    printf("%llu deliveries: %llu died, %llu calls failed, %llu swaps lost, %llu set aside; "
           "%llu messages, %llu of them updates, %llu repeated\n",
           (unsigned long long)t->deliveries, (unsigned long long)t->deaths,
           (unsigned long long)t->refusals, (unsigned long long)t->conflicts,
           (unsigned long long)t->aside, (unsigned long long)t->told,
           (unsigned long long)t->updates, (unsigned long long)t->repeats);
}

static void print_windows(const struct tally *t)
{
    print_stage(t);
    printf("%llu episodes, %llu joined; %llu deliveries settled early; %llu keys behind crowded "
           "cells; fullest bucket %llu, %llu adds refused as too many\n",
           (unsigned long long)t->episodes, (unsigned long long)t->joins,
           (unsigned long long)t->early, (unsigned long long)t->inexact,
           (unsigned long long)t->largest, (unsigned long long)t->full);
}

static void print_lineages(const struct tally *t)
{
    print_stage(t);
    printf("%llu incidents, %llu joined; %llu roots moved; longest way to a root %llu\n",
           (unsigned long long)t->episodes, (unsigned long long)t->joins,
           (unsigned long long)t->moves, (unsigned long long)t->longest);
}

static bool run_windows(uint64_t seed, int mistake, bool show, struct tally *sums,
                        struct buf *faults, struct err *e)
{
    return world_run(seed, (enum mistake)mistake, show, sums, faults, e);
}

static bool run_lineages(uint64_t seed, int mistake, bool show, struct tally *sums,
                         struct buf *faults, struct err *e)
{
    return lineage_world_run(seed, (enum lineage_mistake)mistake, show, sums, faults, e);
}

static const char *name_windows(int mistake)
{
    return mistake_name((enum mistake)mistake);
}

static const char *name_lineages(int mistake)
{
    return lineage_mistake_name((enum lineage_mistake)mistake);
}

static const struct play *find_play(const char *name)
{
    static const struct play plays[] = {
        {"windows", run_windows, world_run_processes, MISTAKES, name_windows, print_windows},
        {"lineages", run_lineages, lineage_world_run_processes, LINEAGE_MISTAKES, name_lineages,
         print_lineages},
    };
    for (size_t i = 0; i < sizeof plays / sizeof *plays; i++)
        if (strcmp(plays[i].name, name) == 0)
            return plays + i;
    return NULL;
}

/* ---- options ---- */

static bool read_number(const char *text, uint64_t *out)
{
    char *end;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno == 0 && end != text && *end == '\0';
}

static bool read_option(const char *name, const char *value, struct options *o)
{
    if (strcmp(name, "--store") == 0)
        o->store = value;
    else if (strcmp(name, "--play") == 0)
        o->play = find_play(value);
    else
        return (strcmp(name, "--runs") == 0 && read_number(value, &o->runs)) ||
               (strcmp(name, "--seed") == 0 && read_number(value, &o->seed));
    return o->play != NULL;
}

static bool read_options(int argc, char **argv, struct options *o)
{
    *o = (struct options){.play = find_play("windows"), .runs = 2000, .seed = 1};
    for (int i = 1; i < argc; i += 2)
        if (i + 1 == argc || !read_option(argv[i], argv[i + 1], o))
            return false;
    return true;
}

/* ---- schedules ---- */

/* Plays one schedule; whether it was without fault. Faults go to stderr when they are not wanted.
 */
static bool plays(const struct options *o, uint64_t seed, int mistake, bool show,
                  struct tally *sums)
{
    struct buf faults;
    struct err e = {0};
    buf_init(&faults, FAULT_BYTES_MAX);
    bool ok = o->store ? o->play->run_processes(seed, o->store, sums, &faults, &e)
                       : o->play->run(seed, mistake, show, sums, &faults, &e);
    if (!ok)
        fprintf(stderr, "seed %llu: %s\n", (unsigned long long)seed, e.text);
    else if (show && faults.n)
        fprintf(stderr, "seed %llu:\n%s", (unsigned long long)seed, buf_z(&faults));
    ok = ok && faults.n == 0;
    buf_release(&faults);
    return ok;
}

/* How many of the schedules were without fault. */
static uint64_t play_all(const struct options *o)
{
    struct tally sums = {0};
    uint64_t fine = 0, shown = 0;
    for (uint64_t i = 0; i < o->runs; i++) {
        bool ok = plays(o, o->seed + i, 0, shown < FAULTS_SHOWN, &sums);
        shown += !ok;
        fine += ok;
    }
    o->play->print(&sums);
    return fine;
}

/* Whether a schedule notices the mistake. */
static bool notices(int mistake, const struct options *o)
{
    struct tally sums = {0};
    for (uint64_t i = 0; i < MISTAKEN_RUNS; i++)
        if (!plays(o, o->seed + i, mistake, false, &sums)) {
            printf("mistake '%s': noticed in schedule %llu\n", o->play->mistake_name(mistake),
                   (unsigned long long)i + 1);
            return true;
        }
    printf("mistake '%s': not noticed\n", o->play->mistake_name(mistake));
    return false;
}

int main(int argc, char **argv)
{
    struct options o;
    if (!read_options(argc, argv, &o)) {
        fputs("usage: model [--play windows|lineages] [--runs N] [--seed S] [--store S]\n", stderr);
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    uint64_t passed = play_all(&o), failed = o.runs - passed;
    for (int m = 1; o.runs > 1 && !o.store && m < o.play->mistakes; m++) {
        bool noticed = notices(m, &o);
        passed += noticed;
        failed += !noticed;
    }
    printf("%llu passed, %llu failed\n", (unsigned long long)passed, (unsigned long long)failed);
    curl_global_cleanup();
    return failed != 0;
}
