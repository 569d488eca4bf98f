/* Reading words. */
#include "cli/words.h"

#include <stdlib.h>

#include "base/timefmt.h"

bool word_level(const char *name, const char *text, enum level *out, struct err *e)
{
    if (!text || level_parse(str_of(text), out))
        return true;
    return err_set(e, ERR_USAGE,
                   "--%s %.40s: a level is informational, low, medium, high or critical", name,
                   text);
}

bool word_time(const char *name, const char *text, int64_t *ms, struct err *e)
{
    if (!text || time_parse(str_of(text), ms))
        return true;
    return err_set(e, ERR_USAGE,
                   "--%s %.40s: a time is YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ (or +hh:mm)", name,
                   text);
}

bool word_choice(const char *name, const char *text, const char *const *words, size_t n,
                 size_t *out, struct err *e)
{
    for (size_t i = 0; text && i < n; i++)
        if (str_eqz(str_of(text), words[i])) {
            *out = i;
            return true;
        }
    return !text || err_set(e, ERR_USAGE, "--%s %.40s is not available; there %s %s%s%s%s%s", name,
                            text, n > 1 ? "are" : "is", words[0], n > 2 ? ", " : " and ", words[1],
                            n > 2 ? " and " : "", n > 2 ? words[2] : "");
}

const char *word_or_variable(const char *text, const char *variable)
{
    const char *set = getenv(variable);
    return text ? text : set && *set ? set : NULL;
}

bool word_colour(bool terminal)
{
    const char *no_colour = getenv("NO_COLOR");
    return terminal && !(no_colour && *no_colour);
}
