"""The table of a mission for protected telemetry, and frames made by it."""

from __future__ import annotations

import pytest

from flight.wire import IDLE_CHANNEL, TmFrameConfig, TmFrameMaker
from flight.wire.sdls import SECURITY_OVERHEAD, Use, tm_mask
from flight.wire.telemetry_link import CLEAR_TELEMETRY, STRICT_TM_MASK, TM_MASK_LENGTH, TelemetryLink


class Reversed:
    """Secures nothing, and shows what it was given."""

    overhead = SECURITY_OVERHEAD

    def __init__(self) -> None:
        self.prefixes: list[bytes] = []
        self.able = True

    def ready(self) -> bool:
        return self.able

    def apply(self, prefix: bytes, data: bytes) -> bytes | None:
        self.prefixes.append(prefix)
        return bytes(14) + data[::-1] + bytes(16)


def test_yamcs_mask_unless_told_otherwise() -> None:
    rule = TelemetryLink((0, 1)).rule()
    assert (rule.mask, rule.use, rule.channels) == (tm_mask(), Use.TELEMETRY, {0, 1})
    assert TelemetryLink((0,), STRICT_TM_MASK).rule().mask == b"\xff" * TM_MASK_LENGTH
    assert (CLEAR_TELEMETRY.overhead, TelemetryLink((7,)).overhead) == (0, 30)


@pytest.mark.parametrize("channels", [(1, 0), (0, 0), (3,), (8,), (-1,)])
def test_a_table_that_cannot_be_is_refused(channels: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="protected channels"):
        TelemetryLink(channels)


def test_a_mask_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="mask of 19 octets"):
        TelemetryLink((0,), bytes(19))


@pytest.mark.parametrize("length", [64, 223, 1115, 2048])
def test_protected_and_clear_frames_are_equally_long_and_lie_where_they_should(length: int) -> None:
    security, config = Reversed(), TmFrameConfig(42, length)
    maker = TmFrameMaker(config, security, (0, 7))
    assert maker.zone_length(1) - maker.zone_length(0) == SECURITY_OVERHEAD
    zone = bytes(range(20)) + bytes(maker.zone_length(0) - 20)
    frame = maker.make(0, zone, 3, 0x01020304)
    clear = maker.make(1, bytes(maker.zone_length(1)), 3, 0x01020304)
    assert len(frame) == len(clear) == length
    assert frame[:6] == security.prefixes[0], "the header is authenticated as it is sent"
    assert frame[6 + 14 : -22] == zone[::-1]
    assert frame[-6:-2] == b"\1\2\3\4"
    assert len(maker.make_idle(0)) == length
    assert len(security.prefixes) == 2


def test_only_a_protected_channel_waits_for_a_key() -> None:
    security = Reversed()
    maker = TmFrameMaker(TmFrameConfig(42), security, (0,))
    security.able = False
    assert (maker.ready(0), maker.ready(1), maker.ready(IDLE_CHANNEL)) == (False, True, True)
