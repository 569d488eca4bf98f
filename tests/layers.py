#!/usr/bin/env python3
"""Reads the #include lines of every layer and fails on an arrow that points up.

    runtime cli -> adapters -> handlers -> respond -> engine -> base; aws beside engine

Checked: which layer may include which, which library's headers belong to which layer, that the
pure layers see no clock, file, socket or environment, and that no two headers include each other
around a ring.

    python3 tests/layers.py               check the tree this file lies in
    python3 tests/layers.py --self-test   check that bad trees are found bad
"""
import re
import sys
import tempfile
from pathlib import Path

# What each layer may include besides itself.
BELOW = {
    "base": set(),
    "engine": {"base"},
    "aws": {"base"},
    "respond": {"base", "engine"},
    "handlers": {"base", "engine", "respond"},
    "adapters": {"base", "engine", "respond", "handlers", "aws"},
    "runtime": {"base", "engine", "respond", "handlers", "adapters", "aws"},
    "cli": {"base", "engine", "respond", "handlers", "adapters"},
}

# Which layers may include a library's header; a pattern is matched against the whole name.
LIBRARIES = [
    (r"curl/.*", {"aws", "runtime"}),
    (r"openssl/.*", {"aws"}),
    (r"yaml\.h", {"engine"}),
    (r"pcre2.*\.h", {"engine"}),
    (r"jansson\.h", {"respond", "aws", "handlers", "adapters", "runtime", "cli"}),
    (r"libdeflate\.h", {"handlers"}),
    (r"sqlite3\.h|maxminddb.*\.h", {"adapters"}),
    # Time, files, sockets and processes reach the pure layers only as arguments and ports.
    (r"time\.h|sys/time\.h|unistd\.h|fcntl\.h|dirent\.h|ftw\.h|netdb\.h|poll\.h|signal\.h"
     r"|sys/(socket|stat|wait|mman|random)\.h|netinet/.*",
     {"base", "aws", "adapters", "runtime", "cli"}),
]
# Headers of the C library and the compiler, which any layer may include.
LIBC = re.compile(
    r"(assert|ctype|errno|float|inttypes|iso646|limits|locale|math|setjmp|signal|stdalign|stdarg"
    r"|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|threads|time|uchar"
    r"|wchar|wctype|unistd|fcntl|dirent|ftw|netdb|nss|poll|pthread|termios|glob|fnmatch|pwd|sched"
    r"|immintrin|emmintrin|tmmintrin|smmintrin|nmmintrin|wmmintrin|arm_neon|cpuid"
    r"|sys/\w+|sys/platform/x86|netinet/\w+|arpa/\w+)\.h")
