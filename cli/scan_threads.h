/* Files read by several threads, results as if by one.
 *
 * The thread that walks hands files to workers in order, some to a job. A worker inflates, cuts,
 * reads and matches (scan_judge) and keeps of its files what is of use: matches as they are told
 * (scan_put_lines), or what was read of records that rules hold for (event_keep), with the numbers
 * of the rules, where windows, incidents or another format want more; sentences about bad records;
 * and how each file ended. The walking thread takes these from job to job, in the order of the
 * files, and does the rest (scan_take, scan_take_lines): it alone sees windows, incidents and the
 * output, always in the same order.
 *
 * Memory a thread: a reader, and what its jobs keep, SCAN_KEPT_EACH bytes; what is more goes to a
 * temporary file, so that nobody waits for its turn. Only the worker whose job is the first waits
 * for the walker. */
#ifndef TW_CLI_SCAN_THREADS_H
#define TW_CLI_SCAN_THREADS_H

#include "cli/scan.h"

#define SCAN_THREADS_MAX                                                                           \
    64 /* beyond, the thread that takes results is what everybody waits for                        \
        */
/* Jobs begun and not yet taken, for each thread: files differ in length, and nobody should wait for
 * the next one. */
#define SCAN_JOBS_EACH 8
/* Files of a job, at most: threads meet a few times for each job, which must not be for each file
 * of a few kilobytes. */
#define SCAN_JOB_FILES 16
/* Stored bytes after which no file is added: some 512 KB of JSON, so that what is kept ahead of its
 * turn is no more than fits in memory. */
#define SCAN_JOB_BYTES (64u << 10)
/* What is kept in memory: of one job, and of all jobs for each thread; of a job that has nothing
 * one batch more. */
#define SCAN_KEPT_MAX  (256u << 10)
#define SCAN_KEPT_EACH (1u << 20)

struct scan_threads;

/* Starts n workers (2 to SCAN_THREADS_MAX) for s, which is borrowed and not used otherwise until
 * the end. */
TW_MUST_USE bool scan_threads_new(struct scan *s, size_t n, struct scan_threads **out,
                                  struct err *e);
/* Stops and joins the workers. Takes NULL. */
void scan_threads_free(struct scan_threads *t);

/* As scan_object: a file goes to a worker, anything else is read here when all files before it are
 * taken. False when what was taken meanwhile ends the run. */
TW_MUST_USE bool scan_threads_object(struct scan_threads *t, const struct port_objects *port,
                                     const struct object_ref *ref, struct str name, struct err *e);
/* Takes all that was begun. */
TW_MUST_USE bool scan_threads_end(struct scan_threads *t, struct err *e);

/* How many threads the word means: 0 and NULL one for each processor. ERR_USAGE when it is no
 * number up to SCAN_THREADS_MAX. */
TW_MUST_USE bool scan_threads_count(const char *word, size_t *n, struct err *e);

#endif
