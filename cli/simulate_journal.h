/* What a simulation makes in an account, on record before it is made, and its removal.
 *
 *   trailwarden-sim 1 trailwarden-sim-0a1b2c3d 111122223333 aws
 *   user trailwarden-sim-0a1b2c3d-ses-relay
 *   user-denied trailwarden-sim-0a1b2c3d-ses-relay
 *   key trailwarden-sim-0a1b2c3d-ses-relay
 *
 * A line is on the disk before the call that makes the thing, so whatever ends the program, what it
 * made is a line. A last line without its end was never acted on. */
#ifndef TW_CLI_SIMULATE_JOURNAL_H
#define TW_CLI_SIMULATE_JOURNAL_H

#include "adapters/execute.h"
#include "base/arena.h"
#include "base/vec.h"

#define JOURNAL_MAX        (1u << 20) /* bytes; a run of 1,000 steps writes some 100 KiB */
#define JOURNAL_THINGS_MAX 10000

struct journal_thing {
    enum execute_thing thing;
    struct str name; /* of the user or role */
};

struct journal {
    int fd;          /* -1: not being written */
    struct buf text; /* of one read; the rest points into it */
    struct vec made; /* of struct journal_thing, in their order */
    struct str run;  /* prefix of all names */
    struct str account, partition;
    struct arena memory;
};

void journal_init(struct journal *j);
void journal_release(struct journal *j);

/* Begins a new file at path, of these names (copied). ERR_USAGE: there is one, or it cannot be. */
TW_MUST_USE bool journal_begin(struct journal *j, const char *path, struct str run,
                               struct str account, struct str partition, struct err *e);
/* Puts the thing on record and waits for the disk. */
TW_MUST_USE bool journal_note(struct journal *j, enum execute_thing thing, struct str name,
                              struct err *e);
/* Reads one. ERR_USAGE: it is not there; ERR_INPUT: it is no journal, or names what is not of its
 * own run. */
TW_MUST_USE bool journal_read(struct journal *j, const char *path, struct err *e);

/* Removes all on record, the newest first; what is gone already is as good. Tells, on standard
 * error, of each thing that is still there, and how many in *left. False only when that could not
 * be tried. */
TW_MUST_USE bool journal_undo(const struct journal *j, struct executor *x, size_t *left,
                              struct err *e);

#endif
