"""Telecommands: always answered, never twice, hazardous only after arming."""

from __future__ import annotations

import pytest

from flight.declare import Failed, SaveState
from flight.modules.commands.seen import REMEMBERED, WAITING_MAX
from flight.wire import Ack, Failure, encode_tc
from flight.workers.storage import StorageWorker
from sim.link import Spoiling

NS = 1_000_000_000
COMMANDS_APID_UNKNOWN = 999


def test_a_good_command_is_accepted_started_and_completed(craft) -> None:
    request = craft.call("toy.push", 3)
    craft.fly(4)
    assert craft.stages(request) == [1, 3, 7]
    assert craft.module("toy").pushes == [3]


def test_are_you_alive(craft) -> None:
    request = craft.send(craft.dictionary.apids["commands"], 17, 1)
    craft.fly(3)
    assert craft.stages(request) == [1, 7]
    assert [(p.service, p.subtype) for p in craft.packets if p.service == 17] == [(17, 2)]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda c: c.send(COMMANDS_APID_UNKNOWN, 17, 1), Failure.UNKNOWN_APID),
        (lambda c: c.send(c.dictionary.apids["toy"], 99, 1), Failure.UNKNOWN_SERVICE),
        (lambda c: c.send(c.dictionary.apids["toy"], 8, 1, b"\xff\xff"), Failure.UNKNOWN_FUNCTION),
        (lambda c: c.send(c.dictionary.apids["toy"], 8, 1, b"\xff"), Failure.BAD_LENGTH),
        (
            lambda c: c.send(c.function("toy.push", 1)[0], 8, 1, c.function("toy.push", 1)[1] + b"x"),
            Failure.BAD_LENGTH,
        ),
        (lambda c: c.call("toy.fire"), Failure.NOT_ARMED),
        (lambda c: c.call("executive.revive", 200), Failure.ARGUMENT_RANGE),
        (lambda c: c.call("sequences.start_sequence", 3), Failure.EXECUTION),
    ],
)
def test_what_cannot_run_is_answered_with_the_reason(craft, make, code) -> None:
    request = make(craft)
    craft.fly(4)
    answers = craft.answers(request)
    assert answers[-1].code == code
    assert answers[-1].subtype in (2, 8)
    assert answers[-1].reason
    assert craft.module("toy").pushes == []


def test_a_command_may_be_bound_to_modes(craft) -> None:
    craft.module("toy").outputs.mode = 1
    craft.fly(2)
    request = craft.call("toy.idle_only")
    craft.fly(3)
    assert [a.code for a in craft.answers(request)] == [Failure.WRONG_MODE]


def test_hazardous_runs_once_after_arming_within_the_window(craft) -> None:
    fire = craft.dictionary.commands_by_label["toy.fire"].number
    craft.call("commands.arm", fire)
    craft.fly(3)
    first = craft.call("toy.fire")
    craft.fly(3)
    second = craft.call("toy.fire")
    craft.fly(3)
    assert craft.stages(first) == [1, 3, 7]
    assert [a.code for a in craft.answers(second)] == [Failure.NOT_ARMED]
    assert craft.module("toy").pushes == [-1]


def test_arming_ends(craft) -> None:
    fire = craft.dictionary.commands_by_label["toy.fire"].number
    craft.call("commands.arm", fire)
    craft.fly(3 + 60)
    request = craft.call("toy.fire")
    craft.fly(3)
    assert craft.answers(request)[-1].code in (Failure.NOT_ARMED, Failure.ARM_EXPIRED)
    assert "commands.arming_expired" in [label for label, _ in craft.events()]
    assert craft.module("toy").pushes == []


def test_arming_does_not_survive_a_reboot_and_disarm_disarms(craft) -> None:
    fire = craft.dictionary.commands_by_label["toy.fire"].number
    craft.call("commands.arm", fire)
    craft.fly(3)
    craft.reboot()
    request = craft.call("toy.fire")
    craft.fly(3)
    assert [a.code for a in craft.answers(request)] == [Failure.NOT_ARMED]
    craft.call("commands.arm", fire)
    craft.call("commands.disarm")
    request = craft.call("toy.fire")
    craft.fly(4)
    assert craft.answers(request)[-1].code is not None
    assert craft.module("toy").pushes == []


def test_a_repeated_telecommand_runs_once_and_is_answered_again(craft) -> None:
    apid, data = craft.function("toy.push", 2)
    request = craft.send(apid, 8, 1, data, sequence=77)
    craft.fly(4)
    assert craft.send(apid, 8, 1, data, sequence=77) == request
    craft.fly(4)
    assert craft.module("toy").pushes == [2]
    assert craft.stages(request) == [1, 3, 7, 1, 7]


