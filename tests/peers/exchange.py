"""Our entity against a peer's over a line that loses, in the peers' environment:

python -m tests.peers.exchange PEER < scenarios.json > results.json
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

from flight.wire.cfdp import (
    CfdpEntity,
    ChecksumType,
    Indication,
    Local,
    MemoryFileStore,
    Put,
    Remote,
    TransactionId,
)
from tests.peers.cfdp_py import CfdpPyEnd
from tests.peers.librecube import LibreCubeEnd

SECOND = 1_000_000_000
PEERS = {"cfdp-py": CfdpPyEnd, "librecube": LibreCubeEnd}
# LibreCube takes every file for one with the modular checksum, whatever its metadata says.
CHECKSUMS = {"cfdp-py": ChecksumType.CRC_32, "librecube": ChecksumType.MODULAR}
OURS, THEIRS = 1, 2
LONGEST_S = 7200


def exchange(
    peer: str, *, acknowledged: bool, ours_sends: bool, loss: float, seed: int, octets: int, crc: bool = False
) -> dict[str, Any]:
    """One file.  What came out of it, as plain values."""
    chance = random.Random(seed)
    data = random.Random(octets + seed).randbytes(octets)
    theirs: Any = PEERS[peer](THEIRS, OURS, acknowledged=acknowledged, crc=crc)
    store = MemoryFileStore()
    remote = Remote(
        THEIRS, acknowledged=acknowledged, closure=peer == "cfdp-py", crc=crc, checksum=CHECKSUMS[peer]
    )
    entity = CfdpEntity(Local(OURS), [remote], store)
    if ours_sends:
        store.put("source", data)
        assert isinstance(entity.put(Put(THEIRS, "source", "copy"), 0), TransactionId)
    else:
        theirs.put(data, "copy")
    line: list[tuple[int, int, bytes]] = []
    notices: list[str] = []
    now = number = 0
    while now < LONGEST_S * SECOND:
        for arrival, _, pdu in [entry for entry in line if entry[0] <= now]:
            if arrival & 1:
                entity.receive(pdu, now)
            else:
                theirs.receive(pdu, now)
        line = [entry for entry in line if entry[0] > now]
        deadline = entity.next_deadline()
        if deadline is not None and deadline <= now:
            entity.on_deadline(now)
        for toward_us, pdus in ((0, entity.send(now, 16384)), (1, theirs.send(now, 16384))):
            for pdu in pdus:
                number += 1
                if chance.random() >= loss:
                    line.append((now + SECOND // 10 * 2 + toward_us, number, pdu))
        notices += [f"{notice.kind.name} {notice.condition.name}" for notice in entity.notices()]
        now += SECOND // 5
        if not line and not entity.transactions() and theirs.done() and now > SECOND:
            break
    copy = theirs.content("copy") if ours_sends else store.content("copy") if store.exists("copy") else None
    return {
        "right": copy == data,
        "there": copy is not None,
        "ours_closed": not entity.transactions(),
        "theirs_closed": theirs.done(),
        "outcome": [
            n for n in notices if n.split()[0] in {Indication.SENT.name, Indication.RECEIVED.name, "FAILED"}
        ],
        "rejections": sum(entity.counters.rejections.values()),
        "own_faults": getattr(theirs, "own_faults", 0),
        "seconds": now // SECOND,
    }


def main() -> None:
    json.dump([exchange(sys.argv[1], **scenario) for scenario in json.load(sys.stdin)], sys.stdout)


if __name__ == "__main__":
    main()
