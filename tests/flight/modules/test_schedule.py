"""Time-tagged commands and stored sequences."""

from __future__ import annotations

import pytest

from flight.wire import encode_cuc
from tests.flight.modules.schedule_flown import NS, failing_documents, insert, push_times


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
