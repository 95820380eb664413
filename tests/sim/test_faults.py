"""Every kind of fault does what it says, and is over when it ends."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from flight.app import build, load_mission
from flight.judge import EXECUTIVE_DIED, EXECUTIVE_SILENT
from flight.kernel.supervisor import State
from ground import Ground
from sim.fault_kinds import KINDS
from sim.faults import BEGIN, Injector
from sim.guardian import BITES_AFTER_S, WATCHDOG
from sim.line_faults import Lines
from sim.link import ECHO_FRAMES, START_SEQUENCE, Radio
from sim.scenario import Fault, load_scenario
from sim.simulation import DARK_S, NS, Simulation

REFERENCE = load_scenario("reference")
BUILT = build(load_mission("pathfinder"))
IN_PASS, IN_SUNLIGHT = 820, 3000  # seconds after the epoch
SENSOR, EVERY = "side_panel_temperature", 10  # nothing hangs on it: the world goes on as without the fault
RESET = 6  # the reason that a bench or a supply gives, as flight.modules.health names it
FROM, UNTIL = 20, 40  # the fault of each test


@pytest.fixture(autouse=True, scope="module")
def short_chunks():
    """An hour's surroundings ahead cost more than the minute that is flown here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sim.world.CHUNK_S", 300)
        yield


def fly(*faults: Fault, start_s: int = 0, until_s: int = FROM) -> Simulation:
    """With the first second of a fault done when it stands still."""
    scenario = replace(REFERENCE, epoch=REFERENCE.epoch + timedelta(seconds=start_s), faults=(), commands=())
    simulation = Simulation(scenario, BUILT.mission, Ground(BUILT.dictionary), 1, inject=Injector(faults, 1))
    simulation.run(until_s + 1)
    return simulation


def fault(target: str, kind: str, name: str = "", value: float | None = None, last: int = UNTIL) -> Fault:
    return Fault(FROM, last - FROM, target, name, kind, value)


def level(simulation: Simulation, name: str) -> int:
    return simulation.switches.levels()[simulation.switches.names.index(name)]


def switch(simulation: Simulation, name: str, wanted: int) -> int:
    """Command it as flight does; what it then is."""
    simulation.switches.set(simulation.switches.names.index(name), wanted)
    return level(simulation, name)


def slot(simulation: Simulation, name: str):
    kernel = simulation.computer.kernel
    assert kernel is not None
    return next(one for one in kernel.slots if one.name == name)


# ---------------------------------------------------------------- sensors


def readings(*faults: Fault) -> tuple[list[float], list[float]]:
    """What the sensor said in each second of 60, and what flight believed."""
    simulation = fly(*faults, until_s=0)
    place = simulation.sensors.names[EVERY].index(SENSOR)
    raw, believed = [], []
    for _ in range(60):
        simulation.second()
        raw.append(simulation.sensors.read(EVERY)[place])
        kernel = simulation.computer.kernel
        assert kernel is not None
        believed.append(float(vars(kernel.bus)[SENSOR]))
    return raw, believed


@pytest.fixture(scope="module")
def true_readings() -> list[float]:
    return readings()[0]


def sensor(kind: str, value: float | None = None) -> tuple[list[float], list[float]]:
    return readings(fault("sensor", kind, SENSOR, value))


WHILE, AFTER = slice(FROM - 1, UNTIL - 1), slice(UNTIL - 1, None)


@pytest.mark.parametrize("at", [33.0, None])
def test_a_stuck_sensor_says_one_value(true_readings, at) -> None:
    raw, _ = sensor("stuck", at)
    assert set(raw[WHILE]) == {true_readings[FROM - 1] if at is None else at}
    assert len(set(true_readings[WHILE])) > 1
    assert raw[AFTER] == true_readings[AFTER]


def test_an_offset_is_added(true_readings) -> None:
    raw, believed = sensor("offset", 7.0)
    assert raw[WHILE] == [value + 7.0 for value in true_readings[WHILE]]
    assert believed[WHILE] == raw[WHILE]
    assert raw[AFTER] == true_readings[AFTER]


def test_noise_has_its_deviation(true_readings) -> None:
    raw, _ = sensor("noise", 4.0)
    errors = [said - true for said, true in zip(raw[WHILE], true_readings[WHILE], strict=True)]
    assert 2.0 < statistics.pstdev(errors) < 7.0
    assert raw[AFTER] == true_readings[AFTER]


def test_a_missing_sensor_is_not_a_number_and_soon_not_believed(true_readings) -> None:
    raw, believed = sensor("missing")
    assert all(map(math.isnan, raw[WHILE]))
    assert all(map(math.isnan, believed[FROM + 3 : UNTIL - 1]))
    assert believed[AFTER] == true_readings[AFTER]


