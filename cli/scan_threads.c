/* Workers and jobs. Everything in struct scan_threads and its jobs is guarded by the lock, but for
 * what the comments give to one side. */
#include "cli/scan_threads.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapters/files.h"
#include "cli/command.h"

/* What a worker gathers before it takes the lock. */
#define BATCH_BYTES (64u << 10)
/* One record of RECORD_BYTES_MAX with the numbers of all rules, on top of what is kept already. */
#define KEPT_BYTES_MAX (RECORD_BYTES_MAX + SCAN_KEPT_MAX + BATCH_BYTES + (16u << 20))

enum job_state { JOB_WAITING, JOB_READING, JOB_READ };

/* One file. Its name is the walker's until the state is JOB_WAITING, and constant from then on. */
struct job {
    struct buf name;
    enum job_state state;
    struct buf kept;           /* entries, behind each other */
    struct scan_counts counts; /* of this file, as far as it is read */
    struct event_counts event_counts;
    uint64_t numbers; /* records that were given a number */
    bool ok;
    enum object_fault fault;
    struct err err; /* when not ok */
};

/* What stands in front of an entry's bytes: numbers of rules and then a record, or a sentence. */
struct entry {
    enum scan_use use; /* SCAN_NOTHING: a sentence about a bad record */
    uint32_t n_hits;
    uint64_t number; /* of the record in its file */
    size_t n;        /* bytes behind the numbers */
};

struct worker {
    struct scan_threads *t;
    pthread_t thread;
    struct object_reader reader; /* the worker's own, as the next two */
    struct job *job;
    struct buf batch;
    uint64_t out_of_time; /* records of this file */
};

struct scan_threads {
    struct scan *scan;
    pthread_mutex_t lock;
    pthread_cond_t to_work; /* for workers: a job waits, one was emptied, or it is over */
    pthread_cond_t to_take; /* for the walker: there is more of the first job */
    struct job *jobs;
    size_t n_jobs;
    uint64_t begun, claimed, taken; /* jobs so far; number i is jobs[i % n_jobs] */
    bool over;
    struct worker *workers;
    size_t n_workers, n_started;
    struct buf present; /* the walker's own: what it takes now */
    uint64_t numbers;   /* the walker's own: records of all files taken */
};

/* ---- the worker --------------------------------------------------------------------------------
 */

static bool interrupted_error(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "interrupted");
}

/* Hands the batch to the walker, when there is room for it. */
static bool hand_over(struct worker *w, struct err *e)
{
    struct scan_threads *t = w->t;
    struct job *job = w->job;
    pthread_mutex_lock(&t->lock);
    while (!t->over && job->kept.n && job->kept.n + w->batch.n > SCAN_KEPT_MAX)
        pthread_cond_wait(&t->to_work, &t->lock);
    buf_put(&job->kept, buf_str(&w->batch));
    bool ok = !t->over || interrupted_error(e);
    ok = ok && buf_ok(&job->kept, "what is kept of a file", e);
    pthread_cond_signal(&t->to_take);
    pthread_mutex_unlock(&t->lock);
    buf_reset(&w->batch);
    return ok;
}

static bool keep(struct worker *w, const struct entry *head, const uint32_t *hits, struct str bytes,
                 struct err *e)
{
    struct buf *b = &w->batch;
    buf_put(b, str_n((const char *)head, sizeof *head));
    if (head->n_hits)
        buf_put(b, str_n((const char *)hits, head->n_hits * sizeof *hits));
    buf_put(b, bytes);
    return buf_ok(b, "a record", e) && (b->n < BATCH_BYTES || hand_over(w, e));
}

/* object_calls.record */
static bool on_record(void *to, struct event *ev, struct err *e)
{
    struct worker *w = to;
    const uint32_t *hits = NULL;
    size_t n = 0;
    enum scan_use use = scan_judge(w->t->scan, ev, &hits, &n);
    w->out_of_time += use == SCAN_OUT_OF_TIME;
    if (use != SCAN_LINK && use != SCAN_HIT)
        return true;
    struct str record = event_json(ev);
    const struct entry head = {use, (uint32_t)n, ev->number, record.n};
    return keep(w, &head, hits, record, e);
}

/* object_calls.bad */
static void on_bad(void *to, const char *sentence)
{
    struct worker *w = to;
    struct str text = str_of(sentence);
    const struct entry head = {.use = SCAN_NOTHING, .n = text.n};
    struct err e;
    (void)keep(w, &head, NULL, text, &e); /* what fails here fails at the next piece too */
}

/* object_calls.piece */
static bool on_piece(void *to, size_t bytes, struct err *e)
{
    struct worker *w = to;
    pthread_mutex_lock(&w->t->lock);
    bool over = w->t->over || interrupted();
    w->job->counts.stored_bytes += over ? 0 : bytes;
    pthread_cond_signal(&w->t->to_take);
    pthread_mutex_unlock(&w->t->lock);
    return !over || interrupted_error(e);
}

