/* Subjects, by the source of the record and the kind of its identity. */
#include "engine/subject.h"

#define SERVICE_ACCOUNT "system:serviceaccount:"
#define REPOSITORY      "repo:"
/* In the ARN of each role that Identity Center makes (its user guide, "Referencing permission
 * sets"). */
#define IDENTITY_CENTER "/aws-reserved/sso.amazonaws.com/"

struct str subject_session_name(struct str principal)
{
    size_t colon = str_find_byte(principal, ':', 0);
    return colon == SIZE_MAX ? STR_ABSENT : str_skip(principal, colon + 1);
}

bool subject_is_instance(struct str s)
{
    if (!str_starts(s, S("i-")) || s.n < 10 || s.n > 19)
        return false;
    for (size_t i = 2; i < s.n; i++)
        if (byte_hex(s.p[i]) < 0)
            return false;
    return true;
}

/* front, a and, when it is there, a colon and b; in lower case when `fold`. */
static struct str joined(struct event *ev, struct str front, struct str a, struct str b, bool fold)
{
    size_t n = front.n + a.n + (b.n ? b.n + 1 : 0), at = 0;
    char *to = n <= SUBJECT_MAX ? arena_alloc(&ev->scratch, n + 1) : NULL;
    const struct str parts[] = {front, a, b.n ? S(":") : S(""), b};
    if (!to)
        return STR_ABSENT;
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        for (size_t i = 0; i < parts[k].n; i++) {
            char c = parts[k].p[i];
            to[at++] = (char)(fold && c >= 'A' && c <= 'Z' ? c | 0x20 : c);
        }
    return str_n(to, n);
}

struct str subject_of_address(struct event *ev, struct str address)
{
    size_t at = str_find_byte(address, '@', 0);
    bool is = at != SIZE_MAX && at > 0 && str_find_byte(address, '@', at + 1) == SIZE_MAX &&
              str_find_byte(address, '.', at) != SIZE_MAX &&
              str_find_byte(address, ' ', 0) == SIZE_MAX;
    return is ? joined(ev, S(""), address, STR_ABSENT, true) : STR_ABSENT;
}

struct str subject_of_repository(struct event *ev, struct str name)
{
    return name.n ? joined(ev, S(REPOSITORY), name, STR_ABSENT, true) : STR_ABSENT;
}

struct str subject_of_account(struct event *ev, struct str ns, struct str name)
{
    return ns.n && name.n ? joined(ev, S(SERVICE_ACCOUNT), ns, name, false) : STR_ABSENT;
}

/* ---- CloudTrail ---- */

/* A SAML or web subject. */
static struct str of_provider(struct event *ev)
{
    struct str name = event_core(ev, CORE_USER_NAME);
    if (str_starts(name, S(SERVICE_ACCOUNT)))
        return name;
    if (!str_starts(name, S(REPOSITORY)))
        return subject_of_address(ev, name);
    struct str rest = str_skip(name, sizeof REPOSITORY - 1);
    return subject_of_repository(ev, str_cut(&rest, ':'));
}

static struct str of_session(struct event *ev)
{
    struct str name = subject_session_name(event_core(ev, CORE_PRINCIPAL));
    if (subject_is_instance(name))
        return name;
    if (str_find(event_core(ev, CORE_ISSUER_ARN), S(IDENTITY_CENTER), 0) == SIZE_MAX)
        return STR_ABSENT;
    return subject_of_address(ev, name);
}

/* Of AssumeRole as EKS Pod Identity calls it; the tags' keys and values are told one by one. */
static struct str of_tags(struct event *ev)
{
    const uint32_t *ties = ev->rules->ties;
    struct str ns = STR_ABSENT, name = STR_ABSENT;
    struct value *key = event_first(ev, ties[TIE_TAG_KEY]);
    struct value *value = event_first(ev, ties[TIE_TAG_VALUE]);
    for (; key && value; key = event_next(ev, key), value = event_next(ev, value)) {
        if (key->type != JSON_STRING || value->type != JSON_STRING)
            return STR_ABSENT;
        if (str_eq(event_text(ev, key), S("kubernetes-namespace")))
            ns = event_text(ev, value);
        if (str_eq(event_text(ev, key), S("kubernetes-service-account")))
            name = event_text(ev, value);
    }
    return subject_of_account(ev, ns, name);
}

static struct str of_trail(struct event *ev)
{
    struct str type = event_core(ev, CORE_USER_TYPE);
    if (str_eq(type, S("AssumedRole")))
        return of_session(ev);
    if (str_eq(type, S("SAMLUser")) || str_eq(type, S("WebIdentityUser")))
        return of_provider(ev);
    return str_eq(type, S("AWSService")) ? of_tags(ev) : STR_ABSENT;
}

/* ---- all ---- */

struct str event_subject(struct event *ev)
{
    struct str name;
    switch (ev->source) {
    case SOURCE_CLOUDTRAIL:
        return of_trail(ev);
    case SOURCE_VPCFLOW:
        name = event_core(ev, CORE_PRINCIPAL);
        return subject_is_instance(name) ? name : STR_ABSENT;
    case SOURCE_OKTA:
        return subject_of_address(ev, event_core(ev, CORE_ARN));
    case SOURCE_GITHUB:
        name = event_tie(ev, TIE_REPO);
        return subject_of_repository(ev, name.n ? name : event_tie(ev, TIE_REPOSITORY));
    case SOURCE_K8S_AUDIT:
        name = event_core(ev, CORE_USER_NAME);
        return str_starts(name, S(SERVICE_ACCOUNT)) ? name : STR_ABSENT;
    default:
        return STR_ABSENT;
    }
}

struct str event_namespace(struct event *ev)
{
    if (ev->source == SOURCE_K8S_AUDIT)
        return event_tie(ev, TIE_KUBE_NAMESPACE);
    struct str rest = event_subject(ev);
    if (!str_starts(rest, S(SERVICE_ACCOUNT)))
        return STR_ABSENT;
    rest = str_skip(rest, sizeof SERVICE_ACCOUNT - 1);
    return str_cut(&rest, ':');
}
