/* Reads what the owner allows. */
#include "respond/contain_config.h"

#include "engine/sigma_cidr.h"
#include "engine/yaml.h"
#include "respond/arn.h"

#define CONFIG_BYTES_MAX (16u << 20) /* trees of 1,000 accounts and names are below 1 MB */

#define SECOND_MS 1000LL
#define MINUTE_MS (60 * SECOND_MS)
#define HOUR_MS   (60 * MINUTE_MS)
#define DAY_MS    (24 * HOUR_MS)

/* ---- strategies ---- */

#define OF_USER (1u << SUBJECT_USER | 1u << SUBJECT_FEDERATED)
#define OF_ROLE (1u << SUBJECT_ROLE)
#define OF_KEY  (1u << SUBJECT_KEY)

static const struct {
    const char *name;
    unsigned kinds; /* a set of bits by enum subject_kind */
    bool is_inline, by_command;
} strategies[CONTAIN_STRATEGIES] = {
    [CONTAIN_DENY_ALL] = {"deny-all", OF_USER | OF_ROLE, false, false},
    [CONTAIN_DENY_INLINE] = {"deny-inline", OF_USER | OF_ROLE, true, false},
    [CONTAIN_BOUNDARY] = {"boundary", OF_USER | OF_ROLE, false, false},
    [CONTAIN_DENY_SESSION] = {"deny-session", OF_ROLE, true, false},
    [CONTAIN_REVOKE_OLDER] = {"revoke-older", OF_USER | OF_ROLE, true, false},
    [CONTAIN_FENCE] = {"fence", OF_USER | OF_ROLE, true, false},
    [CONTAIN_KEYS_OFF] = {"keys-off", OF_USER | OF_KEY, false, false},
    [CONTAIN_CONSOLE_OFF] = {"console-off", OF_USER, false, false},
    [CONTAIN_FORCE_RESET] = {"force-reset", OF_USER, false, false},
    [CONTAIN_TAG_SCP] = {"tag", OF_USER | OF_ROLE, false, false},
    [CONTAIN_TRUST_CUT] = {"trust-cut", OF_ROLE, true, false},
    [CONTAIN_ENTRY_CUT] = {"entry-cut", OF_ROLE, false, false},
    [CONTAIN_DELETE_USER] = {"delete-user", OF_USER, false, true},
    [CONTAIN_ROTATE_KEY] = {"rotate-key", OF_USER, false, true},
};

const char *contain_strategy_name(enum contain_strategy s)
{
    return strategies[s].name;
}

bool contain_strategy_parse(struct str name, enum contain_strategy *out)
{
    for (unsigned i = 0; i < CONTAIN_STRATEGIES; i++)
        if (str_eqz(name, strategies[i].name)) {
            *out = (enum contain_strategy)i;
            return true;
        }
    return false;
}

bool contain_strategy_is_inline(enum contain_strategy s)
{
    return strategies[s].is_inline;
}

bool contain_strategy_is_by_command(enum contain_strategy s)
{
    return strategies[s].by_command;
}

bool contain_strategy_fits(enum contain_strategy s, enum subject_kind kind)
{
    return (strategies[s].kinds >> kind & 1u) != 0;
}

/* ---- reading ---- */

struct reading {
    struct str file;
    struct contain_config *out;
    struct err *e;
};

/* One key of a map. */
struct key {
    const char *name;
    bool (*read)(struct reading *r, const struct yaml *y);
};

/* The sentence in e, as a usage error of that line; false. */
static bool wrong(struct reading *r, const struct yaml *at)
{
    if (r->e)
        r->e->kind = ERR_USAGE;
    return err_wrap(r->e, "%.*s:%u", (int)r->file.n, r->file.p, at->line);
}

static bool bad(struct reading *r, const struct yaml *at, const char *what)
{
    struct str text = at->kind == YAML_SCALAR ? at->text : STR_ABSENT;
    if (text.n)
        err_set(r->e, ERR_USAGE, "%s, not '%.*s'", what, (int)text.n, text.p);
    else
        err_set(r->e, ERR_USAGE, "%s", what);
    return wrong(r, at);
}

static bool no_memory(struct reading *r)
{
    return err_set(r->e, ERR_LIMIT, "%.*s: 'containment' takes more than %u bytes", (int)r->file.n,
                   r->file.p, CONFIG_BYTES_MAX);
}

static bool is_text(const struct yaml *y)
{
    return str_present(yaml_text(y)) && yaml_text(y).n > 0;
}

