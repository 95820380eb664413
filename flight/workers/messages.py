"""Requests and results of a worker as octets on a pipe: length u32, then CBOR of [ticket, name, fields]."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable

import cbor2

from flight.declare import storage

LENGTH = struct.Struct(">I")
MESSAGE_MAX = 4 * 2**20  # octets; an Append of the recorder's whole inbox is below 1 MiB
NAMES = (
    *(
        "Append",
        "Commit",
        "Read",
        "SaveState",
        "SaveDocument",
        "LoadState",
        "LoadDocument",
        "Scrub",
        "Snapshot",
        "Close",
    ),
    *("Stored", "Records", "Found", "Stores", "Failed"),
)
Make = Callable[[Iterable[object]], tuple[object, ...]]
KINDS: dict[str, Make] = {name: getattr(storage, name)._make for name in NAMES}


class PipeError(Exception):
    """The other end sent what neither of us writes: it is killed and restarted."""


def pack(ticket: int, message: tuple[object, ...]) -> bytes:
    """Inner tuples arrive as lists."""
    body = cbor2.dumps([ticket, type(message).__name__, list(message)])
    assert len(body) <= MESSAGE_MAX
    return LENGTH.pack(len(body)) + body


class Unpacker:
    """Octets in, whole messages out."""

    def __init__(self) -> None:
        self.held = bytearray()

    def feed(self, data: bytes) -> list[tuple[int, object]]:
        """PipeError for anything that is not one of our messages."""
        self.held += data
        messages = []
        while len(self.held) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self.held)
            if length > MESSAGE_MAX:
                raise PipeError(f"message of {length} octets")
            end = LENGTH.size + length
            if len(self.held) < end:
                break
            messages.append(_message(bytes(self.held[LENGTH.size : end])))
            del self.held[:end]
        return messages


def _message(body: bytes) -> tuple[int, object]:
    try:
        ticket, name, fields = cbor2.loads(body)
        return ticket, KINDS[name](fields)
    except (cbor2.CBORDecodeError, ValueError, TypeError, KeyError) as error:
        raise PipeError(str(error)) from error
