/* The real world. */
#include "aws/world.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/random.h"

static const char *real_env(void *self, const char *name)
{
    (void)self;
    return getenv(name);
}

static int64_t real_wall(void *self)
{
    (void)self;
    return clock_wall_ms();
}

static int64_t real_mono(void *self)
{
    (void)self;
    return clock_mono_ms();
}

static void real_sleep(void *self, int64_t ms)
{
    (void)self;
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL); /* woken early by a signal: the caller only comes back sooner */
}

static uint32_t real_random(void *self)
{
    (void)self;
    uint32_t r = 0;
    struct err ignored;
    if (!random_fill(&r, sizeof r, &ignored))
        r = (uint32_t)clock_mono_ms(); /* pacing only: any spread will do */
    return r;
}

struct aws_world aws_world_real(void)
{
    return (struct aws_world){
        .get_env = real_env,
        .wall_ms = real_wall,
        .mono_ms = real_mono,
        .sleep_ms = real_sleep,
        .random = real_random,
    };
}

const char *aws_world_env(const struct aws_world *world, const char *name)
{
    const char *v = world->get_env(world->self, name);
    return v && *v ? v : NULL;
}
