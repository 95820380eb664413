"""Time-tagged commands and stored sequences."""

from __future__ import annotations

import pytest

from flight.declare import Failed, SaveDocument
from flight.modules.schedule import SELECTING, read_document
from flight.wire import encode_cuc
from flight.wire.scheduling import Window, pack_offset, pack_requests, pack_window
from flight.wire.timed import Timed, pack_timed, read_timed

NS = 1_000_000_000


def insert(craft, *entries: tuple[float, bytes]) -> int:
    data = bytes([len(entries)]) + b"".join(encode_cuc(int(at * NS)) + packet for at, packet in entries)
    return craft.send(craft.dictionary.apids["schedule"], 11, 4, data)


def push_times(craft) -> list[int]:
    """Mission seconds at which the toy was pushed, by its events."""
    numbers = {e.number for e in craft.dictionary.events if e.label == "toy.pushed"}
    return [
        p.time_ns // NS
        for p in craft.packets
        if p.service == 5 and int.from_bytes(p.body[:2], "big") in numbers
    ]


def test_a_time_tagged_command_is_released_at_its_time(craft) -> None:
    request = insert(
        craft, (30.0, craft.packed("toy.push", 1)), (50.0, craft.packed("toy.push", 1, sequence=5001))
    )
    craft.fly(20)
    assert craft.stages(request)[-1] == 7
    assert craft.module("schedule").status.held == 2
    craft.fly(50)
    times = push_times(craft)
    assert len(times) == 2
    assert 30 <= times[0] <= 32
    assert 50 <= times[1] <= 52


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "expected"),
        (b"\1", "expected"),
        (b"\1" + encode_cuc(90 * NS) + b"\x18\x01\xc0\0\0\1xx", "not sound"),
    ],
)
def test_bad_insertions_are_refused_whole(craft, data, says) -> None:
    request = craft.send(craft.dictionary.apids["schedule"], 11, 4, data)
    craft.fly(4)
    assert says in craft.answers(request)[-1].reason
    assert craft.module("schedule").status.held == 0


def test_too_soon_and_too_many_are_refused(craft) -> None:
    soon = insert(craft, (3.0, craft.packed("toy.push", 1)))
    craft.fly(4)
    assert "too soon" in craft.answers(soon)[-1].reason
    packet = craft.packed("toy.push", 1)
    for _ in range(13):
        insert(craft, *((500.0 + n, packet) for n in range(5)))
        craft.fly(3)
    assert craft.module("schedule").status.held == 60


def test_deleted_and_listed(craft) -> None:
    packets = [craft.packed("toy.push", n, sequence=5000 + n) for n in (1, 2)]
    insert(craft, (100.0, packets[0]), (90.0, packets[1]))
    craft.fly(4)
    apid = craft.dictionary.apids["schedule"]
    craft.send(apid, 11, 17)
    craft.fly(3)
    (listed,) = [p for p in craft.packets if (p.service, p.subtype) == (11, 13)]
    assert listed.body[0] == 2
    assert listed.body[8:12] == packets[1][:4]
    deleted = craft.send(apid, 11, 5, b"\1" + packets[1][:4])
    unknown = craft.send(apid, 11, 5, b"\1\0\0\0\1")
    craft.fly(4)
    assert craft.stages(deleted)[-1] == 7
    assert "not held" in craft.answers(unknown)[-1].reason
    assert craft.module("schedule").status.held == 1
    craft.send(apid, 11, 3)
    craft.fly(4)
    assert craft.module("schedule").status.held == 0


def test_the_schedule_outlives_a_reboot(craft) -> None:
    insert(craft, (400.0, craft.packed("toy.push", 1)))
    craft.fly(5)
    craft.reboot()
    assert craft.module("schedule").held
    craft.fly(450)
    assert len(push_times(craft)) == 1


def test_a_cut_around_the_release_never_runs_a_command_twice(make_craft) -> None:
    for cut in range(22, 34):
        craft = make_craft()
        insert(craft, (30.0, craft.packed("toy.push", 1)))
        craft.fly(cut)
        before = len(craft.module("toy").pushes)
        craft.reboot()
        craft.fly(120)
        after = len(craft.module("toy").pushes)
        assert before + after <= 1, f"cut at {cut} s"


def test_what_was_refused_as_not_stored_is_never_released(craft) -> None:
    craft.fly(2)
    craft.computer.worker.storage.perform = failing_documents(craft)
    request = insert(craft, (30.0, craft.packed("toy.push", 1)))
    craft.fly(5)
    assert "not stored" in craft.answers(request)[-1].reason
    craft.fly(40)
    assert push_times(craft) == []
    assert craft.module("schedule").status.held == 0


def test_a_command_that_cannot_be_taken_off_the_disk_is_not_released(craft) -> None:
    insert(craft, (30.0, craft.packed("toy.push", 1)))
    craft.fly(10)
    craft.computer.worker.storage.perform = failing_documents(craft)
    craft.fly(60)
    assert push_times(craft) == []
    assert craft.module("schedule").status.held == 1
    del craft.computer.worker.storage.perform
    craft.fly(5)
    assert [label for label, _ in craft.events()].count("schedule.dropped_late") == 1
    assert craft.module("schedule").status.held == 0


def test_a_crash_of_the_schedule_forgets_nothing(craft) -> None:
    insert(craft, (60.0, craft.packed("toy.push", 1)))
    craft.fly(10)
    kernel = craft.computer.kernel
    slot = next(slot for slot in kernel.slots if slot.name == "schedule")
    kernel.fail(slot.index, craft.second * NS)
    craft.fly(5)
    assert slot.restarts == 1
    assert craft.module("schedule").status.held == 1
    craft.fly(60)
    assert len(push_times(craft)) == 1


