/* Nodes and links of one event. */
#include "respond/lineage.h"

#include "base/timefmt.h"
#include "engine/subject.h"
#include "respond/lineage_reading.h"
#include "respond/lineage_trust.h"

const char *lineage_kind_name(enum lineage_kind kind)
{
    static const char *const names[LINEAGE_KINDS] = {
        [LINEAGE_USER] = "user",
        [LINEAGE_ROOT] = "root",
        [LINEAGE_ROLE] = "role",
        [LINEAGE_SESSION] = "session",
        [LINEAGE_WORKLOAD] = "workload",
        [LINEAGE_INSTANCE] = "instance",
        [LINEAGE_KEY] = "key",
        [LINEAGE_NAME] = "user",
        [LINEAGE_FEDERATED] = "federated",
        [LINEAGE_SERVICE] = "service",
        [LINEAGE_ACCOUNT] = "account",
        [LINEAGE_OTHER] = "external",
    };
    return names[kind];
}

const char *lineage_type_name(enum lineage_type type)
{
    static const char *const names[LINK_TYPES] = {
        [LINK_ISSUED] = "issued",
        [LINK_CREATED] = "created",
        [LINK_PASSWORD] = "set password",
        [LINK_LAUNCHED] = "launched",
        [LINK_SIGNED_IN] = "signed in",
        [LINK_ACTS_FOR] = "acts as",
        [LINK_KEY_OF] = "key of",
        [LINK_NAMED] = "name of",
        [LINK_RUNS] = "runs",
        [LINK_SESSION_OF] = "session",
        [LINK_OPENED] = "opened",
        [LINK_TRUSTS] = "trusts",
        [LINK_SAME_CALL] = "same call",
        [LINK_WRITES] = "writes to",
    };
    return names[type];
}

const char *lineage_strength_name(enum lineage_strength strength)
{
    static const char *const names[] = {"weak", "strong", "certain"};
    return names[strength];
}

/* Lanes have numbers of their own, behind those of the kinds. */
enum { LANE_ID = LINEAGE_KINDS, LANE_NAME, LANE_ROLE, LANE_CALL, LANE_ACCOUNT };

/* 8 bytes, so that they can be a part of a name. */
struct time_part {
    char bytes[8];
};

static struct time_part time_part(int64_t ms)
{
    struct time_part p;
    for (size_t i = 0; i < 8; i++)
        p.bytes[i] = (char)((uint64_t)ms >> (56 - 8 * i) & 0xff);
    return p;
}

/* ---- who acted ---- */

/* A user is his AIDA id. Records that hide it leave his ARN, or the name that was typed. */
static uint32_t put_user(const struct reading *r)
{
    const struct facts *f = r->f;
    struct str name = reading_first_of(f->user_arn, reading_first_of(f->user_name, f->principal));
    if (reading_is_usable(f->principal))
        return reading_put_node(r, LINEAGE_USER, f->principal, STR_ABSENT, name);
    if (f->user_arn.n)
        return reading_put_node(r, LINEAGE_USER, f->user_arn, f->user_account, name);
    return reading_put_node(r, LINEAGE_NAME, f->user_account, f->user_name, name);
}

static uint32_t put_session_at(const struct reading *r, struct str principal, int64_t created_ms,
                               struct str name)
{
    struct time_part at = time_part(created_ms);
    struct str created = str_n(at.bytes, sizeof at.bytes);
    return reading_put_node_of(
        r, &(struct lineage_node){.id = reading_id(r, LINEAGE_SESSION, principal, created),
                                  .kind = LINEAGE_SESSION,
                                  .name = name.p ? name : S(""),
                                  .account = r->f->user_account,
                                  .created_ms = created_ms});
}

/* A session of a role or federated user; what a role does on one instance is one node, however
 * often its keys are renewed. */
static uint32_t put_session(const struct reading *r)
{
    const struct facts *f = r->f;
    struct str principal = reading_is_usable(f->principal) ? f->principal : f->user_arn;
    struct str name = reading_first_of(f->user_arn, f->principal);
    int64_t created;
    if (subject_is_instance(subject_session_name(principal)))
        return reading_put_node(r, LINEAGE_WORKLOAD, principal, STR_ABSENT, name);
    if (reading_tie_time(r, TIE_CREATED, &created))
        return put_session_at(r, principal, created, name);
    return reading_put_node(r, LINEAGE_SESSION, principal,
                            reading_is_usable(f->access_key) ? f->access_key : STR_ABSENT, name);
}

