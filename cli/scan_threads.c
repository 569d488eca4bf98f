/* Workers and jobs. Everything in struct scan_threads and its jobs is guarded by the lock, but for
 * what the comments give to one side. */
#include "cli/scan_threads.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapters/files.h"
#include "adapters/spool.h"
#include "cli/command.h"

/* What a worker gathers before it takes the lock. */
#define BATCH_BYTES (64u << 10)
/* What one record is kept as (with the numbers of all rules, or as lines), on top of what is kept
 * already. */
#define KEPT_BYTES_MAX (RECORD_BYTES_MAX + LINES_MADE_MAX + SCAN_KEPT_MAX + BATCH_BYTES)
/* Stored bytes of a file after which a worker asks whether it is over and tells how far it is. */
#define PROGRESS_BYTES (1u << 20)

enum job_state { JOB_WAITING, JOB_READING, JOB_READ };

/* Some files. Their names are the walker's until the state is JOB_WAITING, and constant from then
 * on. */
struct job {
    struct buf names; /* each with a NUL behind it */
    size_t n_files;
    enum job_state state;
    struct buf kept;     /* entries, behind each other */
    struct spool more;   /* what came behind them and had no room: pieces, their length in front */
    uint64_t more_taken; /* bytes of it */
    uint64_t stored_bytes; /* of the job, as far as it is read */
    bool ok;               /* once it is read: all of it was handed over */
    struct err err;        /* why not */
};

/* What stands in front of an entry's bytes: numbers of rules and then a record, or what
 * scan_put_lines made of it, or a sentence, or how a file ended. */
enum entry_kind { ENTRY_RECORD, ENTRY_LINES, ENTRY_SENTENCE, ENTRY_END };
struct entry {
    enum entry_kind kind;
    enum scan_use use; /* of a record */
    uint32_t n_hits;
    uint64_t number; /* of the record in its file */
    size_t n;        /* bytes behind the numbers */
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
    pthread_cond_t to_take; /* for the walker: there is more of the first job */
    struct job *jobs;
    size_t n_jobs;
    uint64_t begun, claimed, taken; /* jobs so far; number i is jobs[i % n_jobs] */
    bool over;
    struct worker *workers;
    size_t n_workers, n_started;
    struct buf present; /* the walker's own: what it takes now */
    struct job *open;   /* the walker's own: the job that it gives files to; NULL */
    struct str file;    /* the walker's own: names of the first job that are still to be taken */
    uint64_t numbers;   /* the walker's own: records of all files taken */
};

/* ---- the worker --------------------------------------------------------------------------------
 */

static bool interrupted_error(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "interrupted");
}

static bool is_first(const struct scan_threads *t, const struct job *job)
{
    return job == t->jobs + t->taken % t->n_jobs;
}

static bool has_more(const struct job *job)
{
    return job->more.n > job->more_taken;
}

static bool has_room(const struct job *job, size_t n)
{
    return !has_more(job) && (job->kept.n == 0 || job->kept.n + n <= SCAN_KEPT_MAX);
}

static bool put_more(struct job *job, struct str batch, struct err *e)
{
    uint64_t at, n = batch.n;
    return spool_put(&job->more, str_n((const char *)&n, sizeof n), &at, e) &&
           spool_put(&job->more, batch, &at, e);
}

/* Hands the batch to the walker. Of the first job, when there is room for it; the others' is put
 * aside. */
static bool hand_over(struct worker *w, struct err *e)
{
    struct scan_threads *t = w->t;
    struct job *job = w->job;
    bool ok = true;
    pthread_mutex_lock(&t->lock);
    while (!t->over && is_first(t, job) && !has_room(job, w->batch.n))
        pthread_cond_wait(&t->room, &t->lock);
    if (has_room(job, w->batch.n))
        buf_put(&job->kept, buf_str(&w->batch));
    else
        ok = put_more(job, buf_str(&w->batch), e);
    ok = ok && (!t->over || interrupted_error(e));
    ok = ok && buf_ok(&job->kept, "what is kept of a file", e);
    if (is_first(t, job))
        pthread_cond_signal(&t->to_take);
    pthread_mutex_unlock(&t->lock);
    buf_reset(&w->batch);
    return ok;
}

