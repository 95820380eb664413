"""Parameters: all or nothing, checked, stored before they are in force."""

from __future__ import annotations

import struct

import pytest


def changes(craft, **values: object) -> bytes:
    data = struct.pack(">H", len(values))
    for name, value in values.items():
        entry = craft.dictionary.parameters_by_label[f"toy.{name}"]
        data += struct.pack(">H" + entry.field.code, entry.number, value)
    return data


def set_(craft, data: bytes) -> int:
    return craft.send(craft.dictionary.apids["parameters"], 20, 3, data)


def test_a_set_is_in_force_after_it_is_stored_and_outlives_a_reboot(craft) -> None:
    request = set_(craft, changes(craft, low=5.0, high=6.0, steps=9))
    craft.fly(5)
    assert craft.stages(request) == [1, 3, 7]
    toy = craft.module("toy")
    assert (toy.low, toy.high, toy.steps) == (5.0, 6.0, 9)
    craft.reboot()
    toy = craft.module("toy")
    assert (toy.low, toy.high, toy.steps) == (5.0, 6.0, 9)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"low": 11.0}, "low is 0 to 10 V, not 11"),
        ({"low": float("nan")}, "low must be finite"),
        ({"low": 3.0}, "low must lie below high"),
        ({"steps": 101}, "steps is 0 to 100, not 101"),
        ({"high": 5.0, "low": 7.0}, "low must lie below high"),
    ],
)
def test_a_rejected_set_changes_nothing_and_says_why(craft, values, says) -> None:
    request = set_(craft, changes(craft, **values))
    craft.fly(5)
    assert says in craft.answers(request)[-1].reason
    toy = craft.module("toy")
    assert (toy.low, toy.high, toy.steps) == (1.0, 2.0, 3)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "no count"),
        (b"\0\0", "1 to 64"),
        (b"\0\1", "shorter"),
        (b"\0\1\xff\xff", "unknown"),
        (b"\0\1\0\1", "shorter"),
    ],
)
def test_any_octets_are_refused_with_a_reason(craft, data, says) -> None:
    request = set_(craft, data)
    craft.fly(4)
    assert says in craft.answers(request)[-1].reason


def test_too_many_octets_and_twice_the_same_are_refused(craft) -> None:
    good = changes(craft, low=1.5)
    for data, says in ((good + b"x", "too many"), (b"\0\2" + good[2:] + good[2:], "twice")):
        request = set_(craft, data)
        craft.fly(4)
        assert says in craft.answers(request)[-1].reason


def test_a_set_that_cannot_be_stored_is_not_in_force(craft) -> None:
    craft.fly(2)
    craft.disk.fail_at(craft.disk.operations + 8, times=10_000)
    request = set_(craft, changes(craft, low=1.5))
    craft.fly(60)
    assert craft.answers(request) == [] or craft.answers(request)[-1].code is not None
    assert craft.module("toy").low == 1.0


def test_reports_carry_the_values_in_force(craft) -> None:
    entry = craft.dictionary.parameters_by_label["toy.low"]
    craft.send(craft.dictionary.apids["parameters"], 20, 1, struct.pack(">HH", 1, entry.number))
    craft.fly(4)
    (report,) = [p for p in craft.packets if (p.service, p.subtype) == (20, 2)]
    assert report.body == struct.pack(">HHf", 1, entry.number, 1.0)


def test_an_empty_request_reports_all_in_several_packets(craft) -> None:
    craft.send(craft.dictionary.apids["parameters"], 20, 1)
    craft.fly(4)
    reports = [p for p in craft.packets if (p.service, p.subtype) == (20, 2)]
    counts = [struct.unpack_from(">H", p.body)[0] for p in reports]
    assert sum(counts) == len(craft.dictionary.parameters)


def test_an_unknown_number_or_subtype_is_refused(craft) -> None:
    apid = craft.dictionary.apids["parameters"]
    requests = [
        craft.send(apid, 20, 1, b"\0\1\xff\xff"),
        craft.send(apid, 20, 9),
        craft.send(apid, 20, 1, b"\0"),
    ]
    craft.fly(4)
    assert all(craft.stages(request)[-1] == 8 for request in requests)
