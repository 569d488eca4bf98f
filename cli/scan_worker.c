/* The workers: each reads the files of a job after the other, and keeps what is of use. */
#include "adapters/files.h"
#include "cli/scan_jobs.h"

/* Stored bytes of a file after which a worker asks whether it is over and tells how far it is. */
#define PROGRESS_BYTES (1u << 20)

static bool has_room(const struct scan_threads *t, const struct job *job, size_t n)
{
    return !job_has_more(job) && (job->kept.n == 0 || (job->kept.n + n <= SCAN_KEPT_MAX &&
                                                       t->kept_bytes + n <= t->kept_max));
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
    while (!t->over && job_is_first(t, job) && !has_room(t, job, w->batch.n)) {
        pthread_cond_signal(&t->to_take);
        pthread_cond_wait(&t->room, &t->lock);
    }
    if (has_room(t, job, w->batch.n)) {
        buf_put(&job->kept, buf_str(&w->batch));
        t->kept_bytes += w->batch.n;
    } else {
        ok = put_more(job, buf_str(&w->batch), e);
    }
    ok = ok && (!t->over || interrupted_error(e));
    ok = ok && buf_ok(&job->kept, "what is kept of a file", e);
    if (job_is_first(t, job) && job->kept.n >= TAKEN_BYTES)
        pthread_cond_signal(&t->to_take);
    pthread_mutex_unlock(&t->lock);
    buf_reset(&w->batch);
    return ok;
}

static bool keep_is_full(struct worker *w, struct err *e)
{
    return buf_ok(&w->batch, "a record", e) && (w->batch.n < BATCH_BYTES || hand_over(w, e));
}

/* Whether a Falco rule holds: its output may name any field, and the event's number in the run
 * (evt.num), which only the walker knows. */
static bool has_falco(const struct ruleset *rs, const uint32_t *hits, size_t n)
{
    bool found = false;
    for (size_t i = 0; i < n && !found; i++)
        found = rs->rules[hits[i]].dialect == DIALECT_FALCO;
    return found;
}

static bool keep(struct worker *w, const struct entry *head, struct str bytes, struct err *e)
{
    buf_put(&w->batch, str_n((const char *)head, sizeof *head));
    buf_put(&w->batch, bytes);
    return keep_is_full(w, e);
}

/* Puts the head in front of what was appended since its place was left at `at`. */
static bool close_entry(struct worker *w, struct entry *head, size_t at, struct err *e)
{
    struct buf *b = &w->batch;
    head->n = b->n - at - sizeof *head - head->n_hits * sizeof(uint32_t);
    if (!b->failed)
        memcpy(b->p + at, head, sizeof *head);
    return keep_is_full(w, e);
}

static bool keep_record(struct worker *w, struct event *ev, enum scan_use use, const uint32_t *hits,
                        size_t n, struct err *e)
{
    struct entry head = {.kind = ENTRY_RECORD, .use = use, .n_hits = (uint32_t)n};
    struct buf *b = &w->batch;
    size_t at = b->n;
    bool whole = has_falco(w->t->scan->rules, hits, n);
    buf_put(b, str_n((const char *)&head, sizeof head));
    if (n)
        buf_put(b, str_n((const char *)hits, n * sizeof *hits));
    event_keep(ev, whole ? NULL : w->t->told_slots, whole || event_core(ev, CORE_ID).n == 0, b);
    return close_entry(w, &head, at, e);
}

/* Keeps the lines, or the record when they are too long together. */
static bool keep_lines(struct worker *w, struct event *ev, const uint32_t *hits, size_t n,
                       struct err *e)
{
    struct entry head = {.kind = ENTRY_LINES};
    size_t at = w->batch.n;
    buf_put(&w->batch, str_n((const char *)&head, sizeof head));
    if (scan_put_lines(w->t->scan, ev, w->name, hits, n, &w->lines, &w->batch))
        return close_entry(w, &head, at, e);
    buf_cut(&w->batch, at);
    return keep_record(w, ev, SCAN_LINES, hits, n, e);
}

/* object_calls.record */
static bool on_record(void *to, struct event *ev, struct err *e)
{
    struct worker *w = to;
    const uint32_t *hits = NULL;
    size_t n = 0;
    enum scan_use use = scan_judge(w->t->scan, ev, &hits, &n);
    w->out_of_time += use == SCAN_OUT_OF_TIME;
    if (use == SCAN_LINES && !has_falco(w->t->scan->rules, hits, n))
        return keep_lines(w, ev, hits, n, e);
    if (use == SCAN_NOTHING || use == SCAN_OUT_OF_TIME)
        return true;
    return keep_record(w, ev, use, hits, n, e);
}

/* object_calls.bad */
static void on_bad(void *to, const char *sentence)
{
    struct worker *w = to;
    struct str text = str_of(sentence);
    const struct entry head = {.kind = ENTRY_SENTENCE, .n = text.n};
    struct err e;
    (void)keep(w, &head, text, &e); /* what fails here fails at the next piece too */
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
        if (job_is_first(t, w->job))
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
    return keep(w, &head, str_n((const char *)&end, sizeof end), e);
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
    if (job_is_first(t, job))
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

bool worker_start(struct scan_threads *t, struct worker *w, struct err *e)
{
    const struct scan *s = t->scan;
    *w = (struct worker){.t = t};
    buf_init(&w->batch, KEPT_BYTES_MAX);
    lines_maker_init(&w->lines, s->rules, s->options.format, s->options.colour);
    t->n_workers++;
    if (!object_reader_init(&w->reader, s->rules, &s->options.said,
                            (struct object_calls){w, on_piece, on_record, on_bad}, e))
        return false;
    w->reader.ev.first_match = s->options.first_match;
    if (scan_sifts(&s->options) && !object_reader_sift_flows(&w->reader, e))
        return false;
    event_set_geo(&w->reader.ev, s->options.geo);
    if (pthread_create(&w->thread, NULL, work, w) != 0)
        return err_set(e, ERR_SYSTEM, "cannot start a thread; --threads 1 needs none");
    t->n_started++;
    return true;
}

void worker_release(struct worker *w)
{
    object_reader_release(&w->reader);
    buf_release(&w->batch);
    lines_maker_release(&w->lines);
}
