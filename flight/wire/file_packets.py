"""File transfer on the link: one CFDP PDU is one space packet without secondary header, on an APID of its own."""

from __future__ import annotations

from dataclasses import dataclass

from flight.wire.cfdp import Local
from flight.wire.packet import PRIMARY_LENGTH, PacketType, SequenceFlags, decode_header, encode_packet
from flight.wire.rejection import Rejection

FILE_APID = 0x7FD  # 2045, which the SANA registry of APIDs sets apart for CFDP
GROUND_ENTITY = 1
# A ground has one spacecraft, or a few whose ids do not differ by a multiple of 254: one octet holds all entities,
# two the numbers of their transactions.  16-bit entities and 32-bit numbers would cost 4 octets more in each PDU.
CRAFT_ENTITIES = 254
ENTITY_OCTETS, SEQUENCE_OCTETS = 1, 2
MEGABYTE = 2**20
FILE_LONGEST = 1 << 36  # octets
# Of a frame that no PDU gets: frame header 6, control field 4, checksum 2, packet header 6, and what SDLS adds, 30.
FRAME_SHARE = 48


@dataclass(frozen=True, slots=True)
class FileSettings:
    """What both ends of a spacecraft's files agree on, and how much it may store."""

    spacecraft_id: int
    frame_length: int
    quota_octets: int = 64 * MEGABYTE

    @property
    def entity(self) -> int:
        """Of the spacecraft, 2 to 255."""
        return GROUND_ENTITY + 1 + self.spacecraft_id % CRAFT_ENTITIES

    def local(
        self,
        entity: int,
        *,
        transactions: int,
        largest_octets: int = FILE_LONGEST,
        checkpoint_octets: int = MEGABYTE,
    ) -> Local:
        """One end of it.  It acts on no message of CFDP: whoever wants something of the spacecraft sends a command."""
        return Local(
            entity,
            ENTITY_OCTETS,
            SEQUENCE_OCTETS,
            transactions,
            largest_octets,
            checkpoint_octets,
            serves=False,
        )

    @property
    def longest_pdu(self) -> int:
        """On the way down: what one frame holds, so that a lost frame costs two PDUs at most."""
        return longest_pdu(self.frame_length)


def longest_pdu(frame_length: int) -> int:
    return max(64, frame_length - FRAME_SHARE)


def listing_of(folder: str) -> str:
    """What the list of a folder on board is called on the ground."""
    return f"listings/{folder.replace('/', '_') or 'all'}.txt"


def encode_file_packet(kind: PacketType, sequence: int, pdu: bytes) -> bytes:
    return encode_packet(kind, FILE_APID, sequence, pdu, secondary=False)


def is_file_packet(packet: bytes) -> bool:
    """By APID alone; whether the rest is sound is seen when it is taken apart."""
    return len(packet) > PRIMARY_LENGTH and int.from_bytes(packet[:2], "big") & 0x7FF == FILE_APID


def pdu_of(packet: bytes, kind: PacketType) -> bytes | None:
    """The PDU in a whole packet of that kind, None if this is no such packet."""
    header = decode_header(packet)
    if isinstance(header, Rejection):
        return None
    fits = header.length == len(packet) and header.flags is SequenceFlags.UNSEGMENTED
    if header.kind is not kind or header.secondary or header.apid != FILE_APID or not fits:
        return None
    return packet[PRIMARY_LENGTH:]
