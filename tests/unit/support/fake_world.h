/* A world for aws/ that tests steer: a few environment variables, clocks that stand still unless
 * somebody sleeps, and chance that is what the test says. */
#ifndef TW_TESTS_UNIT_SUPPORT_FAKE_WORLD_H
#define TW_TESTS_UNIT_SUPPORT_FAKE_WORLD_H

#include "aws/world.h"

#define FAKE_ENV_MAX 8

struct fake_world {
    const char *env[FAKE_ENV_MAX][2]; /* name, value; an absent name ends the list */
    int64_t wall_ms;
    int64_t mono_ms;
    int64_t slept_ms; /* in all */
    uint32_t random;
};

/* The world over f, which must outlive it. */
struct aws_world fake_world(struct fake_world *f);

#endif
