/* Lineage of what other logs than CloudTrail tell, and the names by which it meets CloudTrail's.
 *
 * - Okta: actor.alternateId is the user's login, an e-mail address; a SAML subject, or the session
 *   name of a role of Identity Center, is the same address.
 * - GitHub: a workflow's OIDC subject is "repo:ORG/NAME:..." (GitHub, "OpenID Connect reference");
 *   who writes to the repository is behind what its workflows do.
 * - Kubernetes: EKS notes the access key of who signed the token in user.extra
 *   (aws-iam-authenticator); a pod's OIDC subject is "system:serviceaccount:NAMESPACE:NAME" (EKS,
 *   IRSA), and Pod Identity tags the session with both parts.
 * - Flow logs: instance-id, or the network interface, which RunInstances names too. */
#include "engine/subject.h"
#include "respond/lineage_reading.h"

#define SYSTEM "system:"

uint32_t reading_put_subject(const struct reading *r, struct str subject)
{
    return reading_put_node_in(r, LINEAGE_FEDERATED, S("subject"), subject, subject, STR_ABSENT);
}

/* ---- who acted ---- */

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
    struct str subject = event_subject(r->ev);
    if (subject.n)
        (void)reading_put_subject(r, subject);
    else
        put_other(r, S("okta"), reading_first_of(r->f->principal, r->f->identity), r->f->user_arn);
}

/* The name alone is many people's when a role is mapped to it; with the session it is one's. */
static void put_kubernetes(const struct reading *r)
{
    const struct facts *f = r->f;
    struct str subject = event_subject(r->ev), name = reading_first_of(f->user_name, f->identity);
    if (subject.n) {
        (void)reading_put_subject(r, subject);
        return;
    }
    (void)reading_put_node_in(r, LINEAGE_FEDERATED, name, f->user_arn, name, STR_ABSENT);
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
        put_other(r, S("github"), r->f->identity, r->f->identity);
    }
}

/* ---- what it links ---- */

/* Whether the action changes what the repository's workflows run, or starts one. */
static bool writes(struct str action)
{
    return str_eq(action, S("push")) || str_starts(action, S("git.push")) ||
           str_starts(action, S("workflow")) || str_starts(action, S("repo."));
}

static void put_repository(const struct reading *r)
{
    struct str subject = event_subject(r->ev);
    if (subject.n)
        reading_put_link(r, 0, reading_put_subject(r, subject), LINK_WRITES,
                         writes(r->f->name) ? LINK_STRONG : LINK_WEAK);
}

/* Kubernetes' own parts ask for every pod's token; of them nothing follows. */
static bool is_system(struct str user)
{
    return str_starts(user, S(SYSTEM)) && !str_starts(user, S(SYSTEM "serviceaccount:"));
}

/* Who asks for a service account's token, or runs a pod as it, can be it. */
static void put_service_account(const struct reading *r)
{
    struct str ns = reading_tie_text(r, TIE_KUBE_NAMESPACE);
    bool token = str_eq(reading_tie_text(r, TIE_KUBE_SUBRESOURCE), S("token"));
    struct str name = reading_tie_text(r, token ? TIE_KUBE_NAME : TIE_POD_ACCOUNT);
    struct str account = subject_of_account(r->ev, ns, name);
    if (str_eq(r->f->name, S("create")) && !r->f->error.n && !is_system(r->f->user_name) &&
        account.n)
        reading_put_link(r, 0, reading_put_subject(r, account), token ? LINK_ISSUED : LINK_LAUNCHED,
                         LINK_STRONG);
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
