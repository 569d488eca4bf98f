/* getrandom(2), asked until it has given all. */
#include "base/random.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

bool random_fill(void *bytes, size_t n, struct err *e)
{
    char *at = bytes;
    while (n > 0) {
        ssize_t got = getrandom(at, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(e, ERR_SYSTEM, "no random bytes: %s", strerror(errno));
        at += got;
        n -= (size_t)got;
    }
    return true;
}
