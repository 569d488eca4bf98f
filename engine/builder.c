/* Tables in which equal rows, and equal runs of rows, are kept once. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "engine/builder.h"

#include <pcre2.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/vec.h"
#include "engine/index.h"
#include "engine/source.h"

#define TEXT_BYTES_MAX (64u << 20) /* all texts of all rules; the largest public set has 2 MB */
#define ROWS_MAX       (4u << 20)  /* of any other table */

#define SINGLE_GAP_MS 3600000 /* one hour: hits of a rule further apart are separate episodes */

/* Rows, and a hash table of the runs that were put in. */
struct table {
    struct vec rows;
    struct vec runs; /* struct rs_list */
    uint32_t *slots; /* number of a run + 1, or 0; open addressing */
    size_t n_slots;  /* a power of two, or 0 */
};

/* A step of a path while the trees still grow. */
struct step {
    struct rs_text key;
    uint32_t index;
    uint32_t slot;
    uint32_t first_kid, next; /* steps, RS_NONE ends */
};

struct builder {
    struct table text, texts, numbers, terms, values, preds, nodes, slots, outputs, regexes;
    struct vec rules;
    struct vec windows;
    struct vec inputs;
    struct vec steps;
    uint32_t roots[2];
    uint32_t own[OWN_FIELDS]; /* slots, RS_NONE when not asked for */
    unsigned char hash[SHA256_BYTES];
    bool failed;
    struct err why;
};

static void table_init(struct table *t, size_t size, size_t max)
{
    *t = (struct table){0};
    vec_init(&t->rows, size, max);
    vec_init(&t->runs, sizeof(struct rs_list), max);
}

static void table_release(struct table *t)
{
    vec_release(&t->rows);
    vec_release(&t->runs);
    free(t->slots);
}

static void fail(struct builder *b, const char *what)
{
    if (!b->failed)
        err_set(&b->why, ERR_LIMIT, "the rules are too many or too large: %s", what);
    b->failed = true;
}

/* FNV-1a, 64 bits. */
static uint64_t hash_bytes(const void *p, size_t n)
{
    uint64_t h = 0xcbf29ce484222325u;
    const unsigned char *at = p;
    for (size_t i = 0; i < n; i++)
        h = (h ^ at[i]) * 0x100000001b3u;
    return h ^ h >> 32;
}

static bool table_grow(struct table *t)
{
    size_t n = t->n_slots ? t->n_slots * 2 : 64;
    uint32_t *slots = calloc(n, sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < t->runs.n; i++) {
        const struct rs_list *run = vec_at(&t->runs, i);
        size_t at = hash_bytes(vec_at(&t->rows, run->first), run->n * t->rows.size) & (n - 1);
        while (slots[at])
            at = (at + 1) & (n - 1);
        slots[at] = (uint32_t)i + 1;
    }
    free(t->slots);
    t->slots = slots;
    t->n_slots = n;
    return true;
}

/* The run of n rows equal to `rows`: an earlier one, or appended now. *ok is false when it fits no
 * more. */
static struct rs_list table_put(struct table *t, const void *rows, size_t n, bool *ok)
{
    static const struct rs_list nothing;
    if (n == 0)
        return nothing;
    if (t->runs.n * 2 >= t->n_slots && !table_grow(t)) {
        *ok = false;
        return nothing;
    }
    size_t bytes = n * t->rows.size;
    size_t at = hash_bytes(rows, bytes) & (t->n_slots - 1);
    for (; t->slots[at]; at = (at + 1) & (t->n_slots - 1)) {
        const struct rs_list *run = vec_at(&t->runs, t->slots[at] - 1);
        if (run->n == n && memcmp(vec_at(&t->rows, run->first), rows, bytes) == 0)
            return *run;
    }
    size_t first = t->rows.n;
    void *to = vec_push(&t->rows, n);
    struct rs_list *run = to ? vec_push(&t->runs, 1) : NULL;
    if (!run) {
        *ok = false;
        return nothing;
    }
    memcpy(to, rows, bytes);
    *run = (struct rs_list){(uint32_t)first, (uint32_t)n};
    t->slots[at] = (uint32_t)t->runs.n;
    return *run;
}

