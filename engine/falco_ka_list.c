/* What a gather takes of the members of an array, and the lists that are made so. */
#include "engine/falco_ka_list.h"

#include "base/vec.h"

#define ITEMS_MAX 65536 /* of a list; an audit event is at most a few MB */

/* ---- raw JSON ---- */

struct str ka_keep(struct event *ev, struct buf *b)
{
    struct str made = b->n ? buf_str(b) : S("");
    struct str text = b->failed ? STR_ABSENT : arena_str(&ev->scratch, made);
    ev->counts.scratch_full += !str_present(text);
    buf_release(b);
    return text;
}

/* A raw value as text; absent only when it is, or the scratch is full (counted). */
static struct str text_of(struct event *ev, struct str raw)
{
    if (raw.n == 0)
        return STR_ABSENT;
    if (raw.p[0] == '"') {
        struct str text = json_text(str_slice(raw, 1, raw.n - 1), &ev->scratch);
        ev->counts.scratch_full += !str_present(text);
        return text;
    }
    if (raw.p[0] != '{' && raw.p[0] != '[')
        return raw;
    struct buf b;
    buf_init(&b, FALCO_TEXT_MAX);
    json_put_compact(&b, raw);
    return ka_keep(ev, &b);
}

/* The value below a raw object, along keys parted by '/'. */
static struct str below(struct str raw, const char *keys)
{
    struct str rest = str_of(keys);
    while (str_present(rest) && str_present(raw))
        raw = json_member(raw, str_cut(&rest, '/'));
    return raw;
}

static bool is_array(struct str raw)
{
    return raw.n && raw.p[0] == '[';
}

static bool is_object(struct str raw)
{
    return raw.n && raw.p[0] == '{';
}

struct str ka_argument(const struct event *ev, const uint32_t *slots, size_t n)
{
    return rs_str(ev->rules, (struct rs_text){slots[n], slots[n + 1]});
}

/* ---- lists ---- */

/* A list that is being made. */
struct gather {
    struct event *ev;
    const char *keys;    /* of what is taken of each member */
    struct str fallback; /* of take_or_fallback */
    struct vec items;    /* struct str */
};

/* Adds what a raw member has to give; false: there is no list at all. */
typedef bool take_fn(struct gather *g, struct str member);

static bool add(struct gather *g, struct str text)
{
    struct str *to = str_present(text) ? vec_push(&g->items, 1) : NULL;
    if (to)
        *to = text;
    return to != NULL;
}

/* All items to the event's scratch, and the vec released. */
static bool give_items(struct gather *g, bool ok, struct falco_value *out)
{
    size_t n = g->items.n;
    struct str *copy = ok && n ? arena_array(&g->ev->scratch, n, sizeof *copy) : NULL;
    if (copy)
        memcpy(copy, g->items.p, n * sizeof *copy);
    vec_release(&g->items);
    out->items = copy;
    out->n = n;
    return copy != NULL;
}

static bool take_each(struct gather *g, struct str array, uint32_t index, take_fn *take)
{
    struct str member;
    size_t at = 0;
    bool ok = true;
    for (uint32_t i = 0; ok && str_present(member = json_array_next(array, &at)); i++)
        if (index == RS_NONE || index == i)
            ok = take(g, member);
    return ok;
}

/* The list that `take` makes of the array at a slot. */
static bool list_of(struct event *ev, uint32_t slot, uint32_t index, take_fn *take,
                    const char *keys, struct falco_value *out)
{
    const struct value *v = event_first(ev, slot);
    if (!v || v->type != JSON_ARRAY)
        return false;
    struct gather g = {.ev = ev, .keys = keys, .fallback = S("0")};
    vec_init(&g.items, sizeof(struct str), ITEMS_MAX);
    bool ok = take_each(&g, v->raw, index, take);
    return give_items(&g, ok, out);
}

static bool take_member(struct gather *g, struct str member)
{
    return add(g, text_of(g->ev, member));
}

static bool take_if_there(struct gather *g, struct str member)
{
    struct str raw = below(member, g->keys);
    return !str_present(raw) || take_member(g, raw);
}

static bool take_required(struct gather *g, struct str member)
{
    return take_member(g, below(member, g->keys));
}

static bool take_or_fallback(struct gather *g, struct str member)
{
    struct str raw = below(member, g->keys);
    return str_present(raw) ? take_member(g, raw) : add(g, g->fallback);
}

