/* The two clocks. Pure layers (engine, respond, handlers) do not include this: time comes to them.
 */
#ifndef TW_BASE_CLOCK_H
#define TW_BASE_CLOCK_H

#include <stdint.h>

/* Wall clock, milliseconds since 1970. */
int64_t clock_wall_ms(void);
/* A clock that never goes back, milliseconds since some start; jumps over a Lambda freeze. */
int64_t clock_mono_ms(void);
/* CPU time of this process, microseconds. */
int64_t clock_cpu_us(void);

#endif
