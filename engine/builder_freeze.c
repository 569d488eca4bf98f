/* What the builder has becomes a ruleset: fields that are always read get their slots, rules their
 * windows, trees their order, and tables change hands. */
#include <stdlib.h>

#include "engine/builder_parts.h"
#include "engine/index.h"
#include "engine/source.h"

#define SINGLE_GAP_MS 3600000 /* one hour: hits of a rule further apart are separate episodes */

/* Chains kids that name one array position in several ways. */
static void find_twins(struct rs_step *kids, size_t n, uint32_t first)
{
    for (size_t i = 0; i < n; i++) {
        kids[i].twin = RS_NONE;
        for (size_t k = i + 1; k < n && kids[i].twin == RS_NONE && kids[i].index != RS_NONE; k++)
            if (kids[k].index == kids[i].index)
                kids[i].twin = first + (uint32_t)k;
    }
}

/* Lays the trees out breadth first, so that kids of one step are neighbours. order[i] is the
 * growing step that becomes frozen step i. */
static struct rs_step *freeze_steps(struct builder *b)
{
    size_t n = b->steps.n, filled = 2;
    struct rs_step *out = calloc(n, sizeof *out);
    uint32_t *order = calloc(n, sizeof *order);
    if (!out || !order) {
        free(out);
        free(order);
        return NULL;
    }
    order[0] = b->roots[0];
    order[1] = b->roots[1];
    for (size_t i = 0; i < filled; i++) {
        const struct step *from = step_at(b, order[i]);
        struct rs_step *to = out + i;
        *to = (struct rs_step){.key = from->key, .index = from->index, .slot = from->slot};
        to->kids.first = (uint32_t)filled;
        for (uint32_t k = from->first_kid; k != RS_NONE; k = step_at(b, k)->next) {
            uint32_t len = step_at(b, k)->key.n;
            to->kid_lengths |= 1ull << (len < 63 ? len : 63);
            order[filled++] = k;
            to->kids.n++;
        }
    }
    free(order);
    out[0].twin = out[1].twin = RS_NONE;
    for (size_t i = 0; i < n; i++)
        find_twins(out + out[i].kids.first, out[i].kids.n, out[i].kids.first);
    return out;
}

/* Copies of a rule share a window, as in rule sets that overlap: an event is one element of it, and
 * the copy with the highest level is told. False when no rule before r has the id. */
static bool share_window(struct builder *b, uint32_t r)
{
    struct rs_rule *rule = vec_at(&b->rules, r);
    for (uint32_t i = 0; i < r; i++) {
        const struct rs_rule *other = vec_at(&b->rules, i);
        if (other->id.at != rule->id.at || other->id.n != rule->id.n || rule->id.n == 0 ||
            other->window == RS_NONE)
            continue;
        struct rs_window *w = vec_at(&b->windows, other->window);
        if (!(w->flags & WINDOW_IDENTITY))
            continue;
        rule->window = other->window;
        if (rule->level > ((const struct rs_rule *)vec_at(&b->rules, w->rule))->level)
            w->rule = r;
        return true;
    }
    return false;
}

/* Gives each rule that is told a window of its own, unless a front end made it one. */
static void add_single_windows(struct builder *b)
{
    for (uint32_t r = 0; r < b->rules.n && !b->failed; r++) {
        struct rs_rule *rule = vec_at(&b->rules, r);
        if (rule->muted || rule->window != RS_NONE || share_window(b, r))
            continue;
        struct rs_window w = {
            .rule = r,
            .type = WINDOW_TYPE_SINGLE,
            .flags = WINDOW_IDENTITY,
            .n = 1,
            .n_steps = 1,
            .bucket_cells = 1,
            .cell_ms = SINGLE_GAP_MS,
            .gap_ms = SINGLE_GAP_MS,
        };
        memcpy(w.hash, rule->hash, sizeof w.hash);
        rule->window = builder_window(b, &w);
    }
}

/* The inputs that rule `from` (or, chained, window `from`) feeds. */
static struct rs_list feeds_of(struct builder *b, bool chained, uint32_t from, uint32_t *room)
{
    size_t n = 0;
    for (uint32_t i = 0; i < b->inputs.n; i++) {
        const struct rs_input *in = vec_at(&b->inputs, i);
        if (chained ? in->child == from : in->child == RS_NONE && in->rule == from)
            room[n++] = i;
    }
    return builder_numbers(b, room, n);
}

