/* SIGTERM's two flags: the only way a handler can speak to the loop. */
#include "runtime/stop.h"

#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t asked;
static volatile sig_atomic_t idle;

static void on_sigterm(int number)
{
    (void)number;
    asked = 1;
    if (idle)
        _exit(0);
}

void stop_on_sigterm(void)
{
    struct sigaction action = {.sa_handler = on_sigterm, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
}

void stop_waiting(bool waiting)
{
    idle = waiting;
    if (waiting && asked) /* it came between the last look and this */
        _exit(0);
}

bool stop_asked(void)
{
    return asked;
}
