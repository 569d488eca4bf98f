/* A record through facts, subject and plan, where everything is allowed but ourselves, a
 * break-glass user and other accounts: whatever the record says, who would be acted on has a name
 * that IAM takes, in our account, and is none of those. */
#include <stdlib.h>

#include "engine/builder.h"
#include "respond/contain_plan.h"

#define ACCOUNT "111122223333"
#define NOW_MS  1773756311250LL /* 2026-03-17T14:05:11.250Z */
#define TRUST   "{\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"" ACCOUNT "\"}}]}"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char rules[] = "containment:\n"
                            "  auto: {rules: '*', level: low}\n"
                            "  inline_policies: true\n"
                            "  break_glass: 'arn:aws:iam::" ACCOUNT ":user/glass'\n";

/* Made once. */
static struct event *reader(void)
{
    static struct event ev;
    static struct ruleset *rs;
    struct err e;
    if (rs)
        return &ev;
    struct builder *b = builder_new();
    if (!b || !builder_freeze(b, &rs, &e) || !event_init(&ev, rs, &e))
        abort();
    builder_free(b);
    return &ev;
}

static const struct contain_config *config(void)
{
    static struct contain_config c;
    struct err e;
    if (c.memory.max == 0 &&
        !contain_config_parse(S("fuzz"), str_n(rules, sizeof rules - 1), &c, &e))
        abort();
    return &c;
}

static void check_name(struct str name)
{
    if (name.n == 0 || name.n > 64)
        abort();
    for (size_t i = 0; i < name.n; i++)
        if (!byte_is_alpha(name.p[i]) && !byte_is_digit(name.p[i]) &&
            !memchr("_+=,.@-", name.p[i], 7))
            abort();
}

static void check_acted_on(const struct contain_plan *p)
{
    const struct subject *s = &p->subject;
    check_name(s->name);
    if (!subject_can(s) || !str_eqz(s->account, ACCOUNT) || !str_eqz(s->partition, "aws") ||
        p->n_steps == 0)
        abort();
    if (s->kind == SUBJECT_ROLE ? str_eq_fold(s->name, S("trailwarden"))
                                : str_eq_fold(s->name, S("glass")))
        abort();
    if (str_eqz(s->id, "AROAOWN"))
        abort();
}

static void plan(const struct facts *f, struct arena *a)
{
    static const struct str bucket = {"trail", 5};
    const struct contain_own own = {S("aws"), S(ACCOUNT), S("AROAOWN"), S("trailwarden")};
    struct subject s;
    struct contain_plan p;
    struct err e;
    subject_of_facts(f, &s);
    const struct contain_live live = {
        .found = true, .id = s.id, .path = s.path, .name = s.name, .trust = S(TRUST)};
    const struct contain_ask ask = {.subject = &s,
                                    .event = f,
                                    .rule = S("r"),
                                    .level = LEVEL_CRITICAL,
                                    .mode = CONTAIN_AUTO,
                                    .config = config(),
                                    .buckets = &bucket,
                                    .n_buckets = 1,
                                    .own = &own,
                                    .live = &live,
                                    .now_ms = NOW_MS};
    if (contain_plan_make(&ask, a, &p, &e) && contain_plan_acts(&p))
        check_acted_on(&p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct event *ev = reader();
    struct arena a;
    struct facts f;
    struct err e;
    size_t used;
    if (size == 0 || data[0] != '{' ||
        event_read(ev, str_n((const char *)data, size), &used, &e) != JSON_OK)
        return 0;
    facts_read(ev, S("s3://trail/AWSLogs/" ACCOUNT "/CloudTrail/x.json.gz"), &f);
    arena_init(&a, 1u << 20);
    plan(&f, &a);
    arena_release(&a);
    return 0;
}
