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

#include "adapters/files.h"
#include "base/clock.h"
#include "cli/command.h"
#include "cli/simulate_upload.h"

#define CONNECTIONS   8          /* bootstrap keeps one to the Runtime API and a few to SNS */
#define REQUEST_MAX   (8u << 20) /* Lambda's answer is of 6 MiB at most */
#define TURN_MS       200
#define SILENCE_MS    60000 /* an object of a simulation takes under a second */
#define INVOCATION_MS 60000 /* the function's time, template.yaml's */
#define TOPIC         "arn:aws:sns:us-east-1:111122223333:simulated"
#define RUNTIME       "/2018-06-01/runtime/"

struct connection {
    int fd;     /* -1: free */
    bool waits; /* it has asked for the next invocation */
    struct buf in;
};

struct service {
    const struct bootstrap_asked *asked;
    pid_t pid;
    struct str payload; /* to be handed out; absent: it was */
    struct buf *answer; /* of the invocation at hand */
    size_t n;           /* invocations so far */
    bool answered, failed, broken;
    int listener;
    unsigned port;
    struct connection connections[CONNECTIONS];
    int64_t heard_ms;
};

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

/* Hands the payload to whoever waits for it. */
static void hand_out(struct service *s)
{
    struct buf head;
    struct connection *c = NULL;
    for (size_t i = 0; i < CONNECTIONS; i++)
        if (s->connections[i].waits)
            c = s->connections + i;
    if (!c || !str_present(s->payload))
        return;
    buf_init(&head, 1024);
    buf_putf(&head,
             "Content-Type: application/json\r\nLambda-Runtime-Aws-Request-Id: "
             "00000000-0000-4000-8000-%012zu\r\nLambda-Runtime-Deadline-Ms: %lld\r\n"
             "Lambda-Runtime-Invoked-Function-Arn: "
             "arn:aws:lambda:us-east-1:111122223333:function:simulated\r\n",
             ++s->n, (long long)(clock_wall_ms() + INVOCATION_MS));
    const char *headers = buf_z(&head);
    reply(c, "200 OK", headers ? headers : "", s->payload);
    c->waits = false;
    s->payload = STR_ABSENT;
    buf_release(&head);
}

/* An invocation's end: .../response with the answer, or .../error, which bootstrap's log tells. */
static void take_answer(struct service *s, const struct connection *c, struct str line,
                        struct str body)
{
    if (str_find(line, S("/response "), 0) != SIZE_MAX)
        buf_put(s->answer, body);
    else
        s->failed = true;
    s->answered = true;
    reply(c, "202 Accepted", "", S("{}"));
}

static void take_request(struct service *s, struct connection *c, struct str line, struct str body)
{
    if (str_starts(line, S("GET " RUNTIME "invocation/next "))) {
        c->waits = true;
        hand_out(s);
    } else if (str_starts(line, S("POST " RUNTIME "invocation/"))) {
        take_answer(s, c, line, body);
    } else if (str_starts(line, S("POST " RUNTIME "init/error "))) {
        s->broken = true;
        reply(c, "202 Accepted", "", S("{}"));
    } else if (str_starts(line, S("POST / "))) { /* SNS: the answer tells what was published */
        reply(c, "200 OK", "Content-Type: text/xml\r\n",
              S("<PublishResponse><PublishResult><MessageId>00000000-0000-4000-8000-000000000000"
                "</MessageId></PublishResult></PublishResponse>"));
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
    c->waits = false;
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

/* ---- the process ---- */

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
    if (s->asked->config)
        setenv("TRAILWARDEN_CONFIG", s->asked->config, 1);
    setenv("TRAILWARDEN_CONTAINMENT", "off", 1);
    unsetenv("TRAILWARDEN_FIFO_TOPIC_ARN");
    dup2(STDERR_FILENO, STDOUT_FILENO); /* its log is no result */
    execl(program, program, (char *)NULL);
    _exit(127);
}

/* invoker.serve */
static bool serve(void *self, const struct delivered *d, struct str payload, struct buf *answer,
                  struct err *why, struct err *e)
{
    struct service *s = self;
    int status;
    (void)d;
    s->payload = payload;
    s->answer = answer;
    s->answered = s->failed = false;
    s->heard_ms = clock_mono_ms();
    hand_out(s);
    while (!s->answered && !s->broken && !interrupted() &&
           clock_mono_ms() - s->heard_ms <= SILENCE_MS) {
        turn(s);
        if (waitpid(s->pid, &status, WNOHANG) == s->pid) {
            s->pid = -1;
            break;
        }
    }
    if (s->broken)
        return err_set(e, ERR_USAGE, "bootstrap could not begin: see above");
    if (s->failed)
        err_set(why, ERR_SYSTEM, "bootstrap failed at notification %zu: see above", s->n);
    if (s->answered)
        return true;
    return err_set(e, ERR_SYSTEM, "%s at notification %zu",
                   interrupted()  ? "interrupted"
                   : s->pid == -1 ? "bootstrap ended"
                                  : "bootstrap is silent",
                   s->n);
}

static bool start(struct service *s, const char *program, struct err *e)
{
    if (access(program, X_OK) != 0)
        return err_set(e, ERR_USAGE, "%.200s: %s; --bootstrap names another", program,
                       strerror(errno));
    if (!listen_on(s, e))
        return false;
    s->pid = fork();
    if (s->pid == 0)
        become(s, program);
    return s->pid > 0 || err_set(e, ERR_SYSTEM, "fork: %s", strerror(errno));
}

static void stop(struct service *s)
{
    int status;
    if (s->pid > 0) {
        kill(s->pid, SIGTERM);
        waitpid(s->pid, &status, 0);
    }
    for (size_t i = 0; i < CONNECTIONS; i++) {
        drop(&s->connections[i]);
        buf_release(&s->connections[i].in);
    }
    if (s->listener >= 0)
        close(s->listener);
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

static bool upload(const struct bootstrap_asked *a, const struct vec *objects, struct err *e)
{
    struct cloud *cloud = cloud_new(e);
    bool ok = cloud && simulate_upload(cloud, a->bucket, a->folder, objects, e);
    cloud_free(cloud);
    return ok;
}

bool simulate_invoke_bootstrap(const struct bootstrap_asked *a, const struct vec *objects,
                               struct found *f, struct err *e)
{
    struct service s = {.asked = a, .pid = -1, .listener = -1};
    const struct invoker by = {
        .self = &s, .bucket = str_of(a->bucket), .uploaded = true, .serve = serve};
    struct buf program;
    buf_init(&program, FILES_PATH_MAX);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        s.connections[i].fd = -1;
        buf_init(&s.connections[i].in, REQUEST_MAX);
    }
    bool ok = find_program(a, &program, e) && upload(a, objects, e) &&
              start(&s, buf_z(&program), e) && simulate_invoke(&by, objects, f, e);
    stop(&s);
    buf_release(&program);
    return ok;
}
