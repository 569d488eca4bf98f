/* Invoke. */
#include "adapters/lambda.h"

#include "base/escape.h"

#define ANSWER_MAX (6u << 20) /* Lambda's quota for what a function returns */

void lambda_put_path(struct buf *b, struct str function, const char *rest)
{
    buf_putz(b, "/2015-03-31/functions/");
    buf_put_percent(b, function, false);
    buf_putz(b, rest);
}

bool lambda_is_name(struct str s)
{
    bool ok = s.n > 0 && s.n <= LAMBDA_NAME_MAX;
    for (size_t i = 0; ok && i < s.n; i++)
        ok = byte_is_alpha(s.p[i]) || byte_is_digit(s.p[i]) ||
             str_find_byte(S("-_:$"), s.p[i], 0) != SIZE_MAX;
    return ok;
}

bool lambda_invoke(struct aws_client *client, struct str function, struct str payload,
                   struct buf *answer, bool *failed, struct err *e)
{
    struct buf path;
    struct aws_reply reply;
    if (!lambda_is_name(function))
        return err_set(e, ERR_USAGE, "no name of a function: %.*s",
                       (int)(function.n < 100 ? function.n : 100), function.p);
    buf_init(&path, 4 * LAMBDA_NAME_MAX);
    aws_reply_init(&reply, ANSWER_MAX);
    lambda_put_path(&path, function, "/invocations");
    const struct header type = {S("content-type"), S("application/json")};
    const struct aws_request request = {.service = AWS_LAMBDA,
                                        .action = "Invoke",
                                        .method = "POST",
                                        .path = buf_str(&path),
                                        .headers = &type,
                                        .n_headers = 1,
                                        .body = payload};
    bool ok = buf_ok(&path, "a function's path", e) && aws_call(client, &request, &reply, e);
    if (ok) {
        *failed = str_present(http_reply_header(&reply.http, "x-amz-function-error"));
        buf_put(answer, buf_str(&reply.http.body));
        ok = buf_ok(answer, "a function's answer", e);
    }
    aws_reply_release(&reply);
    buf_release(&path);
    return ok;
}
