/* Full-jitter backoff. */
#include "aws/pace.h"

int64_t pace_left_ms(const struct aws_world *world, int64_t deadline_ms)
{
    if (deadline_ms == PACE_NO_DEADLINE)
        return PACE_NO_DEADLINE;
    const int64_t now = world->mono_ms(world->self);
    return deadline_ms > now ? deadline_ms - now : 0;
}

int64_t pace_delay_ms(int attempt, uint32_t random)
{
    int64_t most = PACE_BASE_MS;
    for (int i = 2; i < attempt && most < PACE_CAP_MS; i++)
        most *= 2;
    if (most > PACE_CAP_MS)
        most = PACE_CAP_MS;
    return (int64_t)(random % (uint64_t)(most + 1));
}

bool pace_wait(const struct aws_world *world, int attempt, int64_t deadline_ms)
{
    const int64_t delay = pace_delay_ms(attempt, world->random(world->self));
    if (delay >= pace_left_ms(world, deadline_ms))
        return false;
    if (delay)
        world->sleep_ms(world->self, delay);
    return true;
}
