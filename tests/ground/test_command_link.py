"""COP-1 below the commands: what the AD service does not confirm goes again, what it confirms is not sent twice."""

from __future__ import annotations

import pytest

from flight.wire import Clcw, encode_clcw
from ground.commanding import Stage
from ground.station import Ground
from tests.ground.conftest import service_up

NS = 1_000_000_000
SWITCH = {"board": "beta", "on": True, "seconds": 30}


@pytest.fixture
def ground(dictionary):
    return Ground(dictionary)


def fly(ground, craft, first_s, last_s, *, hears=True, heard=True):
    """Seconds of contact; the packets that reached the spacecraft."""
    got = []
    for second in range(first_s, last_s):
        if heard:
            ground.receive(craft.down(craft.power(0)), second * NS)
        octets = ground.send(second * NS)
        if hears:
            got += craft.up(octets)
        ground.on_deadline(second * NS)
    return [packet.request_id for packet in got]


def test_the_service_comes_up_and_the_first_command_is_a_probe(ground, craft):
    ground.contact(True, 0)
    records = [ground.command("power.switch", SWITCH, 0) for _ in range(2)]
    assert fly(ground, craft, 0, 10) == [records[0].request_id]
    assert craft.chain.counters.expedited == 1
    assert ground.link.service == "active"
    ground.receive(craft.down(craft.verify(1, records[0].request_id)), 10 * NS)
    assert fly(ground, craft, 10, 13) == [records[1].request_id]
    assert (craft.chain.counters.sequenced, ground.link.command_frames.confirmed) == (1, 1)


def test_nothing_goes_before_the_spacecraft_is_heard_but_what_bypasses(ground, craft):
    ground.contact(True, 0)
    waits = ground.command("power.switch", SWITCH, 0)
    goes = ground.command("power.switch", SWITCH, 0, bypass=True)
    assert fly(ground, craft, 0, 60, heard=False) == [goes.request_id] * 4
    assert waits.stage is Stage.QUEUED
    assert ground.link.service == "down"


def test_a_frame_that_is_lost_is_repeated_by_cop_1_alone(ground, craft):
    service_up(ground, craft)
    record = ground.command("power.switch", SWITCH, 0)
    assert fly(ground, craft, 0, 5, hears=False) == []
    assert fly(ground, craft, 5, 20) == [record.request_id]
    assert record.transmissions == 1
    assert ground.link.command_frames.frames == 2


def test_a_service_that_ends_leaves_the_command_to_the_next_one(ground, craft):
    """As a BD frame: whatever of the old service is still under way is a replay behind it."""
    service_up(ground, craft)
    first, second = (ground.command("power.switch", SWITCH, 0) for _ in range(2))
    fly(ground, craft, 0, 48, hears=False)
    assert ground.link.command_frames.alerts["t1"] == 1
    assert fly(ground, craft, 48, 57) == [first.request_id]
    assert (craft.chain.counters.expedited, craft.chain.counters.sequenced) == (1, 0)
    ground.receive(craft.down(craft.verify(1, first.request_id)), 57 * NS)
    assert fly(ground, craft, 57, 60) == [second.request_id]
    assert craft.chain.counters.sequenced == 1


def test_an_answer_that_is_late_is_asked_for_again(ground, craft):
    service_up(ground, craft)
    record = ground.command("power.switch", SWITCH, 0)
    assert fly(ground, craft, 0, 70) == [record.request_id] * 4
    assert record.transmissions == 4
    assert fly(ground, craft, 70, 149) == []
    assert fly(ground, craft, 149, 151) == []
    assert record.stage is Stage.NO_ANSWER


def test_a_contact_that_ends_leaves_it_to_the_next_contact(ground, craft):
    service_up(ground, craft)
    record = ground.command("power.switch", SWITCH, 0)
    fly(ground, craft, 0, 2, hears=False)
    ground.contact(False, 2 * NS)
    assert record.stage is Stage.SENT
    ground.contact(True, 60 * NS)
    assert fly(ground, craft, 60, 70) == [record.request_id]
    assert record.transmissions == 2


def test_words_of_others_and_of_damaged_frames_say_nothing(ground, craft):
    ground.contact(True, 0)
    craft.chain.clcw = lambda: encode_clcw(Clcw(5))
    fly(ground, craft, 0, 20)
    assert ground.link.service == "down"
    assert ground.line.fop.foreign_words > 10


def test_no_more_of_the_line_is_queued_than_a_second(dictionary, craft):
    from ground.settings import Settings

    ground = Ground(dictionary, settings=Settings(up_bit_s=800.0))
    ground.contact(True, 0)
    for _ in range(16):
        ground.uplink.submit_background(
            ground.uplink.new_record(ground.build_packet(3, 17, 1, b""), "test", "test", "x", 9 * NS), 0
        )
    sent = [len(ground.send(second * NS)) for second in range(8)]
    assert sum(sent[:1]) <= 300
    assert all(octets <= 200 for octets in sent[1:])
    assert sum(sent) > 500