def test_a_repeated_telecommand_runs_once_over_a_reboot(craft) -> None:
    apid, data = craft.function("toy.push", 2)
    request = craft.send(apid, 8, 1, data, sequence=78)
    craft.fly(4)
    craft.reboot()
    craft.send(apid, 8, 1, data, sequence=78)
    craft.fly(5)
    assert craft.module("toy").pushes == []
    assert craft.stages(request) == [1, 3, 7], (
        "whether it ran is not known on board: the ground comes to no answer"
    )


def test_a_line_that_doubles_everything_runs_nothing_twice(craft) -> None:
    craft.radio.up.spoiling = Spoiling(duplicate=1.0)
    for times in (1, 2, 3):
        craft.call("toy.push", times)
        craft.fly(3)
    assert craft.module("toy").pushes == [1, 2, 3]


def test_acceptance_waits_for_the_disk(craft) -> None:
    craft.computer.worker.hung = True
    request = craft.call("toy.push", 1)
    craft.fly(5)
    assert craft.stages(request) == []
    assert craft.module("toy").pushes == []
    craft.computer.worker.hung = False
    craft.fly(3)
    assert craft.stages(request) == [1, 3, 7]


def test_a_disk_that_never_answers_refuses_the_command(craft) -> None:
    craft.computer.worker.hung = True
    request = craft.call("toy.push", 1)
    craft.fly(40)
    assert [a.code for a in craft.answers(request)] == [Failure.STORAGE]
    assert craft.module("toy").pushes == []


def test_a_damaged_telecommand_is_counted_and_the_next_one_served(craft) -> None:
    apid, data = craft.function("toy.push", 1)
    packet = bytearray(encode_tc(apid, 1, 8, 1, data, ack=Ack.ALL))
    packet[-1] ^= 1
    craft.uplink(bytes(packet))
    craft.radio.uplink(b"\xeb\x90garbage" * 3)
    request = craft.call("toy.push", 4)
    craft.fly(3)
    craft.contact(False)
    craft.fly(2)
    craft.contact(True)
    craft.fly(5)
    assert craft.module("commands").status.bad_packets == 1
    assert 7 in craft.stages(request)


def test_a_dry_run_has_no_effect(craft) -> None:
    good = craft.call("commands.dry_run", craft.packed("toy.push", 1))
    bad = craft.call("commands.dry_run", craft.packed("toy.fire"))
    broken = craft.call("commands.dry_run", b"not a packet at all")
    craft.fly(4)
    assert craft.stages(good)[-1] == 7
    assert "arm it first" in craft.answers(bad)[-1].reason
    assert craft.answers(broken)[-1].subtype == 8
    assert craft.module("toy").pushes == []


def test_many_commands_at_once_are_all_answered(craft) -> None:
    requests = [craft.call("toy.push", 1) for _ in range(100)]
    craft.fly(40)
    finals = [craft.stages(request)[-1] for request in requests]
    assert set(finals) <= {2, 7}
    assert finals.count(7) == len(craft.module("toy").pushes)
    assert finals.count(7) >= 32


def failing(craft, fails: bool) -> None:
    """The storage worker refuses to save the state of the commands module."""
    storage = craft.computer.worker.storage
    real = StorageWorker.perform

    def perform(request):
        if fails and isinstance(request, SaveState) and request.name == "commands":
            return Failed("disk: Input/output error")
        return real(storage, request)

    storage.perform = perform


def test_a_command_that_was_refused_for_the_disk_runs_when_it_comes_again(craft) -> None:
    apid, data = craft.function("toy.push", 2)
    failing(craft, fails=True)
    request = craft.send(apid, 8, 1, data, sequence=79)
    craft.fly(4)
    assert [a.code for a in craft.answers(request)] == [Failure.STORAGE]
    failing(craft, fails=False)
    for _ in range(2):
        craft.send(apid, 8, 1, data, sequence=79)
        craft.fly(4)
    assert craft.module("toy").pushes == [2]
    assert craft.stages(request) == [2, 1, 3, 7, 1, 7]


def test_neither_refusals_nor_failed_writes_make_flight_forget_what_ran(craft) -> None:
    """Over a reboot too: every place of the memory is asked for by commands that are not accepted."""
    apid, data = craft.function("toy.push", 1)
    craft.send(apid, 8, 1, data, sequence=1)
    craft.fly(3)
    for count in range(REMEMBERED + WAITING_MAX + 1):
        craft.send(apid, 8, 1, b"\xff\xff", sequence=1000 + count)  # no such function
        if count % 8 == 7:
            craft.fly(1)
    failing(craft, fails=True)
    for count in range(REMEMBERED + WAITING_MAX + 1):
        craft.send(apid, 8, 1, data, sequence=2000 + count)
        if count % 8 == 7:
            craft.fly(1)
    failing(craft, fails=False)
    craft.fly(5)
    craft.send(apid, 8, 1, data, sequence=2)  # a write that succeeds again
    craft.fly(3)
    craft.reboot()
    craft.send(apid, 8, 1, data, sequence=1)
    craft.fly(4)
    assert craft.module("toy").pushes == []


