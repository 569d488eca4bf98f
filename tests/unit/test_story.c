/* respond/story*.c and respond/page.c: which calls are steps, what the answers say, and that no
 * text of a log gets out of the page's data block. */
#include "respond/story.h"

#include "base/base64.h"
#include "respond/page.h"
#include "respond/prevention.h"
#include "respond/story_answer.h"
#include "tests/unit/support/story_case.h"

#define FRED            USER("U3", "fred", "AKIA3")
#define READ(time, who) CALL(time, "s3", "GetObject", who, "")
/* What a page must show as text: P7. The last is a right-to-left override. */
#define HOSTILE                                                                                    \
    "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>&amp;]]>\xe2\x80\xa8\xe2"   \
    "\x80\xae"

#define ESCAPED                                                                                    \
    "\\u003c/script\\u003e\\u003cscript\\u003ealert(1)\\u003c/script\\u003e\\u003c!--\\u003cimg "  \
    "src=x "                                                                                       \
    "onerror=alert(1)\\u003e\\u0026amp;]]\\u003e\\u2028\xe2\x80\xae"

static void read_record(struct story_case *t, const char *record, bool again)
{
    struct err e = {0};
    assert_true(again ? story_case_again(t, record, S("x"), &e)
                      : story_case_see(t, record, S("x"), &e));
}

/* The first reading is over. */
static void turn(struct story_case *t)
{
    struct err e = {0};
    assert_true(story_case_turn(t, S("a.json"), &e));
}

static void tell(struct story_case *t, const char *const *records, bool backwards)
{
    size_t n = 0;
    story_case_begin(t);
    while (records[n])
        n++;
    for (size_t k = 0; k < n; k++)
        read_record(t, records[backwards ? n - 1 - k : k], false);
    turn(t);
    for (size_t k = 0; k < n; k++)
        read_record(t, records[backwards ? n - 1 - k : k], true);
    story_case_end(t, (const unsigned char *)"0123456789abcdef0123456789abcdef", n);
}

/* ---- steps ---- */

/* "dana Bad*;dana CreateUser;eve Bad*;": whose, what, and * when an alert names it. */
static void put_steps(struct buf *b, const struct stories *s)
{
    for (size_t k = 0; k < s->steps.n; k++) {
        const struct story_step *t = story_step_at(s, k);
        const struct incident *i = &stories_at(s, t->story)->incident;
        const struct made_actor *a = vec_at(&i->actors, t->actor);
        struct str name = lineage_graph_node(&i->from->graph, a->node)->name;
        buf_put(b, str_skip(name, name.n > 4 ? name.n - 4 : 0));
        buf_putc(b, ' ');
        buf_put(b, t->text[STEP_NAME]);
        buf_putz(b, t->evidence ? "*;" : ";");
    }
}

static const struct step_case {
    const char *name, *steps;
    const char *records[CASE_RECORDS_MAX];
} step_cases[] = {
    {"all calls of an identity",
     "dana GetObject;dana Bad*;",
     {BAD("14:00:00", DANA), READ("13:00:00", DANA)}},
    {"strangers' calls are none", "dana Bad*;", {BAD("14:00:00", DANA), READ("14:00:00", FRED)}},
    {"of who was made, too",
     "dana Bad*;dana CreateUser;/eve GetObject;/eve Bad*;",
     {BAD("14:00:00", DANA), MADE_EVE("14:10:00"), READ("14:11:00", EVE), BAD("14:20:00", EVE)}},
    {"a copy is one", "dana Bad*;", {BAD("14:00:00", DANA), BAD("14:00:00", DANA)}},
    {"no incident, no step", "", {ODD("14:00:00", DANA)}},
};

static void takes_steps(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(step_cases); i++) {
        struct story_case t;
        struct buf b;
        buf_init(&b, 1u << 16);
        tell(&t, step_cases[i].records, false);
        put_steps(&b, &t.s);
        check_str(step_cases[i].name, buf_str(&b), str_of(step_cases[i].steps));
        buf_release(&b);
        story_case_release(&t);
    }
}

/* The order of the log shows nowhere (promise P1). */
static void tells_the_same_in_any_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(step_cases); i++) {
        struct buf told[2];
        for (size_t backwards = 0; backwards < 2; backwards++) {
            struct story_case t;
            buf_init(&told[backwards], 1u << 20);
            tell(&t, step_cases[i].records, backwards);
            stories_put_json(&told[backwards], &t.s, t.c.rules);
            stories_put_raw(&told[backwards], &t.s);
            story_case_release(&t);
        }
        check_str(step_cases[i].name, buf_str(&told[1]), buf_str(&told[0]));
        buf_release(&told[0]);
        buf_release(&told[1]);
    }
}