/* The caller as another account sees him. */
static uint32_t put_stranger(const struct reading *r)
{
    const struct facts *f = r->f;
    if (str_eq(f->user_account, S("ANONYMOUS_PRINCIPAL")))
        return reading_put_node(r, LINEAGE_OTHER, f->user_account, f->ip, S("anonymous"));
    if (str_starts(f->principal, S("AIDA")))
        return put_user(r);
    if (f->principal.n)
        return put_session(r);
    return reading_put_node(r, LINEAGE_ACCOUNT, f->user_account, STR_ABSENT, f->user_account);
}

static uint32_t put_service(const struct reading *r)
{
    struct str name = reading_first_of(r->f->invoked_by, r->f->source);
    return reading_put_node(r, LINEAGE_SERVICE, name, r->f->account, name);
}

static uint32_t put_federated(const struct reading *r)
{
    const struct facts *f = r->f;
    struct str subject = reading_first_of(f->principal, f->user_name);
    struct str shared = event_subject(r->ev);
    if (shared.n)
        return reading_put_subject(r, shared);
    return reading_put_node(r, LINEAGE_FEDERATED, reading_tie_text(r, TIE_PROVIDER), subject,
                            reading_first_of(f->user_name, subject));
}

/* What providers and people of Identity Center have in common is only that they have no account. */
static uint32_t put_person(const struct reading *r)
{
    struct str id = reading_first_of(reading_tie_text(r, TIE_PERSON), r->f->principal);
    return reading_put_node(r, LINEAGE_FEDERATED, STR_ABSENT, id,
                            reading_first_of(r->f->user_name, id));
}

static uint32_t put_root(const struct reading *r)
{
    struct str account = reading_first_of(r->f->user_account, r->f->principal);
    return reading_put_node(r, LINEAGE_ROOT, account, STR_ABSENT,
                            reading_first_of(r->f->user_arn, account));
}

/* By userIdentity.type (CloudTrail's user guide, "userIdentity element"). */
static const struct actor_type {
    const char *type;
    uint32_t (*put)(const struct reading *r);
} actor_types[] = {
    {"IAMUser", put_user},
    {"Root", put_root},
    {"AssumedRole", put_session},
    {"Role", put_session},
    {"FederatedUser", put_session},
    {"SAMLUser", put_federated},
    {"WebIdentityUser", put_federated},
    {"IdentityCenterUser", put_person},
    {"AWSAccount", put_stranger},
    {"AWSService", put_service},
};

static void put_actor(const struct reading *r)
{
    const struct facts *f = r->f;
    if (r->ev->source != SOURCE_CLOUDTRAIL) {
        reading_put_other_actor(r);
        return;
    }
    for (size_t i = 0; i < sizeof actor_types / sizeof *actor_types; i++)
        if (str_eqz(f->user_type, actor_types[i].type)) {
            actor_types[i].put(r);
            return;
        }
    if (f->invoked_by.n)
        put_service(r);
    else
        reading_put_node(r, LINEAGE_OTHER, f->identity, f->user_account, f->identity);
}

/* ---- what the actor's own fields tie him to ---- */

/* A service that calls in the name of its caller signs with a key that was never issued. */
static bool is_forwarded(const struct facts *f)
{
    return f->invoked_by.n && !str_eq(f->invoked_by, S("AWS Internal"));
}

void reading_put_own_key(const struct reading *r)
{
    if (!reading_is_usable(r->f->access_key) || is_forwarded(r->f))
        return;
    uint32_t key = reading_put_node(r, LINEAGE_KEY, r->f->access_key, STR_ABSENT, r->f->access_key);
    reading_put_link(r, key, 0, LINK_KEY_OF, LINK_CERTAIN);
    r->out->key = key;
}

static uint32_t put_name(const struct reading *r, struct str account, struct str user)
{
    return reading_put_node_in(r, LINEAGE_NAME, account, user, user, account);
}

