"""Flow logs as busy accounts have them, made from a seed: the same bytes each time.

    make(folder, bytes_in_all, seed=1)

Objects of some 5 MB of text, gzip, default format with a header. Of 100 flows 93 are web traffic and
its answers, 3 are refused knocks of the internet, 2 are DNS and time, 1 is large, 1 has no data; one in
50,000 goes to a port of mining pools.
"""
import gzip
import random

HEADER = ("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes "
          "start end action log-status\n")
OBJECT_BYTES = 5_000_000


def line(r, start):
    eni = f"eni-{r.randrange(400):017x}"
    inside = f"10.0.{r.randrange(16)}.{r.randrange(1, 255)}"
    outside = f"{r.randrange(11, 170)}.{r.randrange(256)}.{r.randrange(256)}.{r.randrange(1, 255)}"
    high = r.randrange(32768, 61000)
    kind = r.random()
    end = start + r.randrange(20, 60)
    packets = r.randrange(5, 400)
    size = packets * r.randrange(60, 1400)
    action = "ACCEPT"
    if kind < 0.01:
        return f"2 111122223333 {eni} - - - - - - - {start} {end} - NODATA\n"
    if kind < 0.02:
        size, ports, ends = r.randrange(50_000_000, 150_000_000), (high, 443), (inside, outside)
    elif kind < 0.04:
        ports, ends = (high, r.choice((53, 123))), (inside, f"10.0.0.{r.randrange(2, 9)}")
        packets, size = 1, r.randrange(60, 200)
    elif kind < 0.07:
        ports, ends, action = (high, r.choice((22, 23, 445, 3389, 8080))), (outside, inside), "REJECT"
        packets, size = 1, 44
    elif kind < 0.53:
        ports, ends = (443, high), (outside, inside)
    elif kind < 0.99998:
        ports, ends = (high, 443), (inside, outside)
    else:
        ports, ends = (high, 3333), (inside, outside)
    return (f"2 111122223333 {eni} {ends[0]} {ends[1]} {ports[0]} {ports[1]} 6 {packets} {size} "
            f"{start} {end} {action} OK\n")


def make(folder, total, seed=1):
    r = random.Random(seed)
    made, number = 0, 0
    folder.mkdir(parents=True, exist_ok=True)
    while made < total:
        lines, size, start = [HEADER], len(HEADER), 1773756000 + 60 * number
        while size < OBJECT_BYTES:
            lines.append(line(r, start + r.randrange(60)))
            size += len(lines[-1])
        text = "".join(lines).encode()
        (folder / f"{number:05}.log.gz").write_bytes(gzip.compress(text, 6, mtime=0))
        made, number = made + len(text), number + 1
    return number