/* More steps than fit: what alerts name stays, and the rest is counted. */
static void is_bounded(void **state)
{
    static const uint32_t n = STORY_STEPS_MAX + STORY_STEPS_MAX / 2 + 7;
    struct story_case t;
    struct buf record;
    (void)state;
    buf_init(&record, 4096);
    story_case_begin(&t);
    read_record(&t, BAD("14:00:00", DANA), false);
    turn(&t);
    for (uint32_t k = 0; k < n; k++) {
        buf_reset(&record);
        buf_putf(&record,
                 "{\"eventID\":\"%u\",\"eventTime\":\"2026-03-17T13:00:00Z\",\"eventSource\":"
                 "\"s3.amazonaws.com\",\"eventName\":\"GetObject\",\"userIdentity\":" DANA "}",
                 (unsigned)k);
        read_record(&t, buf_z(&record), true);
    }
    read_record(&t, BAD("14:00:00", DANA), true);
    stories_end(&t.s);
    const struct story *story = stories_at(&t.s, 0);
    check_size("steps", story->n, STORY_STEPS_MAX);
    check_size("left out", story->cut, n + 1 - STORY_STEPS_MAX);
    check_true("evidence stays", story_step_at(&t.s, story->n - 1)->evidence);
    buf_release(&record);
    story_case_release(&t);
}

static void check_access(const char *source, const char *call, const char *access)
{
    check_str(call, str_of(story_access_name(story_access_of(str_of(source), str_of(call)))),
              str_of(access));
}