/* A user deleted and made anew is another under the same name. */
static void put_bearer(const struct reading *r, uint32_t name, uint32_t user)
{
    reading_put_link(r, name, user, LINK_NAMED, LINK_WEAK);
    reading_put_tie(r, LINEAGE_BEARS, r->out->nodes[name].id, 0, user);
}

static void put_own_name(const struct reading *r)
{
    const struct facts *f = r->f;
    if (r->out->nodes[0].kind == LINEAGE_USER && reading_is_usable(f->user_name) &&
        f->user_account.n)
        put_bearer(r, put_name(r, f->user_account, f->user_name), 0);
}

/* The user or root whom sts:GetFederationToken names as the issuer in every call of its bearer. */
static void put_own_issuer(const struct reading *r)
{
    struct str issuer = reading_tie_text(r, TIE_ISSUER_ID);
    if (!str_eq(r->f->user_type, S("FederatedUser")) || !reading_is_usable(issuer))
        return;
    bool user = str_starts(issuer, S("AIDA"));
    uint32_t node = reading_put_node(r, user ? LINEAGE_USER : LINEAGE_ROOT, issuer, STR_ABSENT,
                                     reading_first_of(r->f->issuer, issuer));
    reading_put_link(r, node, 0, LINK_ISSUED, LINK_CERTAIN);
}

static struct id128 id_lane(const struct reading *r, struct str principal)
{
    return reading_id(r, LANE_ID, principal, STR_ABSENT);
}

static void put_session_ties(const struct reading *r)
{
    const struct facts *f = r->f;
    struct str role = reading_tie_text(r, TIE_ISSUER_ID), name = subject_session_name(f->principal);
    enum lineage_tie_kind kind = is_forwarded(f) ? LINEAGE_ONCALL : LINEAGE_USE;
    int64_t created;
    if (!reading_is_usable(f->principal) || !reading_tie_time(r, TIE_CREATED, &created))
        return;
    reading_put_tie(r, kind, id_lane(r, f->principal), created, 0);
    if (f->issuer.n && name.n)
        reading_put_tie(r, kind, reading_id(r, LANE_NAME, f->issuer, name), created, 0);
    if (reading_is_usable(role) && str_eq(f->user_type, S("AssumedRole")))
        reading_put_tie(r, LINEAGE_OF_ROLE, reading_id(r, LANE_ROLE, role, STR_ABSENT), created, 0);
}

/* A session of a role that Identity Center gave somebody; it is named by who signed in, where the
 * directory is one of addresses. */
static void put_own_person(const struct reading *r)
{
    struct str subject = event_subject(r->ev);
    if (subject.n)
        reading_put_link(r, reading_put_subject(r, subject), 0, LINK_ACTS_FOR, LINK_STRONG);
    struct str person = reading_tie_text(r, TIE_PERSON);
    if (reading_is_usable(person))
        reading_put_link(r, reading_put_node(r, LINEAGE_FEDERATED, STR_ABSENT, person, person), 0,
                         LINK_ACTS_FOR, LINK_STRONG);
}

static void put_own_instance(const struct reading *r)
{
    struct str name = subject_session_name(reading_first_of(r->f->principal, r->f->user_arn));
    reading_put_link(r, reading_put_node(r, LINEAGE_INSTANCE, name, STR_ABSENT, name), 0, LINK_RUNS,
                     LINK_CERTAIN);
}

static void put_own(const struct reading *r)
{
    switch (r->out->nodes[0].kind) {
    case LINEAGE_USER:
        reading_put_own_key(r);
        put_own_name(r);
        break;
    case LINEAGE_ROOT:
        reading_put_own_key(r);
        break;
    case LINEAGE_WORKLOAD:
        put_own_instance(r);
        reading_put_own_key(r);
        put_session_ties(r);
        break;
    case LINEAGE_SESSION:
        reading_put_own_key(r);
        put_own_issuer(r);
        put_session_ties(r);
        put_own_person(r);
        break;
    default:
        break;
    }
}

/* ---- what the call made ---- */

/* Where things are made. */
static struct str account_of(const struct reading *r)
{
    return reading_first_of(r->f->account, r->f->user_account);
}

