"""The ground as a whole, against a spacecraft made of octets by hand."""

from __future__ import annotations

import struct
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from flight.wire import encode_cuc
from ground.archive import Archive
from ground.commanding import CommandError, Stage
from ground.limits import LimitError, State
from ground.restore import COUNTS_SKIPPED
from ground.settings import Settings
from ground.station import Ground

NS = 1_000_000_000
SWITCH = {"board": "beta", "on": True, "seconds": 30}


@pytest.fixture
def ground(dictionary):
    return Ground(dictionary)


@pytest.fixture
def changes(ground):
    """(text, stage, reason) of every change, in order."""
    seen: list[Any] = []
    ground.listeners.commands.append(
        lambda record: seen.append((record.label, record.stage.value, record.reason))
    )
    return seen


def archive_of(ground: Ground) -> Archive:
    assert ground.archive is not None
    return ground.archive


def stages(record):
    return [stage.value for stage, _ in record.stages]


# ---------------------------------------------------------------- telemetry


def test_newest_values_by_generation_time(ground, craft):
    packets = [craft.power(time * NS, volts=time) for time in (28, 30, 29)]
    ground.receive(craft.down(*packets), 100 * NS, "Kiruna")
    reading = ground.latest["power.status"]
    assert (reading.time_ns, reading.received_ns, reading.values.volts) == (30 * NS, 100 * NS, 30.0)
    assert list(ground.latest) == ["power.status"]
    assert "executive.status" not in ground.latest
    assert "no.such" not in ground.latest


def test_a_record_is_taken_once(ground, craft):
    seen: list[Any] = []
    ground.listeners.packets.append(seen.append)
    frames = craft.down(craft.power(NS), craft.power(2 * NS))
    ground.receive(frames, 5 * NS, "Kiruna")
    ground.receive(frames, 5 * NS, "Svalbard")  # two stations in sight
    assert [reading.time_ns for reading in seen] == [NS, 2 * NS]
    assert ground.link.packets == replace(ground.link.packets, packets=2, duplicates=2)


@pytest.mark.parametrize("piece", [1, 7, 226, 1000])
def test_pieces_of_any_size(ground, craft, piece):
    octets = craft.down(*(craft.power(time * NS) for time in range(40)))
    for at in range(0, len(octets), piece):
        ground.receive(octets[at : at + piece], 5 * NS, "Kiruna")
    assert ground.link.packets.packets == 40


def test_damaged_and_foreign_packets_are_counted(ground, craft, dictionary):
    good = craft.power(NS)
    damaged = bytearray(craft.power(2 * NS))
    damaged[-5] ^= 1
    craft.next.append(0)
    strange_store = craft.report(9, 2, b"", 3 * NS, store=3)
    ground.receive(craft.down(good, bytes(damaged), strange_store), 5 * NS)
    assert ground.link.packets.packets == 1
    assert ground.link.packets.bad_packets == 2


@pytest.mark.parametrize("body", [b"", b"\x00", b"\xff\xff", b"\x00\x01", b"\x00\x01" * 400])
@pytest.mark.parametrize(
    ("service", "subtype"), [(3, 25), (5, 1), (1, 1), (1, 99), (15, 130), (20, 2), (11, 13), (77, 7)]
)
def test_no_report_can_raise(ground, craft, service, subtype, body):
    ground.listeners.packets.append(lambda reading: None)
    ground.listeners.events.append(lambda event: None)
    ground.receive(craft.down(craft.report(service, subtype, body, NS)), 5 * NS)
    assert ground.link.packets.packets == 1


def test_events_are_told_with_their_text(ground, craft):
    seen: list[Any] = []
    ground.listeners.events.append(seen.append)
    ground.receive(craft.down(craft.event("power.changed", 7 * NS, 0, 0.5, 28.0)), 9 * NS)
    assert [(e.time_ns, e.label, e.severity, e.text) for e in seen] == [
        (7 * NS, "power.changed", 1, "board alpha to 50% of 28")
    ]


def test_parameters_as_reported(ground, craft):
    seen: list[Any] = []
    ground.listeners.parameters.append(seen.append)
    new = craft.report(20, 2, struct.pack(">HHf", 1, 1, 31.0), 9 * NS)
    old = craft.report(20, 2, struct.pack(">HHfHH", 2, 1, 29.0, 2, 4), 8 * NS)
    ground.receive(craft.down(new, old), 10 * NS)
    values = ground.latest.parameters
    assert {label: one.value for label, one in values.items()} == {"power.low": 31.0, "power.tries": 4}
    assert [one.value for one in seen] == [31.0, 29.0, 4]


