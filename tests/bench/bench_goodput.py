"""Files over a paced line in virtual time, with what live telemetry waits meanwhile.  Every figure is exact.

`of the table`: file octets a second against the packets' rate of such frames without loss.  `of file data`: against
what is left of that for the file, when each frame has one PDU; a line that loses 5 % can give 95 % of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.bench.verdict import at_least, at_most
from tests.flight.wire.cfdp.paced import FAST, SLOW, carry

SEEDS = 3


def main() -> None:
    for name, line, octets, goal, short in (
        ("921,600 baud, TM 1115, 1 % loss, 50 ms", FAST, 5_000_000, 90, False),
        ("115,200 baud, TM 223, 5 % loss, 50 ms", SLOW, 500_000, 85, False),
        ("115,200 baud, the same, ids of 1 and 2 octets", SLOW, 500_000, 85, True),
    ):
        found = [carry(line, octets, seed, short_ids=short) for seed in range(SEEDS)]
        assert all(one.right for one in found)
        print(name)
        share, of_file = (100 * min(getattr(one, part) for one in found) for part in ("share", "file_share"))
        print(f"  of the table     {share:6.1f} %{at_least(share, goal)}")
        print(f"  of file data     {of_file:6.1f} %{at_least(of_file, goal)}")
        queued = max(one.most_queued_ms for one in found)
        print(f"  queued below us  {queued:6.1f} ms of line{at_most(queued, 100)}")
        print(
            f"  live telemetry   {max(one.slowest_live_ms for one in found):6.1f} ms from ready to sent, at most"
        )


if __name__ == "__main__":
    main()