/* Of what a service, a stranger or nobody known makes, nothing follows for others. */
static enum lineage_strength strength_of(const struct reading *r, enum lineage_strength strength)
{
    switch (r->out->nodes[0].kind) {
    case LINEAGE_SERVICE:
    case LINEAGE_ACCOUNT:
    case LINEAGE_OTHER:
        return LINK_WEAK;
    default:
        return strength;
    }
}

static void put_made(const struct reading *r, uint32_t node, enum lineage_type type)
{
    reading_put_link(r, 0, node, type, strength_of(r, LINK_CERTAIN));
}

/* The key says whose session it signs for, so that who assumed a role is known before the role has
 * done anything. */
static void put_issued_key(const struct reading *r, uint32_t issuer, enum lineage_strength strength)
{
    struct str key = reading_tie_text(r, TIE_ISSUED_KEY);
    if (!reading_is_usable(key))
        return;
    struct lineage_node node = {.id = reading_id(r, LINEAGE_KEY, key, STR_ABSENT),
                                .kind = LINEAGE_KEY,
                                .name = key,
                                .account = r->f->user_account,
                                .session = reading_tie_text(r, TIE_ASSUMED_ARN),
                                .created_ms = INT64_MIN};
    reading_put_link(r, issuer, reading_put_node_of(r, &node), LINK_ISSUED, strength);
}

/* {"credentials":{"accessKeyId":"ASIA..."},"assumedRoleUser":{"assumedRoleId":"AROA...:name",
 * "arn":"arn:aws:sts::..."}}; in what AWS hands to its workloads only credentials are there. */
static void read_issue(const struct reading *r)
{
    struct str assumed =
        reading_first_of(reading_tie_text(r, TIE_ASSUMED), reading_tie_text(r, TIE_FEDERATED));
    struct str role = reading_tie_text(r, TIE_ROLE_ARN),
               name = reading_tie_text(r, TIE_SESSION_NAME);
    bool pod = str_eq(r->f->user_type, S("AWSService")) && event_subject(r->ev).n;
    uint32_t issuer = pod ? reading_put_subject(r, event_subject(r->ev)) : 0;
    put_issued_key(r, issuer, pod ? LINK_STRONG : strength_of(r, LINK_CERTAIN));
    if (!r->f->timed)
        return;
    if (reading_is_usable(assumed))
        reading_put_tie(r, LINEAGE_ISSUE, id_lane(r, assumed), r->f->time_ms, issuer);
    else if (role.n && name.n)
        reading_put_tie(r, LINEAGE_ISSUE, reading_id(r, LANE_NAME, role, name), r->f->time_ms,
                        issuer);
}

/* {"user":{"userId":"AIDA...","arn":"arn:...","userName":"..."}} */
static void read_create_user(const struct reading *r)
{
    struct str id = reading_tie_text(r, TIE_USER_ID), name = reading_tie_text(r, TIE_USER_NAME);
    if (!reading_is_usable(id)) {
        if (reading_is_usable(name))
            put_made(r, put_name(r, account_of(r), name), LINK_CREATED);
        return;
    }
    uint32_t user = reading_put_node_in(
        r, LINEAGE_USER, id, STR_ABSENT,
        reading_first_of(reading_tie_text(r, TIE_USER_ARN), reading_first_of(name, id)),
        account_of(r));
    put_made(r, user, LINK_CREATED);
    if (reading_is_usable(name))
        put_bearer(r, put_name(r, account_of(r), name), user);
}

/* {"accessKey":{"accessKeyId":"AKIA...","userName":"..."}} */
static void read_create_key(const struct reading *r)
{
    struct str key = reading_tie_text(r, TIE_MADE_KEY), owner = reading_tie_text(r, TIE_KEY_OWNER);
    if (!reading_is_usable(key))
        return;
    uint32_t node = reading_put_node(r, LINEAGE_KEY, key, STR_ABSENT, key);
    put_made(r, node, LINK_CREATED);
    if (!reading_is_usable(owner))
        return;
    reading_put_link(r, node, put_name(r, account_of(r), owner), LINK_KEY_OF, LINK_CERTAIN);
}

