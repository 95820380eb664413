"""CFDP class 2 in memory, both ends in one process, PDUs encoded and decoded: ours, and cfdp-py beside it.

Prints MB/s at segments of 1 KiB, the share of a core at 1 MB/s, the cost for each gap, in virtual time the share of a
paced line that is file, and 100 MB at 10 % loss with reordering, repetition and five reboots.
`bench_cfdp.py peer OCTETS LOST_OF` is the peer's half; it runs in the peers' environment (make peers).
"""

from __future__ import annotations

import heapq
import platform
import random
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.verdict import at_least, at_most

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-peers" / "bin" / "python"
SEGMENT = 1024
SECOND = 1_000_000_000
OCTETS = 20 * SEGMENT * 1000
REPEATS = 5
GAPS = (488, 1953, 7812)
PDU_OVERHEAD = 16  # header and offset
UP_PDU, UP_FRAME_NS = 220, 26_600_000  # TC 256 in a CLTU at 115,200 baud
DELAY_NS = 50_000_000
# Octets, longest PDU, time of a frame (protocols.md, section 5), loss, goal.
LINES = {
    "921,600 baud, TM 1115, 1 % loss, 50 ms": (5_000_000, 1067, 12_140_000, 0.01, 0.90),
    "115,200 baud, TM 223, 5 % loss, 50 ms": (500_000, 175, 19_700_000, 0.05, 0.85),
}


def ours(octets: int, lost_of: int = 0) -> float:
    """Seconds of processor time for one file; of the first pass every `lost_of`th segment is lost."""
    from flight.wire.cfdp import CfdpEntity, Local, MemoryFileStore, Put, Remote

    stores = MemoryFileStore(), MemoryFileStore()
    longest = SEGMENT + 16
    source = CfdpEntity(Local(1), [Remote(2, longest_pdu=longest)], stores[0])
    target = CfdpEntity(Local(2), [Remote(1, longest_pdu=longest)], stores[1])
    data = random.Random(1).randbytes(octets)
    stores[0].put("a", data)
    source.put(Put(2, "a", "b"), 0)
    now = count = 0
    began = time.process_time()
    while source.senders or target.receivers:
        pdus = source.send(now, 64 * longest)
        for pdu in pdus:
            count += 1
            if not lost_of or count % lost_of or count > octets // SEGMENT:
                target.receive(pdu, now)
        for pdu in target.send(now, 64 * longest):
            source.receive(pdu, now)
        if not pdus:
            now += SECOND // 10
            source.on_deadline(now)
            target.on_deadline(now)
    spent = time.process_time() - began
    assert stores[1].content("b") == data
    return spent


def peers(octets: int, lost_of: int = 0) -> float:
    """The same with cfdp-py 0.7.0.  Its `now` stands still unless nothing is sent."""
    from tests.peers.cfdp_py import CfdpPyEnd

    source = CfdpPyEnd(1, 2, acknowledged=True, longest_pdu=SEGMENT + 16)
    target = CfdpPyEnd(2, 1, acknowledged=True, longest_pdu=SEGMENT + 16)
    data = random.Random(1).randbytes(octets)
    source.put(data, "b")
    now = count = 0
    began = time.process_time()
    while not (source.done() and target.done() and target.user.finished):
        pdus = source.send(now, SEGMENT)
        for pdu in pdus:
            count += 1
            if not lost_of or count % lost_of or count > octets // SEGMENT:
                target.receive(pdu, now)
        for pdu in target.send(now, SEGMENT):
            source.receive(pdu, now)
        if not pdus:
            now += SECOND
        assert now < 3600 * SECOND, "cfdp-py does not come to an end"
    spent = time.process_time() - began
    assert target.content("b") == data
    return spent


