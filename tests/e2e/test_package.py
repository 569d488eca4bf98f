"""What is installed and released (docs/packaging.md): the program finds its rules wherever it was put,
the manual page and the completions know what the program knows, and packages hold what they should."""
import hashlib
import json
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest

from support import bare_root, checkers
from support.function import ROOT, build_dir
from support.moto import REGION

pytestmark = pytest.mark.timeout(900)  # the first use builds

NATIVE = os.uname().machine
needs_static = pytest.mark.skipif(bare_root.why_not() is not None, reason=str(bare_root.why_not()))
SHIPPED = re.compile(r"rules ([0-9a-f]{64}) \((\d+) shipped\)")


def said(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=True, **options).stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installed") / "opt"
    said("cmake", "--install", build_dir(), "--prefix", folder)
    return folder


@pytest.fixture(scope="module")
def program(prefix):
    return prefix / "bin" / "trailwarden"


# ---- cmake --install ----------------------------------------------------------------------------

def test_installed_files(prefix):
    found = {str(p.relative_to(prefix)) for p in prefix.rglob("*") if p.is_file()}
    assert {"bin/trailwarden", "libexec/trailwarden/bootstrap", "share/man/man1/trailwarden.1",
            "share/bash-completion/completions/trailwarden", "share/doc/trailwarden/copyright",
            "share/zsh/site-functions/_trailwarden", "share/trailwarden/rules/LICENSE",
            "share/doc/trailwarden/docs/alerts.md"} <= found
    rules = {str(p.relative_to(ROOT)) for p in (ROOT / "rules").rglob("*") if p.is_file()}
    assert {"share/trailwarden/" + r for r in rules} == {
        f for f in found if f.startswith("share/trailwarden/")}


def test_rules_are_found_from_anywhere(program, tmp_path):
    """Those beside the program, not those of the source tree: with one file less there are fewer
    rules, and moved elsewhere it is the same program."""
    moved = tmp_path / "moved"
    shutil.copytree(program.parents[1], moved)
    before = SHIPPED.search(said(program, "version", cwd="/"))
    assert before.groups() == SHIPPED.search(
        said(moved / "bin/trailwarden", "version", cwd=tmp_path)).groups()
    tested = next((moved / "share/trailwarden/rules/impact").glob("*.test.yml"))
    tested.with_name(tested.name.replace(".test.yml", ".yml")).unlink()
    after = SHIPPED.search(said(moved / "bin/trailwarden", "version", cwd=tmp_path))
    assert int(after[2]) < int(before[2]) and after[1] != before[1]


# ---- manual page and completions ----------------------------------------------------------------

OPTION = re.compile(r"^ +(?:-([a-z]), )?--([a-z-]+)", re.M)


def commands(program, *words):
    """{words of a command: its help}; those that have commands of their own are not among them."""
    text = said(program, *words, "--help")
    if " COMMAND " not in text.split("\n")[0]:
        return {words: text}
    found = {}
    for name in re.findall(r"^  ([a-z][a-z-]*) +\S", text, re.M):
        found |= commands(program, *words, name)
    return found


def options(text):
    return {name for _, name in OPTION.findall(text)}


def tables():
    """The names in the tables of options in the source."""
    return {name for path in (ROOT / "cli").glob("*.[ch]") for name in re.findall(
        r'\{"([a-z-]+)",\s*(?:0|\'.\'),\s*OPTION_', path.read_text())}


def test_help_tells_every_option(program):
    helps = commands(program)
    assert len(helps) > 10
    assert set.union(*map(options, helps.values())) == tables() | {"help"}


def plain(prefix):
    """{section or command: text} of the manual page."""
    page = (prefix / "share/man/man1/trailwarden.1").read_text().replace("\\-", "-")
    parts = re.split(r"^\.S[HS] (.*)\n", re.sub(r"\\f.|\\&", "", page), flags=re.M)
    return dict(zip(parts[1::2], parts[2::2]))


def test_manual_tells_every_option(program, prefix):
    page, helps = plain(prefix), commands(program)
    for words, text in helps.items():
        missing = {o for o in options(text) - {"help"}
                   if not re.search(rf"--{o}\b(?!-)", page[words[0]])}
        assert not missing, f"docs/cli.md does not tell of {' '.join(words)} --{missing}"
    told = set(re.findall(r"(?<![\w-])--([a-z][a-z-]*)", "\n".join(page.values())))
    assert told <= tables() | {"help", "version"}
    assert {w[0] for w in helps} <= page.keys()


def test_manual_is_well_formed(prefix):
    if not shutil.which("mandoc"):
        pytest.skip("mandoc is not installed")
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning",
                           prefix / "share/man/man1/trailwarden.1"], capture_output=True, text=True)
    assert done.stdout + done.stderr == ""


