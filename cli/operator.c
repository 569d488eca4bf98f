/* What the commands of those who respond share. */
#include "cli/operator.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/words.h"

#define STATE_NAME_MAX 4096 /* PATH_MAX of Linux; a table's name has 255 letters */

/* Opening would make the file, and an empty list is no answer to a mistyped name. */
static bool is_there(const char *name, struct err *e)
{
    if (!str_ends(str_of(name), S(".db")) || access(name, F_OK) == 0)
        return true;
    return err_set(e, ERR_USAGE, "--state %.200s: there is no such file", name);
}

static struct state *open_lasting(const char *name, struct err *e)
{
    struct state *s = is_there(name, e) ? state_open(name, e) : NULL;
    if (!s || state_is_durable(s))
        return s;
    err_set(e, ERR_USAGE, "--state memory holds nothing yet: name FILE.db or dynamodb:TABLE");
    state_close(s);
    return NULL;
}

struct state *operator_state(const char *asked, struct err *e)
{
    struct state *s = NULL;
    struct buf name;
    const char *table = word_or_variable(NULL, "TRAILWARDEN_TABLE");
    if (asked)
        return open_lasting(asked, e);
    if (!table) {
        err_set(e, ERR_USAGE, "name a state with --state, or a table with TRAILWARDEN_TABLE");
        return NULL;
    }
    buf_init(&name, STATE_NAME_MAX);
    buf_putz(&name, "dynamodb:");
    buf_putz(&name, table);
    if (buf_ok(&name, "the name of a table", e))
        s = open_lasting(buf_z(&name), e);
    buf_release(&name);
    return s;
}

bool operator_incident_id(const char *text, unsigned char id[INCIDENT_ID_BYTES], struct err *e)
{
    struct str s = str_of(text);
    bool ok = s.n == 2 * INCIDENT_ID_BYTES;
    for (size_t i = 0; ok && i < INCIDENT_ID_BYTES; i++) {
        int high = byte_hex(s.p[2 * i]), low = byte_hex(s.p[2 * i + 1]);
        ok = high >= 0 && low >= 0;
        if (ok)
            id[i] = (unsigned char)(high << 4 | low);
    }
    return ok || err_set(e, ERR_USAGE, "%.80s is no incident's id, which has 32 hexadecimal digits",
                         text);
}
