"""Messages on a socket that never blocks its reader: length u32, then as many octets."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

LENGTH = struct.Struct(">I")
MESSAGE_MAX = 4 * 2**20  # octets; an Append of the recorder's whole inbox is below 1 MiB
PULL_MAX = 2**19  # octets taken in one tick: two whole reads of a packet store, decoded within a millisecond
CHUNK = 65_536


class PipeError(Exception):
    """The other end sent what neither of us writes: it is killed and restarted."""


def framed(body: bytes) -> bytes:
    assert len(body) <= MESSAGE_MAX
    return LENGTH.pack(len(body)) + body


def bodies(held: bytearray) -> Iterator[bytes]:
    """Whole messages at the beginning of `held`, which keeps the rest.  PipeError for one that is too long."""
    start = 0
    try:
        while len(held) - start >= LENGTH.size:
            (length,) = LENGTH.unpack_from(held, start)
            if length > MESSAGE_MAX:
                raise PipeError(f"message of {length} octets")
            end = start + LENGTH.size + length
            if len(held) < end:
                return
            body = bytes(held[start + LENGTH.size : end])
            start = end
            yield body
    finally:
        del held[:start]


def pull(ours: socket.socket) -> bytes:
    """What has arrived.  OSError if the other end has closed, and all that it sent has been read."""
    data = bytearray()
    while len(data) < PULL_MAX:
        try:
            piece = ours.recv(CHUNK)
        except BlockingIOError:
            break
        except ConnectionResetError:
            if data:
                break
            raise
        if not piece:
            if data:
                break
            raise ConnectionResetError
        data += piece
    return bytes(data)
