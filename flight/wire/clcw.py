"""Communications link control word: the command receiver's report in every telemetry frame (232.0-B, 4.2)."""

from __future__ import annotations

from typing import NamedTuple

from flight.wire.rejection import Reason, Rejection

_COP_1 = 0b01


class Clcw(NamedTuple):
    """`report_value` is N(R), the next sequence number expected; `farm_b_counter` counts type B modulo 4."""

    virtual_channel: int
    report_value: int = 0
    farm_b_counter: int = 0
    lockout: bool = False
    wait: bool = False
    retransmit: bool = False
    no_rf: bool = False
    no_bit_lock: bool = False
    status: int = 0


def encode_clcw(clcw: Clcw) -> int:
    """The word as TmFrameMaker takes it: control word type 0, version 0, COP-1 in effect.  Counters wrap."""
    assert 0 <= clcw.virtual_channel < 64
    assert 0 <= clcw.status < 8
    return (
        clcw.status << 26
        | _COP_1 << 24
        | clcw.virtual_channel << 18
        | clcw.no_rf << 15
        | clcw.no_bit_lock << 14
        | clcw.lockout << 13
        | clcw.wait << 12
        | clcw.retransmit << 11
        | (clcw.farm_b_counter & 3) << 9
        | clcw.report_value & 0xFF
    )


def decode_clcw(word: int) -> Clcw | Rejection:
    """`word` is the operational control field as an unsigned 32-bit number.  Spare bits are not read."""
    if word >> 31:
        return Rejection(Reason.FIELD, "operational control field is no CLCW")
    if word >> 29:
        return Rejection(Reason.VERSION, f"CLCW version {word >> 29 & 3}")
    if word >> 24 & 3 != _COP_1:
        return Rejection(Reason.FIELD, f"CLCW of COP {word >> 24 & 3}")
    return Clcw(
        virtual_channel=word >> 18 & 0x3F,
        report_value=word & 0xFF,
        farm_b_counter=word >> 9 & 3,
        lockout=bool(word >> 13 & 1),
        wait=bool(word >> 12 & 1),
        retransmit=bool(word >> 11 & 1),
        no_rf=bool(word >> 15 & 1),
        no_bit_lock=bool(word >> 14 & 1),
        status=word >> 26 & 7,
    )
