/* Reads who acted. */
#include "respond/subject.h"

#include "respond/arn.h"

/* Longest names (IAM's API reference: UserName and RoleName 64, RoleSessionName 64, Path 512, ids
 * 128). */
#define NAME_MAX_BYTES 64
#define PATH_MAX_BYTES 512
#define ID_MAX_BYTES   128

#define IDC_PATH            "/aws-reserved/sso.amazonaws.com/"
#define SERVICE_LINKED_PATH "/aws-service-role/"
/* Only looked at where the path is not told: others may give a role of theirs such a name. */
#define IDC_PREFIX            "AWSReservedSSO_"
#define SERVICE_LINKED_PREFIX "AWSServiceRoleFor"

#define CANNOT_IDC                                                                                 \
    "a role of IAM Identity Center can only be changed there: take the permission set's "          \
    "assignments away and end the person's sessions"
#define CANNOT_SERVICE_LINKED "a service-linked role belongs to its service and cannot be changed"
#define CANNOT_ROOT                                                                                \
    "nobody can change what root may do: change its password, delete its access keys, and use a "  \
    "service control policy if it is a member account's"
#define CANNOT_MIXED "what the record says of its caller does not fit together"

const char *subject_kind_name(enum subject_kind kind)
{
    static const char *const names[SUBJECT_KINDS] = {
        [SUBJECT_UNKNOWN] = "unknown",
        [SUBJECT_USER] = "user",
        [SUBJECT_ROLE] = "role",
        [SUBJECT_FEDERATED] = "federated user",
        [SUBJECT_KEY] = "access key",
        [SUBJECT_IDC] = "Identity Center",
        [SUBJECT_SERVICE_LINKED] = "service-linked role",
        [SUBJECT_ROOT] = "root",
        [SUBJECT_SERVICE] = "service",
        [SUBJECT_CROSS_ACCOUNT] = "other account",
        [SUBJECT_PROVIDER] = "identity provider",
        [SUBJECT_ANONYMOUS] = "anonymous",
    };
    return names[kind];
}

/* ---- pieces ---- */

/* Characters of names: letters, digits and _+=,.@- (IAM user guide, "IAM identifiers"). */
static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is_alpha(s.p[i]) && !byte_is_digit(s.p[i]) && !memchr("_+=,.@-", s.p[i], 7))
            return false;
    return s.n > 0 && s.n <= NAME_MAX_BYTES;
}

/* Letters, digits and _ (IAM's API reference, UserId and RoleId). What an anonymised record writes
 * over an id ("AIDA****") is none. */
static bool is_id(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!byte_is_alpha(s.p[i]) && !byte_is_digit(s.p[i]) && s.p[i] != '_')
            return false;
    return s.n > 0 && s.n <= ID_MAX_BYTES;
}

static bool is_masked(struct str s)
{
    return str_find_byte(s, '*', 0) != SIZE_MAX;
}

/* /, or /.../ of printable ASCII. */
static bool is_path(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x21 || s.p[i] > 0x7e)
            return false;
    return s.n > 0 && s.n <= PATH_MAX_BYTES;
}

static struct subject cannot(enum subject_kind kind, const char *why, const struct facts *f)
{
    return (struct subject){.kind = kind,
                            .cannot = why,
                            .account = f->user_account,
                            .key = f->access_key,
                            .arn = f->actor};
}

/* What arn:aws:iam::111122223333:user/team/dev says; type is "user" or "role". False when it is no
 * such ARN, or a made-up one. */
static bool read_iam_arn(struct str text, struct str type, struct subject *out)
{
    struct arn a;
    if (!arn_parse(text, &a) || !arn_is_partition(a.partition) || !str_eq(a.service, S("iam")) ||
        a.region.n || !arn_is_account(a.account) || !str_starts(a.resource, type))
        return false;
    struct str path = str_skip(a.resource, type.n);
    size_t end = path.n;
    while (end > 0 && path.p[end - 1] != '/')
        end--;
    out->partition = a.partition;
    out->account = a.account;
    out->path = str_slice(path, 0, end);
    out->name = str_skip(path, end);
    return str_starts(out->path, S("/")) && is_path(out->path) && is_name(out->name);
}

