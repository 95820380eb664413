"""Event-action by telecommand octets: what a person adds, what an event starts, and what ends a loop."""

from __future__ import annotations

import pytest

from flight.declare import DeclarationError
from flight.modules.event_actions import ACTIONS_MAX, PACKET_BYTES_MAX, Default, document_of, read_document
from flight.modules.event_actions import Table as Stored
from flight.wire.event_action import (
    EventAction,
    EventId,
    pack_additions,
    pack_events,
    read_actions,
    read_switches,
)
from tests.flight.modules.schedule_flown import failing_documents


def event_of(craft, label: str) -> EventId:
    entry = next(one for one in craft.dictionary.events if one.label == label)
    return EventId(craft.dictionary.apids[entry.module], entry.number)


def ask(craft, subtype: int, data: bytes = b"") -> int:
    request = craft.send(craft.dictionary.apids["event_actions"], 19, subtype, data)
    craft.fly(4)
    return request


def add(craft, label: str, packet: bytes) -> int:
    return ask(craft, 1, pack_additions([EventAction(event_of(craft, label), False, packet)]))


def enable(craft, *labels: str) -> int:
    return ask(craft, 4, pack_events([event_of(craft, label) for label in labels]))


def armed(craft, label: str, packet: bytes) -> None:
    assert craft.stages(add(craft, label, packet))[-1] == 7
    assert craft.stages(enable(craft, label))[-1] == 7


def pushes(craft) -> list[int]:
    return craft.module("toy").pushes


def reason(craft, request: int) -> str:
    return craft.answers(request)[-1].reason


def nothing(craft) -> bytes:
    return craft.packed("commands.nothing", sequence=6000)


def table(craft) -> tuple[EventAction, ...]:
    return craft.module("event_actions").table.actions


def test_an_event_releases_its_command_once(craft) -> None:
    armed(craft, "commands.armed_function", craft.packed("toy.push", 7))
    craft.call("commands.arm", craft.dictionary.commands_by_label["toy.fire"].number)
    craft.fly(10)
    assert pushes(craft) == [7]
    assert [label for label, _ in craft.events()].count("event_actions.released") == 1
    craft.call("commands.arm", craft.dictionary.commands_by_label["toy.fire"].number)
    craft.fly(10)
    assert pushes(craft) == [7, 7]


def test_an_added_action_sleeps_until_it_is_enabled_and_after_it_is_disabled(craft) -> None:
    add(craft, "toy.alarm", craft.packed("toy.push", 7))
    alarm(craft)
    assert pushes(craft) == [-1]
    enable(craft, "toy.alarm")
    alarm(craft)
    assert pushes(craft) == [-1, -1, 7]
    ask(craft, 5, b"\0")
    alarm(craft)
    assert pushes(craft) == [-1, -1, 7, -1]


def alarm(craft) -> None:
    """`toy.fire` says alarm, and pushes -1."""
    craft.call("commands.arm", craft.dictionary.commands_by_label["toy.fire"].number)
    craft.fly(3)
    craft.call("toy.fire")
    craft.fly(8)


def test_an_event_counts_when_its_report_is_disabled(craft) -> None:
    armed(craft, "toy.alarm", craft.packed("toy.push", 7))
    number = event_of(craft, "toy.alarm").number
    craft.send(craft.dictionary.apids["events"], 5, 6, b"\0\1" + number.to_bytes(2, "big"))
    craft.fly(4)
    alarm(craft)
    assert "toy.alarm" not in [label for label, _ in craft.events()]
    assert pushes(craft) == [-1, 7]


def test_the_function_as_a_whole_is_switched_and_stays_so_over_a_reboot(craft) -> None:
    armed(craft, "toy.alarm", craft.packed("toy.push", 7))
    assert craft.stages(ask(craft, 9))[-1] == 7
    craft.reboot()
    craft.fly(4)
    alarm(craft)
    assert pushes(craft) == [-1]
    ask(craft, 8)
    craft.reboot()
    craft.fly(4)
    alarm(craft)
    assert pushes(craft) == [-1, 7]


