"""The two control commands that BC frames carry (CCSDS 232.0-B, 4.1.3.3)."""

from __future__ import annotations

from typing import NamedTuple

from flight.wire.rejection import Reason, Rejection

UNLOCK_COMMAND = b"\x00"
_SET_V_R = b"\x82\x00"


class Unlock(NamedTuple):
    """Take frames again after a lockout."""


class SetReceiver(NamedTuple):
    """V(R) becomes `value`, 0 to 255."""

    value: int


def encode_control(command: Unlock | SetReceiver) -> bytes:
    """The data field of a BC frame."""
    if isinstance(command, Unlock):
        return UNLOCK_COMMAND
    assert 0 <= command.value < 256
    return _SET_V_R + bytes([command.value])


def decode_control(data: bytes) -> Unlock | SetReceiver | Rejection:
    if data == UNLOCK_COMMAND:
        return Unlock()
    if len(data) == 3 and data.startswith(_SET_V_R):
        return SetReceiver(data[2])
    return Rejection(Reason.FIELD, "BC frame with no legal command")
