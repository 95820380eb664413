"""Long work in slices: between two of them whoever waits for something short is served.

A package is unpacked in seconds, and CFDP wants a turn ten times a second.  Both work on one file store, so they share
one process and one thread: what takes long calls its breath after each slice, and the process serves what has come.
"""

from __future__ import annotations

from collections.abc import Callable

SLICE_OCTETS = 1 << 22  # written between two syncs: one sync of it all could take seconds on a card


class Breath:
    """Does nothing where nobody waits: in virtual time, in tests, in tools."""

    __slots__ = ("act",)

    def __init__(self) -> None:
        self.act: Callable[[], None] | None = None

    def __call__(self) -> None:
        if self.act is not None:
            self.act()
