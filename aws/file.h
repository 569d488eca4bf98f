/* Small files, whole. */
#ifndef TW_AWS_FILE_H
#define TW_AWS_FILE_H

#include "base/buf.h"
#include "base/err.h"

/* Appends the file to out, whose maximum bounds it. ERR_MISSING: no such file; ERR_USAGE: it cannot
 * be read or is longer than out takes. */
TW_MUST_USE bool file_read(const char *path, struct buf *out, struct err *e);

#endif
