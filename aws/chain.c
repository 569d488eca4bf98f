/* The provider chain. */
#include "aws/chain.h"

#include <stdlib.h>

#include "aws/endpoint.h"
#include "aws/file.h"
#include "aws/metadata.h"
#include "aws/profile.h"
#include "aws/sts.h"
#include "base/escape.h"

#define PATH_BYTES_MAX 4096  /* PATH_MAX of Linux */
#define TOKEN_FILE_MAX 20000 /* STS takes web identity tokens of 4 to 20,000 bytes */

struct chain {
    const struct aws_world *world;
    struct http *http;
    const char *asked; /* profile of the command line */
    struct profile_files files;
    bool files_loaded;
    struct credentials now;
    bool have;
    bool expired; /* AWS said so */
};

struct chain *chain_new(const struct aws_world *world, struct http *http, const char *profile,
                        struct err *e)
{
    struct chain *c = calloc(1, sizeof *c);
    if (!c) {
        err_set(e, ERR_SYSTEM, "out of memory");
        return NULL;
    }
    c->world = world;
    c->http = http;
    c->asked = profile;
    credentials_init(&c->now);
    return c;
}

void chain_free(struct chain *c)
{
    if (!c)
        return;
    credentials_release(&c->now);
    if (c->files_loaded)
        profile_release(&c->files);
    free(c);
}

void chain_expire(struct chain *c)
{
    c->expired = true;
}

static bool load_files(struct chain *c, struct err *e)
{
    if (c->files_loaded)
        return true;
    c->files_loaded = profile_load(c->world, &c->files, e);
    if (!c->files_loaded)
        profile_release(&c->files);
    return c->files_loaded;
}

/* The profile named by whoever names one; absent: nobody does, so "default" if it is there. */
static struct str named_profile(const struct chain *c)
{
    const char *env = aws_world_env(c->world, "AWS_PROFILE");
    if (!env)
        env = aws_world_env(c->world, "AWS_DEFAULT_PROFILE");
    return str_of(c->asked ? c->asked : env);
}

static struct str or_default(struct str profile)
{
    return str_present(profile) ? profile : S("default");
}

bool chain_region(struct chain *c, struct str *region, struct err *e)
{
    const char *env = aws_world_env(c->world, "AWS_REGION");
    if (!env)
        env = aws_world_env(c->world, "AWS_DEFAULT_REGION");
    *region = str_of(env);
    if (!env) {
        if (!load_files(c, e))
            return false;
        *region = profile_get(&c->files, or_default(named_profile(c)), "region");
    }
    if (!str_present(*region))
        return err_set(e, ERR_USAGE, "no AWS region: set AWS_REGION or the profile's region");
    return region_is_well_formed(*region) ||
           err_set(e, ERR_USAGE, "the configured AWS region is no name of a region");
}

/* What one search for credentials carries along. */
struct search {
    struct chain *c;
    struct sts_way way;
    struct credentials *out;
    bool found;
};

static struct str env_str(const struct search *s, const char *name)
{
    return str_of(aws_world_env(s->c->world, name));
}

static bool from_environment(struct search *s, struct err *e)
{
    const struct str key_id = env_str(s, "AWS_ACCESS_KEY_ID");
    const struct str secret = env_str(s, "AWS_SECRET_ACCESS_KEY");
    if (!str_present(key_id) && !str_present(secret))
        return true;
    s->found = true;
    return credentials_set(s->out, key_id, secret, env_str(s, "AWS_SESSION_TOKEN"),
                           CREDENTIALS_NEVER, "the environment", e);
}

static bool assume_by_token(struct search *s, struct sts_role *role, const char *token_file,
                            struct err *e)
{
    struct buf token;
    buf_init(&token, TOKEN_FILE_MAX);
    s->found = true;
    const bool ok = chain_region(s->c, &role->region, e) && file_read(token_file, &token, e) &&
                    sts_web_identity(&s->way, role, str_trim(buf_str(&token)), s->out, e);
    buf_wipe(&token);
    return ok || err_wrap(e, "web identity");
}