static void link_feeds(struct builder *b)
{
    uint32_t *room = calloc(b->inputs.n + 1, sizeof *room);
    if (!room) {
        builder_fail(b, "memory");
        return;
    }
    for (uint32_t r = 0; r < b->rules.n && b->inputs.n && !b->failed; r++)
        ((struct rs_rule *)vec_at(&b->rules, r))->feeds = feeds_of(b, false, r, room);
    for (uint32_t w = 0; w < b->windows.n && b->inputs.n && !b->failed; w++)
        ((struct rs_window *)vec_at(&b->windows, w))->feeds = feeds_of(b, true, w, room);
    free(room);
}

/* Moves a table's rows out of it. */
static const void *take_rows(struct vec *v, uint32_t *n)
{
    const void *p = v->p;
    *n = (uint32_t)v->n;
    vec_init(v, v->size, v->max);
    return p;
}

static uint32_t slot_of(struct builder *b, const char *path)
{
    return path ? builder_slot_fan(b, str_of(path)) : RS_NONE;
}

static void add_core_fields(struct builder *b, enum source s, struct ruleset *rs)
{
    for (size_t f = 0; f < CORE_FIELDS; f++)
        for (size_t i = 0; i < CORE_PATHS; i++)
            rs->core[s][f][i] = slot_of(b, source_core(s, (enum core_field)f, i));
    for (size_t m = 0; m < SOURCE_MARKS; m++)
        for (size_t i = 0; i < SOURCE_MARK_FIELDS; i++)
            rs->marks[s][m][i] = slot_of(b, source_mark(s, m, i));
}

static void add_ties(struct builder *b, uint32_t ties[TIE_FIELDS])
{
    static const char *const paths[TIE_FIELDS] = {
        [TIE_CREATED] = "userIdentity.sessionContext.attributes.creationDate",
        [TIE_MFA] = "userIdentity.sessionContext.attributes.mfaAuthenticated",
        [TIE_ISSUER_ID] = "userIdentity.sessionContext.sessionIssuer.principalId",
        [TIE_PROVIDER] = "userIdentity.identityProvider",
        [TIE_PERSON] = "userIdentity.onBehalfOf.userId",
        [TIE_SHARED] = "sharedEventID",
        [TIE_POLICY] = "requestParameters.policyDocument",
        [TIE_TRUST] = "requestParameters.assumeRolePolicyDocument",
        [TIE_ROLE_ARN] = "requestParameters.roleArn",
        [TIE_SESSION_NAME] = "requestParameters.roleSessionName",
        [TIE_SWITCHED] = "additionalEventData.SwitchFrom",
        [TIE_ISSUED_KEY] = "responseElements.credentials.accessKeyId",
        [TIE_ASSUMED] = "responseElements.assumedRoleUser.assumedRoleId",
        [TIE_ASSUMED_ARN] = "responseElements.assumedRoleUser.arn",
        [TIE_FEDERATED] = "responseElements.federatedUser.federatedUserId",
        [TIE_SIGNED_IN] = "responseElements.ConsoleLogin",
        [TIE_USER_ID] = "responseElements.user.userId",
        [TIE_USER_ARN] = "responseElements.user.arn",
        [TIE_MADE_KEY] = "responseElements.accessKey.accessKeyId",
        [TIE_KEY_OWNER] = "responseElements.accessKey.userName",
        [TIE_ROLE_ID] = "responseElements.role.roleId",
        [TIE_ROLE_MADE] = "responseElements.role.arn",
        [TIE_LAUNCHED] = "responseElements.instancesSet.items.instanceId",
        [TIE_INTERFACE] = ("responseElements.instancesSet.items.networkInterfaceSet.items."
                           "networkInterfaceId"),
        [TIE_TAG_KEY] = "requestParameters.tags.key",
        [TIE_TAG_VALUE] = "requestParameters.tags.value",
        [TIE_REPO] = "repo",
        [TIE_REPOSITORY] = "repository.full_name",
        [TIE_KUBE_SUBRESOURCE] = "objectRef.subresource",
        [TIE_KUBE_NAMESPACE] = "objectRef.namespace",
        [TIE_KUBE_NAME] = "objectRef.name",
        [TIE_POD_ACCOUNT] = "requestObject.spec.serviceAccountName",
        [TIE_RESOURCE] = "resources.ARN",
        [TIE_USER_NAME] = "requestParameters.userName",
        [TIE_ROLE_NAME] = "requestParameters.roleName",
        [TIE_GROUP_NAME] = "requestParameters.groupName",
        [TIE_POLICY_ARN] = "requestParameters.policyArn",
        [TIE_BUCKET] = "requestParameters.bucketName",
        [TIE_TRAIL] = "requestParameters.name",
        [TIE_FUNCTION] = "requestParameters.functionName",
        [TIE_INSTANCE] = "requestParameters.instanceId",
        [TIE_SECRET] = "requestParameters.secretId",
        [TIE_KMS_KEY] = "requestParameters.keyId",
        [TIE_SNAPSHOT] = "requestParameters.snapshotId",
        [TIE_IMAGE] = "requestParameters.imageId",
        [TIE_DATABASE] = "requestParameters.dBInstanceIdentifier",
        [TIE_DB_SNAPSHOT] = "requestParameters.dBSnapshotIdentifier",
        [TIE_SECURITY_GROUP] = "requestParameters.groupId",
        [TIE_DETECTOR] = "requestParameters.detectorId",
        [TIE_CLUSTER] = "requestParameters.cluster",
        [TIE_IDENTITY] = "requestParameters.emailIdentity",
    };
    for (size_t f = 0; f < TIE_FIELDS; f++)
        ties[f] = builder_slot_fan(b, str_of(paths[f]));
}

