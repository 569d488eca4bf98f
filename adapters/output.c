/* Standard output and files that are renamed into place. */
#include "adapters/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"

#define PATH_BYTES_MAX 4095 /* Linux' PATH_MAX without its NUL */

static bool path_error(struct err *e, const char *what, struct str path)
{
    int cause = errno;
    struct buf shown;
    char reason[128];
    buf_init(&shown, ERR_TEXT_MAX);
    buf_put_terminal(&shown, path);
    const char *name = buf_z(&shown);
    if (strerror_r(cause, reason, sizeof reason) != 0)
        reason[0] = '\0';
    err_set(e, ERR_SYSTEM, "%s %s: %s", what, name ? name : "a file of a very long name", reason);
    buf_release(&shown);
    return false;
}

/* Creates the temporary file beside the final one, with the permissions that the latter would get.
 */
static bool open_temp(struct output *o, const char *path, struct err *e)
{
    buf_putz(&o->path, path);
    buf_putz(&o->temp, path);
    buf_putz(&o->temp, ".part-XXXXXX");
    const char *final = buf_z(&o->path);
    if (!final || !buf_z(&o->temp))
        return err_set(e, ERR_USAGE, "the output's path is longer than %d bytes", PATH_BYTES_MAX);
    o->fd = mkstemp(o->temp.p);
    if (o->fd < 0) {
        buf_reset(&o->temp);
        return path_error(e, "cannot write", str_of(path));
    }
    mode_t mask = umask(0);
    umask(mask);
    if (fchmod(o->fd, 0666 & ~mask) != 0)
        return path_error(e, "cannot set the permissions of", buf_str(&o->temp));
    return true;
}

bool output_open(struct output *o, const char *path, struct err *e)
{
    *o = (struct output){.fd = -1};
    buf_init(&o->pending, OUTPUT_FLUSH_BYTES + OUTPUT_LINE_MAX);
    buf_init(&o->path, PATH_BYTES_MAX);
    buf_init(&o->temp, PATH_BYTES_MAX);
    struct stat st;
    if (!path) {
        o->fd = STDOUT_FILENO;
        o->terminal = isatty(STDOUT_FILENO) == 1;
        return true;
    }
    if (stat(path, &st) != 0 || S_ISREG(st.st_mode))
        return open_temp(o, path, e);
    o->fd = open(path, O_WRONLY | O_CLOEXEC);
    if (o->fd < 0)
        return path_error(e, "cannot write", str_of(path));
    o->terminal = isatty(o->fd) == 1;
    return true;
}

bool output_flush(struct output *o, struct err *e)
{
    struct str rest = buf_str(&o->pending);
    while (rest.n) {
        ssize_t n = write(o->fd, rest.p, rest.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return path_error(e, "cannot write results to",
                              o->path.n ? buf_str(&o->path) : S("standard output"));
        rest = str_skip(rest, (size_t)n);
    }
    buf_reset(&o->pending);
    return true;
}

bool output_put(struct output *o, struct err *e)
{
    if (!buf_ok(&o->pending, "a result", e)) {
        buf_reset(&o->pending);
        return false;
    }
    if (!o->terminal && o->pending.n < OUTPUT_FLUSH_BYTES)
        return true;
    return output_flush(o, e);
}

bool output_commit(struct output *o, struct err *e)
{
    if (!output_flush(o, e))
        return false;
    if (o->temp.n == 0)
        return true;
    if (rename(buf_z(&o->temp), buf_z(&o->path)) != 0)
        return path_error(e, "cannot write", buf_str(&o->path));
    buf_reset(&o->temp);
    return true;
}

void output_release(struct output *o)
{
    if (o->temp.n && buf_z(&o->temp))
        unlink(o->temp.p);
    if (o->fd > STDERR_FILENO)
        close(o->fd);
    buf_release(&o->pending);
    buf_release(&o->path);
    buf_release(&o->temp);
    *o = (struct output){.fd = -1};
}
