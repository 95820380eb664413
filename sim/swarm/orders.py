"""The random command load: what an operator, a script or a mistake may send.

Everything goes up through the real ground, which checks it, repeats it and follows it to its end; what it would refuse
to build is packed by hand.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import NamedTuple

from flight.dictionary import CommandEntry, ParameterEntry
from flight.wire import Ack
from flight.wire.scheduling import Window
from ground import CommandError, Ground
from ground.request_data import Step
from sim.filing import fetch, put
from sim.simulation import NS, Simulation

# Commands that change nothing for good, and parameters that no safety hangs on: the load must exercise the way of a
# command, not turn the spacecraft into another one.
HARMLESS = (
    "commands.nothing",
    "commands.disarm",
    "housekeeping.snapshot",
    "timekeeping.correlate",
    "compute.level",
    "power.switch",
    "modes.go",
    "faults.reset",
    "executive.revive",
    "safing.release",
    "sequences.abort",
    "sequences.clear",
)
HAZARDOUS = "health.shutdown"
HARMLESS_PARAMETERS = (
    "radiation.window_s",
    "radiation.burst_size",
    "radiation.burst_drain",
    "timekeeping.report_every",
    "timekeeping.drift_ppm",
    "events.refill_s",
    "commands.arm_window",
    "schedule.late_after",
    "health.repeat_s",
    "compute.cuts_max",
)
ACTION_EVENTS = (
    "commands.rejected",
    "commands.armed_function",
    "event_actions.released",
    "downlink.pass_began",
    "modes.changed",
    "sequences.began",
    "faults.exhausted",
)
FILE_NAMES = ("plan.bin", "tables/a.bin", "tables/b.bin")
TIMED_WITHIN_S = (20, 4000)
SWITCHED_ON: Mapping[int, tuple[tuple[int, bytes], ...]] = {  # what switches all of a service on
    11: ((1, b""),),
    15: ((1, b"\0"), (15, b"\0")),
    19: ((8, b""),),
}
SOURCE = "swarm"


class Order(NamedTuple):
    """At `at_s` something of that kind is sent; `draw` seeds what exactly."""

    at_s: int
    kind: str
    draw: int


class Sender:
    """Turns orders into telecommands, when their time has come."""

    def __init__(self, orders: tuple[Order, ...], ground: Ground) -> None:
        self.waiting = list(orders)
        self.ground = ground
        self.refused = 0  # by the ground itself
        self.later: list[tuple[int, str, Mapping[str, object]]] = []  # second, command, arguments
        self.again: list[tuple[int, int]] = []  # second, service that is switched on again

    def look(self, simulation: Simulation, second: int) -> None:
        while self.waiting and self.waiting[0].at_s <= second:
            order = self.waiting.pop(0)
            try:
                KINDS[order.kind](self, simulation, random.Random(order.draw))
            except CommandError:
                self.refused += 1
        if self.later:
            self._send_later(second)
        if self.again:
            self._switch_on(second)

    def _switch_on(self, second: int) -> None:
        due = [service for at, service in self.again if at <= second]
        self.again = [entry for entry in self.again if entry[0] > second]
        for service in due:
            for subtype, data in SWITCHED_ON[service]:
                self.ground.request(service, subtype, data, second * NS, source=SOURCE)

    def _send_later(self, second: int) -> None:
        due = [entry for entry in self.later if entry[0] <= second]
        self.later = [entry for entry in self.later if entry[0] > second]
        for _, label, arguments in due:
            try:
                self.ground.command(label, arguments, second * NS, SOURCE)
            except CommandError:
                self.refused += 1


Send = Callable[[Sender, Simulation, random.Random], None]


def now_of(simulation: Simulation) -> int:
    return simulation.now_s * NS


def arguments_of(entry: CommandEntry, rng: random.Random) -> dict[str, object]:
    """Good values for every argument."""
    values: dict[str, object] = {}
    for field in entry.fields:
        if field.code == "?":
            values[field.name] = rng.random() < 0.5
        elif field.choices:
            values[field.name] = rng.choice(field.choices)[0]
        elif field.code == "*":
            values[field.name] = rng.randbytes(rng.randint(0, 40))
        else:
            values[field.name] = rng.randint(int(field.low or 0), min(int(field.high or 20), 20))
    return values


def _command(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    label = rng.choice(HARMLESS)
    entry = sender.ground.dictionary.commands_by_label.get(label)
    if entry is not None:
        sender.ground.command(label, arguments_of(entry, rng), now_of(simulation), SOURCE)


def _leave_compute(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    """Jobs are held, whatever they were at; from IDLE the spacecraft goes on by itself."""
    sender.ground.command("modes.go", {"mode": rng.choice(("IDLE", "SAFE"))}, now_of(simulation), SOURCE)
    sender.later.append((simulation.now_s + rng.randint(60, 1800), "modes.go", {"mode": "IDLE"}))


def _malformed(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    """Unknown services and functions, lengths that lie, arguments out of range, plain noise."""
    ground = sender.ground
    apid = rng.choice([*ground.dictionary.apids.values(), 999])
    service, subtype = rng.choice(
        ((8, 1), (8, 2), (20, 3), (11, 4), (15, 129), (3, 5), (5, 6), (17, 1), (99, 9))
    )
    number = rng.choice([entry.number for entry in ground.dictionary.commands] + [9999])
    data = rng.choice(
        (rng.randbytes(rng.randint(0, 60)), number.to_bytes(2, "big") + rng.randbytes(rng.randint(0, 8)))
    )
    packet = bytearray(ground.build_packet(apid, service, subtype, data, Ack.ALL))
    hazard = ground.dictionary.commands_by_label.get(HAZARDOUS)
    if service == 8 and hazard is not None and data[:2] == hazard.number.to_bytes(2, "big"):
        return
    record = ground.uplink.new_record(bytes(packet), "malformed", "malformed", SOURCE, 150 * NS)
    ground.uplink.submit(record, now_of(simulation))


def _unarmed(sender: Sender, simulation: Simulation, _rng: random.Random) -> None:
    sender.ground.command(HAZARDOUS, {}, now_of(simulation), SOURCE)


def _armed(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    """Arm, then execute: soon, late, twice, or only after a disarm."""
    ground, second = sender.ground, simulation.now_s
    ground.requests.arm(HAZARDOUS, now_of(simulation), SOURCE)
    if rng.random() < 0.2:
        sender.later.append((second + rng.randint(1, 30), "commands.disarm", {}))
    for _ in range(rng.randint(1, 2)):
        sender.later.append((second + rng.choice((0, 2, 20, 55, 65, 120, 400)), HAZARDOUS, {}))


def _value(entry: ParameterEntry, rng: random.Random) -> object:
    field = entry.field
    if field.code == "?":
        return rng.random() < 0.5
    low, high = field.low if field.low is not None else 0.0, field.high if field.high is not None else 100.0
    value = rng.uniform(low, high)
    return round(value) if field.code == "i" else value


def _set(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    known = sender.ground.dictionary.parameters_by_label
    labels = [label for label in HARMLESS_PARAMETERS if label in known]
    chosen = rng.sample(labels, min(len(labels), rng.randint(1, 4)))
    values = {label: _value(known[label], rng) for label in chosen}
    sender.ground.requests.set_parameters(values, now_of(simulation), SOURCE)


def _timed(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    """The release is on the mission clock, which we know and an operator correlates."""
    mission_ns = now_of(simulation) + simulation.computer.offset
    for _ in range(rng.randint(1, 3)):
        release_ns = mission_ns + rng.randint(*TIMED_WITHIN_S) * NS
        label = rng.choice(("commands.nothing", "housekeeping.snapshot", "commands.disarm"))
        sender.ground.requests.schedule(label, {}, release_ns, now_of(simulation), SOURCE)


def _shifted(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    """What else service 11 does with what waits: shift, delete and report by time, switch off and on again."""
    ground, now = sender.ground, now_of(simulation)
    mission_ns = now + simulation.computer.offset
    first = mission_ns + rng.randint(-1000, 3000) * NS
    window = rng.choice((Window(), Window(first=first), Window(last=first), Window(first, first + 600 * NS)))
    offset = rng.choice((-3600, -60, 1, 90, 600)) * NS
    choice = rng.randrange(5)
    if choice == 0:
        ground.requests.shift_scheduled(offset, now, window=window, source=SOURCE)
    elif choice == 1:
        ground.requests.delete_window(window, now, SOURCE)
    elif choice == 2:
        ground.requests.list_scheduled(now, SOURCE, detail=True)
    else:
        ground.requests.enable_schedule(False, now, SOURCE)
        sender.again.append((simulation.now_s + rng.randint(5, 600), 11))


def _monitored(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    """Asks what is monitored, and lets rows that only observe go on observing: no protection is taken away."""
    ground, now = sender.ground, now_of(simulation)
    subtype, data = rng.choice(((8, b"\0\0"), (10, b""), (13, b""), (15, b""), (2, b"\0\1\xff\xff")))
    ground.request(12, subtype, data, now, source=SOURCE)


def _action(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    """An action on a common event, some of which cause their own event."""
    ground, now = sender.ground, now_of(simulation)
    known = {entry.label for entry in ground.dictionary.events}
    label = rng.choice([one for one in ACTION_EVENTS if one in known])
    command = rng.choice(("commands.nothing", "housekeeping.snapshot", "timekeeping.correlate"))
    entry = ground.dictionary.commands_by_label[command]
    choice = rng.randrange(6)
    if choice < 3:
        ground.requests.add_action(label, command, arguments_of(entry, rng), now, SOURCE)
        ground.requests.enable_actions([label], True, now, SOURCE)
    elif choice == 3:
        ground.requests.enable_actions([], rng.random() < 0.5, now, SOURCE)
    elif choice == 4:
        ground.requests.list_actions(now, SOURCE)
    else:
        ground.requests.enable_action_function(False, now, SOURCE)
        sender.again.append((simulation.now_s + rng.randint(5, 600), 19))


def _untimed(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    ground, now = sender.ground, now_of(simulation)
    subtype = rng.choice((3, 5, 5, 17))
    waiting = [
        record.request_id for record in ground.uplink.by_request.values() if record.stage.value == "scheduled"
    ]
    if subtype == 5 and waiting:
        ground.requests.delete_scheduled([rng.choice(waiting)], now, SOURCE)
    elif subtype != 5:
        ground.request(11, subtype, b"", now, source=SOURCE)


def _sequence(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    slot = rng.randrange(8)
    steps = [
        Step(rng.randint(0, 20_000) * 1_000_000, rng.choice(("commands.nothing", "housekeeping.snapshot")))
        for _ in range(rng.randint(1, 6))
    ]
    sender.ground.requests.upload_sequence(slot, steps, now_of(simulation), SOURCE)
    sender.later.append((simulation.now_s + rng.randint(5, 60), "sequences.start_sequence", {"slot": slot}))


def _housekeeping(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    ground, now = sender.ground, now_of(simulation)
    labels = rng.sample([entry.label for entry in ground.dictionary.packets], 3)
    if rng.random() < 0.5:
        ground.requests.housekeeping_once(labels, now, SOURCE)
    else:
        ground.requests.enable_housekeeping(labels, rng.random() < 0.5, now, SOURCE)


def _retrieve(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    store = rng.randrange(len(sender.ground.dictionary.stores))
    first = rng.randrange(5000)
    sender.ground.requests.retrieve(store, first, first + rng.randint(0, 200), now_of(simulation), SOURCE)


def _stores(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    """Packet stores switched off, suspended and emptied, some at a bad moment; and on again after a while."""
    requests, now = sender.ground.requests, now_of(simulation)
    store = rng.choice(sender.ground.dictionary.stores)
    choice = rng.randrange(7)
    if choice == 0:
        requests.list_stores(now, SOURCE)
    elif choice == 1:
        requests.show_stores([], now, SOURCE)
    elif choice == 2:
        requests.abort_retrieval([store], now, SOURCE)
    elif choice == 3:
        requests.enable_storage([store], False, now, SOURCE)
    else:
        if rng.random() < 0.8:  # else the deletion is refused
            requests.suspend_playback([store], True, now, SOURCE)
        if choice > 4:
            ago_s = rng.choice((-600, 0, 60, 3000))
            until = now + simulation.computer.offset - ago_s * NS
            requests.delete_records([store], max(0, until), now, SOURCE)
    if choice > 2:
        sender.again.append((simulation.now_s + rng.randint(5, 3000), 15))


def _alive(sender: Sender, simulation: Simulation, _rng: random.Random) -> None:
    sender.ground.request(17, 1, b"", now_of(simulation), source=SOURCE)


def _burst(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    """More at once than anybody should."""
    for _ in range(rng.randint(10, 40)):
        sender.ground.command("commands.nothing", {}, now_of(simulation), SOURCE)


def _put(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    """Few names, so that files replace each other, shorter ones longer ones; now and then one is cancelled."""
    content = rng.randbytes(rng.choice((0, 1, 300, rng.randint(1, 30_000))))
    acknowledged = rng.random() < 0.8
    number = put(sender.ground, rng.choice(FILE_NAMES), content, simulation.now_s, acknowledged=acknowledged)
    if rng.random() < 0.1:
        sender.ground.files.cancel(number, now_of(simulation))


def _get(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    name = rng.choice(FILE_NAMES)
    fetch(sender.ground, name, simulation.now_s, SOURCE, acknowledged=rng.random() < 0.8)


def _remove(sender: Sender, simulation: Simulation, rng: random.Random) -> None:
    name = rng.choice(FILE_NAMES).encode()
    sender.ground.command("files.remove", {"name": name}, now_of(simulation), SOURCE)


KINDS: Mapping[str, Send] = {
    "command": _command,
    "leave compute": _leave_compute,
    "malformed": _malformed,
    "unarmed": _unarmed,
    "armed": _armed,
    "set": _set,
    "timed": _timed,
    "untimed": _untimed,
    "shifted": _shifted,
    "monitored": _monitored,
    "action": _action,
    "sequence": _sequence,
    "housekeeping": _housekeeping,
    "retrieve": _retrieve,
    "stores": _stores,
    "alive": _alive,
    "burst": _burst,
    "put file": _put,
    "get file": _get,
    "remove file": _remove,
}
