"""Incidents of public attack logs (../shared/corpus), with exactly their identities.

What is expected is written out here. It comes from the logs' own labels (LABELS.json beside them)
and from reading the records; of the Stratus logs, regions, addresses, accounts and most key ids are
invented by whoever made them anonymous, each the same throughout its log. TRAILWARDEN_SHARED and
TRAILWARDEN_BIN name other places for the data and for the program.
"""
import gzip
import json
import os
import pathlib
import random
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = pathlib.Path(os.environ.get("TRAILWARDEN_SHARED", ROOT.parent / "shared"))
BIN = os.environ.get("TRAILWARDEN_BIN", str(ROOT / "build/bin/trailwarden"))
CORPUS = SHARED / "corpus"

needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason=f"the public logs are not at {CORPUS}")

# Keys of an instance's role belong to programs; nobody types with them.
INSTANCE_KEYS_RULE = """\
title: Keys of an instance's role used from a command line
id: 2b6a1c70-5a52-4c38-9a4e-6f3f4f3f9a10
level: high
logsource: {product: aws, service: cloudtrail}
detection:
  used:
    userIdentity.type: AssumedRole
    userIdentity.principalId|contains: ':i-'
    userAgent|contains: aws-cli
  condition: used
"""


def scan(*args):
    done = subprocess.run([BIN, "scan", "--emit", "incidents", "--format", "jsonl", *map(str, args)],
                          capture_output=True, text=True, timeout=600)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def incidents(*args):
    return [json.loads(line) for line in scan(*args).splitlines()]


def actors(incident):
    """(kind, name, its keys) of everybody in the incident."""
    return {(a["kind"], a["name"], tuple(k["key"] for k in a["keys"])) for a in incident["actors"]}


def links(incident):
    names = {a["id"]: a["name"] for a in incident["actors"]}
    for a in incident["actors"]:
        names.update((k["id"], k["key"]) for k in a["keys"])
    names.update((k["id"], k["key"]) for k in incident["keys"])
    return {(names[l["from"]], l["type"], names[l["to"]], l["strength"]) for l in incident["links"]}


def addresses(incident):
    return {e["ip"] for e in incident["endpoints"] if e["kind"] == "address"}


def check_references(incident):
    """Every id that a part refers to is there."""
    ids = {part: {x["id"] for x in incident[part]} for part in ("actors", "endpoints", "resources")}
    for signal in incident["signals"]:
        for part, known in ids.items():
            assert set(signal[part]) <= known
    keys = {k["id"] for a in incident["actors"] for k in a["keys"]}
    keys |= {k["id"] for k in incident["keys"]}
    for link in incident["links"]:
        assert {link["from"], link["to"]} <= ids["actors"] | keys


JMERCKLE = "arn:aws:iam::342082656213:user/jmerckle"


@needs_corpus
def test_the_intruder_of_sans504():
    found = incidents(CORPUS / "sans504/AWSLogs")
    [mine] = [i for i in found if any("jmerckle" in a["name"] for a in i["actors"])]
    assert actors(mine) == {("user", JMERCKLE, ("AKIAU7JNXC7KZLY6XYHJ", "AKIAU7JNXC7K7XNL3F6J"))}
    assert links(mine) == {(JMERCKLE, "created", "AKIAU7JNXC7KZLY6XYHJ", "certain")}
    assert addresses(mine) == {"3.238.12.183"}
    check_references(mine)
    # The whole attack lies in it: all 37 events of that user happened between its first and last.
    labels = json.loads((CORPUS / "sans504/LABELS.json").read_text(encoding="utf-8"))
    assert mine["first"] >= labels["events"][0]["eventTime"]
    assert mine["events"] <= len(labels["events"]) == 37
    # Root's sign-ins of these days, and the responder who copied the logs, are other incidents.
    others = [i for i in found if i is not mine]
    assert [[a["name"] for a in i["actors"] if a["began"]] for i in others] == [
        ["arn:aws:iam::342082656213:root"], ["arn:aws:iam::342082656213:user/FalsimentisRoot"]]