def test_a_late_sensor_says_what_was(true_readings) -> None:
    raw, _ = sensor("late", 5.0)
    assert all(map(math.isnan, raw[FROM - 1 : FROM + 4]))
    assert raw[FROM + 4 : UNTIL - 1] == true_readings[FROM - 1 : UNTIL - 6]
    assert raw[AFTER] == true_readings[AFTER]


def test_garbage_is_anything(true_readings) -> None:
    raw, believed = sensor("garbage")
    assert any(math.isnan(value) for value in raw[WHILE])
    assert any(math.isinf(value) or abs(value) > 1e6 for value in raw[WHILE])
    assert all(math.isnan(value) or abs(value) < 1e6 for value in believed)
    assert raw[AFTER] == true_readings[AFTER]


# ---------------------------------------------------------------- power and heat


def test_a_stuck_rail_does_not_obey() -> None:
    simulation = fly(fault("rail", "stuck", "storage"))
    before = level(simulation, "storage")
    assert switch(simulation, "storage", 1 - before) == before
    simulation.run(UNTIL + 1)
    assert switch(simulation, "storage", 1 - before) == 1 - before


def test_a_rail_that_is_off_stays_off() -> None:
    assert level(fly(), "attitude") == 1
    simulation = fly(fault("rail", "off", "attitude"))
    assert switch(simulation, "attitude", 1) == 0
    simulation.run(UNTIL + 1)
    assert switch(simulation, "attitude", 1) == 1


def test_a_latch_up_draws_until_its_rail_is_cycled_or_it_ends() -> None:
    normal = fly(until_s=FROM + 1).world.plant.power.load_w
    simulation = fly(fault("rail", "latch_up", "attitude", 30.0), until_s=FROM + 1)
    assert simulation.world.plant.power.load_w > normal + 25.0
    switch(simulation, "attitude", 0)
    simulation.second()
    switch(simulation, "attitude", 1)
    simulation.second()
    assert simulation.world.plant.power.load_w == pytest.approx(normal, abs=2.0)

    simulation = fly(fault("rail", "latch_up", "attitude", 30.0), until_s=UNTIL + 1)
    assert simulation.world.plant.power.load_w == pytest.approx(normal, abs=2.0)


@pytest.mark.parametrize(
    ("kind", "value", "on_s"), [("stuck_on", None, 100), ("stuck_off", None, 0), ("duty", 0.3, 30)]
)
def test_a_heater_has_a_will_of_its_own(kind, value, on_s) -> None:
    simulation = fly(fault("heater", kind, "radio_heater", value, last=FROM + 200), until_s=FROM - 2)
    on = 0
    simulation.second()
    for _ in range(100):
        simulation.second()
        switch(simulation, "radio_heater", int(kind != "stuck_on"))
        on += level(simulation, "radio_heater")
    assert on == on_s
    simulation.run(FROM + 201)
    assert switch(simulation, "radio_heater", 1) == 1
    assert switch(simulation, "radio_heater", 0) == 0


def test_an_array_loses_its_share() -> None:
    whole = fly(start_s=IN_SUNLIGHT).world.plant.power.array_w
    simulation = fly(fault("array", "loss", value=0.5), start_s=IN_SUNLIGHT)
    assert whole > 50.0
    assert simulation.world.plant.power.array_w == pytest.approx(whole / 2, rel=0.1)
    simulation.run(UNTIL + 1)
    assert simulation.world.array_share == 1.0


def test_a_battery_loses_its_share_for_ever() -> None:
    whole = fly().world.plant.power.battery.capacity_c
    simulation = fly(fault("battery", "loss", value=0.25), until_s=UNTIL + 1)
    assert simulation.world.plant.power.battery.capacity_c == pytest.approx(0.75 * whole)


# ---------------------------------------------------------------- links

CHUNKS = [bytes([number]) * 40 for number in range(200)]
BITS = 8 * 40


def radio() -> tuple[Radio, Simulation]:
    made = Radio(9600.0, 9600.0, random.Random(1), random.Random(2))
    return made, SimpleNamespace(radio=made)  # type: ignore[return-value]  # all that a line's fault touches


def lost(sent: list[bytes], came: list[bytes]) -> bool:
    return 60 < len(came) < 140 and all(chunk in sent for chunk in came)


def corrupt(sent: list[bytes], came: list[bytes]) -> bool:
    differ = [
        sum((a ^ b).bit_count() for a, b in zip(one, two, strict=True))
        for one, two in zip(sent, came, strict=True)
    ]
    return set(differ) == {0, 1} and 60 < sum(differ) < 140


