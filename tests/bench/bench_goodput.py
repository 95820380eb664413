"""Files over a paced line in virtual time, with what live telemetry waits meanwhile.  Every figure is exact.

`packets' rate`: file octets a second against the frame table's rate of packets without loss.  `ceiling`: how much of it
can be had at all, one PDU a frame, headers and lost frames taken off.  `of it`: how much of that was.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.verdict import at_least, at_most
from tests.flight.wire.cfdp.paced import FAST, HEADER, SLOW, WIDE_HEADER, carry

SEEDS = 8


def main() -> None:
    for name, line, octets, goal, wide, live in (
        ("921,600 baud, TM 1115, 1 % loss, 50 ms", FAST, 5_000_000, 90, False, True),
        ("115,200 baud, TM 223, 5 % loss, 50 ms, the line for itself", SLOW, 2_000_000, 85, False, False),
        ("115,200 baud, TM 223, the same beside a live frame a second", SLOW, 500_000, 85, False, True),
        ("115,200 baud, TM 446, the same", SLOW._replace(frame_length=446), 500_000, 85, False, True),
        ("115,200 baud, TM 446, as many wrong bits as above", LONGER, 500_000, 85, False, True),
        ("115,200 baud, TM 223, ids of 2 and 4 octets", SLOW, 500_000, 85, True, True),
    ):
        found = [carry(line, octets, seed, wide_ids=wide, live=live) for seed in range(SEEDS)]
        assert all(one.right for one in found)
        ceiling = line.ceiling(WIDE_HEADER if wide else HEADER)
        shares = sorted(one.share for one in found)
        worst, middle = 100 * shares[0], 100 * shares[SEEDS // 2]
        rate = line.packets_octets_s
        print(f"{name}: packets' rate {rate:,.0f} octets/s, ceiling {100 * ceiling:.1f} %")
        print(
            f"  of the packets' rate  {worst:6.1f} to {middle:.1f} %, worst and middle{at_least(middle, goal)}"
        )
        print(f"  of the ceiling        {worst / ceiling:6.1f} to {middle / ceiling:.1f} %")
        print(f"  file octets           {worst * rate / 100:6.0f} to {middle * rate / 100:.0f} a second")
        queued = max(one.most_queued_ms for one in found)
        print(f"  queued below us       {queued:6.1f} ms of line{at_most(queued, 100)}")
        if live:
            slowest = max(one.slowest_live_ms for one in found)
            print(f"  live telemetry        {slowest:6.1f} ms from ready to sent, at most")


LONGER = SLOW._replace(frame_length=446, loss=1 - (1 - SLOW.loss) ** (450 / 227))


if __name__ == "__main__":
    main()
