"""Prints what the static programs are made of as a CycloneDX 1.5 bill of materials: each package of
Debian's archive that scripts/static/pins names, with version, address, SHA-256 and licence.
Usage: sbom.py PINS ARCH VERSION EPOCH GCC_VERSION PROGRAM...

Licences (SPDX) are those of the parts that are linked, by debian/copyright of each package; one that
is missing here is an error.
"""
import datetime
import hashlib
import json
import re
import sys
import uuid
from pathlib import Path
from urllib.parse import quote

DEBIAN = {"x86_64": "amd64", "aarch64": "arm64"}
ARCHIVE = "http://deb.debian.org/debian"
LICENCES = {  # package: licence, what it is here for
    "ca-certificates": ("MPL-2.0", "AWS's certificate authorities, built in"),
    "curl": ("curl", "HTTP; built from source with Debian's patches"),
    "libc6-dev": ("LGPL-2.1-or-later", "the C library"),
    "libdeflate-dev": ("MIT", "writing gzip, and its checksums"),
    "libjansson-dev": ("MIT", "JSON"),
    "libmaxminddb-dev": ("Apache-2.0", "countries and networks of addresses"),
    "libpcre2-dev": ("BSD-3-Clause", "regular expressions"),
    "libsqlite3-dev": ("blessing", "state in a file; in trailwarden only"),
    "libssl-dev": ("Apache-2.0", "TLS and hashes"),
    "libyaml-dev": ("MIT", "YAML"),
    "linux-libc-dev": ("GPL-2.0-only WITH Linux-syscall-note", "headers of the kernel"),
}
GCC_LICENCE = "GPL-3.0-or-later WITH GCC-exception-3.1"


def pinned(lines, arch):
    """{package: [(sha256, path)]} of this architecture."""
    found = {}
    for line in lines:
        if line.startswith("#"):
            continue
        digest, path = line.split()
        name, _, rest = Path(path).name.partition("_")
        if rest.endswith((f"_{DEBIAN[arch]}.deb", "_all.deb")) or not rest.endswith(".deb"):
            found.setdefault(name, []).append((digest, path))
    return found


def address(path):
    """pool/updates is the security archive's, the rest the main one's."""
    return f"{ARCHIVE}{'-security' if path.startswith('pool/updates/') else ''}/{path}"


def sha256(digest):
    return [{"alg": "SHA-256", "content": digest}]


def version_of(paths):
    """Of a source package that of its .dsc, which counts Debian's patches."""
    (name,) = {Path(p).name for _, p in paths if p.endswith((".deb", ".dsc"))}
    return re.fullmatch(r"[^_]+_([^_]+?)(_[a-z0-9]+\.deb|\.dsc)", name)[1]


def component(name, paths, arch):
    licence, why = LICENCES[name]
    version = version_of(paths)
    kind = "source" if len(paths) > 1 else Path(paths[0][1]).stem.rpartition("_")[2]
    made = {
        "type": "library", "bom-ref": name, "name": name, "version": version, "description": why,
        "licenses": [{"expression": licence}],
        "purl": f"pkg:deb/debian/{name}@{quote(version)}?arch={kind}&distro=bookworm",
        "externalReferences": [{"type": "distribution", "url": address(path),
                                "hashes": sha256(digest)} for digest, path in paths],
    }
    if len(paths) == 1:
        made["hashes"] = sha256(paths[0][0])
    return made


def bill(pins, arch, version, epoch, gcc, programs):
    packages = pinned(pins, arch)
    unknown = packages.keys() ^ LICENCES.keys()
    if unknown:
        sys.exit(f"sbom.py: pins and licences differ about {', '.join(sorted(unknown))}")
    parts = [component(name, paths, arch) for name, paths in sorted(packages.items())]
    parts.append({"type": "library", "bom-ref": "libgcc", "name": "libgcc", "version": gcc,
                  "description": "the compiler's own functions",
                  "licenses": [{"expression": GCC_LICENCE}]})
    files = [{"type": "file", "name": p.name, "hashes": sha256(
        hashlib.sha256(p.read_bytes()).hexdigest())} for p in programs]
    name = f"trailwarden-{version}-{arch}"
    moment = datetime.datetime.fromtimestamp(epoch, datetime.timezone.utc)
    return {
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name + str(files))}",
        "metadata": {
            "timestamp": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {"type": "application", "bom-ref": "trailwarden", "name": "trailwarden",
                          "version": version, "licenses": [{"license": {"id": "Apache-2.0"}}],
                          "components": files}},
        "components": parts,
        "dependencies": [{"ref": "trailwarden", "dependsOn": [p["bom-ref"] for p in parts]}],
    }


def main():
    pins, arch, version, epoch, gcc, *programs = sys.argv[1:]
    made = bill(Path(pins).read_text().splitlines(), arch, version, int(epoch), gcc,
                [Path(p) for p in programs])
    json.dump(made, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