def duplicate(sent: list[bytes], came: list[bytes]) -> bool:
    return 260 < len(came) < 340 and list(dict.fromkeys(came)) == sent


def truncate(sent: list[bytes], came: list[bytes]) -> bool:
    shorter = [len(chunk) < 40 for chunk in came]
    return (
        len(came) == len(sent)
        and 50 < sum(shorter) < 140
        and all(a.startswith(b) for a, b in zip(sent, came, strict=True))
    )


def insert(sent: list[bytes], came: list[bytes]) -> bool:
    longer = [len(chunk) > 40 for chunk in came]
    return (
        len(came) == len(sent)
        and 60 < sum(longer) < 140
        and all(b.endswith(a) for a, b in zip(sent, came, strict=True))
    )


def silent(sent: list[bytes], came: list[bytes]) -> bool:
    return not came


LINE_EFFECTS: dict[str, Callable[[list[bytes], list[bytes]], bool]] = {
    "loss": lost,
    "corrupt": corrupt,
    "duplicate": duplicate,
    "truncate": truncate,
    "insert": insert,
    "silent": silent,
}


@pytest.mark.parametrize("target", ["link.up", "link.down"])
@pytest.mark.parametrize("kind", LINE_EFFECTS)
def test_a_line_spoils_what_it_carries_in_its_direction_alone(target, kind) -> None:
    made, simulation = radio()
    line, other = (made.up, made.down) if target == "link.up" else (made.down, made.up)
    end = Lines().begin(simulation, fault(target, kind, value=None if kind == "silent" else 0.5))
    assert LINE_EFFECTS[kind](CHUNKS, line.carry(CHUNKS))
    assert other.carry(CHUNKS) == CHUNKS
    end()
    assert line.carry(CHUNKS) == CHUNKS


def test_an_echo_brings_back_one_of_the_last_frames() -> None:
    made, simulation = radio()
    frames = [START_SEQUENCE + bytes([number]) * 20 for number in range(100)]
    end = Lines().begin(simulation, fault("link.up", "echo", value=0.5))
    echoes = 0
    for number, frame in enumerate(frames):
        came = made.up.carry([frame])
        assert came[0] == frame
        for echo in came[1:]:
            echoes += 1
            assert number - ECHO_FRAMES <= frames.index(echo) < number
    assert 30 < echoes < 70
    end()
    assert made.up.carry([]) == []


def test_faults_that_lie_over_each_other_count_by_the_largest() -> None:
    made, simulation = radio()
    made.down.spoiling.loss = 0.01
    lines = Lines()
    first = lines.begin(simulation, fault("link.down", "loss", value=0.2))
    second = lines.begin(simulation, fault("link.down", "silent"))
    assert made.down.spoiling.loss == 1.0
    first()
    assert made.down.spoiling.loss == 1.0
    second()
    assert made.down.spoiling.loss == 0.01


def test_a_station_that_is_out_has_no_contact() -> None:
    assert fly(start_s=IN_PASS).radio.in_contact
    simulation = fly(fault("station", "outage", "Inuvik"), start_s=IN_PASS)
    assert not simulation.radio.in_contact
    simulation.run(UNTIL + 2)
    assert simulation.radio.in_contact
    assert fly(fault("station", "outage", "Troll"), start_s=IN_PASS).radio.in_contact


# ---------------------------------------------------------------- time


def utc_error_s(simulation: Simulation) -> float:
    """UTC as flight reckons it, against the truth."""
    module = slot(simulation, "timekeeping").module
    now = simulation.now_s * NS
    truth = int(simulation.scenario.epoch.timestamp()) * NS + now
    return float(module._utc_at(now + simulation.computer.offset) - truth) / NS


def test_a_step_of_the_grounds_clock_reaches_the_spacecraft_and_is_put_right() -> None:
    simulation = fly(fault("clock", "step", value=1e5), start_s=IN_PASS, until_s=FROM + 10)
    assert utc_error_s(simulation) == pytest.approx(1e5)
    simulation.run(UNTIL + 10)
    assert utc_error_s(simulation) == 0.0


def test_a_drift_of_the_grounds_clock_grows() -> None:
    simulation = fly(fault("clock", "drift", value=0.01, last=FROM + 150), start_s=IN_PASS, until_s=FROM + 70)
    assert utc_error_s(simulation) == pytest.approx(0.6)
    simulation.run(FROM + 130)
    assert utc_error_s(simulation) == pytest.approx(1.2)
    simulation.run(FROM + 160)
    assert utc_error_s(simulation) == 0.0


