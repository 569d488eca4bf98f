"""The static `bootstrap`, for this processor and, emulated, for the other: alone in a root directory
it talks TLS to whom it may trust and to nobody else, and serves an invocation."""
import os
import re
import ssl
import subprocess

import pytest
from cryptography import x509

from support import bare_root, payloads
from support.fake_aws import FakeAws
from support.function import ROOT
from support.runtime_api import RuntimeApi
from support.trail import STOPPED, packed, quiet, record

pytestmark = [pytest.mark.timeout(900),  # the first use builds
              pytest.mark.skipif(bare_root.why_not() is not None, reason=str(bare_root.why_not()))]

NATIVE = os.uname().machine
ARCHES = sorted(["x86_64", "aarch64"], key=lambda arch: arch != NATIVE)
HOST = "aws.trailwarden.test"
BUCKET, KEY = "logs-of-tests", "AWSLogs/one.json.gz"
BOOTSTRAP_MAX = 6_500_000  # bytes; a cold start reads them from where Lambda keeps packages
RULES_MAX = 1_500_000


@pytest.fixture(scope="module")
def names():
    server = bare_root.NameServer(HOST)
    yield server
    server.close()


@pytest.fixture(scope="module")
def authority():
    return bare_root.Authority("an authority of these tests")


@pytest.fixture
def serve(tmp_path):
    """serve(files): an AWS that shows this certificate."""
    running = []

    def begin(certificate):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        running.append(FakeAws(tls))
        running[-1].put(BUCKET, KEY, packed([*quiet(), record("StopLogging")]))
        return running[-1]

    yield begin
    for server in running:
        server.close()


@pytest.fixture
def run(tmp_path, names):
    """run(arch, aws, {file: text}, VARIABLE=...): one invocation in a root with these files."""
    running = []

    def begin(arch, aws, files, **settings):
        root = bare_root.Root(tmp_path / "root", arch, names.address)
        for name, text in files.items():
            root.write(name, text)
        api = RuntimeApi()
        running.append(api)
        before = root.files()
        function = root.start(api, **{
            "AWS_ENDPOINT_URL": f"https://{HOST}:{aws.port}",
            "TRAILWARDEN_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:alerts", **settings})
        running.append(function)
        answer = function.invoke(payloads.s3((BUCKET, KEY)))
        assert function.process.poll() is None
        assert set(root.files()) - set(before) <= {bare_root.TASK + ".log"}
        assert api.violations == []
        return answer

    yield begin
    for x in reversed(running):
        x.close()


# ---- what it is ---------------------------------------------------------------------------------

