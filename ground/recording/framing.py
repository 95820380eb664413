"""Frames out of a recording's octets, each with its place in the file; what is damaged is counted."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from flight.wire import SYNC_MARKER, LinkCounters, Reason, Rejection
from flight.wire.coding import CaduSync, TmCodec
from ground.parity_arrays import parity
from ground.recording.layout import Layout


class Placed(NamedTuple):
    """`place` is that of the first octet, counted from the start of the file."""

    place: int
    octets: bytes


class Framing(Protocol):
    counters: LinkCounters
    checked: bool  # whether the frames given out have passed their error control field

    def receive(self, data: bytes) -> list[Placed]: ...

    def finish(self) -> list[Placed]: ...

    @property
    def held(self) -> int:
        """Octets that are part of no frame yet."""
        ...


def framing(layout: Layout) -> Framing:
    return MarkedFrames(layout) if layout.marker else AdjacentFrames(layout)


class MarkedFrames:
    """A stream of CADUs, among anything."""

    checked = True

    def __init__(self, layout: Layout) -> None:
        self._sync = CaduSync(TmCodec(layout.coding, parity))
        self.counters = self._sync.counters

    @property
    def held(self) -> int:
        return self._sync.held

    def receive(self, data: bytes) -> list[Placed]:
        return self._placed(self._sync.receive(data))

    def finish(self) -> list[Placed]:
        return self._placed(self._sync.flush())

    def _placed(self, frames: list[bytes]) -> list[Placed]:
        return [
            Placed(at + len(SYNC_MARKER), frame) for at, frame in zip(self._sync.places, frames, strict=True)
        ]


class AdjacentFrames:
    """Frames or codeblocks of one length without markers, one behind the other from the first octet on."""

    def __init__(self, layout: Layout) -> None:
        self.counters = LinkCounters()
        self.checked = layout.coded
        self._codec = TmCodec(layout.coding, parity) if layout.coded else None
        assert layout.frames is not None
        self._length = layout.coding.block_length if layout.coded else layout.frames.length
        self._held = b""
        self._place = 0

    @property
    def held(self) -> int:
        return len(self._held)

    def receive(self, data: bytes) -> list[Placed]:
        stream, length, place = self._held + data, self._length, self._place
        whole = len(stream) - len(stream) % length
        blocks = [Placed(place + at, stream[at : at + length]) for at in range(0, whole, length)]
        self._held = stream[whole:]
        self._place += whole
        if self._codec:
            blocks = self._decoded(blocks, self._codec)
        self.counters.frames += len(blocks)
        return blocks

    def finish(self) -> list[Placed]:
        return []

    def _decoded(self, blocks: list[Placed], codec: TmCodec) -> list[Placed]:
        frames = []
        for place, block in blocks:
            found = codec.decode(block)
            if isinstance(found, Rejection):
                self.counters.rejections[Reason.CHECKSUM] += 1
                continue
            self.counters.corrected_frames += found.corrected_symbols > 0
            self.counters.corrected_symbols += found.corrected_symbols
            frames.append(Placed(place, found.frame))
        return frames
