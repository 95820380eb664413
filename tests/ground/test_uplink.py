"""Commands on their way: queued, sent, repeated, answered, ended."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from ground.archive import Archive
from ground.commanding import CommandError, Stage
from ground.station import Ground
from ground.uplink import HEARD_MAX, QUEUE_MAX, QUEUED_LONGEST_NS, REPEAT_AFTER_NS, REPEAT_WINDOW, REPEATS_MAX
from tests.ground.conftest import service_up

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


def test_nothing_leaves_outside_of_contact(ground, craft):
    record = ground.command("power.switch", SWITCH, NS, bypass=True)
    assert ground.send(2 * NS) == b""
    ground.contact(True, 3 * NS)
    (packet,) = craft.up(ground.send(3 * NS))
    assert (packet.service, packet.subtype, packet.apid) == (8, 1, 2)
    assert packet.data == struct.pack(">HB?H", 5, 1, True, 30)
    assert packet.request_id == record.request_id
    ground.contact(False, 4 * NS)
    ground.command("power.switch", SWITCH, 5 * NS)
    assert ground.send(6 * NS) == b""


def test_every_stage_with_its_time(ground, craft, changes):
    service_up(ground, craft)
    record = ground.command("power.switch", SWITCH, 1 * NS)
    ground.send(2 * NS)
    for at, subtype in [(3, 1), (4, 3), (5, 7)]:
        ground.receive(craft.down(craft.verify(subtype, record.request_id)), at * NS)
    expected = ["queued", "sent", "accepted", "started", "completed"]
    assert stages(record) == expected
    assert [time for _, time in record.stages] == [1 * NS, 2 * NS, 3 * NS, 4 * NS, 5 * NS]
    assert [stage for _, stage, _ in changes] == expected
    assert record.ended
    assert not ground.uplink.open


def test_a_batch_tells_each_stage_as_it_was(ground, craft, changes):
    service_up(ground, craft)
    record = ground.command("power.switch", SWITCH, 1 * NS)
    ground.send(2 * NS)
    ground.receive(craft.down(*(craft.verify(subtype, record.request_id) for subtype in (1, 3, 7))), 3 * NS)
    assert [stage for _, stage, _ in changes][2:] == ["accepted", "started", "completed"]


@pytest.mark.parametrize(("subtype", "stage"), [(2, "refused"), (4, "failed"), (6, "failed"), (8, "failed")])
def test_bad_news_with_its_reason(ground, craft, subtype, stage):
    service_up(ground, craft)
    record = ground.command("power.switch", SWITCH, 1 * NS)
    ground.send(2 * NS)
    ground.receive(craft.down(craft.verify(subtype, record.request_id, 7, "SAFE mode")), 3 * NS)
    assert (record.stage.value, record.reason) == (stage, "wrong mode: SAFE mode")


def test_one_on_the_way_until_it_is_accepted(ground, craft):
    """So that a repeat can never overtake a later command."""
    service_up(ground, craft)
    records = [ground.command("power.switch", SWITCH, 0) for _ in range(3)]
    assert [p.request_id for p in craft.up(ground.send(NS))] == [records[0].request_id]
    assert ground.send(2 * NS) == b""
    ground.receive(craft.down(craft.verify(1, records[0].request_id)), 3 * NS)
    assert [p.request_id for p in craft.up(ground.send(3 * NS))] == [records[1].request_id]
    ground.receive(craft.down(craft.verify(2, records[1].request_id, 1)), 4 * NS)
    assert [p.request_id for p in craft.up(ground.send(4 * NS))] == [records[2].request_id]


def test_unheard_is_repeated_octet_for_octet_and_a_bounded_number_of_times(ground, craft):
    service_up(ground, craft)
    record = ground.command("power.switch", SWITCH, 0, bypass=True)
    sent = [(second, octets) for second in range(140) if (octets := ground.send(second * NS))]
    times = [second for second, _ in sent]
    assert times == [index * REPEAT_AFTER_NS // NS for index in range(REPEATS_MAX + 1)]
    assert len({octets for _, octets in sent}) == 1
    assert record.transmissions == REPEATS_MAX + 1
    assert ground.link.uplink.repeats == REPEATS_MAX
    later = ground.command("power.switch", SWITCH, 140 * NS, bypass=True)
    assert [p.request_id for p in craft.up(ground.send(140 * NS))] == [later.request_id], (
        "the next one may go"
    )


def test_no_repeat_outside_of_contact_nor_after_its_deadline(ground, craft):
    service_up(ground, craft)
    record = ground.command("power.switch", SWITCH, 0)
    ground.send(0)
    ground.contact(False, 5 * NS)
    assert all(ground.send(second * NS) == b"" for second in range(5, 20))
    ground.on_deadline(150 * NS)
    assert (record.stage, record.reason) == (Stage.NO_ANSWER, "sent, then nothing")
    ground.contact(True, 5400 * NS)
    assert all(ground.send(second * NS) == b"" for second in range(5400, 5500))


def test_no_repeat_after_as_many_others_as_the_spacecraft_remembers(ground, craft):
    service_up(ground, craft)
    ground.command("power.switch", SWITCH, 0, bypass=True)
    ground.send(0)
    ground.uplink.counters.packets += REPEAT_WINDOW
    assert ground.send(10 * NS), "as many others: the spacecraft still remembers one more"
    ground.uplink.counters.packets += 1
    assert ground.send(20 * NS) == b""


@pytest.mark.parametrize("reports", [(), (1,), (1, 3), (3,)])
def test_no_command_is_left_hanging(ground, craft, reports):
    service_up(ground, craft)
    record = ground.command("power.switch", SWITCH, 0, answer_within_s=20)
    ground.send(0)
    for at, subtype in enumerate(reports, 5):
        ground.receive(craft.down(craft.verify(subtype, record.request_id)), at * NS)
    last = 4 + len(reports) if reports else 0
    ground.on_deadline((last + 20) * NS - 1)
    assert not record.ended
    ground.on_deadline((last + 20) * NS)
    assert record.stage is Stage.NO_ANSWER
    assert not ground.uplink.open


def test_released_long_before_its_time_it_waits_no_longer_than_any_other(ground, craft):
    """The spacecraft's clock was moved, or somebody else shifted it."""
    uplink = ground.uplink
    ground.contact(True, NS)
    packet = uplink.packet(2, 17, 1, b"")
    record = uplink.new_record(packet, "commands.nothing", "commands.nothing", "anna", 150 * NS)
    uplink.follow_scheduled(record, 43_200 * NS, NS)
    for subtype in (1, 3):
        ground.receive(craft.down(craft.verify(subtype, record.request_id)), 300 * NS)
    ground.on_deadline(449 * NS)
    assert record.stage is Stage.STARTED
    ground.on_deadline(450 * NS)
    assert (record.stage, record.reason) == (Stage.NO_ANSWER, "started, then nothing")


