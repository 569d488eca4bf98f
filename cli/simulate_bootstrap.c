/* The Runtime API of one process and an SNS that only counts, in one loop of poll(2). */
#include "cli/simulate_bootstrap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/cloud.h"
#include "adapters/files.h"
#include "base/clock.h"
#include "base/escape.h"
#include "cli/command.h"
#include "handlers/urldecode.h"

#define CONNECTIONS   8          /* bootstrap keeps one to the Runtime API and a few to SNS */
#define REQUEST_MAX   (8u << 20) /* Lambda's answer is of 6 MiB at most */
#define OBJECT_MAX    (64u << 20)
#define PREFIX        "simulated/"
#define TURN_MS       200
#define SILENCE_MS    60000 /* an object of a simulation takes under a second */
#define INVOCATION_MS 60000 /* the function's time, template.yaml's */
#define TOPIC         "arn:aws:sns:us-east-1:111122223333:simulated"
#define RUNTIME       "/2018-06-01/runtime/"

struct connection {
    int fd; /* -1: free */
    struct buf in;
};

struct service {
    const struct bootstrap_asked *asked;
    struct invoked *told;
    const struct vec *objects;
    size_t next; /* object to be announced */
    int listener;
    unsigned port;
    struct connection connections[CONNECTIONS];
    int64_t heard_ms;
    bool done, broken;
};

static int64_t at_ms(const struct service *s)
{
    size_t i = s->next ? s->next - 1 : 0;
    return ((const struct delivered *)vec_at(s->objects, i))->at_ms;
}

