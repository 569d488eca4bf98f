/* Two tables in one file. */
#include "adapters/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* time, what and the event's two halves, eight bytes each, big-endian */
#define ELEMENT_BYTES 32
#define OPEN_TRIES    50 /* 100 ms apart: what several processes need that make one file at once */
#define OPEN_PAUSE_MS 100

enum { BEGIN, COMMIT, ROLLBACK, GET, PUT, RANGE, CLAIMS, CLAIM_FIRST, CLAIM_NEXT, TEXTS };

static const char *const texts[TEXTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [GET] = "SELECT elements, expires FROM bucket WHERE key = ?1 AND number = ?2",
    [PUT] = "INSERT OR REPLACE INTO bucket VALUES (?1, ?2, ?3, ?4)",
    [RANGE] = "SELECT elements FROM bucket "
              "WHERE key = ?1 AND number BETWEEN ?2 AND ?3 AND expires >= ?4",
    [CLAIMS] = "SELECT version, claims FROM claim WHERE key = ?1",
    [CLAIM_FIRST] = "INSERT OR IGNORE INTO claim VALUES (?1, 1, ?3, ?4)",
    [CLAIM_NEXT] = "UPDATE claim SET version = version + 1, claims = ?3, expires = ?4 "
                   "WHERE key = ?1 AND version = ?2",
};

static const char tables[] =
    "CREATE TABLE bucket (key BLOB, number INTEGER, expires INTEGER, elements BLOB,"
    "  PRIMARY KEY (key, number)) WITHOUT ROWID;"
    "CREATE TABLE claim (key BLOB PRIMARY KEY, version INTEGER, claims BLOB, expires INTEGER)"
    "  WITHOUT ROWID;";

struct sqlite_state {
    sqlite3 *db;
    sqlite3_stmt *stmts[TEXTS]; /* made when first used */
    struct port_clock clock;
    struct vec elements; /* of the bucket at hand */
    struct buf bytes;    /* the same as stored */
};

/* ---- faults ---- */

static bool fault(const struct sqlite_state *s, struct err *e)
{
    const char *path = sqlite3_db_filename(s->db, "main");
    switch (sqlite3_errcode(s->db)) {
    case SQLITE_BUSY:
        return err_set(e, ERR_RETRY, "%s: other processes keep the state busy", path);
    case SQLITE_NOTADB:
        return err_set(e, ERR_USAGE, "%s is not a state of trailwarden", path);
    case SQLITE_CORRUPT:
        return err_set(e, ERR_SYSTEM, "%s is damaged; remove it to begin anew", path);
    default:
        return err_set(e, ERR_SYSTEM, "%s: %s", path, sqlite3_errmsg(s->db));
    }
}

static bool damaged(const struct sqlite_state *s, struct err *e)
{
    return err_set(e, ERR_SYSTEM, "%s is damaged; remove it to begin anew",
                   sqlite3_db_filename(s->db, "main"));
}

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_SYSTEM, "no memory for the state");
}

/* ---- statements ---- */

/* The statement, ready to be bound; NULL with e. */
static sqlite3_stmt *ready(struct sqlite_state *s, int which, struct err *e)
{
    sqlite3_stmt **at = s->stmts + which;
    if (!*at && sqlite3_prepare_v3(s->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, at, NULL) !=
                    SQLITE_OK)
        fault(s, e);
    return *at;
}

/* Runs to the end one that gives no rows. */
static bool run(struct sqlite_state *s, int which, struct err *e)
{
    sqlite3_stmt *st = ready(s, which, e);
    if (!st)
        return false;
    bool ok = sqlite3_step(st) == SQLITE_DONE || fault(s, e);
    sqlite3_reset(st);
    return ok;
}

static sqlite3_stmt *ready_for(struct sqlite_state *s, int which, const struct state_key *key,
                               int64_t number, struct err *e)
{
    sqlite3_stmt *st = ready(s, which, e);
    if (st) {
        sqlite3_bind_blob(st, 1, key->bytes, sizeof key->bytes, SQLITE_STATIC);
        if (sqlite3_bind_parameter_count(st) > 1)
            sqlite3_bind_int64(st, 2, number);
    }
    return st;
}

/* Ends a transaction as `ok` says. */
static bool end(struct sqlite_state *s, bool ok, struct err *e)
{
    ok = ok && run(s, COMMIT, e);
    if (!ok && !sqlite3_get_autocommit(s->db) && !run(s, ROLLBACK, NULL))
        return false; /* the next BEGIN will say so */
    return ok;
}

/* ---- elements ---- */