static bool from_web_identity(struct search *s, struct err *e)
{
    const char *file = aws_world_env(s->c->world, "AWS_WEB_IDENTITY_TOKEN_FILE");
    struct sts_role role = {.arn = env_str(s, "AWS_ROLE_ARN"),
                            .session = env_str(s, "AWS_ROLE_SESSION_NAME")};
    if (!file || !str_present(role.arn))
        return true;
    return assume_by_token(s, &role, file, e);
}

static bool from_container(struct search *s, struct err *e)
{
    return metadata_container(s->c->world, s->c->http, s->way.deadline_ms, &s->found, s->out, e);
}

static bool from_instance(struct search *s, struct err *e)
{
    return metadata_instance(s->c->world, s->c->http, s->way.deadline_ms, &s->found, s->out, e);
}

/* Says, about a profile, what stops us and what to do; the name is shown as a terminal may. */
static bool refuse(struct str profile, const char *sentence, struct err *e)
{
    struct buf shown;
    buf_init(&shown, 256);
    buf_put_terminal(&shown, str_slice(profile, 0, 32));
    const char *z = buf_z(&shown);
    err_set(e, ERR_USAGE, "profile \"%s\" %s", z ? z : "?", sentence);
    buf_release(&shown);
    return false;
}

#define EXPORT_HINT                                                                                \
    "; run `eval \"$(aws configure export-credentials --profile NAME --format env)\"` with its "   \
    "name, or set AWS_ACCESS_KEY_ID and the like"

/* Keys of a profile that we do not follow, and the sentence for each. */
static const struct {
    const char *key;
    const char *sentence;
} foreign[] = {
    {"sso_session", "signs in through IAM Identity Center (SSO)" EXPORT_HINT},
    {"sso_start_url", "signs in through IAM Identity Center (SSO)" EXPORT_HINT},
    {"sso_account_id", "signs in through IAM Identity Center (SSO)" EXPORT_HINT},
    {"login_session", "signs in through `aws login`" EXPORT_HINT},
    {"credential_process", "runs another program for its credentials, which trailwarden never "
                           "does" EXPORT_HINT},
};

static struct str get(const struct search *s, struct str profile, const char *key)
{
    return profile_get(&s->c->files, profile, key);
}

static bool from_keys(struct search *s, struct str profile, struct err *e)
{
    const struct str key_id = get(s, profile, "aws_access_key_id");
    if (!str_present(key_id)) {
        for (size_t i = 0; i < sizeof foreign / sizeof *foreign; i++) {
            if (str_present(get(s, profile, foreign[i].key)))
                return refuse(profile, foreign[i].sentence, e);
        }
        return true;
    }
    s->found = true;
    return credentials_set(s->out, key_id, get(s, profile, "aws_secret_access_key"),
                           get(s, profile, "aws_session_token"), CREDENTIALS_NEVER,
                           "the shared credentials file", e);
}

/* credential_source = Environment | Ec2InstanceMetadata | EcsContainer */
static bool from_source(struct search *s, struct str source, struct str profile, struct err *e)
{
    static const struct {
        const char *name;
        bool (*from)(struct search *, struct err *);
    } sources[] = {{"Environment", from_environment},
                   {"Ec2InstanceMetadata", from_instance},
                   {"EcsContainer", from_container}};
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        if (str_eqz(source, sources[i].name))
            return sources[i].from(s, e);
    }
    return refuse(profile, "has a credential_source that is not known", e);
}

/* Turns the credentials in s->out into those of the profile's role. */
static bool assume_with_found(struct search *s, const struct sts_role *role, struct err *e)
{
    struct credentials base = *s->out; /* moved, not copied: released below */
    credentials_init(s->out);
    const bool ok = sts_assume_role(&s->way, role, &base, s->out, e);
    credentials_release(&base);
    return ok;
}

static struct sts_role role_of(const struct search *s, struct str profile)
{
    return (struct sts_role){.arn = get(s, profile, "role_arn"),
                             .session = get(s, profile, "role_session_name"),
                             .external_id = get(s, profile, "external_id")};
}

