/* The walking thread: hands files out as jobs, and takes what the workers kept of them, in order.
 */
#include "cli/scan_threads.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapters/files.h"
#include "cli/command.h"
#include "cli/scan_jobs.h"

/* ---- taking ---- */

/* Takes a record as the worker has read it. */
static bool take_record(struct scan_threads *t, const struct entry *head, struct str bytes,
                        struct err *e)
{
    struct event *ev = &t->scan->reader.ev;
    event_restore(ev, str_skip(bytes, head->n_hits * sizeof *ev->hits));
    ev->number += t->numbers;
    memcpy(ev->hits, bytes.p, head->n_hits * sizeof *ev->hits);
    return scan_take(t->scan, ev, head->use, ev->hits, head->n_hits, e);
}

static bool take_sentence(struct scan_threads *t, struct str text)
{
    struct err e;
    err_set(&e, ERR_INPUT, "%.*s", (int)text.n, text.p); /* it came out of a struct err */
    scan_say(t->scan, e.text);
    return true;
}

static void add_counts(struct scan *s, const struct file_end *end)
{
    struct event_counts *ev = &s->reader.ev.counts;
    s->counts.text_bytes += end->counts.text_bytes;
    s->counts.records += end->counts.records;
    s->counts.bad += end->counts.bad;
    s->counts.digests += end->counts.digests;
    s->counts.no_data += end->counts.no_data;
    s->counts.skipped_data += end->counts.skipped_data;
    s->counts.out_of_time += end->counts.out_of_time;
    ev->values_cut += end->event_counts.values_cut;
    ev->scratch_full += end->event_counts.scratch_full;
    ev->regex_limit += end->event_counts.regex_limit;
}

/* The next file of the first job is what is taken from here on. */
static void begin_file(struct scan_threads *t)
{
    struct scan *s = t->scan;
    s->object = str_cut(&t->file, '\0');
    s->counts.objects += s->object.n > 0;
}

/* What a file's end means for the run. */
static bool take_end(struct scan_threads *t, struct str bytes, struct err *e)
{
    struct scan *s = t->scan;
    struct file_end end;
    memcpy(&end, bytes.p, sizeof end);
    add_counts(s, &end);
    t->numbers += end.numbers;
    bool stopped = !end.ok && (end.fault == OBJECT_STOPPED || interrupted());
    if (stopped)
        *e = end.err;
    else if (!end.ok) {
        s->counts.failed++;
        scan_say(s, end.err.text);
    }
    if (!stopped)
        begin_file(t);
    return !stopped && (!interrupted() || interrupted_error(e));
}

static bool take_entry(struct scan_threads *t, const struct entry *head, struct str bytes,
                       struct err *e)
{
    switch (head->kind) {
    case ENTRY_RECORD:
        return take_record(t, head, bytes, e);
    case ENTRY_LINES:
        return scan_take_lines(t->scan, bytes, e);
    case ENTRY_SENTENCE:
        return take_sentence(t, bytes);
    case ENTRY_END:
        break;
    }
    return take_end(t, bytes, e);
}

static bool take_entries(struct scan_threads *t, struct err *e)
{
    bool ok = true;
    for (struct str left = buf_str(&t->present); ok && left.n;) {
        struct entry head;
        memcpy(&head, left.p, sizeof head);
        left = str_skip(left, sizeof head);
        size_t n = head.n_hits * sizeof(uint32_t) + head.n;
        ok = take_entry(t, &head, str_slice(left, 0, n), e);
        left = str_skip(left, n);
    }
    buf_reset(&t->present);
    return ok;
}

/* Moves the next piece of what was put aside to t->present. */
static bool fetch_more(struct scan_threads *t, struct job *job, struct err *e)
{
    uint64_t n;
    buf_reset(&t->present);
    if (!spool_get(&job->more, job->more_taken, sizeof n, &t->present, e) ||
        !buf_ok(&t->present, "what was put aside", e))
        return false;
    memcpy(&n, t->present.p, sizeof n);
    buf_reset(&t->present);
    if (!spool_get(&job->more, job->more_taken + sizeof n, (size_t)n, &t->present, e) ||
        !buf_ok(&t->present, "what was put aside", e))
        return false;
    job->more_taken += sizeof n + n;
    return true;
}

