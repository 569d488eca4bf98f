"""Whether the tests beside the rules hold every condition of the rules.

From each rule file come mutants, each with one condition fewer; the tests are run with the mutant in
the rule's place, and at least one of them must fail. A mutant whose tests all pass survives: nothing
would tell if somebody lost that condition. What is dropped, one at a time:

  item       a field of a map (with its values), where the map has others
  value      a value of a list of values, or one map of a list of maps
  operand    an operand of `and` or `or` in the condition, a `not X` with its not
  member     one of the searches that `1 of x_*` or `all of x_*` stands for, where there are several
  step       one of the rules of a correlation, where there are several
  operand    of a correlation's text condition, and the rules that are named nowhere else
  threshold  a bound of a correlation's condition, one more and one less
  span       timespan, history and learn, halved and doubled

Not dropped, because they are no conditions: `group-by`, `aliases`, `generate`, `gap`, `ties`. A
mutant that the program refuses to load tells nothing and is skipped; their number is said.

A batch of mutants is one run of `trailwarden rules test` over a temporary folder. Mutants are made on
the nodes of the YAML, so all that is not dropped stays as it was written; ids are replaced by others
in rule and tests, since rules with one id would mute each other.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass, field

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
BIN = os.environ.get("TRAILWARDEN_BIN", str(ROOT / "build/bin/trailwarden"))
BATCH = 12  # mutants a run: every event of a case is put to all of them, so many at once cost more
RUN_SECONDS = 300

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


# ---- YAML nodes ---------------------------------------------------------------------------------

def compose(text):
    return [node for node in yaml.compose_all(text, LOADER) if isinstance(node, yaml.MappingNode)]


def serialize(documents):
    return yaml.serialize_all(documents, Dumper=DUMPER, width=1 << 20, allow_unicode=True)


def get(mapping, key):
    """The value of a key, None when the map has no such key."""
    if isinstance(mapping, yaml.MappingNode):
        for k, v in mapping.value:
            if k.value == key:
                return v
    return None


def scalar(mapping, key):
    node = get(mapping, key)
    return node.value if isinstance(node, yaml.ScalarNode) else None


def line_of(node):
    return node.start_mark.line + 1


def shown(node):
    text = yaml.serialize(node, Dumper=DUMPER, width=1 << 20, allow_unicode=True).strip()
    text = " ".join(text.removesuffix("...").split())
    return text if len(text) <= 80 else text[:77] + "..."


# ---- conditions ---------------------------------------------------------------------------------
# An expression is ("and" | "or", [operands]), ("not", operand) or ("atom", text).

def parse(text):
    tokens = re.findall(r"[()]|\b(?:\d+|all|any)\s+of\s+[^\s()]+|[^\s()]+", text, re.IGNORECASE)

    def several(word, part):
        operands = [part()]
        while tokens and tokens[0].lower() == word:
            tokens.pop(0)
            operands.append(part())
        return operands[0] if len(operands) == 1 else (word, operands)

    def one():
        token = tokens.pop(0)
        if token.lower() == "not":
            return ("not", one())
        if token == "(":
            inside = alternatives()
            tokens.pop(0)
            return inside
        return ("atom", token)

    def alternatives():
        return several("or", lambda: several("and", one))

    return alternatives()


def written(expr, inside=False):
    kind, what = expr
    if kind == "atom":
        return what
    if kind == "not":
        return "not " + written(what, True)
    text = f" {kind} ".join(written(x, True) for x in what)
    return f"({text})" if inside else text


def members(atom, searches):
    """What `1 of x_*` stands for: ("or" | "and", names); None for a plain identifier."""
    match = re.fullmatch(r"(\d+|all|any)\s+of\s+(\S+)", atom, re.IGNORECASE)
    if not match:
        return None
    how, pattern = match[1].lower(), match[2]
    if pattern == "them":
        names = [s for s in searches if not s.startswith("_")]
    else:
        fits = re.compile(".*".join(map(re.escape, pattern.split("*"))))
        names = [s for s in searches if fits.fullmatch(s)]
    return ("and" if how == "all" else "or", names)


def fewer(expr, searches):
    """(kind, what is dropped, the expression without it) for each part that can be dropped."""
    kind, what = expr
    if kind == "not":
        for k, dropped, rest in fewer(what, searches):
            yield k, dropped, ("not", rest)
    elif kind == "atom":
        several = members(what, searches)
        if several and len(several[1]) > 1:
            for name in several[1]:
                rest = [("atom", s) for s in several[1] if s != name]
                yield "member", f"{name} of '{what}'", (
                    (several[0], rest) if len(rest) > 1 else rest[0])
    else:
        for i, operand in enumerate(what):
            rest = what[:i] + what[i + 1:]
            yield "operand", f"'{written(operand)}'", (kind, rest) if len(rest) > 1 else rest[0]
            for k, dropped, changed in fewer(operand, searches):
                yield k, dropped, (kind, what[:i] + [changed] + what[i + 1:])


def atoms(expr):
    kind, what = expr
    if kind == "atom":
        return {what}
    return atoms(what) if kind == "not" else set().union(*map(atoms, what))


# ---- mutants ------------------------------------------------------------------------------------

@dataclass
class Mutant:
    path: pathlib.Path
    kind: str = "none"
    line: int = 0
    dropped: str = ""
    text: str = ""
    verdict: str = "survived"
    failed: list = field(default_factory=list)

    def __str__(self):
        return f"{relative(self.path)}:{self.line}: {self.dropped}"


def relative(path):
    path = path.resolve()
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path


class Maker:
    """Collects the mutants of one file: each is made by changing the nodes, writing, changing back."""

    def __init__(self, path):
        self.path = path
        self.documents = compose(path.read_text(encoding="utf-8"))
        self.mutants = []

    def add(self, kind, node, dropped):
        self.mutants.append(
            Mutant(self.path, kind, line_of(node), dropped, serialize(self.documents)))

    def without_each(self, node, kind, describe):
        """Each member of a sequence or map node is left out once, if there are several."""
        whole = node.value
        if len(whole) < 2:
            return
        for i, member in enumerate(whole):
            node.value = whole[:i] + whole[i + 1:]
            at = member[0] if isinstance(member, tuple) else member
            self.add(kind, at, describe(member))
        node.value = whole

    def replaced(self, node, text, kind, dropped):
        whole = node.value
        node.value = text
        self.add(kind, node, dropped)
        node.value = whole

    def search(self, name, node):
        if isinstance(node, yaml.MappingNode):
            self.without_each(node, "item",
                              lambda m: f"{name} without {m[0].value}: {shown(m[1])}")
            for key, value in node.value:
                if isinstance(value, yaml.SequenceNode):
                    self.without_each(value, "value",
                                      lambda m, k=key: f"{name}, {k.value} without {shown(m)}")
        elif isinstance(node, yaml.SequenceNode):
            self.without_each(node, "value", lambda m: f"{name} without {shown(m)}")
            for member in node.value:
                self.search(name, member)

    def detection(self, node):
        searches = {k.value: v for k, v in node.value if k.value not in ("condition", "timeframe")}
        for name, search in searches.items():
            self.search(name, search)
        condition = get(node, "condition")
        if isinstance(condition, yaml.SequenceNode):
            self.without_each(condition, "value", lambda m: f"condition without {shown(m)}")
            return
        for kind, dropped, rest in fewer(parse(condition.value), list(searches)):
            self.replaced(condition, written(rest), kind, f"condition without {dropped}")

    def correlation(self, node):
        condition, rules = get(node, "condition"), get(node, "rules")
        for key in ("timespan", "history", "learn"):
            span = get(node, key)
            if span is not None:
                self.span(key, span)
        if isinstance(condition, yaml.ScalarNode):
            self.text_condition(node, condition)
        elif isinstance(rules, yaml.SequenceNode) and len(rules.value) > 1:
            for rule in rules.value:
                self.with_steps(node, {r.value for r in rules.value} - {rule.value}, lambda r=rule:
                                self.add("step", r, f"rules without {shown(r)}"))
        if isinstance(condition, yaml.MappingNode):
            for key, bound in condition.value:
                if key.value in ("gt", "gte", "lt", "lte", "eq", "neq"):
                    for other in (int(bound.value) + 1, int(bound.value) - 1):
                        self.replaced(bound, str(other), "threshold",
                                      f"{key.value}: {other} in place of {bound.value}")

    def text_condition(self, node, condition):
        for _, dropped, rest in fewer(parse(condition.value), []):
            self.with_steps(node, atoms(rest), lambda text=written(rest), d=dropped:
                            self.replaced(condition, text, "operand", f"condition without {d}"))

    @staticmethod
    def with_steps(node, names, make):
        """Makes a mutant while `rules` and `aliases` speak of these steps only."""
        rules = get(node, "rules")
        changed = []  # (node, its whole value)
        if isinstance(rules, yaml.SequenceNode):
            changed.append((rules, rules.value))
            rules.value = [r for r in rules.value if r.value in names]
        for _, alias in getattr(get(node, "aliases"), "value", []):
            changed.append((alias, alias.value))
            alias.value = [(k, v) for k, v in alias.value if k.value in names]
        make()
        for whole_node, whole in changed:
            whole_node.value = whole

    def span(self, key, node):
        number, unit = re.fullmatch(r"(\d+)([a-zA-Z])", node.value).groups()
        seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}.get(unit)
        if not int(number):
            return
        half = f"{int(number) * seconds // 2}s" if seconds else f"{int(number) // 2}{unit}"
        for text in (half, f"{int(number) * 2}{unit}"):
            self.replaced(node, text, "span", f"{key}: {text} in place of {node.value}")


def mutants_of(path):
    maker = Maker(path)
    for document in maker.documents:
        if isinstance(get(document, "detection"), yaml.MappingNode):
            maker.detection(get(document, "detection"))
        if isinstance(get(document, "correlation"), yaml.MappingNode):
            maker.correlation(get(document, "correlation"))
    return maker.mutants


# ---- files --------------------------------------------------------------------------------------

def holds_rules(path):
    """Not the placeholders and filters that lie beside the folders of rules."""
    return re.search(r"^(detection|correlation):", path.read_text(encoding="utf-8"), re.MULTILINE)


def rule_files(paths):
    for path in paths:
        found = sorted(path.rglob("*.yml")) if path.is_dir() else [path]
        yield from (p.resolve() for p in found
                    if not p.name.endswith(".test.yml") and holds_rules(p))


def test_file(path):
    return path.with_name(path.name.removesuffix(".yml") + ".test.yml")


class References:
    """Which other files a file's correlations need to be loaded."""

    def __init__(self, folder):
        self.places, self.wants = {}, {}
        for path in rule_files([folder]):
            documents = compose(path.read_text(encoding="utf-8"))
            self.wants[path] = set()
            for document in documents:
                for key in ("id", "name", "title"):
                    self.places.setdefault(scalar(document, key), path)
                self.wants[path] |= self._named(get(document, "correlation"))

    @staticmethod
    def _named(correlation):
        rules, condition = get(correlation, "rules"), get(correlation, "condition")
        names = set()
        if isinstance(rules, yaml.SequenceNode):
            names |= {r.value for r in rules.value}
        elif isinstance(rules, yaml.ScalarNode):
            names.add(rules.value)
        if isinstance(condition, yaml.ScalarNode):
            names |= atoms(parse(condition.value))
        return names

    def of(self, path):
        own = {scalar(d, key) for d in compose(path.read_text(encoding="utf-8"))
               for key in ("id", "name", "title")}
        found, todo = set(), [path]
        while todo:
            for name in self.wants.get(todo.pop(), ()):
                other = self.places.get(name)
                if name not in own and other not in (None, path) and other not in found:
                    found.add(other)
                    todo.append(other)
        return found


