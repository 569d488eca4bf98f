/* The log objects that a command line names: folders are walked, files in the order of the bytes of
 * their paths, then what lies in S3. */
#ifndef TW_CLI_LOGS_H
#define TW_CLI_LOGS_H

#include "base/vec.h"
#include "handlers/ports.h"

struct logs {
    struct vec paths; /* const char *, borrowed: local ones in front, each part in order */
    size_t n_local;
};

/* Takes one object, named as results name it. */
struct log_taker {
    void *to;
    /* False, with e, ends the walk. */
    bool (*object)(void *to, const struct port_objects *port, const struct object_ref *ref,
                   struct str name, struct err *e);
    /* A folder that cannot be read was complained about; the walk goes on. */
    void (*fault)(void *to);
};

void logs_init(struct logs *l);
void logs_release(struct logs *l);

/* All paths are in: puts them in order. */
void logs_sort(struct logs *l);

/* Bytes of all local files; 0 when somebody interrupts, or one cannot be read. */
uint64_t logs_bytes(const struct logs *l);

/* Hands over each object. ERR_USAGE for a path that is not there. */
TW_MUST_USE bool logs_walk(const struct logs *l, const struct log_taker *taker, struct err *e);

/* Says so on standard error when no object was there to be read. */
void logs_note_none(uint64_t objects);

#endif
