/* A call and its texts in one block. */
#include "respond/story_step.h"

#include <stdlib.h>

#include "engine/source.h"
#include "respond/incident_seen.h"
#include "respond/put.h"
#include "respond/redact.h"
#include "respond/story_other.h"
#include "respond/story_record.h"

const char *story_access_name(enum story_access access)
{
    static const char *const names[ACCESS_KINDS] = {
        [ACCESS_READ] = "read",
        [ACCESS_CHANGE] = "changed",
        [ACCESS_SHARE] = "shared",
        [ACCESS_DELETE] = "deleted",
    };
    return names[access];
}

/* Calls that open something to others, each by its beginning (Lambda's have a date behind). */
static const char *const sharing[] = {
    "ModifySnapshotAttribute",
    "ModifyImageAttribute",
    "ModifyDBSnapshotAttribute",
    "ModifyDBClusterSnapshotAttribute",
    "PutBucketPolicy",
    "PutBucketAcl",
    "PutObjectAcl",
    "PutBucketReplication",
    "AddPermission",
    "AddLayerVersionPermission",
    "UpdateAssumeRolePolicy",
    "PutKeyPolicy",
    "CreateGrant",
    "PutResourcePolicy",
    "SetRepositoryPolicy",
    "CreateResourceShare",
    "AssociateResourceShare",
    "AuthorizeSecurityGroupIngress",
    "ModifyDocumentPermission",
    "SetTopicAttributes",
    "SetQueueAttributes",
};

static const char *const reading[] = {
    "Get",   "List",   "Describe", "Head",    "BatchGet", "Lookup",  "Search", "Query", "Scan",
    "Check", "Assume", "Select",   "Preview", "Simulate", "Console", "Test",   "View",  "Decrypt",
};

static const char *const deleting[] = {"Delete", "Terminate", "Deregister", "ScheduleKeyDeletion"};

/* What they delete is not what they name: a user whose policy is deleted is there as before. */
static const char *const changing[] = {
    "DeleteUserPolicy",
    "DeleteRolePolicy",
    "DeleteGroupPolicy",
    "DeleteLoginProfile",
    "DeleteAccessKey",
    "DeleteBucketPolicy",
    "DeleteTags",
    "DeleteUserPermissionsBoundary",
    "DeleteRolePermissionsBoundary",
};

static bool starts_any(struct str name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (str_starts(name, str_of(list[i])))
            return true;
    return false;
}

enum story_access story_access_of(struct str source, struct str name)
{
    enum source log;
    if (source_parse(source, &log) && log != SOURCE_CLOUDTRAIL)
        return story_other_access(log, name);
    if (starts_any(name, sharing, sizeof sharing / sizeof *sharing))
        return ACCESS_SHARE;
    if (starts_any(name, reading, sizeof reading / sizeof *reading))
        return ACCESS_READ;
    if (starts_any(name, changing, sizeof changing / sizeof *changing))
        return ACCESS_CHANGE;
    if (starts_any(name, deleting, sizeof deleting / sizeof *deleting))
        return ACCESS_DELETE;
    return ACCESS_CHANGE;
}

/* seen_target_fn */
static void take_target(void *to, const char *type, struct str name)
{
    struct story_step *s = to;
    if (s->n_targets < STEP_TARGETS_MAX && name.n)
        s->targets[s->n_targets++] = (struct story_target){type, text_cut(name, STEP_TEXT_MAX)};
}

/* What no core field tells of other logs' events. */
static void read_other(struct story_step *s, struct event *ev, struct str record)
{
    const struct story_record_told told = {&ev->scratch, take_target, s};
    s->text[STEP_ERROR] =
        text_cut(story_record_read(ev->source, record, s->text[STEP_ERROR], &told), STEP_TEXT_MAX);
}

static void take_record(struct story_step *s, struct event *ev)
{
    struct str record = redact_text(event_json(ev), &ev->scratch);
    if (ev->source != SOURCE_CLOUDTRAIL)
        read_other(s, ev, record);
    if (record.n <= STEP_RAW_MAX)
        s->text[STEP_RAW] = record;
}

static struct str mfa_of(struct event *ev)
{
    struct value *v = event_first(ev, ev->rules->ties[TIE_MFA]);
    return v ? event_text(ev, v) : STR_ABSENT;
}

/* Borrowed from the event. */
static void fill(struct story_step *s, struct event *ev, const struct facts *f)
{
    const struct str texts[STEP_TEXTS] = {
        [STEP_ID] = f->evidence,      [STEP_SOURCE] = f->source,  [STEP_NAME] = f->name,
        [STEP_ERROR] = f->error,      [STEP_IP] = f->ip,          [STEP_AGENT] = f->user_agent,
        [STEP_ACCOUNT] = f->account,  [STEP_REGION] = f->region,  [STEP_COUNTRY] = f->where.country,
        [STEP_ORG] = f->where.as_org, [STEP_KEY] = f->access_key, [STEP_MFA] = mfa_of(ev),
    };
    for (size_t k = 0; k < STEP_TEXTS; k++)
        s->text[k] = text_cut(texts[k], STEP_TEXT_MAX);
    s->event = seen_id(f->evidence);
    s->time_ms = f->timed ? f->time_ms : INT64_MIN;
    s->access = story_access_of(f->source, f->name);
    s->asn = f->where.asn;
    seen_each_target(ev, take_target, s);
    take_record(s, ev);
}

static void move(struct str *s, char **to)
{
    if (!s->p)
        return;
    if (s->n)
        memcpy(*to, s->p, s->n);
    s->p = *to;
    *to += s->n;
}

/* A block of its own for a step that is borrowed. */
static struct story_step *own(const struct story_step *borrowed)
{
    size_t bytes = sizeof *borrowed;
    for (size_t k = 0; k < STEP_TEXTS; k++)
        bytes += borrowed->text[k].n;
    for (size_t k = 0; k < borrowed->n_targets; k++)
        bytes += borrowed->targets[k].name.n;
    struct story_step *s = malloc(bytes);
    if (!s)
        return NULL;
    *s = *borrowed;
    s->bytes = bytes;
    char *to = (char *)(s + 1);
    for (size_t k = 0; k < STEP_TEXTS; k++)
        move(&s->text[k], &to);
    for (size_t k = 0; k < s->n_targets; k++)
        move(&s->targets[k].name, &to);
    return s;
}

struct story_step *story_step_new(struct event *ev, const struct facts *f)
{
    struct story_step borrowed = {.n_targets = 0};
    fill(&borrowed, ev, f);
    return own(&borrowed);
}

struct story_step *story_step_recall(const struct seen_events *seen, const struct seen *of,
                                     struct str key)
{
    struct str name = seen_text(seen, of->name);
    struct story_step borrowed = {.event = of->event,
                                  .time_ms = of->time_ms,
                                  .recalled = true,
                                  .access = story_access_of(seen_text(seen, of->source), name)};
    borrowed.text[STEP_SOURCE] = seen_text(seen, of->source);
    borrowed.text[STEP_NAME] = name;
    borrowed.text[STEP_IP] = seen_text(seen, of->ip);
    borrowed.text[STEP_AGENT] = seen_text(seen, of->agent);
    borrowed.text[STEP_ACCOUNT] = seen_text(seen, of->account);
    borrowed.text[STEP_REGION] = seen_text(seen, of->region);
    borrowed.text[STEP_KEY] = key;
    for (uint32_t k = 0; k < of->n_targets; k++) {
        const struct seen_target *t = seen_target(seen, of->first_target + k);
        take_target(&borrowed, t->type, seen_text(seen, t->name));
    }
    return own(&borrowed);
}
