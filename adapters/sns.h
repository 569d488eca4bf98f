/* Tells people: port_alerts over SNS Publish. */
#ifndef TW_ADAPTERS_SNS_H
#define TW_ADAPTERS_SNS_H

#include "aws/client.h"
#include "handlers/ports.h"

#define SNS_ARN_MAX 512 /* region, account and a name of up to 256 bytes */

/* Where alerts go. topic_arn is borrowed, as is the client; both outlive it. */
struct sns_topic {
    struct aws_client *client;
    struct str arn;    /* arn:aws:sns:eu-west-1:111122223333:alerts */
    struct str region; /* the ARN's; calls go there */
    bool fifo;         /* its name ends in .fifo */
};

/* Reads the ARN. ERR_USAGE when it is none of an SNS topic. */
TW_MUST_USE bool sns_topic_init(struct sns_topic *topic, struct aws_client *client, struct str arn,
                                struct err *e);

/* The port; topic is borrowed and must outlive it. Publishes
 *   POST /  Action=Publish&Version=2010-03-31&TopicArn=..&Subject=..&MessageStructure=json
 *     &Message={"default":"<json>","email":"<text>","sms":"<subject>"}
 *     &MessageAttributes.entry.1.Name=level&..Value.DataType=String&..Value.StringValue=high
 * so that machines (SQS, Lambda, HTTP, Firehose: all that have no form of their own) get the
 * alert's JSON and people its text. The JSON is said once: everything in Message counts against the
 * 256 KiB, for each protocol's form again. A FIFO topic also gets
 *     &MessageGroupId=<account>&MessageDeduplicationId=<id>.<updates>
 * so that the alerts of one account stay in order, and within five minutes SNS itself drops a
 * repeat but no update; the group is the alert's id where no account is known. What SNS would
 * refuse (over 128 bytes, or other than visible ASCII) is sent as its SHA-256. ERR_LIMIT: over
 * MESSAGE_BYTES_MAX. ERR_RETRY also when the answer is 200 but names no message id (promise P2:
 * only a confirmed message counts). Else as aws_call. Needs sns:Publish. */
struct port_alerts sns_alerts(struct sns_topic *topic);

/* Two topics, told the same: people's and, beside it, one for readers that want each message once.
 */
struct sns_pair {
    struct sns_topic people, readers;
};

/* The port over both; pair is borrowed and must outlive it. A message counts as told when both have
 * confirmed it, the people's being asked first; the readers' is asked even if that one failed. What
 * failed is told to both again, of which the FIFO topic keeps one. */
struct port_alerts sns_alerts_both(struct sns_pair *pair);

/* The form that is sent, for tests. */
TW_MUST_USE bool sns_put_form(const struct sns_topic *topic, const struct message *m,
                              struct buf *form, struct err *e);

#endif
