"""Deals the frames of the line out to the virtual channels, by their declared shares and then by priority."""

from __future__ import annotations

from collections.abc import Sequence


class Shares:
    """`shares` by channel, the most important first; together 1."""

    def __init__(self, shares: Sequence[float]) -> None:
        self.shares = tuple(shares)
        self.credit = [0.0] * len(shares)  # frames that are due to a channel which has something to send

    def rest(self) -> None:
        """No channel but the first has anything to send: what was due to one is forgotten."""
        if any(self.credit):
            self.credit = [0.0] * len(self.shares)

    def deal(self, frames: int, wanted: Sequence[int]) -> list[int]:
        """How many of `frames` each channel gets, never more than it wants.

        What is due comes first, so that no flood on one channel takes another's part; what is left goes by priority.
        A channel with nothing to send saves nothing up, and one that has sent more than its part owes nothing.
        """
        left, dealt = frames, []
        for vc, want in enumerate(wanted):
            due = self.credit[vc] + self.shares[vc] * frames if want else 0.0
            self.credit[vc] = due
            dealt.append(min(want, int(due), left))
            left -= dealt[vc]
        for vc, want in enumerate(wanted):
            more = min(want - dealt[vc], left)
            dealt[vc] += more
            left -= more
            self.credit[vc] = min(max(0.0, self.credit[vc] - dealt[vc]), 1.0)
        return dealt
