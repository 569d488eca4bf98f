/* The state of windows in one SQLite file, for a laptop: any number of processes may work on it at
 * once, on one machine (write-ahead logging does not go over a network file system).
 *
 * A bucket is one row, its elements one sorted blob: thinned buckets have some 4 KB, so joining
 * and writing a whole one costs less than a row and an index entry for each element, and a delivery
 * that adds nothing new writes nothing. Each call of the port is one transaction over its batch,
 * on disk when it returns. docs/state.md shows the tables. */
#ifndef TW_ADAPTERS_SQLITE_H
#define TW_ADAPTERS_SQLITE_H

#include "handlers/ports.h"

/* "TwSt": what `file` and others see in the header of the file. */
#define SQLITE_STATE_APPLICATION 0x54775374
#define SQLITE_STATE_VERSION     1
/* How long a call waits for other processes before it is ERR_RETRY. A batch of 1,024 claims takes
 * under a second on a laptop's disk. */
#define SQLITE_STATE_BUSY_MS 10000
/* Elements of a bucket that then takes no more, until it is thinned: what DynamoDB's has, too. */
#define SQLITE_STATE_SET_MAX 10000

struct sqlite_state;

/* Opens the file, or makes it, readable by its owner only. `clock` (now_ms alone is used) decides
 * what has expired; without now_ms nothing does: an archive is read. It is copied, what it points
 * to must outlive the state. One thread. NULL with e: ERR_USAGE when the file is something else,
 * or of a newer version; ERR_SYSTEM when it cannot be opened or is damaged; ERR_RETRY when others
 * keep it busy. */
struct sqlite_state *sqlite_state_open(const char *path, struct port_clock clock, struct err *e);
/* Takes NULL. */
void sqlite_state_close(struct sqlite_state *s);

/* The port; it lasts as long as s. */
struct port_state sqlite_state_port(struct sqlite_state *s);

/* Removes what expired before now_s, seconds since 1970. SQLite has nobody who does so by himself:
 * call it once a run. */
TW_MUST_USE bool sqlite_state_sweep(struct sqlite_state *s, int64_t now_s, struct err *e);

#endif