def beside(octets: int, lost_of: int = 0) -> float | None:
    """The peer's seconds; None without its environment."""
    if not PEERS.exists():
        return None
    command = [str(PEERS), "-W", "ignore", __file__, "peer", str(octets), str(lost_of)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    if done.returncode:
        print(done.stderr[-500:], file=sys.stderr)
        return None
    return float(done.stdout)


def through_reboots(octets: int) -> tuple[float, float]:
    """Processor seconds and virtual seconds of a transfer at 10 % loss, reordered, repeated, five power cuts."""
    from flight.wire.cfdp import Put
    from tests.flight.wire.cfdp.pair import Pair
    from tests.flight.wire.cfdp.pair import octets as content

    pair = Pair(1, 0.1, repeat=0.05, jitter_ns=SECOND // 3)
    pair.logging = False
    pair.room = 512 * 1024
    data = content(1, octets)
    pair.ground.store.put("a.bin", data)
    pair.ground.entity.put(Put(2, "a.bin", "b.bin"), 0)
    began = time.process_time()
    steps = octets // pair.room // 5
    for number in range(5):
        for _ in range(steps):
            pair.step()
        (pair.craft if number % 2 == 0 else pair.ground).cut_power(pair.now)
    pair.run()
    assert pair.quiet()
    assert pair.craft.store.content("b.bin") == data, "byte-exact"
    return time.process_time() - began, pair.now / SECOND


def goodput(octets: int, longest: int, frame_ns: int, loss: float, seed: int) -> float:
    """Of what the line carries, over a line that takes a PDU each way at a time, in virtual time: 0 to 1."""
    from flight.wire.cfdp import CfdpEntity, Local, MemoryFileStore, Put, Remote

    chance = random.Random(seed)
    craft_store, store = MemoryFileStore(), MemoryFileStore()
    craft = CfdpEntity(Local(2), [Remote(1, longest_pdu=longest)], craft_store)
    station = CfdpEntity(Local(1), [Remote(2, longest_pdu=UP_PDU)], store)
    craft_store.put("a", chance.randbytes(octets))
    craft.put(Put(1, "a", "b"), 0)
    arriving: list[tuple[int, int, bool, bytes]] = []
    number = next_down = next_up = now = 0
    while not store.exists("b"):
        now = min(next_down, next_up)
        while arriving and arriving[0][0] <= now:
            _, _, down, pdu = heapq.heappop(arriving)
            (station if down else craft).receive(pdu, now)
        craft.on_deadline(now)
        station.on_deadline(now)
        for down, due, room, sender in ((True, next_down, longest, craft), (False, next_up, UP_PDU, station)):
            for pdu in sender.send(now, room) if due == now else ():
                number += 1
                took = frame_ns if down else UP_FRAME_NS
                if chance.random() >= loss:
                    heapq.heappush(arriving, (now + took + DELAY_NS, number, down, pdu))
        next_down += frame_ns if next_down == now else 0
        next_up += UP_FRAME_NS if next_up == now else 0
    return octets / (now / SECOND) / ((longest - PDU_OVERHEAD) / (frame_ns / SECOND))


def row(name: str, seconds: float | None, octets: int, more: str = "") -> None:
    if seconds is None:
        print(f"{name:<44} not run: no environment for the peers (make peers)")
    else:
        each = 1e6 * seconds / (octets / SEGMENT)
        print(f"{name:<44} {octets / seconds / 1e6:>7.1f} MB/s {each:>7.1f} us for each segment  {more}")


def main() -> None:
    print(f"Python {platform.python_version()}, {SEGMENT} octets a segment, {OCTETS / 1e6:.1f} MB")
    pairs = [(ours(OCTETS), beside(OCTETS)) for _ in range(REPEATS)]
    mine = min(one for one, _ in pairs)
    theirs = [other for _, other in pairs if other is not None]
    row("class 2, no loss", mine, OCTETS)
    row("  cfdp-py 0.7.0", min(theirs, default=None), OCTETS)
    if theirs:
        ratio = min(theirs) / mine
        print(f"{'  ratio':<44} {ratio:>7.2f} times  {at_least(ratio, 2)}")
    share = 100 * mine / (OCTETS / 1e6)
    print(f"{'both ends at 1 MB/s':<44} {share:>7.2f} % of a core{at_most(share, 5)}")
    for gaps in GAPS:
        octets = 2 * gaps * SEGMENT
        spent = min(ours(octets, 2) for _ in range(3))
        row(
            f"every other segment lost: {gaps} gaps",
            spent,
            octets,
            f"{1e6 * spent / gaps:.1f} us for each gap",
        )
        row("  cfdp-py 0.7.0", beside(octets, 2), octets)
    for name, (octets, longest, frame_ns, loss, goal) in LINES.items():
        shares = sorted(goodput(octets, longest, frame_ns, loss, seed) for seed in range(REPEATS))
        figures = " ".join(f"{100 * share:.1f}" for share in shares)
        print(f"{name:<44} {figures} % of the line{at_least(100 * shares[0], 100 * goal)}")
    spent, lasted = through_reboots(100_000_000)
    row("100 MB, 10 % loss, 5 reboots (both, line)", spent, 100_000_000, f"{lasted:.0f} s of virtual time")


if __name__ == "__main__":
    if sys.argv[1:2] == ["peer"]:
        print(min(peers(int(sys.argv[2]), int(sys.argv[3])) for _ in range(1)))
    else:
        main()