def test_a_crash_of_the_sequences_keeps_what_is_stored(craft) -> None:
    load(craft, 2, sequence(craft, (0.5, craft.packed("toy.push", 1))))
    craft.call("sequences.store", 2)
    craft.fly(5)
    kernel = craft.computer.kernel
    kernel.fail(next(slot.index for slot in kernel.slots if slot.name == "sequences"), craft.second * NS)
    craft.fly(5)
    craft.call("sequences.start_sequence", 2)
    craft.fly(5)
    assert len(push_times(craft)) == 1


def failing_documents(craft):
    """A disk that takes everything but documents."""
    perform = type(craft.computer.worker.storage).perform

    def failing(request):
        if isinstance(request, SaveDocument):
            return Failed("disk: no")
        return perform(craft.computer.worker.storage, request)

    return failing


def test_late_commands_are_dropped_with_an_event(craft) -> None:
    insert(craft, (60.0, craft.packed("toy.push", 1)))
    craft.fly(10)
    craft.send(craft.dictionary.apids["schedule"], 11, 2)
    craft.fly(80)
    craft.send(craft.dictionary.apids["schedule"], 11, 1)
    craft.fly(10)
    assert push_times(craft) == []
    assert "schedule.dropped_late" in [label for label, _ in craft.events()]


def sequence(craft, *steps: tuple[float, bytes]) -> bytes:
    return bytes([len(steps)]) + b"".join(encode_cuc(int(after * NS)) + packet for after, packet in steps)


def load(craft, slot: int, body: bytes, part: int = 200) -> None:
    for offset in range(0, len(body), part):
        craft.call("sequences.load", slot, offset, body[offset : offset + part])
        craft.fly(2)


def test_a_sequence_runs_its_steps_at_relative_times_below_a_second(craft) -> None:
    packets = [craft.packed("toy.push", n, sequence=6000 + n) for n in range(1, 6)]
    load(craft, 2, sequence(craft, *((0.3, packet) for packet in packets)))
    stored = craft.call("sequences.store", 2)
    craft.fly(4)
    assert craft.stages(stored)[-1] == 7
    started = craft.call("sequences.start_sequence", 2)
    craft.fly(8)
    assert craft.stages(started)[-1] == 7
    assert craft.module("toy").pushes == [1, 2, 3, 4, 5]
    labels = [label for label, _ in craft.events()]
    assert "sequences.began" in labels
    assert "sequences.ended" in labels


def test_step_times_do_not_drift(craft) -> None:
    craft.fly(1)
    module = craft.module("sequences")
    packets = [craft.packed("toy.push", n, sequence=6100 + n) for n in range(20)]
    load(craft, 0, sequence(craft, *((0.25, packet) for packet in packets)))
    craft.call("sequences.store", 0)
    craft.fly(4)
    released: list[int] = []
    inner = module.step

    def watch(now, sees, out):
        before = module.status.released
        inner(now, sees, out)
        released.extend([now] * (module.status.released - before))

    slot = next(s for s in craft.computer.kernel.slots if s.name == "sequences")
    slot.step = watch
    craft.call("sequences.start_sequence", 0)
    craft.fly(10)
    ideal = [released[0] + n * NS // 4 for n in range(20)]
    late = [at - due for at, due in zip(released, ideal, strict=True)]
    assert max(late) <= NS // 10, "one tick at most, and it does not add up"


def test_sequences_are_checked_kept_cleared_and_aborted(craft) -> None:
    load(craft, 1, sequence(craft, (30.0, craft.packed("toy.push", 1)), (30.0, craft.packed("toy.push", 2))))
    craft.call("sequences.store", 1)
    craft.fly(4)
    craft.reboot()
    craft.call("sequences.start_sequence", 1)
    craft.fly(40)
    aborted = craft.call("sequences.abort")
    craft.fly(40)
    assert craft.stages(aborted)[-1] == 7
    assert craft.module("toy").pushes == [1]
    cleared = craft.call("sequences.clear", 1)
    craft.fly(4)
    assert craft.stages(cleared)[-1] == 7
    for label, arguments, says in (
        ("sequences.start_sequence", (1,), "empty"),
        ("sequences.abort", (), "no sequence"),
        ("sequences.clear", (1,), "empty"),
        ("sequences.store", (5,), "nothing whole"),
        ("sequences.load", (8, 0, b"x"), "8 slots"),
        ("sequences.load", (3, 7, b"x"), "begins at 0"),
    ):
        request = craft.call(label, *arguments)
        craft.fly(3)
        assert says in craft.answers(request)[-1].reason


def test_a_broken_step_is_refused_when_it_is_stored(craft) -> None:
    packet = bytearray(craft.packed("toy.push", 1))
    packet[-1] ^= 1
    load(craft, 0, sequence(craft, (1.0, bytes(packet))))
    request = craft.call("sequences.store", 0)
    craft.fly(4)
    assert "step 0" in craft.answers(request)[-1].reason


def test_hazardous_steps_need_arming_too(craft) -> None:
    load(craft, 0, sequence(craft, (0.1, craft.packed("toy.fire"))))
    craft.call("sequences.store", 0)
    craft.fly(4)
    craft.call("sequences.start_sequence", 0)
    craft.fly(5)
    assert craft.module("toy").pushes == []


# ---------------------------------------------------------------- choosing, shifting, reporting


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
