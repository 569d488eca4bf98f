/* Lineage of what other logs than CloudTrail tell, and the names by which it meets CloudTrail's:
 *
 * Okta        actor.alternateId is the user's login, an e-mail address; a SAML subject, or the
 *             session name of a role of Identity Center, is the same address.
 * GitHub      a workflow's OIDC subject is "repo:ORG/NAME:..." (GitHub, "OpenID Connect
 * reference"); who writes to the repository is behind what its workflows do. Kubernetes  EKS notes
 * the access key of who signed the token in user.extra (aws-iam-authenticator); a pod's OIDC
 * subject is "system:serviceaccount:NAMESPACE:NAME" (EKS, IRSA), and Pod Identity tags the session
 * with both parts. Flow logs   instance-id, or the network interface, which RunInstances names too.
 */
#include "engine/source.h"
#include "respond/lineage_reading.h"

#define SERVICE_ACCOUNT S("system:serviceaccount:")
#define REPOSITORY      S("repo:")
#define SUBJECT_MAX     1024 /* bytes; an OIDC subject has at most 255 (RFC 7519's users) */

/* Whether it looks like an address: one @ with something before it, and a dot behind it. */
static bool is_address(struct str s)
{
    size_t at = str_find_byte(s, '@', 0);
    return at != SIZE_MAX && at > 0 && str_find_byte(s, '@', at + 1) == SIZE_MAX &&
           str_find_byte(s, '.', at) != SIZE_MAX && str_find_byte(s, ' ', 0) == SIZE_MAX;
}

bool reading_is_shared(struct str subject)
{
    return subject.n <= SUBJECT_MAX && (is_address(subject) || str_starts(subject, REPOSITORY) ||
                                        str_starts(subject, SERVICE_ACCOUNT));
}

static struct str folded(const struct reading *r, struct str s)
{
    char *to = arena_alloc(&r->ev->scratch, s.n + 1);
    for (size_t i = 0; to && i < s.n; i++)
        to[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]);
    return to ? str_n(to, s.n) : s;
}

/* "repo:ORG/NAME" of "repo:ORG/NAME:ref:refs/heads/main". */
static struct str without_ref(struct str subject)
{
    size_t end = str_find_byte(subject, ':', REPOSITORY.n);
    return str_slice(subject, 0, end == SIZE_MAX ? subject.n : end);
}

uint32_t reading_put_subject(const struct reading *r, struct str subject)
{
    bool account = str_starts(subject, SERVICE_ACCOUNT); /* Kubernetes' names have no capitals */
    if (str_starts(subject, REPOSITORY))
        subject = without_ref(subject);
    struct str name = account ? subject : folded(r, subject);
    return reading_put_node_in(r, LINEAGE_FEDERATED, S("subject"), name, subject, STR_ABSENT);
}

/* The text of two parts with a colon between them, behind `front`. */
static struct str joined(const struct reading *r, struct str front, struct str a, struct str b)
{
    struct buf text;
    buf_init(&text, SUBJECT_MAX);
    buf_put(&text, front);
    buf_put(&text, a);
    if (b.n) {
        buf_putc(&text, ':');
        buf_put(&text, b);
    }
    struct str s = text.failed ? STR_ABSENT : arena_str(&r->ev->scratch, buf_str(&text));
    buf_release(&text);
    return s;
}

static bool put_account(const struct reading *r, struct str ns, struct str name, uint32_t *node)
{
    struct str subject = ns.n && name.n ? joined(r, SERVICE_ACCOUNT, ns, name) : STR_ABSENT;
    if (!subject.n)
        return false;
    *node = reading_put_subject(r, subject);
    return true;
}

bool reading_put_pod_account(const struct reading *r, uint32_t *node)
{
    struct event *ev = r->ev;
    struct str ns = STR_ABSENT, name = STR_ABSENT;
    struct value *key = event_first(ev, ev->rules->ties[TIE_TAG_KEY]);
    struct value *value = event_first(ev, ev->rules->ties[TIE_TAG_VALUE]);
    for (; key && value; key = event_next(ev, key), value = event_next(ev, value)) {
        if (key->type != JSON_STRING || value->type != JSON_STRING)
            return false;
        if (str_eq(event_text(ev, key), S("kubernetes-namespace")))
            ns = event_text(ev, value);
        if (str_eq(event_text(ev, key), S("kubernetes-service-account")))
            name = event_text(ev, value);
    }
    return put_account(r, ns, name, node);
}