static bool take_all_below(struct gather *g, struct str member)
{
    struct str raw = below(member, g->keys);
    return !is_array(raw) || take_each(g, raw, RS_NONE, take_member);
}

/* Without tag and digest, as the plugin cuts: a registry's port is where it ends too. */
static struct str repository(struct str image)
{
    struct str name = str_cut(&image, ':');
    return str_cut(&name, '@');
}

static bool take_repository(struct gather *g, struct str member)
{
    struct str image = text_of(g->ev, below(member, g->keys));
    return str_present(image) && add(g, repository(image));
}

/* ["sh","-c","id"]: "sh -c id". */
static bool take_words(struct gather *g, struct str member)
{
    struct str words = below(member, g->keys), word;
    size_t at = 0;
    struct buf b;
    if (!is_array(words))
        return true;
    buf_init(&b, FALCO_TEXT_MAX);
    for (size_t i = 0; str_present(word = json_array_next(words, &at)); i++) {
        if (i)
            buf_putc(&b, ' ');
        buf_put(&b, text_of(g->ev, word));
    }
    return add(g, ka_keep(g->ev, &b));
}

/* Where a port of the host is not named, the container's: it is the host's with hostNetwork. */
static bool take_port(struct gather *g, struct str port)
{
    struct str number = json_member(port, S("hostPort"));
    if (!str_present(number))
        number = json_member(port, S("containerPort"));
    return !str_present(number) || take_member(g, number);
}

static bool take_ports(struct gather *g, struct str member)
{
    return take_each(g, json_member(member, S("ports")), RS_NONE, take_port);
}

/* {"name":"data","hostPath":{...}}: "hostPath". */
static bool take_types(struct gather *g, struct str volume)
{
    const char *p = volume.p + 1, *end = volume.p + volume.n;
    if (!is_object(volume))
        return false;
    for (p = json_blanks(p, end); p < end && *p == '"'; p = json_blanks(p, end)) {
        const char *from = p;
        bool escaped;
        if (json_skip_string(&p, end, &escaped) != JSON_OK)
            return false;
        struct str key = text_of(g->ev, str_n(from, (size_t)(p - from)));
        if (!str_eq(key, S("name")) && !add(g, key))
            return false;
        p = json_blanks(p, end);
        p = json_blanks(p + (p < end), end); /* past the colon */
        if (json_skip(&p, end) != JSON_OK)
            return false;
        p = json_blanks(p, end);
        p += p < end; /* past the comma or the bracket */
    }
    return true;
}

/* {"kind":"User","name":"dana"}: the names of one kind. */
static bool take_subject(struct gather *g, struct str subject)
{
    struct str kind = text_of(g->ev, json_member(subject, S("kind")));
    struct str name = json_member(subject, S("name"));
    return !str_eqz(kind, g->keys) || !str_present(name) || take_member(g, name);
}

/* {"kind":"ServiceAccount","name":"build","namespace":"ci"}: "ci:build". */
static bool take_namespaced(struct gather *g, struct str subject)
{
    struct str kind = text_of(g->ev, json_member(subject, S("kind")));
    struct str name = json_member(subject, S("name"));
    struct str space = json_member(subject, S("namespace"));
    if (!str_eqz(kind, g->keys) || !str_present(name) || !str_present(space))
        return true;
    struct buf b;
    buf_init(&b, FALCO_TEXT_MAX);
    buf_put(&b, text_of(g->ev, space));
    buf_putc(&b, ':');
    buf_put(&b, text_of(g->ev, name));
    return add(g, ka_keep(g->ev, &b));
}

/* ---- lists by name ---- */

bool ka_members(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_member, NULL, out);
}

bool ka_user_names(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_subject, "User", out);
}

bool ka_group_names(struct event *ev, const uint32_t *slots, uint32_t index,
                    struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_subject, "Group", out);
}

bool ka_account_names(struct event *ev, const uint32_t *slots, uint32_t index,
                      struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_subject, "ServiceAccount", out);
}

bool ka_account_ns_names(struct event *ev, const uint32_t *slots, uint32_t index,
                         struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_namespaced, "ServiceAccount", out);
}

bool ka_api_groups(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_all_below, "apiGroups", out);
}

bool ka_other_urls(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_all_below, "nonResourceURLs", out);
}

bool ka_verbs(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_all_below, "verbs", out);
}

bool ka_resources(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_all_below, "resources", out);
}

