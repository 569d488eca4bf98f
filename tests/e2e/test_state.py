"""What windows remember, in real stores: Amazon's DynamoDB Local, moto, an SQLite file.

bin/state_driver (tests/conformance/state_driver.c) makes the calls through the program's own port;
one table of cases (tests/unit/support/state_case.c) says what every state must do.
"""
import subprocess
from pathlib import Path

import pytest

from support import dynamodb_local
from support.function import build_dir
from support.moto import REGION
from support.processes import LOOPBACK
from support.unruly_proxy import UnrulyProxy

WORKERS, ROUNDS = 8, 25
CASES = 12
LANES = 16  # HTTP_LANES


def listening_addresses(pid):
    """Where a process listens, as /proc tells: hexadecimal address and port."""
    inodes = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir()
              if link.is_symlink() and "socket:" in str(link.readlink())}
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes:
                addresses.add(fields[1].rsplit(":", 1)[0])
    return addresses


def test_dynamodb_local_is_on_loopback_only(dynamodb):
    loopback = "".join(f"{int(part):02X}" for part in reversed(LOOPBACK.split(".")))
    addresses = listening_addresses(dynamodb.process.pid)
    assert addresses and addresses <= {loopback, f"0000000000000000FFFF0000{loopback}"}
    assert dynamodb.items(dynamodb.make_table()) == []


def driver(env, *arguments):
    return subprocess.Popen([build_dir() / "bin" / "state_driver", *map(str, arguments)], env=env,
                            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def output(process, seconds=120):
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == 0, (out, err)
    return out.splitlines()


@pytest.fixture
def file(tmp_path):
    return {}, tmp_path / "state.db"


@pytest.fixture
def table(dynamodb):
    return dynamodb.environment(), "dynamodb:" + dynamodb.make_table()


@pytest.fixture
def moto_table(moto):
    """With signatures enforced, which DynamoDB Local does not look at."""
    key = moto.admin.get_credentials()
    name = dynamodb_local.make_table(moto.client("dynamodb"))
    return {"AWS_ENDPOINT_URL_DYNAMODB": moto.url, "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": key.access_key, "AWS_SECRET_ACCESS_KEY": key.secret_key,
            "AWS_EC2_METADATA_DISABLED": "true"}, "dynamodb:" + name


@pytest.mark.parametrize("store", ["file", "table", "moto_table"])
def test_every_case_holds(store, request):
    env, state = request.getfixturevalue(store)
    assert len(output(driver(env, state, "cases", "s"))) == CASES


@pytest.mark.parametrize("store", ["file", "table"])
def test_processes_at_once_lose_nothing(store, request):
    env, state = request.getfixturevalue(store)
    workers = [driver(env, state, "hammer", "s", w, ROUNDS) for w in range(WORKERS)]
    said = [output(w) for w in workers]
    most = {}
    for lines in said:
        for line in lines:
            number, seen = map(int, line.split())
            most[number] = max(most.get(number, 0), seen)
    # Who adds before he reads: of each round the last to add saw all the others.
    assert most == {number: WORKERS for number in range(ROUNDS)}
    # Each worker's own and the shared element of each round, dropped ones gone; no count lost.
    assert output(driver(env, state, "total", "s", ROUNDS)) == [
        f"{(WORKERS + 1) * ROUNDS} {WORKERS * ROUNDS}"]


@pytest.fixture
def unruly(dynamodb):
    """unruly(share, answers_lost) puts a proxy in front of DynamoDB Local that lets so many calls
    fail; returns it and the environment that leads to it."""
    proxies = []

    def begin(*arguments):
        proxies.append(UnrulyProxy(dynamodb.port, *arguments))
        return proxies[-1], dynamodb.environment() | {
            "AWS_ENDPOINT_URL_DYNAMODB": proxies[-1].url}

    yield begin
    for proxy in proxies:
        proxy.close()


@pytest.mark.parametrize("answers_lost", [False, True])
def test_failing_calls_are_repeated(unruly, dynamodb, answers_lost):
    proxy, env = unruly(0.3, answers_lost)
    state, rounds = "dynamodb:" + dynamodb.make_table(), 10
    workers = [driver(env, state, "hammer", "s", w, rounds) for w in range(4)]
    for worker in workers:
        output(worker)
    elements, count = map(int, output(driver(env, state, "total", "s", rounds))[0].split())
    assert proxy.failures > 20
    assert elements == (4 + 1) * rounds
    # A swap whose answer was lost is a conflict with itself: whoever counts so counts twice.
    assert count >= 4 * rounds if answers_lost else count == 4 * rounds


def test_batches_go_out_side_by_side_over_kept_connections(unruly, dynamodb):
    proxy, env = unruly(0.0)
    output(driver(env, "dynamodb:" + dynamodb.make_table(), "cases", "s"))
    assert proxy.calls > 250
    assert 2 <= proxy.most_at_once <= LANES
    assert proxy.connections <= LANES


def test_items_are_as_documented(dynamodb, table):
    """docs/state.md shows the items; nothing in the table but its format lives for ever."""
    env, state = table
    output(driver(env, state, "hammer", "s", 1, 3))
    output(driver(env, state, "cases", "s"))
    items = dynamodb.items(state.removeprefix("dynamodb:"))
    about = {"pk": {"S": "format"}, "sk": {"S": "format"}, "v": {"N": "1"}}
    items.remove(about)
    assert items and about not in items
    for item in items:
        assert set(item) - {"e"} == ({"pk", "sk", "c", "v", "expires"} if item["sk"]["S"] == "c"
                                     else {"pk", "sk", "expires"})
        assert item["pk"]["S"].startswith("w#") and len(item["pk"]["S"]) == 34
        if item["sk"]["S"] != "c":
            assert item["sk"]["S"].startswith("b#") and len(item["sk"]["S"]) == 18
            assert int(item["expires"]["N"]) % 3600 == 0
            assert all(len(member) in (22, 23, 30) for member in item.get("e", {}).get("BS", []))


@pytest.mark.parametrize("name, sentence", [
    ("ab", "a table's name has 3 to 255 characters"),
    ("x" * 256, "a table's name has 3 to 255 characters"),
    ("a/b", "a table's name has letters, digits, _ . - only"),
])
def test_a_name_that_is_no_tables_is_refused(name, sentence):
    process = driver({}, "dynamodb:" + name, "cases", "s")
    assert process.communicate(timeout=10)[1].strip() == sentence


def test_a_table_that_is_not_there_is_named(dynamodb):
    process = driver(dynamodb.environment(), "dynamodb:nowhere", "total", "s", 1)
    error = process.communicate(timeout=30)[1]
    assert "dynamodb GetItem: 400 ResourceNotFoundException" in error
