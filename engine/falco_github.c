/* The fields of Falco's github class (plugin github 0.10.1). They are those of webhooks; a record
 * of the audit log is read as the webhook that tells the same, where there is one, so that Falco's
 * rules work on both. docs/sources.md says what a webhook alone cannot tell. */
#include "engine/falco_lists.h"

static bool string_at(struct event *ev, uint32_t slot, struct str *out)
{
    return falco_only_string(ev, slot, out);
}

/* The first of some slots that is a string, "" when none is. */
static bool first_text(struct event *ev, const uint32_t *slots, size_t n, struct falco_value *out)
{
    struct str found = S("");
    for (size_t i = 0; i < n; i++)
        if (string_at(ev, slots[i], &found))
            break;
    return falco_give(found, out);
}

static bool text(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    (void)index;
    return first_text(ev, slots, 1, out);
}

static bool text_of_two(struct event *ev, const uint32_t *slots, uint32_t index,
                        struct falco_value *out)
{
    (void)index;
    return first_text(ev, slots, 2, out);
}

/* ---- type and action ---- */

enum { TYPE_WEBHOOK, TYPE_ACTION, TYPE_VISIBILITY };
static const char *const type_paths[] = {"webhook_type", "action", "visibility", NULL};

/* The webhook that tells what an action of the audit log tells. */
static const struct twin {
    const char *action;     /* of the audit log */
    const char *visibility; /* where it matters, else NULL */
    const char *type, *webhook_action;
} twins[] = {
    {"repo.create", NULL, "repository", "created"},
    {"repo.destroy", NULL, "repository", "deleted"},
    {"repo.access", "public", "repository", "publicized"},
    {"repo.access", "private", "repository", "privatized"},
    {"repo.access", "internal", "repository", "privatized"},
    {"repo.archived", NULL, "repository", "archived"},
    {"repo.add_member", NULL, "member", "added"},
    {"repo.remove_member", NULL, "member", "removed"},
    {"public_key.create", NULL, "deploy_key", "created"},
    {"public_key.delete", NULL, "deploy_key", "deleted"},
    {"hook.destroy", NULL, "meta", "deleted"},
    {"protected_branch.destroy", NULL, "branch_protection_rule", "deleted"},
};

static const struct twin *twin_of(struct event *ev, const uint32_t *slots)
{
    struct str action, visibility;
    if (event_first(ev, slots[TYPE_WEBHOOK]) || !string_at(ev, slots[TYPE_ACTION], &action))
        return NULL;
    if (!string_at(ev, slots[TYPE_VISIBILITY], &visibility))
        visibility = S("");
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
        if (str_eqz(action, twins[i].action) &&
            (!twins[i].visibility || str_eqz(visibility, twins[i].visibility)))
            return &twins[i];
    return NULL;
}

static bool type(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    const struct twin *t = twin_of(ev, slots);
    (void)index;
    return t ? falco_give(str_of(t->type), out) : first_text(ev, slots + TYPE_WEBHOOK, 1, out);
}

static bool action(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    const struct twin *t = twin_of(ev, slots);
    (void)index;
    return t ? falco_give(str_of(t->webhook_action), out)
             : first_text(ev, slots + TYPE_ACTION, 1, out);
}

/* ---- the repository ---- */

#define SITE "https://github.com/"

static const char *const repo_paths[] = {"repository/html_url", "repo", NULL};

/* Its address, made from owner/name of the audit log. */
static bool repo_url(struct event *ev, const uint32_t *slots, uint32_t index,
                     struct falco_value *out)
{
    struct str name;
    struct buf b;
    (void)index;
    if (event_first(ev, slots[0]) || !string_at(ev, slots[1], &name))
        return first_text(ev, slots, 1, out);
    buf_init(&b, FALCO_TEXT_MAX);
    buf_putz(&b, SITE);
    buf_put(&b, name);
    return falco_give_built(ev, &b, out);
}

static bool repo_name(struct event *ev, const uint32_t *slots, uint32_t index,
                      struct falco_value *out)
{
    if (!repo_url(ev, slots, index, out))
        return false;
    if (str_starts(out->text, S(SITE)))
        out->text = str_skip(out->text, sizeof SITE - 1);
    return true;
}

static const char *const owner_paths[] = {"repository/owner/login", "repo", NULL};

static bool owner(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    struct str name;
    (void)index;
    if (event_first(ev, slots[0]) || !string_at(ev, slots[1], &name))
        return first_text(ev, slots, 1, out);
    return falco_give(str_cut(&name, '/'), out);
}

