"""IAM's evaluation of policies, as far as the documents here need it: which statement applies to a
request, and what follows from all that do.

Sources: IAM user guide, "Policy evaluation logic", "IAM JSON policy elements: Condition operators",
"Creating a condition with multiple keys or values", "Single-valued vs. multivalued context keys". An
operator or element that is not known here is an error, so that no document passes unread.
"""
import datetime
import ipaddress
import re

ALLOWED, DENIED, NOT_ALLOWED = "Allowed", "ExplicitlyDenied", "ImplicitlyDenied"
ELEMENTS = {"Sid", "Effect", "Action", "Resource", "Condition", "Principal"}


def listed(value):
    return value if isinstance(value, list) else [value]


def like(pattern, text, flags=0):
    """* any characters, ? one."""
    parts = [{"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern]
    return re.fullmatch("".join(parts), text, flags | re.DOTALL) is not None


def like_arn(pattern, text):
    """Each of the six parts by itself: a wildcard does not reach over a colon, but in the last."""
    want, have = pattern.split(":", 5), text.split(":", 5)
    return len(want) == len(have) == 6 and all(map(like, want, have))


def instant(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def in_network(network, address):
    network, address = ipaddress.ip_network(network), ipaddress.ip_address(address)
    return network.version == address.version and address in network


# By name: whether one wanted value fits one of the request's. The negated are those with a Not.
OPERATORS = {
    "StringEquals": lambda want, have: want == have,
    "StringEqualsIgnoreCase": lambda want, have: want.lower() == have.lower(),
    "StringLike": like,
    "ArnEquals": like_arn, "ArnLike": like_arn,  # the same, says the guide
    "Bool": lambda want, have: want.lower() == have.lower(),
    "IpAddress": in_network,
    "DateLessThan": lambda want, have: instant(have) < instant(want),
}
NEGATED = {"StringNotEquals": "StringEquals", "StringNotLike": "StringLike",
           "ArnNotEquals": "ArnEquals", "ArnNotLike": "ArnLike", "NotIpAddress": "IpAddress"}


def holds(operator, key, wanted, context):
    """One key of a condition. Several wanted values are joined by OR, of a negated operator by NOR;
    a key that the request has not fails, or of a negated operator holds."""
    have = {k.lower(): v for k, v in context.items()}.get(key.lower())
    quantifier, _, name = operator.rpartition(":")
    if name == "Null":
        return (have is None) == (wanted[0] == "true")
    negated = name in NEGATED
    fits = OPERATORS[NEGATED.get(name, name)]

    def one(value):
        return any(fits(w, value) for w in wanted) != negated

    if quantifier == "ForAllValues":
        return all(map(one, listed(have or [])))
    if quantifier == "ForAnyValue":
        return any(map(one, listed(have or [])))
    assert not quantifier
    if have is None:
        return negated
    assert not isinstance(have, list), f"{key} has several values and wants a quantifier"
    return one(have)


def applies(statement, request):
    assert set(statement) <= ELEMENTS, statement
    return (any(like(a, request["action"], re.IGNORECASE) for a in listed(statement["Action"])) and
            any(like(r, request["resource"]) for r in listed(statement.get("Resource", "*"))) and
            names(statement.get("Principal"), request) and
            all(holds(operator, key, listed(wanted), request["context"])
                for operator, keys in statement.get("Condition", {}).items()
                for key, wanted in keys.items()))


def names(principal, request):
    """Absent: the policy is its bearer's. A session of a role is named by its role too."""
    if principal is None or principal == "*":
        return True
    who = (request["principal"], request["context"]["aws:PrincipalArn"])
    return any(p in who for p in listed(principal["AWS"]))


def account_of(arn):
    return arn.split(":")[4]


def effects(policies, request):
    return {s["Effect"] for p in policies for s in p["Statement"] if applies(s, request)}


def evaluate(request, identity, boundary=None, scps=(), resource_policy=None):
    """What comes of the request {"principal", "action", "resource", "context"}. scps are those of one
    target of the organization. resource_policy is a role's trust policy: it has to allow, and by
    naming the principal it is enough within an account."""
    layers = [effects(identity, request)]
    if boundary is not None:
        layers.append(effects(boundary, request))
    if scps:
        layers.append(effects(scps, request))
    trust = None if resource_policy is None else effects([resource_policy], request)
    if any("Deny" in layer for layer in layers + [trust or set()]):
        return DENIED
    if trust is not None:
        if account_of(request["principal"]) == account_of(request["resource"]):
            layers = []
        layers.append(trust)
    return ALLOWED if all("Allow" in layer for layer in layers) else NOT_ALLOWED
