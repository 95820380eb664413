"""The ground and the real flight code together, in virtual time, over a line that loses frames."""

from __future__ import annotations

import pytest

from ground.archive import Archive, rebuild
from ground.commanding import CommandError, Stage
from ground.request_data import Step
from ground.station import Ground

NS = 1_000_000_000


@pytest.fixture
def flown(make_flown):
    made = make_flown()
    made.fly(20)
    made.contact(True)
    made.fly(5)
    return made


def stages(record):
    return [stage.value for stage, _ in record.stages]


ALL = ["queued", "sent", "accepted", "started", "completed"]


def test_a_command_from_beginning_to_end(flown):
    record = flown.ground.command("toy.push", {"times": "3"}, flown.now)
    flown.fly(10)
    assert stages(record) == ALL
    assert flown.toy().status.pushed == 3
    assert flown.ground.latest["toy.status"].values.pushed == 3
    assert flown.ground.dictionary_matches is True
    assert flown.ground.link.missing == 0


def test_standard_requests(flown):
    ask, now = flown.ground.requests, flown.now
    labels = ["toy.status"]
    records = [
        ask.ping(now),
        ask.get_parameters([], now),
        ask.set_parameters({"toy.low": "2.5"}, now),
        ask.get_parameters(["toy.low"], now),
        ask.housekeeping_once(["schedule.status"], now),
        ask.enable_housekeeping(labels, False, now),
        ask.enable_events(["toy.pushed"], False, now),
        flown.ground.command("toy.push", {"times": 1}, now),
        ask.enable_events(["toy.pushed"], True, now),
        flown.ground.command("toy.push", {"times": 2}, now),
        ask.retrieve("housekeeping", 0, 5, now),
        ask.list_scheduled(now),
    ]
    seen = []
    flown.ground.listeners.events.append(
        lambda event: seen.append(event.text) if event.label == "toy.pushed" else None
    )
    flown.fly(60)
    assert [record.stage for record in records] == [Stage.COMPLETED] * len(records)
    assert seen == ["pushed 2 times"]
    assert flown.ground.latest.parameters["toy.low"].value == 2.5
    assert len(flown.ground.latest.parameters) == len(flown.dictionary.parameters)
    assert flown.ground.latest.scheduled == ()
    assert flown.ground.latest["toy.status"].time_ns < now + 20 * NS, "it was switched off"


@pytest.mark.parametrize(
    "bad",
    [
        lambda ask, now: ask.get_parameters(["toy.lo"], now),
        lambda ask, now: ask.set_parameters({"toy.low": 11}, now),
        lambda ask, now: ask.set_parameters({"toy.high": 1}, now),
        lambda ask, now: ask.set_parameters({}, now),
        lambda ask, now: ask.housekeeping_once(["toy.stat"], now),
        lambda ask, now: ask.enable_events(["toy.push"], True, now),
        lambda ask, now: ask.retrieve("housekeepin", 0, 1, now),
        lambda ask, now: ask.retrieve(3, 0, 1, now),
        lambda ask, now: ask.retrieve(2, 5, 1, now),
        lambda ask, now: ask.arm("toy.push", now),
        lambda ask, now: ask.arm("toy.shoot", now),
        lambda ask, now: ask.delete_scheduled([], now),
        lambda ask, now: ask.schedule("toy.push", {}, 10**12, now),
        lambda ask, now: ask.upload_sequence(1, [], now),
        lambda ask, now: ask.upload_sequence(1, [Step(0, "toy.push")], now),
        lambda ask, now: ask.upload_sequence(1, [Step(0, "toy.swallow", {"part": bytes(800)})] * 9, now),
    ],
)
def test_bad_requests_send_nothing(flown, bad):
    with pytest.raises(CommandError) as caught:
        bad(flown.ground.requests, flown.now)
    assert "\n" not in str(caught.value)
    assert not flown.ground.uplink.queue
    assert not flown.ground.uplink.open


def test_arm_then_execute(flown):
    alone = flown.ground.command("toy.fire", {}, flown.now)
    flown.fly(5)
    assert (alone.stage, alone.reason) == (Stage.REFUSED, "not armed: toy.fire is hazardous: arm it first")
    armed = flown.ground.requests.arm("toy.fire", flown.now)
    fired = flown.ground.command("toy.fire", {}, flown.now)
    flown.fly(10)
    assert (armed.stage, fired.stage) == (Stage.COMPLETED, Stage.COMPLETED)
    assert flown.toy().status.pushed == 1000