/* Waits for more of the first job and moves it to t->present. *read: that was all. */
static bool fetch(struct scan_threads *t, struct job *job, uint64_t *stored_bytes, bool *read,
                  struct err *e)
{
    bool ok = true;
    pthread_mutex_lock(&t->lock);
    while (job->state != JOB_READ && job->kept.n == 0 && !job_has_more(job) &&
           job->stored_bytes == *stored_bytes)
        pthread_cond_wait(&t->to_take, &t->lock);
    if (job->kept.n == 0 && job_has_more(job)) {
        ok = fetch_more(t, job, e);
    } else {
        struct buf kept = job->kept;
        t->kept_bytes -= kept.n;
        job->kept = t->present;
        t->present = kept;
    }
    *stored_bytes = job->stored_bytes;
    *read = job->state == JOB_READ && !job_has_more(job);
    pthread_cond_broadcast(&t->room);
    pthread_mutex_unlock(&t->lock);
    return ok;
}

/* Takes the first job, to its end. */
static bool take_job(struct scan_threads *t, struct err *e)
{
    struct scan *s = t->scan;
    struct job *job = t->jobs + t->taken % t->n_jobs;
    uint64_t before = s->counts.stored_bytes, stored_bytes = 0;
    t->file = buf_str(&job->names);
    begin_file(t);
    for (bool read = false; !read;) {
        bool ok = fetch(t, job, &stored_bytes, &read, e);
        s->counts.stored_bytes = before + stored_bytes;
        if (!ok || !take_entries(t, e))
            return false;
        if (s->tick)
            s->tick(s->tick_to, &s->counts);
    }
    if (!job->ok) {
        *e = job->err;
        return false;
    }
    pthread_mutex_lock(&t->lock);
    t->taken++;
    pthread_cond_broadcast(&t->room); /* another job is the first */
    pthread_mutex_unlock(&t->lock);
    return true;
}

/* Hands the open job to the workers. */
static void publish(struct scan_threads *t)
{
    if (!t->open)
        return;
    pthread_mutex_lock(&t->lock);
    t->open = NULL;
    t->begun++;
    pthread_cond_signal(&t->to_work);
    pthread_mutex_unlock(&t->lock);
}

bool scan_threads_end(struct scan_threads *t, struct err *e)
{
    publish(t);
    while (t->taken < t->begun)
        if (!take_job(t, e))
            return false;
    t->scan->reader.ev.number = t->numbers;
    return true;
}

/* ---- handing out ---- */

/* Opens a job; the place of one that was taken is free. */
static void open_job(struct scan_threads *t)
{
    struct job *job = t->jobs + t->begun % t->n_jobs;
    struct job fresh = {.names = job->names, .kept = job->kept, .more = job->more};
    buf_reset(&fresh.names);
    if (fresh.kept.cap > 2 * SCAN_KEPT_MAX)
        buf_release(&fresh.kept);
    spool_reset(&fresh.more);
    *job = fresh;
    t->open = job;
}

/* The first jobs are short, so that a few files are work for all. */
static size_t files_of_job(const struct scan_threads *t)
{
    uint64_t n = 1 + t->begun / t->n_jobs;
    return n < SCAN_JOB_FILES ? (size_t)n : SCAN_JOB_FILES;
}

static bool add_file(struct scan_threads *t, const struct object_ref *ref, struct str name,
                     struct err *e)
{
    struct job *job = t->open;
    buf_put(&job->names, name);
    buf_putc(&job->names, '\0');
    job->n_files++;
    job->bytes += ref->bytes;
    if (job->names.failed)
        return err_set(e, ERR_SYSTEM, "no memory for a path");
    if (job->n_files >= files_of_job(t) || job->bytes >= SCAN_JOB_BYTES)
        publish(t);
    return true;
}

