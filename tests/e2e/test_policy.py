"""trailwarden policy: what came before the compromise makes the policy, what came after is listed,
and no policy comes of logs that do not suffice."""
import json

import pytest

from test_cli import record, run, write_log

DANA = "arn:aws:iam::111122223333:user/dana"
ROLE = "arn:aws:iam::111122223333:role/team/Shop"
T0 = "2026-03-20T00:00:00Z"
ALL = ["--days", "0", "--accept", "regions", "--accept", "data-events"]


def call(number, source, name, request=None, **more):
    """A call of dana's, number minutes into the 17th."""
    time = f"2026-03-17T{number // 60:02}:{number % 60:02}:00Z"
    return record(1, **{"eventID": f"{number:08}-aaaa-4bbb-8ccc-dddddddddddd", "eventTime": time,
                        "eventSource": f"{source}.amazonaws.com", "eventName": name,
                        "requestParameters": request, "awsRegion": "eu-west-1", **more})


def later(number, source, name, request=None, **more):
    return call(1000 + number, source, name, request, eventTime=f"2026-03-21T09:{number:02}:00Z", **more)


def advise(tmp_path, *records, principal=DANA, options=(*ALL, "--since", T0), code=0):
    write_log(tmp_path / "logs/m.json", *records)
    done = run("policy", principal, "--from", tmp_path / "logs", "--format", "json", *options)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def allowed(advice):
    return {(a, json.dumps(s["Resource"]), json.dumps(s.get("Condition")))
            for s in advice["document"]["Statement"] for a in s["Action"]}


def names(advice, what="actions"):
    return [a["action"] for a in advice[what]]


def test_leaves_out_what_came_after(tmp_path):
    advice = advise(
        tmp_path, call(1, "s3", "GetObject", {"bucketName": "b", "key": "in/a"}),
        call(2, "lambda", "Invoke", {"functionName": "orders"}),
        later(1, "s3", "GetObject", {"bucketName": "b", "key": "in/a"}),
        later(2, "s3", "GetObject", {"bucketName": "secrets", "key": "x"}),
        later(3, "iam", "CreateUser", {"userName": "evil"}))
    assert names(advice) == ["lambda:InvokeFunction", "s3:GetObject"]
    assert allowed(advice) == {
        ("s3:GetObject", '["arn:aws:s3:::b/in/a"]', "null"),
        ("lambda:InvokeFunction", '["arn:aws:lambda:eu-west-1:111122223333:function:orders"]',
         "null")}
    assert [(a["action"], a["resources"], a["count"]) for a in advice["excluded"]] == [
        ("iam:CreateUser", ["arn:aws:iam::111122223333:user/evil"], 1),
        ("s3:GetObject", ["arn:aws:s3:::secrets/x"], 1)]
    assert advice["denying"]["Statement"] == [{"Effect": "Deny", "Resource": "*", "NotAction": [
        "lambda:InvokeFunction", "s3:GetObject"]}]


@pytest.mark.parametrize("error,used", [
    (None, True), ("NoSuchBucketPolicy", True), ("ThrottlingException", True),
    ("AccessDenied", False), ("AccessDeniedException", False),
    ("Client.UnauthorizedOperation", False), ("AuthFailure", False),
    ("Client.DryRunOperation", False)])
def test_counts_what_was_allowed(tmp_path, error, used):
    more = {"errorCode": error} if error else {}
    advice = advise(tmp_path, call(1, "sqs", "ListQueues"),
                    call(2, "s3", "GetBucketPolicy", {"bucketName": "b"}, **more))
    assert names(advice) == (["s3:GetBucketPolicy"] if used else []) + ["sqs:ListQueues"]
    assert advice["baseline"]["refused"] == (0 if used else 1)


def test_counts_an_event_once(tmp_path):
    one = call(1, "sqs", "ListQueues")
    assert advise(tmp_path, one, one)["baseline"]["uses"] == 1