static void put_be(struct buf *b, uint64_t v)
{
    for (unsigned i = 0; i < 8; i++)
        buf_putc(b, (char)(unsigned char)(v >> (56 - 8 * i)));
}

static uint64_t take_be(const unsigned char *p)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

static bool put_elements(struct sqlite_state *s, struct err *e)
{
    const struct element *list = s->elements.p;
    buf_reset(&s->bytes);
    for (size_t i = 0; i < s->elements.n; i++) {
        put_be(&s->bytes, (uint64_t)list[i].time_ms);
        put_be(&s->bytes, list[i].what);
        put_be(&s->bytes, list[i].event.hi);
        put_be(&s->bytes, list[i].event.lo);
    }
    return buf_ok(&s->bytes, "a bucket of the state", e);
}

/* Appends the elements of the blob in that column. */
static bool take_elements(struct sqlite_state *s, sqlite3_stmt *st, int column, struct vec *out,
                          struct err *e)
{
    const unsigned char *p = sqlite3_column_blob(st, column);
    size_t n = (size_t)sqlite3_column_bytes(st, column);
    if (n % ELEMENT_BYTES)
        return damaged(s, e);
    struct element *to = n && p ? vec_push(out, n / ELEMENT_BYTES) : NULL;
    if (n && !to)
        return no_memory(e);
    for (; n; n -= ELEMENT_BYTES, p += ELEMENT_BYTES)
        *to++ = (struct element){
            (int64_t)take_be(p), take_be(p + 8), {take_be(p + 16), take_be(p + 24)}};
    return true;
}

/* Reads a bucket into s->elements; none is an empty one that has always expired. */
static bool get_bucket(struct sqlite_state *s, const struct state_key *key, int64_t number,
                       int64_t *expires_s, struct err *e)
{
    sqlite3_stmt *st = ready_for(s, GET, key, number, e);
    s->elements.n = 0;
    *expires_s = INT64_MIN;
    if (!st)
        return false;
    int answer = sqlite3_step(st);
    bool ok = answer == SQLITE_DONE || answer == SQLITE_ROW || fault(s, e);
    if (answer == SQLITE_ROW) {
        *expires_s = sqlite3_column_int64(st, 1);
        ok = take_elements(s, st, 0, &s->elements, e);
    }
    sqlite3_reset(st);
    return ok;
}

/* Writes s->elements. */
static bool put_bucket(struct sqlite_state *s, const struct state_key *key, int64_t number,
                       int64_t expires_s, struct err *e)
{
    sqlite3_stmt *st = put_elements(s, e) ? ready_for(s, PUT, key, number, e) : NULL;
    if (!st)
        return false;
    sqlite3_bind_int64(st, 3, expires_s);
    sqlite3_bind_blob64(st, 4, s->bytes.p ? s->bytes.p : "", s->bytes.n, SQLITE_STATIC);
    return run(s, PUT, e);
}

/* ---- the port ---- */

static bool add_one(struct sqlite_state *s, const struct state_add *a, struct err *e)
{
    int64_t expires_s;
    if (!get_bucket(s, &a->key, a->bucket, &expires_s, e))
        return false;
    size_t before = s->elements.n;
    if (before >= SQLITE_STATE_SET_MAX)
        return err_set(e, ERR_LIMIT, "a bucket of the state holds %zu elements and takes no more",
                       before);
    struct element *to = vec_push(&s->elements, a->n);
    if (!to)
        return no_memory(e);
    memcpy(to, a->elements, a->n * sizeof *to);
    s->elements.n = window_sort(s->elements.p, s->elements.n);
    if (s->elements.n == before && a->expires_s <= expires_s)
        return true;
    return put_bucket(s, &a->key, a->bucket, a->expires_s > expires_s ? a->expires_s : expires_s,
                      e);
}

static bool add(void *self, const struct state_add *list, size_t n, struct err *e)
{
    struct sqlite_state *s = self;
    bool ok = run(s, BEGIN, e);
    for (size_t i = 0; i < n && ok; i++)
        ok = add_one(s, list + i, e);
    return end(s, ok, e);
}

static bool read_one(struct sqlite_state *s, const struct state_read *r, struct err *e)
{
    sqlite3_stmt *st = ready_for(s, RANGE, &r->key, r->from, e);
    if (!st)
        return false;
    sqlite3_bind_int64(st, 3, r->to);
    sqlite3_bind_int64(st, 4, s->clock.now_ms ? s->clock.now_ms(s->clock.self) / 1000 : INT64_MIN);
    bool ok = true;
    int answer = SQLITE_ROW;
    while (ok && (answer = sqlite3_step(st)) == SQLITE_ROW)
        ok = take_elements(s, st, 0, r->out, e);
    ok = ok && (answer == SQLITE_DONE || fault(s, e));
    sqlite3_reset(st);
    return ok;
}

