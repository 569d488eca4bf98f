/* The fields of Falco's okta class (plugin okta 0.12.0). Texts are always there, "" when the record
 * has none; target.*, targets.*, app and security.asnumber may be absent. Where the plugin has a
 * bug, docs/sources.md says which side is taken here. */
#include "engine/falco_lists.h"

/* A field's text, "" when it is missing or of another type: the plugin's for what is missing. */
static bool text(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    struct str found;
    (void)index;
    return falco_give(falco_only_string(ev, slots[0], &found) ? found : S(""), out);
}

/* The same for what Okta writes as a number or a boolean: as written. */
static bool written(struct event *ev, const uint32_t *slots, uint32_t index,
                    struct falco_value *out)
{
    struct value *v = event_first(ev, slots[0]);
    (void)index;
    bool scalar = v && v->type != JSON_NULL && v->type != JSON_OBJECT && v->type != JSON_ARRAY;
    return falco_give(scalar ? event_text(ev, v) : S(""), out);
}

/* Also as JSON text: Okta writes behaviors and security data as text, list or object. */
static bool any_text(struct event *ev, const uint32_t *slots, uint32_t index,
                     struct falco_value *out)
{
    struct value *v = event_first(ev, slots[0]);
    (void)index;
    return falco_give(v && v->type != JSON_NULL ? event_text(ev, v) : S(""), out);
}

static bool empty(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    (void)ev, (void)slots, (void)index;
    return falco_give(S(""), out);
}

static bool asnumber(struct event *ev, const uint32_t *slots, uint32_t index,
                     struct falco_value *out)
{
    const struct value *v = event_first(ev, slots[0]);
    unsigned long long n;
    (void)index;
    return v && v->type == JSON_NUMBER && str_u64(v->raw, &n) && falco_give_number(n, out);
}

/* /app/NAME/... of the request. */
static bool app(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    struct str uri;
    (void)index;
    if (!falco_only_string(ev, slots[0], &uri) || !str_starts(uri, S("/app/")))
        return false;
    uri = str_skip(uri, 5);
    return falco_give(str_cut(&uri, '/'), out);
}

/* ---- targets ---- */

/* A member of the last target of a type; absent when no target has the type. */
static bool of_target(struct event *ev, const uint32_t *slots, const char *type, const char *member,
                      struct falco_value *out)
{
    struct falco_members list = falco_members_of(ev, slots[0]);
    struct str target, last = STR_ABSENT;
    while (falco_members_next(&list, &target))
        if (str_eqz(falco_raw_text(ev, json_member(target, S("type"))), type))
            last = target;
    return str_present(last) &&
           falco_give(falco_raw_text(ev, json_member(last, str_of(member))), out);
}

#define OF_TARGET(name, type, member)                                                              \
    static bool name(struct event *ev, const uint32_t *slots, uint32_t index,                      \
                     struct falco_value *out)                                                      \
    {                                                                                              \
        (void)index;                                                                               \
        return of_target(ev, slots, type, member, out);                                            \
    }
OF_TARGET(user_id, "User", "id")
OF_TARGET(user_alternateid, "User", "alternateId")
OF_TARGET(user_name, "User", "displayName")
OF_TARGET(group_id, "UserGroup", "id")
OF_TARGET(group_alternateid, "UserGroup", "alternateId")
OF_TARGET(group_name, "UserGroup", "displayName")
OF_TARGET(app_alternateid, "AppInstance", "alternateId")

/* All targets' names, or that of one target. */
static bool target_names(struct event *ev, const uint32_t *slots, uint32_t index,
                         struct falco_value *out)
{
    struct falco_members list = falco_members_of(ev, slots[0]);
    struct falco_texts names;
    struct str target;
    falco_texts_init(&names);
    for (uint32_t i = 0; falco_members_next(&list, &target); i++)
        if (index == RS_NONE || index == i)
            falco_texts_add(&names, falco_raw_text(ev, json_member(target, S("displayName"))));
    return falco_texts_give(ev, &names, out);
}

/* ---- the table ---- */

#define TEXT(name, path)  FALCO_ROW_TEXT("okta." name, FALCO_ROW_PATH(path), text)
#define DEBUG(name, path) TEXT(name, "debugContext/debugData/" path)
#define TARGET(name, fn)  FALCO_ROW_TEXT("okta.target." name, target_paths, fn)

static const char *const no_paths[] = {NULL};
static const char *const target_paths[] = {"target", NULL};