/* The next job, or NULL when there will be none. */
static struct job *claim(struct scan_threads *t)
{
    struct job *job = NULL;
    pthread_mutex_lock(&t->lock);
    while (!t->over && t->claimed == t->begun)
        pthread_cond_wait(&t->to_work, &t->lock);
    if (!t->over) {
        job = t->jobs + t->claimed++ % t->n_jobs;
        job->state = JOB_READING;
    }
    pthread_mutex_unlock(&t->lock);
    return job;
}

static void report(struct worker *w, bool ok, const struct err *why)
{
    struct job *job = w->job;
    const struct records_counts *c = &w->reader.records.counts;
    pthread_mutex_lock(&w->t->lock);
    job->ok = ok;
    job->fault = w->reader.fault;
    job->err = *why;
    job->counts.text_bytes = w->reader.text_bytes;
    job->counts.records = c->records;
    job->counts.bad = c->bad;
    job->counts.digests = c->digests;
    job->counts.no_data = c->no_data;
    job->counts.skipped_data = c->skipped_data;
    job->counts.out_of_time = w->out_of_time;
    job->event_counts = w->reader.ev.counts;
    job->numbers = w->reader.ev.number;
    job->state = JOB_READ;
    pthread_cond_signal(&w->t->to_take);
    pthread_mutex_unlock(&w->t->lock);
}

static void *work(void *to)
{
    struct worker *w = to;
    struct port_objects port = files_port();
    while ((w->job = claim(w->t))) {
        struct err e = {0}, full;
        w->reader.ev.counts = (struct event_counts){0};
        w->reader.ev.number = 0;
        w->out_of_time = 0;
        struct object_ref ref = {.key = buf_str(&w->job->name)};
        bool ok = object_read(&w->reader, &port, &ref, &e);
        if (w->batch.n && !hand_over(w, &full) && ok) {
            e = full;
            ok = false;
            w->reader.fault = OBJECT_STOPPED;
        }
        report(w, ok, &e);
    }
    return NULL;
}

/* ---- the walker: taking ------------------------------------------------------------------------
 */

