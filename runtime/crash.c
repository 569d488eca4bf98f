/* The crash guard. A signal handler may use little: what it sends is built beforehand and lies in
 * static memory, and it calls only what POSIX names async-signal-safe (signal-safety(7)). That is
 * why this file, like stop.c, has mutable state at file scope. */
#define _XOPEN_SOURCE 700 /* sigaltstack and SA_ONSTACK are of the XSI part of POSIX */
#include "runtime/crash.h"

#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/escape.h"

#define STACK_BYTES  65536 /* SIGSTKSZ is no constant any more; the handler needs under 8 KB */
#define REQUEST_MAX  4096
#define SEND_SECONDS 1 /* the other end is on this machine */
#define BODY                                                                                       \
    "{\"errorMessage\":\"the process crashed\",\"errorType\":\"Runtime.Crash\",\"stackTrace\":[]}"

static struct {
    struct sockaddr_storage address;
    socklen_t address_bytes;
    char host[256];
    char request[REQUEST_MAX];
    volatile sig_atomic_t request_bytes; /* 0: nothing to report */
} guard;

static const char last_words[] = "trailwarden: crashed; the invocation is reported as failed\n";

/* Sends the request and waits for the beginning of an answer. */
static void send_report(void)
{
    size_t n = (size_t)guard.request_bytes;
    int fd = socket(guard.address.ss_family, SOCK_STREAM, 0);
    if (n == 0 || fd < 0)
        return;
    struct timeval limit = {.tv_sec = SEND_SECONDS};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    char answer[64];
    if (connect(fd, (const struct sockaddr *)&guard.address, guard.address_bytes) == 0 &&
        send(fd, guard.request, n, MSG_NOSIGNAL) == (ssize_t)n)
        (void)!recv(fd, answer, sizeof answer, 0);
}

static void on_crash(int number)
{
    (void)!write(STDERR_FILENO, last_words, sizeof last_words - 1);
    send_report();
    _exit(128 + number);
}

void crash_arm(struct str request_id, struct str invocation_id)
{
    struct buf b;
    buf_init(&b, REQUEST_MAX);
    buf_putz(&b, "POST /2018-06-01/runtime/");
    if (str_present(request_id)) {
        buf_putz(&b, "invocation/");
        buf_put_percent(&b, request_id, false);
    } else {
        buf_putz(&b, "init");
    }
    buf_putf(&b, "/error HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n", guard.host);
    buf_putz(&b, "Lambda-Runtime-Function-Error-Type: Runtime.Crash\r\n");
    if (str_present(invocation_id)) {
        buf_putz(&b, "Lambda-Runtime-Invocation-Id: ");
        buf_put(&b, invocation_id);
        buf_putz(&b, "\r\n");
    }
    buf_putf(&b, "Content-Length: %zu\r\nConnection: close\r\n\r\n" BODY, sizeof BODY - 1);
    guard.request_bytes = 0;
    if (!b.failed) {
        memcpy(guard.request, b.p, b.n);
        guard.request_bytes = (sig_atomic_t)b.n;
    }
    buf_release(&b);
}

void crash_disarm(void)
{
    guard.request_bytes = 0;
}

/* Splits host:port and looks it up. */
static bool resolve(const char *host, struct err *e)
{
    struct str name = str_of(host);
    size_t colon = name.n;
    while (colon && name.p[colon - 1] != ':')
        colon--;
    if (colon < 2 || name.n >= sizeof guard.host)
        return err_set(e, ERR_USAGE, "AWS_LAMBDA_RUNTIME_API is no host:port: %.200s", host);
    memcpy(guard.host, host, name.n + 1);
    char node[sizeof guard.host] = {0};
    memcpy(node, host, colon - 1);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int code = getaddrinfo(node, host + colon, &hints, &found);
    if (code)
        return err_set(e, ERR_USAGE, "AWS_LAMBDA_RUNTIME_API %.200s: %s", host, gai_strerror(code));
    memcpy(&guard.address, found->ai_addr, found->ai_addrlen);
    guard.address_bytes = found->ai_addrlen;
    freeaddrinfo(found);
    return true;
}

bool crash_guard(const char *host, struct err *e)
{
    static char stack[STACK_BYTES];
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
    if (!resolve(host, e))
        return false;
    stack_t own = {.ss_sp = stack, .ss_size = sizeof stack};
    struct sigaction action = {.sa_handler = on_crash,
                               .sa_flags = (int)(SA_ONSTACK | SA_RESETHAND)};
    sigemptyset(&action.sa_mask);
    if (sigaltstack(&own, NULL))
        return err_set(e, ERR_SYSTEM, "no stack for the crash guard");
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (sigaction(signals[i], &action, NULL))
            return err_set(e, ERR_SYSTEM, "signal %d cannot be caught", signals[i]);
    crash_arm(STR_ABSENT, STR_ABSENT);
    return true;
}