static void reply(const struct connection *c, const char *status, const char *headers,
                  struct str body)
{
    struct buf b;
    buf_init(&b, REQUEST_MAX);
    buf_putf(&b, "HTTP/1.1 %s\r\n%sContent-Length: %zu\r\n\r\n", status, headers, body.n);
    buf_put(&b, body);
    for (size_t at = 0; !b.failed && at < b.n;) {
        ssize_t n = send(c->fd, b.p + at, b.n - at, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    buf_release(&b);
}

/* The next object's notification; when there is none bootstrap is left waiting. */
static void announce(struct service *s, const struct connection *c)
{
    struct buf body, head;
    if (s->next == s->objects->n) {
        s->done = true;
        return;
    }
    const struct delivered *d = vec_at(s->objects, s->next++);
    buf_init(&body, 16384); /* a key of 1,024 bytes, escaped */
    buf_init(&head, 1024);
    buf_putz(&body, "{\"Records\":[{\"eventSource\":\"aws:s3\",\"eventName\":\"ObjectCreated:Put\","
                    "\"s3\":{\"bucket\":{\"name\":");
    buf_put_json(&body, str_of(s->asked->bucket));
    buf_putf(&body, "},\"object\":{\"key\":\"" PREFIX "%.*s\",\"size\":1}}}]}", (int)d->key.n,
             d->key.p);
    buf_putf(&head,
             "Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: "
             "00000000-0000-4000-8000-%012zu\r\nLambda-Runtime-Deadline-Ms: %lld\r\n"
             "Lambda-Runtime-Invoked-Function-Arn: "
             "arn:aws:lambda:us-east-1:111122223333:function:simulated\r\n",
             s->next, (long long)(clock_wall_ms() + INVOCATION_MS));
    const char *headers = buf_z(&head);
    s->told->notifications++;
    reply(c, "200 OK", headers ? headers : "", buf_str(&body));
    buf_release(&body);
    buf_release(&head);
}

static void note_incident(struct invoked *v, struct str text)
{
    size_t at = str_find(text, S("\\\"id\\\":\\\""), 0);
    struct str id = at == SIZE_MAX ? STR_ABSENT : str_slice(text, at + 9, at + 9 + 32);
    for (size_t i = 0; i < v->ids.n; i++)
        if (str_eq(*(struct str *)vec_at(&v->ids, i), id))
            return;
    struct str *to = id.n == 32 ? vec_push(&v->ids, 1) : NULL;
    if (to)
        *to = arena_str(&v->memory, id);
}

/* A message as SNS would take it: Action=Publish&..&Message={"default":"{\"type\":\"alert\",..}"}
 */
static void take_message(struct service *s, const struct connection *c, struct str form)
{
    struct invoked *v = s->told;
    struct buf text;
    buf_init(&text, REQUEST_MAX);
    bool ok = urldecode_form(&text, form, NULL);
    size_t at = str_find(buf_str(&text), S("{\\\"type\\\":\\\"incident\\\""), 0);
    bool incident = ok && at != SIZE_MAX;
    int64_t *first = incident ? &v->first_incident_ms : &v->first_alert_ms;
    *first = at_ms(s) < *first ? at_ms(s) : *first;
    *(incident ? &v->incidents : &v->alerts) += 1;
    if (incident)
        note_incident(v, str_skip(buf_str(&text), at));
    buf_release(&text);
    reply(c, "200 OK", "Content-Type: text/xml\r\n",
          S("<PublishResponse><PublishResult><MessageId>00000000-0000-4000-8000-000000000000"
            "</MessageId></PublishResult></PublishResponse>"));
}

static void take_request(struct service *s, const struct connection *c, struct str line,
                         struct str body)
{
    if (str_starts(line, S("GET " RUNTIME "invocation/next "))) {
        announce(s, c);
    } else if (str_starts(line, S("POST " RUNTIME "invocation/"))) {
        s->told->failed += str_find(line, S("/error "), 0) != SIZE_MAX;
        reply(c, "202 Accepted", "", S("{}"));
    } else if (str_starts(line, S("POST " RUNTIME "init/error "))) {
        s->broken = true;
        reply(c, "202 Accepted", "", S("{}"));
    } else if (str_starts(line, S("POST / "))) {
        take_message(s, c, body);
    } else {
        reply(c, "404 Not Found", "", S(""));
    }
}

/* The bytes of the body that the head tells of. */
static size_t body_bytes(struct str head)
{
    static const struct str name = {"content-length:", 15};
    unsigned long long n = 0;
    while (str_present(head)) {
        struct str line = str_cut(&head, '\n');
        if (line.n > name.n && str_eq_fold(str_slice(line, 0, name.n), name) &&
            !str_u64(str_trim(str_skip(line, name.n)), &n))
            n = 0;
    }
    return (size_t)n;
}

/* Takes all requests that are there in whole. */
static void take_requests(struct service *s, struct connection *c)
{
    for (;;) {
        struct str all = buf_str(&c->in);
        size_t end = all.n ? str_find(all, S("\r\n\r\n"), 0) : SIZE_MAX;
        if (end == SIZE_MAX)
            return;
        struct str head = str_slice(all, 0, end);
        size_t n = body_bytes(head);
        if (n > all.n - end - 4)
            return;
        take_request(s, c, str_cut(&head, '\r'), str_slice(all, end + 4, end + 4 + n));
        buf_drop_front(&c->in, end + 4 + n);
    }
}

static void drop(struct connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    buf_reset(&c->in);
}

static void take_bytes(struct service *s, struct connection *c)
{
    char *to = buf_room(&c->in, 65536);
    ssize_t n = to ? recv(c->fd, to, 65536, 0) : 0;
    if (n <= 0) {
        drop(c);
        return;
    }
    s->heard_ms = clock_mono_ms();
    buf_added(&c->in, (size_t)n);
    take_requests(s, c);
}

static void take_connection(struct service *s)
{
    int fd = accept(s->listener, NULL, NULL);
    for (size_t i = 0; fd >= 0 && i < CONNECTIONS; i++) {
        if (s->connections[i].fd >= 0)
            continue;
        s->connections[i].fd = fd;
        return;
    }
    if (fd >= 0)
        close(fd);
}

static void turn(struct service *s)
{
    struct pollfd p[CONNECTIONS + 1] = {{.fd = s->listener, .events = POLLIN}};
    for (size_t i = 0; i < CONNECTIONS; i++)
        p[i + 1] = (struct pollfd){.fd = s->connections[i].fd, .events = POLLIN};
    if (poll(p, CONNECTIONS + 1, TURN_MS) <= 0)
        return;
    for (size_t i = 0; i < CONNECTIONS; i++)
        if (p[i + 1].revents)
            take_bytes(s, &s->connections[i]);
    if (p[0].revents)
        take_connection(s);
}

static bool listen_on(struct service *s, struct err *e)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&at, n) != 0 ||
        listen(s->listener, CONNECTIONS) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&at, &n) != 0)
        return err_set(e, ERR_SYSTEM, "no port on loopback: %s", strerror(errno));
    s->port = ntohs(at.sin_port);
    return true;
}

/* ---- the process -------------------------------------------------------------------------------
 */