static bool read_ranges(void *self, const struct state_read *list, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (!read_one(self, list + i, e))
            return false;
    return true;
}

/* Takes the sorted elements of `list` out of s->elements, which are sorted, too. */
static void remove_elements(struct sqlite_state *s, const struct element *list, size_t n)
{
    struct element *all = s->elements.p;
    size_t kept = 0, k = 0;
    for (size_t i = 0; i < s->elements.n; i++) {
        while (k < n && element_cmp(list + k, all + i) < 0)
            k++;
        if (k == n || element_cmp(list + k, all + i) != 0)
            all[kept++] = all[i];
    }
    s->elements.n = kept;
}

static bool drop_one(struct sqlite_state *s, const struct state_drop *d, struct err *e)
{
    int64_t expires_s;
    struct element *sorted = calloc(d->n, sizeof *sorted);
    if (!sorted)
        return no_memory(e);
    memcpy(sorted, d->elements, d->n * sizeof *sorted);
    size_t n = window_sort(sorted, d->n);
    bool ok = get_bucket(s, &d->key, d->bucket, &expires_s, e);
    size_t before = s->elements.n;
    if (ok)
        remove_elements(s, sorted, n);
    free(sorted);
    return ok && (s->elements.n == before || put_bucket(s, &d->key, d->bucket, expires_s, e));
}

static bool drop(void *self, const struct state_drop *list, size_t n, struct err *e)
{
    struct sqlite_state *s = self;
    bool ok = run(s, BEGIN, e);
    for (size_t i = 0; i < n && ok; i++)
        ok = drop_one(s, list + i, e);
    return end(s, ok, e);
}

static bool claims_one(struct sqlite_state *s, struct state_claims *c, struct err *e)
{
    sqlite3_stmt *st = ready_for(s, CLAIMS, &c->key, 0, e);
    c->version = 0;
    buf_reset(&c->blob);
    if (!st)
        return false;
    int answer = sqlite3_step(st);
    bool ok = answer == SQLITE_DONE || answer == SQLITE_ROW || fault(s, e);
    if (answer == SQLITE_ROW) {
        c->version = (uint64_t)sqlite3_column_int64(st, 0);
        const char *p = sqlite3_column_blob(st, 1);
        if (p)
            buf_put(&c->blob, str_n(p, (size_t)sqlite3_column_bytes(st, 1)));
        ok = buf_ok(&c->blob, "the claims of one key", e);
    }
    sqlite3_reset(st);
    return ok;
}

static bool claims(void *self, struct state_claims *list, size_t n, struct err *e)
{
    for (size_t i = 0; i < n; i++)
        if (!claims_one(self, list + i, e))
            return false;
    return true;
}

static bool swap_one(struct sqlite_state *s, struct state_swap *w, struct err *e)
{
    int which = w->version ? CLAIM_NEXT : CLAIM_FIRST;
    sqlite3_stmt *st = ready_for(s, which, &w->key, (int64_t)w->version, e);
    if (!st)
        return false;
    sqlite3_bind_blob64(st, 3, w->blob.p ? w->blob.p : "", w->blob.n, SQLITE_STATIC);
    sqlite3_bind_int64(st, 4, w->expires_s);
    if (!run(s, which, e))
        return false;
    w->conflict = sqlite3_changes(s->db) == 0;
    return true;
}

static bool swap(void *self, struct state_swap *list, size_t n, struct err *e)
{
    struct sqlite_state *s = self;
    bool ok = run(s, BEGIN, e);
    for (size_t i = 0; i < n && ok; i++)
        ok = swap_one(s, list + i, e);
    return end(s, ok, e);
}

static void pause_ms(void *self, int64_t ms)
{
    struct timespec t = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};
    (void)self;
    nanosleep(&t, NULL); /* woken early is no harm */
}

struct port_state sqlite_state_port(struct sqlite_state *s)
{
    return (struct port_state){s, add, read_ranges, drop, claims, swap, pause_ms};
}

