"""Archives as if they were of yesterday: what is older than a fortnight, windows and lineages
evaluate with its object alone."""
import datetime
import gzip
import json
import re

ISO = re.compile(r"\b(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?=Z)")
FORM = "%Y-%m-%dT%H:%M:%S"


def records_of(folder):
    """The records of all objects of a folder, as they stand in it."""
    for path in sorted(folder.rglob("*.json.gz")):
        with gzip.open(path) as f:
            yield from json.load(f).get("Records", [])


def shifted(records):
    """The same, all their times moved by the same whole days, so that the last is of yesterday."""
    newest = max(r["eventTime"] for r in records)
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
    days = datetime.timedelta(days=(now - datetime.datetime.strptime(newest, FORM + "Z")).days)

    def move(match):
        at = datetime.datetime.strptime(match[1], FORM) + days
        return at.strftime(FORM)

    return json.loads(ISO.sub(move, json.dumps(records)))
