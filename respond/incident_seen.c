/* Events as rows of numbers. */
#include "respond/incident_seen.h"

#include "base/quick.h"
#include "base/sha256.h"
#include "respond/put.h"
#include "respond/redact.h"

void seen_init(struct seen_events *s)
{
    *s = (struct seen_events){.cut = 0};
    vec_init(&s->list, sizeof(struct seen), SEEN_EVENTS_MAX);
    vec_init(&s->targets, sizeof(struct seen_target), SEEN_TARGETS_MAX);
    vec_init(&s->texts, sizeof(struct str), SEEN_TEXTS_MAX);
    lineage_map_init(&s->event_at, SEEN_EVENTS_MAX);
    lineage_map_init(&s->text_at, SEEN_TEXTS_MAX);
    arena_init(&s->bytes, SEEN_BYTES_MAX);
}

void seen_release(struct seen_events *s)
{
    vec_release(&s->list);
    vec_release(&s->targets);
    vec_release(&s->texts);
    lineage_map_release(&s->event_at);
    lineage_map_release(&s->text_at);
    arena_release(&s->bytes);
}

static struct id128 hash_text(struct str text)
{
    unsigned char raw[SHA256_BYTES];
    struct sha256 h;
    struct id128 id = {0, 0};
    sha256_init(&h);
    sha256_add(&h, text);
    sha256_end(&h, raw);
    for (size_t i = 0; i < 8; i++) {
        id.hi = id.hi << 8 | raw[i];
        id.lo = id.lo << 8 | raw[8 + i];
    }
    return id;
}

/* Windows print ids that are no UUIDs as hashes: this one is hashed the same before and after. */
struct id128 seen_id_of(struct str evidence, struct id128 event)
{
    struct buf printed;
    if (id128_is_uuid(event) || str_starts(evidence, S("sha256:")))
        return hash_text(evidence);
    buf_init(&printed, 64);
    id128_put(&printed, event);
    struct id128 id = hash_text(buf_str(&printed));
    buf_release(&printed);
    return id;
}

struct id128 seen_id(struct str evidence)
{
    return seen_id_of(evidence, id128_of(evidence));
}

static uint32_t keep_text(struct seen_events *s, struct str text, size_t max)
{
    if (!text.n)
        return SEEN_NONE;
    text = text_cut(text, max);
    uint32_t *lately = s->lately + quick_hash(QUICK_BEGIN, text.p, text.n) % SEEN_LATELY;
    if (*lately < s->texts.n && str_eq(seen_text(s, *lately), text))
        return *lately;
    struct id128 id = hash_text(text);
    uint32_t at = lineage_map_find(&s->text_at, id);
    if (at != LINEAGE_MAP_NONE)
        return *lately = at;
    at = (uint32_t)s->texts.n;
    struct str copy = arena_str(&s->bytes, text);
    struct str *to = str_present(copy) ? vec_push(&s->texts, 1) : NULL;
    if (!to || !lineage_map_add(&s->text_at, id, at)) {
        s->texts.n = at;
        s->cut++;
        return SEEN_NONE;
    }
    *to = copy;
    return *lately = at;
}

/* ---- targets ---- */

/* What the parameters' names stand for. `name` means what the service deals in. */
static const char *const target_types[TIE_FIELDS] = {
    [TIE_ROLE_ARN] = "role",
    [TIE_RESOURCE] = "arn",
    [TIE_MADE_KEY] = "access key",
    [TIE_LAUNCHED] = "instance",
    [TIE_USER_NAME] = "user",
    [TIE_ROLE_NAME] = "role",
    [TIE_GROUP_NAME] = "group",
    [TIE_POLICY_ARN] = "policy",
    [TIE_BUCKET] = "bucket",
    [TIE_TRAIL] = "name",
    [TIE_FUNCTION] = "function",
    [TIE_INSTANCE] = "instance",
    [TIE_SECRET] = "secret",
    [TIE_KMS_KEY] = "key",
    [TIE_SNAPSHOT] = "snapshot",
    [TIE_IMAGE] = "image",
    [TIE_DATABASE] = "database",
    [TIE_DB_SNAPSHOT] = "database snapshot",
    [TIE_SECURITY_GROUP] = "security group",
    [TIE_DETECTOR] = "detector",
    [TIE_CLUSTER] = "cluster",
    [TIE_IDENTITY] = "mail identity",
};