/* What arn:aws:sts::111122223333:assumed-role/ROLE/SESSION says. */
static bool read_session_arn(struct str text, struct subject *out)
{
    struct arn a;
    if (!arn_parse(text, &a) || !arn_is_partition(a.partition) || !str_eq(a.service, S("sts")) ||
        a.region.n || !arn_is_account(a.account))
        return false;
    struct str rest = a.resource;
    bool assumed = str_eq(str_cut(&rest, '/'), S("assumed-role"));
    out->partition = a.partition;
    out->account = a.account;
    out->name = str_cut(&rest, '/');
    out->session = rest;
    return assumed && is_name(out->name) && is_name(out->session);
}

/* ---- roles ---- */

/* Whether all of s are hexadecimal digits, with a letter among them. */
static bool is_hex(struct str s)
{
    bool letter = false;
    for (size_t i = 0; i < s.n; i++) {
        if (byte_hex(s.p[i]) < 0)
            return false;
        letter = letter || byte_is_alpha(s.p[i]);
    }
    return letter;
}

/* i- and 8 or 17 hexadecimal digits; logs made anonymous change their number. */
static bool is_instance(struct str s)
{
    if (!str_starts(s, S("i-")) || s.n < 10 || s.n > 19)
        return false;
    for (size_t i = 2; i < s.n; i++)
        if (byte_hex(s.p[i]) < 0)
            return false;
    return true;
}

/* A certificate's serial number has at most 20 bytes (RFC 5280, 4.1.2.2), and real ones at least
 * 4. */
static bool is_serial(struct str s)
{
    return s.n >= 8 && s.n <= 40 && s.n % 2 == 0 && is_hex(s);
}

/* Lambda's SDKs say where they run in the user agent (AWS_EXECUTION_ENV), and so do those of ECS.
 */
static bool has_agent(struct str agent, struct str word)
{
    return str_find(agent, word, 0) != SIZE_MAX;
}

static enum workload workload_hint(struct str session, struct str agent)
{
    if (is_instance(session))
        return WORKLOAD_INSTANCE;
    if (has_agent(agent, S("exec-env/AWS_Lambda")))
        return WORKLOAD_LAMBDA;
    if (has_agent(agent, S("exec-env/AWS_ECS")) || (session.n == 32 && is_hex(session)))
        return WORKLOAD_ECS;
    if (str_starts(session, S("eks-")))
        return WORKLOAD_EKS;
    if (is_serial(session))
        return WORKLOAD_ANYWHERE;
    return WORKLOAD_NONE;
}

/* A path tells whose a role is; without it, its name's beginning has to. */
static void set_owner(struct subject *s)
{
    bool path = str_present(s->path);
    if (path ? str_starts(s->path, S(IDC_PATH)) : str_starts(s->name, S(IDC_PREFIX))) {
        s->kind = SUBJECT_IDC;
        s->cannot = CANNOT_IDC;
    } else if (path ? str_starts(s->path, S(SERVICE_LINKED_PATH))
                    : str_starts(s->name, S(SERVICE_LINKED_PREFIX))) {
        s->kind = SUBJECT_SERVICE_LINKED;
        s->cannot = CANNOT_SERVICE_LINKED;
    }
}

void subject_set_path(struct subject *s, struct str path)
{
    s->path = path;
    if (s->kind == SUBJECT_ROLE)
        set_owner(s);
}

/* The role's own ARN, when the record tells it, has to be that of the session's role. */
static bool read_issuer(struct str issuer, struct subject *s)
{
    struct subject role = {.kind = SUBJECT_ROLE};
    if (!issuer.n)
        return true;
    if (!read_iam_arn(issuer, S("role"), &role) || !str_eq(role.account, s->account) ||
        !str_eq(role.partition, s->partition) || !str_eq(role.name, s->name))
        return false;
    s->path = role.path;
    return true;
}

/* AROA...:name; the name has to be the session's. */
static bool read_principal(struct str principal, struct subject *s)
{
    struct str rest = principal, id = str_cut(&rest, ':');
    if (!principal.n || is_masked(id))
        return true;
    s->id = id;
    return is_id(id) && str_present(rest) && str_eq(rest, s->session);
}

