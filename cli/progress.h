/* A line on standard error that says how far a long run is, when people watch. */
#ifndef TW_CLI_PROGRESS_H
#define TW_CLI_PROGRESS_H

#include <stdint.h>

#include "cli/scan.h"

struct progress {
    bool on;            /* standard error is a terminal */
    uint64_t all_bytes; /* stored bytes to come; 0: not known */
    int64_t started_ms; /* clock_mono_ms */
    int64_t shown_ms;
};

void progress_init(struct progress *p, uint64_t all_bytes);
/* scan.tick: shows the line anew, at most five times a second. to is the struct progress. */
void progress_tick(void *to, const struct scan_counts *now);
/* The same for things done one by one: shows "12 of 83 notifications". */
void progress_step(struct progress *p, const char *what, uint64_t done, uint64_t all);
/* Wipes the line. */
void progress_end(const struct progress *p);

/* Appends "12.3 MB" (powers of ten). */
void put_bytes(struct buf *b, uint64_t bytes);
/* Appends 30477 as "30,477". */
void put_count(struct buf *b, uint64_t n);

#endif
