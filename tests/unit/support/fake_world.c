/* The steered world. */
#include "tests/unit/support/fake_world.h"

#include <string.h>

static const char *get_env(void *self, const char *name)
{
    const struct fake_world *f = self;
    for (size_t i = 0; i < FAKE_ENV_MAX && f->env[i][0]; i++) {
        if (strcmp(f->env[i][0], name) == 0)
            return f->env[i][1];
    }
    return NULL;
}

static int64_t wall_ms(void *self)
{
    return ((struct fake_world *)self)->wall_ms;
}

static int64_t mono_ms(void *self)
{
    return ((struct fake_world *)self)->mono_ms;
}

static void sleep_ms(void *self, int64_t ms)
{
    struct fake_world *f = self;
    f->slept_ms += ms;
    f->mono_ms += ms;
    f->wall_ms += ms;
}

static uint32_t random_bits(void *self)
{
    return ((struct fake_world *)self)->random;
}

struct aws_world fake_world(struct fake_world *f)
{
    return (struct aws_world){f, get_env, wall_ms, mono_ms, sleep_ms, random_bits};
}