/* ---- who acted ---------------------------------------------------------------------------------
 */

static void put_flow(const struct reading *r)
{
    struct str id = reading_first_of(r->f->principal, r->f->ip);
    (void)reading_put_node_in(r, LINEAGE_INSTANCE, id, STR_ABSENT, id, r->f->account);
}

static void put_other(const struct reading *r, struct str of, struct str id, struct str name)
{
    (void)reading_put_node_in(r, LINEAGE_FEDERATED, of, id, reading_first_of(name, id), STR_ABSENT);
}

static void put_okta(const struct reading *r)
{
    if (is_address(r->f->user_arn))
        (void)reading_put_subject(r, r->f->user_arn);
    else
        put_other(r, S("okta"), reading_first_of(r->f->principal, r->f->identity), r->f->user_arn);
}

/* The name alone is many people's when a role is mapped to it; with the session it is one's. */
static void put_kubernetes(const struct reading *r)
{
    const struct facts *f = r->f;
    if (str_starts(f->user_name, SERVICE_ACCOUNT)) {
        (void)reading_put_subject(r, f->user_name);
        return;
    }
    struct str id = joined(r, STR_ABSENT, reading_first_of(f->user_name, f->identity), f->user_arn);
    put_other(r, S("kubernetes"), reading_first_of(id, f->identity), f->user_name);
}

void reading_put_other_actor(const struct reading *r)
{
    switch (r->ev->source) {
    case SOURCE_VPCFLOW:
        put_flow(r);
        break;
    case SOURCE_OKTA:
        put_okta(r);
        break;
    case SOURCE_K8S_AUDIT:
        put_kubernetes(r);
        break;
    default:
        put_other(r, S("github"), folded(r, r->f->identity), r->f->identity);
    }
}

/* ---- what it links -----------------------------------------------------------------------------
 */

/* Whether the action changes what the repository's workflows run, or starts one. */
static bool writes(struct str action)
{
    return str_eq(action, S("push")) || str_starts(action, S("git.push")) ||
           str_starts(action, S("workflow")) || str_starts(action, S("repo."));
}

static void put_repository(const struct reading *r)
{
    struct str repo =
        reading_first_of(reading_tie_text(r, TIE_REPO), reading_tie_text(r, TIE_REPOSITORY));
    struct str subject = repo.n ? joined(r, REPOSITORY, repo, STR_ABSENT) : STR_ABSENT;
    if (subject.n)
        reading_put_link(r, 0, reading_put_subject(r, subject), LINK_WRITES,
                         writes(r->f->name) ? LINK_STRONG : LINK_WEAK);
}

/* Kubernetes' own parts ask for every pod's token; of them nothing follows. */
static bool is_system(struct str user)
{
    return str_starts(user, S("system:")) && !str_starts(user, SERVICE_ACCOUNT);
}

/* Who asks for a service account's token, or runs a pod as it, can be it. */
static void put_service_account(const struct reading *r)
{
    struct str ns = reading_tie_text(r, TIE_KUBE_NAMESPACE);
    bool token = str_eq(reading_tie_text(r, TIE_KUBE_SUBRESOURCE), S("token"));
    struct str name = reading_tie_text(r, token ? TIE_KUBE_NAME : TIE_POD_ACCOUNT);
    uint32_t account;
    if (str_eq(r->f->name, S("create")) && !r->f->error.n && !is_system(r->f->user_name) &&
        put_account(r, ns, name, &account))
        reading_put_link(r, 0, account, token ? LINK_ISSUED : LINK_LAUNCHED, LINK_STRONG);
}

void reading_put_other_links(const struct reading *r)
{
    if (r->ev->source == SOURCE_GITHUB)
        put_repository(r);
    if (r->ev->source != SOURCE_K8S_AUDIT)
        return;
    reading_put_own_key(r);
    put_service_account(r);
}

bool reading_other_links(struct event *ev)
{
    const uint32_t *ties = ev->rules->ties;
    return ev->source == SOURCE_K8S_AUDIT && str_eq(event_core(ev, CORE_NAME), S("create")) &&
           (event_first(ev, ties[TIE_KUBE_SUBRESOURCE]) || event_first(ev, ties[TIE_POD_ACCOUNT]));
}