static bool keep_is_full(struct worker *w, struct err *e)
{
    return buf_ok(&w->batch, "a record", e) && (w->batch.n < BATCH_BYTES || hand_over(w, e));
}

static bool keep(struct worker *w, const struct entry *head, const uint32_t *hits, struct str bytes,
                 struct err *e)
{
    struct buf *b = &w->batch;
    buf_put(b, str_n((const char *)head, sizeof *head));
    if (head->n_hits)
        buf_put(b, str_n((const char *)hits, head->n_hits * sizeof *hits));
    buf_put(b, bytes);
    return keep_is_full(w, e);
}

static bool keep_lines(struct worker *w, struct event *ev, const uint32_t *hits, size_t n,
                       struct err *e)
{
    struct entry head = {.kind = ENTRY_LINES};
    struct buf *b = &w->batch;
    size_t at = b->n;
    buf_put(b, str_n((const char *)&head, sizeof head));
    scan_put_lines(w->t->scan, ev, w->name, hits, n, &w->lines, b);
    head.n = b->n - at - sizeof head;
    if (!b->failed)
        memcpy(b->p + at, &head, sizeof head);
    return keep_is_full(w, e);
}

/* Whether what is told may name the event's number in the run (evt.num), which only the walker
 * knows. */
static bool counts_events(const struct ruleset *rs, const uint32_t *hits, size_t n)
{
    bool found = false;
    for (size_t i = 0; i < n && !found; i++)
        found = rs->rules[hits[i]].dialect == DIALECT_FALCO;
    return found;
}

/* object_calls.record */
static bool on_record(void *to, struct event *ev, struct err *e)
{
    struct worker *w = to;
    const uint32_t *hits = NULL;
    size_t n = 0;
    enum scan_use use = scan_judge(w->t->scan, ev, &hits, &n);
    w->out_of_time += use == SCAN_OUT_OF_TIME;
    if (use == SCAN_LINES && !counts_events(w->t->scan->rules, hits, n))
        return keep_lines(w, ev, hits, n, e);
    if (use == SCAN_NOTHING || use == SCAN_OUT_OF_TIME)
        return true;
    struct str record = event_json(ev);
    const struct entry head = {ENTRY_RECORD, use, (uint32_t)n, ev->number, record.n};
    return keep(w, &head, hits, record, e);
}

/* object_calls.bad */
static void on_bad(void *to, const char *sentence)
{
    struct worker *w = to;
    struct str text = str_of(sentence);
    const struct entry head = {.kind = ENTRY_SENTENCE, .n = text.n};
    struct err e;
    (void)keep(w, &head, NULL, text, &e); /* what fails here fails at the next piece too */
}