/* All keys of a map; each must be one of n, and given once. */
static bool check_keys(struct reading *r, const struct yaml *y, const struct key *keys, size_t n)
{
    for (size_t i = 0; i < y->n; i++) {
        const struct yaml *key = y->pairs[i].key;
        size_t k = 0;
        while (k < n && !str_eqz(yaml_text(key), keys[k].name))
            k++;
        if (k == n || yaml_get(y, keys[k].name) != y->pairs[i].value) {
            struct str name = yaml_text(key);
            err_set(r->e, ERR_USAGE, k == n ? "unknown key '%.*s'" : "key '%.*s' is given twice",
                    (int)name.n, name.p ? name.p : "");
            return wrong(r, key);
        }
    }
    return true;
}

/* A map of known keys, read in the order of the table. Null is an empty map. */
static bool read_map(struct reading *r, const struct yaml *y, const char *what,
                     const struct key *keys, size_t n)
{
    if (yaml_is_null(y))
        return true;
    if (y->kind != YAML_MAP)
        return bad(r, y, what);
    if (!check_keys(r, y, keys, n))
        return false;
    for (size_t i = 0; i < n; i++) {
        const struct yaml *value = yaml_get(y, keys[i].name);
        if (value && !keys[i].read(r, value))
            return false;
    }
    return true;
}

#define READ_MAP(r, y, what, keys) read_map(r, y, what, keys, sizeof(keys) / sizeof *(keys))

/* A text, or a list of them, each of which is_ok; what says what is wanted. */
static bool read_list(struct reading *r, const struct yaml *y, bool (*is_ok)(struct str s),
                      const char *what, const struct str **out, size_t *n_out)
{
    bool list = y->kind == YAML_SEQ;
    size_t n = list ? y->n : 1;
    struct str *texts = arena_array(&r->out->memory, n, sizeof *texts);
    if (!texts)
        return no_memory(r);
    if (n > CONTAIN_NAMES_MAX)
        return bad(r, y, "a list has at most 1000 entries");
    for (size_t i = 0; i < n; i++) {
        const struct yaml *item = list ? y->items[i] : y;
        if (!is_text(item) || !is_ok(item->text))
            return bad(r, item, what);
        texts[i] = item->text;
    }
    *out = texts;
    *n_out = n;
    return true;
}

static bool read_bool(struct reading *r, const struct yaml *y, bool *out)
{
    return yaml_bool(y, out) || bad(r, y, "true or false is wanted");
}

static bool read_count(struct reading *r, const struct yaml *y, unsigned max, uint32_t *out)
{
    unsigned long long n;
    if (!is_text(y) || !str_u64(y->text, &n) || n < 1 || n > max) {
        err_set(r->e, ERR_USAGE, "a number from 1 to %u is wanted", max);
        return wrong(r, y);
    }
    *out = (uint32_t)n;
    return true;
}

/* 90s, 15m, 1h, 30d */
static bool parse_span(struct str s, int64_t *ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', SECOND_MS}, {'m', MINUTE_MS}, {'h', HOUR_MS}, {'d', DAY_MS}};
    unsigned long long n;
    if (s.n < 2 || !str_u64(str_slice(s, 0, s.n - 1), &n) || n > 100000)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (s.p[s.n - 1] == units[i].unit) {
            *ms = (int64_t)n * units[i].ms;
            return true;
        }
    return false;
}

/* A span within bounds, which what names. */
static bool read_span(struct reading *r, const struct yaml *y, int64_t min_ms, int64_t max_ms,
                      const char *what, int64_t *out)
{
    int64_t ms;
    if (!is_text(y) || !parse_span(y->text, &ms) || ms < min_ms || ms > max_ms)
        return bad(r, y, what);
    *out = ms;
    return true;
}

/* ---- auto ---- */

static bool any_text(struct str s)
{
    return s.n > 0;
}

static bool read_auto_rules(struct reading *r, const struct yaml *y)
{
    return read_list(r, y, any_text, "'rules' wants ids of rules, or '*'", &r->out->auto_rules,
                     &r->out->n_auto_rules);
}

static bool read_auto_level(struct reading *r, const struct yaml *y)
{
    return (is_text(y) && level_parse(y->text, &r->out->auto_level)) ||
           bad(r, y, "'level' wants informational, low, medium, high or critical");
}

