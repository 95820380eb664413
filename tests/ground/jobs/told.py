"""A spacecraft by hand that tells of jobs: a dictionary with a module `jobs`, and what a ground with it hears."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flight.declare import Field
from flight.dictionary import CommandEntry, Dictionary, EventEntry, PacketEntry
from ground.archive import Archive
from ground.job_ledger import Ledger
from ground.protocol import NS, Line, Plain, Update
from ground.server.ask import Moment
from ground.server.operations import Operations
from ground.station import Ground
from tests.ground.conftest import COMMANDS, EVENTS, PACKETS, Craft, make_dictionary


def numbered(names: str) -> tuple[tuple[str, int], ...]:
    return tuple((name, number) for number, name in enumerate(names.split()))


STAGES = numbered(
    "WAITING PLANNED STARTING RUNNING FROZEN STOPPING ENDED RESULT SENDING DELIVERED FAILED CANCELLED"
)
BINDINGS = numbered("NONE ENERGY TEMPERATURE LANES MEMORY ANOMALY QUIET DOWNLINK DEADLINE WORTH UNKNOWN")
BOARDS = (("rack_a", 0), ("rack_b", 1))
JOB = Field("job", "I")
ROW = PacketEntry(
    "jobs",
    "row",
    9,
    5,
    "One job.",
    (
        JOB,
        Field("state", "B", choices=STAGES),
        Field("board", "B"),
        Field("level", "B"),
        Field("progress_milli", "H"),
        Field("energy_j", "I"),
        Field("attempts", "B"),
        Field("runs", "B"),
        Field("first_s", "I"),
        Field("finish_s", "I"),
        Field("binding", "B", choices=BINDINGS),
        Field("station_pass", "B"),
        Field("value", "I"),
        Field("octets", "I"),
    ),
)
WHY = numbered("PLAN GUARD SAFING BOARD ANOMALY QUIET LYING CANCEL END")
REASON = numbered("NONE COMPLETED FAILED SIGNALLED STOPPED OVERRAN KILLED")
# As the jobs module tells them: what these tests say must be true of it.
TOLD = (
    ("taken", "job {job}: {name}, serial {serial}", (JOB, Field("serial", "Q"), Field("name", "*"))),
    ("refused", "refused as job {job}: {why}", (JOB, Field("why", "*"))),
    ("started", "job {job} on {board}", (JOB, Field("board", "B"), Field("run", "B"))),
    (
        "halted",
        "job {job}: {why}",
        (
            JOB,
            Field("why", "B", choices=WHY),
            Field("reason", "B", choices=REASON),
            Field("progress_milli", "H"),
        ),
    ),
    ("ran", "job {job}: run {run}", (JOB, Field("run", "B"))),
    (
        "failed_run",
        "job {job}: {reason} {code}",
        (JOB, Field("reason", "B", choices=REASON), Field("code", "B"), Field("begun", "B")),
    ),
    ("ended", "job {job}: {how}", (JOB, Field("how", "*"))),
    ("kept_result", "job {job}: {octets}", (JOB, Field("octets", "I"))),
    ("delivered", "job {job}", (JOB,)),
    ("cancelled", "job {job}", (JOB,)),
    ("lost", "job {job}: {why}", (JOB, Field("why", "*"))),
    ("planned", "{jobs} jobs", (Field("jobs", "H"), Field("value", "Q"), Field("steps", "I"))),
)
COMMANDED = (
    CommandEntry("jobs", "take", 30, False, 15, "Take a package.", (Field("file", "*"),)),
    CommandEntry("jobs", "cancel", 31, False, 15, "Cancel.", (JOB,)),
    CommandEntry("jobs", "plan", 32, False, 15, "Plan anew.", ()),
    CommandEntry("jobs", "send", 33, False, 15, "Send again.", (JOB,)),
    CommandEntry("jobs", "tenants", 35, False, 15, "Tenants.", (Field("file", "*"),)),
    CommandEntry(
        "compute",
        "level",
        34,
        False,
        15,
        "Level.",
        (Field("board", "B", choices=BOARDS), Field("level", "B")),
    ),
)


def dictionary() -> Dictionary:
    return make_dictionary(
        modules=(
            ("executive", 1),
            ("power", 2),
            ("commands", 3),
            ("jobs", 4),
            ("compute", 5),
            ("downlink", 6),
        ),
        packets=(*PACKETS, ROW),
        events=(
            *EVENTS,
            *(
                EventEntry("jobs", name, 40 + number, 1, text, fields)
                for number, (name, text, fields) in enumerate(TOLD)
            ),
        ),
        commands=(*COMMANDS, *COMMANDED),
    )


def row(job: int, state: str, **told: int) -> tuple[int, ...]:
    """Values of a row in their order; what is not told is 0, a board and a level none."""
    values: dict[str, int] = {"board": 255, "level": 255, **told, "job": job, "state": dict(STAGES)[state]}
    return tuple(values.get(field.name, 0) for field in ROW.fields)


class Teller:
    """A ledger, and words for it; times in seconds."""

    def __init__(self) -> None:
        self.dictionary = dictionary()
        self.ledger = Ledger(self.dictionary)
        self._entries = {entry.name: entry for entry in self.dictionary.events if entry.module == "jobs"}
        self._record = 0

    def event(self, at_s: float, name: str, *values: object) -> None:
        self._record += 1
        self.ledger.event(int(at_s * NS), self._record, self._entries[name], values)

    def row(self, at_s: float, job: int, state: str, **told: int) -> None:
        self.ledger.row(int(at_s * NS), row(job, state, **told))

    def done(self, job: int, name: bytes = b"acme/sums", first_s: int = 100) -> None:
        """Taken, run twice with a stop between, delivered."""
        self.event(first_s, "taken", job, 7, name)
        self.row(first_s + 5, job, "PLANNED", first_s=first_s + 50, finish_s=first_s + 90, value=5)
        self.event(first_s + 50, "started", job, 0, 1)
        self.event(first_s + 60, "halted", job, 4, 4, 300)
        self.event(first_s + 70, "started", job, 1, 2)
        self.event(first_s + 100, "ran", job, 2)
        self.event(first_s + 110, "ended", job, b"done")
        self.event(first_s + 110, "kept_result", job, 2048)
        self.event(first_s + 200, "delivered", job)


class Heard:
    """Operations over that spacecraft, as a client asks them."""

    def __init__(self, folder: Path | None = None) -> None:
        self.dictionary = dictionary()
        self.craft = Craft(self.dictionary)
        self.now = Moment(1_000 * NS, 7 * NS, 10**18)
        self.updates: list[Update] = []
        self.refusal = ""
        self.then: list[bytes] = []  # what it says behind each command that it has done
        self.open(folder)

    def open(self, folder: Path | None) -> None:
        archive = Archive(folder, self.dictionary) if folder else None
        self.ground = Ground(self.dictionary, archive)
        self.operations = Operations(self.ground, self.updates.append)

    def hear(self, *packets: bytes) -> None:
        self.ground.receive(self.craft.down(*packets), self.now.ground_ns, "here")

    def ask(self, verb: str, **arguments: object) -> dict[str, Any]:
        return self.operations.handle({"do": verb, "name": "anna", **arguments}, "10.0.0.1", self.now)

    def line(self, name: str) -> Line:
        """For `ground.connect`."""
        return HeardLine(self, name)

    def fly(self) -> None:
        """A second, in which the spacecraft answers what was sent to it."""
        self.now = Moment(*(at + NS for at in self.now))
        for packet in self.craft.up(self.ground.send(self.now.ground_ns)):
            self.hear(*self.answers(packet.request_id, packet.data))
        self.ground.on_deadline(self.now.ground_ns)

    def answers(self, request: int, data: bytes) -> list[bytes]:
        """It does as it is told; `refusal` is what it says instead, once."""
        if self.refusal:
            text, self.refusal = self.refusal, ""
            return [self.craft.verify(1, request), self.craft.verify(8, request, 5, text)]
        return [*(self.craft.verify(subtype, request) for subtype in (1, 3, 7)), *self.then]


class HeardLine(Line):
    """A client in the same process; waiting lets a second pass."""

    def __init__(self, heard: Heard, name: str) -> None:
        self.heard, self.name = heard, name
        self.lost = False

    def request(self, message: Plain, within_s: float | None = None) -> Plain:
        return self.heard.operations.handle({**message, "name": self.name}, "here", self.heard.now)

    def now_ns(self) -> int:
        return self.heard.now.ground_ns

    def wait(self, until_ns: int) -> None:
        self.heard.fly()

    def fly(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.heard.fly()

    def updates(self) -> list[Update]:
        found, self.heard.updates[:] = list(self.heard.updates), []
        return found

    def close(self) -> None:
        pass