static void read_password(const struct reading *r)
{
    struct str user = reading_tie_text(r, TIE_USER_NAME);
    if (reading_is_usable(user))
        put_made(r, put_name(r, account_of(r), user), LINK_PASSWORD);
}

static void put_launched(const struct reading *r, enum tie_field field)
{
    struct event *ev = r->ev;
    struct value *v = event_first(ev, ev->rules->ties[field]);
    for (; v && !r->out->cut; v = event_next(ev, v)) {
        struct str id = v->type == JSON_STRING ? event_text(ev, v) : STR_ABSENT;
        if (reading_is_usable(id))
            put_made(r, reading_put_node(r, LINEAGE_INSTANCE, id, STR_ABSENT, id), LINK_LAUNCHED);
    }
}

/* Instances, and their network interfaces, which flow logs name. */
static void read_launch(const struct reading *r)
{
    put_launched(r, TIE_LAUNCHED);
    put_launched(r, TIE_INTERFACE);
}

/* Every session of a console sign-in by a role carries its time as creationDate. (A user's sign-in
 * is his own by principalId.) */
static void read_sign_in(const struct reading *r)
{
    const struct facts *f = r->f;
    if (!str_eq(reading_tie_text(r, TIE_SIGNED_IN), S("Success")) || !f->timed ||
        r->out->nodes[0].kind != LINEAGE_SESSION || !reading_is_usable(f->principal))
        return;
    uint32_t session =
        put_session_at(r, f->principal, f->time_ms, reading_first_of(f->user_arn, f->principal));
    reading_put_link(r, 0, session, LINK_SIGNED_IN, LINK_STRONG);
}

/* The last part of an ARN's path, of arn:aws:iam::<account>:user/...; *account its account. Absent
 * when it is no user's. */
static struct str user_of_arn(struct str arn, struct str *account)
{
    struct str part = STR_ABSENT, rest = arn;
    for (size_t i = 0; i < 5 && str_present(rest); i++)
        part = str_cut(&rest, ':');
    *account = part;
    if (!str_starts(arn, S("arn:")) || !str_starts(rest, S("user/")))
        return STR_ABSENT;
    while (str_present(rest))
        part = str_cut(&rest, '/');
    return part;
}

/* Who switched role in the console; the paired AssumeRole knows only "AWS Internal". */
static void read_switch(const struct reading *r)
{
    struct str account, user = user_of_arn(reading_tie_text(r, TIE_SWITCHED), &account);
    if (reading_is_usable(user))
        reading_put_link(r, put_name(r, account, user), 0, LINK_SIGNED_IN, LINK_STRONG);
}

/* ---- trust ---- */

struct trusting {
    const struct reading *r;
    uint32_t role;
};

static void put_trusted(void *to, struct str account)
{
    const struct trusting *t = to;
    const struct reading *r = t->r;
    if (!account.n || str_eq(account, account_of(r)))
        return;
    account = arena_str(&r->ev->scratch, account);
    if (!str_present(account))
        return;
    uint32_t node = reading_put_node_in(r, LINEAGE_ACCOUNT, account, STR_ABSENT, account, account);
    reading_put_link(r, t->role, node, LINK_TRUSTS, LINK_WEAK);
}

static void put_trust(const struct reading *r, uint32_t role, struct str policy)
{
    struct trusting t = {r, role};
    trust_each(policy, put_trusted, &t);
}

/* {"role":{"roleId":"AROA...","arn":"arn:...","roleName":"..."}} */
static void read_create_role(const struct reading *r)
{
    struct str id = reading_tie_text(r, TIE_ROLE_ID);
    if (!reading_is_usable(id))
        return;
    struct str name =
        reading_first_of(reading_tie_text(r, TIE_ROLE_MADE), reading_tie_text(r, TIE_ROLE_NAME));
    uint32_t role = reading_put_node_in(r, LINEAGE_ROLE, id, STR_ABSENT, name, account_of(r));
    put_made(r, role, LINK_CREATED);
    if (r->f->timed)
        reading_put_tie(r, LINEAGE_MADE, reading_id(r, LANE_ROLE, id, STR_ABSENT), r->f->time_ms,
                        role);
    put_trust(r, role, reading_tie_text(r, TIE_TRUST));
}