def test_role_by_its_sessions(tmp_path):
    def session(role_arn, name):
        return {"type": "AssumedRole", "principalId": f"AROAX:{name}",
                "arn": f"arn:aws:sts::111122223333:assumed-role/Shop/{name}",
                "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role_arn}}}
    records = [call(1, "sqs", "ListQueues", userIdentity=session(ROLE, "a")),
               call(2, "sns", "ListTopics", userIdentity=session(ROLE.replace("team", "other"), "b")),
               call(3, "ec2", "DescribeVpcs")]
    assert names(advise(tmp_path, *records, principal=ROLE)) == ["sqs:ListQueues"]
    of_session = "arn:aws:sts::111122223333:assumed-role/Shop/a"
    assert names(advise(tmp_path, *records, principal=of_session)) == ["sns:ListTopics",
                                                                       "sqs:ListQueues"]


def test_passes_only_the_role_that_was_passed(tmp_path):
    role = "arn:aws:iam::111122223333:role/run"
    advice = advise(tmp_path, call(1, "lambda", "CreateFunction20150331",
                                   {"functionName": "f", "role": role}),
                    call(2, "ec2", "RunInstances", {"iamInstanceProfile": {"name": "web"}}),
                    call(3, "sts", "AssumeRole", {"roleArn": role, "roleSessionName": "x"}))
    assert ("iam:PassRole", json.dumps([role]), json.dumps(
        {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}})) in allowed(advice)
    assert sum(a == "iam:PassRole" for a, _, _ in allowed(advice)) == 1
    assert any("instance profiles" in c and "web" in c for c in advice["caveats"])


def user(path, account="111122223333"):
    return {"type": "IAMUser", "principalId": f"AIDA{path.split('/')[-1].upper():X<17}", "accountId": account,
            "arn": f"arn:aws:iam::{account}:user/{path}", "userName": path.split("/")[-1]}


def session_of(role, session="a", **context):
    name = role.split("/")[-1]
    return {"type": "AssumedRole", "principalId": f"AROAX:{session}", "accountId": "111122223333",
            "arn": f"arn:aws:sts::111122223333:assumed-role/{name}/{session}",
            "sessionContext": {"sessionIssuer": {"type": "Role", "arn": role}, **context}}


def test_writes_the_paths_that_records_tell(tmp_path):
    """Of callers, of roles of sessions, in answers of IAM and in what STS was asked; not of other accounts, and not what
    an intruder may have made."""
    iam = "arn:aws:iam::111122223333"
    admin = user("admin")
    advice = advise(
        tmp_path,
        call(1, "iam", "DeleteLoginProfile", {"userName": "kim"}), call(2, "sqs", "ListQueues", userIdentity=user("team/a/kim")),
        call(3, "iam", "GetRole", {"roleName": "Shop"}), call(4, "sqs", "ListQueues", userIdentity=session_of(ROLE)),
        call(5, "iam", "CreateGroup", {"groupName": "ops", "path": "/x/"}, userIdentity=admin,
             responseElements={"group": {"groupName": "ops", "path": "/x/", "arn": f"{iam}:group/x/ops"}}),
        call(6, "iam", "AddUserToGroup", {"groupName": "ops", "userName": "kim"}),
        call(7, "sts", "AssumeRole", {"roleArn": f"{iam}:role/p/Ship", "roleSessionName": "x"}, userIdentity=admin),
        call(8, "iam", "DeleteRole", {"roleName": "Ship"}),
        call(9, "iam", "DeleteUser", {"userName": "lee"}), later(1, "sqs", "ListQueues", userIdentity=user("evil/lee")),
        call(10, "iam", "UpdateUser", {"userName": "lou"}), call(11, "sqs", "ListQueues", userIdentity=user("y/lou", "444455556666")),
        call(12, "iam", "TagRole", {"roleName": "Denied"}),
        call(13, "sts", "AssumeRole", {"roleArn": f"{iam}:role/q/Denied", "roleSessionName": "x"}, errorCode="AccessDenied"))
    assert {(a, r) for a, r, _ in allowed(advice)} == {
        ("iam:DeleteLoginProfile", f'["{iam}:user/team/a/kim"]'), ("iam:GetRole", f'["{ROLE}"]'),
        ("iam:AddUserToGroup", f'["{iam}:group/x/ops"]'), ("iam:DeleteRole", f'["{iam}:role/p/Ship"]'),
        ("iam:DeleteUser", f'["{iam}:user/lee"]'), ("iam:UpdateUser", f'["{iam}:user/lou"]'),
        ("iam:TagRole", f'["{iam}:role/Denied"]')}