def test_better_late_than_never(ground, craft):
    service_up(ground, craft)
    record = ground.command("power.switch", SWITCH, 0)
    ground.send(0)
    ground.on_deadline(200 * NS)
    ground.receive(craft.down(craft.verify(1, record.request_id)), 5000 * NS)
    assert record.stage is Stage.ACCEPTED
    ground.on_deadline(5200 * NS)
    assert stages(record)[-2:] == ["accepted", "no answer"], "and it does not hang a second time"
    ground.receive(craft.down(craft.verify(7, record.request_id)), 9000 * NS)
    assert (record.stage, record.reason) == (Stage.COMPLETED, "")


def test_a_queued_command_ends_too(ground):
    record = ground.command("power.switch", SWITCH, 0)
    ground.on_deadline(QUEUED_LONGEST_NS - 1)
    assert record.stage is Stage.QUEUED
    ground.on_deadline(QUEUED_LONGEST_NS)
    assert (record.stage, record.reason) == (Stage.NO_ANSWER, "never sent: no contact in time")
    ground.contact(True, QUEUED_LONGEST_NS)
    assert ground.send(QUEUED_LONGEST_NS) == b""


def test_the_queue_is_bounded(ground):
    for _ in range(QUEUE_MAX):
        ground.command("power.switch", SWITCH, 0)
    spent = dict(ground.uplink.sequences)
    with pytest.raises(CommandError, match="wait for contact already"):
        ground.command("power.switch", SWITCH, 0)
    assert ground.uplink.sequences == spent


def test_nothing_is_sent_or_spent_for_a_refused_command(ground, changes):
    for label, arguments in [
        ("power.swich", {}),
        ("power.switch", {**SWITCH, "seconds": 0}),
        ("power.switch", {}),
    ]:
        with pytest.raises(CommandError):
            ground.command(label, arguments, 0)
    with pytest.raises(CommandError, match="no such module"):
        ground.request(17, 1, b"", 0, module="nobody")
    with pytest.raises(CommandError, match="octets"):
        ground.request(17, 1, bytes(1004), 0)
    assert not ground.uplink.queue
    assert not ground.uplink.sequences
    assert not changes


def test_the_longest_telecommand_fits(ground, craft):
    service_up(ground, craft)
    ground.request(17, 1, bytes(1003), 0)
    assert len(craft.up(ground.send(0))[0].data) == 1003


def test_what_is_remembered_is_bounded(ground, craft):
    """The newest stay: a late report still finds its command, also where a request id comes again."""
    first = again = record = ground.command("commands.nothing", {}, 0)
    service_up(ground, craft)
    ground.send(0)
    for number in range(2000):
        now_ns = number * 1000 * NS
        ground.on_deadline(now_ns)
        record = ground.command("power.switch", SWITCH, now_ns)
        ground.send(now_ns)
        if number == 1200:
            ground.uplink.sequences[3] = first.request_id & 0x3FFF
            again = ground.command("commands.nothing", {}, now_ns)
        assert len(ground.uplink.by_request) <= HEARD_MAX + QUEUE_MAX
    assert again.request_id == first.request_id
    assert ground.uplink.by_request[again.request_id] is again
    assert ground.uplink.by_request[record.request_id] is record


def test_reports_of_strangers_are_counted(ground, craft):
    ground.receive(craft.down(craft.verify(1, 12345)), NS)
    assert ground.link.uplink.strange_reports == 1


def test_sequence_counts_of_each_apid_wrap(ground, craft):
    ground.uplink.sequences[2] = 16383
    first, second = (ground.command("power.switch", SWITCH, 0) for _ in range(2))
    other = ground.command("commands.nothing", {}, 0)
    assert [record.request_id & 0x3FFF for record in (first, second, other)] == [16383, 0, 0]
