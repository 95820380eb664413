"""What requests of service 11 choose, shift and report, and the switch of the schedule, over reboots."""

from __future__ import annotations

import pytest

from flight.modules.schedule import SELECTING, read_document
from flight.wire import encode_cuc
from flight.wire.scheduling import Window, pack_offset, pack_requests, pack_window
from flight.wire.timed import Timed, pack_timed, read_timed
from tests.flight.modules.schedule_flown import NS, failing_documents, insert, push_times


def ask(craft, subtype: int, data: bytes = b"") -> int:
    request = craft.send(craft.dictionary.apids["schedule"], 11, subtype, data)
    craft.fly(4)
    return request


def three(craft, *times: float) -> list[bytes]:
    packets = [craft.packed("toy.push", 1, sequence=5000 + n) for n in range(len(times))]
    insert(craft, *zip(times, packets, strict=True))
    craft.fly(4)
    return packets


def held(craft) -> list[tuple[int, int]]:
    """(release in s, sequence count) as the spacecraft lists them."""
    ask(craft, 17)
    body = [p for p in craft.packets if (p.service, p.subtype) == (11, 13)][-1].body
    rows = [body[1 + 11 * n : 12 + 11 * n] for n in range(body[0])]
    return [(int.from_bytes(row[:4], "big"), int.from_bytes(row[9:11], "big") & 0x3FFF) for row in rows]


def request_of(packet: bytes) -> int:
    return int.from_bytes(packet[:4], "big")


def test_commands_are_deleted_by_their_time(craft) -> None:
    three(craft, 200.0, 300.0, 400.0)
    done = ask(craft, 6, pack_window(Window(250 * NS, 350 * NS)))
    assert craft.stages(done)[-1] == 7
    assert held(craft) == [(200, 5000), (400, 5002)]
    ask(craft, 6, pack_window(Window(first=400 * NS)))
    assert held(craft) == [(200, 5000)]
    ask(craft, 6, pack_window(Window(last=199 * NS)))
    assert held(craft) == [(200, 5000)]
    ask(craft, 6, pack_window(Window()))
    assert held(craft) == []


def test_commands_are_shifted_and_released_then(craft) -> None:
    packets = three(craft, 200.0, 300.0, 400.0)
    done = ask(craft, 7, pack_offset(-250 * NS) + pack_requests([request_of(packets[2])]))
    assert craft.stages(done)[-1] == 7
    assert held(craft) == [(150, 5002), (200, 5000), (300, 5001)]
    ask(craft, 8, pack_offset(500 * NS) + pack_window(Window(first=200 * NS)))
    assert held(craft) == [(150, 5002), (700, 5000), (800, 5001)]
    ask(craft, 15, pack_offset(300 * NS))
    assert held(craft) == [(450, 5002), (1000, 5000), (1100, 5001)]
    craft.reboot()
    craft.fly(460)
    assert [450 <= at <= 452 for at in push_times(craft)] == [True]
    assert held(craft) == [(1000, 5000), (1100, 5001)]


@pytest.mark.parametrize("offset_s", [-200, -10_000, 2**31 - 1])
def test_a_shift_out_of_reach_moves_nothing(craft, offset_s: int) -> None:
    three(craft, 200.0, 2.0**31 + 10)
    refused = ask(craft, 15, pack_offset(offset_s * NS))
    assert "would be released in" in craft.answers(refused)[-1].reason
    assert held(craft) == [(200, 5000), (2**31 + 10, 5001)]


def test_a_shift_into_the_next_seconds_is_refused(craft) -> None:
    """What is about to be released is on its way off the disk."""
    three(craft, 200.0)
    refused = ask(craft, 15, pack_offset((craft.second + 5 - 200) * NS))
    assert "would be released in" in craft.answers(refused)[-1].reason
    assert held(craft) == [(200, 5000)]


def test_a_detail_report_gives_the_commands_back(craft) -> None:
    packets = three(craft, 200.0, 300.0)
    for subtype, data in ((16, b""), (9, pack_requests([request_of(p) for p in packets])), (11, b"\0")):
        ask(craft, subtype, data)
        body = [p for p in craft.packets if (p.service, p.subtype) == (11, 10)][-1].body
        assert read_timed(body) == [Timed(200 * NS, packets[0]), Timed(300 * NS, packets[1])]
    for subtype, data in ((12, pack_requests([request_of(packets[1])])), (14, b"\2" + encode_cuc(250 * NS))):
        ask(craft, subtype, data)
        body = [p for p in craft.packets if (p.service, p.subtype) == (11, 13)][-1].body
        assert body == b"\1" + encode_cuc(300 * NS) + packets[1][:4]


def test_a_long_detail_report_comes_in_parts(craft) -> None:
    packet = craft.packed("toy.push", 1)
    for at in range(0, 60, 5):
        insert(craft, *((500.0 + at + n, packet) for n in range(5)))
        craft.fly(3)
    ask(craft, 16)
    bodies = [p.body for p in craft.packets if (p.service, p.subtype) == (11, 10)]
    assert len(bodies) > 1
    assert all(len(body) <= 900 for body in bodies)
    found = [entry for body in bodies for entry in read_timed(body) or []]
    assert [entry.at // NS for entry in found] == list(range(500, 560))


def test_a_disabled_schedule_releases_nothing_and_stays_so_over_a_reboot(craft) -> None:
    three(craft, 30.0, 900.0)
    assert craft.stages(ask(craft, 2))[-1] == 7
    craft.reboot()
    craft.fly(60)
    assert not craft.module("schedule").status.enabled
    assert push_times(craft) == []
    ask(craft, 1)
    craft.fly(3)
    assert [label for label, _ in craft.events()].count("schedule.dropped_late") == 1
    craft.reboot()
    craft.fly(900)
    assert craft.module("schedule").status.enabled
    assert [900 <= at <= 902 for at in push_times(craft)] == [True]


def test_what_is_taken_off_the_disk_waits_for_the_switch_too(craft) -> None:
    three(craft, 30.0)
    while not craft.module("schedule").taken:
        craft.fly(1)
    ask(craft, 2)
    craft.fly(10)
    assert push_times(craft) == []
    ask(craft, 1)
    craft.fly(3)
    assert len(push_times(craft)) + craft.module("schedule").status.late == 1


def test_a_switch_that_was_not_stored_is_refused_and_stays_as_it_was(craft) -> None:
    craft.fly(2)
    craft.computer.worker.storage.perform = failing_documents(craft)
    refused = ask(craft, 2)
    assert "not stored" in craft.answers(refused)[-1].reason
    assert craft.module("schedule").status.enabled


@pytest.mark.parametrize("subtype", [*SELECTING, 18, 0])
@pytest.mark.parametrize("data", [b"\xff", b"\1\0\0", b"\5" * 40])
def test_what_makes_no_sense_is_refused_and_changes_nothing(craft, subtype: int, data: bytes) -> None:
    three(craft, 200.0, 300.0)
    refused = ask(craft, subtype, data)
    assert craft.stages(refused)[-1] == 8
    assert craft.module("schedule").status.held == 2


def test_a_document_without_a_switch_is_one_that_releases() -> None:
    assert read_document(pack_timed([]) + pack_timed([])) == ([], [], True)
    assert read_document(pack_timed([]) + pack_timed([]) + b"\0") == ([], [], False)
    assert read_document(pack_timed([]) + pack_timed([]) + b"\1\1") is None
    assert read_document(b"") is None
