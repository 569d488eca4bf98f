"""IAM, and the little of STS, EC2, Roles Anywhere and Secrets Manager that containment calls, behind
StrictAws: a model of accounts with users, roles, policies and keys, in the shapes that the API
references show, with the refusals that moto does not know."""
import json
import re
import secrets
import time
import urllib.parse
from xml.sax.saxutils import escape

from support.strict_aws import KEY, Refused, StrictAws

OWN, OTHER = "111122223333", "444455556666"
ASSUME = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
VERSIONS = {"iam": "2010-05-08", "sts": "2011-06-15", "ec2": "2016-11-15"}
NAME = re.compile(r"[\w+=,.@-]{1,64}", re.ASCII)
INLINE_MAX = {"User": 2048, "Role": 10240}
PROTECTED = ("/aws-service-role/", "/aws-reserved/sso.amazonaws.com/")


class Principal:
    """A user or a role."""

    def __init__(self, account, kind, name, path="/"):
        self.kind, self.name, self.path = kind, name, path
        self.id = {"User": "AIDA", "Role": "AROA"}[kind] + secrets.token_hex(8).upper()
        self.arn = f"arn:aws:iam::{account}:{kind.lower()}{path}{name}"
        self.attached, self.inline, self.tags, self.keys = [], {}, {}, {}
        self.boundary = self.password = None
        self.reset = False
        self.trust = json.dumps(ASSUME)
        self.groups, self.mfa, self.certificates, self.ssh, self.specific = [], [], [], [], []
        self.trusted_by = None  # of a responder role: (account, external id or None)

    def xml(self):
        boundary = (f"<PermissionsBoundary><PermissionsBoundaryType>Policy</PermissionsBoundaryType>"
                    f"<PermissionsBoundaryArn>{self.boundary}</PermissionsBoundaryArn>"
                    f"</PermissionsBoundary>" if self.boundary else "")
        trust = (f"<AssumeRolePolicyDocument>{urllib.parse.quote(self.trust, safe='')}"
                 "</AssumeRolePolicyDocument>" if self.kind == "Role" else "")
        tags = "".join(f"<member><Key>{escape(k)}</Key><Value>{escape(v)}</Value></member>"
                       for k, v in self.tags.items())
        return (f"<{self.kind}><Path>{self.path}</Path><{self.kind}Name>{escape(self.name)}"
                f"</{self.kind}Name><{self.kind}Id>{self.id}</{self.kind}Id>"
                f"<Arn>{escape(self.arn)}</Arn><CreateDate>2026-01-02T03:04:05Z</CreateDate>"
                f"{trust}{boundary}{f'<Tags>{tags}</Tags>' if tags else ''}</{self.kind}>")

    def size(self):
        return sum(len("".join(d.split())) for d in self.inline.values())


class Account:
    def __init__(self, number):
        self.number = number
        self.users, self.roles = {}, {}
        self.attach_max = 10

    def user(self, name, path="/"):
        self.users[name] = Principal(self.number, "User", name, path)
        return self.users[name]

    def role(self, name, path="/"):
        self.roles[name] = Principal(self.number, "Role", name, path)
        return self.roles[name]


