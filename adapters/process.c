/* Chance and time. */
#include "adapters/process.h"

#include "base/clock.h"
#include "base/random.h"

static bool fill(void *self, void *bytes, size_t n, struct err *e)
{
    (void)self;
    return random_fill(bytes, n, e);
}

struct port_random process_random(void)
{
    return (struct port_random){NULL, fill};
}

static int64_t now_ms(void *self)
{
    (void)self;
    return clock_wall_ms();
}

static int64_t left_ms(void *self)
{
    (void)self;
    return INT64_MAX;
}

struct port_clock process_clock(void)
{
    return (struct port_clock){NULL, now_ms, left_ms};
}
