"""What a function is called with, in the shapes that AWS documents.

An `objects` argument is a list of (bucket, key), the key as S3 stores it; each maker writes it the
way its service does.
"""
import base64
import gzip
import json
import urllib.parse
import uuid

REGION = "eu-west-1"
ACCOUNT = "123456789012"


def form_encoded(key):
    """As S3 writes keys in its own notifications: a space is +, all but a few signs are %XX."""
    return urllib.parse.quote_plus(key, safe="/*-._")


def s3(*objects, event="ObjectCreated:Put"):
    """An S3 event notification.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html"""
    return {"Records": [{
        "eventVersion": "2.3", "eventSource": "aws:s3", "awsRegion": REGION,
        "eventTime": "2026-03-17T14:05:00.000Z", "eventName": event,
        "userIdentity": {"principalId": "AWS:AROAEXAMPLE:CloudTrail"},
        "requestParameters": {"sourceIPAddress": "192.0.2.10"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
        "s3": {"s3SchemaVersion": "1.0", "configurationId": "trail",
               "bucket": {"name": bucket, "ownerIdentity": {"principalId": "A3NL1KOZZKExample"},
                          "arn": f"arn:aws:s3:::{bucket}"},
               "object": {"key": form_encoded(key), "size": 1024,
                          "eTag": "d41d8cd98f00b204e9800998ecf8427e",
                          "sequencer": "0055AED6DCD90281E5"}},
    } for bucket, key in objects]}


def s3_test_event(bucket):
    """What S3 sends when a notification is set up."""
    return {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-03-17T14:05:00.000Z",
            "Bucket": bucket, "RequestId": "5582815E1AEA5ADF", "HostId": "8cLeGAmw098X5cv4Zkwcmo8v"}


def sns(*messages):
    """SNS calling a function.
    https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html"""
    return {"Records": [{
        "EventVersion": "1.0", "EventSource": "aws:sns",
        "EventSubscriptionArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:trail:{uuid.uuid4()}",
        "Sns": dict(sns_message(message), SigningCertUrl="https://sns.amazonaws.com/x.pem",
                    UnsubscribeUrl="https://sns.amazonaws.com/", MessageAttributes={}),
    } for message in messages]}


def sns_message(message):
    """The JSON that SNS puts into a queue without raw delivery."""
    return {"Type": "Notification", "MessageId": str(uuid.uuid4()),
            "TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:trail",
            "Subject": "Amazon S3 Notification", "Message": json.dumps(message),
            "Timestamp": "2026-03-17T14:05:00.000Z",
            "SignatureVersion": "1", "Signature": "EXAMPLE==",
            "SigningCertURL": "https://sns.amazonaws.com/x.pem",
            "UnsubscribeURL": "https://sns.amazonaws.com/"}


def sqs(*bodies):
    """A batch; message i has the id that message_id(i) gives. A body that is no text is JSON.
    https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html"""
    return {"Records": [{
        "messageId": message_id(i), "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
        "body": body if isinstance(body, str) else json.dumps(body),
        "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1773756300000",
                       "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                       "ApproximateFirstReceiveTimestamp": "1773756300001"},
        "messageAttributes": {}, "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
        "eventSource": "aws:sqs", "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:trail",
        "awsRegion": REGION,
    } for i, body in enumerate(bodies)]}


def message_id(i):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"message {i}"))


def failures(answer):
    """The ids that an answer to a batch gives back."""
    return [x["itemIdentifier"] for x in answer["batchItemFailures"]]


def cloudtrail_sns(bucket, *keys):
    """CloudTrail's own notice of delivered files, keys as they are ("Configuring Amazon SNS
    notifications for CloudTrail" in its user guide)."""
    return {"s3Bucket": bucket, "s3ObjectKey": list(keys)}


def eventbridge(source, detail_type, detail):
    return {"version": "0", "id": str(uuid.uuid4()), "detail-type": detail_type, "source": source,
            "account": ACCOUNT, "time": "2026-03-17T14:05:00Z", "region": REGION,
            "resources": [], "detail": detail}


def object_created(bucket, key):
    """S3 through EventBridge; the key as it is.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html"""
    return eventbridge("aws.s3", "Object Created", {
        "version": "0", "bucket": {"name": bucket},
        "object": {"key": key, "size": 1024, "etag": "d41d8cd98f00b204e9800998ecf8427e",
                   "sequencer": "0055AED6DCD90281E5"},
        "request-id": "C3D13FE58DE4C810", "requester": ACCOUNT, "source-ip-address": "192.0.2.10",
        "reason": "PutObject"})


def api_call(record, detail_type="AWS API Call via CloudTrail"):
    """One record through EventBridge."""
    source = "aws." + record["eventSource"].split(".")[0]
    return eventbridge(source, detail_type, record)


def logs_subscription(*records, kind="DATA_MESSAGE", group="CloudTrail",
                      stream=f"{ACCOUNT}_CloudTrail_{REGION}"):
    """CloudWatch Logs calling a function; a record that is text is a line of the log as it is.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html"""
    data = {"messageType": kind, "owner": ACCOUNT, "logGroup": group,
            "logStream": stream, "subscriptionFilters": ["trail"],
            "logEvents": [{"id": f"3195310660696698337880902507980421114328961542429EXAMPL{i}",
                           "timestamp": 1773756300000,
                           "message": record if isinstance(record, str) else json.dumps(record)}
                          for i, record in enumerate(records)]}
    packed = gzip.compress(json.dumps(data).encode(), mtime=0)
    return {"awslogs": {"data": base64.b64encode(packed).decode()}}
