/* Stories as JSON. */
#include "base/escape.h"
#include "base/timefmt.h"
#include "base/version.h"
#include "respond/incident_put.h"
#include "respond/incident_say.h"
#include "respond/mitre.h"
#include "respond/prevention.h"
#include "respond/put.h"
#include "respond/story_answer.h"
#include "respond/story_put.h"
#include "respond/subject.h"

/* Bytes of one answer: names of at most 1 KB, some dozens of them. */
#define ANSWER_MAX (64u << 10)

static void end_list(struct buf *b)
{
    put_close(b, ']');
    buf_putc(b, ',');
}

static void end_object(struct buf *b)
{
    put_close(b, '}');
    buf_putc(b, ',');
}

static void put_number(struct buf *b, const char *name, uint64_t n)
{
    buf_putf(b, "\"%s\":", name);
    buf_put_u64(b, n);
    buf_putc(b, ',');
}

static const struct graph_node *actor_node(const struct incident *i, uint32_t actor)
{
    return lineage_graph_node(&i->from->graph, incident_actor(i, actor)->node);
}

/* "actor":"user/3f0c8a5d0e3b7c11", */
static void put_actor(struct buf *b, const struct incident *i, uint32_t actor)
{
    buf_putz(b, "\"actor\":\"");
    incident_put_node_id(b, actor_node(i, actor));
    buf_putz(b, "\",");
}

/* JSON at hand, or null. */
static void put_given(struct buf *b, const char *name, struct str json)
{
    buf_putf(b, "\"%s\":", name);
    buf_put(b, json.n ? json : S("null"));
    buf_putc(b, ',');
}

/* ---- answers ---- */

static void put_answer(struct buf *b, const char *name, struct buf *text)
{
    put_member(b, str_of(name), buf_str(text), SIZE_MAX);
    buf_reset(text);
}

static void put_answers(struct buf *b, const struct stories *s, const struct story *story,
                        const struct answer_items *items)
{
    const struct story_step *entry = answer_entry(s, story);
    struct buf text;
    buf_init(&text, ANSWER_MAX);
    buf_putz(b, "\"answers\":{");
    answer_put_happened(&text, &story->incident);
    put_answer(b, "happened", &text);
    answer_put_resources(&text, items);
    put_answer(b, "resources", &text);
    answer_put_credentials(&text, &story->incident);
    put_answer(b, "credentials", &text);
    answer_put_entry(&text, s, story);
    put_answer(b, "entry", &text);
    answer_put_elsewhere(&text, s, story);
    put_answer(b, "elsewhere", &text);
    end_object(b);
    put_member(b, S("entry"), entry ? entry->text[STEP_ID] : STR_ABSENT, SIZE_MAX);
    buf_release(&text);
}

static void put_touched(struct buf *b, const struct answer_items *items)
{
    buf_putz(b, "\"touched\":[");
    for (size_t k = 0; k < items->n; k++) {
        const struct answer_item *t = items->list + k;
        buf_putc(b, '{');
        put_member(b, S("access"), str_of(story_access_name(t->access)), SIZE_MAX);
        put_member(b, S("type"), str_of(t->type), SIZE_MAX);
        put_member(b, S("name"), t->name, SIZE_MAX);
        buf_putf(b, "\"sensitive\":%s,", t->sensitive ? "true" : "false");
        put_number(b, "count", t->count);
        end_object(b);
    }
    end_list(b);
}

/* ---- what to do ---- */

/* The partition of the first actor that is named by an ARN. */
static struct str partition_of(const struct incident *i)
{
    for (uint32_t k = 0; k < i->actors.n; k++) {
        struct str rest = actor_node(i, k)->name;
        if (str_starts(rest, S("arn:"))) {
            str_cut(&rest, ':');
            return str_cut(&rest, ':');
        }
    }
    return S("aws");
}

/* Whom to contain: each actor, as `trailwarden contain` takes him, or why nobody can. */
static void put_todo(struct buf *b, const struct incident *i)
{
    struct str partition = partition_of(i);
    struct buf arn;
    buf_init(&arn, ANSWER_MAX);
    buf_putz(b, "\"todo\":[");
    for (uint32_t k = 0; k < i->actors.n; k++) {
        const struct graph_node *n = actor_node(i, k);
        struct subject who;
        subject_of_node((enum lineage_kind)n->kind, n->name, n->account, partition, &who);
        if (subject_can(&who))
            subject_put_arn(&arn, &who);
        buf_putc(b, '{');
        put_actor(b, i, k);
        put_member(b, S("principal"), subject_can(&who) ? buf_str(&arn) : STR_ABSENT, SIZE_MAX);
        put_member(b, S("cannot"), str_of(who.cannot), SIZE_MAX);
        end_object(b);
        buf_reset(&arn);
    }
    end_list(b);
    buf_release(&arn);
}

