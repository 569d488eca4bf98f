/* OCSF's Detection Finding. Objects of other classes would be allowed for each signal; as one
 * finding with related events it is told as it is: one piece of work. */
#include "respond/export_parts.h"

#define VERSION       "1.5.0"
#define CLASS         2004
#define EVIDENCE_MAX  100    /* as many as signals */
#define ATTACK_FORMAT "17.1" /* of ATT&CK, by which the rules are tagged */

/* OCSF counts from 1, informational, as we do from 0. */
static int severity(const json_t *o)
{
    return export_level(o) + 1;
}

static const char *severity_name(const json_t *o)
{
    static const char *const names[] = {"Informational", "Low", "Medium", "High", "Critical"};
    return names[export_level(o)];
}

static json_t *attacks(const json_t *mitre)
{
    json_t *list = json_array();
    const json_t *one;
    size_t i;
    json_array_foreach(mitre, i, one)
    {
        const char *tactic = export_text(one, "tactic"), *technique = export_text(one, "technique");
        json_t *a = json_pack("{s:s}", "version", ATTACK_FORMAT);
        if (*tactic)
            json_object_set_new(a, "tactic", json_pack("{s:s}", "uid", tactic));
        if (*technique)
            json_object_set_new(
                a, *technique && strchr(technique, '.') ? "sub_technique" : "technique",
                json_pack("{s:s}", "uid", technique));
        if ((*tactic || *technique) && json_array_append(list, a) != 0)
            i = json_array_size(mitre);
        json_decref(a);
    }
    return list;
}

/* All of the signals', each once. */
static json_t *all_attacks(const json_t *incident)
{
    json_t *list = json_array(), *one;
    const json_t *signal, *there;
    size_t i, k, m;
    json_array_foreach(json_object_get(incident, "signals"), i, signal)
    {
        json_t *some = attacks(json_object_get(signal, "mitre"));
        json_array_foreach(some, k, one)
        {
            bool known = false;
            json_array_foreach(list, m, there) known = known || json_equal(there, one);
            if (!known && json_array_append(list, one) != 0)
                break;
        }
        json_decref(some);
    }
    return list;
}

static json_t *related(const json_t *incident)
{
    json_t *list = json_array();
    const json_t *s;
    size_t i;
    json_array_foreach(json_object_get(incident, "signals"), i, s)
    {
        const json_t *rule = json_object_get(s, "rule");
        json_t *event = json_pack("{s:s,s:s,s:s,s:i,s:s,s:I,s:I,s:o}", "uid", export_text(s, "id"),
                                  "type", "alert", "title", export_text(rule, "title"),
                                  "severity_id", severity(s), "severity", severity_name(s),
                                  "first_seen_time", (json_int_t)export_ms(s, "first"),
                                  "last_seen_time", (json_int_t)export_ms(s, "last"), "attacks",
                                  attacks(json_object_get(s, "mitre")));
        if (json_object_set(event, "count", json_object_get(s, "count")) != 0 ||
            json_array_append(list, event) != 0) {
            json_decref(event);
            break;
        }
        json_decref(event);
    }
    return list;
}

/* 0 unknown, 1 user, 3 system: a service; 99 other. */
static json_t *user(const json_t *actor)
{
    const char *kind = export_text(actor, "kind");
    bool person = str_eqz(str_of(kind), "user") || str_eqz(str_of(kind), "root");
    json_t *u = json_pack("{s:s,s:s,s:i,s:s}", "uid", export_text(actor, "id"), "name",
                          export_text(actor, "name"), "type_id", person ? 1 : 99, "type",
                          person ? "User" : kind);
    const json_t *keys = json_object_get(actor, "keys");
    const char *key = export_text(json_array_get(keys, 0), "key"), *account;
    if (*key)
        json_object_set_new(u, "credential_uid", json_string(key));
    account = export_text(actor, "account");
    if (*account)
        json_object_set_new(u, "account", json_pack("{s:s}", "uid", account));
    return u;
}

/* "iam.amazonaws.com:CreateUser" */
static json_t *api(const char *text)
{
    const char *colon = strchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    return json_pack("{s:s,s:{s:s%}}", "operation", colon ? colon + 1 : text, "service", "name",
                     text, n);
}

