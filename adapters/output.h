/* Where results go: standard output, or a file that appears whole or not at all. */
#ifndef TW_ADAPTERS_OUTPUT_H
#define TW_ADAPTERS_OUTPUT_H

#include "base/buf.h"
#include "base/err.h"

#define OUTPUT_FLUSH_BYTES (64u << 10) /* written when as much is gathered */
/* One result; a match of a record of 4 MB (RECORD_BYTES_MAX), each byte escaped to six. */
#define OUTPUT_LINE_MAX (25u << 20)

struct output {
    int fd;
    bool terminal;      /* whether people read it as it comes */
    struct buf pending; /* put the next result in here, then call output_put */
    struct buf path;    /* the file's name in the end; empty for standard output and devices */
    struct buf temp;    /* its name until then */
};

/* path NULL: standard output. A file is written under a name of its own in the same folder; a path
 * that is there and no regular file (a device, a pipe) is written directly. */
TW_MUST_USE bool output_open(struct output *o, const char *path, struct err *e);

/* A result is complete in o->pending. ERR_LIMIT when it did not fit (it is dropped), ERR_SYSTEM
 * when it could not be written. */
TW_MUST_USE bool output_put(struct output *o, struct err *e);
/* Writes what is pending. */
TW_MUST_USE bool output_flush(struct output *o, struct err *e);
/* Writes what is pending and gives the file its name. */
TW_MUST_USE bool output_commit(struct output *o, struct err *e);
/* Closes; a file that was not committed is removed. */
void output_release(struct output *o);

#endif
