/* What the workers and the walking thread of cli/scan_threads.h share: jobs, and what is kept in
 * them. Everything in struct scan_threads and its jobs is guarded by the lock, but for what the
 * comments give to one side. */
#ifndef TW_CLI_SCAN_JOBS_H
#define TW_CLI_SCAN_JOBS_H

#include <pthread.h>

#include "adapters/spool.h"
#include "cli/command.h"
#include "cli/scan_threads.h"

/* What a worker gathers before it takes the lock. */
#define BATCH_BYTES (64u << 10)
/* What there is of the first job before the walker is woken for it, unless the job ends: waking
 * takes longer than taking a batch. */
#define TAKEN_BYTES (2 * BATCH_BYTES)
/* What one record is kept as (with the numbers of all rules, or as lines), on top of what is kept
 * already. */
#define KEPT_BYTES_MAX                                                                             \
    (EVENT_KEPT_MAX(RECORD_BYTES_MAX) + LINES_MADE_MAX + SCAN_KEPT_MAX + BATCH_BYTES)

enum job_state { JOB_WAITING, JOB_READING, JOB_READ };

/* Some files. Their names are the walker's until the state is JOB_WAITING, and constant from then
 * on. */
struct job {
    struct buf names; /* each with a NUL behind it */
    size_t n_files;
    uint64_t bytes; /* of all of them */
    enum job_state state;
    struct buf kept;     /* entries, behind each other */
    struct spool more;   /* what came behind them and had no room: pieces, their length in front */
    uint64_t more_taken; /* bytes of it */
    uint64_t stored_bytes; /* of the job, as far as it is read */
    bool ok;               /* once it is read: all of it was handed over */
    struct err err;        /* why not */
};

/* What stands in front of an entry's bytes: numbers of rules and then a record (event_keep), or
 * what scan_put_lines made of it, or a sentence, or how a file ended. */
enum entry_kind { ENTRY_RECORD, ENTRY_LINES, ENTRY_SENTENCE, ENTRY_END };
struct entry {
    enum entry_kind kind;
    enum scan_use use; /* of a record */
    uint32_t n_hits;
    size_t n; /* bytes behind the numbers */
};

/* How a file ended. */
struct file_end {
    struct scan_counts counts; /* of this file, as far as it is read */
    struct event_counts event_counts;
    uint64_t numbers; /* records that were given a number */
    bool ok;
    enum object_fault fault;
    struct err err; /* when not ok */
};

struct worker {
    struct scan_threads *t;
    pthread_t thread;
    struct object_reader reader; /* the worker's own, as the next two */
    struct job *job;
    struct buf batch;
    struct lines_maker lines;
    struct str name;                   /* of the file */
    uint64_t out_of_time;              /* records of this file */
    uint64_t stored_bytes, told_bytes; /* of this job; and what of it the walker knows */
};

struct scan_threads {
    struct scan *scan;
    pthread_mutex_t lock;
    pthread_cond_t to_work; /* for workers: a job waits, or it is over */
    pthread_cond_t room;    /* for workers: a job was emptied, or became the first */
    pthread_cond_t to_take; /* for the walker: there is enough of the first job, or all */
    struct job *jobs;
    size_t n_jobs;
    size_t kept_bytes, kept_max;    /* of all jobs, in memory */
    uint64_t begun, claimed, taken; /* jobs so far; number i is jobs[i % n_jobs] */
    bool over;
    bool *told_slots; /* constant: event_mark_told */
    struct worker *workers;
    size_t n_workers, n_started;
    struct buf present; /* the walker's own: what it takes now */
    struct job *open;   /* the walker's own: the job that it gives files to; NULL */
    struct str file;    /* the walker's own: names of the first job that are still to be taken */
    uint64_t numbers;   /* the walker's own: records of all files taken */
};

static inline bool job_is_first(const struct scan_threads *t, const struct job *job)
{
    return job == t->jobs + t->taken % t->n_jobs;
}

/* Whether something of it is in the temporary file. */
static inline bool job_has_more(const struct job *job)
{
    return job->more.n > job->more_taken;
}

static inline bool interrupted_error(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "interrupted");
}

/* Starts t's next worker; when it fails, what was made is t's to release, too. */
TW_MUST_USE bool worker_start(struct scan_threads *t, struct worker *w, struct err *e);
/* Of a worker whose thread is over or never was. */
void worker_release(struct worker *w);

#endif