BASH = r"""
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
_trailwarden
printf '%s\n' "${COMPREPLY[@]}"
"""
# zsh's own functions are replaced by what says what they were asked for.
ZSH = r"""
fpath=("$1" $fpath); shift
autoload -Uz _trailwarden
compadd() { while [[ $1 == -* ]]; do shift; done; print -l -- $@ }
_describe() { local -a said; said=("${(@P)@[-1]}"); print -l -- ${said%%:*} }
_files() { print -- a file }
_call_program() { shift; eval "$*" }
compset() { words[CURRENT]=${words[CURRENT]#*=} }
complete() { local -a words=("$@"); local CURRENT=$#; _trailwarden; }
complete "$@"
"""
SHELLS = {
    "bash": lambda prefix, *words: said(
        "bash", "-c", BASH, "bash", prefix / "share/bash-completion/completions/trailwarden", *words),
    "zsh": lambda prefix, *words: said(
        "zsh", "-f", "-c", ZSH, "zsh", prefix / "share/zsh/site-functions", *words),
}


@pytest.fixture(params=SHELLS)
def offered(request, prefix, program):
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")

    def ask(*words):
        last = words[-1].partition("=")[2] if words[-1].startswith("--") else words[-1]
        if request.param == "bash" and "=" in words[-1]:  # readline makes it three words
            words = [*words[:-1], *re.split("(=)", words[-1])]
            words = words[:-1] if not words[-1] else words
        lines = set(SHELLS[request.param](prefix, program, *words).split("\n")) - {"", "a file"}
        return {x for x in lines if x.startswith(last)}
    return ask


def test_completion_offers_every_option(program, offered):
    for words, text in commands(program).items():
        assert offered(*words, "--") == {"--" + o for o in options(text)}, words


VALUES = {  # words: what is offered
    ("",): {"scan", "incidents", "contain", "contained", "release", "rules", "invoke", "version"},
    ("rules", ""): {"check", "compile", "list", "test", "explain", "coverage"},
    ("rules", "c"): {"check", "compile", "coverage"},
    ("scan", "--format", ""): {"text", "jsonl", "csv"},
    ("scan", "--format=j"): {"jsonl"},
    ("scan", "--emit="): {"matches", "alerts", "incidents"},
    ("contained", "--format", ""): {"text", "jsonl", "record"},
    ("story", "--format", ""): {"text", "html", "json"},
    ("rules", "coverage", "--format", ""): {"navigator", "markdown"},
    ("scan", "--min-level", ""): {"informational", "low", "medium", "high", "critical"},
    ("scan", "--fail-on", "c"): {"critical"},
    ("scan", "-r", ""): set(),  # files
    ("scan", "--strict", ""): set(),
}


@pytest.mark.parametrize("words", VALUES)
def test_completion_offers_values(words, offered):
    got = offered(*words) - {"--help"}
    assert got >= VALUES[words] and (got == VALUES[words] or len(words) < 3 and "" in words)


# ---- packages -----------------------------------------------------------------------------------

def test_debian_package(tmp_path):
    said("cpack", "-B", tmp_path, cwd=build_dir())
    (package,) = tmp_path.glob("*.deb")
    arch = said("dpkg", "--print-architecture").strip()
    assert package.name == f"trailwarden_{version()}_{arch}.deb"
    field = dict(line.split(": ", 1) for line in said("dpkg-deb", "-f", package).split("\n")
                 if re.match(r"\w[\w-]*: ", line))
    assert field["Version"] == version() and field["Architecture"] == arch
    for library in ("libc6", "libcurl", "libssl", "libpcre2", "libyaml", "ca-certificates"):
        assert library in field["Depends"]
    said("dpkg-deb", "-x", package, tmp_path / "root")
    files = {str(p.relative_to(tmp_path / "root")): p for p in (tmp_path / "root").rglob("*")}
    assert "usr/share/doc/trailwarden/copyright" in files and "usr/libexec" not in files
    assert all(f == "usr" or f.startswith("usr/") for f in files)
    assert files["usr/bin/trailwarden"].stat().st_size < 3_000_000  # stripped
    assert SHIPPED.search(said(files["usr/bin/trailwarden"], "version", cwd="/"))


def version():
    return re.search(r"^project\(trailwarden VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text(),
                     re.M)[1]


@pytest.fixture(scope="module")
def release():
    bare_root.build(NATIVE)
    said(ROOT / "scripts/package", "--arch", NATIVE, "static")
    return ROOT / "build/release"


FUNCTION_FILES = {"bootstrap", "rules/LICENSE", "rules/rules.bundle"}