def test_a_name_has_the_path_it_had_last(tmp_path):
    """Whichever record is read first: kim went from one team to another, and both names are one resource."""
    kim = "arn:aws:iam::111122223333:user/b/kim"
    moved = [call(20, "sqs", "ListQueues", userIdentity=user("b/kim")), call(10, "sqs", "ListQueues", userIdentity=user("a/kim"))]
    used = [call(1, "iam", "GetUser", {"userName": "kim"}), call(30, "iam", "GetUser", {"userName": "kim"})]
    for n, records in enumerate(([*moved, *used], [*used, *reversed(moved)])):
        advice = advise(tmp_path / str(n), *records)
        assert [(a["resources"], a["count"]) for a in advice["actions"]] == [([kim], 2)]


def profile(number, name, profile, role, **more):
    return call(number, "iam", f"{name}InstanceProfile", {"instanceProfileName": profile, "roleName": role},
                userIdentity=user("admin"), **more)


def run_with(number, instance=None, **profile):
    return call(number, "ec2", "RunInstances", {"iamInstanceProfile": profile}, responseElements=instance and {
        "instancesSet": {"items": [{"instanceId": instance}]}})


I1, I2 = "i-0123456789abcdef1", "i-0123456789abcdef2"


def acts(number, instance, role, **context):
    return call(number, "sqs", "ListQueues", userIdentity=session_of(role, instance, **context))


@pytest.mark.parametrize("records,roles,untold", [
    ([profile(1, "AddRoleTo", "web", "Shop"), run_with(2, name="web")], ["role/Shop"], False),
    ([run_with(2, arn="arn:aws:iam::111122223333:instance-profile/x/web"), profile(1, "AddRoleTo", "web", "Shop")], ["role/Shop"], False),
    ([profile(1, "AddRoleTo", "web", "Shop"), run_with(2, name="web"),
      call(3, "sqs", "ListQueues", userIdentity=session_of(ROLE))], ["role/team/Shop"], False),
    ([profile(1, "AddRoleTo", "web", "Old"), profile(2, "RemoveRoleFrom", "web", "Old"), profile(2, "AddRoleTo", "web", "New"),
      run_with(3, name="web"), profile(4, "AddRoleTo", "web", "Late")], ["role/New"], False),
    ([profile(1, "AddRoleTo", "web", "Shop", errorCode="LimitExceeded"), run_with(2, name="web")], [], True),
    ([profile(1, "AddRoleTo", "web", "Shop"), profile(2, "RemoveRoleFrom", "web", "Shop"), run_with(3, name="web")], [], True),
    ([profile(3, "AddRoleTo", "web", "Shop"), run_with(2, name="web")], [], True),
    ([profile(1, "AddRoleTo", "other", "Shop"), run_with(2, name="web")], [], True),
    ([call(1, "iam", "CreateInstanceProfile", {"instanceProfileName": "web"}, userIdentity=user("admin"), responseElements={
        "instanceProfile": {"instanceProfileName": "web", "roles": [{"roleName": "Shop", "arn": ROLE}]}}),
      run_with(2, name="web"), run_with(3, name="web")], ["role/team/Shop"], False),
    ([acts(3, I1, ROLE, ec2RoleDelivery="2.0"), run_with(2, I1, name="web"), acts(9, I1, ROLE + "2", ec2RoleDelivery="2.0")],
     ["role/team/Shop"], False),
    ([run_with(2, I1, name="web"), acts(3, I2, ROLE, ec2RoleDelivery="2.0")], [], True),
    ([run_with(2, I1, name="web"), acts(3, I1, ROLE)], [], True),  # somebody who calls his session so
])
def test_passes_the_role_of_the_profile(tmp_path, records, roles, untold):
    """As far as a record tells which role was in it when instances were last started."""
    advice = advise(tmp_path, *records, later(1, "ec2", "RunInstances", {"iamInstanceProfile": {"name": "evil"}}))
    passed = [(r, c) for a, r, c in allowed(advice) if a == "iam:PassRole"]
    assert passed == [(json.dumps([f"arn:aws:iam::111122223333:{role}"]), json.dumps(
        {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}})) for role in roles]
    assert any("instance profiles" in c and "web" in c for c in advice["caveats"]) == untold
    assert not any("evil" in c for c in advice["caveats"])


