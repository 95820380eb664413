"""Managed information (CCSDS 727.0-B-5, chapter 8): what two entities agree on beforehand.  Times in nanoseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flight.wire.cfdp.fields import ChecksumType, Condition, Handler

SECOND_NS = 1_000_000_000
TRANSACTIONS_LIMIT = 64  # at once, both ways: a directory of files; each costs a few kB and two descriptors
CLOSED_LIMIT = (
    1024  # remembered, so that a late EOF or Finished is answered and not taken for a new transaction
)
INDICATIONS_LIMIT = 1024  # waiting for the user; the oldest are dropped and counted
JOURNAL_OCTETS_LIMIT = 256 * 1024  # between two rewrites of the journal


@dataclass(frozen=True, slots=True)
class Remote:
    """One peer.  The limits count expiries without an answer; an interval of 0 turns its timer off."""

    entity: int
    longest_pdu: int = 1024
    checksum: ChecksumType = ChecksumType.CRC_32
    crc: bool = False
    closure: bool = False  # class 1 asks for a Finished PDU
    acknowledged: bool = True  # class 2 unless a request says otherwise
    ack_interval_ns: int = 3 * SECOND_NS
    ack_limit: int = 20  # at 20 % loss both ways 8 in a row happen once in 4000 transfers
    nak_interval_ns: int = 2 * SECOND_NS  # of silence, counted from the last file data
    nak_limit: int = 20
    back_off: int = (
        3  # doublings of these two while nothing is heard: quick after a loss, patient with a busy line
    )
    nak_delay_ns: int = SECOND_NS // 5  # what reordering may take; before it a gap is not a loss
    immediate_nak: bool = True  # ask for a gap when it is seen, not only after the EOF
    inactivity_ns: int = 600 * SECOND_NS
    keep_alive_interval_ns: int = 0
    keep_alive_limit_octets: int = 0  # how far a receiver may fall behind; 0: any
    check_interval_ns: int = 10 * SECOND_NS
    check_limit: int = 8
    handlers: Mapping[Condition, Handler] = field(default_factory=dict)  # what is not named cancels

    def __post_init__(self) -> None:
        assert 64 <= self.longest_pdu <= 0xFFFF
        assert min(self.ack_limit, self.nak_limit, self.check_limit) >= 1
        assert min(self.ack_interval_ns, self.nak_interval_ns, self.check_interval_ns) > 0


@dataclass(frozen=True, slots=True)
class Local:
    """This entity.  Widths are octets in the PDUs of our own transactions."""

    entity: int
    entity_octets: int = 2
    sequence_octets: int = 4
    transactions_limit: int = TRANSACTIONS_LIMIT
    largest_file_octets: int = 1 << 36
    checkpoint_octets: int = 1 << 20  # of new data between two journal records: what a reboot may lose
    serves: bool = True  # proxy puts, directory listings and remote suspension asked for by others

    def __post_init__(self) -> None:
        assert self.entity >> (8 * self.entity_octets) == 0
        assert 1 <= self.entity_octets <= 8
        assert 1 <= self.sequence_octets <= 8
