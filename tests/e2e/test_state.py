"""The state of windows in real stores: Amazon's own DynamoDB Local, and SQLite."""
from pathlib import Path

from support.processes import LOOPBACK


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
