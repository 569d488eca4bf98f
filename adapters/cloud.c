/* One client, several uses. */
#include "adapters/cloud.h"

#include <assert.h>
#include <stdlib.h>

#include "adapters/dynamodb.h"
#include "adapters/iam.h"
#include "adapters/lambda.h"
#include "adapters/sns.h"
#include "adapters/sqs.h"
#include "aws/world.h"

struct cloud {
    struct aws_world world;
    struct aws_client *client;
    struct sns_topic topic;
    struct dynamodb table;
    struct iam iam;
    struct sqs_queue queue;
};

struct cloud *cloud_new(struct err *e)
{
    struct cloud *c = calloc(1, sizeof *c);
    if (!c) {
        err_set(e, ERR_SYSTEM, "no memory to talk to AWS");
        return NULL;
    }
    c->world = aws_world_real();
    c->client = aws_client_new(&c->world, NULL, e);
    if (c->client)
        return c;
    free(c);
    return NULL;
}

void cloud_free(struct cloud *c)
{
    if (!c)
        return;
    dynamodb_release(&c->table);
    aws_client_free(c->client);
    free(c);
}

struct port_objects cloud_objects(struct cloud *c)
{
    return s3_objects(c->client);
}

bool cloud_put(struct cloud *c, struct str bucket, struct str path, struct str body, struct err *e)
{
    return s3_put(c->client, bucket, path, body, e);
}

bool cloud_list(struct cloud *c, struct str bucket, struct str prefix, s3_object_fn each, void *to,
                struct err *e)
{
    return s3_list(c->client, bucket, prefix, each, to, e);
}

bool cloud_list_page(struct cloud *c, struct str bucket, struct str prefix, struct str after,
                     s3_object_fn each, void *to, bool *more, struct err *e)
{
    return s3_list_page(c->client, bucket, prefix, after, each, to, more, e);
}

bool cloud_queue(struct cloud *c, struct str url, struct err *e)
{
    static_assert(CLOUD_BATCH_MAX == SQS_BATCH_MAX, "what cloud_send takes is one batch");
    return sqs_queue_init(&c->queue, c->client, &c->world, url, e);
}

bool cloud_send(struct cloud *c, const struct str *bodies, size_t n, struct err *e)
{
    return sqs_send(&c->queue, bodies, n, e);
}

bool cloud_alerts(struct cloud *c, struct str arn, struct port_alerts *out, struct err *e)
{
    if (!sns_topic_init(&c->topic, c->client, arn, e))
        return false;
    *out = sns_alerts(&c->topic);
    return true;
}

bool cloud_state(struct cloud *c, struct str table, struct port_state *out, struct err *e)
{
    if (!dynamodb_init(&c->table, c->client, &c->world, table, e))
        return false;
    c->table.archive = true; /* a scan reads what is there, however old */
    *out = dynamodb_state(&c->table);
    return true;
}

bool cloud_invoke(struct cloud *c, struct str function, struct str payload, struct buf *answer,
                  bool *failed, struct err *e)
{
    return lambda_invoke(c->client, function, payload, answer, failed, e);
}

struct port_iam cloud_iam(struct cloud *c)
{
    c->iam = (struct iam){.client = c->client};
    return iam_port(&c->iam);
}