@pytest.mark.parametrize("arch", ARCHES)
def test_the_file(arch):
    """Nothing is loaded beside it; nothing is both writable and executable, nor writable once it
    runs that need not be; nothing tells where it was built. Without a dynamic section all is bound at
    the start."""
    path = bare_root.build(arch) / "bootstrap"
    said = subprocess.run(["readelf", "--wide", "--file-header", "--program-headers", "--dynamic",
                           path], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Type: +EXEC", said)  # argued in docs/development.md: it starts sooner
    assert "INTERP" not in said and "NEEDED" not in said and "GNU_RELRO" in said
    flags = re.findall(r"^  (\w+) +0x\w+ 0x\w+ 0x\w+ 0x\w+ 0x\w+ ([R ][W ][E ])", said, re.M)
    assert ("GNU_STACK", "RW ") in flags and ("LOAD", "R E") in flags
    assert not any("W" in flag and "E" in flag for _, flag in flags)
    assert os.fsencode(ROOT) not in path.read_bytes()
    assert path.stat().st_size < BOOTSTRAP_MAX
    assert sum(x.stat().st_size for x in (ROOT / "rules").rglob("*.yml")
               if not x.name.endswith(".test.yml")) < RULES_MAX


@pytest.mark.filterwarnings("ignore:Parsed a serial number")  # Starfield's is 0
def test_roots_of_aws_are_built_in():
    """https://www.amazontrust.com/repository/ names them."""
    program = (bare_root.build(NATIVE) / "bootstrap").read_bytes()
    found = x509.load_pem_x509_certificates(b"\n".join(re.findall(
        rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n", program)))
    assert sorted(x.subject.rfc4514_string().partition(",")[0] for x in found) == [
        "CN=Amazon Root CA 1", "CN=Amazon Root CA 2", "CN=Amazon Root CA 3", "CN=Amazon Root CA 4",
        "CN=Starfield Services Root Certificate Authority - G2"]


def test_the_same_bytes_in_another_folder():
    made = subprocess.run([ROOT / "scripts" / "static" / "reproduce", NATIVE], capture_output=True,
                          text=True)
    assert made.returncode == 0, made.stderr


# ---- what it does, alone ------------------------------------------------------------------------

@pytest.mark.parametrize("arch", ARCHES)
def test_invocation(arch, run, serve, authority, names, tmp_path):
    aws = serve(authority.issue(tmp_path / "tls", HOST))
    answer = run(arch, aws, {bare_root.BUNDLE: authority.pem})
    assert answer.ok and answer.answer["records"] == 4 and answer.answer["alerts"] == 1
    assert [path for path, _ in aws.reads] == [f"/{BUCKET}/{KEY}"]
    (told,) = aws.published
    assert STOPPED in told["Message"]
    assert HOST in names.asked


BUNDLES = {
    "where Amazon Linux links to": ("etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", {}),
    "Debian": ("etc/ssl/certs/ca-certificates.crt", {}),
    "Alpine": ("etc/ssl/cert.pem", {}),
    "SSL_CERT_FILE": ("own.pem", {"SSL_CERT_FILE": "/own.pem"}),
    "AWS_CA_BUNDLE": ("own.pem", {"AWS_CA_BUNDLE": "/own.pem"}),
}


@pytest.mark.parametrize("name", BUNDLES)
def test_bundle(name, run, serve, authority, tmp_path):
    aws = serve(authority.issue(tmp_path / "tls", HOST))
    place, settings = BUNDLES[name]
    assert run(NATIVE, aws, {place: authority.pem}, **settings).ok
    assert len(aws.published) == 1


TRUSTED, OTHER = "the authority", "another authority"
# whom the server's certificate is for, how long it lasts, whom the root trusts, settings, the words
REFUSALS = {
    "an authority that is not trusted": (HOST, bare_root.DAY, {bare_root.BUNDLE: OTHER}, {}, "issuer"),
    "no authority but AWS's": (HOST, bare_root.DAY, {}, {}, "issuer"),
    "the environment's bundle is the only one": (
        HOST, bare_root.DAY, {bare_root.BUNDLE: TRUSTED, "own.pem": OTHER},
        {"AWS_CA_BUNDLE": "/own.pem"}, "issuer"),
    "another name": ("other." + HOST, bare_root.DAY, {bare_root.BUNDLE: TRUSTED}, {}, "match"),
    "expired": (HOST, -bare_root.DAY, {bare_root.BUNDLE: TRUSTED}, {}, "expired"),
}


@pytest.mark.parametrize("name", REFUSALS)
@pytest.mark.parametrize("arch", ARCHES)
def test_refusal(arch, name, run, serve, authority, tmp_path):
    host, lasts, trusts, settings, words = REFUSALS[name]
    pem = {TRUSTED: authority.pem, OTHER: bare_root.Authority(OTHER).pem}
    aws = serve(authority.issue(tmp_path / "tls", host, lasts))
    answer = run(arch, aws, {place: pem[whom] for place, whom in trusts.items()}, **settings)
    assert answer.kind == "error" and words in answer.answer["errorMessage"], answer
    assert f"https://{HOST}:{aws.port}" in answer.answer["errorMessage"]
    assert aws.reads == [] and aws.published == []
