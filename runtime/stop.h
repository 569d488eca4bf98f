/* SIGTERM. Lambda sends it only where an extension is registered, some 300 ms before SIGKILL; an
 * emulator or a person may send it at any time. */
#ifndef TW_RUNTIME_STOP_H
#define TW_RUNTIME_STOP_H

#include <stdbool.h>

/* From now on SIGTERM ends the process with 0: at once while it waits for an invocation (nothing is
 * left to flush then), else after the invocation at hand is answered. */
void stop_on_sigterm(void);
/* Says whether the process is waiting for an invocation. */
void stop_waiting(bool waiting);
/* Whether SIGTERM came. */
bool stop_asked(void);

#endif
