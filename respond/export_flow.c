/* Attack Flow: each signal is an action; it leads to the next one of the same actor, and to the
 * first of whom its actor became. */
#include "base/sha256.h"
#include "respond/export_parts.h"

#define EXTENSION "extension-definition--fb9c968a-745b-4ade-9b25-c324172197f4"
/* When Attack Flow 2.0.0 was published, for the objects that are the same in every bundle. */
#define PUBLISHED "2022-08-02T19:34:35.143Z"

struct flow {
    const json_t *incident, *signals;
    json_t *objects;
};

/* "attack-action--" and a UUID of the kind and the name, with the bits of version 5 (RFC 9562). */
static json_t *stix_id(const char *kind, const char *name)
{
    unsigned char h[SHA256_BYTES];
    char x[2 * 16 + 1] = {0};
    struct sha256 sha;
    sha256_init(&sha);
    sha256_add_part(&sha, str_of(kind));
    sha256_add_part(&sha, str_of(name));
    sha256_end(&sha, h);
    h[6] = (unsigned char)((h[6] & 0x0f) | 0x50);
    h[8] = (unsigned char)((h[8] & 0x3f) | 0x80);
    bytes_hex(x, h, 16);
    return json_sprintf("%s--%.8s-%.4s-%.4s-%.4s-%.12s", kind, x, x + 8, x + 12, x + 16, x + 20);
}

static json_t *object(const struct flow *f, const char *kind, const char *name, bool extends)
{
    const char *created = export_text(f->incident, "first");
    json_t *o = json_pack("{s:s,s:s,s:o,s:s,s:s,s:o}", "type", kind, "spec_version", "2.1", "id",
                          stix_id(kind, name), "created", created, "modified",
                          export_text(f->incident, "last"), "created_by_ref",
                          stix_id("identity", "trailwarden"));
    if (extends)
        json_object_set_new(o, "extensions",
                            json_pack("{s:{s:s}}", EXTENSION, "extension_type", "new-sdo"));
    return o;
}

/* ---- what leads to what ---- */

static const char *actor_of(const json_t *signal)
{
    return export_first(signal, "actors");
}

/* The first signal behind i of this actor; the number of signals when there is none. */
static size_t next_of(const struct flow *f, size_t i, const char *actor)
{
    size_t n = json_array_size(f->signals);
    for (size_t k = i + 1; k < n; k++)
        if (str_eqz(str_of(actor_of(json_array_get(f->signals, k))), actor))
            return k;
    return n;
}

static bool acted_before(const struct flow *f, size_t k, const char *actor)
{
    for (size_t i = 0; i < k; i++)
        if (str_eqz(str_of(actor_of(json_array_get(f->signals, i))), actor))
            return true;
    return false;
}

/* Whether the actor of signal i is behind the other, by a link of the incident. */
static bool leads(const struct flow *f, const char *from, const char *to)
{
    const json_t *link;
    size_t i;
    json_array_foreach(json_object_get(f->incident, "links"), i, link)
    {
        if (str_eqz(str_of(export_text(link, "from")), from) &&
            str_eqz(str_of(export_text(link, "to")), to))
            return true;
    }
    return false;
}

/* The last signal in front of k whose actor is behind that of k; else the one in front of k. */
static size_t parent_of(const struct flow *f, size_t k, const char *actor)
{
    for (size_t i = k; i-- > 0;)
        if (leads(f, actor_of(json_array_get(f->signals, i)), actor))
            return i;
    return k - 1;
}

static void put_effects(const struct flow *f, json_t *action, size_t i)
{
    json_t *list = json_array();
    size_t n = json_array_size(f->signals), next;
    next = next_of(f, i, actor_of(json_array_get(f->signals, i)));
    for (size_t k = i + 1; k < n; k++) {
        const json_t *signal = json_array_get(f->signals, k);
        bool first = !acted_before(f, k, actor_of(signal));
        if (k == next || (first && parent_of(f, k, actor_of(signal)) == i))
            json_array_append_new(list, stix_id("attack-action", export_text(signal, "id")));
    }
    if (json_array_size(list))
        json_object_set(action, "effect_refs", list);
    json_decref(list);
}

/* ---- objects ---- */

