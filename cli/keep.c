/* Keeping backups and secrets. */
#include "cli/keep.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"

#define SECRET_JSON_MAX 2048 /* an id of 128 bytes and a secret of IAM_SECRET_MAX */
#define TOKEN_BYTES     16

static bool write_all(int fd, struct str s)
{
    while (s.n) {
        ssize_t n = write(fd, s.p, s.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        s = str_skip(s, (size_t)n);
    }
    return true;
}

bool keep_backup(const char *path, struct str json, struct err *e)
{
    if (!path)
        return err_set(e, ERR_USAGE, "a user is only deleted when --backup names a file for him");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(e, ERR_USAGE, "--backup %.200s: %s", path, strerror(errno));
    bool ok = write_all(fd, json) && write_all(fd, S("\n")) && fsync(fd) == 0;
    ok = (close(fd) == 0) && ok;
    return ok || err_set(e, ERR_SYSTEM, "%.200s cannot be written: %s", path, strerror(errno));
}

static bool show(struct str json, struct err *e)
{
    if (!isatty(STDOUT_FILENO))
        return err_set(e, ERR_USAGE, "a new key is shown at a terminal only: or name --secret");
    return (write_all(STDOUT_FILENO, json) && write_all(STDOUT_FILENO, S("\n"))) ||
           err_set(e, ERR_SYSTEM, "the terminal cannot be written to: %s", strerror(errno));
}

/* CreateSecret with a token of its own, so that the adapter may repeat it. */
static bool store(struct response *o, struct str json, struct err *e)
{
    unsigned char raw[TOKEN_BYTES];
    char token[2 * TOKEN_BYTES];
    const struct contain_own *own;
    struct iam_answer answer;
    if (!container_own(o->container, &own, e) ||
        !o->ports.random.fill(o->ports.random.self, raw, sizeof raw, e))
        return false;
    bytes_hex(token, raw, sizeof raw);
    const struct iam_at at = {.partition = own->partition, .account = own->account};
    const struct iam_call call = {.action = IAM_CREATE_SECRET,
                                  .at = &at,
                                  .name = str_of(o->asked.secret),
                                  .id = str_n(token, sizeof token),
                                  .secret = json};
    iam_answer_init(&answer);
    bool ok = o->ports.iam.call(o->ports.iam.self, &call, &answer, e);
    iam_answer_release(&answer);
    return ok;
}

/* Overwrites it, in a way that no optimizer leaves out. */
static void wipe(struct buf *b)
{
    volatile char *p = b->p;
    for (size_t i = 0; i < b->cap; i++)
        p[i] = 0;
    buf_release(b);
}

bool keep_secret(struct response *o, struct str key_id, struct str secret, struct err *e)
{
    struct buf json;
    buf_init(&json, SECRET_JSON_MAX);
    buf_room(&json, SECRET_JSON_MAX); /* all at once: growing leaves copies behind */
    buf_putz(&json, "{\"AccessKeyId\":");
    buf_put_json(&json, key_id);
    buf_putz(&json, ",\"SecretAccessKey\":");
    buf_put_json(&json, secret);
    buf_putc(&json, '}');
    bool ok = buf_ok(&json, "a new key", e) &&
              (o->asked.secret ? store(o, buf_str(&json), e) : show(buf_str(&json), e));
    wipe(&json);
    return ok;
}