STRATUS = {
    # account: what the labels call it, actors, links, addresses
    "321848314756": (
        "user data downloaded by a role that the user takes",
        {("user", "arn:aws:iam::321848314756:user/christophe", ("AKIAMJ2320ZAXACWCPJI",)),
         ("session", "arn:aws:sts::321848314756:assumed-role/stratus-red-team-get-usr-data-role/"
          "aws-go-sdk-1722455550269043000", ("ASIA4URVX2JM5MT0ZGK8",))},
        {("christophe", "issued", "aws-go-sdk-1722455550269043000", "certain"),
         ("christophe", "issued", "ASIA74KS09ZFFBFV9E6K", "certain")},  # assumed twice, used once
        {"255.18.064.253"}),
    "307578594326": (
        "leaves its organization through a role",
        {("user", "arn:aws:iam::307578594326:user/christophe", ("AKIADVISM0T50G52IF0D",)),
         ("session", "arn:aws:sts::307578594326:assumed-role/stratus-red-team-leave-org-role/"
          "aws-go-sdk-1722587398902687000", ("ASIA36EV31F1RB3OA8IG",))},
        {("christophe", "issued", "aws-go-sdk-1722587398902687000", "certain"),
         ("christophe", "issued", "ASIAMOWPWQJ1QHWCWJXJ", "certain")},
        {"252.5.222.230"}),
    "229654561268": (
        "makes an administrator",
        {("user", "arn:aws:iam::229654561268:user/christophe", ("AKIAOZUDECYXYM4ONAN4",)),
         ("user", "arn:aws:iam::229654561268:user/malicious-iam-user", ("AKIAXAFZN8JEPF6L682H",))},
        {("christophe", "created", "malicious-iam-user", "certain")},
        {"075.050.255.67"}),
    "609418236337": (
        "makes a role that another account may take",
        {("user", "arn:aws:iam::609418236337:user/christophe", ("AKIA0W5KI69TY8X86BGT",)),
         ("role", "arn:aws:iam::609418236337:role/stratus-red-team-malicious-iam-role", ()),
         ("account", "193672423079", ())},
        {("christophe", "created", "stratus-red-team-malicious-iam-role", "certain"),
         ("stratus-red-team-malicious-iam-role", "trusts", "193672423079", "weak")},
        {"209.209.254.254"}),
    "751203476945": (
        "opens a role to another account",
        {("user", "arn:aws:iam::751203476945:user/christophe", ("AKIAMUV7B57OZM0RV05D",)),
         ("role", "stratus-red-team-backdoor-r-role", ()), ("account", "193672423079", ())},
        {("christophe", "opened", "stratus-red-team-backdoor-r-role", "weak"),
         ("stratus-red-team-backdoor-r-role", "trusts", "193672423079", "weak")},
        {"225.178.039.250"}),
}


def short(name):
    return name.rsplit("/", 1)[-1]


@needs_corpus
@pytest.mark.parametrize("account", STRATUS)
def test_attacks_of_stratus_red_team(account):
    _, who, how, where = STRATUS[account]
    [incident] = incidents(CORPUS / "stratus/AWSLogs" / account)
    assert actors(incident) == who
    assert {(short(a), b, short(c), d) for a, b, c, d in links(incident)} == how
    assert addresses(incident) == where
    assert incident["accounts"] == [account]
    check_references(incident)


@needs_corpus
def test_every_stratus_log_is_told_and_none_is_mixed_with_another():
    accounts = [i["accounts"] for i in incidents(CORPUS / "stratus/AWSLogs")]
    assert all(len(a) == 1 for a in accounts)
    logs = {f.name for f in (CORPUS / "stratus/AWSLogs").iterdir()}
    # All have a call by an attack tool; of one log an instance's role is a lineage of its own: who
    # launched the instance is not in it.
    assert {a[0] for a in accounts} == logs
    assert len(accounts) == len(logs) + 1


@needs_corpus
def test_the_stolen_instance_role_of_otrf(tmp_path):
    rule = tmp_path / "rule.yml"
    rule.write_text(INSTANCE_KEYS_RULE, encoding="utf-8")
    [incident] = incidents("-r", rule, CORPUS / "otrf/AWSLogs")
    labels = json.loads((CORPUS / "otrf/LABELS.json").read_text(encoding="utf-8"))["attack"]
    assert actors(incident) == {("workload", labels["principal"], ("ASIA5FLZVX4OPVKKVBMX",))}
    assert incident["events"] == len(labels["events"]) == 11
    assert addresses(incident) == {"1.2.3.4"}
    check_references(incident)


def test_one_incident_in_our_samples():
    [incident] = incidents(ROOT / "samples")
    dana, support = (f"arn:aws:iam::111122223333:user/{n}" for n in ("dana", "support-ro"))
    assert actors(incident) == {("user", dana, ("AKIAIOSFODNN7EXAMPLE",)),
                                ("user", support, ("AKIAI44QH8DHBEXAMPLE",))}
    assert links(incident) == {(dana, "created", support, "certain"),
                               (dana, "set password", support, "certain")}
    assert [a["name"] for a in incident["actors"] if a["began"]] == [dana]
    assert incident["level"] == "critical"
    check_references(incident)


def records_of(folder):
    for path in sorted(folder.rglob("*.json.gz")):
        with gzip.open(path) as f:
            yield from json.load(f).get("Records", [])