/* The plugin means one text a port, and makes one of them all; the position changes nothing. */
bool ka_service_ports(struct event *ev, const uint32_t *slots, uint32_t index,
                      struct falco_value *out)
{
    const struct value *v = event_first(ev, slots[0]);
    (void)index;
    struct gather g = {.ev = ev};
    vec_init(&g.items, sizeof(struct str), ITEMS_MAX);
    bool ok = v && v->type == JSON_ARRAY && take_member(&g, v->raw);
    return give_items(&g, ok, out);
}

bool ka_host_paths(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_if_there, "hostPath/path", out);
}

bool ka_flex_drivers(struct event *ev, const uint32_t *slots, uint32_t index,
                     struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_if_there, "flexVolume/driver", out);
}

bool ka_volume_types(struct event *ev, const uint32_t *slots, uint32_t index,
                     struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_types, NULL, out);
}

/* Whether a volume is of this path, or, with a star at its end, below it. */
bool ka_has_host_path(struct event *ev, const uint32_t *slots, uint32_t index,
                      struct falco_value *out)
{
    struct falco_value paths = {0};
    const struct value *v = event_first(ev, slots[0]);
    struct str wanted = ka_argument(ev, slots, 1);
    bool prefix = str_ends(wanted, S("*")), hit = false;
    if (!v || v->type != JSON_ARRAY)
        return false;
    if (!ka_host_paths(ev, slots, index, &paths))
        paths.n = 0;
    for (size_t i = 0; i < paths.n && !hit; i++)
        hit = str_eq(paths.items[i], wanted) ||
              (prefix && str_starts(paths.items[i], str_slice(wanted, 0, wanted.n - 1)));
    return falco_give(hit ? S("true") : S("false"), out);
}

/* ---- containers ---- */

bool ka_names(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_required, "name", out);
}

bool ka_images(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_required, "image", out);
}

bool ka_repositories(struct event *ev, const uint32_t *slots, uint32_t index,
                     struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_repository, "image", out);
}

bool ka_commands(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_words, "command", out);
}

bool ka_arguments(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_words, "args", out);
}

bool ka_privileged(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_if_there, "securityContext/privileged", out);
}

bool ka_escalation(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_if_there, "securityContext/allowPrivilegeEscalation",
                   out);
}

bool ka_read_only(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_if_there, "securityContext/readOnlyRootFilesystem",
                   out);
}

bool ka_run_as_user(struct event *ev, const uint32_t *slots, uint32_t index,
                    struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_if_there, "securityContext/runAsUser", out);
}

bool ka_run_as_group(struct event *ev, const uint32_t *slots, uint32_t index,
                     struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_if_there, "securityContext/runAsGroup", out);
}

/* Beside securityContext instead of in it, as the plugin looks: "0" for each container of any pod
 * that the API server takes. */
bool ka_eff_user(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_or_fallback, "runAsUser", out);
}

bool ka_eff_group(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_or_fallback, "runAsGroup", out);
}

bool ka_proc_mount(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_if_there, "securityContext/procMount", out);
}

bool ka_capabilities(struct event *ev, const uint32_t *slots, uint32_t index,
                     struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_if_there, "securityContext/capabilities/add", out);
}

bool ka_host_ports(struct event *ev, const uint32_t *slots, uint32_t index, struct falco_value *out)
{
    return list_of(ev, slots[0], index, take_ports, NULL, out);
}

/* ---- deprecated, of the first container or of any ---- */

bool ka_first_image(struct event *ev, const uint32_t *slots, uint32_t index,
                    struct falco_value *out)
{
    struct falco_value v = {0};
    (void)index;
    return ka_images(ev, slots, 0, &v) && falco_give(v.items[0], out);
}

bool ka_first_repository(struct event *ev, const uint32_t *slots, uint32_t index,
                         struct falco_value *out)
{
    struct falco_value v = {0};
    (void)index;
    return ka_repositories(ev, slots, 0, &v) && falco_give(v.items[0], out);
}

bool ka_any_privileged(struct event *ev, const uint32_t *slots, uint32_t index,
                       struct falco_value *out)
{
    struct falco_value flags = {0};
    const struct value *v = event_first(ev, slots[0]);
    bool any = false;
    if (!v || v->type != JSON_ARRAY)
        return false;
    if (!ka_privileged(ev, slots, index, &flags))
        flags.n = 0;
    for (size_t i = 0; i < flags.n && !any; i++)
        any = str_eq(flags.items[i], S("true"));
    return falco_give(any ? S("true") : S("false"), out);
}
