/* DynamoDB or SQLite. */
#include "tests/model/store.h"

#include <stdlib.h>

#include "adapters/dynamodb.h"
#include "adapters/sqlite.h"

struct store {
    struct port_state port;
    struct aws_world world;
    struct aws_client *client;
    struct dynamodb table;
    struct sqlite_state *file;
};

static bool open_table(struct store *s, const char *table, struct err *e)
{
    s->world = aws_world_real();
    s->client = aws_client_new(&s->world, NULL, e);
    if (!s->client || !dynamodb_init(&s->table, s->client, &s->world, str_of(table), e))
        return false;
    s->port = dynamodb_state(&s->table);
    return true;
}

static bool open_file(struct store *s, const char *path, struct err *e)
{
    s->file = sqlite_state_open(path, (struct port_clock){0}, e);
    if (s->file)
        s->port = sqlite_state_port(s->file);
    return s->file != NULL;
}

struct store *store_open(const char *name, struct err *e)
{
    struct store *s = calloc(1, sizeof *s);
    if (!s) {
        err_set(e, ERR_SYSTEM, "no memory for a store");
        return NULL;
    }
    if (str_starts(str_of(name), S("dynamodb:")) ? open_table(s, name + 9, e)
                                                 : open_file(s, name, e))
        return s;
    store_close(s);
    return NULL;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    dynamodb_release(&s->table);
    aws_client_free(s->client);
    sqlite_state_close(s->file);
    free(s);
}

struct port_state store_port(struct store *s)
{
    return s->port;
}