def test_the_same_bytes_for_any_order_and_split(tmp_path):
    """Promise P1, on our samples: other objects, another order, everything twice."""
    expected = scan(ROOT / "samples")
    assert expected
    chance = random.Random(4)
    records = list(records_of(ROOT / "samples")) * 2
    for turn in range(3):
        folder = tmp_path / str(turn)
        folder.mkdir()
        chance.shuffle(records)
        for at in range(0, len(records), 97):
            text = json.dumps({"Records": records[at:at + 97]})
            (folder / f"{chance.random()}.json").write_text(text, encoding="utf-8")
        assert scan(folder) == expected


@needs_corpus
def test_the_same_bytes_for_sans504_shuffled_and_twice(tmp_path):
    expected = scan(CORPUS / "sans504/AWSLogs")
    paths = list((CORPUS / "sans504/AWSLogs").rglob("*.json.gz")) * 2
    random.Random(4).shuffle(paths)
    for n, path in enumerate(paths):
        shutil.copyfile(path, tmp_path / f"{n:06}.json.gz")
    assert scan(tmp_path) == expected


# ---- over a state that lasts ----

def write_split(folder, records, n):
    """The records in n objects of one size."""
    folder.mkdir()
    for at in range(n):
        text = json.dumps({"Records": records[at::n]})
        (folder / f"{at}.json").write_text(text, encoding="utf-8")
    return sorted(folder.iterdir())


def newest(told):
    """The last message of each incident that did not join another."""
    last = {}
    for incident in told:
        if incident["id"] not in last or last[incident["id"]]["updates"] < incident["updates"]:
            last[incident["id"]] = incident
    joined = {i for incident in last.values() for i in incident.get("joined", [])}
    return [incident for i, incident in last.items() if i not in joined]


def told_of(incident):
    """Whom it tells of, and by which rules."""
    return actors(incident), {s["rule"]["id"] for s in incident["signals"]}


def people(incident):
    return sorted(a["name"] for a in incident["actors"])


def check_parts(tmp_path, records, n):
    """A run for each part, in random order, tells at last the incidents of one run over all; the
    same parts again tell nothing."""
    random.Random(504).shuffle(records)
    parts = write_split(tmp_path / "parts", records, n)
    state = ("--state", tmp_path / "state.db")
    told = [incident for part in parts for incident in incidents(*state, part)]
    assert len({(i["id"], i["updates"]) for i in told}) == len(told)
    for incident in told:
        check_references(incident)
    for part in parts:
        assert incidents(*state, part) == []
    return newest(told)


def of_dana(told):
    """The attack in our samples."""
    return [i for i in told if any(a["name"].endswith(":user/dana") for a in i["actors"])]


def test_parts_of_our_samples_over_a_state(tmp_path):
    [told] = of_dana(check_parts(tmp_path, list(records_of(ROOT / "samples")), 8))
    [wanted] = of_dana(incidents(ROOT / "samples"))
    assert actors(told) == actors(wanted)
    assert links(told) == links(wanted)


@needs_corpus
def test_parts_of_sans504_over_a_state(tmp_path):
    """The intruder with the keys and rules of one run over all, the two others with the same people:
    the last of their alerts bring no news, so no message has them."""
    logs = CORPUS / "sans504/AWSLogs"
    told = check_parts(tmp_path, list(records_of(logs)), 12)
    wanted = incidents(logs)
    assert len(told) == len(wanted) == 3
    assert sorted(map(people, told)) == sorted(map(people, wanted))
    [intruder] = [told_of(i) for i in wanted if "jmerckle" in i["summary"]]
    assert intruder in [told_of(i) for i in told]


def test_what_could_not_be_written_is_told_by_the_next_run(tmp_path):
    state = ("--state", tmp_path / "state.db")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([BIN, "scan", "--emit", "incidents", *state, ROOT / "samples"],
                              stdout=full, stderr=subprocess.PIPE, timeout=60)
    assert done.returncode == 4
    # More keys than are claimed side by side: what is told of the first is brought up to date.
    told = of_dana(incidents(*state, ROOT / "samples"))
    [wanted] = of_dana(incidents(ROOT / "samples"))
    assert actors(told[-1]) == actors(wanted)
    assert [(i["id"], i["updates"]) for i in told] == [(wanted["id"], n) for n in range(len(told))]
    assert incidents(*state, ROOT / "samples") == []


def test_learning_links_identities(tmp_path):
    """Who made whom is known from an archive that told nothing."""
    state = ("--state", tmp_path / "state.db")
    records = list(records_of(ROOT / "samples"))
    made = [r for r in records if r["eventName"] == "CreateUser"]
    theirs = [r for r in records if r["eventName"] == "StopLogging"]
    assert made and theirs
    for name, part in (("made", made), ("theirs", theirs)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"Records": part}), encoding="utf-8")
    assert incidents("--learn", *state, tmp_path / "made.json") == []
    [told] = incidents(*state, tmp_path / "theirs.json")
    assert {a["name"].rpartition("/")[2] for a in told["actors"]} == {"dana", "support-ro"}