static bool read_auto(struct reading *r, const struct yaml *y)
{
    static const struct key keys[] = {{"rules", read_auto_rules}, {"level", read_auto_level}};
    return READ_MAP(r, y, "'auto' wants a map", keys);
}

/* ---- strategies ---- */

static bool has_strategy(const struct contain_ladder *l, enum contain_strategy s)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->list[i] == s)
            return true;
    return false;
}

/* Why the strategy cannot stand in the ladder of that kind; NULL: it can. */
static const char *refuse_strategy(const struct contain_config *c, const struct contain_ladder *l,
                                   enum contain_strategy s, enum subject_kind kind)
{
    if (contain_strategy_is_by_command(s))
        return "this is only done by command";
    if (!contain_strategy_fits(s, kind))
        return kind == SUBJECT_USER ? "this cannot be done to a user"
                                    : "this cannot be done to a role";
    if (contain_strategy_is_inline(s) && !c->inline_policies)
        return "this writes policies, and who may write policies may do everything: say "
               "'inline_policies: true'";
    if (s == CONTAIN_FENCE && c->fence.n_cidrs == 0)
        return "this wants 'fence' with 'cidrs'";
    return has_strategy(l, s) ? "it is given twice" : NULL;
}

static bool read_ladder(struct reading *r, const struct yaml *y, enum subject_kind kind,
                        struct contain_ladder *out)
{
    bool list = y->kind == YAML_SEQ;
    size_t n = list ? y->n : 1;
    if (n == 0)
        return bad(r, y, "at least one strategy is wanted");
    for (size_t i = 0; i < n; i++) {
        const struct yaml *item = list ? y->items[i] : y;
        enum contain_strategy s;
        if (!contain_strategy_parse(yaml_text(item), &s))
            return bad(r, item, "the name of a strategy is wanted");
        const char *why = refuse_strategy(r->out, out, s, kind);
        if (why) {
            err_set(r->e, ERR_USAGE, "strategy '%s': %s", contain_strategy_name(s), why);
            return wrong(r, item);
        }
        out->list[out->n++] = s;
    }
    return true;
}

static bool read_user(struct reading *r, const struct yaml *y)
{
    return read_ladder(r, y, SUBJECT_USER, &r->out->user);
}

static bool read_role(struct reading *r, const struct yaml *y)
{
    return read_ladder(r, y, SUBJECT_ROLE, &r->out->role);
}

static bool read_strategies(struct reading *r, const struct yaml *y)
{
    static const struct key keys[] = {{"user", read_user}, {"role", read_role}};
    return READ_MAP(r, y, "'strategies' wants a map", keys);
}

static bool read_inline(struct reading *r, const struct yaml *y)
{
    return read_bool(r, y, &r->out->inline_policies);
}

static bool read_tag(struct reading *r, const struct yaml *y)
{
    return read_bool(r, y, &r->out->scp_tag);
}

/* ---- fence ---- */

static bool is_network(struct str s)
{
    struct cidr net;
    return cidr_parse(s, &net, NULL) && net.prefix > 0;
}

static bool is_endpoint(struct str s)
{
    if (!str_starts(s, S("vpce-")))
        return false;
    for (size_t i = 5; i < s.n; i++)
        if (byte_hex(s.p[i]) < 0)
            return false;
    return s.n > 5;
}

static bool read_cidrs(struct reading *r, const struct yaml *y)
{
    return read_list(r, y, is_network, "'cidrs' wants networks like 192.0.2.0/24",
                     &r->out->fence.cidrs, &r->out->fence.n_cidrs);
}

static bool read_endpoints(struct reading *r, const struct yaml *y)
{
    return read_list(r, y, is_endpoint, "'endpoints' wants ids of VPC endpoints, vpce-...",
                     &r->out->fence.endpoints, &r->out->fence.n_endpoints);
}

/* The document has to fit a user without any other inline policy. */
static bool read_fence(struct reading *r, const struct yaml *y)
{
    static const struct key keys[] = {{"cidrs", read_cidrs}, {"endpoints", read_endpoints}};
    struct buf document;
    if (!READ_MAP(r, y, "'fence' wants a map", keys))
        return false;
    if (r->out->fence.n_cidrs == 0)
        return bad(r, y, "'fence' wants 'cidrs'");
    buf_init(&document, POLICY_BYTES_MAX);
    policy_put_fence(&document, &r->out->fence);
    size_t size = policy_size(buf_str(&document));
    bool fits = !document.failed && size <= POLICY_USER_MAX;
    buf_release(&document);
    if (fits)
        return true;
    err_set(r->e, ERR_USAGE, "the fence does not fit a user's policy of %d characters",
            POLICY_USER_MAX);
    return wrong(r, y);
}

