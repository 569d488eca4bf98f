/* A hash set in memory that overflows into a temporary SQLite table. */
#include "adapters/once.h"

#include <sqlite3.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/sha256.h"

struct slot {
    uint64_t a, b; /* both 0: empty */
};

struct once {
    struct slot *table;
    size_t cap; /* a power of two */
    size_t n;
    size_t memory_max;
    sqlite3 *db; /* NULL until the memory was full for the first time */
    sqlite3_stmt *insert;
    sqlite3_stmt *select;
};

#define FIRST_CAP 1024

struct once *once_new(size_t memory_max)
{
    struct once *s = calloc(1, sizeof *s);
    struct slot *table = s ? calloc(FIRST_CAP, sizeof *table) : NULL;
    if (!table) {
        free(s);
        return NULL;
    }
    *s = (struct once){.table = table, .cap = FIRST_CAP, .memory_max = memory_max};
    return s;
}

void once_free(struct once *s)
{
    if (!s)
        return;
    sqlite3_finalize(s->insert);
    sqlite3_finalize(s->select);
    sqlite3_close(s->db);
    free(s->table);
    free(s);
}

void once_key(struct str rule, struct str event, unsigned char key[ONCE_KEY_BYTES])
{
    unsigned char full[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add_part(&h, rule);
    sha256_add_part(&h, event);
    sha256_end(&h, full);
    memcpy(key, full, ONCE_KEY_BYTES);
}

/* The place of x, or the empty one where it would go. */
static struct slot *find(struct slot *table, size_t cap, struct slot x)
{
    size_t i = (size_t)x.a & (cap - 1);
    while ((table[i].a | table[i].b) && (table[i].a != x.a || table[i].b != x.b))
        i = (i + 1) & (cap - 1);
    return &table[i];
}

static bool grow(struct once *s, struct err *e)
{
    size_t cap = 2 * s->cap;
    struct slot *table = calloc(cap, sizeof *table);
    if (!table)
        return err_set(e, ERR_SYSTEM, "no memory to remember what was told");
    for (size_t i = 0; i < s->cap; i++)
        if (s->table[i].a | s->table[i].b)
            *find(table, cap, s->table[i]) = s->table[i];
    free(s->table);
    s->table = table;
    s->cap = cap;
    return true;
}

static bool db_error(struct once *s, struct err *e)
{
    return err_set(e, ERR_SYSTEM, "the temporary file of what was told: %s", sqlite3_errmsg(s->db));
}

/* An empty name is SQLite's way to ask for a private file that is deleted on closing. */
static bool open_file(struct once *s, struct err *e)
{
    static const char setup[] = "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;"
                                "PRAGMA cache_size=-16384;"
                                "CREATE TABLE once(k BLOB PRIMARY KEY) WITHOUT ROWID";
    if (s->db)
        return true;
    if (sqlite3_open("", &s->db) != SQLITE_OK ||
        sqlite3_exec(s->db, setup, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(s->db, "INSERT INTO once VALUES(?)", -1, &s->insert, NULL) !=
            SQLITE_OK ||
        sqlite3_prepare_v2(s->db, "SELECT 1 FROM once WHERE k=?", -1, &s->select, NULL) !=
            SQLITE_OK)
        return db_error(s, e);
    return true;
}

/* Runs a statement over one key and gives SQLite's answer. */
static int run(sqlite3_stmt *stmt, const struct slot *x)
{
    sqlite3_bind_blob(stmt, 1, x, sizeof *x, SQLITE_STATIC);
    int answer = sqlite3_step(stmt);
    sqlite3_reset(stmt);
    return answer;
}

static bool insert_all(struct once *s, struct err *e)
{
    for (size_t i = 0; i < s->cap; i++)
        if ((s->table[i].a | s->table[i].b) && run(s->insert, &s->table[i]) != SQLITE_DONE)
            return db_error(s, e);
    return true;
}

/* Moves all keys from memory to the file. */
static bool spill(struct once *s, struct err *e)
{
    if (!open_file(s, e))
        return false;
    if (sqlite3_exec(s->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK || !insert_all(s, e) ||
        sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        return db_error(s, e);
    memset(s->table, 0, s->cap * sizeof *s->table);
    s->n = 0;
    return true;
}

bool once_add(struct once *s, const unsigned char key[ONCE_KEY_BYTES], bool *fresh, struct err *e)
{
    struct slot x;
    memcpy(&x, key, sizeof x);
    if (!(x.a | x.b))
        x.b = 1; /* the empty slot's pattern */
    *fresh = false;
    struct slot *place = find(s->table, s->cap, x);
    if (place->a | place->b)
        return true;
    int found = s->db ? run(s->select, &x) : SQLITE_DONE;
    if (found == SQLITE_ROW)
        return true;
    if (found != SQLITE_DONE)
        return db_error(s, e);
    *fresh = true;
    *place = x;
    s->n++;
    if (s->n >= s->memory_max)
        return spill(s, e);
    return 2 * s->n < s->cap || grow(s, e);
}
