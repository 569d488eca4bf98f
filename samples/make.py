#!/usr/bin/env python3
"""Write the sample logs: one day of a small account, with an attack inside.

    samples/make.py [DIRECTORY]        (default: this file's own folder)

Everything below is made up. Addresses come from the ranges that RFC 5737 sets aside for
documentation, account ids and access keys are those of AWS's own examples. The output depends on
this file alone: no clock, one seeded generator, gzip headers without a time.

The shapes follow CloudTrail's record contents, version 1.11:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
"""

import hashlib
import json
import os
import random
import re
import string
import struct
import sys
import uuid
import zlib
from datetime import datetime, timedelta

ACCOUNT = "111122223333"
VENDOR = "444455556666"  # the monitoring product's account
THIEF = "777788889999"  # where the snapshot goes
HOME, GLOBAL, WEST = "eu-west-1", "us-east-1", "us-west-2"
BUCKET = "example-shop-cloudtrail"
TRAIL = f"arn:aws:cloudtrail:{HOME}:{ACCOUNT}:trail/security-trail"
OPS_TRAIL = f"arn:aws:cloudtrail:{GLOBAL}:{ACCOUNT}:trail/ops-trail"
DAY = datetime(2026, 3, 17)
DELIVERY = timedelta(minutes=5)  # CloudTrail writes objects about every five minutes
GLOBAL_SERVICES = {"iam", "organizations", "route53domains", "support", "ce"}

OFFICE, PIPELINE, MONITOR = "203.0.113.40", "203.0.113.201", "203.0.113.118"
APP_HOST, CHECKER, INTRUDER = "203.0.113.77", "192.0.2.200", "198.51.100.77"

BROWSER = ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
           "Chrome/134.0.0.0 Safari/537.36")
CLI = ("aws-cli/2.22.7 md/awscrt#0.23.4 ua/2.0 os/macos#24.3.0 md/arch#arm64 lang/python#3.12.6 "
       "md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe md/prompt#off md/command#{}")
KALI = ("aws-cli/2.22.7 md/awscrt#0.23.4 ua/2.0 os/linux#6.11.2-amd64 md/arch#x86_64 "
        "lang/python#3.12.7 md/pyimpl#CPython cfg/retry-mode#standard md/installer#exe "
        "md/distrib#kali.2024.4 md/prompt#off md/command#{}")
BOTO = ("Boto3/1.35.92 md/Botocore#1.35.92 ua/2.0 os/linux#6.1.0 md/arch#x86_64 "
        "lang/python#3.12.3 md/pyimpl#CPython cfg/retry-mode#legacy Botocore/1.35.92")
TERRAFORM = ("APN/1.0 HashiCorp/1.0 Terraform/1.10.5 terraform-provider-aws/5.84.0 "
             "aws-sdk-go-v2/1.33.0 ua/2.1 os/linux lang/go#1.23.5 md/GOOS#linux md/GOARCH#amd64")
AGENT = "aws-sdk-go/1.55.5 (go1.22.11; linux; amd64) amazon-ssm-agent/"

READS = ("Get", "List", "Describe", "Lookup", "BatchGet", "AssumeRole", "Select")

rng = random.Random(20260317)


# ---- names and numbers ---------------------------------------------------------------------------

def new_uuid():
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def letters(n, alphabet=string.ascii_uppercase + string.digits):
    return "".join(rng.choice(alphabet) for _ in range(n))


def key_id():
    """A temporary access key id: 20 characters that end as AWS's examples do."""
    return "ASIA" + letters(9) + "EXAMPLE"


def unique_id(prefix):
    """A unique id of IAM, such as AIDA... of a user or AROA... of a role: 21 characters."""
    return prefix + letters(10) + "EXAMPLE"


def resource_id(prefix):
    return f"{prefix}-0{letters(16, '0123456789abcdef')}"


def at(clock):
    """The day's time HH:MM:SS."""
    hours, minutes, seconds = (int(part) for part in clock.split(":"))
    return DAY + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def command(name):
    """An API call as the command line names it: ListFunctions20150331 is list-functions."""
    return re.sub("(?<!^)(?=[A-Z])", "-", re.sub("20[0-9]{6}(v[0-9])?$", "", name)).lower()