/* An evidence a signal: who, from where, with which call. */
static json_t *evidences(const json_t *incident)
{
    json_t *list = json_array();
    const json_t *s;
    size_t i;
    json_array_foreach(json_object_get(incident, "signals"), i, s)
    {
        const char *call = export_first(s, "apis");
        const json_t *actor = export_find(incident, "actors", export_first(s, "actors"));
        const json_t *from = export_find(incident, "endpoints", export_first(s, "endpoints"));
        json_t *one = json_object();
        if (actor)
            json_object_set_new(one, "actor", json_pack("{s:o}", "user", user(actor)));
        if (from && str_eqz(str_of(export_text(from, "kind")), "address"))
            json_object_set_new(one, "src_endpoint",
                                json_pack("{s:s}", "ip", export_text(from, "ip")));
        if (*call)
            json_object_set_new(one, "api", api(call));
        if (json_object_size(one) && json_array_size(list) < EVIDENCE_MAX &&
            json_array_append(list, one) != 0)
            i = json_array_size(json_object_get(incident, "signals"));
        json_decref(one);
    }
    return list;
}

static json_t *resources(const json_t *incident)
{
    json_t *list = json_array();
    const json_t *r;
    size_t i;
    json_array_foreach(json_object_get(incident, "resources"), i, r)
    {
        const char *account = export_text(r, "account"), *region = export_text(r, "region");
        json_t *one = json_pack("{s:s,s:s,s:s}", "uid", export_text(r, "id"), "name",
                                export_text(r, "name"), "type", export_text(r, "type"));
        if (*region)
            json_object_set_new(one, "region", json_string(region));
        if (*account)
            json_object_set_new(
                one, "owner",
                json_pack("{s:s,s:{s:s}}", "uid", account, "account", "uid", account));
        if (json_array_append_new(list, one) != 0)
            break;
    }
    return list;
}

static json_t *metadata(const json_t *incident)
{
    json_int_t n = json_integer_value(json_object_get(incident, "updates"));
    return json_pack("{s:s,s:[s],s:o,s:{s:s,s:s,s:s}}", "version", VERSION, "profiles", "cloud",
                     "uid", json_sprintf("%s/%lld", export_text(incident, "id"), (long long)n),
                     "product", "name", "trailwarden", "vendor_name", "trailwarden", "version",
                     export_text(incident, "version"));
}

static json_t *finding(const json_t *incident)
{
    return json_pack("{s:s,s:s,s:s,s:[s],s:I,s:I,s:I,s:o,s:o}", "uid", export_text(incident, "id"),
                     "title", export_text(incident, "title"), "desc",
                     export_text(incident, "summary"), "types", "incident", "created_time",
                     (json_int_t)export_ms(incident, "last"), "first_seen_time",
                     (json_int_t)export_ms(incident, "first"), "last_seen_time",
                     (json_int_t)export_ms(incident, "last"), "attacks", all_attacks(incident),
                     "related_events", related(incident));
}

static json_t *cloud(const json_t *incident)
{
    const char *account = export_first(incident, "accounts");
    const char *region = export_first(incident, "regions");
    json_t *c = json_pack("{s:s}", "provider", "AWS");
    if (*account)
        json_object_set_new(c, "account", json_pack("{s:s}", "uid", account));
    if (*region)
        json_object_set_new(c, "region", json_string(region));
    return c;
}

json_t *export_ocsf(const json_t *incident)
{
    bool update = json_integer_value(json_object_get(incident, "updates")) > 0;
    int activity = update ? 2 : 1;
    json_t *o = json_pack(
        "{s:i,s:s,s:i,s:s,s:i,s:s,s:i,s:i,s:s,s:I,s:I,s:I,s:s}", "activity_id", activity,
        "activity_name", update ? "Update" : "Create", "category_uid", 2, "category_name",
        "Findings", "class_uid", CLASS, "class_name", "Detection Finding", "type_uid",
        CLASS * 100 + activity, "severity_id", severity(incident), "severity",
        severity_name(incident), "time", (json_int_t)export_ms(incident, "last"), "start_time",
        (json_int_t)export_ms(incident, "first"), "end_time",
        (json_int_t)export_ms(incident, "last"), "message", export_text(incident, "summary"));
    json_t *rest = json_pack(
        "{s:i,s:i,s:s,s:b,s:o,s:o,s:o,s:o,s:o}", "risk_score",
        (int)json_integer_value(json_object_get(incident, "risk")), "status_id", 1, "status", "New",
        "is_alert", 1, "metadata", metadata(incident), "cloud", cloud(incident), "finding_info",
        finding(incident), "evidences", evidences(incident), "resources", resources(incident));
    bool ok = o && rest && json_object_update(o, rest) == 0;
    json_decref(rest);
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}