static void become(const struct service *s, const char *program)
{
    struct buf address;
    buf_init(&address, 64); /* http://127.0.0.1:65535 */
    buf_putf(&address, "http://127.0.0.1:%u", s->port);
    const char *url = buf_z(&address);
    if (!url)
        _exit(127);
    setenv("AWS_LAMBDA_RUNTIME_API", url + sizeof "http://" - 1, 1);
    setenv("AWS_ENDPOINT_URL_SNS", url, 1);
    setenv("TRAILWARDEN_TOPIC_ARN", TOPIC, 1);
    setenv("TRAILWARDEN_RULES", s->asked->rules, 1);
    setenv("TRAILWARDEN_CONTAINMENT", "off", 1);
    unsetenv("TRAILWARDEN_FIFO_TOPIC_ARN");
    dup2(STDERR_FILENO, STDOUT_FILENO); /* its log is no result */
    execl(program, program, (char *)NULL);
    _exit(127);
}

static bool serve(struct service *s, pid_t pid, struct err *e)
{
    int status;
    s->heard_ms = clock_mono_ms();
    while (!s->done && !s->broken && !interrupted()) {
        turn(s);
        if (waitpid(pid, &status, WNOHANG) == pid)
            return err_set(e, ERR_SYSTEM, "bootstrap ended after %zu of %zu notifications", s->next,
                           s->objects->n);
        if (clock_mono_ms() - s->heard_ms > SILENCE_MS)
            break;
    }
    kill(pid, SIGTERM);
    waitpid(pid, &status, 0);
    if (s->broken)
        return err_set(e, ERR_USAGE, "bootstrap could not begin: see above");
    return s->done || err_set(e, ERR_SYSTEM, interrupted() ? "interrupted" : "bootstrap is silent");
}

static bool run(struct service *s, const char *program, struct err *e)
{
    if (access(program, X_OK) != 0)
        return err_set(e, ERR_USAGE, "%.200s: %s; --bootstrap names another", program,
                       strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        become(s, program);
    return pid > 0 ? serve(s, pid, e) : err_set(e, ERR_SYSTEM, "fork: %s", strerror(errno));
}

static bool find_program(const struct bootstrap_asked *a, struct buf *path, struct err *e)
{
    char self[FILES_PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self);
    while (n > 0 && self[n - 1] != '/')
        n--;
    if (a->program)
        buf_putz(path, a->program);
    else
        buf_putf(path, "%.*sbootstrap", (int)n, self);
    return buf_ok(path, "--bootstrap", e);
}

/* ---- objects -----------------------------------------------------------------------------------
 */

static bool upload(struct cloud *cloud, const struct bootstrap_asked *a, const struct delivered *d,
                   struct err *e)
{
    struct buf path, key, body;
    buf_init(&path, FILES_PATH_MAX);
    buf_init(&key, 1024 + sizeof PREFIX); /* S3's limit of a key */
    buf_init(&body, OBJECT_MAX);
    buf_putf(&path, "%s/%.*s", a->folder, (int)d->key.n, d->key.p);
    buf_putf(&key, "/" PREFIX "%.*s", (int)d->key.n, d->key.p);
    bool ok = buf_ok(&key, "a key", e) &&
              (buf_z(&path) || err_set(e, ERR_LIMIT, "a path is too long")) &&
              files_read(buf_z(&path), &body, e) &&
              cloud_put(cloud, str_of(a->bucket), buf_str(&key), buf_str(&body), e);
    buf_release(&path);
    buf_release(&key);
    buf_release(&body);
    return ok;
}

static bool upload_all(const struct bootstrap_asked *a, const struct vec *objects, struct err *e)
{
    struct cloud *cloud = cloud_new(e);
    bool ok = cloud != NULL;
    for (size_t i = 0; ok && i < objects->n; i++)
        ok = upload(cloud, a, vec_at(objects, i), e) &&
             (!interrupted() || err_set(e, ERR_SYSTEM, "interrupted"));
    cloud_free(cloud);
    return ok;
}

bool bootstrap_make(struct invoked *v, const struct bootstrap_asked *a, const struct vec *objects,
                    struct err *e)
{
    struct service s = {.asked = a, .told = v, .objects = objects, .listener = -1};
    struct buf program;
    buf_init(&program, FILES_PATH_MAX);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        s.connections[i].fd = -1;
        buf_init(&s.connections[i].in, REQUEST_MAX);
    }
    bool ok = objects->n == 0 || (find_program(a, &program, e) && upload_all(a, objects, e) &&
                                  listen_on(&s, e) && run(&s, buf_z(&program), e));
    for (size_t i = 0; i < CONNECTIONS; i++) {
        drop(&s.connections[i]);
        buf_release(&s.connections[i].in);
    }
    if (s.listener >= 0)
        close(s.listener);
    buf_release(&program);
    return ok;
}