static const char *const public_paths[] = {"repository/private", "public_repo", "visibility", NULL};

/* "false" for a private one, else "true", even when nothing is said: as the plugin has it. */
static bool repo_public(struct event *ev, const uint32_t *slots, uint32_t index,
                        struct falco_value *out)
{
    const struct value *private = event_first(ev, slots[0]), *public = event_first(ev, slots[1]);
    struct str visibility;
    (void)index;
    bool open = !(private && private->type == JSON_TRUE);
    if (!private && string_at(ev, slots[2], &visibility))
        open = str_eq(visibility, S("public"));
    else if (!private && public)
        open = public->type == JSON_TRUE;
    return falco_give(open ? S("true") : S("false"), out);
}

/* ---- commits and hooks ---- */

/* Names of files of all commits: commas between those of one commit, none between commits. */
static bool commit_files(struct event *ev, const uint32_t *slots, const char *member,
                         struct falco_value *out)
{
    struct falco_members commits = falco_members_of(ev, slots[0]);
    struct str commit, file;
    struct buf b;
    buf_init(&b, FALCO_TEXT_MAX);
    while (falco_members_next(&commits, &commit)) {
        struct falco_members files = falco_members_in(json_member(commit, str_of(member)));
        for (bool more = false; falco_members_next(&files, &file); more = true) {
            if (more)
                buf_putc(&b, ',');
            buf_put(&b, falco_raw_text(ev, file));
        }
    }
    return falco_give_built(ev, &b, out);
}

#define COMMIT(name)                                                                               \
    static bool commit_##name(struct event *ev, const uint32_t *slots, uint32_t index,             \
                              struct falco_value *out)                                             \
    {                                                                                              \
        (void)index;                                                                               \
        return commit_files(ev, slots, #name, out);                                                \
    }
COMMIT(added)
COMMIT(modified)
COMMIT(removed)

static bool webhook_id(struct event *ev, const uint32_t *slots, uint32_t index,
                       struct falco_value *out)
{
    struct value *v = event_first(ev, slots[0]);
    (void)index;
    return falco_give(v && v->type == JSON_NUMBER ? event_text(ev, v) : S("0"), out);
}

/* ---- what Falco's plugin downloads ---- */

static bool empty(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    (void)ev, (void)slots, (void)index;
    return falco_give(S(""), out);
}

static bool never(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    (void)ev, (void)slots, (void)index, (void)out;
    return false;
}

/* ---- the table ---- */

#define PATHS(...)                                                                                 \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define TEXT(name, path)     FALCO_ROW_TEXT("github." name, FALCO_ROW_PATH(path), text)
#define TEXT2(name, a, b)    FALCO_ROW_TEXT("github." name, PATHS(a, b), text_of_two)
#define ROW(name, paths, fn) FALCO_ROW_TEXT("github." name, paths, fn)

static const char *const no_paths[] = {NULL};
static const char *const commits_paths[] = {"commits", NULL};
static const char *const hook_paths[] = {"hook/id", NULL};

static const struct falco_field fields[] = {
    ROW("type", type_paths, type),
    ROW("action", type_paths, action),
    TEXT2("user", "sender/login", "actor"),
    ROW("repo", repo_paths, repo_url),
    ROW("repo.url", repo_paths, repo_url),
    ROW("repo.name", repo_paths, repo_name),
    TEXT("repo.description", "repository/description"),
    ROW("repo.public", public_paths, repo_public),
    TEXT2("org", "organization/login", "org"),
    ROW("owner", owner_paths, owner),
    TEXT2("collaborator.name", "member/login", "user"),
    TEXT("collaborator.role", "changes/permission/to"),
    TEXT("webhook.type", "hook/type"),
    ROW("webhook.id", hook_paths, webhook_id),
    TEXT("workflow.filename", "workflow/path"),
    ROW("commit.added", commits_paths, commit_added),
    ROW("commit.modified", commits_paths, commit_modified),
    ROW("commit.removed", commits_paths, commit_removed),
    ROW("diff.has_secrets", no_paths, empty),
    ROW("diff.committed_secrets.links", no_paths, empty),
    ROW("diff.committed_secrets.desc", no_paths, never),
    ROW("diff.committed_secrets.files", no_paths, never),
    ROW("diff.committed_secrets.lines", no_paths, never),
    ROW("workflow.has_miners", no_paths, never),
    ROW("workflow.miners.type", no_paths, never),
};

const struct falco_field *falco_github_fields(size_t *n)
{
    *n = sizeof fields / sizeof *fields;
    return fields;
}
