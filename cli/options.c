/* Reading options. */
#include "cli/options.h"

#include "base/str.h"

static const struct option *find(const struct option *options, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eqz(name, options[i].name))
            return &options[i];
    return NULL;
}

static bool unknown(struct str name, struct err *e)
{
    return err_set(e, ERR_USAGE, "unknown option --%.*s", (int)(name.n < 80 ? name.n : 80), name.p);
}

static bool add(struct vec *list, const char *value, struct err *e)
{
    const char **place = vec_push(list, 1);
    if (!place)
        return err_set(e, ERR_USAGE, "more than %d arguments", ARGUMENTS_MAX);
    *place = value;
    return true;
}

/* Stores the option; value is NULL when there was none. */
static bool store(const struct option *o, const char *value, struct err *e)
{
    if (o->kind == OPTION_FLAG) {
        if (value)
            return err_set(e, ERR_USAGE, "option --%s takes no value", o->name);
        *(bool *)o->to = true;
        return true;
    }
    if (!value || !*value)
        return err_set(e, ERR_USAGE, "option --%s needs a value: %s", o->name, o->argument);
    if (o->kind == OPTION_LIST)
        return add(o->to, value, e);
    if (*(const char **)o->to)
        return err_set(e, ERR_USAGE, "option --%s is given twice", o->name);
    *(const char **)o->to = value;
    return true;
}

/* One option at argv[*i]; moves *i to its last part. */
static bool read_one(const struct option *options, size_t n, int argc, char **argv, int *i,
                     struct err *e)
{
    const char *text = argv[*i];
    const struct option *o = NULL;
    const char *value = NULL;
    if (text[1] == '-') {
        struct str rest = str_of(text + 2);
        struct str name = str_cut(&rest, '=');
        value = rest.p;
        o = find(options, n, name);
        if (!o)
            return unknown(name, e);
    } else {
        for (size_t k = 0; k < n; k++)
            if (options[k].letter == text[1])
                o = &options[k];
        if (!o)
            return err_set(e, ERR_USAGE, "unknown option -%.1s", text + 1);
        value = text[2] ? text + 2 : NULL;
    }
    if (o->kind != OPTION_FLAG && !value && *i + 1 < argc)
        value = argv[++*i];
    return store(o, value, e);
}

bool options_read(const struct option *options, size_t n, int argc, char **argv, struct vec *rest,
                  struct err *e)
{
    bool only_arguments = false;
    for (int i = 1; i < argc; i++) {
        if (only_arguments || argv[i][0] != '-' || !argv[i][1]) {
            if (!add(rest, argv[i], e))
                return false;
        } else if (strcmp(argv[i], "--") == 0) {
            only_arguments = true;
        } else if (!read_one(options, n, argc, argv, &i, e)) {
            return false;
        }
    }
    return true;
}

void options_help(FILE *to, const struct option *options, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct option *o = &options[i];
        char letter[] = {o->letter ? '-' : ' ', o->letter ? o->letter : ' ', o->letter ? ',' : ' ',
                         '\0'};
        int used = fprintf(to, "  %s --%s %s", letter, o->name, o->argument ? o->argument : "");
        fprintf(to, "%*s%s\n", used < 30 ? 30 - used : 1, "", o->help);
    }
}
