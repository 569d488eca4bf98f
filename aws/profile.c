/* Reads the shared files. */
#include "aws/profile.h"

#include "aws/credentials.h"
#include "aws/file.h"

#define PATH_BYTES_MAX 4096 /* PATH_MAX of Linux */

static bool load_one(const struct aws_world *world, const char *variable, const char *usual,
                     struct buf *out, struct err *e)
{
    const char *named = aws_world_env(world, variable);
    const char *home = aws_world_env(world, "HOME");
    if (!named && !home)
        return true;
    struct buf path;
    buf_init(&path, PATH_BYTES_MAX);
    buf_putz(&path, named ? named : home);
    if (!named)
        buf_putz(&path, usual);
    const char *z = buf_z(&path);
    struct err why = {0};
    const bool ok = z ? file_read(z, out, &why) || why.kind == ERR_MISSING
                      : err_set(&why, ERR_USAGE, "the path of %s is too long", variable);
    if (!ok && e)
        *e = why;
    buf_release(&path);
    return ok;
}

bool profile_load(const struct aws_world *world, struct profile_files *files, struct err *e)
{
    buf_init(&files->config, PROFILE_FILE_MAX);
    buf_init(&files->credentials, PROFILE_FILE_MAX);
    return load_one(world, "AWS_CONFIG_FILE", "/.aws/config", &files->config, e) &&
           load_one(world, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials", &files->credentials,
                    e);
}

void profile_release(struct profile_files *files)
{
    buf_wipe(&files->config);
    buf_wipe(&files->credentials);
}

/* The profile that a "[...]" line opens; absent when it is none ("[sso-session x]", no bracket). */
static struct str section_name(struct str line, bool in_config)
{
    const size_t end = str_find_byte(line, ']', 0);
    if (end == SIZE_MAX)
        return STR_ABSENT;
    const struct str inside = str_trim(str_slice(line, 1, end));
    if (!in_config || str_eq(inside, S("default")))
        return inside;
    if (!str_starts(inside, S("profile ")) && !str_starts(inside, S("profile\t")))
        return STR_ABSENT;
    return str_trim(str_skip(inside, 8));
}

/* The value without a comment that begins behind a blank. */
static struct str without_comment(struct str value)
{
    for (size_t i = 1; i < value.n; i++) {
        const bool mark = value.p[i] == '#' || value.p[i] == ';';
        if (mark && (value.p[i - 1] == ' ' || value.p[i - 1] == '\t'))
            return str_trim(str_slice(value, 0, i));
    }
    return str_trim(value);
}

/* Looks for the profile, and in it for the key unless key is NULL. */
static bool find(struct str text, bool in_config, struct str name, const char *key,
                 struct str *value)
{
    bool inside = false, found = false;
    for (struct str rest = text; str_present(rest);) {
        struct str line = str_cut(&rest, '\n');
        const bool nested = line.n && (line.p[0] == ' ' || line.p[0] == '\t');
        const struct str trimmed = str_trim(line);
        if (trimmed.n == 0 || nested || trimmed.p[0] == '#' || trimmed.p[0] == ';')
            continue;
        if (trimmed.p[0] == '[') {
            inside = str_eq(section_name(trimmed, in_config), name);
            found = found || (inside && !key);
            continue;
        }
        const struct str left = str_trim(str_cut(&line, '='));
        if (inside && key && str_present(line) && str_eq_fold(left, str_of(key))) {
            *value = without_comment(line);
            found = true;
        }
    }
    return found;
}

bool profile_exists(const struct profile_files *files, struct str name)
{
    struct str ignored;
    return find(buf_str(&files->credentials), false, name, NULL, &ignored) ||
           find(buf_str(&files->config), true, name, NULL, &ignored);
}

struct str profile_get(const struct profile_files *files, struct str name, const char *key)
{
    struct str value = STR_ABSENT;
    if (!find(buf_str(&files->credentials), false, name, key, &value))
        (void)find(buf_str(&files->config), true, name, key, &value);
    return value;
}