static void reads_access(void **state)
{
    static const struct {
        const char *call, *access;
    } cases[] = {
        {"GetObject", "read"},
        {"ConsoleLogin", "read"},
        {"AssumeRole", "read"},
        {"CreateUser", "changed"},
        {"PutBucketPolicy", "shared"},
        {"AddPermission20150331v2", "shared"},
        {"ModifySnapshotAttribute", "shared"},
        {"DeleteTrail", "deleted"},
        {"TerminateInstances", "deleted"},
        {"DeleteUserPolicy", "changed"},
        {"DetachUserPolicy", "changed"},
        {"StopLogging", "changed"},
        {"", "changed"},
    };
    static const struct {
        const char *source, *call, *access;
    } others[] = {
        {"vpcflow", "ACCEPT", "read"},
        {"okta", "user.session.start", "read"},
        {"okta", "security.session.detect_client_roaming", "read"},
        {"okta", "user.mfa.factor.deactivate", "changed"},
        {"okta", "application.lifecycle.delete", "deleted"},
        {"github", "git.clone", "read"},
        {"github", "repo.access", "shared"},
        {"github", "repo.destroy", "deleted"},
        {"github", "org.update_member", "changed"},
        {"k8s_audit", "list", "read"},
        {"k8s_audit", "deletecollection", "deleted"},
        {"k8s_audit", "create", "changed"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        check_access("iam.amazonaws.com", cases[i].call, cases[i].access);
    for (size_t i = 0; i < COUNT(others); i++)
        check_access(others[i].source, others[i].call, others[i].access);
    check_str("absent", str_of(story_access_name(story_access_of(STR_ABSENT, STR_ABSENT))),
              S("changed"));
}

/* ---- answers ---- */

static void answers(void **state)
{
    static const char *const records[] = {
        CALL("14:00:00", "iam", "Bad", DANA, ",\"requestParameters\":{\"userName\":\"eve\"}"),
        MADE_EVE("14:10:00"), BAD("14:20:00", EVE), NULL};
    struct story_case t;
    struct buf b;
    (void)state;
    buf_init(&b, 1u << 20);
    tell(&t, records, false);
    const struct story *story = stories_at(&t.s, 0);
    struct answer_items items;
    answer_items(&t.s, story, &items);
    answer_put_resources(&b, &items);
    check_str("resources", buf_str(&b), S("1 resource: changed 1. Sensitive: user eve (changed)."));
    check_size("both calls are of it", items.list[0].count, 2);
    buf_reset(&b);
    answer_put_happened(&b, &story->incident);
    check_str("happened", buf_str(&b), S("A bad call."));
    buf_reset(&b);
    answer_put_credentials(&b, &story->incident);
    check_str("credentials", buf_str(&b),
              S("user dana with key AKIA1. They became or made user eve with key AKIA2."));
    buf_reset(&b);
    answer_put_entry(&b, &t.s, story);
    check_str(
        "entry", buf_str(&b),
        S("Long-lived access key AKIA1 of user dana; the first call that an alert tells of is "
          "Bad at 2026-03-17T14:00:00Z from 198.51.100.7. How the key got out is not in the "
          "logs."));
    buf_reset(&b);
    story_put_text(&b, &t.s, story, false);
    struct str lanes = str_skip(buf_str(&b), str_find(buf_str(&b), S("\n  user dana\n"), 0));
    check_str("lanes", lanes,
              S("\n  user dana\n"
                "    03-17T14:00:00 * Bad  user eve\n"
                "    03-17T14:10:00   CreateUser  user eve\n"
                "  user eve, created by dana at 03-17T14:10:00\n"
                "    03-17T14:20:00 * Bad\n"
                "  3 steps of 2 identities; * is named by an alert.\n"));
    buf_release(&b);
    story_case_release(&t);
}

static void knows_preventions(void **state)
{
    (void)state;
    check_true("a sub-technique's own",
               str_starts(prevention_of(S("T1562.008")), S("Organisation")));
    check_str("else its technique's", prevention_of(S("T1110.003")), prevention_of(S("T1110")));
    check_false("unknown", str_present(prevention_of(S("T9999.001"))));
    check_false("absent", str_present(prevention_of(STR_ABSENT)));
}

/* ---- the page ---- */

static struct str between(struct str all, const char *from, const char *to)
{
    struct str found = story_page_between(all, from, to);
    assert_true(str_present(found));
    return found;
}

static void put_hash(struct buf *b, struct str block)
{
    unsigned char raw[SHA256_BYTES];
    struct sha256 h;
    sha256_init(&h);
    sha256_add(&h, block);
    sha256_end(&h, raw);
    buf_putz(b, "'sha256-");
    buf_put_base64(b, str_n((const char *)raw, sizeof raw));
    buf_putc(b, '\'');
}

/* What the browser takes for data is what the log said, and nothing of it is markup. */
static void shows_hostile_text_as_text(void **state)
{
    static const char *const records[] = {
        CALL("14:00:00", "iam", "Bad", DANA, ",\"userAgent\":\"" HOSTILE "\""), NULL};
    struct err e = {0};
    struct story_case t;
    struct buf page;
    (void)state;
    buf_init(&page, 4u << 20);
    tell(&t, records, false);
    assert_true(page_write(&t.s, t.c.rules, story_page_keep, &page, &e));
    struct str all = buf_str(&page);
    struct str data = between(all, "id=\"data\">", "</script>");
    struct str raw = between(all, "id=\"raw\">", "</script>");
    check_true("no markup in the data", str_find_byte(data, '<', 0) == SIZE_MAX &&
                                            str_find_byte(data, '>', 0) == SIZE_MAX &&
                                            str_find_byte(data, '&', 0) == SIZE_MAX);
    check_true("nor in the records", str_find_byte(raw, '<', 0) == SIZE_MAX);
    check_true("nor in the text", str_find(between(all, "<noscript><pre>", "</pre></noscript>"),
                                           S("<"), 0) == SIZE_MAX);
    check_true("but the text is there", str_find(data, S("\"" ESCAPED "\""), 0) != SIZE_MAX);
    check_true("in the record too", str_find(raw, S(ESCAPED), 0) != SIZE_MAX);
    buf_release(&page);
    story_case_release(&t);
}

static void allows_its_own_blocks_only(void **state)
{
    static const char *const records[] = {BAD("14:00:00", DANA), NULL};
    struct err e = {0};
    struct story_case t;
    struct buf page, want;
    (void)state;
    buf_init(&page, 4u << 20);
    buf_init(&want, 4096);
    tell(&t, records, false);
    assert_true(page_write(&t.s, t.c.rules, story_page_keep, &page, &e));
    struct str all = buf_str(&page);
    buf_putz(&want, "default-src 'none'; script-src ");
    put_hash(&want, between(all, "<script>", "</script>"));
    buf_putz(&want, "; style-src ");
    put_hash(&want, between(all, "<style>", "</style>"));
    buf_putz(&want, "; img-src data:; base-uri 'none'; form-action 'none'; "
                    "require-trusted-types-for 'script'; trusted-types 'none'");
    check_str("policy", between(all, "Content-Security-Policy\" content=\"", "\">"),
              buf_str(&want));
    buf_release(&page);
    buf_release(&want);
    story_case_release(&t);
}

/* Session tokens do not leave (promise P5). */
static void keeps_no_secret(void **state)
{
    static const char *const records[] = {
        CALL("14:00:00", "iam", "Bad", DANA,
             ",\"responseElements\":{\"credentials\":{\"sessionToken\":\"FwoGZXIvYXdzEXAMPLE\"}}"),
        NULL};
    struct story_case t;
    struct buf b;
    (void)state;
    buf_init(&b, 1u << 20);
    tell(&t, records, false);
    stories_put_raw(&b, &t.s);
    check_true("the record is there", str_find(buf_str(&b), S("sessionToken"), 0) != SIZE_MAX);
    check_true("its secret is not", str_find(buf_str(&b), S("FwoGZX"), 0) == SIZE_MAX);
    buf_release(&b);
    story_case_release(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_steps),
        cmocka_unit_test(tells_the_same_in_any_order),
        cmocka_unit_test(is_bounded),
        cmocka_unit_test(reads_access),
        cmocka_unit_test(answers),
        cmocka_unit_test(knows_preventions),
        cmocka_unit_test(shows_hostile_text_as_text),
        cmocka_unit_test(allows_its_own_blocks_only),
        cmocka_unit_test(keeps_no_secret),
    };
    return cmocka_run_group_tests_name("story", tests, NULL, NULL);
}