PURE = {"engine", "respond", "handlers"}
CLOCK = "base/clock.h"

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*(["<])([^">]+)[">]', re.MULTILINE)


def includes(path):
    """(line, is_ours, name) of each #include in the file."""
    text = path.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[1] == '"', match[2]


def fault_of_ours(layer, name, root):
    """What is wrong with `#include "name"` in a file of the layer, or None."""
    target = name.split("/")[0]
    if target not in BELOW or "/" not in name:
        return f'"{name}" is not written relative to the root ("layer/file.h")'
    if target != layer and target not in BELOW[layer]:
        return f"{layer} may not include {target}: \"{name}\""
    if name == CLOCK and layer in PURE:
        return f'{layer} is pure: time is a parameter, not "{CLOCK}"'
    if not (root / name).exists() and not (root / (name + ".in")).exists():
        return f'"{name}" does not exist'
    return None


def fault_of_library(layer, name):
    """What is wrong with `#include <name>` in a file of the layer, or None."""
    for pattern, layers in LIBRARIES:
        if re.fullmatch(pattern, name):
            return None if layer in layers else f"{layer} may not include <{name}>"
    return None if LIBC.fullmatch(name) else f"<{name}> belongs to no layer that this test knows"


def find_ring(graph):
    """One cycle of header names, or None (depth first; grey nodes are on the present path)."""
    state = {}

    def visit(node, path):
        state[node] = "grey"
        for other in sorted(graph.get(node, ())):
            if state.get(other) == "grey":
                return path[path.index(other):] + [other]
            if other not in state:
                ring = visit(other, path + [other])
                if ring:
                    return ring
        state[node] = "black"
        return None

    for node in sorted(graph):
        if node not in state:
            ring = visit(node, [node])
            if ring:
                return ring
    return None


def check(root):
    """(faults, number of files read) of the tree at root."""
    faults, graph, files = [], {}, 0
    for layer in BELOW:
        for path in sorted((root / layer).rglob("*.[ch]")):
            files += 1
            where = path.relative_to(root).as_posix()
            graph[where] = set()
            for line, ours, name in includes(path):
                if ours:
                    graph[where].add(name)
                fault = fault_of_ours(layer, name, root) if ours else fault_of_library(layer, name)
                if fault:
                    faults.append(f"{where}:{line}: {fault}")
    ring = find_ring(graph)
    if ring:
        faults.append("headers in a ring: " + " -> ".join(ring))
    return faults, files


# (name, files of the tree, a part of the one fault expected or None)
TREES = [
    ("arrows down", {"base/a.h": "", "engine/b.h": '#include "base/a.h"\n#include <yaml.h>'}, None),
    ("generated header", {"base/v.h.in": "", "cli/main.c": '#include "base/v.h"'}, None),
    ("arrow up", {"base/a.c": '#include "engine/b.h"', "engine/b.h": ""}, "base may not include engine"),
    ("arrow up, indented", {"engine/a.c": '  #  include "respond/b.h"', "respond/b.h": ""},
     "engine/a.c:1: engine may not include respond"),
    ("aws from respond", {"respond/a.c": '#include "aws/b.h"', "aws/b.h": ""}, "respond may not include aws"),
    ("aws from cli", {"cli/a.c": '#include "aws/b.h"', "aws/b.h": ""}, "cli may not include aws"),
    ("runtime from cli", {"cli/a.c": '#include "runtime/b.h"', "runtime/b.h": ""}, "cli may not include runtime"),
    ("not from the root", {"base/a.c": '#include "b.h"', "base/b.h": ""}, "relative to the root"),
    ("no such header", {"base/a.c": '#include "base/b.h"'}, "does not exist"),
    ("ring of two", {"base/a.h": '#include "base/b.h"', "base/b.h": '#include "base/a.h"'}, "in a ring"),
    ("ring of one", {"base/a.h": '#include "base/a.h"'}, "base/a.h -> base/a.h"),
    ("clock in engine", {"engine/a.c": '#include "base/clock.h"', "base/clock.h": ""}, "engine is pure"),
    ("clock in respond", {"respond/a.c": '#include "base/clock.h"', "base/clock.h": ""}, "respond is pure"),
    ("clock in handlers", {"handlers/a.c": '#include "base/clock.h"', "base/clock.h": ""}, "handlers is pure"),
    ("clock in adapters", {"adapters/a.c": '#include "base/clock.h"', "base/clock.h": ""}, None),
    ("curl in adapters", {"adapters/a.c": "#include <curl/curl.h>"}, "adapters may not include <curl/curl.h>"),
    ("openssl in base", {"base/a.c": "#include <openssl/evp.h>"}, "base may not include"),
    ("openssl in aws", {"aws/a.c": "#include <openssl/evp.h>"}, None),
    ("yaml in respond", {"respond/a.c": "#include <yaml.h>"}, "respond may not include"),
    ("pcre2 in handlers", {"handlers/a.c": "#include <pcre2.h>"}, "handlers may not include"),
    ("jansson in engine", {"engine/a.c": "#include <jansson.h>"}, "engine may not include"),
    ("libdeflate in adapters", {"adapters/a.c": "#include <libdeflate.h>"}, "adapters may not include"),
    ("libdeflate in handlers", {"handlers/a.c": "#include <libdeflate.h>"}, None),
    ("sqlite in cli", {"cli/a.c": "#include <sqlite3.h>"}, "cli may not include"),
    ("time.h in engine", {"engine/a.c": "#include <time.h>"}, "engine may not include <time.h>"),
    ("sockets in handlers", {"handlers/a.c": "#include <sys/socket.h>"}, "handlers may not include"),
    ("unknown library", {"cli/a.c": "#include <glib.h>"}, "no layer that this test knows"),
]


def self_test():
    """The names of the trees that were judged wrongly."""
    wrong = []
    for name, files, expected in TREES:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for path, text in files.items():
                (root / path).parent.mkdir(exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
            faults, _ = check(root)
        if len(faults) != (expected is not None) or (expected and expected not in faults[0]):
            wrong.append(f"{name}: expected {expected!r}, found {faults}")
    return wrong


def main():
    if sys.argv[1:] == ["--self-test"]:
        faults, what = self_test(), f"{len(TREES)} trees"
    elif not sys.argv[1:]:
        faults, files = check(Path(__file__).resolve().parent.parent)
        what = f"{files} files"
    else:
        sys.exit(__doc__)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"layers: {what} read, {len(faults)} faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