/* Names the role only by name. */
static void read_trust(const struct reading *r)
{
    struct str name = reading_tie_text(r, TIE_ROLE_NAME);
    if (!reading_is_usable(name))
        return;
    uint32_t role = reading_put_node_in(r, LINEAGE_ROLE, account_of(r), name, name, account_of(r));
    reading_put_link(r, 0, role, LINK_OPENED, LINK_WEAK);
    put_trust(r, role, reading_tie_text(r, TIE_POLICY));
}

/* ---- the event ---- */

#define STS    "sts.amazonaws.com"
#define IAM    "iam.amazonaws.com"
#define SIGNIN "signin.amazonaws.com"

/* Calls that make or hand on an identity. */
static const struct making {
    const char *source, *name;
    void (*read)(const struct reading *r);
} makings[] = {
    {STS, "AssumeRole", read_issue},
    {STS, "AssumeRoleWithSAML", read_issue},
    {STS, "AssumeRoleWithWebIdentity", read_issue},
    {STS, "AssumeRoot", read_issue},
    {STS, "GetSessionToken", read_issue},
    {STS, "GetFederationToken", read_issue},
    {SIGNIN, "GetSigninToken", read_issue},
    {SIGNIN, "ConsoleLogin", read_sign_in},
    {SIGNIN, "SwitchRole", read_switch},
    {IAM, "CreateUser", read_create_user},
    {IAM, "CreateAccessKey", read_create_key},
    {IAM, "CreateRole", read_create_role},
    {IAM, "CreateLoginProfile", read_password},
    {IAM, "UpdateLoginProfile", read_password},
    {IAM, "UpdateAssumeRolePolicy", read_trust},
    {"ec2.amazonaws.com", "RunInstances", read_launch},
};

static const struct making *find_making(struct str source, struct str name)
{
    for (size_t i = 0; i < sizeof makings / sizeof *makings; i++)
        if (str_eqz(name, makings[i].name) && str_eqz(source, makings[i].source))
            return makings + i;
    return NULL;
}

/* Copies of one call carry one sharedEventID; only in the copy that the other account gets is the
 * caller a stranger. Most sharedEventIDs have no copy, so accounts are compared later. */
static void put_copy(const struct reading *r)
{
    struct str shared = reading_tie_text(r, TIE_SHARED);
    if (!shared.n || !r->f->account.n || strength_of(r, LINK_CERTAIN) == LINK_WEAK)
        return;
    struct id128 account = reading_id(r, LANE_ACCOUNT, r->f->account, STR_ABSENT);
    reading_put_tie(r, LINEAGE_COPY, reading_id(r, LANE_CALL, shared, STR_ABSENT),
                    (int64_t)account.hi, 0);
}

static void clear(struct lineage_event *out)
{
    out->n_nodes = out->n_links = out->n_ties = out->key = 0;
    out->cut = false;
}

void lineage_read(struct event *ev, const struct facts *f, struct lineage_names *names,
                  struct lineage_event *out)
{
    const struct reading r = {ev, f, names, out};
    const struct making *m = find_making(f->source, f->name);
    clear(out);
    put_actor(&r);
    if (ev->source != SOURCE_CLOUDTRAIL) {
        reading_put_other_links(&r);
        return;
    }
    put_own(&r);
    if (m && !f->error.n)
        m->read(&r);
    if (m || str_eq(f->user_type, S("AWSAccount")))
        put_copy(&r);
}

void lineage_actor(struct event *ev, const struct facts *f, struct lineage_names *names,
                   struct lineage_node *who, struct id128 *key)
{
    struct lineage_event out; /* 10 KB, of which hardly any is used: not to be zeroed */
    const struct reading r = {ev, f, names, &out};
    clear(&out);
    put_actor(&r);
    reading_put_own_key(&r);
    *who = out.nodes[0];
    *key = out.key ? out.nodes[out.key].id : (struct id128){0, 0};
}

bool lineage_links(struct event *ev)
{
    struct str name = event_core(ev, CORE_NAME);
    if (ev->source != SOURCE_CLOUDTRAIL)
        return reading_other_links(ev);
    return find_making(event_core(ev, CORE_SOURCE), name) ||
           str_eq(event_core(ev, CORE_USER_TYPE), S("AWSAccount"));
}
