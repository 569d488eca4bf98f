/* What events of flow logs, Okta, GitHub and Kubernetes did. */
#include "respond/story_other.h"

struct deed {
    const char *text;
    enum story_access access;
};

/* By the end of the name, the first that fits; what fits none has changed something. */
static const struct deed okta_ends[] = {
    {".delete", ACCESS_DELETE},     {".delete.initiated", ACCESS_DELETE},
    {".read", ACCESS_READ},         {".view", ACCESS_READ},
    {".sso", ACCESS_READ},          {".verify", ACCESS_READ},
    {".start", ACCESS_READ},        {".end", ACCESS_READ},
    {".auth_via_mfa", ACCESS_READ},
};
static const char *const okta_reads[] = {"user.authentication.", "user.session.",
                                         "policy.evaluate",      "security.",
                                         "app.oauth2.",          "system.push."};

static const struct deed github_ends[] = {
    {".destroy", ACCESS_DELETE},       {".delete", ACCESS_DELETE},
    {"git.clone", ACCESS_READ},        {"git.fetch", ACCESS_READ},
    {".download_zip", ACCESS_READ},    {"repo.access", ACCESS_SHARE},
    {"repo.add_member", ACCESS_SHARE},
};

static const struct deed kubernetes_ends[] = {
    {"get", ACCESS_READ},
    {"list", ACCESS_READ},
    {"watch", ACCESS_READ},
    {"delete", ACCESS_DELETE},
    {"deletecollection", ACCESS_DELETE},
};

static enum story_access by_end(struct str name, const struct deed *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_ends(name, str_of(list[i].text)))
            return list[i].access;
    return ACCESS_CHANGE;
}

static enum story_access okta_access(struct str name)
{
    for (size_t i = 0; i < sizeof okta_reads / sizeof *okta_reads; i++)
        if (str_starts(name, str_of(okta_reads[i])))
            return ACCESS_READ;
    return by_end(name, okta_ends, sizeof okta_ends / sizeof *okta_ends);
}

enum story_access story_other_access(enum source source, struct str name)
{
    switch (source) {
    case SOURCE_VPCFLOW:
        return ACCESS_READ;
    case SOURCE_OKTA:
        return okta_access(name);
    case SOURCE_GITHUB:
        return by_end(name, github_ends, sizeof github_ends / sizeof *github_ends);
    case SOURCE_K8S_AUDIT:
        return by_end(name, kubernetes_ends, sizeof kubernetes_ends / sizeof *kubernetes_ends);
    default:
        return ACCESS_CHANGE;
    }
}
