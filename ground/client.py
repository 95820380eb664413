"""Operate a spacecraft from Python, the same way over a server, in a simulation or, later, on a board.

    with connect("tcp://127.0.0.1:5560") as craft:
        switched = craft.command("power.switch", rail="navigation", on=False).wait()
        assert switched.completed, switched.reason
        craft.wait_for(lambda: craft.get("power.status.charge") > 0.7, within_s=3600)

Waiting is event-driven: over a server until something comes, in a simulation by flying on.  Times are seconds of the
ground's clock, which in a simulation is the simulated one.  Values of enums are names, of switches true and false.
"""

from __future__ import annotations

import getpass
import math
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self, Unpack

from flight.dictionary import Dictionary, Field, from_json
from ground.commanding import CommandError, command_text, find_command
from ground.decode import EventReport, Reading
from ground.fields import suggestion
from ground.filing import FileOptions, Files, TransferFailedError
from ground.followed import Command, CommandFailedError, TookTooLongError
from ground.limits import Alarm
from ground.onboard_parameters import Parameters, plain_arguments
from ground.protocol import (
    ERRORS,
    NS,
    CommandState,
    CraftError,
    Fault,
    HasLine,
    Line,
    NotReceivedError,
    Plain,
    ServerError,
    Topic,
    Update,
    UsageError,
    Value,
    alarm,
    command_state,
    event,
    reading,
    taken,
)
from ground.transfers import Transfer

__all__ = [
    "Command",
    "CommandFailedError",
    "Craft",
    "Parameters",
    "TookTooLongError",
    "TransferFailedError",
    "connect",
    "named",
]

HEARD_EVENTS_KEPT = 10_000  # for `expect_event`, until one is taken
SIGN_WITHIN_S = 0.5  # while somebody types
HELD_S = 30  # of the seat, without a sign of life


