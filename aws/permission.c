/* The table of permissions. Source: the Service Authorization Reference of each service. */
#include "aws/permission.h"

#include "base/str.h"

static const struct {
    enum aws_service service;
    const char *call, *permissions;
} rows[] = {
    {AWS_S3, "GetObject", "s3:GetObject, s3:GetObjectVersion"}, /* a version, when one is named */
    {AWS_S3, "PutObject", "s3:PutObject"},
    {AWS_S3, "ListObjectsV2", "s3:ListBucket"},
    {AWS_S3, "GetBucketNotificationConfiguration", "s3:GetBucketNotification"},
    {AWS_SNS, "Publish", "sns:Publish"},
    {AWS_SNS, "ListSubscriptionsByTopic", "sns:ListSubscriptionsByTopic"},
    {AWS_DYNAMODB, "GetItem", "dynamodb:GetItem"},
    {AWS_DYNAMODB, "PutItem", "dynamodb:PutItem"},
    {AWS_DYNAMODB, "Query", "dynamodb:Query"},
    {AWS_DYNAMODB, "UpdateItem", "dynamodb:UpdateItem"},
    {AWS_DYNAMODB, "DescribeTable", "dynamodb:DescribeTable"},
    {AWS_DYNAMODB, "DescribeTimeToLive", "dynamodb:DescribeTimeToLive"},
    {AWS_DYNAMODB, "DescribeContinuousBackups", "dynamodb:DescribeContinuousBackups"},
    {AWS_SQS, "SendMessageBatch", "sqs:SendMessage"},
    {AWS_SQS, "GetQueueUrl", "sqs:GetQueueUrl"},
    {AWS_SQS, "GetQueueAttributes", "sqs:GetQueueAttributes"},
    {AWS_LAMBDA, "GetFunctionConfiguration", "lambda:GetFunctionConfiguration"},
    {AWS_LAMBDA, "ListEventSourceMappings", "lambda:ListEventSourceMappings"},
    {AWS_LAMBDA, "Invoke", "lambda:InvokeFunction"},
    {AWS_CLOUDTRAIL, "DescribeTrails", "cloudtrail:DescribeTrails"},
    {AWS_CLOUDTRAIL, "GetTrailStatus", "cloudtrail:GetTrailStatus"},
    {AWS_STS, "AssumeRole", "sts:AssumeRole"},
};

const char *permission_of(enum aws_service service, const char *call)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].service == service && str_eqz(str_of(call), rows[i].call))
            return rows[i].permissions;
    }
    return NULL;
}
