/* What the layer takes from outside: environment, clocks, sleep, chance. Production and tests are
 * equal implementations. */
#ifndef TW_AWS_WORLD_H
#define TW_AWS_WORLD_H

#include <stdint.h>

struct aws_world {
    void *self;
    /* An environment variable, NULL when unset; borrowed for as long as the world is used. */
    const char *(*get_env)(void *self, const char *name);
    /* Milliseconds since 1970. */
    int64_t (*wall_ms)(void *self);
    /* Milliseconds of a clock that never goes back; deadlines are told in it. */
    int64_t (*mono_ms)(void *self);
    void (*sleep_ms)(void *self, int64_t ms);
    /* Any 32 bits. */
    uint32_t (*random)(void *self);
};

/* The process's environment, base/clock.h, nanosleep and OpenSSL's random bytes. */
struct aws_world aws_world_real(void);

/* An environment variable that is set and not empty, else NULL. */
const char *aws_world_env(const struct aws_world *world, const char *name);

#endif
