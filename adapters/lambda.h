/* A call of a Lambda function. */
#ifndef TW_ADAPTERS_LAMBDA_H
#define TW_ADAPTERS_LAMBDA_H

#include "aws/client.h"

/* Of a function's name, or an ARN with a version, Lambda takes at most so many bytes. */
#define LAMBDA_NAME_MAX 170

bool lambda_is_name(struct str s);

/* Appends the path of a function and what is behind it: "/invocations", "/configuration". */
void lambda_put_path(struct buf *b, struct str function, const char *rest);

/* Calls the function and waits for its answer, which is appended: what it returned, or, with
 * *failed, {"errorType":"..","errorMessage":".."}.
 *   POST /2015-03-31/functions/<name>/invocations
 *   x-amz-function-error: Unhandled    when it failed
 * Needs lambda:InvokeFunction. As any call it may be made twice. ERR_USAGE when the name is none,
 * ERR_MISSING when there is no such function. */
TW_MUST_USE bool lambda_invoke(struct aws_client *client, struct str function, struct str payload,
                               struct buf *answer, bool *failed, struct err *e);

#endif
