"""Whole telecommand frames, secured.  Telemetry frames are built by `TmFrameMaker`, which takes a `Sender.apply`."""

from __future__ import annotations

from flight.wire.crc import CRC_LENGTH, append_crc
from flight.wire.sdls.layout import SECURITY_OVERHEAD, TC_PREFIX
from flight.wire.sdls.sender import Sender
from flight.wire.tc_frame import LONGEST_TC_DATA, TcFrameType, encode_tc_frame

LONGEST_SECURED_DATA = (
    LONGEST_TC_DATA - SECURITY_OVERHEAD
)  # octets with the segment header, where there is one


def secure_tc_frame(
    sender: Sender,
    spacecraft_id: int,
    vc: int,
    data: bytes,
    kind: TcFrameType = TcFrameType.BD,
    sequence: int = 0,
    segment_header: int | None = None,
) -> bytes | None:
    """One frame of type AD or BD; None if the sender cannot send now.  Control commands (BC) carry no security.

    Called for each transmission, also a repeated one: under an old number the receiver would refuse the frame
    once a later one has passed it.
    """
    assert kind is not TcFrameType.BC, "SDLS does not cover control commands (355.0-B-2)"
    segment = b"" if segment_header is None else bytes([segment_header])
    assert len(segment) == sender.rule.prefix_length - TC_PREFIX, (
        "segment header: the rule and the call differ"
    )
    empty = bytes(len(segment) + len(data) + sender.overhead)
    prefix = encode_tc_frame(spacecraft_id, vc, empty, kind, sequence)[:TC_PREFIX] + segment
    field = sender.apply(prefix, data)
    if field is None:
        return None
    frame = append_crc(prefix + field)
    assert len(frame) == TC_PREFIX + len(empty) + CRC_LENGTH
    return frame