bool scan_threads_object(struct scan_threads *t, const struct port_objects *port,
                         const struct object_ref *ref, struct str name, struct err *e)
{
    if (str_present(ref->bucket)) {
        if (!scan_threads_end(t, e))
            return false;
        bool ok = scan_object(t->scan, port, ref, name, e);
        t->numbers = t->scan->reader.ev.number;
        return ok;
    }
    if (interrupted())
        return interrupted_error(e);
    if (!t->open) {
        if (t->begun - t->taken == t->n_jobs && !take_job(t, e))
            return false;
        open_job(t);
    }
    return add_file(t, ref, name, e);
}

/* ---- life ---- */

bool scan_threads_new(struct scan *s, size_t n, struct scan_threads **out, struct err *e)
{
    struct scan_threads *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t)
        return err_set(e, ERR_SYSTEM, "no memory for threads");
    *t = (struct scan_threads){
        .scan = s, .n_jobs = n * SCAN_JOBS_EACH, .kept_max = n * SCAN_KEPT_EACH};
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->to_work, NULL);
    pthread_cond_init(&t->room, NULL);
    pthread_cond_init(&t->to_take, NULL);
    buf_init(&t->present, KEPT_BYTES_MAX);
    t->jobs = calloc(t->n_jobs, sizeof *t->jobs);
    t->workers = calloc(n, sizeof *t->workers);
    t->told_slots = calloc((size_t)s->rules->n_slots + 1, sizeof *t->told_slots);
    if (t->told_slots)
        event_mark_told(s->rules, t->told_slots);
    bool ok =
        (t->jobs && t->workers && t->told_slots) || err_set(e, ERR_SYSTEM, "no memory for threads");
    for (size_t i = 0; t->jobs && i < t->n_jobs; i++) {
        buf_init(&t->jobs[i].names, SCAN_JOB_FILES * (FILES_PATH_MAX + 1));
        buf_init(&t->jobs[i].kept, KEPT_BYTES_MAX);
        spool_init(&t->jobs[i].more, 0);
    }
    while (ok && t->n_workers < n)
        ok = worker_start(t, t->workers + t->n_workers, e);
    if (!ok) {
        scan_threads_free(t);
        return false;
    }
    *out = t;
    return true;
}

void scan_threads_free(struct scan_threads *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    t->over = true;
    pthread_cond_broadcast(&t->to_work);
    pthread_cond_broadcast(&t->room);
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < t->n_started; i++)
        pthread_join(t->workers[i].thread, NULL);
    for (size_t i = 0; i < t->n_workers; i++)
        worker_release(t->workers + i);
    for (size_t i = 0; t->jobs && i < t->n_jobs; i++) {
        buf_release(&t->jobs[i].names);
        buf_release(&t->jobs[i].kept);
        spool_release(&t->jobs[i].more);
    }
    buf_release(&t->present);
    pthread_cond_destroy(&t->to_take);
    pthread_cond_destroy(&t->room);
    pthread_cond_destroy(&t->to_work);
    pthread_mutex_destroy(&t->lock);
    free(t->jobs);
    free(t->workers);
    free(t->told_slots);
    free(t);
}

bool scan_threads_count(const char *word, size_t *n, struct err *e)
{
    unsigned long long asked = 0;
    if (word && (!str_u64(str_of(word), &asked) || asked > SCAN_THREADS_MAX))
        return err_set(e, ERR_USAGE, "--threads is a number up to %d; 0 is one for each processor",
                       SCAN_THREADS_MAX);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    *n = (size_t)asked;
    if (asked == 0)
        *n = processors < 1 ? 1 : (size_t)processors;
    if (*n > SCAN_THREADS_MAX)
        *n = SCAN_THREADS_MAX;
    return true;
}