static void read_role(const struct facts *f, struct subject *s)
{
    *s = (struct subject){.kind = SUBJECT_ROLE, .key = f->access_key, .arn = f->user_arn};
    if (!read_session_arn(f->user_arn, s) || !read_issuer(f->issuer, s) ||
        !read_principal(f->principal, s) ||
        (f->user_account.n && !str_eq(f->user_account, s->account))) {
        *s = cannot(SUBJECT_UNKNOWN, CANNOT_MIXED, f);
        return;
    }
    s->workload = workload_hint(s->session, f->user_agent);
    set_owner(s);
}

/* ---- the other types ---- */

static bool fits_user(const struct facts *f, const struct subject *s)
{
    return (!f->user_account.n || str_eq(f->user_account, s->account)) &&
           (!f->user_name.n || str_eq(f->user_name, s->name)) && (!s->id.n || is_id(s->id)) &&
           !str_starts(s->id, S("AROA"));
}

static void read_user(const struct facts *f, struct subject *s)
{
    *s = (struct subject){.kind = SUBJECT_USER, .key = f->access_key, .arn = f->user_arn};
    bool ok = read_iam_arn(f->user_arn, S("user"), s);
    if (f->principal.n && !is_masked(f->principal))
        s->id = f->principal;
    if (!ok || !fits_user(f, s))
        *s = cannot(SUBJECT_UNKNOWN,
                    f->user_arn.n ? CANNOT_MIXED : "the record does not name the user's ARN", f);
}

/* arn:aws:sts::111122223333:federated-user/name, and the issuer, a user of the same account. */
static void read_federated(const struct facts *f, struct subject *s)
{
    struct arn own;
    *s = (struct subject){.kind = SUBJECT_FEDERATED, .key = f->access_key, .arn = f->user_arn};
    if (!arn_parse(f->user_arn, &own) || !str_starts(own.resource, S("federated-user/"))) {
        *s = cannot(SUBJECT_UNKNOWN, CANNOT_MIXED, f);
    } else if (str_ends(f->issuer, S(":root"))) {
        *s = cannot(SUBJECT_ROOT, CANNOT_ROOT, f);
    } else if (!read_iam_arn(f->issuer, S("user"), s) || !str_eq(s->account, own.account) ||
               !str_eq(s->partition, own.partition)) {
        *s = cannot(SUBJECT_UNKNOWN, "the record does not name the user who issued the session", f);
    } else {
        s->session = str_skip(own.resource, sizeof "federated-user/" - 1);
    }
}

static void read_root(const struct facts *f, struct subject *s)
{
    *s = cannot(SUBJECT_ROOT, CANNOT_ROOT, f);
}

static void read_provider(const struct facts *f, struct subject *s)
{
    *s = cannot(SUBJECT_PROVIDER,
                "a subject of an identity provider is no principal of IAM: block it there; the "
                "session it got can be contained",
                f);
}

static void read_person(const struct facts *f, struct subject *s)
{
    *s = cannot(SUBJECT_IDC, CANNOT_IDC, f);
}

static void read_stranger(const struct facts *f, struct subject *s)
{
    if (str_eq(f->user_account, S("ANONYMOUS_PRINCIPAL")) ||
        str_eq(f->user_account, S("anonymous")))
        *s = cannot(SUBJECT_ANONYMOUS, "the call was made by nobody: nobody signed it", f);
    else
        *s = cannot(SUBJECT_CROSS_ACCOUNT,
                    "a principal of another account is told by its id alone: shut it out in the "
                    "policies that let it in, or contain it in its own account",
                    f);
}

static void read_service(const struct facts *f, struct subject *s)
{
    *s = cannot(SUBJECT_SERVICE, "an AWS service did it", f);
}

void subject_of_facts(const struct facts *f, struct subject *out)
{
    /* By userIdentity.type (CloudTrail's user guide). */
    static const struct {
        const char *type;
        void (*read)(const struct facts *f, struct subject *s);
    } types[] = {
        {"IAMUser", read_user},
        {"AssumedRole", read_role},
        {"FederatedUser", read_federated},
        {"Root", read_root},
        {"SAMLUser", read_provider},
        {"WebIdentityUser", read_provider},
        {"IdentityCenterUser", read_person},
        {"AWSAccount", read_stranger},
        {"AWSService", read_service},
    };
    if (f->invoked_by.n) {
        *out = cannot(SUBJECT_SERVICE, "an AWS service did it, or did it in somebody's name", f);
        return;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_eqz(f->user_type, types[i].type)) {
            types[i].read(f, out);
            return;
        }
    *out = cannot(SUBJECT_UNKNOWN, "the record's caller is of a type that is not known", f);
}

