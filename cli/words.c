/* Reading words. */
#include "cli/words.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/timefmt.h"
#include "engine/source.h"

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

bool word_source(const char *name, const char *text, enum source *out, struct err *e)
{
    if (!text || source_parse(str_of(text), out))
        return true;
    return err_set(e, ERR_USAGE,
                   "--%s %.40s: a source is cloudtrail, vpcflow, okta, github or k8s_audit", name,
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
    if (!text)
        return true;
    struct buf list;
    buf_init(&list, ERR_TEXT_MAX);
    for (size_t i = 0; i < n; i++) {
        buf_putz(&list, i == 0 ? "" : i + 1 < n ? ", " : " and ");
        buf_putz(&list, words[i]);
    }
    const char *all = buf_z(&list);
    err_set(e, ERR_USAGE, "--%s %.40s is not available; there %s %s", name, text,
            n > 1 ? "are" : "is", all ? all : "");
    buf_release(&list);
    return false;
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
