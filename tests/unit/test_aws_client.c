/* aws/client and aws/chain as far as no server is needed; the rest is in
 * tests/e2e/test_aws_client.py.
 */
#include "aws/client.h"

#include "tests/unit/support/alloc.h"
#include "tests/unit/support/check.h"
#include "tests/unit/support/fake_world.h"

static struct aws_request any_call(void)
{
    return (struct aws_request){
        .service = AWS_SNS, .action = "Publish", .method = "POST", .body = S("")};
}

static void check_failure(const char *name, struct fake_world *f, int64_t deadline_ms,
                          enum err_kind kind, const char *sentence)
{
    const struct aws_world world = fake_world(f);
    struct err e = {0};
    struct aws_reply reply;
    struct aws_client *c = aws_client_new(&world, NULL, &e);
    assert_non_null(c);
    const struct aws_request request = any_call();
    aws_client_set_deadline(c, deadline_ms);
    aws_reply_init(&reply, 1000);
    check_false(name, aws_call(c, &request, &reply, &e));
    check_int(name, e.kind, kind);
    check_str(name, str_of(e.text), str_of(sentence));
    check_int(name, reply.http.status, 0);
    check_int(name, reply.attempts, 1);
    aws_reply_release(&reply);
    aws_client_free(c);
}

static void fails_before_it_sends(void **state)
{
    struct fake_world nothing = {
        .env = {{"AWS_EC2_METADATA_DISABLED", "TRUE"}, {"AWS_REGION", "eu-west-1"}}};
    struct fake_world no_region = {
        .env = {{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_SECRET_ACCESS_KEY", "S"}}};
    struct fake_world half = {.env = {{"AWS_ACCESS_KEY_ID", "A"}, {"AWS_REGION", "eu-west-1"}}};
    struct fake_world whole = {.env = {{"AWS_ACCESS_KEY_ID", "A"},
                                       {"AWS_SECRET_ACCESS_KEY", "S"},
                                       {"AWS_REGION", "eu-west-1"}},
                               .mono_ms = 5000};
    (void)state;
    check_failure("no credentials", &nothing, PACE_NO_DEADLINE, ERR_USAGE,
                  "sns Publish: no AWS credentials: not in the environment, the shared files, a "
                  "container's or an instance's metadata");
    check_failure("no region", &no_region, PACE_NO_DEADLINE, ERR_USAGE,
                  "sns Publish: no AWS region: set AWS_REGION or the profile's region");
    check_failure("half a key", &half, PACE_NO_DEADLINE, ERR_USAGE,
                  "sns Publish: the AWS credentials of the environment lack the secret access key");
    check_failure("deadline passed", &whole, 5000, ERR_RETRY,
                  "sns Publish: no time was left for it");
}

/* Calls side by side: what is asked for and what is handed over. */
struct asked {
    size_t made, taken;
    size_t refuse_at; /* make says no here */
};

static bool make(void *to, size_t i, size_t lane, struct aws_request *out, struct err *e)
{
    struct asked *a = to;
    check_size("numbers in order", i, a->made);
    check_true("lane", lane < HTTP_LANES);
    if (i == a->refuse_at)
        return err_set(e, ERR_INPUT, "not this one");
    a->made++;
    *out = any_call();
    return true;
}

static bool take(void *to, size_t i, size_t lane, const struct aws_reply *reply, enum err_kind how,
                 bool *more, struct err *e)
{
    struct asked *a = to;
    (void)i;
    (void)lane;
    (void)reply;
    (void)how;
    (void)more;
    (void)e;
    a->taken++;
    return true;
}

static void check_many(const char *name, struct fake_world *f, int64_t deadline_ms, size_t n,
                       struct asked *a, enum err_kind kind, const char *sentence)
{
    const struct aws_world world = fake_world(f);
    const struct aws_many many = {a, n, 1000, make, take};
    struct err e = {0};
    struct aws_client *c = aws_client_new(&world, NULL, &e);
    assert_non_null(c);
    aws_client_set_deadline(c, deadline_ms);
    check_int(name, aws_call_many(c, &many, &e), kind == ERR_NONE);
    check_int(name, e.kind, kind);
    check_str(name, str_of(e.text), str_of(sentence));
    check_size(name, a->taken, 0);
    aws_client_free(c);
}

static void many_fail_before_they_are_sent(void **state)
{
    struct fake_world nothing = {
        .env = {{"AWS_EC2_METADATA_DISABLED", "TRUE"}, {"AWS_REGION", "eu-west-1"}}};
    struct fake_world whole = {.env = {{"AWS_ACCESS_KEY_ID", "A"},
                                       {"AWS_SECRET_ACCESS_KEY", "S"},
                                       {"AWS_REGION", "eu-west-1"}},
                               .mono_ms = 5000};
    struct asked none = {.refuse_at = SIZE_MAX}, first = none, late = none, no = {.refuse_at = 3};
    (void)state;
    check_many("no calls", &nothing, PACE_NO_DEADLINE, 0, &none, ERR_NONE, "");
    check_many("no credentials", &nothing, PACE_NO_DEADLINE, 100, &first, ERR_USAGE,
               "sns Publish: no AWS credentials: not in the environment, the shared files, a "
               "container's or an instance's metadata");
    check_many("deadline passed", &whole, 5000, 100, &late, ERR_RETRY,
               "sns Publish: no time was left for it");
    check_many("make refuses", &whole, PACE_NO_DEADLINE, 100, &no, ERR_INPUT, "not this one");
    check_size("lanes were filled once", first.made, HTTP_LANES);
    check_size("lanes were filled once", late.made, HTTP_LANES);
    check_size("nothing was sent", no.made, 3);
}

static void names_the_region(void **state)
{
    struct fake_world f = {.env = {{"AWS_DEFAULT_REGION", "eu-west-1"}}};
    const struct aws_world world = fake_world(&f);
    const struct aws_options asked = {.region = "ap-south-1"};
    struct str region;
    struct err e = {0};
    (void)state;
    struct aws_client *c = aws_client_new(&world, NULL, &e);
    check_true("default", aws_client_region(c, &region, &e));
    check_str("default", region, S("eu-west-1"));
    f.env[1][0] = "AWS_REGION";
    f.env[1][1] = "eu-west-2";
    check_true("region", aws_client_region(c, &region, &e));
    check_str("region", region, S("eu-west-2"));
    aws_client_free(c);
    c = aws_client_new(&world, &asked, &e);
    check_true("asked", aws_client_region(c, &region, &e));
    check_str("asked", region, S("ap-south-1"));
    aws_client_free(c);
}

static void is_made_or_not(void **state)
{
    struct fake_world f = {.wall_ms = 0};
    const struct aws_world world = fake_world(&f);
    struct aws_client *c = NULL;
    (void)state;
    for (size_t n = 1; !c; n++) {
        struct err e = {0};
        alloc_fail_at(n);
        c = aws_client_new(&world, NULL, &e);
        alloc_works();
        check_int("a reason", e.kind, c ? ERR_NONE : ERR_SYSTEM);
        assert_true(n < 20);
    }
    aws_client_free(c);
    aws_client_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fails_before_it_sends),
        cmocka_unit_test(many_fail_before_they_are_sent),
        cmocka_unit_test(names_the_region),
        cmocka_unit_test(is_made_or_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