def other_ids(ids, salt, text):
    for old in ids:
        text = text.replace(old, str(uuid.uuid5(uuid.NAMESPACE_OID, f"{old} {salt}")))
    return text


# ---- runs ---------------------------------------------------------------------------------------

def run_batch(batch, others, config):
    """Sets the verdict of each mutant: killed, survived or refused."""
    path = batch[0].path
    tests = test_file(path).read_text(encoding="utf-8")
    ids = {scalar(d, "id") for d in compose(path.read_text(encoding="utf-8"))} - {None}
    with tempfile.TemporaryDirectory(prefix="rules-mutate.") as name:
        folder = pathlib.Path(name)
        for i, other in enumerate(sorted(others)):
            (folder / f"others{i}").mkdir()
            (folder / f"others{i}" / other.name).write_bytes(other.read_bytes())
        for i, mutant in enumerate(batch):
            place = folder / f"mutant{i}"
            place.mkdir()
            (place / path.name).write_text(other_ids(ids, i, mutant.text), encoding="utf-8")
            (place / test_file(path).name).write_text(other_ids(ids, i, tests), encoding="utf-8")
        done = subprocess.run([BIN, "rules", "test", *config, "."], cwd=folder, text=True,
                              capture_output=True, timeout=RUN_SECONDS)
    if not re.search(r"^\d+ passed, \d+ failed$", done.stdout, re.MULTILINE):
        raise SystemExit(f"rules-mutate: {relative(path)}: no tests were run: {done.stderr}")
    for i, mutant in enumerate(batch):
        refused = re.search(rf"^\./mutant{i}/[^\n]*\[refused\]$", done.stderr, re.MULTILINE)
        mutant.failed = re.findall(rf"^FAIL \./mutant{i}/[^\n]*$", done.stdout, re.MULTILINE)
        mutant.verdict = "refused" if refused else "killed" if mutant.failed else "survived"


