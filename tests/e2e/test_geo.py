"""Where addresses are: files that another writer made, through the command line and the function.
Numbers in brackets are the promises of docs/design.md that a test proves."""
import json

import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet

from support import payloads
from support.trail import record as api_record
from test_cli import ROOT, lines, run, write_log
from test_runtime import assert_init_error

pytestmark = pytest.mark.timeout(60)

RULE = ROOT / "rules/correlations/session_from_two_countries.yml"
HOME, NEAR, FAR, FAR6, AMAZON = ("198.51.100.77", "198.51.100.78", "203.0.113.9", "2001:db8::9",
                                 "192.0.2.23")


@pytest.fixture(scope="module")
def countries(tmp_path_factory):
    """As ip-location-db writes them: one flat field, addresses of both families."""
    path = tmp_path_factory.mktemp("geo") / "countries.mmdb"
    writer = MMDBWriter(6, "country", ipv4_compatible=True)
    for network, code in [("198.51.100.0/24", "DE"), ("203.0.113.0/24", "BR"),
                          ("2001:db8::/32", "BR"), ("192.0.2.0/24", "US")]:
        writer.insert_network(IPSet([network]), {"country_code": code})
    writer.to_db_file(str(path))
    return path


@pytest.fixture(scope="module")
def systems(tmp_path_factory):
    """As MaxMind writes them."""
    path = tmp_path_factory.mktemp("geo") / "systems.mmdb"
    writer = MMDBWriter(4, "GeoLite2-ASN", int_type="u32")
    for network, number, name in [("198.51.100.0/24", 64496, "Example \"Telecom\""),
                                  ("192.0.2.0/24", 16509, "AMAZON-02")]:
        writer.insert_network(IPSet([network]), {
            "autonomous_system_number": number, "autonomous_system_organization": name})
    writer.to_db_file(str(path))
    return path


def session_record(number, address, **changes):
    return {
        "eventID": f"0000000{number}-aaaa-4bbb-8ccc-dddddddddddd",
        "eventTime": f"2026-03-17T14:0{number}:00Z", "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets", "awsRegion": "eu-west-1", "sourceIPAddress": address,
        "recipientAccountId": "111122223333",
        "userIdentity": {"type": "AssumedRole", "principalId": "AROAEXAMPLE:ana",
                         "arn": "arn:aws:sts::111122223333:assumed-role/Admin/ana",
                         "sessionContext": {"attributes": {
                             "creationDate": "2026-03-17T13:40:11Z"}}}, **changes}


def scan(log, *options):
    result = run("scan", "-r", RULE, *options, log)
    assert result.returncode == 0, result.stderr
    return lines(result)


def test_one_session_in_two_countries(countries, systems, tmp_path):
    log = write_log(tmp_path / "a.json", session_record(1, HOME), session_record(2, NEAR),
                    session_record(3, FAR))
    (alert,) = scan(log, "--geoip", countries, "--asn", systems)
    assert alert["title"] == "One session used from two countries"
    assert alert["key"]["userIdentity.principalId"] == "AROAEXAMPLE:ana"
    assert (alert["first"], alert["count"]) == ("2026-03-17T14:03:00Z", 3)
    identity = alert["identity"]
    assert (identity["country"], identity["asn"], identity["as_org"]) == (
        "DE", 64496, 'Example "Telecom"')
    assert f"from {HOME} (DE, AS64496, Example" in alert["text"]


@pytest.mark.parametrize("far, expected", [
    (NEAR, 0), (FAR, 1), (FAR6, 1), (AMAZON, 0), ("10.0.0.1", 0), ("AWS Internal", 0),
    ("cloudformation.amazonaws.com", 0), ("240.0.0.1", 0)])
def test_the_other_address(far, expected, countries, systems, tmp_path):
    log = write_log(tmp_path / "a.json", session_record(1, HOME), session_record(2, far))
    assert len(scan(log, "--geoip", countries, "--asn", systems)) == expected


def test_without_a_file_nothing_is_known(systems, tmp_path):
    log = write_log(tmp_path / "a.json", session_record(1, HOME), session_record(2, FAR))
    assert scan(log) == []
    assert scan(log, "--asn", systems) == []


def test_any_order_gives_the_same_bytes(countries, systems, tmp_path):
    """[P1]"""
    records = [session_record(n, address) for n, address in
               enumerate([HOME, FAR, NEAR, FAR6, AMAZON, FAR, HOME], 1)]
    outputs = set()
    for name, order in [("a", records), ("b", records[::-1]), ("c", records + records)]:
        log = write_log(tmp_path / name / "log.json", *order)
        outputs.add(json.dumps([
            {**alert, "event": {**alert["event"], "object": None}}
            for alert in scan(log, "--geoip", countries, "--asn", systems)]))
    assert len(outputs) == 1 and json.loads(outputs.pop())


def test_explain(countries, tmp_path):
    log = write_log(tmp_path / "a.json", session_record(1, HOME), session_record(2, FAR))
    result = run("rules", "explain", "--geoip", countries, RULE, log)
    assert result.returncode == 0, result.stderr
    text = result.stdout.decode()
    assert 'at least 2 different values of trailwarden.country within 1h' in text
    assert '"DE"' in text and '"BR"' in text and "holds from 2026-03-17T14:02:00Z" in text


# ---- files that are none ------------------------------------------------------------------------

@pytest.mark.parametrize("option", ["--geoip", "--asn"])
@pytest.mark.parametrize("content", [None, b"", b"not a database", "half"])
def test_no_such_file(option, content, countries, tmp_path):
    path = tmp_path / "file.mmdb"
    if content == "half":
        content = countries.read_bytes()[:countries.stat().st_size // 2]
    if content is not None:
        path.write_bytes(content)
    log = write_log(tmp_path / "a.json", session_record(1, HOME))
    for command in (["scan", "-r", RULE, option, path, log],
                    ["rules", "explain", option, path, RULE, log],
                    ["invoke", "-r", RULE, option, path, log]):
        result = run(*command)
        assert result.returncode == 2 and result.stdout == b""
        assert f"{path} is no MaxMind DB file" in result.stderr.decode()


# ---- the function -------------------------------------------------------------------------------

@pytest.mark.parametrize("variable", ["TRAILWARDEN_GEOIP", "TRAILWARDEN_ASN"])
def test_init_error(variable, start, tmp_path):
    (tmp_path / "broken.mmdb").write_bytes(b"no")
    for name in ("nowhere.mmdb", "broken.mmdb"):
        function = start(**{variable: str(tmp_path / name)})
        assert_init_error(function, variable)
        assert name in function.api.init_error[1]["errorMessage"]


def test_alerts_say_where(start, stage, countries, systems):
    function = start(TRAILWARDEN_GEOIP=str(countries), TRAILWARDEN_ASN=str(systems))
    function.invoke(payloads.api_call(api_record("StopLogging")))
    ((_, alert, _),) = stage.messages()
    assert (alert["identity"]["country"], alert["identity"]["asn"]) == ("DE", 64496)


def test_alerts_without_files_do_not(start, stage):
    start().invoke(payloads.api_call(api_record("StopLogging")))
    ((_, alert, _),) = stage.messages()
    assert not {"country", "asn", "as_org"} & set(alert["identity"])