/* ---- steps ---- */

/* story_signal_fn */
static void put_signal(void *to, uint32_t signal)
{
    struct buf *b = to;
    buf_put_u64(b, signal);
    buf_putc(b, ',');
}

static void put_targets(struct buf *b, const struct story_step *t)
{
    buf_putz(b, "\"targets\":[");
    for (size_t k = 0; k < t->n_targets; k++) {
        buf_putz(b, "[");
        buf_put_json(b, str_of(t->targets[k].type));
        buf_putc(b, ',');
        buf_put_json(b, t->targets[k].name);
        buf_putz(b, "],");
    }
    end_list(b);
}

/* Members that are absent are left out: most steps lack some, and there are 20,000. */
static void put_step_texts(struct buf *b, const struct story_step *t)
{
    static const char *const names[STEP_TEXTS] = {
        [STEP_ID] = "id",           [STEP_SOURCE] = "source", [STEP_NAME] = "event",
        [STEP_ERROR] = "error",     [STEP_IP] = "ip",         [STEP_AGENT] = "agent",
        [STEP_ACCOUNT] = "account", [STEP_REGION] = "region", [STEP_COUNTRY] = "country",
        [STEP_ORG] = "org",         [STEP_KEY] = "key",       [STEP_MFA] = "mfa",
    };
    for (size_t k = 0; k < STEP_TEXTS; k++)
        if (names[k] && t->text[k].n)
            put_member(b, str_of(names[k]), t->text[k], SIZE_MAX);
    if (t->asn)
        put_number(b, "asn", t->asn);
}

static void put_step(struct buf *b, const struct stories *s, const struct story *story,
                     const struct story_step *t, size_t raw)
{
    buf_putc(b, '{');
    if (t->time_ms != INT64_MIN)
        put_member_time(b, "t", true, t->time_ms);
    put_actor(b, &story->incident, t->actor);
    put_step_texts(b, t);
    put_member(b, S("access"), str_of(story_access_name(t->access)), SIZE_MAX);
    put_targets(b, t);
    buf_putz(b, "\"signals\":[");
    story_each_signal(s, t, put_signal, b);
    end_list(b);
    if (t->recalled)
        buf_putz(b, "\"recalled\":true,");
    if (t->file != LINEAGE_NONE)
        put_number(b, "file", t->file);
    if (t->text[STEP_RAW].n)
        put_number(b, "raw", raw);
    end_object(b);
}

/* raw counts the records that were told so far, as stories_put_raw writes them. */
static void put_steps(struct buf *b, const struct stories *s, const struct story *story,
                      size_t *raw)
{
    buf_putz(b, "\"steps\":[");
    for (uint32_t k = 0; k < story->n; k++) {
        const struct story_step *t = story_step_at(s, story->first + k);
        put_step(b, s, story, t, *raw);
        *raw += t->text[STEP_RAW].n > 0;
    }
    end_list(b);
}

void stories_put_raw(struct buf *b, const struct stories *s)
{
    for (size_t k = 0; k < s->steps.n; k++) {
        struct str raw = story_step_at(s, k)->text[STEP_RAW];
        if (!raw.n)
            continue;
        buf_put_json(b, raw);
        buf_putc(b, '\n');
    }
}

/* ---- ATT&CK ---- */

static size_t mitre_of_signal(const struct incident *i, uint32_t signal,
                              struct mitre out[MITRE_PER_RULE_MAX])
{
    const struct ruleset *rs = i->from->rules;
    return mitre_of(rs, rs->rules + incident_signal(i, signal)->alert->window->rule, out);
}

static bool is_same(const struct mitre *a, const struct mitre *b)
{
    return (str_eq(a->tactic, b->tactic) || (!a->tactic.p && !b->tactic.p)) &&
           (str_eq(a->technique, b->technique) || (!a->technique.p && !b->technique.p));
}

