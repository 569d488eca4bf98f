/* The bracket scan. */
#include "handlers/skip.h"

static bool ends_scalar(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static void in_string(struct skip *s, char c)
{
    if (s->in_escape)
        s->in_escape = false;
    else if (c == '\\')
        s->in_escape = true;
    else if (c == '"')
        s->in_string = false;
}

static void outside(struct skip *s, char c)
{
    if (c == '"')
        s->in_string = true;
    else if (c == '{' || c == '[')
        s->depth++;
    else if ((c == '}' || c == ']') && s->depth)
        s->depth--;
    else if (s->depth == 0)
        s->in_scalar = true;
}

bool skip_value(struct skip *s, const char **p, const char *end)
{
    for (; *p < end; ++*p) {
        char c = **p;
        if (s->lines && s->begun && s->line_start && c == '{')
            return true;
        if (s->in_scalar && ends_scalar(c))
            return true;
        s->begun = true;
        s->line_start = c == '\n';
        if (s->in_string)
            in_string(s, c);
        else
            outside(s, c);
        if (s->depth == 0 && !s->in_string && !s->in_scalar) {
            ++*p;
            return true;
        }
    }
    return false;
}