def test_a_hazardous_command_is_not_released_without_being_armed(craft) -> None:
    armed(craft, "toy.pushed", craft.packed("toy.fire"))
    craft.call("toy.push", 1)
    craft.fly(8)
    assert pushes(craft) == [1]
    assert [values[0] for label, values in craft.events() if label == "commands.rejected"] != []
    assert craft.module("commands").status.refused == 1


def test_an_action_that_causes_its_own_event_ends_and_is_counted(craft) -> None:
    armed(craft, "toy.pushed", craft.packed("toy.push", 1))
    craft.call("toy.push", 1)
    craft.fly(200)
    module = craft.module("event_actions")
    assert module.status.released == len(pushes(craft)) - 1 == 3
    assert module.status.held_back == 1
    assert ("event_actions.held_back", (event_of(craft, "toy.pushed").number, 1)) in craft.events()
    craft.fly(200)
    assert len(pushes(craft)) == 4
    craft.call("toy.push", 1)
    craft.fly(60)
    assert len(pushes(craft)) == 8


def test_two_actions_that_cause_each_other_end_too(craft) -> None:
    armed(craft, "toy.pushed", craft.packed("commands.arm", 1, sequence=6001))
    armed(craft, "commands.armed_function", craft.packed("toy.push", 1))
    craft.call("toy.push", 1)
    craft.fly(200)
    assert craft.module("event_actions").status.released <= 6
    assert craft.module("event_actions").status.held_back >= 1
    craft.fly(200)
    assert craft.module("event_actions").status.released <= 6


def test_many_events_at_once_release_no_more_than_the_bucket_holds(craft) -> None:
    armed(craft, "toy.pushed", nothing(craft))
    craft.call("toy.push", 100)
    craft.fly(30)
    module = craft.module("event_actions")
    assert module.status.released == 3
    assert module.status.released + module.status.held_back + module.occurrences.dropped == 100
    assert module.occurrences.dropped == 36


def test_a_flood_of_other_events_takes_no_room(craft) -> None:
    armed(craft, "toy.alarm", craft.packed("toy.push", 7))
    craft.call("commands.arm", craft.dictionary.commands_by_label["toy.fire"].number)
    craft.fly(3)
    craft.call("toy.push", 500)
    craft.call("toy.fire")
    craft.fly(8)
    assert pushes(craft) == [500, -1, 7]


def test_the_table_outlives_a_reboot_and_a_crash(craft) -> None:
    armed(craft, "toy.alarm", craft.packed("toy.push", 7))
    before = table(craft)
    kernel = craft.computer.kernel
    slot = next(slot for slot in kernel.slots if slot.name == "event_actions")
    kernel.fail(slot.index, craft.second * 1_000_000_000)
    craft.fly(5)
    assert slot.restarts == 1
    assert table(craft) == before
    craft.reboot()
    craft.fly(4)
    assert table(craft) == before
    alarm(craft)
    assert pushes(craft) == [-1, 7]


def test_what_was_refused_as_not_stored_is_not_in_force(craft) -> None:
    armed(craft, "toy.alarm", craft.packed("toy.push", 7))
    craft.computer.worker.storage.perform = failing_documents(craft)
    for subtype, data in (
        (1, pack_additions([EventAction(event_of(craft, "toy.pushed"), False, nothing(craft))])),
        (5, b"\0"),
        (3, b""),
        (9, b""),
    ):
        assert reason(craft, ask(craft, subtype, data)) == "not stored"
    assert [one.enabled for one in table(craft)] == [True]
    alarm(craft)
    assert pushes(craft) == [-1, 7]


def test_an_enabled_action_is_neither_deleted_nor_replaced(craft) -> None:
    armed(craft, "toy.alarm", craft.packed("toy.push", 7))
    one = pack_events([event_of(craft, "toy.alarm")])
    assert "is enabled" in reason(craft, ask(craft, 2, one))
    assert "is enabled" in reason(craft, add(craft, "toy.alarm", nothing(craft)))
    ask(craft, 5, one)
    add(craft, "toy.alarm", nothing(craft))
    assert [action.packet for action in table(craft)] == [nothing(craft)]
    assert craft.stages(ask(craft, 2, one))[-1] == 7
    assert table(craft) == ()


