"""The compute module: boards as power profiles, as hard at work as mode, ladder and heat allow."""

import enum
import functools
import types
from collections import namedtuple
from typing import Annotated, NamedTuple, cast

from flight.declare import (
    COMPUTE,
    DONE,
    SECOND,
    U8,
    U16,
    Boot,
    Call,
    Event,
    Kept,
    Module,
    Outbox,
    Outcome,
    Refused,
    Severity,
    Signals,
    Telemetry,
    command,
    telemetry,
    unit,
)
from flight.modules.compute.board import NO_JOBS, Board, BoardSettings, BoardWatch

STALE_NS = 3 * SECOND  # mode and rung of three periods ago are no leave to work
OFF_RUNG = 4
PERIOD_S = 10

Watts = Annotated[float, unit("W")]


class ComputeInputs(NamedTuple):
    """The first inputs of every compute module; `thermal_rung_<node>` of its boards follow, and where jobs are taken
    `jobs_level_<board>` and the age of these."""

    mode: int
    mode_age: int
    rung: int
    rung_age: int
    rails_allowed: int
    levels: tuple[int, ...]


class Status(Telemetry, period=PERIOD_S):
    """All boards together."""

    working: bool
    rung: U8
    level: U8
    power: Watts
    power_wanted: Watts
    boards_on: U8
    boards_cut: U8
    boards_not_following: U8
    cuts: U16


class Outputs(Signals):
    """Of each board, from the mission's table: `compute_cap_<board>`, the highest level that was commanded,
    `compute_limit_<board>`, the highest that ladder and heat leave to it, if it works at that already, and
    `compute_aim_<board>`, what it works at as soon as they allow; 0 if it must be off anyhow."""

    compute_level: U8  # of the board that works hardest, as read back


class Compute(BoardSettings, Module):
    """Follows the wanted level of each board within what it is allowed.  Made by `compute`."""

    def __init__(self, table: tuple[Board, ...], *, jobs: bool = False) -> None:
        nodes = list(dict.fromkeys(board.node for board in table if board.node))
        fields = [*ComputeInputs._fields, *(f"thermal_rung_{node}" for node in nodes)]
        planned = [f"jobs_level_{board.name}" for board in table] if jobs else []
        self.planned_from = len(fields) if jobs else None
        fields += [*planned, f"{planned[0]}_age"] if jobs else []
        self.Inputs = namedtuple("Inputs", fields)  # type: ignore[misc]  # noqa: PYI024
        first = len(ComputeInputs._fields)
        self.table = table
        self.watches = [BoardWatch(self, number, board) for number, board in enumerate(table)]
        self.heat_places = [first + nodes.index(board.node) if board.node else -1 for board in table]
        self.kept = _kept_class(table)()
        self.wanted = [board.wanted for board in table]
        self.no_jobs = (NO_JOBS,) * len(table)
        self.status, self.outputs = Status(), _outputs(table)()
        self.said = [(-1, -1)] * len(table)  # limit and aim, as signals
        self.boards = _boards_packet(table)()
        self.report_at = 0

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        """The kept levels are wanted again; a dwell must pass before the first increase."""
        self.report_at = now
        for number, board in enumerate(self.table):
            self._want(number, min(getattr(self.kept, board.name), board.top))
        for watch in self.watches:
            watch.changed_at = now

    def want(self, call: Call, out: Outbox, number: int, level: int) -> Outcome:
        board = self.table[number]
        if not 0 <= level <= board.top:
            return Refused(f"{board.name} has levels 0 to {board.top}")
        self._want(number, level)
        self.watches[number].forgive()
        setattr(self.kept, board.name, level)
        out.keep()
        return DONE

    def _want(self, number: int, level: int) -> None:
        self.wanted[number] = level
        setattr(self.outputs, f"compute_cap_{self.table[number].name}", level)

    def step(self, now: int, sees: ComputeInputs, out: Outbox) -> None:
        rung = sees.rung
        working = (
            sees.mode == COMPUTE and sees.mode_age <= STALE_NS and sees.rung_age <= STALE_NS and rung >= 0
        )
        if not working and rung < OFF_RUNG:
            rung = OFF_RUNG
        allowed, levels, highest = sees.rails_allowed, sees.levels, 0
        heats = cast("tuple[int, ...]", sees)
        planned = self.no_jobs if self.planned_from is None else self._planned(heats[self.planned_from :])
        for watch, place, wanted, level in zip(
            self.watches, self.heat_places, self.wanted, planned, strict=True
        ):
            local = rung
            if place >= 0 and heats[place] > rung:
                local = heats[place]
            supply = bool(allowed >> watch.row.rail & 1)
            watch.step(now, wanted, local, supply, levels, out, level)
            aim = min(wanted, level) if working and supply and not watch.is_cut else 0
            limit = watch.limit if local > 1 or not supply or watch.is_cut else watch.row.top
            if (limit, aim) != self.said[watch.number]:
                self.said[watch.number] = (limit, aim)
                setattr(self.outputs, f"compute_limit_{watch.row.name}", limit)
                setattr(self.outputs, f"compute_aim_{watch.row.name}", aim)
            read = watch.read if watch.read >= 0 else watch.level
            if read > highest:  # noqa: PLR1730 (a call would double the cost of the loop)
                highest = read
        self.outputs.compute_level = highest
        if now >= self.report_at:
            self.report_at = now + PERIOD_S * SECOND
            self._report(working, rung)

    def _planned(self, told: tuple[int, ...]) -> tuple[int, ...]:
        """A jobs module that is silent has nobody that keeps its jobs."""
        *levels, age = told
        if age <= STALE_NS:
            return tuple(levels)
        return tuple(level if level == NO_JOBS else 0 for level in levels)

    def _report(self, working: bool, rung: int) -> None:
        status, watches = self.status, self.watches
        status.working, status.rung, status.level = working, rung, self.outputs.compute_level
        status.power = sum(w.row.watts[w.level] for w in watches)
        status.power_wanted = sum(w.row.watts[want] for w, want in zip(watches, self.wanted, strict=True))
        status.boards_on = sum(w.level > 0 for w in watches)
        status.boards_cut = sum(w.is_cut for w in watches)
        status.boards_not_following = sum(w.told for w in watches)
        status.cuts = sum(w.cuts for w in watches)
        for watch, want in zip(watches, self.wanted, strict=True):
            name = watch.row.name
            setattr(self.boards, f"{name}_wanted", want)
            setattr(self.boards, f"{name}_limit", watch.limit)
            setattr(self.boards, f"{name}_ordered", watch.level)
            setattr(self.boards, f"{name}_level", max(watch.read, 0))
            setattr(self.boards, f"{name}_power", watch.row.watts[watch.level])
            setattr(self.boards, f"{name}_cut", watch.is_cut)


