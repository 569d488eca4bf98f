/* Contains a user made for it. */
#include "handlers/selftest.h"

#include "base/escape.h"

#define RANDOM_BYTES 4
#define NAME_MAX     (sizeof SELFTEST_NAME + 2 * RANDOM_BYTES)
#define ARN_MAX      256 /* arn:aws-iso-b:iam::111122223333:user/ and the name */
#define PAUSE_MS     1000
#define POLICY       "trailwarden-self-test"

/* Enough to tell denied from allowed, and no more. */
static const char allow_get_user[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
    "\"Action\":\"iam:GetUser\",\"Resource\":\"*\"}]}";

struct testing {
    struct container *c;
    const struct ports *ports;
    struct selftest_says says;
    const struct contain_own *own;
    struct iam_at at; /* our own account */
    struct buf name, arn;
    struct iam_answer key; /* the user's: id, secret */
    struct iam_answer answer;
    bool made; /* there is, or may be, a user to delete */
};

static bool call_into(struct testing *t, struct iam_call call, struct iam_answer *out,
                      struct err *e)
{
    call.at = call.at ? call.at : &t->at;
    call.name = buf_str(&t->name);
    return t->ports->iam.call(t->ports->iam.self, &call, out, e);
}

static bool call(struct testing *t, struct iam_call what, struct err *e)
{
    return call_into(t, what, &t->answer, e);
}

static void say(struct testing *t, const char *sentence)
{
    t->says.say(t->says.to, sentence);
}

/* ---- making ---- */

static bool begin(struct testing *t, struct err *e)
{
    unsigned char raw[RANDOM_BYTES];
    if (!container_own(t->c, &t->own, e) ||
        !t->ports->random.fill(t->ports->random.self, raw, sizeof raw, e))
        return false;
    t->at = (struct iam_at){.partition = t->own->partition, .account = t->own->account};
    buf_putz(&t->name, SELFTEST_NAME);
    buf_put_hex(&t->name, raw, sizeof raw);
    buf_putz(&t->arn, "arn:");
    buf_put(&t->arn, t->own->partition);
    buf_putz(&t->arn, ":iam::");
    buf_put(&t->arn, t->own->account);
    buf_putz(&t->arn, ":user/");
    buf_put(&t->arn, buf_str(&t->name));
    return buf_ok(&t->arn, "an ARN", e);
}

static bool make(struct testing *t, struct err *e)
{
    t->made = true;
    if (!call(t, (struct iam_call){.action = IAM_CREATE_USER}, e)) {
        t->made = t->answer.result == IAM_LATER; /* nobody knows */
        return false;
    }
    return call(t,
                (struct iam_call){.action = IAM_PUT_USER_POLICY,
                                  .policy = S(POLICY),
                                  .document = str_of(allow_get_user)},
                e) &&
           call_into(t, (struct iam_call){.action = IAM_CREATE_ACCESS_KEY}, &t->key, e);
}

/* ---- proving ---- */

/* Tries with the user's key until it may, or may not, ask IAM who he is. */
static bool wait_for(struct testing *t, bool allowed, struct err *e)
{
    const struct port_clock *clock = &t->ports->clock;
    int64_t end_ms = clock->now_ms(clock->self) + SELFTEST_VISIBLE_MS;
    struct iam_at as = t->at;
    struct err why = {0};
    as.key_id = t->key.id;
    as.secret = buf_str(&t->key.secret);
    for (;;) {
        bool ok = call(t, (struct iam_call){.action = IAM_GET_USER, .at = &as}, &why);
        if (ok == allowed && (ok || t->answer.result == IAM_DENIED))
            return true;
        if (clock->now_ms(clock->self) >= end_ms)
            break;
        t->ports->state.pause(t->ports->state.self, PAUSE_MS);
    }
    return allowed ? err_set(e, ERR_LIMIT, "the user's key is still refused: %s", why.text)
                   : err_set(e, ERR_LIMIT, "the user's key is still good for iam:GetUser");
}

static bool give_order(struct testing *t, enum contain_order_verb verb, struct err *e)
{
    struct contain_report report;
    const struct contain_order order = {.verb = verb, .principal = buf_str(&t->arn)};
    if (!container_order(t->c, &order, &report, e))
        return false;
    if (report.n == 1 && report.list[0].done)
        return true;
    struct str why = report.n ? report.list[0].why : S("nobody was found");
    return err_set(e, ERR_DENIED, "%s: %.*s", verb == ORDER_RELEASE ? "release" : "contain",
                   (int)why.n, str_present(why) ? why.p : "");
}

static bool prove(struct testing *t, struct err *e)
{
    if (!wait_for(t, true, e))
        return false;
    say(t, "1. a user was made, and its key may call iam:GetUser");
    if (!give_order(t, ORDER_CONTAIN, e) || !wait_for(t, false, e))
        return false;
    say(t, "2. contained: the same call is refused");
    if (!give_order(t, ORDER_RELEASE, e) || !wait_for(t, true, e))
        return false;
    say(t, "3. released: it is allowed again");
    return true;
}

/* ---- removing ---- */

/* What is there no more needs no removing. */
static void remove_part(struct testing *t, struct iam_call part, bool *ok, struct err *e)
{
    struct err why = {0};
    if (call(t, part, &why) || t->answer.result == IAM_NO_SUCH)
        return;
    if (*ok)
        *e = why; /* the first says what the others come from */
    *ok = false;
}

/* As they are listed: of a call that got no answer nobody knows what it made. */
static void remove_keys(struct testing *t, bool *ok, struct err *e)
{
    struct iam_answer keys;
    iam_answer_init(&keys);
    if (!call_into(t, (struct iam_call){.action = IAM_LIST_ACCESS_KEYS}, &keys, NULL))
        keys.n_items = 0; /* then deleting the user fails, and says why */
    for (size_t i = 0; i < keys.n_items; i++)
        remove_part(t, (struct iam_call){.action = IAM_DELETE_ACCESS_KEY, .id = keys.items[i].id},
                    ok, e);
    iam_answer_release(&keys);
}

static void remove_user(struct testing *t, bool *ok, struct err *e)
{
    struct buf deny_all;
    buf_init(&deny_all, ARN_MAX);
    policy_put_deny_all_arn(&deny_all, t->own->partition);
    remove_keys(t, ok, e);
    remove_part(t, (struct iam_call){.action = IAM_DELETE_USER_POLICY, .policy = S(POLICY)}, ok, e);
    remove_part(t,
                (struct iam_call){.action = IAM_DETACH_USER_POLICY, .policy = buf_str(&deny_all)},
                ok, e);
    remove_part(t, (struct iam_call){.action = IAM_DELETE_USER}, ok, e);
    buf_release(&deny_all);
}

/* A failure of the proof comes before one of the removal; a user that is left is told in any case.
 */
static bool remove_all(struct testing *t, bool proved, struct err *e)
{
    struct err why = {0};
    bool removed = true;
    if (!t->made)
        return proved;
    if (!proved) {
        struct err ignored;
        bool released = give_order(t, ORDER_RELEASE, &ignored);
        (void)released; /* what is left of it is seen below */
    }
    remove_user(t, &removed, &why);
    if (removed && proved)
        say(t, "4. the user was deleted");
    if (removed)
        return proved;
    struct str name = buf_str(&t->name);
    if (proved)
        return err_set(e, ERR_DENIED, "user %.*s is left, delete it: %s", (int)name.n, name.p,
                       why.text);
    return err_wrap(e, "user %.*s is left, delete it (%.200s)", (int)name.n, name.p, why.text);
}

bool selftest_run(struct container *c, const struct ports *ports, struct selftest_says says,
                  struct err *e)
{
    struct testing t = {.c = c, .ports = ports, .says = says};
    buf_init(&t.name, NAME_MAX);
    buf_init(&t.arn, ARN_MAX);
    iam_answer_init(&t.key);
    iam_answer_init(&t.answer);
    bool ok = begin(&t, e) && make(&t, e) && prove(&t, e);
    ok = remove_all(&t, ok, e);
    iam_answer_release(&t.answer);
    iam_answer_release(&t.key);
    buf_release(&t.arn);
    buf_release(&t.name);
    return ok;
}