static bool from_profile_token(struct search *s, struct str profile, struct str file, struct err *e)
{
    struct sts_role role = role_of(s, profile);
    struct buf path;
    buf_init(&path, PATH_BYTES_MAX);
    buf_put(&path, file);
    const char *z = buf_z(&path);
    const bool ok = z ? assume_by_token(s, &role, z, e)
                      : refuse(profile, "names a web_identity_token_file that is too long", e);
    buf_release(&path);
    return ok;
}

/* Follows source_profile to credentials that can be had; roles[0..*n) are then the profiles whose
 * roles are to be assumed with them, the last one first. */
static bool walk_sources(struct search *s, struct str profile, struct str *roles, size_t *n,
                         struct err *e)
{
    for (*n = 0;;) {
        const bool is_own_source = *n && str_eq(profile, roles[*n - 1]); /* then its keys count */
        if (!str_present(get(s, profile, "role_arn")) || is_own_source)
            return from_keys(s, profile, e);
        if (*n == CHAIN_ROLES_MAX)
            return refuse(profile, "leads through too many source_profiles", e);
        if (str_present(get(s, profile, "mfa_serial")))
            return refuse(profile, "asks for a code of a second factor" EXPORT_HINT, e);
        const struct str token = get(s, profile, "web_identity_token_file");
        const struct str source = get(s, profile, "credential_source");
        const struct str next = get(s, profile, "source_profile");
        if (str_present(token))
            return from_profile_token(s, profile, token, e);
        roles[(*n)++] = profile;
        if (str_present(source))
            return from_source(s, source, profile, e);
        if (!str_present(next))
            return refuse(profile, "has a role_arn but nothing to assume it with", e);
        profile = next;
    }
}

static bool from_profile(struct search *s, struct err *e)
{
    struct str roles[CHAIN_ROLES_MAX];
    size_t n = 0;
    const struct str named = named_profile(s->c);
    const struct str profile = or_default(named);
    if (!load_files(s->c, e))
        return false;
    if (!profile_exists(&s->c->files, profile))
        return !str_present(named) || refuse(profile, "is in neither of the shared files", e);
    if (!walk_sources(s, profile, roles, &n, e))
        return false;
    if (!s->found)
        return (n == 0 && !str_present(named)) ||
               refuse(profile, "holds no credentials, nor do those it leads to", e);
    while (n > 0) {
        struct sts_role role = role_of(s, roles[--n]);
        if (!chain_region(s->c, &role.region, e) || !assume_with_found(s, &role, e))
            return false;
    }
    return true;
}

/* Goes through the providers in order. */
static bool search(struct search *s, struct err *e)
{
    static bool (*const providers[])(struct search *, struct err *) = {
        from_environment, from_web_identity, from_profile, from_container, from_instance};
    const size_t first = s->c->asked ? 2 : 0; /* a profile that was asked for comes first */
    for (size_t i = first; i < sizeof providers / sizeof *providers; i++) {
        if (!providers[i](s, e))
            return false;
        if (s->found)
            return true;
    }
    return err_set(e, ERR_USAGE,
                   "no AWS credentials: not in the environment, the shared files, a container's or "
                   "an instance's metadata");
}

bool chain_get(struct chain *c, int64_t deadline_ms, const struct credentials **out, struct err *e)
{
    const int64_t now_ms = c->world->wall_ms(c->world->self);
    *out = &c->now;
    if (c->have && !c->expired && !credentials_are_stale(&c->now, now_ms))
        return true;
    struct credentials fresh;
    credentials_init(&fresh);
    struct search s = {.c = c, .way = {c->world, c->http, deadline_ms}, .out = &fresh};
    if (search(&s, e)) {
        credentials_release(&c->now);
        c->now = fresh;
        c->have = true;
        c->expired = false;
        return true;
    }
    credentials_release(&fresh);
    return c->have && !c->expired && now_ms < c->now.expires_ms;
}
