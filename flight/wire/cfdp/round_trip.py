"""How long one peer takes to answer, as measured; and how long a silence means that something was lost.

The intervals of a `Remote` are the longest that its line may need.  Where answers came sooner, a first repetition need
not wait for so long; each further one waits twice as long, until it reaches what the remote says.
"""

from __future__ import annotations

MARGIN_NS = 200_000_000  # two steps of a tenth of a second


class RoundTrip:
    """Of all transactions with one peer.  Time in ns."""

    def __init__(self) -> None:
        self._longest = 0  # of late; 0 before any

    def sample(self, duration_ns: int) -> None:
        """The longest counts, and is forgotten by an eighth with each shorter one."""
        self._longest = max(duration_ns, self._longest - (self._longest >> 3))

    def patience(self, interval_ns: int, spent: int, back_off: int) -> int:
        """After `spent` repetitions without an answer; `interval_ns` and `back_off` are the remote's."""
        most = interval_ns << min(spent, back_off)
        return min(most, (2 * self._longest + MARGIN_NS) << spent) if self._longest else most