bool sqlite_state_sweep(struct sqlite_state *s, int64_t now_s, struct err *e)
{
    static const char *const sweeps[] = {"DELETE FROM bucket WHERE expires < ?1",
                                         "DELETE FROM claim WHERE expires < ?1"};
    bool ok = true;
    for (size_t i = 0; i < sizeof sweeps / sizeof *sweeps && ok; i++) {
        sqlite3_stmt *st = NULL;
        ok = sqlite3_prepare_v2(s->db, sweeps[i], -1, &st, NULL) == SQLITE_OK &&
             sqlite3_bind_int64(st, 1, now_s) == SQLITE_OK && sqlite3_step(st) == SQLITE_DONE;
        if (!ok)
            fault(s, e);
        sqlite3_finalize(st);
    }
    return ok;
}

/* ---- opening ---- */

static bool ask(struct sqlite_state *s, const char *sql, int64_t *number, struct err *e)
{
    sqlite3_stmt *st = NULL;
    bool ok = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) == SQLITE_OK &&
              sqlite3_step(st) == SQLITE_ROW;
    if (ok)
        *number = sqlite3_column_int64(st, 0);
    else
        fault(s, e);
    sqlite3_finalize(st);
    return ok;
}

static bool tell_to(struct sqlite_state *s, const char *sql, struct err *e)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || fault(s, e);
}

/* Inside a transaction: makes the tables of an empty file, or checks whose they are. */
static bool settle_tables(struct sqlite_state *s, struct err *e)
{
    int64_t application, version, things;
    const char *path = sqlite3_db_filename(s->db, "main");
    if (!ask(s, "PRAGMA application_id", &application, e) ||
        !ask(s, "PRAGMA user_version", &version, e) ||
        !ask(s, "SELECT count(*) FROM sqlite_master", &things, e))
        return false;
    if (application == 0 && version == 0 && things == 0) {
        struct buf mark;
        buf_init(&mark, 128);
        buf_putf(&mark, "PRAGMA application_id = %d; PRAGMA user_version = %d;",
                 SQLITE_STATE_APPLICATION, SQLITE_STATE_VERSION);
        bool ok =
            tell_to(s, tables, e) && buf_ok(&mark, "a pragma", e) && tell_to(s, buf_z(&mark), e);
        buf_release(&mark);
        return ok;
    }
    if (application != SQLITE_STATE_APPLICATION)
        return err_set(e, ERR_USAGE, "%s is a database of another program", path);
    if (version != SQLITE_STATE_VERSION)
        return err_set(e, ERR_USAGE, "%s is a state of version %lld; this program knows %d", path,
                       (long long)version, SQLITE_STATE_VERSION);
    return true;
}

/* Looks at what the file is before anything is changed in it. */
static bool settle_file(struct sqlite_state *s, struct err *e)
{
    return run(s, BEGIN, e) && end(s, settle_tables(s, e), e);
}

/* Writes are on disk when a transaction ends (FULL), and others are waited for. Changing to WAL
 * needs the file alone for a moment, and SQLite does not wait for that by itself. */
static bool set_ways(struct sqlite_state *s, struct err *e)
{
    sqlite3_busy_timeout(s->db, SQLITE_STATE_BUSY_MS);
    if (!tell_to(s, "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON", e) ||
        !settle_file(s, e))
        return false;
    for (int i = 0; i < OPEN_TRIES; i++) {
        if (sqlite3_exec(s->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) == SQLITE_OK)
            return tell_to(s, "PRAGMA synchronous = FULL", e);
        if (sqlite3_errcode(s->db) != SQLITE_BUSY)
            break;
        pause_ms(NULL, OPEN_PAUSE_MS);
    }
    return fault(s, e);
}

/* A file that is not there is made for its owner only: it holds names and addresses. */
static void make_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0)
        close(fd); /* whatever is wrong with it, SQLite will say */
}

struct sqlite_state *sqlite_state_open(const char *path, struct port_clock clock, struct err *e)
{
    struct sqlite_state *s = calloc(1, sizeof *s);
    if (!s) {
        no_memory(e);
        return NULL;
    }
    s->clock = clock;
    vec_init(&s->elements, sizeof(struct element), SIZE_MAX);
    buf_init(&s->bytes, INT32_MAX);
    make_private(path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    bool ok = sqlite3_open_v2(path, &s->db, flags, NULL) == SQLITE_OK;
    if (!ok)
        err_set(e, ERR_SYSTEM, "%s: %s", path, sqlite3_errmsg(s->db));
    if (ok && set_ways(s, e))
        return s;
    sqlite_state_close(s);
    return NULL;
}

void sqlite_state_close(struct sqlite_state *s)
{
    if (!s)
        return;
    for (int i = 0; i < TEXTS; i++)
        sqlite3_finalize(s->stmts[i]);
    sqlite3_close(s->db);
    vec_release(&s->elements);
    buf_release(&s->bytes);
    free(s);
}