# ---------------------------------------------------------------- disk


def failures(simulation: Simulation) -> int:
    """Requests that storage refused in this boot."""
    return int(slot(simulation, "recorder").module.status.failed_writes)


def test_a_disk_error_fails_some_operations() -> None:
    simulation = fly(fault("disk", "error"), until_s=UNTIL)
    assert 1 <= simulation.disk.errors <= 20
    errors = simulation.disk.errors
    simulation.run(3 * UNTIL)
    assert simulation.disk.errors == errors


@pytest.mark.slow
def test_a_full_disk_takes_nothing_more_until_it_ends() -> None:
    assert failures(fly(until_s=UNTIL)) == 0
    simulation = fly(fault("disk", "full"), until_s=UNTIL - 2)
    refused = failures(simulation)
    assert refused >= 3
    simulation.run(UNTIL + 3)
    refused = failures(simulation)
    simulation.run(2 * UNTIL)
    assert failures(simulation) == refused


def test_a_slow_disk_answers_later() -> None:
    simulation = fly(fault("disk", "slow", value=7.0))
    simulation.run(FROM + 5)
    waiting = simulation.computer.worker.queue
    assert waiting
    assert waiting[-1][0] > simulation.now_s * NS + 5 * NS
    simulation.run(UNTIL + 20)
    assert len(waiting) <= 1


def test_a_flipped_bit_is_one_bit() -> None:
    before, after = (
        {name: bytes(file.content) for name, file in one.disk._files.items()}
        for one in (fly(until_s=FROM - 1), struck_without_flying(fault("disk", "bit_flip")))
    )
    assert before.keys() == after.keys()
    differ = sum(
        (a ^ b).bit_count() for name in before for a, b in zip(before[name], after[name], strict=True)
    )
    assert differ == 1


def struck_without_flying(struck: Fault) -> Simulation:
    simulation = fly(until_s=FROM - 1)
    BEGIN[struck.target](simulation, struck, random.Random(1))
    assert simulation.flipped == 1
    return simulation


def test_a_power_cut_comes_in_the_middle_of_the_disks_work() -> None:
    simulation = fly(fault("disk", "power_cut"), until_s=FROM - 1)
    before = simulation.disk
    simulation.run(5 * UNTIL)
    assert simulation.disk is not before
    assert simulation.computer.boots == 2
    simulation.run(7 * UNTIL)
    assert simulation.computer.boots == 2


def test_a_power_cut_comes_while_a_state_is_saved() -> None:
    simulation = fly(fault("disk", "cut_in_save", last=FROM + 900), until_s=FROM)
    cut = simulation.disk
    simulation.run(FROM + 900)
    assert simulation.disk is not cut
    assert simulation.computer.boots == 2

    simulation = fly(fault("disk", "cut_in_save", last=FROM + 1), until_s=FROM + 900)
    assert simulation.computer.boots == 1, "called off before any save"


def test_a_reset_keeps_the_computer_off_for_a_while() -> None:
    simulation = fly(fault("computer", "reset"))
    assert simulation.computer.kernel is None
    simulation.run(FROM + 32)
    assert simulation.computer.boots == 2
    assert simulation.power.guardian.orders.reason == RESET


# ---------------------------------------------------------------- modules


def test_a_crash_is_one_crash() -> None:
    simulation = fly(fault("module", "crash", "thermal"), until_s=FROM + 10)
    assert [crash.module for crash in simulation.computer.crashes] == ["thermal"]
    assert FROM * NS <= simulation.computer.crashes[0].at < (FROM + 1) * NS
    assert slot(simulation, "thermal").state is State.RUNNING


def test_crashes_again_and_again_isolate() -> None:
    simulation = fly(fault("module", "crash_again", "radiation", last=FROM + 40), until_s=FROM + 50)
    assert len(simulation.computer.crashes) == slot(simulation, "radiation").row.restarts + 1
    assert slot(simulation, "radiation").state is State.ISOLATED


def test_a_hang_is_found_and_charged() -> None:
    simulation = fly(fault("module", "hang", "compute"))
    assert simulation.computer.kernel is None
    simulation.run(FROM + 10)
    assert simulation.computer.boots == 2
    assert simulation.power.guardian.orders.reason == EXECUTIVE_SILENT
    assert simulation.power.guardian.orders.charged == slot(simulation, "compute").index


def test_a_stalled_module_does_not_step_until_it_ends() -> None:
    simulation = fly(fault("module", "stall", "compute"))
    before = slot(simulation, "compute").last_step
    simulation.run(UNTIL - 1)
    assert slot(simulation, "compute").last_step == before
    simulation.run(UNTIL + 5)
    assert slot(simulation, "compute").last_step > before + 15 * NS


