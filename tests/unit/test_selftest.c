/* handlers/selftest: what is proved, and that nothing is left behind, whichever call fails. The
 * model is one account of IAM in which at most the test's own user is. */
#include "handlers/selftest.h"

#include "adapters/state_memory.h"
#include "tests/unit/support/check.h"

#define ACCOUNT "111122223333"
#define OWN_ARN "arn:aws:sts::" ACCOUNT ":assumed-role/operator/ann"
#define KEY     "AKIAZ2EXAMPLE6MS"

#define CALLS_MAX 200 /* a whole run makes some 40 */

struct model {
    bool user, policy, key, key_active, denied;
    bool blunt; /* deny has no effect, as with a configuration that does not contain */
    int64_t now_ms;
    unsigned calls, fail_at;  /* 0: none fails */
    bool fail_from;           /* all from there on fail */
    bool fail_after;          /* it is done, but no answer comes */
    enum iam_result fail_how; /* IAM_DENIED, IAM_LATER */
    unsigned said;            /* sentences */
    struct iam_item item;
};

static bool answer(struct iam_answer *out, enum iam_result r, struct err *e)
{
    out->result = r;
    return r == IAM_OK || err_set(e, ERR_DENIED, "the model says %s", iam_result_name(r));
}

static enum iam_result tell_item(struct model *m, struct iam_answer *out, bool there,
                                 struct iam_item item)
{
    if (!m->user)
        return IAM_NO_SUCH;
    m->item = item;
    out->items = &m->item;
    out->n_items = there;
    return IAM_OK;
}

static enum iam_result tell_user(const struct model *m, const struct iam_call *call,
                                 struct iam_answer *out)
{
    if (!m->user)
        return IAM_NO_SUCH;
    out->name = arena_str(&out->memory, call->name);
    out->id = S("AIDAZ2EXAMPLETEST");
    out->path = S("/");
    return IAM_OK;
}

/* A call that the user's key signs: iam:GetUser and nothing else. */
static enum iam_result as_user(const struct model *m, const struct iam_call *call)
{
    bool good = m->user && m->policy && m->key && str_eqz(call->at->key_id, KEY) &&
                str_eqz(call->at->secret, "secret") && call->action == IAM_GET_USER;
    bool shut = (m->denied || !m->key_active) && !m->blunt;
    return good && !shut ? IAM_OK : IAM_DENIED;
}

static enum iam_result set(bool user, bool *what, bool value)
{
    if (!user || (!value && !*what))
        return IAM_NO_SUCH;
    *what = value;
    return IAM_OK;
}

static enum iam_result read_it(struct model *m, const struct iam_call *call, struct iam_answer *out)
{
    switch (call->action) {
    case IAM_GET_CALLER_IDENTITY:
        out->account = S(ACCOUNT);
        out->arn = S(OWN_ARN);
        out->id = S("AROAZ2EXAMPLEOPER:ann");
        return IAM_OK;
    case IAM_GET_USER:
        return tell_user(m, call, out);
    case IAM_LIST_ATTACHED_USER_POLICIES:
        return tell_item(m, out, m->denied,
                         (struct iam_item){.name = S("AWSDenyAll"),
                                           .id = S("arn:aws:iam::aws:policy/AWSDenyAll")});
    case IAM_LIST_USER_POLICIES:
        return tell_item(m, out, m->policy, (struct iam_item){.name = S("trailwarden-self-test")});
    case IAM_GET_USER_POLICY:
        out->document = S("{}");
        return m->policy ? IAM_OK : IAM_NO_SUCH;
    case IAM_LIST_ACCESS_KEYS:
        return tell_item(m, out, m->key, (struct iam_item){.id = S(KEY), .active = m->key_active});
    default:
        return IAM_NO_SUCH;
    }
}

static enum iam_result write_it(struct model *m, const struct iam_call *call,
                                struct iam_answer *out)
{
    switch (call->action) {
    case IAM_CREATE_USER:
        assert_true(str_starts(call->name, S(SELFTEST_NAME)));
        m->user = true;
        return tell_user(m, call, out);
    case IAM_PUT_USER_POLICY:
        return set(m->user, &m->policy, true);
    case IAM_DELETE_USER_POLICY:
        return set(m->user, &m->policy, false);
    case IAM_CREATE_ACCESS_KEY:
        out->id = S(KEY);
        buf_putz(&out->secret, "secret");
        m->key_active = true;
        return set(m->user, &m->key, true);
    case IAM_UPDATE_ACCESS_KEY:
        m->key_active = call->active;
        return m->key ? IAM_OK : IAM_NO_SUCH;
    case IAM_DELETE_ACCESS_KEY:
        return set(m->user, &m->key, false);
    case IAM_ATTACH_USER_POLICY:
        return set(m->user, &m->denied, true);
    case IAM_DETACH_USER_POLICY:
        return set(m->user, &m->denied, false);
    case IAM_DELETE_USER:
        if (m->policy || m->key || m->denied)
            return IAM_CONFLICT;
        return set(m->user, &m->user, false);
    default:
        fail_msg("%s was called", iam_actions[call->action].name);
        return IAM_BROKEN;
    }
}

