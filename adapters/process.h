/* What the handlers need of the process that they run in. */
#ifndef TW_ADAPTERS_PROCESS_H
#define TW_ADAPTERS_PROCESS_H

#include "handlers/ports.h"

/* Chance, of the kernel's. */
struct port_random process_random(void);
/* The wall clock, and no deadline. */
struct port_clock process_clock(void);

#endif