def test_the_schedule_as_reported(ground, craft):
    def listed(*entries, time_ns):
        rows = b"".join(encode_cuc(at) + struct.pack(">I", request) for at, request in entries)
        return craft.report(11, 13, bytes([len(entries)]) + rows, time_ns)

    first, second = listed((9 * NS, 2), time_ns=5 * NS), listed((7 * NS, 1), time_ns=5 * NS)
    ground.receive(craft.down(first, second), 6 * NS)
    assert ground.latest.scheduled == ((7 * NS, 1), (9 * NS, 2)), "one list in two reports"
    ground.receive(craft.down(listed(time_ns=6 * NS), listed((1 * NS, 5), time_ns=4 * NS)), 7 * NS)
    assert ground.latest.scheduled == ()


def test_a_listener_that_raises_keeps_nothing_out_of_the_archive(tmp_path, dictionary, craft):
    ground = Ground(dictionary, Archive(tmp_path, dictionary))

    def broken(reading):
        raise RuntimeError

    ground.listeners.packets.append(broken)
    with pytest.raises(RuntimeError):
        ground.receive(craft.down(craft.power(NS), craft.power(2 * NS)), 5 * NS)
    assert len(archive_of(ground).query.packets("power.status")) == 2
    ground.close()


# ---------------------------------------------------------------- alarms and time


def test_alarms_reach_listeners_and_are_acknowledged(ground, craft):
    seen: list[Any] = []
    ground.listeners.alarms.append(seen.append)
    ground.receive(craft.down(*(craft.power(time * NS, charge=0.3) for time in range(3))), 5 * NS)
    assert [(row.label, row.field, row.state) for row in seen] == [("power.status", "charge", "red low")]
    ground.acknowledge("power.status", "charge", "anna", 6 * NS)
    assert seen[-1].who == "anna"
    assert [alarm.state for alarm in ground.limits.standing()] == [State.RED_LOW]
    with pytest.raises(LimitError):
        ground.acknowledge("power.status", "charge", "anna", 6 * NS)


def test_utc_from_live_packets_alone(ground, craft):
    ground.contact(True, 1000 * NS)
    old = [craft.power(time * NS) for time in range(5)]
    ground.receive(craft.down(*old, vc=1), 1001 * NS)
    assert ground.times.utc(NS) is None
    ground.receive(craft.down(craft.power(600 * NS)), 1002 * NS)
    found = ground.times.utc(600 * NS)
    assert abs(found.utc_ns - 1002 * NS) <= 2 * found.uncertainty_ns


# ---------------------------------------------------------------- the dictionary's hash


def test_another_dictionary_on_board(ground, craft, dictionary):
    assert ground.dictionary_matches is None
    ground.command("power.switch", SWITCH, 0)
    ground.receive(craft.down(craft.housekeeping("executive.status", NS, dictionary.hash ^ 1, 1)), 2 * NS)
    assert ground.dictionary_matches is False
    with pytest.raises(CommandError, match=f"flies dictionary {dictionary.hash ^ 1:08x}, this ground has"):
        ground.command("power.switch", SWITCH, 3 * NS)
    assert ground.command("power.switch", SWITCH, 3 * NS, force=True).stage is Stage.QUEUED
    ground.receive(craft.down(craft.housekeeping("executive.status", 4 * NS, dictionary.hash, 1)), 5 * NS)
    assert ground.dictionary_matches is True
    ground.command("power.switch", SWITCH, 6 * NS)


def test_no_gap_is_asked_for_with_another_dictionary(dictionary, craft):
    ground = Ground(dictionary)
    ground.contact(True, 0)
    craft.next[2] = 50
    ground.receive(craft.down(craft.housekeeping("executive.status", NS, 1, 1)), 2 * NS)
    assert all(ground.send(second * NS) == b"" for second in range(3, 100))


# ---------------------------------------------------------------- gaps


def ask(ground, craft, seconds):
    """What is asked for in that time: (second, store, first, last)."""
    return [
        (second, *struct.unpack(">BQQ", packet.data))
        for second in seconds
        for packet in craft.up(ground.send(second * NS))
        if (packet.service, packet.subtype) == (15, 129)
    ]


def test_a_gap_that_playback_has_passed_is_asked_for(ground, craft):
    ground.contact(True, 0)
    packets = [craft.power(time * NS) for time in range(20)]
    ground.receive(craft.down(*packets[:5], *packets[8:], vc=1), NS)
    assert ground.link.missing == 3
    found = ask(ground, craft, range(2, 30))
    assert found[0] == (10, 2, 5, 7), "at the second look"
    ground.receive(craft.down(*packets[5:8], vc=1), 31 * NS)
    assert ground.link.missing == 0
    assert ask(ground, craft, range(31, 120)) == []


