"""Where a verb is carried out: a client, a place to write to, and whether a person is waiting at a prompt."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from flight.dictionary import CommandEntry, PacketEntry
from ground.client import Command, Craft, TookTooLongError
from ground.commanding import Stage
from ground.fields import suggestion
from ground.protocol import (
    NS,
    NotReceivedError,
    Plain,
    Topic,
    Update,
    UsageError,
    Value,
    command_state,
    event,
    parameter,
    reading,
    report,
    taken,
    utc_of,
)
from ground.shell.reports import Wording
from ground.shell.wording import clock, duration, event_line, made_at, reading_row, stage_lines
from ground.station import RECOVERY

DONE, FAILED, USAGE, STOPPED = 0, 1, 2, 130  # exit codes
FOREVER_S = 10 * 365 * 86_400.0


@dataclass
class Desk:
    """`at_prompt`: nothing blocks, what comes is shown as it comes.  Otherwise each verb waits for its end."""

    craft: Craft
    say: Callable[[str], None]
    colour: bool = False
    at_prompt: bool = False
    watched: dict[str, tuple[str, ...]] = field(default_factory=dict)  # packet -> fields, none: all
    asked: set[str] = field(default_factory=set)  # parameters whose report is to be shown
    # By the command that asked for it: where the file is wanted, None if it is to be shown.
    wanted_files: dict[int, Path | None] = field(default_factory=dict)
    # By the transfer that it waits for: a command, and the file it is about.
    follows: dict[int, tuple[str, str]] = field(default_factory=dict)

    # ---------------------------------------------------------------- names

    def packets(self, word: str) -> dict[str, tuple[str, ...]]:
        """`power`, `power.status`, `power.status.charge` -> packets with the fields that are meant, none: all."""
        dictionary = self.craft.dictionary
        if word in dictionary.packets_by_label:
            return {word: ()}
        found: dict[str, tuple[str, ...]] = {
            entry.label: () for entry in dictionary.packets if entry.module == word
        }
        if found:
            return found
        packet, _, name = word.rpartition(".")
        entry = dictionary.packets_by_label.get(packet)
        if entry is not None and name in [one.name for one in entry.fields]:
            return {packet: (name,)}
        raise UsageError(f"{word}: no such packet or value{suggestion(word, self.visible_names())}")

    def told(self, label: str) -> Value | str | None:
        """The newest value: `power.status.charge`; None if none has come, or there is none of that name."""
        try:
            return self.craft.get(label)
        except (NotReceivedError, UsageError):
            return None

    def visible_names(self) -> list[str]:
        """Modules with packets, packets and their values."""
        packets = self.craft.dictionary.packets
        names = list(dict.fromkeys(entry.module for entry in packets))
        return [
            *names,
            *(entry.label for entry in packets),
            *(f"{entry.label}.{one.name}" for entry in packets for one in entry.fields),
        ]

    def command_entry(self, label: str) -> CommandEntry:
        known = self.craft.dictionary.commands_by_label
        entry = known.get(label)
        if entry is None:
            raise UsageError(f"{label}: no such command{suggestion(label, known)}")
        return entry

    def packet_entry(self, label: str) -> PacketEntry:
        return self.craft.dictionary.packets_by_label[label]

    # ---------------------------------------------------------------- following

    def follow(self, command: Command, wait_s: float) -> int:
        """At a prompt return at once.  Otherwise show the stages until it has ended, and say how that was."""
        if self.at_prompt:
            return DONE
        shown = 0

        def ended() -> bool:
            nonlocal shown
            for line in stage_lines(command.state, shown, self.colour):
                self.say(line)
            shown = len(command.state.stages)
            return command.ended

        ended()
        if command.stage is Stage.QUEUED and not self.craft.in_contact:
            self.say("no contact: it waits for the next pass")
        try:
            self.craft.wait_for(ended, wait_s)
        except TookTooLongError:
            self.say(
                f"#{command.number} is still open after {wait_s:g} s ({command.outcome}); `history` will tell"
            )
            return FAILED
        except KeyboardInterrupt:
            self.say(f"#{command.number} goes on without you ({command.outcome}); `history` will tell")
            return STOPPED
        return DONE if command.completed else FAILED

    def listen(
        self, hear: Callable[[Update], None], wait_s: float, done: Callable[[], bool] = lambda: False
    ) -> bool:
        """Let `hear` have what comes until `done`, or for so long.  Whether it was done."""
        self.craft.listeners.append(hear)
        try:
            self.craft.wait_for(done, min(wait_s, FOREVER_S))
        except TookTooLongError:
            return False
        finally:
            self.craft.listeners.remove(hear)
        return True

    # ---------------------------------------------------------------- showing what comes

    def on_update(self, update: Update) -> None:
        """At a prompt: everything of interest."""
        body = update.body
        if update.topic is Topic.COMMAND:
            state = command_state(body["command"])
            if state.source != RECOVERY:
                self.say(stage_lines(state, len(state.stages) - 1, self.colour)[0])
        elif update.topic is Topic.EVENT:
            self.show_event(taken(body["event"], dict))
        elif update.topic is Topic.PACKET:
            self.show_watched(body["reading"])
        elif update.topic is Topic.PARAMETER:
            self._show_parameter(body)
        elif update.topic is Topic.REPORT:
            row = update.body["report"]
            for line in Wording(self.craft.dictionary, report(row), utc_of(row)).lines():
                self.say(line)
        elif update.topic is Topic.ALARM:
            self._show_alarm(taken(body["alarm"], dict))
        elif update.topic is Topic.CONTACT:
            word = "contact" if body.get("up") else "contact lost"
            self.say(f"{clock(taken(body['ground_ns'], int))}  {word}")
        elif update.topic is Topic.SEAT and body.get("who") != self.craft.name:
            self.say(f"seat: {body.get('who')}: {body.get('did')}")

    def show_event(self, row: Plain) -> None:
        self.say(event_line(event(row), utc_of(row), self.colour))

    def show_watched(self, row: object) -> bool:
        """True if it is one that is watched."""
        found = reading(row)
        names = self.watched.get(found.label)
        if names is None:
            return False
        self.say(reading_row(self.packet_entry(found.label), found, utc_of(row), names))
        return True

    def _show_parameter(self, body: Plain) -> None:
        found = parameter(body["parameter"])
        if found.label in self.asked:
            self.asked.discard(found.label)
            self.say(self.parameter_line(found.label, found.value))

    def parameter_line(self, label: str, value: float) -> str:
        entry = self.craft.dictionary.parameters_by_label[label]
        shown = value if entry.field.code != "f" else float(f"{value:.6g}")
        unit = f" {entry.field.unit}" if entry.field.unit and entry.field.unit != "1" else ""
        default = "" if math.isclose(value, entry.default, rel_tol=1e-6) else f"  (default {entry.default:g})"
        text = {True: "on", False: "off"}[bool(value)] if entry.field.code == "?" else f"{shown:g}"
        return f"{label} = {text}{unit}{default}"

    def _show_alarm(self, row: Plain) -> None:
        value = row.get("value")
        shown = f" at {value:.6g}" if isinstance(value, float) else ""
        who = f" by {row['who']}" if row.get("who") else ""
        when = made_at(taken(row["time_ns"], int), utc_of(row))
        kind = {"state": "", "late": " (played back)"}.get(str(row["kind"]), f" {row['kind']}{who}")
        self.say(f"{when}  alarm   {row['label']}.{row['field']}: {row['state']}{shown}{kind}")

    def when(self, row: object) -> str:
        """`12:03:04, 8 s ago`: when it was made on board."""
        found, utc_ns = reading(row), utc_of(row)
        age_ns = self.craft.line.now_ns() - (found.received_ns if utc_ns is None else utc_ns)
        return f"{made_at(found.time_ns, utc_ns)}, {duration(age_ns / NS)} ago"