/* object_calls.piece */
static bool on_piece(void *to, size_t bytes, struct err *e)
{
    struct worker *w = to;
    struct scan_threads *t = w->t;
    bool over = interrupted();
    w->stored_bytes += bytes;
    if (w->stored_bytes - w->told_bytes >= PROGRESS_BYTES) {
        pthread_mutex_lock(&t->lock);
        over = over || t->over;
        w->told_bytes = w->job->stored_bytes = w->stored_bytes;
        if (is_first(t, w->job))
            pthread_cond_signal(&t->to_take);
        pthread_mutex_unlock(&t->lock);
    }
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

/* Keeps how the file ended. */
static bool keep_end(struct worker *w, bool ok, const struct err *why, struct err *e)
{
    const struct records_counts *c = &w->reader.records.counts;
    const struct file_end end = {.counts = {.text_bytes = w->reader.text_bytes,
                                            .records = c->records,
                                            .bad = c->bad,
                                            .digests = c->digests,
                                            .no_data = c->no_data,
                                            .skipped_data = c->skipped_data,
                                            .out_of_time = w->out_of_time},
                                 .event_counts = w->reader.ev.counts,
                                 .numbers = w->reader.ev.number,
                                 .ok = ok,
                                 .fault = w->reader.fault,
                                 .err = *why};
    const struct entry head = {.kind = ENTRY_END, .n = sizeof end};
    return keep(w, &head, NULL, str_n((const char *)&end, sizeof end), e);
}

static bool read_file(struct worker *w, struct str name, struct err *e)
{
    struct port_objects port = files_port();
    struct object_ref ref = {.key = name};
    struct err why = {0};
    w->name = name;
    w->reader.ev.counts = (struct event_counts){0};
    w->reader.ev.number = 0;
    w->out_of_time = 0;
    bool ok = object_read(&w->reader, &port, &ref, &why);
    return keep_end(w, ok, &why, e);
}

/* Reads the files of a job. What fails here is no file's fault and ends the run. */
static void do_job(struct worker *w)
{
    struct job *job = w->job;
    struct scan_threads *t = w->t;
    struct str names = buf_str(&job->names);
    struct err e = {0};
    bool ok = true;
    w->stored_bytes = w->told_bytes = 0;
    for (size_t i = 0; i < job->n_files && ok; i++)
        ok = read_file(w, str_cut(&names, '\0'), &e);
    ok = ok && (w->batch.n == 0 || hand_over(w, &e));
    pthread_mutex_lock(&t->lock);
    job->state = JOB_READ;
    job->stored_bytes = w->stored_bytes;
    job->ok = ok;
    job->err = e;
    if (is_first(t, job))
        pthread_cond_signal(&t->to_take);
    pthread_mutex_unlock(&t->lock);
    buf_reset(&w->batch);
}

static void *work(void *to)
{
    struct worker *w = to;
    while ((w->job = claim(w->t)))
        do_job(w);
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
    while (job->state != JOB_READ && job->kept.n == 0 && !has_more(job) &&
           job->stored_bytes == *stored_bytes)
        pthread_cond_wait(&t->to_take, &t->lock);
    if (job->kept.n == 0 && has_more(job)) {
        ok = fetch_more(t, job, e);
    } else {
        struct buf kept = job->kept;
        job->kept = t->present;
        t->present = kept;
    }
    *stored_bytes = job->stored_bytes;
    *read = job->state == JOB_READ && !has_more(job);
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

/* ---- the walker: handing out -------------------------------------------------------------------
 */

/* Opens a job; the place of one that was taken is free. */
static void open_job(struct scan_threads *t)
{
    struct job *job = t->jobs + t->begun % t->n_jobs;
    struct job fresh = {.names = job->names, .kept = job->kept, .more = job->more};
    buf_reset(&fresh.names);
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

static bool add_file(struct scan_threads *t, struct str name, struct err *e)
{
    struct job *job = t->open;
    buf_put(&job->names, name);
    buf_putc(&job->names, '\0');
    job->n_files++;
    if (job->names.failed)
        return err_set(e, ERR_SYSTEM, "no memory for a path");
    if (job->n_files >= files_of_job(t))
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
    return add_file(t, name, e);
}

/* ---- life --------------------------------------------------------------------------------------
 */

static bool start_worker(struct scan_threads *t, struct worker *w, struct err *e)
{
    const struct scan *s = t->scan;
    *w = (struct worker){.t = t};
    buf_init(&w->batch, KEPT_BYTES_MAX);
    lines_maker_init(&w->lines, s->rules);
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
    pthread_cond_init(&t->room, NULL);
    pthread_cond_init(&t->to_take, NULL);
    buf_init(&t->present, KEPT_BYTES_MAX);
    t->jobs = calloc(t->n_jobs, sizeof *t->jobs);
    t->workers = calloc(n, sizeof *t->workers);
    bool ok = (t->jobs && t->workers) || err_set(e, ERR_SYSTEM, "no memory for threads");
    for (size_t i = 0; t->jobs && i < t->n_jobs; i++) {
        buf_init(&t->jobs[i].names, SCAN_JOB_FILES * (FILES_PATH_MAX + 1));
        buf_init(&t->jobs[i].kept, KEPT_BYTES_MAX);
        spool_init(&t->jobs[i].more, 0);
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
    pthread_cond_broadcast(&t->room);
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < t->n_started; i++)
        pthread_join(t->workers[i].thread, NULL);
    for (size_t i = 0; i < t->n_workers; i++) {
        object_reader_release(&t->workers[i].reader);
        buf_release(&t->workers[i].batch);
        lines_maker_release(&t->workers[i].lines);
    }
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