def test_a_flood_says_more_than_an_inbox_holds_until_it_ends() -> None:
    simulation = fly(fault("module", "flood", "thermal"), until_s=FROM + 3)
    kernel = simulation.computer.kernel
    assert kernel is not None
    dropped = kernel.boxes["events.occurrences"].dropped + kernel.boxes["events.critical"].dropped
    assert dropped > 100
    simulation.run(UNTIL + 3)
    dropped = kernel.boxes["events.occurrences"].dropped + kernel.boxes["events.critical"].dropped
    simulation.run(UNTIL + 20)
    assert kernel.boxes["events.occurrences"].dropped + kernel.boxes["events.critical"].dropped == dropped


# ---------------------------------------------------------------- processes


@pytest.mark.parametrize(("kind", "reason"), [("kill", EXECUTIVE_DIED), ("stop", EXECUTIVE_SILENT)])
def test_an_executive_that_is_gone_is_started_again_and_nobody_is_charged(kind, reason) -> None:
    simulation = fly(fault("process.executive", kind), until_s=FROM + 10)
    assert simulation.computer.boots == 2
    assert simulation.power.guardian.orders.reason == reason
    assert simulation.power.guardian.orders.charges == {}


@pytest.mark.parametrize("kind", ["kill", "stop"])
def test_without_a_guardian_the_watchdog_bites(kind) -> None:
    simulation = fly(fault("process.guardian", kind))
    first = simulation.computer.kernel
    simulation.run(FROM + BITES_AFTER_S - 1)
    assert simulation.computer.kernel is first
    simulation.run(FROM + BITES_AFTER_S + 2)
    assert simulation.computer.kernel is None
    simulation.run(FROM + BITES_AFTER_S + DARK_S + 4)
    assert simulation.computer.boots == 2
    assert simulation.power.guardian.orders.reason == WATCHDOG


def test_a_guardian_that_comes_back_in_time_costs_nothing() -> None:
    simulation = fly(fault("process.guardian", "stop", last=FROM + 10), until_s=2 * UNTIL)
    assert simulation.computer.boots == 1


def test_nobody_restarts_an_executive_while_the_guardian_is_away() -> None:
    hang = fault("module", "hang", "compute")
    away = replace(fault("process.guardian", "stop", last=FROM + 12), at_s=FROM - 1)
    simulation = fly(away, hang, until_s=FROM + 9)
    assert simulation.computer.kernel is None
    simulation.run(FROM + 15)
    assert simulation.computer.boots == 2

    killed = replace(fault("process.guardian", "kill"), at_s=FROM - 1)
    simulation = fly(killed, hang, until_s=FROM + 10)
    assert simulation.computer.kernel is None
    simulation.run(FROM + BITES_AFTER_S + DARK_S + 5)
    assert simulation.computer.boots == 2
    assert simulation.power.guardian.orders.reason == WATCHDOG


def test_a_stopped_storage_worker_answers_when_it_goes_on() -> None:
    simulation = fly(fault("process.storage", "stop"), until_s=UNTIL - 2)
    assert len(simulation.computer.worker.queue) > 5
    simulation.run(UNTIL + 2)
    assert len(simulation.computer.worker.queue) <= 1
    assert failures(simulation) == 0


def test_a_killed_storage_worker_fails_what_it_had_and_another_goes_on() -> None:
    simulation = fly(fault("process.storage", "kill"), until_s=5 * UNTIL)
    assert simulation.computer.worker.lost == 1
    assert failures(simulation) >= 1
    recorded = slot(simulation, "recorder").module.status.recorded
    simulation.run(6 * UNTIL)
    assert slot(simulation, "recorder").module.status.recorded > recorded
    assert simulation.computer.boots == 1


def test_every_kind_is_tested_here() -> None:
    """By name, for one process may run a part of these tests only."""
    text = Path(__file__).read_text()
    for target, kinds in KINDS.items():
        for kind in kinds:
            if target.startswith("link.") and kind in LINE_EFFECTS:
                continue
            assert f'"{kind}"' in text, (target, kind)
            assert f'"{target}"' in text, target


def test_the_injector_is_quiet_when_all_is_over() -> None:
    injector = Injector([fault("array", "loss", value=0.1), replace(fault("disk", "full"), at_s=5.0)], 1)
    simulation = fly(until_s=0)
    simulation.inject = injector
    simulation.run(FROM + 1)
    assert not injector.quiet()
    assert injector.begun == {"disk.full": 1, "array.loss": 1}
    simulation.run(UNTIL + 1)
    assert injector.quiet()
