"""What the ground does about keys and numbers by itself: follows the board's numbers, its key, and a change of keys."""

from __future__ import annotations

from struct import Struct
from typing import Protocol, cast

from flight.wire import CRC_LENGTH
from flight.wire.sdls import RECEIVING_BLOCK, Use
from ground.commanding import CommandRecord, Stage
from ground.decode import Reading
from ground.reception import Packet
from ground.telemetry import Telemetry
from ground.uplink import Uplink

NS = 1_000_000_000
TRY_KEY, CONFIRM_KEY = "uplink.try_key", "uplink.confirm_key"
SPI_AND_TIME, SPI = Struct(">HH"), Struct(">H")  # their arguments, before the checksum
SECURITY = "uplink.security"
# Of numbers that one unanswered command may skip: what a reboot of the board skips, with damaged slots.  Telemetry
# in the clear may be forged, and a liar must not put us out of the board's window (2^32) within a few passes.
SKIP_MOST = 5 * RECEIVING_BLOCK
TRIAL_NS = 600 * NS  # of a key that the board has gone on to by itself


class SecurityPacket(Protocol):
    """The fields of `uplink.security` that matter here."""

    telecommand_spi: int
    next_number_high: int
    next_number: int


class KeyCare:
    """One for each ground."""

    def __init__(self, uplink: Uplink, latest: Telemetry) -> None:
        self.uplink, self.line, self.latest = uplink, uplink.line, latest
        told = latest.dictionary.packets_by_label.get(SECURITY)
        self._sid = -1 if told is None else told.sid
        self._read: Packet | None = None  # the last report, and what it says of key and number
        self._said = (0, 0)

    def _told(self) -> Reading | None:
        packet = self.latest.newest.get(self._sid)
        return None if packet is None else self.latest.read(packet)

    @property
    def behind(self) -> bool:
        """The board has said that it takes another key, or higher numbers than our next: it has rebooted."""
        packet, sending = self.latest.newest.get(self._sid), self.line.keys.vault.sending.get(Use.TELECOMMAND)
        if sending is None:
            return False
        if packet is not self._read:  # asked each second, and told each tenth
            self._read, reading = packet, self._told()
            told = cast(SecurityPacket, reading.values) if reading is not None else None
            self._said = (told.telecommand_spi, _number(told)) if told is not None else (0, 0)
        spi, number = self._said
        return spi not in (0, sending.spi) or number > sending.counter.next

    def tend(self, now_ns: int) -> None:
        """A command is unanswered: where does the board stand?"""
        if not self.uplink.unanswered(now_ns):
            return
        reading = self._told()
        if reading is None or reading.received_ns <= self.uplink.since_ns:
            return
        if self._follow(cast(SecurityPacket, reading.values), now_ns):
            self.uplink.repeat_now(now_ns)

    def _follow(self, told: SecurityPacket, now_ns: int) -> bool:
        """True if something was mended."""
        keys = self.line.keys
        sending = keys.vault.sending.get(Use.TELECOMMAND)
        if sending is None:
            return False
        if told.telecommand_spi != sending.spi:  # it has lost its counters, and given that key up
            return bool(told.telecommand_spi) and self._try(told.telecommand_spi, TRIAL_NS, now_ns)
        number, own = _number(told), sending.counter.next
        if number <= own:
            return False
        self.line.sender.raise_to(min(number, own + SKIP_MOST))
        keys.settle(now_ns)
        return True

    def ended(self, record: CommandRecord, now_ns: int) -> None:
        """Keys follow what the board has done.

        It has taken a key of telecommands on trial: ours follows, and the next command confirms it.  It was told that
        a key of telemetry is good: the one before is given up here too.
        """
        if record.stage is not Stage.COMPLETED or record.label not in (TRY_KEY, CONFIRM_KEY):
            return
        form = SPI_AND_TIME if record.label == TRY_KEY else SPI
        spi, *rest = form.unpack_from(record.packet, len(record.packet) - form.size - CRC_LENGTH)
        association = self.line.keys.vault.associations.get(spi)
        if association is None:
            return
        if association.use is Use.TELECOMMAND and rest:
            self._try(spi, rest[0] * NS, now_ns)
        if association.use is Use.TELEMETRY and not rest:
            self.line.keys.replace(spi, now_ns)

    def _try(self, spi: int, within_ns: int, now_ns: int) -> bool:
        if self.line.keys.try_key(spi, within_ns, now_ns) is not None:
            return False
        self.uplink.key_tried_ns = now_ns
        return True


def _number(told: SecurityPacket) -> int:
    return told.next_number_high << 64 | told.next_number