def test_flight_knows_a_command_until_so_many_others_were_accepted(craft) -> None:
    apid, data = craft.function("toy.push", 1)
    craft.send(apid, 8, 1, data, sequence=0)
    craft.fly(3)
    for count in range(1, REMEMBERED):
        craft.send(apid, 8, 1, data, sequence=count)
        if count % 16 == 15:
            craft.fly(2)
    craft.fly(3)
    assert len(craft.module("toy").pushes) == REMEMBERED
    craft.reboot()
    craft.send(apid, 8, 1, data, sequence=0)
    craft.fly(4)
    assert craft.module("toy").pushes == []
    craft.send(apid, 8, 1, data, sequence=REMEMBERED)
    craft.fly(4)
    craft.send(apid, 8, 1, data, sequence=0)
    craft.fly(4)
    assert len(craft.module("toy").pushes) == 2, "one more than promised: the oldest has made room"


def test_after_a_reboot_an_acceptance_is_said_again_only_if_it_was_given(craft) -> None:
    apid, data = craft.function("toy.push", 1)
    first, second = (craft.send(apid, 8, 1, data, sequence=count) for count in (1, 2))
    craft.fly(3)
    third = craft.send(apid, 8, 1, data, sequence=3)
    craft.fly(3)
    craft.reboot()
    for count in (1, 2, 3):
        craft.send(apid, 8, 1, data, sequence=count)
    craft.fly(4)
    assert [craft.stages(one) for one in (first, second, third)] == [[1, 3, 7, 1], [1, 3, 7, 1], [1, 3, 7]]
    craft.send(apid, 8, 1, data, sequence=4)
    craft.fly(3)
    craft.reboot()
    craft.send(apid, 8, 1, data, sequence=3)
    craft.fly(4)
    assert craft.stages(third) == [1, 3, 7], "unsure it stays, however often the state is written"
    assert craft.module("toy").pushes == []


def test_a_command_cut_on_its_way_to_disk_never_runs(craft) -> None:
    """The write may have reached the disk: flight cannot know, and twice is worse than never."""
    apid, data = craft.function("toy.push", 1)
    request = craft.send(apid, 8, 1, data, sequence=5)
    worker = craft.computer.worker
    worker.delay_ns = 10 * NS
    craft.fly(2)
    while worker.queue:
        worker.storage.perform(worker.queue.popleft()[2])  # durable, and nobody hears of it
    craft.reboot()
    craft.send(apid, 8, 1, data, sequence=5)
    craft.fly(4)
    assert craft.module("toy").pushes == []
    assert craft.stages(request) == []
    assert craft.module("commands").status.duplicates == 1


def test_another_command_under_an_old_request_id_is_another_command(craft) -> None:
    """A ground that has lost its counts begins anew."""
    apid, data = craft.function("toy.push", 1)
    craft.send(apid, 8, 1, data, sequence=9)
    craft.fly(3)
    craft.send(apid, 8, 1, craft.function("toy.push", 2)[1], sequence=9)
    craft.fly(3)
    assert craft.module("toy").pushes == [1, 2]


def test_the_echo_of_a_refused_command_does_not_run_when_it_could(craft) -> None:
    apid, data = craft.function("toy.fire")
    request = craft.send(apid, 8, 1, data, sequence=100)
    craft.fly(3)
    craft.call("commands.arm", craft.dictionary.commands_by_label["toy.fire"].number)
    craft.fly(3)
    craft.send(apid, 8, 1, data, sequence=100)
    craft.fly(3)
    assert [a.code for a in craft.answers(request)] == [Failure.NOT_ARMED] * 2
    assert craft.module("toy").pushes == []
    craft.call("toy.fire")
    craft.fly(3)
    assert craft.module("toy").pushes == [-1], "the arming was for this one"


def test_a_command_for_which_there_was_no_room_runs_when_it_comes_again(craft) -> None:
    apid, data = craft.function("toy.push", 1)
    craft.computer.worker.hung = True
    for count in range(WAITING_MAX):
        craft.send(apid, 8, 1, data, sequence=count)
    late = craft.send(apid, 8, 1, data, sequence=99)
    craft.fly(2)
    craft.computer.worker.hung = False
    craft.fly(3)
    craft.send(apid, 8, 1, data, sequence=99)
    craft.fly(3)
    assert [a.code for a in craft.answers(late)] == [Failure.QUEUE_FULL, None, None, None]
    assert len(craft.module("toy").pushes) == WAITING_MAX + 1