class StrictIam(StrictAws):
    """accounts: number -> Account. KEY is OWN's. deny: actions that nobody may. small_pages: items
    of a list's page."""

    def __init__(self):
        self.accounts = {n: Account(n) for n in (OWN, OTHER)}
        self.owners = {KEY: (OWN, "function")}  # key id -> account, who
        self.deny = set()
        self.small_pages = 100
        self.instances = {}  # instance -> (association, profile's ARN)
        self.held = {}  # instance profile -> its role
        self.anchors, self.profiles = {}, {}  # Roles Anywhere: id -> enabled
        self.secrets = {}  # name -> (token, text)
        super().__init__()

    # Who asks for what.

    def answer(self, method, target, headers, body, service, region):
        key = headers["authorization"].partition("Credential=")[2].partition("/")[0]
        account = self.accounts[self.owners[key][0]]
        if service == "rolesanywhere":
            return self.anywhere(method, target, body)
        if service == "secretsmanager":
            return self.create_secret(headers, json.loads(body))
        if service not in VERSIONS:
            return super().answer(method, target, headers, body, service, region)
        if service == "iam" and region != "us-east-1":
            raise Refused(403, "SignatureDoesNotMatch",
                          "Credential should be scoped to a valid region.")
        form = dict(urllib.parse.parse_qsl(body.decode(), keep_blank_values=True,
                                           strict_parsing=True))
        action = form.pop("Action")
        assert form.pop("Version") == VERSIONS[service], action
        if action in self.deny:
            raise Refused(403 if service != "ec2" else 403, "AccessDenied" if service != "ec2"
                          else "UnauthorizedOperation",
                          f"User: {self.owners[key][1]} is not authorized to perform: "
                          f"{service}:{action}")
        answer = getattr(self, "do_" + action)(account, form, key)
        if service == "ec2":
            return 200, {}, (f'<{action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">'
                             f"<requestId>r-1</requestId>{answer}</{action}Response>")
        result = f"<{action}Result>{answer}</{action}Result>" if answer is not None else ""
        return 200, {}, (f'<{action}Response xmlns="https://{service}.amazonaws.com/doc/'
                         f'{VERSIONS[service]}/">{result}<ResponseMetadata><RequestId>r-1'
                         f"</RequestId></ResponseMetadata></{action}Response>")

    @staticmethod
    def find(account, form, change=False):
        kind = "User" if "UserName" in form else "Role"
        name = form[kind + "Name"]
        if not NAME.fullmatch(name):
            raise Refused(400, "ValidationError", f"The specified value for {kind.lower()}Name is "
                                                  "invalid.")
        found = (account.users if kind == "User" else account.roles).get(name)
        if not found:
            raise Refused(404, "NoSuchEntity",
                          f"The {kind.lower()} with name {name} cannot be found.")
        if change and found.path.startswith(PROTECTED):
            raise Refused(400, "UnmodifiableEntity",
                          f"Cannot perform the operation on the protected role '{name}' - this "
                          "role is only modifiable by AWS")
        return found

    def listing(self, form, container, items):
        begin = int(form.get("Marker", "m/+=0").removeprefix("m/+="))
        end = begin + self.small_pages
        more = end < len(items)
        marker = f"<Marker>m/+={end}</Marker>" if more else ""
        return (f"<{container}>{''.join(f'<member>{i}</member>' for i in items[begin:end])}"
                f"</{container}><IsTruncated>{str(more).lower()}</IsTruncated>{marker}")

    # Security Token Service.

    def do_GetCallerIdentity(self, account, form, key):
        who = self.owners[key][1]
        return (f"<Arn>arn:aws:sts::{account.number}:assumed-role/{who}/s</Arn>"
                f"<UserId>AROAEXAMPLE:s</UserId><Account>{account.number}</Account>")

    def do_AssumeRole(self, account, form, key):
        number, _, path = form["RoleArn"].removeprefix("arn:aws:iam::").partition(":role/")
        role = self.accounts[number].roles.get(path.rpartition("/")[2])
        if (not role or role.arn != form["RoleArn"] or not role.trusted_by or
                role.trusted_by != (account.number, form.get("ExternalId"))):
            raise Refused(403, "AccessDenied", f"User: {self.owners[key][1]} is not authorized to "
                                               f"perform: sts:AssumeRole on {form['RoleArn']}")
        assert 900 <= int(form.get("DurationSeconds", 3600)) <= 3600
        assert re.fullmatch(r"[\w+=,.@-]{2,64}", form["RoleSessionName"])
        seconds = int(form.get("DurationSeconds", 3600))
        new, ends = f"ASIA{len(self.keys):016}", self.now() + seconds
        self.keys[new] = ("secret/of+" + new, "token+of/" + new, ends)
        self.owners[new] = (number, role.name)
        return (f"<Credentials><AccessKeyId>{new}</AccessKeyId><SecretAccessKey>{self.keys[new][0]}"
                f"</SecretAccessKey><SessionToken>{self.keys[new][1]}</SessionToken><Expiration>"
                f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(ends))}</Expiration>"
                f"</Credentials><AssumedRoleUser><Arn>x</Arn></AssumedRoleUser>")

    # What users and roles have in common.

    def do_GetUser(self, account, form, key):
        return self.find(account, form).xml()

    do_GetRole = do_GetUser

    def do_ListAttachedUserPolicies(self, account, form, key):
        return self.listing(form, "AttachedPolicies", [
            f"<PolicyName>{a.rpartition('/')[2]}</PolicyName><PolicyArn>{a}</PolicyArn>"
            for a in self.find(account, form).attached])

    do_ListAttachedRolePolicies = do_ListAttachedUserPolicies

    def do_ListUserPolicies(self, account, form, key):
        return self.listing(form, "PolicyNames",
                            [escape(n) for n in self.find(account, form).inline])

    do_ListRolePolicies = do_ListUserPolicies

    def do_GetUserPolicy(self, account, form, key):
        text = self.find(account, form).inline.get(form["PolicyName"])
        if text is None:
            raise Refused(404, "NoSuchEntity", "The user policy cannot be found.")
        return (f"<UserName>x</UserName><PolicyName>{escape(form['PolicyName'])}</PolicyName>"
                f"<PolicyDocument>{urllib.parse.quote(text, safe='')}</PolicyDocument>")

    do_GetRolePolicy = do_GetUserPolicy

    def do_AttachUserPolicy(self, account, form, key):
        who = self.find(account, form, change=True)
        if form["PolicyArn"] in who.attached:
            return
        if len(who.attached) >= account.attach_max:
            raise Refused(409, "LimitExceeded", "Cannot exceed quota for PoliciesPerUser: "
                                                f"{account.attach_max}")
        if not form["PolicyArn"].startswith("arn:aws:iam::"):
            raise Refused(400, "InvalidInput", "ARN is not valid.")
        who.attached.append(form["PolicyArn"])

    do_AttachRolePolicy = do_AttachUserPolicy

    def do_DetachUserPolicy(self, account, form, key):
        who = self.find(account, form, change=True)
        if form["PolicyArn"] not in who.attached:
            raise Refused(404, "NoSuchEntity", f"Policy {form['PolicyArn']} was not found.")
        who.attached.remove(form["PolicyArn"])

    do_DetachRolePolicy = do_DetachUserPolicy

    @staticmethod
    def document(text):
        try:
            json.loads(text)["Statement"]
        except (ValueError, KeyError, TypeError):
            raise Refused(400, "MalformedPolicyDocument", "Syntax errors in policy.") from None
        return text

    def do_PutUserPolicy(self, account, form, key):
        who = self.find(account, form, change=True)
        before = dict(who.inline)
        who.inline[form["PolicyName"]] = self.document(form["PolicyDocument"])
        if who.size() > INLINE_MAX[who.kind]:
            who.inline = before
            raise Refused(409, "LimitExceeded", "Maximum policy size of "
                                                f"{INLINE_MAX[who.kind]} bytes exceeded")

    do_PutRolePolicy = do_PutUserPolicy

    def do_DeleteUserPolicy(self, account, form, key):
        if self.find(account, form, change=True).inline.pop(form["PolicyName"], None) is None:
            raise Refused(404, "NoSuchEntity", "The policy cannot be found.")

    do_DeleteRolePolicy = do_DeleteUserPolicy

    def do_PutUserPermissionsBoundary(self, account, form, key):
        self.find(account, form, change=True).boundary = form["PermissionsBoundary"]

    do_PutRolePermissionsBoundary = do_PutUserPermissionsBoundary

    def do_DeleteUserPermissionsBoundary(self, account, form, key):
        who = self.find(account, form, change=True)
        if not who.boundary:
            raise Refused(404, "NoSuchEntity", f"{who.name} does not have a boundary")
        who.boundary = None

    do_DeleteRolePermissionsBoundary = do_DeleteUserPermissionsBoundary

    def do_TagUser(self, account, form, key):
        tags = self.find(account, form, change=True).tags
        tags[form["Tags.member.1.Key"]] = form["Tags.member.1.Value"]
        if len(tags) > 50:
            raise Refused(409, "LimitExceeded", "The number of tags has reached the maximum limit.")

    do_TagRole = do_TagUser

    def do_UntagUser(self, account, form, key):
        self.find(account, form, change=True).tags.pop(form["TagKeys.member.1"], None)

    do_UntagRole = do_UntagUser

    def do_UpdateAssumeRolePolicy(self, account, form, key):
        self.find(account, form, change=True).trust = self.document(form["PolicyDocument"])

    # A user's own parts.

    def do_ListAccessKeys(self, account, form, key):
        return self.listing(form, "AccessKeyMetadata", [
            f"<UserName>x</UserName><AccessKeyId>{k}</AccessKeyId><Status>{s}</Status>"
            for k, s in self.find(account, form).keys.items()])

    def owner_of(self, account, wanted):
        return next((u for u in account.users.values() if wanted in u.keys), None)

    def do_GetAccessKeyLastUsed(self, account, form, key):
        owner = self.owner_of(account, form["AccessKeyId"])
        if not owner:
            raise Refused(403, "AccessDenied", "not authorized to perform: "
                                               "iam:GetAccessKeyLastUsed")
        return (f"<UserName>{owner.name}</UserName><AccessKeyLastUsed><ServiceName>N/A"
                "</ServiceName><Region>N/A</Region></AccessKeyLastUsed>")

    @staticmethod
    def own_key(who, form):
        if form["AccessKeyId"] not in who.keys:
            raise Refused(404, "NoSuchEntity", f"The Access Key with id {form['AccessKeyId']} "
                                               "cannot be found.")

    def do_UpdateAccessKey(self, account, form, key):
        who = self.find(account, form)
        self.own_key(who, form)
        assert form["Status"] in ("Active", "Inactive")
        who.keys[form["AccessKeyId"]] = form["Status"]

    def do_DeleteAccessKey(self, account, form, key):
        who = self.find(account, form)
        self.own_key(who, form)
        del who.keys[form["AccessKeyId"]]

    def do_CreateAccessKey(self, account, form, key):
        who = self.find(account, form)
        if len(who.keys) == 2:
            raise Refused(409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")
        new, secret = "AKIA" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30) + "/+"
        who.keys[new] = "Active"
        self.keys[new] = (secret, None, None)
        self.owners[new] = (account.number, who.name)
        return (f"<AccessKey><UserName>{escape(who.name)}</UserName><AccessKeyId>{new}"
                f"</AccessKeyId><Status>Active</Status><SecretAccessKey>{secret}</SecretAccessKey>"
                "</AccessKey>")

    def login(self, account, form):
        who = self.find(account, form)
        if who.password is None:
            raise Refused(404, "NoSuchEntity",
                          f"Login Profile for User {who.name} cannot be found.")
        return who

    @staticmethod
    def profile_xml(who):
        return (f"<LoginProfile><UserName>{who.name}</UserName><PasswordResetRequired>"
                f"{str(who.reset).lower()}</PasswordResetRequired></LoginProfile>")

    def do_GetLoginProfile(self, account, form, key):
        return self.profile_xml(self.login(account, form))

    def do_DeleteLoginProfile(self, account, form, key):
        self.login(account, form).password = None

    def do_UpdateLoginProfile(self, account, form, key):
        self.login(account, form).reset = form["PasswordResetRequired"] == "true"

    def do_CreateLoginProfile(self, account, form, key):
        who = self.find(account, form)
        if who.password is not None:
            raise Refused(409, "EntityAlreadyExists",
                          f"Login Profile for user {who.name} already exists.")
        if len(form["Password"]) < 8:
            raise Refused(400, "PasswordPolicyViolation", "Password should be at least 8 long")
        who.password, who.reset = form["Password"], form["PasswordResetRequired"] == "true"
        return self.profile_xml(who)

    PARTS = {"groups": ("ListGroupsForUser", "Groups", "GroupName"),
             "mfa": ("ListMFADevices", "MFADevices", "SerialNumber"),
             "certificates": ("ListSigningCertificates", "Certificates", "CertificateId"),
             "ssh": ("ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId"),
             "specific": ("ListServiceSpecificCredentials", "ServiceSpecificCredentials",
                          "ServiceSpecificCredentialId")}
    REMOVALS = {"RemoveUserFromGroup": ("groups", "GroupName"),
                "DeactivateMFADevice": ("mfa", "SerialNumber"),
                "DeleteSigningCertificate": ("certificates", "CertificateId"),
                "DeleteSSHPublicKey": ("ssh", "SSHPublicKeyId"),
                "DeleteServiceSpecificCredential": ("specific", "ServiceSpecificCredentialId")}

    def __getattr__(self, name):
        """do_List... and do_Delete... of the lists that a user's parts are."""
        for part, (action, container, element) in self.PARTS.items():
            if name == "do_" + action:
                return lambda account, form, key: self.listing(form, container, [
                    f"<{element}>{escape(x)}</{element}><Status>Active</Status>"
                    "<ServiceName>codecommit.amazonaws.com</ServiceName>"
                    for x in getattr(self.find(account, form), part)])
        if name.removeprefix("do_") in self.REMOVALS:
            part, element = self.REMOVALS[name.removeprefix("do_")]
            return lambda account, form, key: self.remove(
                getattr(self.find(account, form), part), form[element])
        raise AttributeError(name)

    @staticmethod
    def remove(things, thing):
        if thing not in things:
            raise Refused(404, "NoSuchEntity", f"{thing} cannot be found.")
        things.remove(thing)

    def do_DeleteVirtualMFADevice(self, account, form, key):
        if any(form["SerialNumber"] in u.mfa for u in account.users.values()):
            raise Refused(409, "DeleteConflict", "Device is in use.")

    def do_DeleteUser(self, account, form, key):
        who = self.find(account, form)
        if (who.attached or who.inline or who.keys or who.password or
                any(getattr(who, part) for part in self.PARTS)):
            raise Refused(409, "DeleteConflict", "Cannot delete entity, must delete others first.")
        del account.users[who.name]

    def do_CreateUser(self, account, form, key):
        if form["UserName"].lower() in (n.lower() for n in account.users):
            raise Refused(409, "EntityAlreadyExists",
                          f"User with name {form['UserName']} already exists.")
        return account.user(form["UserName"]).xml()

    # The other services.

    def association(self, instance, state="associated"):
        association, profile = self.instances[instance]
        return (f"<associationId>{association}</associationId><instanceId>{instance}</instanceId>"
                f"<iamInstanceProfile><arn>{profile}</arn><id>AIPA</id></iamInstanceProfile>"
                f"<state>{state}</state>")

    def do_GetInstanceProfile(self, account, form, key):
        name = form["InstanceProfileName"]
        if name not in self.held:
            raise Refused(404, "NoSuchEntity", f"Instance Profile {name} cannot be found.")
        role = account.roles[self.held[name]].xml().removeprefix("<Role>").removesuffix("</Role>")
        return (f"<InstanceProfile><Path>/</Path><InstanceProfileName>{name}</InstanceProfileName>"
                f"<Roles><member>{role}</member></Roles></InstanceProfile>")

    def do_DescribeIamInstanceProfileAssociations(self, account, form, key):
        assert form["Filter.1.Name"] == "instance-id"
        found = [i for i in self.instances if i == form["Filter.1.Value.1"]]
        items = "".join(f"<item>{self.association(i)}</item>" for i in found)
        return ("<iamInstanceProfileAssociationSet>" + items + "</iamInstanceProfileAssociationSet>"
                if items else "<iamInstanceProfileAssociationSet/>")

    def do_DisassociateIamInstanceProfile(self, account, form, key):
        for instance, (association, _) in self.instances.items():
            if association == form["AssociationId"]:
                text = self.association(instance, "disassociating")
                del self.instances[instance]
                return f"<iamInstanceProfileAssociation>{text}</iamInstanceProfileAssociation>"
        raise Refused(400, "InvalidAssociationID.NotFound", "An invalid association-id")

    def do_AssociateIamInstanceProfile(self, account, form, key):
        if form["InstanceId"] in self.instances:
            raise Refused(400, "IncorrectState", "There is an existing association")
        self.instances[form["InstanceId"]] = ("iip-assoc-" + secrets.token_hex(8),
                                              form["IamInstanceProfile.Arn"])
        return ("<iamInstanceProfileAssociation>" + self.association(form["InstanceId"]) +
                "</iamInstanceProfileAssociation>")

    def anywhere(self, method, target, body):
        _, kind, thing, *verb = target.split("/")
        things = self.anchors if kind == "trustanchor" else self.profiles
        member = "trustAnchor" if kind == "trustanchor" else "profile"
        assert method == ("POST" if verb else "GET") and body == b""
        if thing not in things:
            raise Refused(404, "ResourceNotFoundException", "Resource not found.")
        if verb:
            things[thing] = {"enable": True, "disable": False}[verb[0]]
        return 200, {}, json.dumps({member: {
            member + "Id": thing, member + "Arn": "arn:aws:rolesanywhere:x:" + thing,
            "name": "n", "enabled": things[thing],
            **({"roleArns": ["arn:aws:iam::111122223333:role/r"]} if member == "profile" else {})}})

    def create_secret(self, headers, said):
        assert headers["x-amz-target"] == "secretsmanager.CreateSecret"
        assert headers["content-type"] == "application/x-amz-json-1.1"
        value = (said["ClientRequestToken"], said["SecretString"])
        if self.secrets.setdefault(said["Name"], value) != value:
            raise Refused(400, "ResourceExistsException", "it is there already")
        return 200, {}, json.dumps({"ARN": "arn:aws:secretsmanager:x:" + said["Name"],
                                    "Name": said["Name"], "VersionId": value[0]})