/* ---- whom ---- */

/* [path/]name of a role */
static bool is_role(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is_alpha(s.p[i]) && !byte_is_digit(s.p[i]) && !memchr("_+=,.@-/", s.p[i], 8))
            return false;
    return s.n > 0 && s.n <= 512 && s.p[0] != '/' && s.p[s.n - 1] != '/';
}

/* sts:AssumeRole, ExternalId. */
static bool is_external_id(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is_alpha(s.p[i]) && !byte_is_digit(s.p[i]) && !memchr("_+=,.@:/-", s.p[i], 9))
            return false;
    return s.n >= 2 && s.n <= 1224;
}

/* A member of an account's map that is a text; true without it. */
static bool read_member(struct reading *r, const struct yaml *y, const char *name,
                        bool (*is_ok)(struct str s), const char *what, struct str *out)
{
    const struct yaml *value = yaml_get(y, name);
    if (value && (!is_text(value) || !is_ok(value->text)))
        return bad(r, value, what);
    *out = yaml_text(value);
    return true;
}

/* "111122223333": {role: trailwarden-responder, external_id: ...} */
static bool read_account(struct reading *r, const struct yaml_pair *pair, struct contain_account *a)
{
    static const struct key keys[] = {{"role", NULL}, {"external_id", NULL}};
    const struct yaml *y = pair->value;
    if (!is_text(pair->key) || !arn_is_account(pair->key->text))
        return bad(r, pair->key, "an account of twelve digits is wanted");
    a->id = pair->key->text;
    if (yaml_is_null(y))
        return true;
    if (y->kind != YAML_MAP)
        return bad(r, y, "an account wants a map");
    return check_keys(r, y, keys, 2) &&
           read_member(r, y, "role", is_role, "'role' wants the name of a role", &a->role) &&
           read_member(r, y, "external_id", is_external_id, "'external_id' is none",
                       &a->external_id);
}

static bool read_accounts(struct reading *r, const struct yaml *y)
{
    if (y->kind != YAML_MAP || y->n == 0)
        return bad(r, y, "'accounts' wants a map of account ids");
    if (y->n > CONTAIN_ACCOUNTS_MAX)
        return bad(r, y, "'accounts' has at most 1000 entries");
    struct contain_account *list = arena_array(&r->out->memory, y->n, sizeof *list);
    if (!list)
        return no_memory(r);
    for (size_t i = 0; i < y->n; i++) {
        if (!read_account(r, y->pairs + i, list + i))
            return false;
        if (contain_config_account(r->out, list[i].id))
            return bad(r, y->pairs[i].key, "an account is given twice");
        r->out->accounts = list;
        r->out->n_accounts = i + 1;
    }
    return true;
}

/* AIDA or AROA and more letters and digits. */
static bool is_unique_id(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is_digit(s.p[i]) && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
            return false;
    return (str_starts(s, S("AIDA")) || str_starts(s, S("AROA"))) && s.n > 4;
}

/* A user or role, whole: never a pattern, a session, or a tag that anybody may set. */
static bool is_protected(struct str s)
{
    struct subject who;
    if (is_unique_id(s))
        return true;
    subject_of_arn(s, &who);
    return (who.kind == SUBJECT_USER || str_present(who.path)) && !who.session.n;
}

#define WANTS_PROTECTED "the ARN or the unique id (AIDA..., AROA...) of a user or role is wanted"

static bool read_break_glass(struct reading *r, const struct yaml *y)
{
    return read_list(r, y, is_protected, WANTS_PROTECTED, &r->out->break_glass,
                     &r->out->n_break_glass);
}

static bool read_responders(struct reading *r, const struct yaml *y)
{
    return read_list(r, y, is_protected, WANTS_PROTECTED, &r->out->responders,
                     &r->out->n_responders);
}

static bool read_workload(struct reading *r, const struct yaml *y)
{
    bool ask = str_eqz(yaml_text(y), "approval");
    if (!ask && !str_eqz(yaml_text(y), "never"))
        return bad(r, y, "'workload' wants approval or never");
    r->out->workload = ask ? CONTAIN_WORKLOAD_ASK : CONTAIN_WORKLOAD_NEVER;
    return true;
}