/* Whether a signal before this one, or a pairing before it of the same, is the same. */
static bool is_told(const struct incident *i, uint32_t signal, size_t at, const struct mitre *m)
{
    for (uint32_t k = 0; k <= signal; k++) {
        struct mitre list[MITRE_PER_RULE_MAX];
        size_t n = mitre_of_signal(i, k, list);
        for (size_t j = 0; j < (k == signal ? at : n); j++)
            if (is_same(list + j, m))
                return true;
    }
    return false;
}

static void put_pairing(struct buf *b, const struct incident *i, const struct mitre *m)
{
    buf_putc(b, '{');
    put_member(b, S("tactic"), m->tactic, SIZE_MAX);
    put_member(b, S("tactic_name"), m->tactic_name, SIZE_MAX);
    put_member(b, S("technique"), m->technique, SIZE_MAX);
    put_member(b, S("technique_name"), m->technique_name, SIZE_MAX);
    buf_putz(b, "\"signals\":[");
    for (uint32_t k = 0; k < i->signals.n; k++) {
        struct mitre list[MITRE_PER_RULE_MAX];
        size_t n = mitre_of_signal(i, k, list);
        for (size_t j = 0; j < n; j++)
            if (is_same(list + j, m)) {
                put_signal(b, k);
                break;
            }
    }
    end_list(b);
    put_member(b, S("prevent"), prevention_of(m->technique), SIZE_MAX);
    end_object(b);
}

static void put_attack(struct buf *b, const struct incident *i)
{
    buf_putz(b, "\"attack\":[");
    for (uint32_t k = 0; k < i->signals.n; k++) {
        struct mitre list[MITRE_PER_RULE_MAX];
        size_t n = mitre_of_signal(i, k, list);
        for (size_t j = 0; j < n; j++)
            if (!is_told(i, k, j, list + j))
                put_pairing(b, i, list + j);
    }
    end_list(b);
}

/* ---- the whole ---- */

static void put_story(struct buf *b, const struct stories *s, const struct story *story,
                      size_t *raw)
{
    struct answer_items items;
    answer_items(s, story, &items);
    buf_putz(b, "{\"incident\":");
    incident_put_json(b, &story->incident);
    buf_putc(b, ',');
    put_answers(b, s, story, &items);
    put_touched(b, &items);
    put_todo(b, &story->incident);
    put_steps(b, s, story, raw);
    put_attack(b, &story->incident);
    put_given(b, "containment", story->containment);
    put_given(b, "marks", story->marks);
    put_given(b, "advice", story->advice);
    buf_putz(b, "\"cut\":{");
    put_number(b, "steps", story->cut);
    end_object(b);
    end_object(b);
}

static void put_files(struct buf *b, const struct stories *s)
{
    buf_putz(b, "\"files\":[");
    for (size_t k = 0; k < s->files.n; k++) {
        const struct story_file *f = vec_at(&s->files, k);
        buf_putc(b, '{');
        put_member(b, S("name"), f->name, SIZE_MAX);
        put_member(b, S("sha256"), f->sha256[0] ? str_of(f->sha256) : STR_ABSENT, SIZE_MAX);
        put_number(b, "records", f->records);
        end_object(b);
    }
    end_list(b);
}

static void put_limits(struct buf *b, const struct stories *s)
{
    buf_putz(b, "\"limits\":{");
    put_number(b, "records", s->records);
    put_number(b, "copies", s->copies);
    put_number(b, "lost", s->lost);
    put_number(b, "files", s->files_cut);
    put_number(b, "incidents", s->incidents_cut);
    put_number(b, "passed_over", s->passed_over);
    put_member(b, S("stopped"), s->stopped ? str_of(s->stopped) : STR_ABSENT, SIZE_MAX);
    put_member_time(b, "newest", s->newest_ms != INT64_MIN, s->newest_ms);
    end_object(b);
}

void stories_put_json(struct buf *b, const struct stories *s, const struct ruleset *rules)
{
    size_t raw = 0;
    buf_putz(b, "{\"schema\":\"story/1\",\"stories\":[");
    for (size_t k = 0; k < s->list.n; k++)
        put_story(b, s, stories_at(s, k), &raw);
    end_list(b);
    put_files(b, s);
    put_limits(b, s);
    put_member(b, S("version"), S(TRAILWARDEN_VERSION), SIZE_MAX);
    buf_putz(b, "\"rules\":\"");
    buf_put_hex(b, rules->hash, SHA256_BYTES);
    buf_putz(b, "\"}");
}
