"""Events: floods are held back and accounted for; critical ones are not."""

from __future__ import annotations

import struct


def test_a_flood_is_held_back_and_the_account_is_exact(craft) -> None:
    craft.call("toy.push", 200)
    craft.fly(90)
    told = [label for label, _ in craft.events()].count("toy.pushed")
    held = sum(values[1] for label, values in craft.events() if label == "events.held_back")
    assert told + held == 200
    assert told <= 5


def test_tokens_come_back(craft) -> None:
    for _ in range(8):
        craft.call("toy.push", 1)
        craft.fly(12)
    assert [label for label, _ in craft.events()].count("toy.pushed") == 8


def test_a_high_event_gets_through_a_flood(craft) -> None:
    craft.fly(2)
    toy = craft.module("toy")
    kernel = craft.computer.kernel
    for second in range(20):
        for _ in range(1000):
            kernel.event(1, toy.pushed, 1)
        kernel.event(1, toy.alarm, second)
        craft.fly(1)
    craft.fly(65)
    alarms = [values[0] for label, values in craft.events() if label == "toy.alarm"]
    assert alarms == list(range(20))
    assert craft.module("events").status.lost > 0


def test_a_high_event_gets_through_a_flood_of_medium_ones(craft) -> None:
    craft.fly(2)
    toy, kernel = craft.module("toy"), craft.computer.kernel
    for second in range(5):
        for _ in range(400):
            kernel.event(0, kernel.itself.crashed, 1, 1)
        kernel.event(1, toy.alarm, second)
        craft.fly(1)
    craft.fly(5)
    assert [values[0] for label, values in craft.events() if label == "toy.alarm"] == list(range(5))
    assert craft.module("events").critical.dropped > 0


def test_events_can_be_switched_off_and_on(craft) -> None:
    number = next(e.number for e in craft.dictionary.events if e.label == "toy.pushed")
    apid = craft.dictionary.apids["events"]
    listed = struct.pack(">HH", 1, number)
    craft.send(apid, 5, 6, listed)
    craft.fly(3)
    craft.call("toy.push", 1)
    craft.fly(4)
    assert "toy.pushed" not in [label for label, _ in craft.events()]
    craft.send(apid, 5, 5, listed)
    craft.fly(3)
    craft.call("toy.push", 1)
    craft.fly(4)
    assert "toy.pushed" in [label for label, _ in craft.events()]


def test_bad_requests_are_refused(craft) -> None:
    apid = craft.dictionary.apids["events"]
    requests = [craft.send(apid, 5, 7), craft.send(apid, 5, 5, b"\0"), craft.send(apid, 5, 5, b"\0\2\0\1")]
    craft.fly(4)
    assert [craft.stages(request)[-1] for request in requests] == [8, 8, 8]
