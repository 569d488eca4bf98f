"""Writes trailwarden(1): trailwarden.1.in with @COMMANDS@ and @EXIT_STATUS@ out of docs/cli.md, so
that the page and the manual cannot say two things. Usage: man.py IN CLI.md VERSION DATE OUT

Of Markdown it knows what docs/cli.md uses: headings, paragraphs, lists, fenced text, tables of two
columns, `code`, **bold** and [links](there). Anything else that would look odd in troff is an error.
"""
import re
import sys
from pathlib import Path

INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)]+)\)")
EXIT = "Exit codes"


def escaped(text, minus="-"):
    """troff's own characters; a minus that is typed is no hyphen."""
    text = text.replace("\\", "\\e").replace("-", "\\-" if minus else "-").replace("·", "\\(bu")
    if not text.isascii():
        sys.exit(f"man.py: not ASCII: {text}")
    return text


def inline(text):
    """One paragraph's Markdown as troff, on one line."""
    out, at = "", 0
    for m in INLINE.finditer(text):
        out += escaped(text[at:m.start()], "")
        if m[3]:  # a page of ours is named, another site shown
            away = f" <{escaped(m[4])}>" if "://" in m[4] else ""
            out += inline(m[3]) + away
        else:
            out += "\\fB" + escaped(m[1] or m[2]) + "\\fR"
        at = m.end()
    out += escaped(text[at:], "")
    return "\\&" + out if out[:1] in (".", "'") else out


def cells(line):
    """The cells of a table's line; \\| is no border."""
    return [c.strip().replace("\\|", "|") for c in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def table(lines):
    for line in lines:
        row = cells(line)
        if set("".join(row)) <= set("-: ") or row in (["option", ""], ["command", ""]):
            continue
        if len(row) != 2:
            sys.exit(f"man.py: a table of {len(row)} columns: {line}")
        yield ".TP\n" + inline(row[0]) + "\n" + inline(row[1])


def fenced(lines):
    yield ".RS 4\n.nf"
    yield from ("\\&" + escaped(x) if x[:1] in (".", "'") else escaped(x) for x in lines)
    yield ".fi\n.RE"


def block(lines):
    """A paragraph, a list or a table."""
    if lines[0].startswith("|"):
        yield from table(lines)
    elif lines[0].startswith("- "):
        for item in re.split(r"\n(?=- )", "\n".join(lines)):
            yield ".IP \\(bu 2\n" + inline(" ".join(item[2:].split()))
    else:
        yield ".PP\n" + inline(" ".join(" ".join(lines).split()))


def sections(text):
    """(heading, its lines) of each section of the second level."""
    for part in re.split(r"^## ", text, flags=re.M)[1:]:
        heading, _, body = part.partition("\n")
        yield heading.strip(), body.splitlines()


def troff(lines):
    waiting, fence = [], None
    for line in [*lines, ""]:
        if line.startswith("```"):
            if fence is None:
                fence = []
            else:
                yield from fenced(fence)
                fence = None
        elif fence is not None:
            fence.append(line)
        elif line.strip() and not (waiting and waiting[0].startswith("|") != line.startswith("|")):
            waiting.append(line)
        else:
            if waiting:
                yield from block(waiting)
            waiting = [line] if line.strip() else []


def page(template, text, version, date):
    commands, status = [], []
    for heading, lines in sections(text):
        text = list(troff(lines))
        text[0] = text[0].removeprefix(".PP\n")  # what a heading does itself
        if heading == EXIT:
            status += text
        else:
            commands += [f".SS {escaped(heading)}", *text]
    if not commands or not status:
        sys.exit("man.py: no commands, or no exit codes")
    for name, value in {"COMMANDS": "\n".join(commands), "EXIT_STATUS": "\n".join(status),
                        "VERSION": version, "DATE": date}.items():
        template = template.replace(f"@{name}@", value)
    return template


def main():
    template, cli, version, date, out = sys.argv[1:]
    Path(out).write_text(page(Path(template).read_text(), Path(cli).read_text(), version, date))


if __name__ == "__main__":
    main()
