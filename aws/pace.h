/* How long to wait before the next attempt. */
#ifndef TW_AWS_PACE_H
#define TW_AWS_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/world.h"

#define PACE_BASE_MS     100  /* as the AWS SDKs' standard mode begins */
#define PACE_CAP_MS      5000 /* longer waits only eat an invocation's time */
#define PACE_NO_DEADLINE INT64_MAX

/* Milliseconds until the deadline (a moment of world->mono_ms), 0 when it has passed;
 * PACE_NO_DEADLINE when there is none. */
int64_t pace_left_ms(const struct aws_world *world, int64_t deadline_ms);

/* The wait before attempt number `attempt` (2 is the first repeat): evenly drawn from 0 up to
 * PACE_BASE_MS doubled with each repeat, at most PACE_CAP_MS ("full jitter"). */
int64_t pace_delay_ms(int attempt, uint32_t random);

/* Sleeps so long; false, without sleeping, when the deadline would pass meanwhile. */
bool pace_wait(const struct aws_world *world, int attempt, int64_t deadline_ms);

#endif