static void take_own(const struct builder *b, struct ruleset *rs)
{
    for (size_t f = 0; f < OWN_FIELDS; f++) {
        rs->own[f] = b->own[f];
        rs->names_own = rs->names_own || b->own[f] != RS_NONE;
    }
}

static void take_tables(struct builder *b, struct ruleset *rs)
{
    rs->rules = take_rows(&b->rules, &rs->n_rules);
    rs->windows = take_rows(&b->windows, &rs->n_windows);
    rs->inputs = take_rows(&b->inputs, &rs->n_inputs);
    rs->nodes = take_rows(&b->nodes.rows, &rs->n_nodes);
    rs->preds = take_rows(&b->preds.rows, &rs->n_preds);
    rs->values = take_rows(&b->values.rows, &rs->n_values);
    rs->terms = take_rows(&b->terms.rows, &rs->n_terms);
    rs->slots = take_rows(&b->slots.rows, &rs->n_slots);
    rs->regexes = take_rows(&b->regexes.rows, &rs->n_regexes);
    rs->outputs = take_rows(&b->outputs.rows, &rs->n_outputs);
    rs->texts = take_rows(&b->texts.rows, &rs->n_texts);
    rs->numbers = take_rows(&b->numbers.rows, &rs->n_numbers);
    rs->text = take_rows(&b->text.rows, &rs->n_text);
}

bool builder_freeze(struct builder *b, struct ruleset **out, struct err *e)
{
    struct ruleset *rs = calloc(1, sizeof *rs);
    if (!rs)
        return err_set(e, ERR_SYSTEM, "no memory for the rules");
    for (size_t i = 0; i < SOURCES; i++)
        add_core_fields(b, (enum source)i, rs);
    add_ties(b, rs->ties);
    add_single_windows(b);
    link_feeds(b);
    struct rs_step *steps = b->failed ? NULL : freeze_steps(b);
    if (!steps) {
        free(rs);
        if (b->failed) {
            *e = b->why;
            return false;
        }
        return err_set(e, ERR_SYSTEM, "no memory for the rules");
    }
    rs->n_steps = (uint32_t)b->steps.n;
    rs->steps = steps;
    rs->roots[SLOT_FAN] = 0;
    rs->roots[SLOT_POINT] = 1;
    take_tables(b, rs);
    take_own(b, rs);
    memcpy(rs->hash, b->hash, sizeof rs->hash);
    if (!index_build(rs, &rs->index, e)) {
        ruleset_free(rs);
        return false;
    }
    *out = rs;
    return true;
}
