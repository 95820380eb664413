"""The seat of files in the downlink: packets for virtual channel 2, as many as the line takes and no more."""

from __future__ import annotations

import pytest

from flight.modules.downlink.module import FILES_CAPACITY

APID = 0x7F0


def file_packet(number: int, length: int = 100) -> bytes:
    body = number.to_bytes(4, "big") * (length // 4)
    return (
        bytes((0x08 | APID >> 8, APID & 0xFF, 0xC0, number & 0xFF))
        + (len(body) - 1).to_bytes(2, "big")
        + body
    )


class Filing:
    """Hands packets to the seat as a files module does, and keeps what came down on channel 2."""

    def __init__(self, craft) -> None:
        self.craft = craft
        self.down: list[bytes] = []
        self.sent = 0
        craft._take = self._take  # the packets of channel 2 are no telemetry packets

    def _take(self, vc: int, packet: bytes) -> None:
        if vc == 2:
            self.down.append(packet)

    @property
    def room(self) -> int:
        return self.craft.module("downlink").outputs.file_room

    def fill(self, seconds: int) -> int:
        """Each second as much as there is room for; the octets handed over."""
        box, octets = self.craft.module("downlink").files, 0
        for _ in range(seconds):
            room = self.room
            while room >= 106:
                assert box.put(file_packet(self.sent))
                self.sent, room, octets = self.sent + 1, room - 106, octets + 106
            self.craft.fly(1)
        return octets


@pytest.fixture
def filing(craft) -> Filing:
    return Filing(craft)


def test_files_come_down_on_channel_2_in_order_and_fill_the_line(craft, filing) -> None:
    craft.fly(20)
    filing.fill(60)
    craft.fly(5)
    assert filing.down == [file_packet(n) for n in range(filing.sent)]
    assert craft.radio.sent_octets > 0.85 * 14_400 * 60
    assert craft.module("downlink").status.file_packets == filing.sent


def test_there_is_no_room_while_no_station_is_in_sight(craft, filing) -> None:
    craft.fly(3)
    assert filing.room > 10_000
    craft.contact(False)
    craft.fly(2)
    assert filing.room == 0


def test_no_more_waits_than_was_promised_and_the_rest_is_counted(craft, filing) -> None:
    craft.contact(False)
    craft.fly(2)
    box = craft.module("downlink").files
    for n in range(3000):
        box.put(file_packet(n))
    craft.fly(1)
    status = craft.module("downlink").packets()["status"]
    status.refresh()
    assert status.files_refused == 3000 - status.file_packets > 0
    assert status.files_waiting <= FILES_CAPACITY


def test_a_command_is_answered_within_two_seconds_while_files_fill_the_line(craft) -> None:
    """The frames made before an answer take a second of line at most; the executive answers at the next step."""
    seen: list[int] = []
    filing = Filing(craft)
    take = type(craft)._take.__get__(craft)

    def both(vc: int, packet: bytes) -> None:
        if vc == 2:
            filing.down.append(packet)
        else:
            take(vc, packet)

    craft._take = both
    craft.fly(20)
    filing.fill(10)
    request = craft.call("toy.push", 1)
    for _ in range(3):
        filing.fill(1)
        seen.append(len(craft.stages(request)))
    assert seen[-1] >= 2
