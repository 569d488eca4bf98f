/* Reads small files. */
#include "aws/file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES 4096

static bool read_open(int fd, const char *path, struct buf *out, struct err *e)
{
    char piece[READ_BYTES];
    ssize_t n = 0;
    while (!out->failed && (n = read(fd, piece, sizeof piece)) > 0)
        buf_put(out, str_n(piece, (size_t)n));
    OPENSSL_cleanse(piece, sizeof piece); /* the file may hold secrets */
    if (out->failed)
        return err_set(e, ERR_USAGE, "%s is longer than %zu bytes", path, out->max);
    return n == 0 || err_set(e, ERR_USAGE, "cannot read %s: %s", path, strerror(errno));
}

bool file_read(const char *path, struct buf *out, struct err *e)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, errno == ENOENT || errno == ENOTDIR ? ERR_MISSING : ERR_USAGE,
                       "cannot open %s: %s", path, strerror(errno));
    const bool ok = read_open(fd, path, out, e);
    close(fd);
    return ok;
}
