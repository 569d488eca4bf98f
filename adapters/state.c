/* One of the kinds of state. */
#include "adapters/state.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/cloud.h"
#include "adapters/sqlite.h"
#include "adapters/state_memory.h"
#include "base/clock.h"

struct state {
    char *name; /* a copy: the ports borrow from it */
    struct port_state port;
    bool durable;
    struct state_memory *memory;
    struct sqlite_state *file;
    struct cloud *cloud;
};

static bool open_memory(struct state *s, struct err *e)
{
    s->memory = state_memory_new();
    if (!s->memory)
        return err_set(e, ERR_SYSTEM, "no memory for the state");
    s->port = state_memory_port(s->memory);
    return true;
}

/* Without a clock: how old an archive is does not matter. */
static bool open_file(struct state *s, const char *path, struct err *e)
{
    s->durable = true;
    s->file = sqlite_state_open(path, (struct port_clock){0}, e);
    if (!s->file)
        return false;
    s->port = sqlite_state_port(s->file);
    return true;
}

static bool open_dynamodb(struct state *s, struct str table, struct err *e)
{
    s->durable = true;
    s->cloud = cloud_new(e);
    return s->cloud && cloud_state(s->cloud, table, &s->port, e);
}

static bool open_named(struct state *s, const char *text, struct err *e)
{
    struct str name = str_of(text);
    if (!str_present(name) || str_eq(name, S("memory")))
        return open_memory(s, e);
    if (str_starts(name, S("dynamodb:")))
        return open_dynamodb(s, str_skip(name, 9), e);
    if (str_ends(name, S(".db")))
        return open_file(s, text, e);
    return err_set(e, ERR_USAGE, "--state %.100s: there are memory, FILE.db and dynamodb:TABLE",
                   text);
}

struct state *state_open(const char *name, struct err *e)
{
    struct state *s = calloc(1, sizeof *s);
    if (!s) {
        err_set(e, ERR_SYSTEM, "no memory for the state");
        return NULL;
    }
    s->name = strdup(name ? name : "memory");
    if (s->name ? open_named(s, s->name, e) : err_set(e, ERR_SYSTEM, "no memory for the state"))
        return s;
    state_close(s);
    return NULL;
}

void state_close(struct state *s)
{
    if (!s)
        return;
    state_memory_free(s->memory);
    sqlite_state_close(s->file);
    cloud_free(s->cloud);
    free(s->name);
    free(s);
}

struct port_state state_port(struct state *s)
{
    return s->port;
}

bool state_is_durable(const struct state *s)
{
    return s->durable;
}

bool state_sweep(struct state *s, int64_t now_ms, struct err *e)
{
    int64_t wall_ms = clock_wall_ms();
    return !s->file || sqlite_state_sweep(s->file, (now_ms < wall_ms ? now_ms : wall_ms) / 1000, e);
}