static struct rs_list put(struct builder *b, struct table *t, const void *rows, size_t n,
                          const char *what)
{
    bool ok = true;
    struct rs_list run = {0, 0};
    if (!b->failed)
        run = table_put(t, rows, n, &ok);
    if (!ok)
        fail(b, what);
    return run;
}

static uint32_t new_step(struct builder *b, struct rs_text key, uint32_t index)
{
    struct step *s = vec_push(&b->steps, 1);
    if (!s) {
        fail(b, "field paths");
        return 0;
    }
    *s = (struct step){key, index, RS_NONE, RS_NONE, RS_NONE};
    return (uint32_t)b->steps.n - 1;
}

struct builder *builder_new(void)
{
    struct builder *b = calloc(1, sizeof *b);
    if (!b)
        return NULL;
    table_init(&b->text, 1, TEXT_BYTES_MAX);
    table_init(&b->texts, sizeof(struct rs_text), ROWS_MAX);
    table_init(&b->numbers, sizeof(uint32_t), ROWS_MAX);
    table_init(&b->terms, sizeof(struct rs_term), ROWS_MAX);
    table_init(&b->values, sizeof(struct rs_value), ROWS_MAX);
    table_init(&b->preds, sizeof(struct rs_pred), ROWS_MAX);
    table_init(&b->nodes, sizeof(struct rs_node), ROWS_MAX);
    table_init(&b->slots, sizeof(struct rs_slot), ROWS_MAX);
    table_init(&b->outputs, sizeof(struct rs_output), ROWS_MAX);
    table_init(&b->regexes, sizeof(struct rs_regex), ROWS_MAX);
    vec_init(&b->rules, sizeof(struct rs_rule), ROWS_MAX);
    vec_init(&b->windows, sizeof(struct rs_window), ROWS_MAX);
    vec_init(&b->inputs, sizeof(struct rs_input), ROWS_MAX);
    vec_init(&b->steps, sizeof(struct step), ROWS_MAX);
    for (size_t f = 0; f < OWN_FIELDS; f++)
        b->own[f] = RS_NONE;
    b->roots[SLOT_FAN] = new_step(b, RS_TEXT_ABSENT, RS_NONE);
    b->roots[SLOT_POINT] = new_step(b, RS_TEXT_ABSENT, RS_NONE);
    return b;
}

void builder_free(struct builder *b)
{
    if (!b)
        return;
    struct table *tables[] = {&b->text,  &b->texts, &b->numbers, &b->terms,   &b->values,
                              &b->preds, &b->nodes, &b->slots,   &b->outputs, &b->regexes};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        table_release(tables[i]);
    vec_release(&b->rules);
    vec_release(&b->windows);
    vec_release(&b->inputs);
    vec_release(&b->steps);
    free(b);
}

struct rs_text builder_text(struct builder *b, struct str s)
{
    if (!str_present(s))
        return RS_TEXT_ABSENT;
    struct rs_list run = put(b, &b->text, s.p, s.n, "their texts");
    return (struct rs_text){run.first, run.n};
}

struct rs_list builder_texts(struct builder *b, const struct str *list, size_t n)
{
    struct rs_list run = {0, 0};
    struct rs_text *texts = calloc(n ? n : 1, sizeof *texts);
    if (!texts) {
        fail(b, "memory");
        return run;
    }
    for (size_t i = 0; i < n; i++)
        texts[i] = builder_text(b, list[i]);
    run = put(b, &b->texts, texts, n, "their lists of texts");
    free(texts);
    return run;
}

struct rs_list builder_numbers(struct builder *b, const uint32_t *list, size_t n)
{
    return put(b, &b->numbers, list, n, "their lists");
}

static struct step *step_at(struct builder *b, uint32_t i)
{
    return vec_at(&b->steps, i);
}