def is_the_functions(archive):
    """Bootstrap executable, rules readable, nothing else."""
    modes = {i.filename: i.external_attr >> 16 & 0o777 for i in archive.infolist()}
    assert modes.keys() == FUNCTION_FILES
    assert modes.pop("bootstrap") & 0o555 == 0o555
    assert all(mode & 0o444 == 0o444 for mode in modes.values())
    assert archive.read("bootstrap") == (bare_root.build(NATIVE) / "bootstrap").read_bytes()


@needs_static
def test_release(release, tmp_path):
    name = f"trailwarden-{version()}"
    assert sorted(p.name for p in release.iterdir()) == sorted([
        "SHA256SUMS", f"{name}-{NATIVE}.cdx.json", f"{name}-lambda-{NATIVE}.zip",
        f"{name}-linux-{NATIVE}.tar.gz"])
    said("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=release)
    with zipfile.ZipFile(release / f"{name}-lambda-{NATIVE}.zip") as archive:
        is_the_functions(archive)
    with tarfile.open(release / f"{name}-linux-{NATIVE}.tar.gz") as archive:
        assert {(m.uid, m.gid) for m in archive} == {(0, 0)}
    said("tar", "--extract", "--file", release / f"{name}-linux-{NATIVE}.tar.gz", "--directory", tmp_path)
    top = tmp_path / f"{name}-linux-{NATIVE}"
    assert SHIPPED.search(said(top / "bin/trailwarden", "version", cwd="/"))
    licences = {p.name for p in (top / "licences").iterdir()}
    made_of = json.loads((release / f"{name}-{NATIVE}.cdx.json").read_text())
    assert licences == {c["name"] for c in made_of["components"]} - {"libgcc"}


@needs_static
def test_bill_of_materials(release):
    """Each file that is pinned for this architecture, with its checksum, and none else."""
    (path,) = release.glob("*.cdx.json")
    made_of = json.loads(path.read_text())
    arch = said("dpkg", "--print-architecture").strip()
    other = {"amd64": "arm64", "arm64": "amd64"}[arch]
    pinned = {line.split()[1]: line.split()[0] for line in
              (ROOT / "scripts/static/pins").read_text().split("\n")
              if line and line[0] != "#" and f"_{other}.deb" not in line}
    listed = {r["url"][r["url"].index("pool/"):]: r["hashes"][0]["content"]
              for c in made_of["components"] for r in c.get("externalReferences", [])}
    assert listed == pinned
    for c in made_of["components"]:
        assert c["version"] and c["licenses"][0]["expression"]
    files = {f["name"]: f["hashes"][0]["content"]
             for f in made_of["metadata"]["component"]["components"]}
    assert files == {p: hashlib.sha256((bare_root.build(NATIVE) / p).read_bytes()).hexdigest()
                     for p in ("bootstrap", "trailwarden")}
    assert made_of["dependencies"][0]["dependsOn"] == [c["bom-ref"] for c in made_of["components"]]


# ---- sam ----------------------------------------------------------------------------------------

@needs_static
def test_sam_builds_and_packages(moto, tmp_path, monkeypatch):
    """docs/deploy.md's way, to a bucket of our own: what Lambda would be given."""
    try:
        checkers.programs("sam")
    except (OSError, subprocess.SubprocessError) as e:
        pytest.skip(f"sam could not be installed: {e}")
    bare_root.build(NATIVE)
    architecture = {"aarch64": "arm64"}.get(NATIVE, NATIVE)
    monkeypatch.setenv("TRAILWARDEN_ARCH", NATIVE)
    built = checkers.run("sam", "sam", "build", "--build-dir", tmp_path / "built",
                         "--parameter-overrides", f"Architecture={architecture}")
    assert built.returncode == 0, built.stderr
    key = moto.admin.get_credentials()
    for name, value in {"AWS_ENDPOINT_URL": moto.url, "AWS_ACCESS_KEY_ID": key.access_key,
                        "AWS_SECRET_ACCESS_KEY": key.secret_key}.items():
        monkeypatch.setenv(name, value)
    s3 = moto.client("s3")
    s3.create_bucket(Bucket="sam-packages",
                     CreateBucketConfiguration={"LocationConstraint": REGION})
    done = checkers.run("sam", "sam", "package", "--template-file", tmp_path / "built/template.yaml",
                        "--s3-bucket", "sam-packages", "--region", REGION,
                        "--output-template-file", tmp_path / "packaged.yaml")
    assert done.returncode == 0, done.stderr
    (uri,) = re.findall(r"CodeUri: s3://sam-packages/(\w+)", (tmp_path / "packaged.yaml").read_text())
    s3.download_file("sam-packages", uri, str(tmp_path / "package.zip"))
    with zipfile.ZipFile(tmp_path / "package.zip") as archive:
        is_the_functions(archive)
