# mypy: disable-error-code="import-untyped"
"""What a spacecraft of ours sends in flight, taken apart and packed again by others: the same octets.

spacepackets packs frames, packets and reports anew; space_packet_parser cuts the stream of packets.  Each layer
by itself is compared in tests/flight/wire (packets, PUS, frames, PDUs of CFDP); Reed-Solomon with reedsolo in
tests/flight/wire/coding; values by XTCE in tests/flight/dictionary/test_xtce.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import pytest
import space_packet_parser
from spacepackets.ccsds.spacepacket import SpacePacketHeader as PeerHeader
from spacepackets.ccsds.tm_frame import TmTransferFrame
from spacepackets.ecss.tc import PusTc
from spacepackets.ecss.tm import PusTm

from flight.wire import Rejection, decode_tm, encode_cuc, encode_tc
from tests.flight.modules.conftest import Craft, bare_mission

pytestmark = pytest.mark.peer
SECONDS = 30
COMMANDS = 8


class Heard:
    """Between the craft and its receiver: keeps frames and packets as they came."""

    def __init__(self, craft: Craft) -> None:
        self.receiver = craft.receiver
        self.frames: list[bytes] = []
        self.packets: list[bytes] = []

    def receive(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        found = self.receiver.receive(data)
        self.frames += self.receiver.frames
        for vc, packet in found:
            self.packets.append(packet)
            yield vc, packet


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Heard:
    craft = Craft(bare_mission(tmp_path_factory.mktemp("bare")))
    craft.contact(True)
    kept = Heard(craft)
    craft.receiver = kept  # type: ignore[assignment]
    later = encode_cuc(900 * 1_000_000_000) + craft.packed("toy.push", 1)
    services = ((11, 4, b"\1" + later), (11, 16, b""), (11, 17, b""), (19, 6, b""), (19, 10, b"\0"))
    for number in range(COMMANDS):
        craft.call("toy.push", number)
        craft.fly(SECONDS // COMMANDS + 1)
    for service, subtype, data in services:
        name = "schedule" if service == 11 else "event_actions"
        craft.send(craft.dictionary.apids[name], service, subtype, data)
        craft.fly(3)
    assert {(11, 10), (11, 13), (19, 7), (19, 11)} <= {(p.service, p.subtype) for p in craft.packets}
    return kept


@pytest.mark.slow
def test_frames_are_packed_to_the_same_octets(heard: Heard) -> None:
    assert len(heard.frames) > 10
    for frame in heard.frames:
        peer = TmTransferFrame.unpack(frame, len(frame), has_error_control_field=True)
        assert bytes(peer.pack()) == frame


@pytest.mark.slow
def test_packets_are_packed_to_the_same_octets(heard: Heard) -> None:
    services = set()
    for packet in heard.packets:
        header = PeerHeader.unpack(packet)
        assert bytes(header.pack()) == packet[:6]
        peer = PusTm.unpack(packet, timestamp_len=7)
        assert bytes(peer.pack()) == packet
        ours = decode_tm(packet)
        assert not isinstance(ours, Rejection)
        assert (peer.service, peer.message_subtype, peer.apid) == (ours.service, ours.subtype, ours.apid)
        services.add(ours.service)
    assert services >= {1, 3, 5}


@pytest.mark.slow
def test_another_reader_cuts_the_stream_at_the_same_places(heard: Heard) -> None:
    found = space_packet_parser.generators.ccsds_generator(BytesIO(b"".join(heard.packets)))
    assert [bytes(packet) for packet in found] == heard.packets


def test_telecommands_are_packed_to_the_same_octets() -> None:
    for number in range(200):
        packet = encode_tc(7 + number, number, 8, 1 + number % 5, bytes(range(number)))
        assert bytes(PusTc.unpack(packet).pack()) == packet