/* An array position as Go's Atoi reads it (the source of Falco's json.value): digits with an
 * optional sign, leading zeros allowed. RS_NONE for anything else. */
static uint32_t position_of(struct str key)
{
    if (key.n && (key.p[0] == '+' || key.p[0] == '-')) {
        bool minus = key.p[0] == '-';
        key = str_skip(key, 1);
        unsigned long long v;
        return str_u64(key, &v) && v < RS_NONE && (!minus || v == 0) ? (uint32_t)v : RS_NONE;
    }
    unsigned long long v;
    return str_u64(key, &v) && v < RS_NONE ? (uint32_t)v : RS_NONE;
}

static uint32_t kid_step(struct builder *b, uint32_t parent, enum slot_kind kind, struct str key)
{
    struct rs_text text = builder_text(b, key);
    if (b->failed)
        return 0;
    for (uint32_t k = step_at(b, parent)->first_kid; k != RS_NONE; k = step_at(b, k)->next)
        if (step_at(b, k)->key.at == text.at && step_at(b, k)->key.n == text.n)
            return k;
    uint32_t kid = new_step(b, text, kind == SLOT_POINT ? position_of(key) : RS_NONE);
    if (b->failed)
        return 0;
    step_at(b, kid)->next = step_at(b, parent)->first_kid;
    step_at(b, parent)->first_kid = kid;
    return kid;
}

static uint32_t slot_for(struct builder *b, enum slot_kind kind, struct str path)
{
    struct rs_slot slot = {builder_text(b, path), kind};
    return put(b, &b->slots, &slot, 1, "field paths").first;
}

/* A slot without steps: no record fills it. */
static uint32_t slot_own(struct builder *b, enum own_field field, struct str path)
{
    b->own[field] = slot_for(b, SLOT_OWN, path);
    return b->own[field];
}

uint32_t builder_slot_fan(struct builder *b, struct str path)
{
    enum own_field field = own_field_of(path);
    if (field != OWN_FIELDS)
        return slot_own(b, field, path);
    uint32_t slot = slot_for(b, SLOT_FAN, path);
    uint32_t at = b->roots[SLOT_FAN];
    struct str rest = path;
    for (size_t depth = 0; str_present(rest); depth++) {
        if (depth == FIELD_STEPS_MAX) {
            fail(b, "a field path has more than 64 steps");
            return 0;
        }
        struct str tail = rest;
        struct str key = str_cut(&rest, '.');
        if (str_present(rest) && !b->failed) {
            uint32_t dotted = kid_step(b, at, SLOT_FAN, tail);
            if (!b->failed)
                step_at(b, dotted)->slot = slot;
        }
        at = kid_step(b, at, SLOT_FAN, key);
        if (b->failed)
            return 0;
    }
    step_at(b, at)->slot = slot;
    return slot;
}

/* The path for people, and what tells two slots apart: steps with ~ and / escaped as RFC 6901 does.
 */
static void put_pointer(struct buf *path, const struct str *steps, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        buf_putc(path, '/');
        for (size_t j = 0; j < steps[i].n; j++) {
            char c = steps[i].p[j];
            if (c == '~' || c == '/')
                buf_putz(path, c == '~' ? "~0" : "~1");
            else
                buf_putc(path, c);
        }
    }
}

uint32_t builder_slot_point(struct builder *b, const struct str *steps, size_t n)
{
    struct buf path;
    buf_init(&path, TEXT_BYTES_MAX);
    put_pointer(&path, steps, n);
    if (path.failed || n > FIELD_STEPS_MAX)
        fail(b, "a field path has more than 64 steps");
    uint32_t slot = slot_for(b, SLOT_POINT, buf_str(&path));
    buf_release(&path);
    uint32_t at = b->roots[SLOT_POINT];
    for (size_t i = 0; i < n && !b->failed; i++)
        at = kid_step(b, at, SLOT_POINT, steps[i]);
    if (b->failed)
        return 0;
    step_at(b, at)->slot = slot;
    return slot;
}

