/* Puts messages on a queue: SQS SendMessageBatch (API 2012-11-05, protocol JSON 1.0). */
#ifndef TW_ADAPTERS_SQS_H
#define TW_ADAPTERS_SQS_H

#include "aws/client.h"

#define SQS_URL_MAX   512
#define SQS_BATCH_MAX 10 /* entries of a SendMessageBatch */
/* Bytes of all bodies of a batch: SQS's quota until August 2025, and still that of older queues. */
#define SQS_BODIES_MAX 262144
#define SQS_TRIES_MAX  8 /* of a batch of which SQS keeps refusing a part */

/* url is borrowed, as are client and world; all outlive it. */
struct sqs_queue {
    struct aws_client *client;
    const struct aws_world *world;
    struct str url;    /* https://sqs.eu-west-1.amazonaws.com/111122223333/trailwarden */
    struct str region; /* the URL's; absent: it names none, calls go to the client's */
};

/* Reads the URL. ERR_USAGE when it is none of a queue, or of a FIFO queue, which wants more than
 * bodies. */
TW_MUST_USE bool sqs_queue_init(struct sqs_queue *q, struct aws_client *client,
                                const struct aws_world *world, struct str url, struct err *e);

/* Sends n (1 to SQS_BATCH_MAX) bodies, and again those that SQS did not take, after a wait, until
 * it has confirmed each. A body may arrive twice. Needs sqs:SendMessage.
 * Errors: ERR_INPUT when SQS blames a body; ERR_RETRY when it kept failing; else as aws_call. */
TW_MUST_USE bool sqs_send(const struct sqs_queue *q, const struct str *bodies, size_t n,
                          struct err *e);

/* ---- the wire, for tests ---- */

/* Appends {"QueueUrl":"..","Entries":[{"Id":"3","MessageBody":".."}]}: those of the n bodies that
 * are wanted, named by their position. */
void sqs_put_batch(struct buf *b, struct str url, const struct str *bodies, const bool *wanted,
                   size_t n);

/* Reads {"Successful":[{"Id":"3","MessageId":".."}],"Failed":[{"Id":"4","SenderFault":false,
 * "Code":"InternalError","Message":".."}]}: of the n that were wanted those that succeeded are
 * wanted no more. ERR_RETRY when it is no such answer, ERR_INPUT when a failure is the sender's
 * fault. */
TW_MUST_USE bool sqs_take_batch(struct str reply, bool *wanted, size_t n, struct err *e);

#endif