static void put_assets(json_t *action, const json_t *signal)
{
    json_t *list = json_array();
    const json_t *r;
    size_t i;
    json_array_foreach(json_object_get(signal, "resources"), i, r)
        json_array_append_new(list, stix_id("attack-asset", json_string_value(r)));
    if (json_array_size(list))
        json_object_set(action, "asset_refs", list);
    json_decref(list);
}

static json_t *action(const struct flow *f, size_t i)
{
    const json_t *s = json_array_get(f->signals, i);
    const json_t *mitre = json_array_get(json_object_get(s, "mitre"), 0);
    const char *technique = export_text(mitre, "technique"), *tactic = export_text(mitre, "tactic");
    json_t *a = object(f, "attack-action", export_text(s, "id"), true);
    json_object_set_new(a, "name", json_string(export_text(json_object_get(s, "rule"), "title")));
    if (*technique)
        json_object_set_new(a, "technique_id", json_string(technique));
    if (*tactic)
        json_object_set_new(a, "tactic_id", json_string(tactic));
    const json_t *who = export_find(f->incident, "actors", actor_of(s));
    json_object_set_new(a, "description",
                        json_sprintf("%s: %s", export_text(who, "name"), export_first(s, "apis")));
    if (export_ms(s, "first")) {
        json_object_set(a, "execution_start", json_object_get(s, "first"));
        json_object_set(a, "execution_end", json_object_get(s, "last"));
    }
    put_assets(a, s);
    put_effects(f, a, i);
    return a;
}

static json_t *asset(const struct flow *f, const json_t *resource)
{
    json_t *a = object(f, "attack-asset", export_text(resource, "id"), true);
    json_object_set_new(
        a, "name",
        json_sprintf("%s %s", export_text(resource, "type"), export_text(resource, "name")));
    return a;
}

static json_t *heading(const struct flow *f)
{
    const char *first = export_text(json_array_get(f->signals, 0), "id");
    json_t *o = object(f, "attack-flow", export_text(f->incident, "id"), true);
    json_object_set(o, "name", json_object_get(f->incident, "title"));
    json_object_set(o, "description", json_object_get(f->incident, "summary"));
    json_object_set_new(o, "scope", json_string("incident"));
    json_object_set_new(o, "start_refs", json_pack("[o]", stix_id("attack-action", first)));
    return o;
}

static json_t *author(const struct flow *f)
{
    json_t *o = object(f, "identity", "trailwarden", false);
    json_object_del(o, "created_by_ref");
    json_object_set_new(o, "name", json_string("trailwarden"));
    json_object_set_new(o, "identity_class", json_string("system"));
    return o;
}

/* What a reader needs to know the other types, as Attack Flow gives it. */
static json_t *extension(const struct flow *f)
{
    (void)f;
    return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:[s],s:o}", "type", "extension-definition",
                     "spec_version", "2.1", "id", EXTENSION, "created", PUBLISHED, "modified",
                     PUBLISHED, "name", "Attack Flow", "schema",
                     "https://center-for-threat-informed-defense.github.io/attack-flow/stix/"
                     "attack-flow-schema-2.0.0.json",
                     "version", "2.0.0", "extension_types", "new-sdo", "created_by_ref",
                     stix_id("identity", "trailwarden"));
}

json_t *export_flow(const json_t *incident)
{
    const struct flow f = {incident, json_object_get(incident, "signals"), json_array()};
    const json_t *one;
    size_t i;
    bool ok = json_array_append_new(f.objects, extension(&f)) == 0 &&
              json_array_append_new(f.objects, author(&f)) == 0 &&
              json_array_append_new(f.objects, heading(&f)) == 0;
    json_array_foreach(f.signals, i, one) ok =
        ok && json_array_append_new(f.objects, action(&f, i)) == 0;
    json_array_foreach(json_object_get(incident, "resources"), i, one) ok =
        ok && json_array_append_new(f.objects, asset(&f, one)) == 0;
    json_t *bundle =
        json_pack("{s:s,s:o,s:O}", "type", "bundle", "id",
                  stix_id("bundle", export_text(incident, "id")), "objects", f.objects);
    json_decref(f.objects);
    if (ok)
        return bundle;
    json_decref(bundle);
    return NULL;
}
