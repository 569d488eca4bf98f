/* Points. */
#include "respond/risk.h"

#include "respond/incident_say.h"

unsigned risk_of_level(enum level level, unsigned n)
{
    static const unsigned points[] = {[LEVEL_INFORMATIONAL] = 0,
                                      [LEVEL_LOW] = 3,
                                      [LEVEL_MEDIUM] = 10,
                                      [LEVEL_HIGH] = 25,
                                      [LEVEL_CRITICAL] = 50};
    return points[level] / (n + 1);
}

static enum level level_of(const struct incident *i, size_t signal)
{
    const struct rs_window *w = incident_signal(i, signal)->alert->window;
    return (enum level)i->from->rules->rules[w->rule].level;
}

unsigned risk_signal(const struct incident *i, size_t signal)
{
    enum level level = level_of(i, signal);
    unsigned before = 0;
    for (size_t k = 0; k < signal; k++)
        before += level_of(i, k) == level;
    return risk_of_level(level, before);
}

static unsigned at_most(unsigned sum)
{
    return sum < RISK_MAX ? sum : RISK_MAX;
}

unsigned risk_incident(const struct incident *i)
{
    unsigned sum = 0;
    for (size_t k = 0; k < i->signals.n; k++)
        sum += risk_signal(i, k);
    return at_most(sum);
}

/* Whether the actor did an event of the signal. */
static bool acted(const struct incident *i, size_t signal, uint32_t actor)
{
    for (size_t k = 0; k < i->events.n; k++) {
        const struct made_event *ev = incident_event(i, k);
        if (ev->signal == signal && ev->actor == actor)
            return true;
    }
    return false;
}

unsigned risk_actor(const struct incident *i, uint32_t actor)
{
    unsigned sum = 0;
    for (size_t k = 0; k < i->signals.n; k++)
        sum += acted(i, k, actor) ? risk_signal(i, k) : 0;
    return at_most(sum);
}