def test_an_intruder_puts_no_role_into_the_policy(tmp_path):
    """Into the profile that instances were started with before he came."""
    advice = advise(tmp_path, profile(1, "AddRoleTo", "web", "Shop"), run_with(2, name="web"),
                    later(1, "iam", "AddRoleToInstanceProfile", {"instanceProfileName": "web", "roleName": "Admin"}))
    assert "Admin" not in json.dumps(advice["document"]) and "role/Shop" in json.dumps(advice["document"])


def test_calls_of_services_in_his_name(tmp_path):
    key = "arn:aws:kms:eu-west-1:111122223333:key/1234"
    identity = {**record()["userIdentity"], "invokedBy": "secretsmanager.amazonaws.com"}
    advice = advise(tmp_path, call(1, "kms", "Decrypt", {}, userIdentity=identity,
                                   resources=[{"ARN": key, "type": "AWS::KMS::Key"}]))
    assert allowed(advice) == {("kms:Decrypt", json.dumps([key]), json.dumps(
        {"StringEquals": {"kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com"}}))}


@pytest.mark.parametrize("objects", [6, 500])
def test_many_objects_are_a_prefix(tmp_path, objects):
    advice = advise(tmp_path, *[call(n, "s3", "GetObject", {"bucketName": "b", "key": f"in/{n}"})
                                for n in range(objects)],
                    call(600, "s3", "GetObject", {"bucketName": "c", "key": "one"}))
    assert allowed(advice) == {
        ("s3:GetObject", '["arn:aws:s3:::b/in/*", "arn:aws:s3:::c/one"]', "null")}


@pytest.mark.parametrize("first", ["a", "z"])
def test_a_flood_after_widens_nothing(tmp_path, first):
    """Whichever is read first: 300 objects read by the intruder, 70 roles and two buckets before."""
    flood = [later(n % 60, "s3", "GetObject", {"bucketName": "b", "key": f"x{n}/k"},
                   eventID=f"{n:08}-ffff-4bbb-8ccc-dddddddddddd") for n in range(300)]
    used = [call(n, "s3", "GetObject", {"bucketName": bucket, "key": "in/k"})
            for n, bucket in enumerate(("b", "c"))]
    roles = [call(100 + n, "lambda", "Invoke", {"functionName": f"f{n}"}) for n in range(70)]
    write_log(tmp_path / "logs" / f"{first}.json", *flood)
    advice = advise(tmp_path / ".", *roles, *used)
    assert {(a, r) for a, r, _ in allowed(advice)} == {
        ("s3:GetObject", '["arn:aws:s3:::b/in/k", "arn:aws:s3:::c/in/k"]'),
        ("lambda:InvokeFunction", '["arn:aws:lambda:eu-west-1:111122223333:function:*"]')}
    [out] = advice["excluded"]
    assert out["action"] == "s3:GetObject" and out["count"] == 300 and len(out["resources"]) <= 64


def test_fits_the_sizes_of_iam(tmp_path):
    few = advise(tmp_path, call(1, "sqs", "ListQueues"))
    assert few["size"] == len(json.dumps(few["document"], separators=(",", ":")))
    assert few["fits"] == ["inline", "managed"]
    many = advise(tmp_path, *[call(n, "ec2", f"Describe{'Thing' * 8}{n}") for n in range(120)])
    assert many["fits"] == ["inline", "managed"] and many["size"] < 2048
    assert allowed(many) == {("ec2:Describe*", '"*"', "null")}
    assert any("wildcards" in c for c in many["caveats"])


