/* Files and folders: finding logs and rules, reading them whole or in pieces. */
#ifndef TW_ADAPTERS_FILES_H
#define TW_ADAPTERS_FILES_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "handlers/ports.h"

/* Which files of a folder count. A path that is named itself is taken whatever its name. */
enum files_kind {
    FILES_LOGS,  /* .json .jsonl .json.gz .jsonl.gz .gz; .log that begins as a source's log */
    FILES_RULES, /* .yml .yaml, but not .test.yml .test.yaml */
    FILES_TESTS  /* .test.yml .test.yaml */
};

#define FILES_DEPTH_MAX  64          /* folders in folders; CloudTrail's keys have nine */
#define FILES_PATH_MAX   4095        /* Linux' PATH_MAX without its NUL */
#define FILES_FOLDER_MAX 4000000     /* names in one folder: 400 MB of them */
#define RULE_FILE_MAX    (16u << 20) /* the largest public rule file is 0.3 MB */

struct walk;

/* Walks files and folders, in ascending order of the bytes of their paths, whatever the order of
 * roots; a path that two roots lead to comes once. Symbolic links are followed, but not into a
 * folder that one stands in already. Names that begin with a dot are left out. Memory: the names of
 * the folders on the way to the present file. roots must outlive it. ERR_MISSING or ERR_DENIED for
 * a root that is not there. */
TW_MUST_USE bool walk_new(const char *const *roots, size_t n, enum files_kind kind,
                          struct walk **out, struct err *e);
void walk_free(struct walk *w);

/* The next file: *path (NUL-terminated, borrowed until the next call; absent at the end) and its
 * size. False (with e) for a folder that cannot be read; the walk goes on behind it. */
TW_MUST_USE bool walk_next(struct walk *w, struct str *path, uint64_t *bytes, struct err *e);

/* Appends the whole file to out (which keeps to its own maximum: ERR_LIMIT). ERR_MISSING,
 * ERR_DENIED, ERR_SYSTEM, each naming the file. */
TW_MUST_USE bool files_read(const char *path, struct buf *out, struct err *e);
/* Reads n bytes of an open file from `place` (bytes from its beginning) on. False with errno, which
 * is 0 when the file ends before. */
TW_MUST_USE bool files_read_at(int fd, uint64_t place, void *to, size_t n);

/* Logs from files, in pieces of FILES_PIECE_BYTES; a reference's key is the path. Stateless. */
#define FILES_PIECE_BYTES (256u << 10)
struct port_objects files_port(void);

#endif