def test_asked_again_until_it_ends(ground, craft):
    ground.contact(True, 0)
    craft.next[2] = 3
    ground.receive(craft.down(craft.power(NS)), NS)
    found = ask(ground, craft, range(2, 122))
    assert [row[1:] for row in found] == [(2, 0, 2)] * len(found)
    times = [row[0] for row in found]
    assert all(later - earlier >= 30 for earlier, later in pairwise(times))
    assert len(times) >= 3
    ground.receive(craft.down(craft.report(15, 130, struct.pack(">BQQ", 2, 0, 2), NS, store=0)), 123 * NS)
    assert ground.link.missing == 0
    assert ask(ground, craft, range(124, 300)) == []


def test_no_gap_request_while_a_command_waits_for_its_acceptance(ground, craft):
    ground.contact(True, 0)
    craft.next[2] = 3
    ground.receive(craft.down(craft.power(NS)), NS)
    record = ground.command("power.switch", SWITCH, NS, bypass=True)
    assert ask(ground, craft, range(2, 40)) == []
    ground.receive(craft.down(craft.verify(1, record.request_id)), 40 * NS)
    assert ask(ground, craft, range(40, 90))


def test_gap_requests_can_be_switched_off(dictionary, craft):
    ground = Ground(dictionary, settings=Settings(recover_gaps=False))
    ground.contact(True, 0)
    craft.next[2] = 3
    ground.receive(craft.down(craft.power(NS)), NS)
    assert ask(ground, craft, range(2, 100)) == []


def test_gap_requests_end_with_the_contact(ground, craft):
    ground.contact(True, 0)
    craft.next[2] = 3
    ground.receive(craft.down(craft.power(NS)), NS)
    ground.command("power.switch", SWITCH, NS)
    ask(ground, craft, range(2, 40))
    waiting = list(ground.uplink.background)
    assert waiting
    ground.contact(False, 40 * NS)
    assert {record.stage for record in waiting} == {Stage.NO_ANSWER}


# ---------------------------------------------------------------- over a restart


def test_a_new_ground_goes_on_where_the_old_one_ended(tmp_path, dictionary, craft):
    ground = Ground(dictionary, Archive(tmp_path, dictionary))
    ground.contact(True, 0)
    done = ground.command("power.switch", SWITCH, 0, bypass=True)
    ground.send(0)
    ground.receive(craft.down(craft.verify(1, done.request_id), craft.verify(7, done.request_id)), 2 * NS)
    sent = ground.command("power.switch", SWITCH, 3 * NS, bypass=True)
    craft.up(ground.send(3 * NS))
    queued = ground.command("power.switch", SWITCH, 4 * NS)
    ground.receive(craft.down(*(craft.power(time * NS, charge=0.1) for time in range(4))), 5 * NS)
    ground.close()

    again = Ground(dictionary, Archive(tmp_path, dictionary, 10 * NS), 10 * NS)
    assert again.latest["power.status"].time_ns == 3 * NS
    assert [alarm.field for alarm in again.limits.standing()] == ["charge"]
    history = archive_of(again).query.commands()
    assert [record.stage for record in history] == [Stage.COMPLETED, Stage.SENT, Stage.NO_ANSWER]
    assert history[0].stages == done.stages
    again.contact(True, 11 * NS)
    assert all(again.send(second * NS) == b"" for second in range(11, 60)), "nothing is repeated or sent late"
    new = again.command("power.switch", SWITCH, 60 * NS)
    assert new.number == queued.number + 1
    assert new.request_id == queued.request_id + 1
    again.receive(craft.down(craft.verify(7, sent.request_id)), 70 * NS)
    assert archive_of(again).query.commands()[1].stage is Stage.COMPLETED
    again.on_deadline(1000 * NS)
    assert not again.uplink.open
    again.close()


def test_what_an_earlier_ground_sent_ends_by_its_deadline(tmp_path, dictionary):
    ground = Ground(dictionary, Archive(tmp_path, dictionary))
    ground.contact(True, 0)
    record = ground.command("power.switch", SWITCH, 0, bypass=True)
    ground.send(0)
    ground.close()
    again = Ground(dictionary, Archive(tmp_path, dictionary, 10 * NS), 10 * NS)
    again.on_deadline(record.deadline_ns - 1)
    assert archive_of(again).query.commands()[0].stage is Stage.SENT
    again.on_deadline(record.deadline_ns)
    assert archive_of(again).query.commands()[0].stage is Stage.NO_ANSWER
    again.close()


def test_after_a_crash_counts_skip_what_may_be_unknown(tmp_path, dictionary):
    ground = Ground(dictionary, Archive(tmp_path, dictionary))
    old = ground.command("power.switch", SWITCH, 0, bypass=True)
    archive_of(ground)._release()  # as if the process had gone
    again = Ground(dictionary, Archive(tmp_path, dictionary))
    assert again.command("power.switch", SWITCH, NS).request_id == old.request_id + 1 + COUNTS_SKIPPED
    again.close()
