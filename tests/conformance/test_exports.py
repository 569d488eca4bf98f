"""Incidents in the forms of others, against those forms: OCSF's schema (as the package
ocsf-json-schema carries it), botocore's model of BatchImportFindings, and the rules of Attack Flow's
schema 2.0.0 and of STIX 2.1, which are written out below. TRAILWARDEN_BIN names the program.
"""
import json
import os
import pathlib
import re
import subprocess

import botocore.session
import botocore.validate
import jsonschema
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("TRAILWARDEN_BIN", str(ROOT / "build/bin/trailwarden"))
SCENARIOS = ["scarleteel", "snapshot-exfiltration", "ses-abuse", "user-b"]
EXTENSION = "extension-definition--fb9c968a-745b-4ade-9b25-c324172197f4"


@pytest.fixture(scope="module", params=["samples", *SCENARIOS])
def told(request, tmp_path_factory):
    """The incident of some logs: in a form, or, without one, in our own."""
    folder = ROOT / "samples"
    if request.param != "samples":
        folder = tmp_path_factory.mktemp(request.param) / "out"
        subprocess.run([BIN, "simulate", request.param, "--out", folder], check=True,
                       capture_output=True, timeout=120)

    def tell(form="jsonl"):
        done = subprocess.run([BIN, "scan", "--emit", "incidents", "--format", form, folder],
                              capture_output=True, text=True, check=True, timeout=120)
        [line] = done.stdout.splitlines()
        return json.loads(line)

    return tell


# ---- OCSF -------------------------------------------------------------------------------------

def test_ocsf(told):
    package = pytest.importorskip("ocsf_json_schema")
    schema = package.OcsfJsonSchemaEmbedded(package.get_ocsf_schema(version="1.5.0"))
    event, ours = told("ocsf"), told()
    name = schema.lookup_class_name_from_uid(event["class_uid"])
    assert name == "detection_finding"
    jsonschema.validate(event, schema.get_class_schema(name, event["metadata"]["profiles"]))
    assert event["finding_info"]["uid"] == ours["id"] and event["type_uid"] == 200401
    assert [r["uid"] for r in event["finding_info"]["related_events"]] == \
        [s["id"] for s in ours["signals"]]
    assert [r["name"] for r in event["resources"]] == [r["name"] for r in ours["resources"]]
    users = {e["actor"]["user"]["name"] for e in event["evidences"] if "actor" in e}
    assert users <= {a["name"] for a in ours["actors"]} and users


# ---- ASFF -------------------------------------------------------------------------------------

def test_asff(told):
    finding, ours = told("asff"), told()
    model = botocore.session.get_session().get_service_model("securityhub")
    shape = model.operation_model("BatchImportFindings").input_shape
    report = botocore.validate.ParamValidator().validate({"Findings": [finding]}, shape)
    assert not report.has_errors(), report.generate_report()
    assert re.fullmatch(r"arn:aws[a-z-]*:securityhub:[a-z0-9-]+:\d{12}:product/\d{12}/default",
                        finding["ProductArn"])
    assert re.fullmatch(r"\d{12}", finding["AwsAccountId"])
    assert finding["AwsAccountId"] in finding["ProductArn"]
    assert 1 <= len(finding["Resources"]) <= 32 and 1 <= len(finding["Types"]) <= 50
    assert len(finding["Title"]) <= 256 and len(finding["Description"]) <= 1024
    assert all(len(r["Id"]) <= 512 and r["Id"] for r in finding["Resources"])
    assert all(len(k) <= 128 and len(v) <= 2048 for k, v in finding["ProductFields"].items())
    assert finding["Severity"]["Label"].lower() == ours["level"]
    assert all(re.fullmatch(r"(TTPs|Effects|Unusual Behaviors)/[A-Z][A-Za-z ]+", t)
               for t in finding["Types"])


# ---- Attack Flow ------------------------------------------------------------------------------

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"
COMMON = {"type", "spec_version", "id", "created", "modified", "created_by_ref", "extensions"}
# By type: members that must be there, those that may, and what references may point at.
TYPES = {
    "attack-flow": ({"name", "start_refs", "scope"}, {"description"}),
    "attack-action": ({"name"}, {"tactic_id", "technique_id", "description", "execution_start",
                                 "execution_end", "asset_refs", "effect_refs"}),
    "attack-asset": ({"name"}, {"description", "object_ref"}),
    "identity": ({"name", "identity_class"}, set()),
    "extension-definition": ({"name", "schema", "version", "extension_types"}, set()),
}
REFERENCES = {"start_refs": {"attack-action", "attack-condition"}, "asset_refs": {"attack-asset"},
              "effect_refs": {"attack-action", "attack-operator", "attack-condition"}}


def check_object(o, ids):
    must, may = TYPES[o["type"]]
    assert must <= o.keys() and o.keys() <= must | may | COMMON, o
    assert o["spec_version"] == "2.1" and re.fullmatch(o["type"] + "--" + UUID, o["id"])
    assert all(re.fullmatch(TIME, o[m]) for m in ("created", "modified"))
    assert o["created"] <= o["modified"]
    if o["type"].startswith("attack-"):
        assert o["extensions"] == {EXTENSION: {"extension_type": "new-sdo"}}
    for member, kinds in REFERENCES.items():
        if member in o:
            assert o[member] and len(o[member]) == len(set(o[member]))
            assert all(r in ids and r.split("--")[0] in kinds for r in o[member])
    assert o.get("created_by_ref", next(iter(ids))) in ids
    for member in ("execution_start", "execution_end"):
        assert re.fullmatch(TIME, o.get(member, "2026-01-01T00:00:00Z"))


def test_attack_flow(told):
    bundle, ours = told("attack-flow"), told()
    assert bundle.keys() == {"type", "id", "objects"} and bundle["type"] == "bundle"
    assert re.fullmatch("bundle--" + UUID, bundle["id"])
    objects = bundle["objects"]
    ids = {o["id"] for o in objects}
    assert len(ids) == len(objects)
    for o in objects:
        check_object(o, ids)
    [flow] = [o for o in objects if o["type"] == "attack-flow"]
    actions = {o["id"]: o for o in objects if o["type"] == "attack-action"}
    assert flow["scope"] == "incident" and EXTENSION in ids
    assert [a["name"] for a in actions.values()] == [s["rule"]["title"] for s in ours["signals"]]
    reached, todo = set(), list(flow["start_refs"])
    while todo:
        one = todo.pop()
        if one not in reached:
            reached.add(one)
            todo += actions[one].get("effect_refs", [])
    assert reached == actions.keys()  # one flow: every action is reached from the start


def test_forms_are_of_incidents():
    done = subprocess.run([BIN, "scan", "--format", "ocsf", ROOT / "samples"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 2 and "--emit incidents" in done.stderr