def test_time_tagged(flown):
    ask = flown.ground.requests
    insert, rider = ask.schedule("toy.push", {"times": 4}, flown.now + 60 * NS, flown.now)
    refused, unborn = ask.schedule("toy.push", {"times": 5}, flown.now + NS, flown.now)
    deleted, gone = ask.schedule("toy.push", {"times": 6}, flown.now + 90 * NS, flown.now)
    flown.fly(15)
    assert (insert.stage, rider.stage) == (Stage.COMPLETED, Stage.SCHEDULED)
    assert (refused.stage, unborn.stage) == (Stage.FAILED, Stage.FAILED)
    assert unborn.reason == "not taken into the schedule"
    ask.list_scheduled(flown.now)
    flown.fly(5)
    requests = [entry.request_id for entry in flown.ground.latest.scheduled]
    assert requests == [rider.request_id, gone.request_id]
    delete = ask.delete_scheduled([gone.request_id], flown.now)
    vain = ask.delete_scheduled([gone.request_id, rider.request_id], flown.now)
    flown.fly(8)
    assert (vain.stage, rider.stage) == (Stage.FAILED, Stage.SCHEDULED)
    flown.fly(100)
    assert (deleted.stage, delete.stage) == (Stage.COMPLETED, Stage.COMPLETED)
    assert (gone.stage, gone.reason) == (Stage.FAILED, "deleted from the schedule")
    assert stages(rider) == ["scheduled", "accepted", "started", "completed"]
    assert flown.toy().status.pushed == 4


def test_a_stored_sequence(flown):
    part = {"part": bytes(100)}
    steps = [
        Step(NS, "toy.push", {"times": 1}),
        *[Step(0, "toy.swallow", part)] * 9,
        Step(NS // 2, "toy.push", {"times": 2}),
    ]
    records = flown.ground.requests.upload_sequence(3, steps, flown.now)
    start = flown.ground.command("sequences.start_sequence", {"slot": 3}, flown.now)
    assert len(records) > 2
    flown.fly(30)
    assert {record.stage for record in [*records, start]} == {Stage.COMPLETED}
    assert flown.toy().status.pushed == 3
    assert flown.ground.link.uplink.strange_reports == 0


def test_a_day_of_passes_over_a_bad_line_ends_with_no_gap(make_flown, tmp_path):
    """A tenth of all frames is lost in both directions; everything recorded comes, no command runs twice."""
    archives = []

    def make(dictionary):
        archives.append(Archive(tmp_path / "archive", dictionary))
        return Ground(dictionary, archives[0])

    flown = make_flown(make, seed=3, loss=0.1)
    records = []
    for number in range(4):
        flown.fly(300)
        records.append(flown.ground.command("toy.push", {"times": 1}, flown.now))
        if number == 2:
            flown.reboot(5)
        flown.contact(True)
        for _ in range(5):
            records.append(flown.ground.command("toy.push", {"times": 1}, flown.now))
            flown.fly(20)
        flown.fly(60 if number < 3 else 300)
        flown.contact(False)
    ground = flown.ground
    assert ground.link.uplink.repeats > 0
    assert {record.stage for record in records} == {Stage.COMPLETED}
    assert ground.latest["toy.status"].values.pushed == sum(1 for r in records if r.first_sent_ns > 925 * NS)
    assert ground.link.missing <= 6, "only what was lost in the last half minute: two records a second"
    flown.radio.down.spoiling.loss = flown.radio.up.spoiling.loss = 0.0
    flown.contact(True)
    flown.fly(90)
    assert ground.link.missing == 0
    assert [ground.archive.query.gaps(store) for store in range(3)] == [[], [], []]
    ground.close()
    again = rebuild(tmp_path / "archive", flown.dictionary)
    assert again.query.counts()["toy.status"] > 1500
    again.close()


def test_lost_on_the_way_up_and_on_the_way_down(make_flown):
    flown = make_flown()
    flown.fly(5)
    flown.contact(True)
    flown.fly(10)
    flown.radio.up.spoiling.loss = 1.0
    lost = flown.ground.command("toy.push", {"times": 1}, flown.now)
    flown.fly(5)
    flown.radio.up.spoiling.loss = 0.0
    flown.fly(20)
    assert (lost.stage, lost.transmissions) == (Stage.COMPLETED, 2)
    flown.radio.down.spoiling.loss = 1.0
    unheard = flown.ground.command("toy.push", {"times": 1}, flown.now)
    flown.fly(25)
    flown.radio.down.spoiling.loss = 0.0
    flown.fly(60)
    assert unheard.transmissions >= 2
    assert unheard.stage is Stage.COMPLETED, "its reports came when their gap was asked for"
    assert flown.toy().status.pushed == 2, "no command runs twice"


def test_mission_time_to_utc_over_a_reboot(make_flown):
    flown = make_flown()
    flown.contact(True)
    flown.fly(100)
    flown.reboot(30)
    flown.fly(100)
    assert flown.ground.times.boots
    booted = flown.ground.times.boots[-1]
    assert booted > 0
    jump = flown.computer.offset
    for mission_ns, true_ns in [(50 * NS, 50 * NS), (booted + 50 * NS, booted + 50 * NS - jump)]:
        found = flown.ground.times.utc(mission_ns)
        assert abs(found.utc_ns - true_ns) <= found.uncertainty_ns
