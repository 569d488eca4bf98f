/* handlers/iam: the list of calls, and what holds an answer. */
#include "handlers/iam.h"

#include "tests/unit/support/check.h"

/* Every action has a name, no two the same of one service. */
static void names_every_action(void **state)
{
    (void)state;
    for (size_t i = 0; i < IAM_ACTIONS; i++) {
        assert_non_null(iam_actions[i].name);
        assert_non_null(iam_actions[i].service);
        for (size_t k = 0; k < i; k++)
            check_false(iam_actions[i].name,
                        str_eqz(str_of(iam_actions[k].name), iam_actions[i].name) &&
                            str_eqz(str_of(iam_actions[k].service), iam_actions[i].service));
    }
}

/* What only reads is called so, all else writes: nobody grants one for the other. */
static void tells_reads_from_writes(void **state)
{
    static const char *const reads[] = {"Get", "List", "Describe"};
    (void)state;
    for (size_t i = 0; i < IAM_ACTIONS; i++) {
        bool read = false;
        for (size_t k = 0; k < COUNT(reads); k++)
            read |= str_starts(str_of(iam_actions[i].name), str_of(reads[k]));
        check_int(iam_actions[i].name, iam_actions[i].writes, !read);
    }
}

static void pairs_users_with_roles(void **state)
{
    static const struct {
        enum iam_action user;
        const char *of_user, *of_role;
    } cases[] = {
        {IAM_GET_USER, "GetUser", "GetRole"},
        {IAM_LIST_ATTACHED_USER_POLICIES, "ListAttachedUserPolicies", "ListAttachedRolePolicies"},
        {IAM_LIST_USER_POLICIES, "ListUserPolicies", "ListRolePolicies"},
        {IAM_GET_USER_POLICY, "GetUserPolicy", "GetRolePolicy"},
        {IAM_ATTACH_USER_POLICY, "AttachUserPolicy", "AttachRolePolicy"},
        {IAM_DETACH_USER_POLICY, "DetachUserPolicy", "DetachRolePolicy"},
        {IAM_PUT_USER_POLICY, "PutUserPolicy", "PutRolePolicy"},
        {IAM_DELETE_USER_POLICY, "DeleteUserPolicy", "DeleteRolePolicy"},
        {IAM_PUT_USER_BOUNDARY, "PutUserPermissionsBoundary", "PutRolePermissionsBoundary"},
        {IAM_DELETE_USER_BOUNDARY, "DeleteUserPermissionsBoundary",
         "DeleteRolePermissionsBoundary"},
        {IAM_TAG_USER, "TagUser", "TagRole"},
        {IAM_UNTAG_USER, "UntagUser", "UntagRole"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        check_str(cases[i].of_user, str_of(iam_actions[iam_of(cases[i].user, false)].name),
                  str_of(cases[i].of_user));
        check_str(cases[i].of_role, str_of(iam_actions[iam_of(cases[i].user, true)].name),
                  str_of(cases[i].of_role));
    }
}

static void names_every_result(void **state)
{
    (void)state;
    for (int r = 0; r < IAM_RESULTS; r++)
        assert_non_null(iam_result_name((enum iam_result)r));
    check_str("limit", str_of(iam_result_name(IAM_LIMIT)), S("limit"));
}

static void forgets_the_answer_before(void **state)
{
    struct iam_answer a;
    (void)state;
    iam_answer_init(&a);
    a.name = arena_str(&a.memory, S("ann"));
    a.n_items = 1;
    a.active = true;
    a.result = IAM_DENIED;
    buf_put(&a.secret, S("wJalr"));
    iam_answer_reset(&a);
    check_str("name", a.name, STR_ABSENT);
    check_str("code", a.code, S(""));
    check_size("items", a.n_items, 0);
    check_size("secret", a.secret.n, 0);
    check_false("active", a.active);
    check_int("result", a.result, IAM_OK);
    a.name = arena_str(&a.memory, S("bob")); /* usable again */
    buf_put(&a.secret, S("again"));
    check_str("name", a.name, S("bob"));
    check_true("secret", !a.secret.failed);
    iam_answer_release(&a);
}

static void finds_items(void **state)
{
    static const struct iam_item items[] = {{.name = {"a", 1}, .id = {"1", 1}},
                                            {.name = {"b", 1}, .id = {"2", 1}}};
    const struct iam_answer a = {.items = items, .n_items = COUNT(items)};
    (void)state;
    assert_ptr_equal(iam_answer_by_id(&a, S("2")), &items[1]);
    assert_ptr_equal(iam_answer_by_name(&a, S("a")), &items[0]);
    assert_null(iam_answer_by_id(&a, S("a")));
    assert_null(iam_answer_by_name(&a, STR_ABSENT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_every_action),        cmocka_unit_test(tells_reads_from_writes),
        cmocka_unit_test(pairs_users_with_roles),    cmocka_unit_test(names_every_result),
        cmocka_unit_test(forgets_the_answer_before), cmocka_unit_test(finds_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
