"""CloudFormation templates as data, and what they come to under given parameters: as far as our
templates go, and strict, so that a reference to what is not there is an error."""
import functools
import re

import yaml

ACCOUNT, REGION = "111122223333", "eu-west-1"
PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws",
          "AWS::StackName": "trailwarden", "AWS::URLSuffix": "amazonaws.com",
          "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/trailwarden/"
                          "51af3dc0-da77-11e4-872e-1234567db123"}
NOTHING = object()  # AWS::NoValue
# What Ref is where it is no name; {name} is the resource's own name, or what it is called here.
REFS = {"AWS::SNS::Topic": "arn:aws:sns:{region}:{account}:{name}",
        "AWS::SQS::Queue": "https://sqs.{region}.amazonaws.com/{account}/{name}"}
ARNS = {"AWS::SQS::Queue": "arn:aws:sqs:{region}:{account}:{name}",
        "AWS::S3::Bucket": "arn:aws:s3:::{name}",
        "AWS::DynamoDB::Table": "arn:aws:dynamodb:{region}:{account}:table/{name}",
        "AWS::KMS::Key": "arn:aws:kms:{region}:{account}:key/{name}",
        "AWS::IAM::Role": "arn:aws:iam::{account}:role/{name}",
        "AWS::Events::Rule": "arn:aws:events:{region}:{account}:rule/{name}",
        "AWS::Events::EventBus": "arn:aws:events:{region}:{account}:event-bus/{name}",
        "AWS::Logs::LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}:*",
        "AWS::Serverless::Function": "arn:aws:lambda:{region}:{account}:function:{name}"}
NAMES = ("QueueName", "TopicName", "BucketName", "RoleName", "LogGroupName", "FunctionName", "Name")


class Loader(yaml.SafeLoader):
    """YAML with the short forms: !Ref x is {"Ref": "x"}, !Sub x {"Fn::Sub": "x"}."""


def short_form(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", short_form)


@functools.cache
def load(path):
    """Shared; not to be changed."""
    with open(path, encoding="utf-8") as text:
        return yaml.load(text, Loader)


class Stack:
    """`resources` are those whose condition holds, with their properties worked out; `conditions`
    what each condition comes to. Parameters may be AWS's own, too: AWS::StackName and the like."""

    def __init__(self, template, **parameters):
        declared = template.get("Parameters", {})
        pseudo = {n: parameters.pop(n) for n in PSEUDO if n in parameters}
        unknown = parameters.keys() - declared.keys()
        assert not unknown, f"no such parameters: {unknown}"
        self.template = template
        self.values = {**PSEUDO, **pseudo}
        for name, said in declared.items():
            value = parameters.get(name, said.get("Default"))
            assert value is not None, f"{name} has no default"
            assert "AllowedValues" not in said or value in said["AllowedValues"], (name, value)
            if "AllowedPattern" in said:
                assert re.search(said["AllowedPattern"], value), (name, value)
            if said["Type"] == "CommaDelimitedList":
                value = value.split(",")
            self.values[name] = value
        self.conditions = {name: self.truth(c)
                           for name, c in template.get("Conditions", {}).items()}
        self.there = {name: r for name, r in template["Resources"].items()
                      if "Condition" not in r or self.conditions[r["Condition"]]}
        self.resources = {name: {"Type": r["Type"],
                                 "Properties": self.resolve(r.get("Properties", {}))}
                          for name, r in self.there.items()}
        self.outputs = {name: self.resolve(o["Value"])
                        for name, o in template.get("Outputs", {}).items()
                        if "Condition" not in o or self.conditions[o["Condition"]]}

    def of_type(self, kind):
        return {n: r["Properties"] for n, r in self.resources.items() if r["Type"] == kind}

    def truth(self, c):
        (word, value), = c.items()
        if word == "Condition":
            return self.truth(self.template["Conditions"][value])
        if word == "Fn::Equals":
            a, b = map(self.resolve, value)
            return a == b
        truths = [self.truth(v) for v in value]
        return {"Fn::Not": not truths[0], "Fn::And": all(truths), "Fn::Or": any(truths)}[word]

    def broken_rules(self):
        """The assertions of section Rules that do not hold."""
        return [a["AssertDescription"] for rule in self.template.get("Rules", {}).values()
                if "RuleCondition" not in rule or self.truth(rule["RuleCondition"])
                for a in rule["Assertions"] if not self.truth(a["Assert"])]

    def named(self, resource):
        """Its name."""
        properties = self.there[resource].get("Properties", {})
        given = [properties[n] for n in NAMES if n in properties]
        return self.resolve(given[0]) if given else f"{self.values['AWS::StackName']}-{resource}"

    def filled(self, form, resource):
        return form.format(name=self.named(resource), account=self.values["AWS::AccountId"],
                           region=self.values["AWS::Region"])

    def ref(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        if name in self.values:
            return self.values[name]
        assert name in self.there, f"Ref to {name}, which is not there"
        return self.filled(REFS.get(self.there[name]["Type"], "{name}"), name)

    def attribute(self, resource, attribute):
        assert resource in self.there, f"GetAtt of {resource}, which is not there"
        kind = self.there[resource]["Type"]
        if attribute == "Arn":
            return self.filled(ARNS[kind], resource)
        if attribute == "ApiEndpoint":
            assert kind == "AWS::ApiGatewayV2::Api", resource
            return self.filled("https://{name}.execute-api.{region}.amazonaws.com", resource)
        assert attribute in ("QueueName", "TopicName"), (resource, attribute)
        return self.named(resource)

    def substitute(self, text, more={}):
        def one(match):
            name = match[1]
            if name[0] == "!":
                return "${" + name[1:] + "}"
            if name in more:
                return str(more[name])
            return self.attribute(*name.split(".", 1)) if "." in name else self.ref(name)
        return re.sub(r"\$\{([^}]+)\}", one, text)

    def resolve(self, value):
        if isinstance(value, list):
            return [v for v in map(self.resolve, value) if v is not NOTHING]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            (word, inner), = value.items()
            if word == "Ref":
                return self.ref(inner)
            if word.startswith("Fn::"):
                return self.function(word, inner)
        done = {k: self.resolve(v) for k, v in value.items()}
        return {k: v for k, v in done.items() if v is not NOTHING}

    def function(self, word, inner):
        if word == "Fn::If":
            return self.resolve(inner[1] if self.conditions[inner[0]] else inner[2])
        if word == "Fn::GetAtt":
            return self.attribute(*inner)
        if word == "Fn::Sub":
            if isinstance(inner, list):
                more = {name: self.resolve(value) for name, value in inner[1].items()}
                return self.substitute(inner[0], more)
            return self.substitute(inner)
        arguments = self.resolve(inner)
        if word == "Fn::Join":
            return arguments[0].join(arguments[1])
        if word == "Fn::Split":
            return arguments[1].split(arguments[0])
        if word == "Fn::Select":
            return arguments[1][int(arguments[0])]
        if word == "Fn::FindInMap":
            table, first, second = arguments
            return self.template["Mappings"][table][first][second]
        raise AssertionError(f"unknown function {word}")