class Craft:
    """One spacecraft, as its operator has it.  Use it in a `with`: leaving gives the commanding seat back."""

    def __init__(self, line: Line, name: str) -> None:
        self.line, self.name = line, name
        self.parameters = Parameters(self)
        self.files = Files(self)
        self.listeners: list[Callable[[Update], None]] = []
        self._commands: dict[int, Command] = {}  # those that have not ended
        self._heard: deque[EventReport] = deque(maxlen=HEARD_EVENTS_KEPT)
        self._seated = self._seat_was_ours = False
        self.dictionary: Dictionary = from_json(taken(self.ask("dictionary")["dictionary"], str))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the seat back, unless another program of this name had it before."""
        try:
            if self._seated and not self._seat_was_ours:
                self.line.request({"do": "release"}, SIGN_WITHIN_S)
        except CraftError:
            pass  # its lease ends by itself
        finally:
            self.line.close()

    # ---------------------------------------------------------------- asking

    def ask(self, verb: str, **arguments: object) -> Plain:
        """A request of the server.  A CraftError of the kind that fits, if it was not served."""
        return self._served(self.line.request({"do": verb, **arguments}))

    def sign(self, within_s: float = SIGN_WITHIN_S) -> Plain:
        """A sign of life; how things stand.  NoServerError soon, if nobody answers."""
        return self._served(self.line.request({"do": "ping"}, within_s))

    def ground_ns(self) -> int:
        """What the ground's clock shows, asked of the ground itself."""
        return taken(self.ask("ping")["ground_ns"], int)

    @staticmethod
    def _served(reply: Plain) -> Plain:
        if "error" in reply:
            kind = ERRORS.get(Fault(str(reply.get("kind"))), ServerError)
            raise kind(str(reply["error"]))
        return reply

    def get(self, label: str) -> Value | str:
        """The newest value: `power.status.charge`.  NotReceivedError if none has come."""
        packet, field = self.find_field(label)
        found = self.reading(packet)
        at = [one.name for one in self.dictionary.packets_by_label[packet].fields].index(field.name)
        return named(field, found.values[at])

    def reading(self, label: str) -> Reading:
        """The newest packet of a kind, with its times; values as they stand on the wire."""
        return reading(self.ask("get", label=label)["reading"])

    def find_field(self, label: str) -> tuple[str, Field]:
        """(packet, field) of `power.status.charge`.  UsageError, with near names, if there is none."""
        packet, _, name = label.rpartition(".")
        entry = self.dictionary.packets_by_label.get(packet)
        found = next((one for one in entry.fields if one.name == name), None) if entry else None
        if found is None:
            known = [f"{one.label}.{field.name}" for one in self.dictionary.packets for field in one.fields]
            raise UsageError(f"{label}: no such value{suggestion(label, known)}")
        return packet, found

    def events(self, severity: int = 0, prefix: str = "", limit: int = 100) -> list[EventReport]:
        """The newest, by time on board."""
        found = self.ask("events", severity=severity, prefix=prefix, limit=limit)["events"]
        return [event(one) for one in taken(found, list)]

    def history(self, limit: int = 100, *, every: bool = False) -> list[CommandState]:
        """The newest commands of all operators, oldest first; `every`: also what the ground asked for by itself."""
        found = self.ask("history", limit=limit, all=every)["commands"]
        return [command_state(one) for one in taken(found, list)]

    def alarms(self) -> list[Alarm]:
        """Those that stand, the worst first."""
        return [alarm(one) for one in taken(self.ask("alarms")["alarms"], list)]

    def missing(self) -> int:
        """Records that the spacecraft has and the ground has not."""
        return sum(taken(row["missing"], int) for row in taken(self.ask("gaps")["stores"], list))

    @property
    def in_contact(self) -> bool:
        return bool(self.ask("ping")["contact"])

    # ---------------------------------------------------------------- commanding

    def command(self, label: str, /, **arguments: object) -> Command:
        """Queue a command of a module.  UsageError, and nothing sent, if an argument does not fit."""
        return self.send_command(label, arguments)

    def send_command(
        self, label: str, arguments: Mapping[str, object], *, force: bool = False, bypass: bool = False
    ) -> Command:
        """The same with a map; `force` despite another dictionary on board, `bypass` past COP-1."""
        given = plain_arguments(arguments)
        try:
            command_text(find_command(self.dictionary, label), given)
        except CommandError as error:
            raise UsageError(str(error)) from None
        return self.send("command", label=label, arguments=given, force=force, bypass=bypass)

    def arm(self, label: str) -> Command:
        """Let the hazardous command `label` run once, within the spacecraft's arming window."""
        if label not in self.dictionary.commands_by_label:
            raise UsageError(
                f"{label}: no such command{suggestion(label, self.dictionary.commands_by_label)}"
            )
        return self.send("arm", label=label)

    def snapshot(self) -> Command:
        """Ask for every packet and every parameter now."""
        return self.send("snapshot")

    def send(self, verb: str, **arguments: object) -> Command:
        """Any verb of `ground.server.telecommands`; takes the commanding seat first if it is free."""
        self.take_seat()
        rows = taken(self.ask(verb, **arguments)["commands"], list)
        state = command_state(rows[-1])
        command = self._commands[state.number] = Command(self, state)
        return command

    def put(self, content: bytes | Path, name: str, **options: Unpack[FileOptions]) -> Transfer:
        """Send octets or a file of this computer; it is on board, under `name`, when this returns."""
        return self.files.put(content, name, **options)

    def fetch(self, name: str, to: Path | None = None, **options: Unpack[FileOptions]) -> bytes:
        """A file of the spacecraft; `to` is written, too."""
        return self.files.get(name, to, **options)

    def ls(self, folder: str = "") -> list[tuple[str, int]]:
        """(name, octets) of the files in and below a folder on board."""
        return self.files.ls(folder)

    def take_seat(self, *, force: bool = False, lease_s: int = HELD_S) -> None:
        """SeatTakenError if somebody else sits there, unless `force`."""
        if force:
            self.ask("force", lease_s=lease_s)
            self._seat_was_ours = False
        else:
            already = bool(self.ask("take", lease_s=lease_s)["already"])
            if not self._seated:
                self._seat_was_ours = already
        self._seated = True

    def keep_seat(self) -> None:
        """Do not give the seat back at the end: its lease does."""
        self._seat_was_ours = True

    # ---------------------------------------------------------------- waiting

    def wait_for(self, condition: Callable[[], object], within_s: float, what: str = "a condition") -> None:
        """Until it holds; asked again whenever something has come.  A value not received yet counts as false."""
        if not 0 <= within_s < math.inf:
            raise UsageError(f"within_s: expected seconds, not {within_s}")
        until_ns = self.line.now_ns() + int(within_s * NS)
        while True:
            self.take_updates()
            try:
                if condition():
                    return
            except NotReceivedError:
                pass
            if self.line.now_ns() >= until_ns:
                raise TookTooLongError(f"waited {within_s:g} s for {what}")
            self.line.wait(until_ns)

    def expect_event(self, label: str, within_s: float) -> EventReport:
        """The next event of this name since the connection was made, or since the one that was last expected."""
        if label not in {one.label for one in self.dictionary.events}:
            raise UsageError(
                f"{label}: no such event{suggestion(label, [e.label for e in self.dictionary.events])}"
            )
        found: list[EventReport] = []

        def came() -> bool:
            while self._heard and not found:
                one = self._heard.popleft()
                if one.label == label:
                    found.append(one)
            return bool(found)

        self.wait_for(came, within_s, what=f"the event {label}")
        return found[0]

    def fly(self, seconds: float) -> None:
        """Let a simulation fly on.  UsageError over a server, where time passes by itself."""
        self.line.fly(seconds)
        self.take_updates()

    def take_updates(self) -> list[Update]:
        """What has come since the last time, taken into account and passed to listeners."""
        found = self.line.updates()
        for update in found:
            if update.topic is Topic.COMMAND:
                self._follow(command_state(update.body["command"]))
            elif update.topic is Topic.EVENT:
                self._heard.append(event(update.body["event"]))
            self.files.take(update)
            for listener in self.listeners:
                listener(update)
        if self.line.lost:
            self._ask_anew()
        return found

    def _follow(self, state: CommandState) -> None:
        command = self._commands.get(state.number)
        if command is not None:
            command.state = state
            if state.ended:
                del self._commands[state.number]

    def _ask_anew(self) -> None:
        """Updates were lost: a command may have ended meanwhile."""
        self.line.lost = False
        self.files.ask_anew()
        for number in list(self._commands):
            self._follow(command_state(taken(self.ask("command_state", number=number)["commands"], list)[0]))


def connect(target: str | HasLine, name: str | None = None) -> Craft:
    """`tcp://HOST:PORT` of a server, or a simulation of `sim.flying`.  `name` is who has the commanding seat."""
    who = name or getpass.getuser()
    if isinstance(target, str):
        from ground.socket_line import SocketLine

        return Craft(SocketLine(target, who), who)
    return Craft(target.line(who), who)


def named(field: Field, value: Value) -> Value | str:
    """Enums by name, where they have one."""
    return next((name for name, number in field.choices if number == value), value)