static const struct falco_field fields[] = {
    FALCO_ROW_PLAIN("okta.evt.type", "eventType"), /* always there: its records are told by it */
    TEXT("evt.legacytype", "legacyEventType"),
    TEXT("severity", "severity"),
    TEXT("message", "displayMessage"),
    TEXT("published", "published"),
    FALCO_ROW_TEXT("okta.org", no_paths, empty),
    TEXT("actor.id", "actor/id"),
    TEXT("actor.Type", "actor/type"),
    TEXT("actor.alternateid", "actor/alternateId"),
    TEXT("actor.name", "actor/displayName"),
    TEXT("client.zone", "client/zone"),
    TEXT("client.ip", "client/ipAddress"),
    TEXT("client.device", "client/device"),
    TEXT("client.id", "client/id"),
    TEXT("client.geo.city", "client/geographicalContext/city"),
    TEXT("client.geo.state", "client/geographicalContext/state"),
    TEXT("client.geo.country", "client/geographicalContext/country"),
    TEXT("client.geo.postalcode", "client/geographicalContext/postalCode"),
    FALCO_ROW_TEXT("okta.client.geo.lat",
                   FALCO_ROW_PATH("client/geographicalContext/geolocation/lat"), written),
    FALCO_ROW_TEXT("okta.client.geo.lon",
                   FALCO_ROW_PATH("client/geographicalContext/geolocation/lon"), written),
    TEXT("useragent.os", "client/userAgent/os"),
    TEXT("useragent.browser", "client/userAgent/browser"),
    TEXT("useragent.raw", "client/userAgent/rawUserAgent"),
    TEXT("result", "outcome/result"),
    TEXT("reason", "outcome/reason"),
    TEXT("transaction.id", "transaction/id"),
    TEXT("transaction.type", "transaction/type"),
    DEBUG("requesturi", "requestUri"),
    FALCO_ROW_TEXT("okta.behaviors", FALCO_ROW_PATH("debugContext/debugData/behaviors"), any_text),
    FALCO_ROW_TEXT("okta.logonlysecuritydata",
                   FALCO_ROW_PATH("debugContext/debugData/logOnlySecurityData"), any_text),
    DEBUG("principal.id", "originalPrincipal/id"),
    DEBUG("principal.alternateid", "originalPrincipal/alternateId"),
    DEBUG("principal.type", "originalPrincipal/type"),
    DEBUG("principal.name", "originalPrincipal/displayName"),
    FALCO_ROW_TEXT("okta.authentication.step",
                   FALCO_ROW_PATH("authenticationContext/authenticationStep"), written),
    TEXT("authentication.sessionid", "authenticationContext/externalSessionId"),
    TEXT("authentication.provider", "authenticationContext/authenticationProvider"),
    TEXT("authentication.credentialprovider", "authenticationContext/credentialProvider"),
    FALCO_ROW_NUMBER("okta.security.asnumber", FALCO_U64,
                     FALCO_ROW_PATH("securityContext/asNumber"), asnumber),
    TEXT("security.asorg", "securityContext/asOrg"),
    TEXT("security.isp", "securityContext/isp"),
    TEXT("security.domain", "securityContext/domain"),
    FALCO_ROW_TEXT("okta.security.isproxy", FALCO_ROW_PATH("securityContext/isProxy"), written),

    FALCO_ROW_TEXT("okta.app", FALCO_ROW_PATH("debugContext/debugData/requestUri"), app),
    TARGET("user.id", user_id),
    TARGET("user.alternateid", user_alternateid),
    TARGET("user.name", user_name),
    TARGET("group.id", group_id),
    TARGET("group.alternateid", group_alternateid),
    TARGET("group.name", group_name),
    TARGET("app.alternateid", app_alternateid),
    {"okta.targets.displayName", FALCO_STRING | FALCO_LIST_FLAG, FALCO_ARG_INDEX, FALCO_FN_FIELD,
     target_paths, target_names},
    {"okta.mfa.failure.countlast", FALCO_U64, FALCO_ARG_KEY, FALCO_FN_FIELD, no_paths, NULL},
    {"okta.mfa.deny.countlast", FALCO_U64, FALCO_ARG_KEY, FALCO_FN_FIELD, no_paths, NULL},
};

const struct falco_field *falco_okta_fields(size_t *n)
{
    *n = sizeof fields / sizeof *fields;
    return fields;
}