uint32_t builder_term(struct builder *b, struct rs_term t)
{
    return put(b, &b->terms, &t, 1, "terms").first;
}

struct rs_list builder_values(struct builder *b, const struct rs_value *list, size_t n)
{
    return put(b, &b->values, list, n, "values");
}

uint32_t builder_pred(struct builder *b, struct rs_pred p)
{
    return put(b, &b->preds, &p, 1, "tests").first;
}

bool builder_regex(struct builder *b, struct str pattern, uint32_t options, uint32_t *number,
                   struct err *e)
{
    int code;
    PCRE2_SIZE offset;
    pcre2_code *compiled =
        pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n, options, &code, &offset, NULL);
    if (!compiled) {
        PCRE2_UCHAR why[160];
        pcre2_get_error_message(code, why, sizeof why);
        return err_set(e, ERR_INPUT, "at byte %zu: %s", (size_t)offset + 1, (const char *)why);
    }
    pcre2_code_free(compiled);
    struct rs_regex r = {builder_text(b, pattern), options};
    *number = put(b, &b->regexes, &r, 1, "regular expressions").first;
    return true;
}

static uint32_t put_node(struct builder *b, struct rs_node n)
{
    return put(b, &b->nodes, &n, 1, "conditions").first;
}

uint32_t builder_node_const(struct builder *b, bool value)
{
    return put_node(b, (struct rs_node){.op = value ? NODE_TRUE : NODE_FALSE});
}

uint32_t builder_node_pred(struct builder *b, uint32_t pred)
{
    return put_node(b, (struct rs_node){.op = NODE_PRED, .a = pred});
}

uint32_t builder_node_not(struct builder *b, uint32_t node)
{
    return put_node(b, (struct rs_node){.op = NODE_NOT, .a = node});
}

static uint32_t node_of(struct builder *b, enum node_op op, const uint32_t *kids, size_t n)
{
    if (n == 0)
        return builder_node_const(b, op == NODE_AND);
    if (n == 1)
        return kids[0];
    return put_node(b, (struct rs_node){.op = op, .kids = builder_numbers(b, kids, n)});
}

uint32_t builder_node_and(struct builder *b, const uint32_t *kids, size_t n)
{
    return node_of(b, NODE_AND, kids, n);
}

uint32_t builder_node_or(struct builder *b, const uint32_t *kids, size_t n)
{
    return node_of(b, NODE_OR, kids, n);
}

struct rs_list builder_outputs(struct builder *b, const struct rs_output *list, size_t n)
{
    return put(b, &b->outputs, list, n, "outputs");
}

uint32_t builder_rule(struct builder *b, const struct rs_rule *r)
{
    struct rs_rule *at = b->failed ? NULL : vec_push(&b->rules, 1);
    if (!at) {
        fail(b, "rules");
        return 0;
    }
    *at = *r;
    return (uint32_t)b->rules.n - 1;
}

uint32_t builder_window(struct builder *b, const struct rs_window *w)
{
    struct rs_window *at = b->failed ? NULL : vec_push(&b->windows, 1);
    if (!at) {
        fail(b, "correlations");
        return 0;
    }
    *at = *w;
    return (uint32_t)b->windows.n - 1;
}

uint32_t builder_input(struct builder *b, const struct rs_input *in)
{
    struct rs_input *at = b->failed ? NULL : vec_push(&b->inputs, 1);
    if (!at) {
        fail(b, "inputs of correlations");
        return 0;
    }
    *at = *in;
    return (uint32_t)b->inputs.n - 1;
}

struct rs_rule *builder_rule_at(struct builder *b, uint32_t rule)
{
    return b->failed ? NULL : vec_at(&b->rules, rule);
}

void builder_hash(struct builder *b, const unsigned char hash[SHA256_BYTES])
{
    memcpy(b->hash, hash, SHA256_BYTES);
}

/* ---- freezing ---- */

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
        fail(b, "memory");
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