/* ---- how much ---- */

static bool read_hour(struct reading *r, const struct yaml *y)
{
    return read_count(r, y, 1000, &r->out->max_hour);
}

static bool read_account_hour(struct reading *r, const struct yaml *y)
{
    return read_count(r, y, 1000, &r->out->max_account_hour);
}

static bool read_attempts(struct reading *r, const struct yaml *y)
{
    return read_count(r, y, 10, &r->out->attempts);
}

static bool read_cooldown(struct reading *r, const struct yaml *y)
{
    return read_span(r, y, MINUTE_MS, DAY_MS, "'cooldown' wants 1m to 1d", &r->out->cooldown_ms);
}

/* CloudTrail delivers within 15 minutes as a rule; what is older than a day was replayed. */
static bool read_event_age(struct reading *r, const struct yaml *y)
{
    return read_span(r, y, 5 * MINUTE_MS, DAY_MS, "'event_age' wants 5m to 1d",
                     &r->out->event_age_ms);
}

static bool read_approval(struct reading *r, const struct yaml *y)
{
    return read_span(r, y, 5 * MINUTE_MS, 14 * DAY_MS, "'approval' wants 5m to 14d",
                     &r->out->approval_ms);
}

static bool read_limits(struct reading *r, const struct yaml *y)
{
    static const struct key keys[] = {
        {"hour", read_hour},           {"account_hour", read_account_hour},
        {"attempts", read_attempts},   {"cooldown", read_cooldown},
        {"event_age", read_event_age}, {"approval", read_approval},
    };
    return READ_MAP(r, y, "'limits' wants a map", keys);
}

static bool read_release(struct reading *r, const struct yaml *y)
{
    return read_span(r, y, 15 * MINUTE_MS, 30 * DAY_MS, "'release_after' wants 15m to 30d",
                     &r->out->release_ms);
}

/* ---- the section ---- */

static bool read_section(struct reading *r, const struct yaml *y)
{
    /* What strategies depend on stands in front of them. */
    static const struct key keys[] = {
        {"auto", read_auto},
        {"inline_policies", read_inline},
        {"fence", read_fence},
        {"strategies", read_strategies},
        {"scp_tag", read_tag},
        {"accounts", read_accounts},
        {"break_glass", read_break_glass},
        {"responders", read_responders},
        {"workload", read_workload},
        {"limits", read_limits},
        {"release_after", read_release},
    };
    return READ_MAP(r, y, "'containment' wants a map", keys);
}

void contain_config_init(struct contain_config *c)
{
    *c = (struct contain_config){
        .auto_level = LEVEL_HIGH,
        .max_hour = 10,
        .max_account_hour = 5,
        .attempts = 3,
        .cooldown_ms = 15 * MINUTE_MS,
        .event_age_ms = HOUR_MS,
        .approval_ms = DAY_MS,
    };
    arena_init(&c->memory, CONFIG_BYTES_MAX);
}

void contain_config_release(struct contain_config *c)
{
    arena_release(&c->memory);
    contain_config_init(c);
}

/* The file is one document and a map: engine/config.h has said so before; other sections are not
 * ours to judge. */
bool contain_config_parse(struct str file, struct str yaml, struct contain_config *out,
                          struct err *e)
{
    struct reading r = {file, out, e};
    const struct yaml **docs;
    size_t n;
    contain_config_init(out);
    bool ok = yaml_parse(yaml, &out->memory, &docs, &n, e);
    if (!ok) {
        if (e && e->kind == ERR_INPUT)
            e->kind = ERR_USAGE;
        err_wrap(e, "%.*s", (int)file.n, file.p);
    }
    const struct yaml *section = ok && n ? yaml_get(docs[0], "containment") : NULL;
    ok = ok && (!section || read_section(&r, section));
    if (!ok)
        contain_config_release(out);
    return ok;
}

const struct contain_account *contain_config_account(const struct contain_config *c,
                                                     struct str account)
{
    for (size_t i = 0; i < c->n_accounts; i++)
        if (str_eq(c->accounts[i].id, account))
            return c->accounts + i;
    return NULL;
}

bool contain_config_allows(const struct contain_config *c, struct str rule, enum level level)
{
    if (level < c->auto_level)
        return false;
    for (size_t i = 0; i < c->n_auto_rules; i++)
        if (str_eq(c->auto_rules[i], rule) || str_eqz(c->auto_rules[i], "*"))
            return true;
    return false;
}