/* Reads a record anew and takes it. What its reading counts was counted by the worker. */
static bool take_record(struct scan_threads *t, const struct entry *head, struct str bytes,
                        struct err *e)
{
    struct event *ev = &t->scan->reader.ev;
    struct event_counts before = ev->counts;
    size_t used;
    ev->number = t->numbers + head->number - 1;
    enum json_status status =
        event_read(ev, str_skip(bytes, head->n_hits * sizeof *ev->hits), &used, e);
    ev->counts = before;
    if (status != JSON_OK)
        return status == JSON_MORE ? err_set(e, ERR_SYSTEM, "a record was not kept whole") : false;
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

static bool take_entries(struct scan_threads *t, struct err *e)
{
    bool ok = true;
    for (struct str left = buf_str(&t->present); ok && left.n;) {
        struct entry head;
        memcpy(&head, left.p, sizeof head);
        left = str_skip(left, sizeof head);
        size_t n = head.n_hits * sizeof(uint32_t) + head.n;
        struct str bytes = str_slice(left, 0, n);
        left = str_skip(left, n);
        ok = head.use == SCAN_NOTHING ? take_sentence(t, bytes) : take_record(t, &head, bytes, e);
    }
    buf_reset(&t->present);
    return ok;
}

/* Waits for more of the first job and moves it to t->present. True when the job is read. */
static bool fetch(struct scan_threads *t, struct job *job, uint64_t *stored_bytes)
{
    pthread_mutex_lock(&t->lock);
    while (job->state != JOB_READ && job->kept.n == 0 && job->counts.stored_bytes == *stored_bytes)
        pthread_cond_wait(&t->to_take, &t->lock);
    struct buf kept = job->kept;
    job->kept = t->present;
    t->present = kept;
    *stored_bytes = job->counts.stored_bytes;
    bool read = job->state == JOB_READ;
    pthread_cond_broadcast(&t->to_work);
    pthread_mutex_unlock(&t->lock);
    return read;
}

static void add_counts(struct scan *s, const struct job *job)
{
    struct event_counts *ev = &s->reader.ev.counts;
    s->counts.text_bytes += job->counts.text_bytes;
    s->counts.records += job->counts.records;
    s->counts.bad += job->counts.bad;
    s->counts.digests += job->counts.digests;
    s->counts.no_data += job->counts.no_data;
    s->counts.skipped_data += job->counts.skipped_data;
    s->counts.out_of_time += job->counts.out_of_time;
    ev->values_cut += job->event_counts.values_cut;
    ev->scratch_full += job->event_counts.scratch_full;
    ev->regex_limit += job->event_counts.regex_limit;
}

/* The first job is taken: what its end means for the run. */
static bool end_job(struct scan_threads *t, struct job *job, struct err *e)
{
    struct scan *s = t->scan;
    add_counts(s, job);
    t->numbers += job->numbers;
    bool stopped = !job->ok && (job->fault == OBJECT_STOPPED || interrupted());
    if (stopped)
        *e = job->err;
    else if (!job->ok) {
        s->counts.failed++;
        scan_say(s, job->err.text);
    }
    pthread_mutex_lock(&t->lock);
    t->taken++;
    pthread_mutex_unlock(&t->lock);
    return !stopped && (!interrupted() || interrupted_error(e));
}

/* Takes the first job, to its end. */
static bool take_job(struct scan_threads *t, struct err *e)
{
    struct scan *s = t->scan;
    struct job *job = t->jobs + t->taken % t->n_jobs;
    uint64_t before = s->counts.stored_bytes, stored_bytes = 0;
    s->object = buf_str(&job->name);
    s->counts.objects++;
    for (bool read = false; !read;) {
        read = fetch(t, job, &stored_bytes);
        s->counts.stored_bytes = before + stored_bytes;
        if (s->tick)
            s->tick(s->tick_to, &s->counts);
        if (!take_entries(t, e))
            return false;
    }
    return end_job(t, job, e);
}

bool scan_threads_end(struct scan_threads *t, struct err *e)
{
    while (t->taken < t->begun)
        if (!take_job(t, e))
            return false;
    t->scan->reader.ev.number = t->numbers;
    return true;
}

/* ---- the walker: handing out -------------------------------------------------------------------
 */

static bool begin_job(struct scan_threads *t, struct str name, struct err *e)
{
    struct job *job = t->jobs + t->begun % t->n_jobs;
    struct buf named = job->name, kept = job->kept;
    buf_reset(&named);
    buf_put(&named, name);
    if (!buf_z(&named))
        return err_set(e, ERR_SYSTEM, "no memory for a path");
    pthread_mutex_lock(&t->lock);
    *job = (struct job){.name = named, .kept = kept};
    t->begun++;
    pthread_cond_broadcast(&t->to_work);
    pthread_mutex_unlock(&t->lock);
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
    if (t->begun - t->taken == t->n_jobs && !take_job(t, e))
        return false;
    return begin_job(t, name, e);
}

/* ---- life --------------------------------------------------------------------------------------
 */

static bool start_worker(struct scan_threads *t, struct worker *w, struct err *e)
{
    const struct scan *s = t->scan;
    *w = (struct worker){.t = t};
    buf_init(&w->batch, KEPT_BYTES_MAX);
    t->n_workers++;
    if (!object_reader_init(&w->reader, s->rules,
                            (struct object_calls){w, on_piece, on_record, on_bad}, e))
        return false;
    w->reader.ev.first_match = s->options.first_match;
    event_set_geo(&w->reader.ev, s->options.geo);
    if (pthread_create(&w->thread, NULL, work, w) != 0)
        return err_set(e, ERR_SYSTEM, "cannot start a thread; --threads 1 needs none");
    t->n_started++;
    return true;
}

bool scan_threads_new(struct scan *s, size_t n, struct scan_threads **out, struct err *e)
{
    struct scan_threads *t = calloc(1, sizeof *t);
    *out = NULL;
    if (!t)
        return err_set(e, ERR_SYSTEM, "no memory for threads");
    *t = (struct scan_threads){.scan = s, .n_jobs = n * SCAN_JOBS_EACH};
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->to_work, NULL);
    pthread_cond_init(&t->to_take, NULL);
    buf_init(&t->present, KEPT_BYTES_MAX);
    t->jobs = calloc(t->n_jobs, sizeof *t->jobs);
    t->workers = calloc(n, sizeof *t->workers);
    bool ok = (t->jobs && t->workers) || err_set(e, ERR_SYSTEM, "no memory for threads");
    for (size_t i = 0; t->jobs && i < t->n_jobs; i++) {
        buf_init(&t->jobs[i].name, FILES_PATH_MAX + 1);
        buf_init(&t->jobs[i].kept, KEPT_BYTES_MAX);
    }
    while (ok && t->n_workers < n)
        ok = start_worker(t, t->workers + t->n_workers, e);
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
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < t->n_started; i++)
        pthread_join(t->workers[i].thread, NULL);
    for (size_t i = 0; i < t->n_workers; i++) {
        object_reader_release(&t->workers[i].reader);
        buf_release(&t->workers[i].batch);
    }
    for (size_t i = 0; t->jobs && i < t->n_jobs; i++) {
        buf_release(&t->jobs[i].name);
        buf_release(&t->jobs[i].kept);
    }
    buf_release(&t->present);
    pthread_cond_destroy(&t->to_take);
    pthread_cond_destroy(&t->to_work);
    pthread_mutex_destroy(&t->lock);
    free(t->jobs);
    free(t->workers);
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