@pytest.mark.parametrize("records,options,said", [
    ([later(1, "sqs", "ListQueues")], [*ALL, "--since", T0], "no baseline"),
    ([call(1, "sqs", "ListQueues")], ["--accept", "regions", "--since", T0], "cover 1 day"),
    ([call(1, "sqs", "ListQueues")], ["--days", "0"], "nothing of us-east-1"),
    ([call(1, "sqs", "ListQueues", awsRegion="us-east-1")],
     ["--days", "0", "--region", "eu-north-1"], "nothing of eu-north-1"),
    ([call(1, "s3", "ListBuckets", awsRegion="us-east-1")], ["--days", "0"], "no data events"),
])
def test_refuses(tmp_path, records, options, said):
    """Nothing is advised of logs that do not suffice; what was seen is told all the same."""
    advice = advise(tmp_path, *records, options=options, code=5)
    assert advice["document"] is None and advice["denying"] is None
    [refusal] = advice["refusals"]
    assert said in refusal and advice["actions"] + advice["excluded"]


def test_who_is_in_no_log_is_told_so(tmp_path):
    """A name that was mistyped, or written without its path, is nobody's compromise; nor is an empty folder."""
    advice = advise(tmp_path, call(1, "sqs", "ListQueues", userIdentity=user("team/dana")), options=ALL, code=5)
    [refusal] = advice["refusals"]
    assert "no baseline: no call of this identity" in refusal and "path" in refusal
    (tmp_path / "empty").mkdir()
    done = run("policy", DANA, "--from", tmp_path / "empty")
    assert done.returncode == 5 and done.stderr.decode().strip().endswith("there is no log file in the paths given")


def test_accepted_gaps_are_caveats(tmp_path):
    advice = advise(tmp_path, call(1, "s3", "ListBuckets"),
                    options=["--accept", "short", "--accept", "data-events", "--accept", "regions"])
    assert advice["document"] and advice["refusals"] == []
    assert sum("--accept" in c for c in advice["caveats"]) == 3


def test_finds_the_beginning_itself(tmp_path):
    """The first event that a grave rule finds: root keys made, trails stopped."""
    records = [call(1, "sqs", "ListQueues"),
               later(5, "cloudtrail", "StopLogging", {"name": "t"}, awsRegion="us-east-1"),
               later(6, "iam", "ListUsers")]
    advice = advise(tmp_path, *records, options=ALL)
    assert advice["since"] == "2026-03-21T09:05:00Z" and "CloudTrail" in advice["since_by"]
    assert names(advice) == ["sqs:ListQueues"]
    everything = advise(tmp_path, *records, options=[*ALL, "--since", "none"])
    assert everything["since"] is None and len(everything["actions"]) == 3


def test_compares_with_the_current_policy(tmp_path):
    current = tmp_path / "current.json"
    current.write_text(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:Get*", "iam:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]}))
    advice = advise(tmp_path, call(1, "s3", "GetBucketAcl", {"bucketName": "b"}),
                    call(2, "sqs", "ListQueues"),
                    options=[*ALL, "--current", current])
    assert advice["current"] == {"kept": ["s3:Get*"], "unused": ["iam:*"],
                                 "missing": ["sqs:ListQueues"]}


def test_text_for_people(tmp_path):
    write_log(tmp_path / "logs/a.json", call(1, "sqs", "ListQueues"),
              later(1, "iam", "CreateUser", {"userName": "e\x1b[31mvil"}))
    done = run("policy", DANA, "--from", tmp_path / "logs", "--format", "text", *ALL,
               "--since", T0)
    said = done.stdout.decode()
    assert done.returncode == 0 and '"sqs:ListQueues"' in said and "\x1b" not in said
    assert "iam:CreateUser x1 since 2026-03-21T09:01:00Z" in said


@pytest.mark.parametrize("arguments,said", [
    (["dana", "--from", "."], "dana is no ARN"),
    (["arn:aws:iam::111122223333:group/x", "--from", "."], "is no ARN"),
    (["arn:aws:iam::111122223333:role/aws-service-role/x.amazonaws.com/AWSServiceRoleForX",
      "--from", "."], "service-linked"),
    ([DANA], "policy needs"),
    ([DANA, "--from", ".", "--accept", "all"], "--accept all"),
    ([DANA, "--from", ".", "--days", "x"], "--days is no number"),
    ([DANA, "--from", ".", "--since", "soon"], "soon"),
    ([DANA, "--from", ".", "--current", "nothere"], "nothere"),
    ([DANA, "--from", "./nothere"], "nothere"),
])
def test_usage(tmp_path, arguments, said):
    done = run("policy", *arguments, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr.decode(), done.stderr