def test_deleting_all_ends_the_function(craft) -> None:
    armed(craft, "toy.alarm", craft.packed("toy.push", 7))
    ask(craft, 3)
    assert table(craft) == ()
    assert not craft.module("event_actions").table.enabled


def test_what_is_stored_is_reported(craft) -> None:
    armed(craft, "toy.alarm", craft.packed("toy.push", 7))
    add(craft, "toy.pushed", nothing(craft))
    ask(craft, 6)
    (status,) = [p.body for p in craft.packets if (p.service, p.subtype) == (19, 7)]
    assert read_switches(status) == (
        (event_of(craft, "toy.alarm"), True),
        (event_of(craft, "toy.pushed"), False),
    )
    ask(craft, 10, b"\0")
    (body,) = [p.body for p in craft.packets if (p.service, p.subtype) == (19, 11)]
    assert read_actions(body) == table(craft)


def test_many_definitions_come_in_parts(craft) -> None:
    labels = [entry.label for entry in craft.dictionary.events][:20]
    packet = craft.packed("commands.dry_run", bytes(100))
    for label in labels:
        add(craft, label, packet)
    ask(craft, 10, b"\0")
    bodies = [p.body for p in craft.packets if (p.service, p.subtype) == (19, 11)]
    assert len(bodies) == 3
    assert all(len(body) <= 900 for body in bodies)
    assert tuple(one for body in bodies for one in read_actions(body) or ()) == table(craft)


def test_what_cannot_be_an_action_is_refused(craft) -> None:
    event = event_of(craft, "toy.alarm")
    good = nothing(craft)
    long = craft.packed("commands.dry_run", bytes(PACKET_BYTES_MAX))
    unsound = good[:-1] + bytes([good[-1] ^ 1])
    for action, says in (
        (EventAction(EventId(event.apid, 9999), False, good), "is unknown"),
        (EventAction(EventId(event.apid + 1, event.number), False, good), "is unknown"),
        (EventAction(event, False, unsound), "not sound"),
        (EventAction(event, False, long), "octets"),
    ):
        assert says in reason(craft, ask(craft, 1, pack_additions([action])))
    both = [EventAction(event, False, good), EventAction(event, False, long)]
    ask(craft, 1, pack_additions(both))
    assert table(craft) == ()


@pytest.mark.parametrize("subtype", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12])
@pytest.mark.parametrize("data", [b"\1", b"\1\0\1\0", b"\xff" * 9])
def test_what_makes_no_sense_is_refused(craft, subtype: int, data: bytes) -> None:
    refused = ask(craft, subtype, data)
    assert craft.stages(refused)[-1] == 8


@pytest.mark.parametrize("subtype", [2, 4, 5, 10])
def test_an_action_that_is_not_there_is_named(craft, subtype: int) -> None:
    event = event_of(craft, "toy.alarm")
    assert f"no action on event {event.number}" in reason(craft, ask(craft, subtype, pack_events([event])))


def test_the_missions_defaults_are_in_force_until_the_table_is_changed(make_craft) -> None:
    craft = make_craft(actions=(Default("toy.alarm", "toy.push", (7,)),))
    craft.fly(2)
    alarm(craft)
    assert pushes(craft) == [-1, 7]
    ask(craft, 5, b"\0")
    craft.reboot()
    craft.fly(4)
    assert [one.enabled for one in table(craft)] == [False]


@pytest.mark.parametrize(
    "default",
    [
        Default("toy.none", "toy.push", (7,)),
        Default("toy.alarm", "toy.none"),
        Default("toy.alarm", "toy.push"),
    ],
)
def test_a_default_of_unknown_words_is_a_fault_of_the_mission(make_craft, default: Default) -> None:
    with pytest.raises(DeclarationError):
        make_craft(actions=(default,))


def test_a_document_that_makes_no_sense_is_none() -> None:
    packet = bytes.fromhex("1801c0000001abcd")
    good = Stored(False, (EventAction(EventId(1, 2), True, packet),))
    assert read_document(document_of(good)) == good
    assert read_document(b"") is None
    assert read_document(b"\2\0") is None
    assert read_document(document_of(good)[:-1]) is None
    many = Stored(True, tuple(EventAction(EventId(1, n), True, packet) for n in range(ACTIONS_MAX + 1)))
    assert read_document(document_of(many)) is None