/* ---- from elsewhere ---- */

void subject_of_arn(struct str arn, struct subject *out)
{
    struct facts f = {.actor = arn};
    struct arn a;
    *out = (struct subject){.arn = arn};
    if (read_iam_arn(arn, S("user"), out)) {
        out->kind = SUBJECT_USER;
        return;
    }
    *out = (struct subject){.arn = arn};
    if (read_iam_arn(arn, S("role"), out)) {
        out->kind = SUBJECT_ROLE;
        set_owner(out);
        return;
    }
    *out = (struct subject){.arn = arn};
    if (read_session_arn(arn, out)) {
        out->kind = SUBJECT_ROLE;
        out->workload = workload_hint(out->session, STR_ABSENT);
        set_owner(out);
        return;
    }
    if (arn_parse(arn, &a) && str_eq(a.service, S("iam")) && str_eq(a.resource, S("root")))
        *out = cannot(SUBJECT_ROOT, CANNOT_ROOT, &f);
    else
        *out = cannot(SUBJECT_UNKNOWN, "it is no ARN of a user, a role or a session of a role", &f);
}

/* A user known by account and name. */
static void read_name(struct str name, struct str account, struct str partition,
                      struct subject *out)
{
    struct facts f = {.actor = name, .user_account = account};
    *out = (struct subject){.kind = SUBJECT_USER,
                            .partition = partition,
                            .account = account,
                            .name = name,
                            .arn = name};
    if (!is_name(name) || !arn_is_account(account) || !arn_is_partition(partition))
        *out = cannot(SUBJECT_UNKNOWN, "it is no name of a user", &f);
}

static void read_key(struct str key, struct str account, struct str partition, struct subject *out)
{
    struct facts f = {.actor = key, .user_account = account, .access_key = key};
    *out = (struct subject){
        .kind = SUBJECT_KEY, .partition = partition, .account = account, .key = key, .arn = key};
    if (!subject_key_is_long_term(key))
        *out =
            cannot(SUBJECT_KEY, "a session's key cannot be turned off: IAM does not know it", &f);
    else if (!is_id(key) || !arn_is_account(account) || !arn_is_partition(partition))
        *out = cannot(SUBJECT_KEY, "it is no access key of a known account", &f);
}

void subject_of_node(enum lineage_kind kind, struct str name, struct str account,
                     struct str partition, struct subject *out)
{
    struct facts f = {.actor = name, .user_account = account};
    switch (kind) {
    case LINEAGE_USER:
    case LINEAGE_ROLE:
    case LINEAGE_SESSION:
    case LINEAGE_WORKLOAD:
        subject_of_arn(name, out);
        if (subject_can(out) && account.n && !str_eq(account, out->account))
            *out = cannot(SUBJECT_UNKNOWN, CANNOT_MIXED, &f);
        break;
    case LINEAGE_NAME:
        read_name(name, account, partition, out);
        break;
    case LINEAGE_KEY:
        read_key(name, account, partition, out);
        break;
    case LINEAGE_ROOT:
        *out = cannot(SUBJECT_ROOT, CANNOT_ROOT, &f);
        break;
    default:
        *out = cannot(SUBJECT_UNKNOWN, "it is no principal of IAM", &f);
    }
}

bool subject_key_is_long_term(struct str key)
{
    return str_starts(key, S("AKIA"));
}

void subject_put_arn(struct buf *b, const struct subject *s)
{
    buf_putz(b, "arn:");
    buf_put(b, s->partition);
    buf_putz(b, ":iam::");
    buf_put(b, s->account);
    buf_putz(b, s->kind == SUBJECT_ROLE ? ":role" : ":user");
    buf_put(b, str_present(s->path) ? s->path : S("/"));
    buf_put(b, s->name);
}

void subject_put_userid(struct buf *b, const struct subject *s)
{
    if (!s->id.n || !s->session.n)
        return;
    buf_put(b, s->id);
    buf_putc(b, ':');
    buf_put(b, s->session);
}