static bool model_call(void *self, const struct iam_call *call, struct iam_answer *out,
                       struct err *e)
{
    struct model *m = self;
    iam_answer_reset(out);
    assert_true(++m->calls < 10000);
    m->now_ms += 1000; /* each call takes a second; state_memory's pause none */
    bool fails = m->fail_at && (m->calls == m->fail_at || (m->fail_from && m->calls > m->fail_at));
    if (fails && !m->fail_after)
        return answer(out, m->fail_how, e);
    enum iam_result r = call->at && str_present(call->at->key_id) ? as_user(m, call)
                        : iam_actions[call->action].writes        ? write_it(m, call, out)
                                                                  : read_it(m, call, out);
    return answer(out, fails ? m->fail_how : r, e);
}

/* ---- the rest of the world ---- */

static int64_t now_ms(void *self)
{
    return ((struct model *)self)->now_ms;
}

static int64_t left_ms(void *self)
{
    (void)self;
    return 60000;
}

static bool fill(void *self, void *bytes, size_t n, struct err *e)
{
    (void)self;
    (void)e;
    memset(bytes, 0xab, n);
    return true;
}

static void say(void *to, const char *sentence)
{
    assert_non_null(sentence);
    ((struct model *)to)->said++;
}

static bool run(struct model *m, struct err *e)
{
    struct state_memory *state = state_memory_new();
    struct contain_config config;
    contain_config_init(&config);
    struct ports ports = {.clock = {m, now_ms, left_ms},
                          .random = {NULL, fill},
                          .state = state_memory_port(state),
                          .iam = {m, model_call}};
    const struct contain_setup setup = {
        .config = &config, .mode = CONTAIN_AUTO, .by_operator = true};
    m->now_ms = 1773756311250LL;
    struct container *c = container_new(&setup, &ports, (struct contain_calls){0}, e);
    assert_non_null(c);
    bool ok = selftest_run(c, &ports, (struct selftest_says){m, say}, e);
    container_free(c);
    contain_config_release(&config);
    state_memory_free(state);
    return ok;
}

static void test_proves_and_removes(void **state)
{
    (void)state;
    struct model m = {0};
    struct err e = {0};
    if (!run(&m, &e))
        fail_msg("%s", e.text);
    check_size("sentences", m.said, 4);
    check_false("the user is there", m.user);
}

static void test_tells_when_the_denial_has_no_effect(void **state)
{
    (void)state;
    struct model m = {.blunt = true};
    struct err e = {0};
    assert_false(run(&m, &e));
    assert_non_null(strstr(e.text, "still good"));
    check_size("sentences", m.said, 1);
    check_false("the user is there", m.user);
    assert_true(m.now_ms >= 1773756311250LL + SELFTEST_VISIBLE_MS);
}

/* One call fails, then IAM answers again: nothing is left, or the sentence names who is. */
static void test_leaves_nobody_unnamed_whichever_call_fails(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool from, after;
        enum iam_result how;
    } cases[] = {
        {"one is denied", false, false, IAM_DENIED},
        {"one gets no answer", false, false, IAM_LATER},
        {"one is done without an answer", false, true, IAM_LATER},
        {"all are denied from there on", true, false, IAM_DENIED},
        {"all get no answer from there on", true, true, IAM_LATER},
    };
    for (size_t k = 0; k < COUNT(cases); k++)
        for (unsigned n = 1; n < CALLS_MAX; n++) {
            struct model m = {.fail_at = n,
                              .fail_from = cases[k].from,
                              .fail_after = cases[k].after,
                              .fail_how = cases[k].how};
            struct err e = {0};
            bool ok = run(&m, &e);
            if (ok && m.calls < n)
                break; /* it never came to call n */
            if (ok)
                check_false(cases[k].name, m.user);
            else if (m.user && !strstr(e.text, SELFTEST_NAME "abababab"))
                fail_msg("%s, call %u: the user is left, unnamed: %s", cases[k].name, n, e.text);
            if (n == CALLS_MAX - 1)
                fail_msg("%s: it never ends", cases[k].name);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proves_and_removes),
        cmocka_unit_test(test_tells_when_the_denial_has_no_effect),
        cmocka_unit_test(test_leaves_nobody_unnamed_whichever_call_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