def batches(path):
    """A file's mutants in batches; the first of all is the file as it is."""
    everything = [Mutant(path, text=path.read_text(encoding="utf-8")), *mutants_of(path)]
    return [everything[i:i + BATCH] for i in range(0, len(everything), BATCH)]


def judge(paths, references, config, workers):
    """Yields (path, the mutants of the file with their verdicts; None when it has no tests)."""
    def work(path):
        if not test_file(path).exists():
            return path, None
        whole = batches(path)
        for batch in whole:
            run_batch(batch, references.of(path), config)
        return path, [m for batch in whole for m in batch]

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        yield from pool.map(work, paths)


def report(results, verbose):
    count, refused, wrong = collections.Counter(), collections.Counter(), 0
    for path, mutants in results:
        count["files"] += 1
        if mutants is None:
            wrong += 1
            print(f"{relative(path)}: no tests beside it", flush=True)
            continue
        if mutants[0].verdict != "survived":
            wrong += 1
            print(f"{relative(path)}: its tests do not pass as it is", *mutants[0].failed, sep="\n  ")
            continue
        for mutant in mutants[1:]:
            count[mutant.verdict] += 1
            if mutant.verdict == "refused":
                refused[mutant.kind] += 1
            if mutant.verdict == "survived" or verbose:
                print(f"{mutant}: {mutant.verdict}", flush=True)
    kinds = ", ".join(f"{n} of kind {kind}" for kind, n in sorted(refused.items()))
    print(f"{count['files']} files, {count['killed']} mutants killed, {count['survived']} survived, "
          f"{count['refused']} skipped because they do not load" + (f" ({kinds})" if kinds else ""))
    return 1 if wrong or count["survived"] else 0


def main():
    parser = argparse.ArgumentParser(prog="rules-mutate", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rules", nargs="*", type=pathlib.Path, metavar="RULE",
                        help="rule files or folders (default: the shipped rules)")
    parser.add_argument("--config", default=ROOT / "rules/placeholders.yml",
                        help="placeholders that rules use (default: the shipped ones)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="runs at a time")
    parser.add_argument("--verbose", action="store_true", help="tell of every mutant")
    args = parser.parse_args()
    config = ["--config", str(pathlib.Path(args.config).resolve())] if args.config else []
    paths = list(rule_files(args.rules or [ROOT / "rules"]))
    if not paths:
        parser.error("no rule files there")
    return report(judge(paths, References(ROOT / "rules"), config, args.jobs), args.verbose)


if __name__ == "__main__":
    sys.exit(main())