def iso(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def prose(time):
    """A time as IAM, STS and SSM answer it: Mar 17, 2026, 2:05:02 PM."""
    return (f"{time:%b} {time.day}, {time.year}, {(time.hour + 11) % 12 + 1}:{time:%M:%S} "
            f"{'AM' if time.hour < 12 else 'PM'}")


# ---- who acts ------------------------------------------------------------------------------------

class Actor:
    """An identity as records show it, where it calls from and with what, and its own clock."""

    def __init__(self, identity, address, agent, console=False):
        self.identity, self.address, self.agent, self.console = identity, address, agent, console
        self.time = DAY

    def go(self, clock):
        self.time = at(clock)
        return self

    def pause(self, least, most):
        self.time += timedelta(seconds=rng.randint(least, most))


def user(name, unique, key):
    return {"type": "IAMUser", "principalId": unique, "arn": f"arn:aws:iam::{ACCOUNT}:user/{name}",
            "accountId": ACCOUNT, "accessKeyId": key, "userName": name}


def session(role, unique, name, key, created, path="/", mfa="false", **more):
    """The identity of somebody who has taken a role."""
    context = {
        "sessionIssuer": {"type": "Role", "principalId": unique,
                          "arn": f"arn:aws:iam::{ACCOUNT}:role{path}{role}",
                          "accountId": ACCOUNT, "userName": role},
        "attributes": {"creationDate": iso(created), "mfaAuthenticated": mfa}}
    context.update(more.pop("context", {}))
    return {"type": "AssumedRole", "principalId": f"{unique}:{name}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}", "accountId": ACCOUNT,
            "accessKeyId": key, "sessionContext": context, **more}


def service(name):
    """An AWS service that acts for itself."""
    host = f"{name}.amazonaws.com"
    return Actor({"type": "AWSService", "invokedBy": host}, host, host)


# ---- what is done --------------------------------------------------------------------------------

records = []  # (time, region, record)


def call(actor, source, name, request=None, response=None, region=HOME, **more):
    """Record one API call of the actor, then let it pause. Returns the record.

    error is (code, message); resources, additional, shared and kind set the fields of those names.
    """
    region = GLOBAL if source in GLOBAL_SERVICES else region
    error, kind = more.get("error"), more.get("kind", "AwsApiCall")
    agent = actor.agent.format(f"{source}.{command(name)}") if "{}" in actor.agent else actor.agent
    record = {"eventVersion": "1.11", "userIdentity": dict(actor.identity),
              "eventTime": iso(actor.time), "eventSource": f"{source}.amazonaws.com",
              "eventName": name, "awsRegion": region, "sourceIPAddress": actor.address,
              "userAgent": agent}
    if error:
        record["errorCode"], record["errorMessage"] = error
    record["requestParameters"] = request
    record["responseElements"] = None if error else response
    if "additional" in more:
        record["additionalEventData"] = more["additional"]
    record["requestID"], record["eventID"] = new_uuid(), new_uuid()
    record["readOnly"] = name.startswith(READS)
    if "resources" in more:
        record["resources"] = more["resources"]
    record.update({"eventType": kind, "managementEvent": True, "recipientAccountId": ACCOUNT})
    if more.get("shared"):
        record["sharedEventID"] = new_uuid()
    record["eventCategory"] = "Management"
    if kind == "AwsApiCall" and not actor.address.endswith(".amazonaws.com"):
        host = f"{source}.amazonaws.com" if source in GLOBAL_SERVICES \
            else f"{source}.{region}.amazonaws.com"
        record["tlsDetails"] = {"tlsVersion": "TLSv1.3", "cipherSuite": "TLS_AES_128_GCM_SHA256",
                                "clientProvidedHostHeader": host}
    if actor.console:
        record["sessionCredentialFromConsole"] = "true"
    records.append((actor.time, region, record))
    actor.pause(*more.get("pause", (1, 4)))
    return record


def refused(actor, source, name, request=None, region=HOME, resource="*", **more):
    """Record a call that no policy allows."""
    message = (f"User: {actor.identity['arn']} is not authorized to perform: {source}:{name} on "
               f"resource: {resource} because no identity-based policy allows the {source}:{name} "
               "action")
    call(actor, source, name, request, region=region,
         error=(more.pop("code", "AccessDenied"), message), **more)


def assume(caller, role, unique, name, region=HOME, **more):
    """Record that the caller takes a role; returns the session's identity."""
    key, created = key_id(), caller.time
    arn = f"arn:aws:iam::{ACCOUNT}:role{more.get('path', '/')}{role}"
    response = {"credentials": {"accessKeyId": key, "sessionToken": "EXAMPLE-SESSION-TOKEN",
                                "expiration": prose(created + timedelta(hours=1))}}
    if not more.get("bare"):
        response["assumedRoleUser"] = {
            "assumedRoleId": f"{unique}:{name}",
            "arn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/{name}"}
    response.update(more.get("response", {}))
    request = {"roleArn": arn, "roleSessionName": name, **more.get("request", {})}
    call(caller, "sts", more.get("event", "AssumeRole"), request, response, region, pause=(0, 0),
         shared=True,
         resources=[{"accountId": ACCOUNT, "type": "AWS::IAM::Role", "ARN": arn}])
    return session(role, unique, name, key, created, **more.get("session", {}))


# ---- the ordinary day ----------------------------------------------------------------------------

ROLES = {name: unique_id("AROA") for name in (
    "AWSServiceRoleForConfig", "AWSServiceRoleForAutoScaling", "AWSBackupDefaultServiceRole",
    "AWSReservedSSO_AdministratorAccess_3c1f0a9b8d7e6f50", "GitHubDeploy", "ShopApp",
    "MonitoringReader")}
SERVICE_PATH = "/aws-service-role/{}.amazonaws.com/"
APP_INSTANCES = [resource_id("i"), resource_id("i")]
VOLUMES = [resource_id("vol"), resource_id("vol")]
BACKUPS = [resource_id("snap"), resource_id("snap")]
SECRETS = [f"arn:aws:secretsmanager:{HOME}:{ACCOUNT}:secret:{name}-{letters(6)}"
           for name in ("prod/db", "prod/payment-api", "prod/smtp", "prod/session-signing",
                        "staging/db")]
DATA_KEY = f"arn:aws:kms:{HOME}:{ACCOUNT}:key/{new_uuid()}"


def trail_delivers(clock, region):
    trail = service("cloudtrail").go(clock)
    call(trail, "s3", "GetBucketAcl",
         {"bucketName": BUCKET, "Host": f"{BUCKET}.s3.{HOME}.amazonaws.com", "acl": ""},
         region=region, shared=True,
         additional={"SignatureVersion": "SigV4", "CipherSuite": "TLS_AES_128_GCM_SHA256",
                     "bytesTransferredIn": 0, "AuthenticationMethod": "AuthHeader",
                     "bytesTransferredOut": 524},
         resources=[{"accountId": ACCOUNT, "type": "AWS::S3::Bucket",
                     "ARN": f"arn:aws:s3:::{BUCKET}"}])


def config_records(clock, region):
    """AWS Config takes its role and looks around."""
    role, caller = "AWSServiceRoleForConfig", service("config").go(clock)
    path = SERVICE_PATH.format("config")
    identity = assume(caller, role, ROLES[role], "AWSConfig-Describe", region, path=path,
                      session={"path": path, "invokedBy": "config.amazonaws.com"})
    config = Actor(identity, "config.amazonaws.com", "config.amazonaws.com").go(clock)
    looks = [("ec2", "DescribeInstances"), ("ec2", "DescribeSecurityGroups"),
             ("ec2", "DescribeVolumes"), ("ec2", "DescribeVpcs"),
             ("rds", "DescribeDBInstances"), ("s3", "ListBuckets"),
             ("lambda", "ListFunctions20150331"), ("kms", "ListAliases"),
             ("elasticloadbalancing", "DescribeLoadBalancers")]
    for source, name in rng.sample(looks, 6):
        call(config, source, name, {"maxResults": 100} if source == "ec2" else None, region=region)


def scaling_checks(clock):
    role, caller = "AWSServiceRoleForAutoScaling", service("autoscaling").go(clock)
    path = SERVICE_PATH.format("autoscaling")
    identity = assume(caller, role, ROLES[role], "AutoScaling", path=path,
                      session={"path": path, "invokedBy": "autoscaling.amazonaws.com"})
    scaling = Actor(identity, "autoscaling.amazonaws.com", "autoscaling.amazonaws.com").go(clock)
    call(scaling, "ec2", "DescribeInstanceStatus",
         {"instancesSet": {"items": [{"instanceId": i} for i in APP_INSTANCES]}, "filterSet": {},
          "includeAllInstances": False})
    call(scaling, "elasticloadbalancing", "DescribeTargetHealth",
         {"targetGroupArn": f"arn:aws:elasticloadbalancing:{HOME}:{ACCOUNT}:targetgroup/shop/"
                            "73e2d6bc24d8a067"})


def instance_works(clock):
    """EC2 renews the instance's keys; the shop reads its database secret; the agent says hello."""
    instance = APP_INSTANCES[int(clock[:2]) % 2]
    caller = service("ec2").go(clock)
    identity = assume(caller, "ShopApp", ROLES["ShopApp"], instance, bare=True,
                      session={"context": {"ec2RoleDelivery": "2.0"}})
    app = Actor(identity, APP_HOST, BOTO).go(clock)
    app.pause(20, 40)
    read_secret(app, SECRETS[0])
    app.agent = AGENT
    call(app, "ssm", "UpdateInstanceInformation",
         {"instanceId": instance, "agentVersion": "3.3.1611.0", "agentStatus": "Active",
          "platformType": "Linux", "platformName": "Amazon Linux", "platformVersion": "2023",
          "iPAddress": "10.0.12.31", "computerName": "ip-10-0-12-31.eu-west-1.compute.internal",
          "agentName": "amazon-ssm-agent"})


def read_secret(actor, secret):
    """GetSecretValue, and the Decrypt that Secrets Manager makes for the caller."""
    call(actor, "secretsmanager", "GetSecretValue", {"secretId": secret}, pause=(0, 0))
    host = "secretsmanager.amazonaws.com"
    behind = Actor(dict(actor.identity, accessKeyId=key_id(), invokedBy=host), host, host)
    behind.time = actor.time
    call(behind, "kms", "Decrypt",
         {"encryptionContext": {"SecretARN": secret, "SecretVersionId": new_uuid()},
          "encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
         resources=[{"accountId": ACCOUNT, "type": "AWS::KMS::Key", "ARN": DATA_KEY}])
    actor.pause(1, 4)


def monitor_looks(clock):
    """The monitoring product takes its role from its own account."""
    caller = Actor({"type": "AWSAccount", "principalId": "AROAVENDOR7Q2EXAMPLE1:collector",
                    "accountId": VENDOR}, MONITOR, BOTO).go(clock)
    identity = assume(caller, "MonitoringReader", ROLES["MonitoringReader"], "collector",
                      request={"externalId": "shop-5d41402a", "durationSeconds": 3600})
    reader = Actor(identity, MONITOR, BOTO).go(clock)
    for source, name, request in (
            ("monitoring", "DescribeAlarms", {"maxRecords": 100}),
            ("ec2", "DescribeInstances", {"maxResults": 1000}),
            ("rds", "DescribeDBInstances", {"maxRecords": 100}),
            ("elasticloadbalancing", "DescribeLoadBalancers", {"pageSize": 400}),
            ("tagging", "GetResources", {"resourcesPerPage": 100})):
        call(reader, source, name, request)


def backup_runs(clock):
    """The nightly backup: new snapshots of both disks, the oldest ones deleted."""
    role, caller = "AWSBackupDefaultServiceRole", service("backup").go(clock)
    identity = assume(caller, role, ROLES[role], "AWSBackup-Shop", path="/service-role/",
                      session={"path": "/service-role/", "invokedBy": "backup.amazonaws.com"})
    backup = Actor(identity, "backup.amazonaws.com", "backup.amazonaws.com").go(clock)
    for volume, snapshot in zip(VOLUMES, BACKUPS):
        call(backup, "ec2", "DescribeVolumes", {"volumeSet": {"items": [{"volumeId": volume}]}})
        call(backup, "ec2", "CreateSnapshot",
             {"volumeId": volume,
              "description": "This snapshot is created by the AWS Backup service."},
             {"requestId": new_uuid(), "snapshotId": snapshot, "volumeId": volume,
              "status": "pending", "ownerId": ACCOUNT, "encrypted": False})
        call(backup, "ec2", "DeleteSnapshot", {"snapshotId": resource_id("snap")},
             {"requestId": new_uuid(), "_return": True})


def ana_signs_in(clock):
    """The administrator comes through IAM Identity Center, which has checked her second factor."""
    role = "AWSReservedSSO_AdministratorAccess_3c1f0a9b8d7e6f50"
    path = f"/aws-reserved/sso.amazonaws.com/{HOME}/"
    provider = f"arn:aws:iam::{ACCOUNT}:saml-provider/AWSSSO_1a2b3c4d_DO_NOT_DELETE"
    store = f"arn:aws:identitystore::{ACCOUNT}:identitystore/d-9367example"
    portal = Actor({"type": "SAMLUser", "principalId": "AbCdEfGhIjKlMnOpQrStUvWxYz0=:ana",
                    "userName": "ana", "identityProvider": "AbCdEfGhIjKlMnOpQrStUvWxYz0="},
                   OFFICE, BROWSER).go(clock)
    identity = assume(
        portal, role, ROLES[role], "ana", path=path, event="AssumeRoleWithSAML",
        request={"principalArn": provider, "sAMLAssertionID": f"_{new_uuid()}",
                 "durationSeconds": 3600},
        session={"path": path, "mfa": "true",
                 "onBehalfOf": {"userId": "c2e5e474-1071-7037-2a9e-ffffc0ffee00",
                                "identityStoreArn": store}})
    ana = Actor(identity, OFFICE, BROWSER, console=True).go(clock)
    call(ana, "signin", "ConsoleLogin", None, {"ConsoleLogin": "Success"}, kind="AwsConsoleSignIn",
         additional={"LoginTo": f"https://{HOME}.console.aws.amazon.com/console/home",
                     "MobileVersion": "No", "MFAUsed": "No"})
    return ana


def ana_works(clock):
    """A round through the console: machines, alarms, costs, logs."""
    ana = ana_signs_in(clock)
    for source, name, request in (
            ("ec2", "DescribeInstances", {"maxResults": 50, "instancesSet": {}, "filterSet": {}}),
            ("ec2", "DescribeInstanceStatus", {"instancesSet": {}, "filterSet": {}}),
            ("ec2", "DescribeSecurityGroups", {"maxResults": 1000}),
            ("monitoring", "DescribeAlarms", {"maxRecords": 100}),
            ("cloudtrail", "DescribeTrails", {"trailNameList": []}),
            ("cloudtrail", "GetTrailStatus", {"name": TRAIL}),
            ("logs", "DescribeLogGroups", {"limit": 50}),
            ("rds", "DescribeDBInstances", {"maxRecords": 100}),
            ("s3", "ListBuckets", {"Host": "s3.amazonaws.com"}),
            ("ce", "GetCostAndUsage", None),
            ("iam", "ListUsers", {"maxItems": 1000}), ("iam", "ListRoles", {"maxItems": 1000}),
            ("health", "DescribeEventAggregates", {"aggregateField": "eventTypeCategory"})):
        call(ana, source, name, request, pause=(2, 12))
    return ana


def ana_mends(clock):
    """An ordinary change in the afternoon of a quiet day: one alarm and one port for the office."""
    ana = ana_signs_in(clock)
    call(ana, "monitoring", "PutMetricAlarm",
         {"alarmName": "shop-5xx", "metricName": "HTTPCode_Target_5XX_Count", "threshold": 25.0,
          "namespace": "AWS/ApplicationELB", "period": 300, "evaluationPeriods": 2,
          "comparisonOperator": "GreaterThanThreshold", "statistic": "Sum"})
    open_port(ana, HOME, resource_id("sg"), 5432, f"{OFFICE}/32")
    call(ana, "ssm", "DescribeInstanceInformation", {"maxResults": 50})


def open_port(actor, region, group, port, network):
    permission = {"ipProtocol": "tcp", "fromPort": port, "toPort": port, "groups": {},
                  "ipRanges": {"items": [{"cidrIp": network}]}, "ipv6Ranges": {},
                  "prefixListIds": {}}
    call(actor, "ec2", "AuthorizeSecurityGroupIngress",
         {"groupId": group, "ipPermissions": {"items": [permission]}},
         {"requestId": new_uuid(), "_return": True, "securityGroupRuleSet": {"items": [
             {"groupOwnerId": ACCOUNT, "groupId": group, "securityGroupRuleId": resource_id("sgr"),
              "isEgress": False, "ipProtocol": "tcp", "fromPort": port, "toPort": port,
              "cidrIpv4": network}]}}, region=region)


def deploy(clock, run):
    """The pipeline: a token of the code host buys a role, then image, service, function, stack."""
    subject = "repo:example-shop/web:ref:refs/heads/main"
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    runner = Actor({"type": "WebIdentityUser",
                    "principalId": f"{provider}:sts.amazonaws.com:{subject}",
                    "userName": subject, "identityProvider": provider}, PIPELINE, BOTO).go(clock)
    identity = assume(runner, "GitHubDeploy", ROLES["GitHubDeploy"], f"web-{run}",
                      event="AssumeRoleWithWebIdentity", request={"durationSeconds": 3600},
                      response={"subjectFromWebIdentityToken": subject,
                                "audience": "sts.amazonaws.com", "provider": provider})
    ci = Actor(identity, PIPELINE, TERRAFORM).go(clock)
    call(ci, "sts", "GetCallerIdentity", None, pause=(2, 6))
    call(ci, "ecr", "GetAuthorizationToken", None, pause=(5, 20))
    call(ci, "ecr", "PutImage", {"repositoryName": "shop/web", "imageTag": f"r{run}",
                                 "registryId": ACCOUNT})
    call(ci, "ecs", "RegisterTaskDefinition", {"family": "web", "networkMode": "awsvpc"},
         {"taskDefinition": {"family": "web", "revision": run, "status": "ACTIVE"}})
    call(ci, "ecs", "UpdateService", {"cluster": "shop", "service": "web",
                                      "taskDefinition": f"web:{run}", "forceNewDeployment": False},
         {"service": {"serviceName": "web", "status": "ACTIVE", "desiredCount": 2}})
    for _ in range(3):
        call(ci, "ecs", "DescribeServices", {"cluster": "shop", "services": ["web"]}, pause=(5, 15))
    function = f"arn:aws:lambda:{HOME}:{ACCOUNT}:function:orders"
    call(ci, "lambda", "UpdateFunctionCode20150331v2",
         {"functionName": "orders", "publish": True, "dryRun": False},
         {"functionName": "orders", "functionArn": function, "runtime": "python3.12",
          "role": f"arn:aws:iam::{ACCOUNT}:role/orders", "codeSize": 48211 + run,
          "codeSha256": letters(43, string.ascii_letters + string.digits) + "=",
          "version": str(run)})
    call(ci, "cloudformation", "CreateChangeSet",
         {"stackName": "shop", "changeSetName": f"r{run}", "capabilities": ["CAPABILITY_NAMED_IAM"],
          "templateURL": f"https://s3.{HOME}.amazonaws.com/example-shop-templates/shop.yaml"},
         {"id": f"arn:aws:cloudformation:{HOME}:{ACCOUNT}:changeSet/r{run}/{new_uuid()}"})
    for name in ("DescribeChangeSet", "ExecuteChangeSet"):
        call(ci, "cloudformation", name, {"stackName": "shop", "changeSetName": f"r{run}"})


DANA = user("dana", "AIDACKCEVSQ6C2EXAMPLE", "AKIAIOSFODNN7EXAMPLE")


def dana_works(clock):
    """The developer at the office, with the key that will leak."""
    dana = Actor(DANA, OFFICE, CLI).go(clock)
    call(dana, "sts", "GetCallerIdentity", None, {"userId": DANA["principalId"], "account": ACCOUNT,
                                                  "arn": DANA["arn"]})
    for source, name, request in (
            ("s3", "ListBuckets", {"Host": f"s3.{HOME}.amazonaws.com"}),
            ("logs", "DescribeLogStreams", {"logGroupName": "/aws/lambda/orders", "limit": 10}),
            ("logs", "FilterLogEvents",
             {"logGroupName": "/aws/lambda/orders", "filterPattern": "ERROR"}),
            ("lambda", "GetFunction20150331v2", {"functionName": "orders"}),
            ("dynamodb", "DescribeTable", {"tableName": "carts"}),
            ("ecs", "ListTasks", {"cluster": "shop"}),
            ("ecs", "DescribeServices", {"cluster": "shop", "services": ["web"]})):
        call(dana, source, name, request, pause=(3, 25))
    refused(dana, "ce", "GetCostAndUsage", None)


def ordinary_day():
    for hour in range(24):
        trail_delivers(f"{hour:02}:00:50", HOME)
        config_records(f"{hour:02}:01:05", HOME)
        scaling_checks(f"{hour:02}:01:20")
        instance_works(f"{hour:02}:01:30")
        monitor_looks(f"{hour:02}:01:40")
        if hour % 3 == 0:
            trail_delivers(f"{hour:02}:00:52", GLOBAL)
            config_records(f"{hour:02}:01:10", GLOBAL)
        if hour % 6 == 2:
            trail_delivers(f"{hour:02}:00:55", WEST)
            config_records(f"{hour:02}:01:15", WEST)
    backup_runs("03:00:20")
    dana_works("08:01:10")
    ana_works("09:00:15")
    deploy("10:00:30", 311)
    dana_works("11:00:25")
    deploy("13:01:10", 312)
    ana_mends("13:15:00")
    deploy("17:00:05", 313)


# ---- the attack ----------------------------------------------------------------------------------

HELPER = user("support-ro", "AIDAI44QH8DHBEXAMPLE7", "AKIAI44QH8DHBEXAMPLE")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def key_is_checked():
    """A program that collects leaked keys finds that this one works."""
    checker = Actor(DANA, CHECKER, "TruffleHog").go("13:57:41")
    call(checker, "sts", "GetCallerIdentity", None,
         {"userId": DANA["principalId"], "account": ACCOUNT, "arn": DANA["arn"]}, region=GLOBAL)


def intruder_looks_around(thief):
    call(thief, "sts", "GetCallerIdentity", None,
         {"userId": DANA["principalId"], "account": ACCOUNT, "arn": DANA["arn"]}, region=GLOBAL)
    refused(thief, "organizations", "DescribeOrganization")
    refused(thief, "organizations", "ListAccounts")
    refused(thief, "ce", "GetCostAndUsage")
    refused(thief, "support", "DescribeCases")
    call(thief, "iam", "ListUsers")
    call(thief, "iam", "ListAttachedUserPolicies", {"userName": "dana"})
    call(thief, "iam", "ListRoles")
    call(thief, "iam", "GetAccountAuthorizationDetails", {"maxItems": 1000})
    for region in (GLOBAL, HOME, WEST):
        call(thief, "ec2", "DescribeInstances",
             {"maxResults": 1000, "instancesSet": {}, "filterSet": {}},
             region=region, pause=(0, 2))
        call(thief, "ec2", "DescribeSnapshots", {"ownersSet": {"items": [{"owner": "self"}]}},
             region=region, pause=(0, 2))
        call(thief, "lambda", "ListFunctions20150331", None, region=region, pause=(0, 2))
        refused(thief, "secretsmanager", "ListSecrets", None, region, pause=(0, 2))
        refused(thief, "ssm", "DescribeParameters", None, region, pause=(0, 2),
                code="AccessDeniedException")
    for instance in APP_INSTANCES:
        call(thief, "ec2", "DescribeInstanceAttribute",
             {"instanceId": instance, "attribute": "userData"})
    refused(thief, "secretsmanager", "GetSecretValue", {"secretId": "prod/db"}, resource="prod/db")
    for region in (GLOBAL, HOME, WEST):
        for name in ("GetSendQuota", "GetAccount", "ListIdentities"):
            call(thief, "ses", name, None, region=region, pause=(0, 2))


def intruder_digs_in(thief):
    """A second user with every right: the key that leaked is no longer needed."""
    name = HELPER["userName"]
    call(thief, "iam", "CreateUser", {"userName": name},
         {"user": {"path": "/", "userName": name, "userId": HELPER["principalId"],
                   "arn": HELPER["arn"], "createDate": prose(thief.time)}})
    call(thief, "iam", "CreateAccessKey", {"userName": name},
         {"accessKey": {"userName": name, "accessKeyId": HELPER["accessKeyId"], "status": "Active",
                        "createDate": prose(thief.time)}})
    call(thief, "iam", "AttachUserPolicy", {"userName": name, "policyArn": ADMINISTRATOR})
    call(thief, "iam", "CreateLoginProfile", {"userName": name, "passwordResetRequired": False},
         {"loginProfile": {"userName": name, "createDate": prose(thief.time),
                           "passwordResetRequired": False}})


def intruder_hides(helper):
    """The new user stops the trail it sees in its region and takes the first user's rights away."""
    call(helper, "sts", "GetCallerIdentity", None,
         {"userId": HELPER["principalId"], "account": ACCOUNT, "arn": HELPER["arn"]}, region=GLOBAL)
    call(helper, "cloudtrail", "DescribeTrails",
         {"trailNameList": [], "includeShadowTrails": False}, region=GLOBAL)
    call(helper, "cloudtrail", "StopLogging", {"name": OPS_TRAIL}, region=GLOBAL)
    for policy in ("PowerUserAccess", "IAMFullAccess"):
        call(helper, "iam", "DetachUserPolicy",
             {"userName": "dana", "policyArn": f"arn:aws:iam::aws:policy/{policy}"})
    call(helper, "iam", "UpdateAccessKey",
         {"userName": "dana", "accessKeyId": DANA["accessKeyId"], "status": "Inactive"})


def intruder_reads_secrets(helper):
    call(helper, "secretsmanager", "ListSecrets", {"maxResults": 100})
    for secret in SECRETS:
        read_secret(helper, secret)
    call(helper, "secretsmanager", "BatchGetSecretValue",
         {"filters": [{"key": "name", "values": ["prod/"]}]})


def launch(actor, region, kind, count, quota=False):
    request = {"instancesSet": {"items": [{"imageId": resource_id("ami"), "minCount": count,
                                           "maxCount": count, "keyName": "k1"}]},
               "instanceType": kind, "blockDeviceMapping": {}, "monitoring": {"enabled": False},
               "disableApiTermination": True, "disableApiStop": False}
    if quota:
        call(actor, "ec2", "RunInstances", request, region=region, error=(
            "Client.VcpuLimitExceeded",
            "You have requested more vCPU capacity than your current vCPU limit of 0 allows for "
            "the instance bucket that the specified instance type belongs to. Please visit "
            "http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."))
        return []
    ids = [resource_id("i") for _ in range(count)]
    items = [{"instanceId": i, "imageId": request["instancesSet"]["items"][0]["imageId"],
              "instanceState": {"code": 0, "name": "pending"}, "keyName": "k1",
              "amiLaunchIndex": n, "instanceType": kind,
              "launchTime": int((actor.time - datetime(1970, 1, 1)).total_seconds()) * 1000,
              "placement": {"availabilityZone": region + "a", "tenancy": "default"}}
             for n, i in enumerate(ids)]
    call(actor, "ec2", "RunInstances", request,
         {"requestId": new_uuid(), "reservationId": resource_id("r"), "ownerId": ACCOUNT,
          "groupSet": {}, "instancesSet": {"items": items}}, region=region)
    return ids


def intruder_mines(helper):
    """Graphics cards in every region that has a quota for them; returns {region: instances}."""
    started = {}
    for region in (GLOBAL, WEST, HOME):
        group = resource_id("sg")
        call(helper, "ec2", "CreateKeyPair",
             {"keyName": "k1", "keyType": "rsa", "keyFormat": "pem"},
             {"requestId": new_uuid(), "keyName": "k1", "keyPairId": resource_id("key"),
              "keyMaterial": "<sensitiveDataRemoved>"}, region=region, pause=(0, 2))
        call(helper, "ec2", "CreateSecurityGroup", {"groupName": "k1", "groupDescription": "k1"},
             {"requestId": new_uuid(), "_return": True, "groupId": group},
             region=region, pause=(0, 2))
        open_port(helper, region, group, 22, "0.0.0.0/0")
        launch(helper, region, "p3.16xlarge", 4, quota=True)
        started[region] = launch(helper, region, "g4dn.12xlarge", 2)
        helper.pause(15, 30)
    return started


def share_snapshot(actor, snapshot, verb):
    call(actor, "ec2", "ModifySnapshotAttribute",
         {"snapshotId": snapshot, "attributeType": "CREATE_VOLUME_PERMISSION",
          "createVolumePermission": {verb: {"items": [{"userId": THIEF}]}}},
         {"requestId": new_uuid(), "_return": True})


def intruder_takes_data(helper):
    call(helper, "ec2", "DescribeSnapshots", {"ownersSet": {"items": [{"owner": "self"}]}})
    share_snapshot(helper, BACKUPS[0], "add")
    call(helper, "ses", "VerifyEmailIdentity", {"emailAddress": "billing@example.com"},
         region=GLOBAL)
    helper.pause(20, 30)
    identity = {k: v for k, v in HELPER.items() if k != "accessKeyId"}
    browser = Actor(identity, INTRUDER, BROWSER)
    browser.time = helper.time
    call(browser, "signin", "ConsoleLogin", None, {"ConsoleLogin": "Success"}, region=GLOBAL,
         kind="AwsConsoleSignIn",
         additional={"LoginTo": "https://console.aws.amazon.com/console/home?region=us-east-1",
                     "MobileVersion": "No", "MFAUsed": "No"})


def attack():
    key_is_checked()
    thief = Actor(DANA, INTRUDER, KALI).go("14:02:07")
    intruder_looks_around(thief)
    thief.pause(70, 90)
    intruder_digs_in(thief)
    helper = Actor(HELPER, INTRUDER, BOTO)
    helper.time = thief.time + timedelta(seconds=25)
    intruder_hides(helper)
    helper.pause(30, 50)
    intruder_reads_secrets(helper)
    helper.pause(50, 70)
    started = intruder_mines(helper)
    helper.pause(40, 60)
    intruder_takes_data(helper)
    return started


def ana_cleans_up(clock, started):
    """An hour later the administrator has seen it and undoes what she can."""
    ana = ana_signs_in(clock)
    call(ana, "iam", "ListUsers", {"maxItems": 1000})
    call(ana, "iam", "UpdateAccessKey", {"userName": HELPER["userName"], "status": "Inactive",
                                         "accessKeyId": HELPER["accessKeyId"]})
    call(ana, "iam", "DeleteLoginProfile", {"userName": HELPER["userName"]})
    call(ana, "iam", "DetachUserPolicy",
         {"userName": HELPER["userName"], "policyArn": ADMINISTRATOR})
    call(ana, "cloudtrail", "StartLogging", {"name": OPS_TRAIL}, region=GLOBAL)
    share_snapshot(ana, BACKUPS[0], "remove")
    for region, instances in started.items():
        call(ana, "ec2", "DescribeInstances", {"maxResults": 1000}, region=region)
        for instance in instances:
            call(ana, "ec2", "ModifyInstanceAttribute",
                 {"instanceId": instance, "disableApiTermination": {"value": False}},
                 {"requestId": new_uuid(), "_return": True}, region=region)
        call(ana, "ec2", "TerminateInstances",
             {"instancesSet": {"items": [{"instanceId": i} for i in instances]}},
             {"requestId": new_uuid(), "instancesSet": {"items": [
                 {"instanceId": i, "currentState": {"code": 32, "name": "shutting-down"},
                  "previousState": {"code": 16, "name": "running"}} for i in instances]}},
             region=region)


# ---- objects -------------------------------------------------------------------------------------

def gzip_bytes(text):
    """gzip without a time or a name in its header, so that the same text gives the same bytes."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = deflate.compress(text) + deflate.flush()
    head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    return head + body + struct.pack("<II", zlib.crc32(text), len(text) & 0xFFFFFFFF)


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def write(root, key, text):
    path = os.path.join(root, *key.split("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(gzip_bytes(text))


def delivered(time):
    """The time in an object's name: the end of its five minutes, some two minutes later."""
    late = time + timedelta(minutes=2)
    return DAY + ((late - DAY) // DELIVERY + 1) * DELIVERY


def write_logs(root):
    """Write one object per region and five minutes; returns what the digest says of them."""
    objects = {}
    for time, region, record in records:
        objects.setdefault((delivered(time), region), []).append((time, record))
    entries = []
    for (time, region), found in sorted(objects.items(), key=lambda item: item[0]):
        found.sort(key=lambda pair: pair[0])
        name = f"{ACCOUNT}_CloudTrail_{region}_{time:%Y%m%dT%H%MZ}_" + \
            letters(16, string.ascii_letters + string.digits) + ".json.gz"
        key = f"AWSLogs/{ACCOUNT}/CloudTrail/{region}/{time:%Y/%m/%d}/{name}"
        text = compact({"Records": [record for _, record in found]})
        write(root, key, text)
        entries.append({"s3Bucket": BUCKET, "s3Object": key, "time": time, "region": region,
                        "hashValue": hashlib.sha256(text).hexdigest(), "hashAlgorithm": "SHA-256",
                        "newestEventTime": iso(found[-1][0]), "oldestEventTime": iso(found[0][0])})
    return entries


def digest_key(end):
    name = f"{ACCOUNT}_CloudTrail-Digest_{HOME}_security-trail_{HOME}_{end:%Y%m%dT%H%M%SZ}.json.gz"
    return f"AWSLogs/{ACCOUNT}/CloudTrail-Digest/{HOME}/{end:%Y/%m/%d}/{name}"


def write_digest(root, entries, clock):
    """The digest of one hour, as validation of log files leaves beside the logs."""
    end = at(clock)
    start = end - timedelta(hours=1)
    files = [{k: v for k, v in e.items() if k not in ("time", "region")} for e in entries
             if e["region"] == HOME and start <= e["time"] < end]
    write(root, digest_key(end), compact({
        "awsAccountId": ACCOUNT, "digestStartTime": iso(start), "digestEndTime": iso(end),
        "digestS3Bucket": BUCKET, "digestS3Object": digest_key(end),
        "digestPublicKeyFingerprint": letters(32, "0123456789abcdef"),
        "digestSignatureAlgorithm": "SHA256withRSA",
        "newestEventTime": max(f["newestEventTime"] for f in files),
        "oldestEventTime": min(f["oldestEventTime"] for f in files),
        "previousDigestS3Bucket": BUCKET, "previousDigestS3Object": digest_key(start),
        "previousDigestHashValue": letters(64, "0123456789abcdef"),
        "previousDigestHashAlgorithm": "SHA-256",
        "previousDigestSignature": letters(512, "0123456789abcdef"), "logFiles": files}))


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    ordinary_day()
    ana_cleans_up("15:10:20", attack())
    entries = write_logs(root)
    write_digest(root, entries, "15:08:12")
    print(f"{len(records)} records in {len(entries)} objects, and one digest")


if __name__ == "__main__":
    main()