void seen_put_target(struct seen_events *s, struct seen *to, const char *type, struct str name)
{
    uint32_t text = keep_text(s, name, SEEN_TEXT_MAX);
    struct seen_target *t = text == SEEN_NONE ? NULL : vec_push(&s->targets, 1);
    if (!t) {
        s->cut += text != SEEN_NONE;
        return;
    }
    *t = (struct seen_target){type, text};
    to->n_targets++;
}

const char *seen_target_type(struct str word)
{
    for (uint32_t f = 0; f < TIE_FIELDS; f++)
        if (target_types[f] && str_eqz(word, target_types[f]))
            return target_types[f];
    return NULL;
}

void seen_each_target(struct event *ev, seen_target_fn fn, void *to)
{
    size_t n = 0;
    for (uint32_t f = 0; f < TIE_FIELDS; f++) {
        if (!target_types[f])
            continue;
        struct value *v = event_first(ev, ev->rules->ties[f]);
        for (; v && n < SEEN_TARGETS_PER_EVENT; v = event_next(ev, v)) {
            if (v->type != JSON_STRING)
                continue;
            fn(to, target_types[f], redact_text(event_text(ev, v), &ev->scratch));
            n++;
        }
    }
}

/* The event that was put last, and whose it is. */
struct keeping {
    struct seen_events *seen;
    struct seen *to;
};

/* seen_target_fn */
static void keep_target(void *to, const char *type, struct str name)
{
    struct keeping *k = to;
    seen_put_target(k->seen, k->to, type, name);
}

/* ---- events ---- */

struct seen *seen_put(struct seen_events *s, const struct seen *as, const struct seen_words *words)
{
    uint32_t at = (uint32_t)s->list.n;
    if (lineage_map_find(&s->event_at, as->event) != LINEAGE_MAP_NONE)
        return NULL;
    struct seen *to = vec_push(&s->list, 1);
    if (!to || !lineage_map_add(&s->event_at, as->event, at)) {
        s->list.n = at;
        s->cut++;
        return NULL;
    }
    *to = (struct seen){.event = as->event,
                        .time_ms = as->time_ms,
                        .actor = as->actor,
                        .key = as->key,
                        .ip = keep_text(s, words->ip, SEEN_WORD_MAX),
                        .agent = keep_text(s, words->agent, SEEN_AGENT_MAX),
                        .source = keep_text(s, words->source, SEEN_WORD_MAX),
                        .name = keep_text(s, words->name, SEEN_WORD_MAX),
                        .account = keep_text(s, words->account, SEEN_WORD_MAX),
                        .region = keep_text(s, words->region, SEEN_WORD_MAX),
                        .first_target = (uint32_t)s->targets.n};
    return to;
}

void seen_add(struct seen_events *s, struct event *ev, const struct facts *f, struct id128 id,
              uint32_t actor, uint32_t key)
{
    const struct seen as = {
        .event = id, .time_ms = f->timed ? f->time_ms : INT64_MIN, .actor = actor, .key = key};
    const struct seen_words words = {f->ip,   f->user_agent, f->source,
                                     f->name, f->account,    f->region};
    struct seen *to = seen_put(s, &as, &words);
    struct keeping keeping = {s, to};
    if (to)
        seen_each_target(ev, keep_target, &keeping);
}

const struct seen *seen_find(const struct seen_events *s, struct id128 event)
{
    uint32_t at = lineage_map_find(&s->event_at, event);
    return at == LINEAGE_MAP_NONE ? NULL : vec_at(&s->list, at);
}

struct str seen_text(const struct seen_events *s, uint32_t text)
{
    return text == SEEN_NONE ? STR_ABSENT : *(struct str *)vec_at(&s->texts, text);
}
