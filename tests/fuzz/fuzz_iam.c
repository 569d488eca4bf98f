/* Answers of IAM and the others, for the call that the first byte names, in one page and in two:
 * whatever comes, what is called read has what that call must tell, and lists stay bounded. The
 * same bytes as arguments of the call: none makes a parameter of its own. */
#include <stdlib.h>

#include "adapters/iam_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_answer(const struct iam_answer *a, enum iam_action action)
{
    if (a->n_items > IAM_ITEMS_MAX || (a->n_items && !a->items))
        abort();
    if ((action == IAM_GET_USER || action == IAM_GET_ROLE) &&
        (!str_present(a->id) || !str_present(a->name) || !str_present(a->arn)))
        abort();
    if ((action == IAM_GET_USER_POLICY || action == IAM_GET_ROLE_POLICY) &&
        !str_present(a->document))
        abort();
    if (action == IAM_GET_CALLER_IDENTITY && !str_present(a->account))
        abort();
}

static void read_pages(enum iam_action action, struct str body, bool twice)
{
    struct iam_answer a;
    struct iam_reading r;
    struct err e;
    iam_answer_init(&a);
    iam_reading_init(&r, action, &a);
    bool ok = iam_read_page(&r, body, &e);
    if (twice)
        ok = ok && r.marker.n && iam_read_page(&r, body, &e);
    if (ok && iam_read_end(&r, &e))
        check_answer(&a, action);
    iam_reading_release(&r);
    iam_answer_release(&a);
}

/* Parameters of the request; 0: it is refused. */
static size_t parameters(const struct iam_call *call)
{
    struct iam_request r;
    struct err e;
    size_t n = 0;
    iam_request_init(&r);
    if (iam_put_request(call, STR_ABSENT, &r, &e)) {
        n = 1;
        const struct str body = buf_str(&r.body);
        for (size_t i = 0; i < body.n && body.p[0] != '{'; i++)
            n += body.p[i] == '&';
    }
    iam_request_release(&r);
    return n;
}

static void put_arguments(enum iam_action action, struct str s)
{
    struct iam_call call = {.action = action,
                            .name = S("a"),
                            .policy = S("arn:aws:iam::aws:policy/AWSDenyAll"),
                            .document = S("{}"),
                            .id = S("0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"),
                            .tag = S("t"),
                            .value = S("v"),
                            .secret = S("s")};
    const size_t usual = parameters(&call);
    struct str *const members[] = {&call.name,  &call.policy, &call.document, &call.id,
                                   &call.value, &call.tag,    &call.secret};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const struct str before = *members[i];
        *members[i] = s;
        const size_t n = parameters(&call);
        if (n && usual && n != usual)
            abort();
        *members[i] = before;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const enum iam_action action = (enum iam_action)(data[0] % IAM_ASSUME_ROLE);
    const struct str body = str_n((const char *)data + 1, size - 1);
    read_pages(action, body, false);
    read_pages(action, body, true);
    put_arguments(action, body);
    return 0;
}