def _outputs(table: tuple[Board, ...]) -> type[Outputs]:
    boards = {f"compute_{what}_{board.name}": U8 for board in table for what in ("cap", "limit", "aim")}
    fields: dict[str, object] = {"compute_level": U8, **boards}
    made = type("Outputs", (Outputs,), {"__annotations__": fields, "__module__": __name__})
    assert issubclass(made, Outputs)
    return made


def _boards_packet(table: tuple[Board, ...]) -> type[Telemetry]:
    fields: dict[str, object] = {}
    for board in table:
        fields |= {f"{board.name}_{what}": U8 for what in ("wanted", "limit", "ordered", "level")}
        fields |= {f"{board.name}_power": Watts, f"{board.name}_cut": bool}
    return telemetry("Boards", fields, period=PERIOD_S)


def _kept_class(table: tuple[Board, ...]) -> type[Kept]:
    """The wanted level of each board, by its name."""
    space: dict[str, object] = {
        "__annotations__": {board.name: U8 for board in table},
        "__module__": __name__,
    }
    space |= {board.name: board.wanted for board in table}
    made = types.new_class("Wanted", (Kept,), {"version": 1}, lambda body: body.update(space))
    assert issubclass(made, Kept)
    return made


@functools.cache
def _class_for(names: tuple[str, ...]) -> type[Compute]:
    """Compute with the boards' names in its command and events; one class a table, so that restarts share it."""
    board = enum.IntEnum("BoardName", {name: number for number, name in enumerate(names)})  # type: ignore[misc]

    def level(self: Compute, call: Call, out: Outbox, board: int, level: int) -> Outcome:
        """Set the level that a board shall work at when mode, ladder and heat allow; it gets there step by step."""
        return self.want(call, out, board, level)

    level.__annotations__ = {"board": board, "level": U8}
    info, _, medium, high = Severity
    members = {
        "level": command()(level),
        "changed": Event(info, "{board}: level {old} to {new}", board=board, old=U8, new=U8),
        "not_following": Event(
            medium, "{board}: ordered level {ordered}, reads {read}", board=board, ordered=U8, read=U8
        ),
        "cut": Event(high, "{board}: supply cut, for the {count}. time", board=board, count=U16),
        "restored": Event(info, "{board}: may be supplied again", board=board),
        "given_up": Event(high, "{board}: stays off until a command", board=board),
        "rail_stuck": Event(high, "{board}: supply does not switch off", board=board),
    }
    made = type("Compute", (Compute,), members)
    assert issubclass(made, Compute)
    return made


def compute(table: tuple[Board, ...], *, jobs: bool = False) -> Compute:
    """The compute module of a mission; `jobs`: it has a jobs module, which says what the boards are wanted for."""
    return _class_for(tuple(board.name for board in table))(table, jobs=jobs)
