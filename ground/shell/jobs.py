"""The words about jobs on board: job tenants, submit, list, show, cancel, result, when, plan."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from flight.jobs import Gate
from flight.planning import Binding
from ground.filing import TransferFailedError
from ground.followed import CommandFailedError, TookTooLongError
from ground.job_facts import BEHIND, UNDER_WAY, JobFacts
from ground.jobs.client import TABLE, TAKE, TENANTS, JobList, JobRefusedError, Jobs
from ground.jobs.forecasting import NewestPlan, WhatIf, decision_words
from ground.jobs.gantt import gantt_of_plan
from ground.jobs.gantt_svg import gantt_svg
from ground.jobs.keys import JobKeyError, PublicKey, read_public
from ground.jobs.reading import JobError, read_catalogue_file, read_tenants_file
from ground.protocol import NS, CraftError, NotReceivedError, UsageError
from ground.shell.desk import DONE, FAILED, STOPPED, Desk
from ground.shell.filing import GOES_ON, bar, line_of
from ground.shell.job_results import tell_replay, tell_result
from ground.shell.orbit import UNKNOWN, orbit_unknown
from ground.shell.wording import EPOCH_FIRST_NS, clock, duration, mission_time, table
from ground.transfers import Transfer
from ground.whole_file import write_whole

Options = argparse.Namespace
DAY_S = 86_400
RECEIPTS = "jobs.status.receipts"
UNSIGNED = "the board has no key, so receipts are unsigned: `skyrack-flight keys install` puts one there"
BOARD_PUBLIC = "board-key.pub"  # of a folder of keys
ENERGY_UNITS = ((3.6e6, 3.6e6, "kWh"), (360.0, 3600.0, "Wh"))  # from so many J on, J in one


def online(desk: Desk, options: Options) -> int:
    try:
        return TASKS[options.task](desk, Jobs(desk.craft), options)
    except (JobError, JobKeyError) as error:
        raise RefusedHereError(f"job {options.task}: " + "; ".join(str(error).splitlines())) from None
    except JobRefusedError as error:
        desk.say(str(error))
        return FAILED


def is_online(options: Options) -> bool:
    """Whether it needs a ground; `show` and `replay` do if what they are given is no file of this computer.

    UsageError for a file that is missing, before anybody is asked.
    """
    sent = {"submit": "package", "when": "package", "tenants": "table"}.get(options.task)
    path: Path | None = getattr(options, sent) if sent is not None else None
    if path is not None and not path.is_file():
        raise UsageError(f"job {options.task}: {path} is no file")
    name = {"show": "package", "replay": "record", "result": "job"}.get(options.task)
    if name is not None:
        given = Path(getattr(options, name))
        return not (given.exists() or given.is_absolute() or given.suffix in (".job", ".result"))
    return options.task in TASKS


class RefusedHereError(CraftError):
    """A package, a key or a result is not right; nothing was sent."""


def gate_of(desk: Desk, options: Options) -> Gate:
    """What of the spacecraft's own rules is known here; the time is the ground's, which may be a simulated one."""
    tenants = read_tenants_file(options.tenants) if options.tenants else None
    catalogue = read_catalogue_file(options.catalogue) if options.catalogue else None
    ground_ns = desk.craft.line.now_ns()
    return Gate(tenants, catalogue, utc_s=ground_ns // NS if ground_ns >= EPOCH_FIRST_NS else 0)


# ---------------------------------------------------------------- up


def submit(desk: Desk, jobs: Jobs, options: Options) -> int:
    package: Path = options.package
    if desk.at_prompt:
        name, transfer = jobs.begin_submit(package, gate=gate_of(desk, options))
        desk.follows[transfer.number] = (TAKE, name)
        return DONE
    if not desk.craft.in_contact:
        desk.say("no contact: it waits for the next pass")
    last: list[Transfer] = []
    try:
        with bar() as show:

            def progress(one: Transfer) -> None:
                last[:] = [one]
                show(one)

            found = jobs.submit(
                package, gate=gate_of(desk, options), within_s=options.wait, progress=progress
            )
    except (TransferFailedError, CommandFailedError, TookTooLongError) as error:
        desk.say(str(error))
        return FAILED
    except KeyboardInterrupt:
        desk.say(GOES_ON if last else "nothing is sent: the ground had not got the whole file")
        return STOPPED
    for one in last:
        desk.say(line_of(one))
    desk.say(f"job {found.number}: {found.title}, serial {found.serial}, is in the book on board")
    return DONE


def tenants(desk: Desk, jobs: Jobs, options: Options) -> int:
    table: Path | None = options.table
    if desk.at_prompt and table is not None:
        desk.follows[jobs.begin_put_in_force(table).number] = (TENANTS, TABLE)
        return DONE
    if table is not None and not desk.craft.in_contact:
        desk.say("no contact: it waits for the next pass")
    try:
        with bar() as show:
            command = jobs.put_in_force(table, within_s=options.wait, progress=show)
    except (TransferFailedError, TookTooLongError) as error:
        desk.say(str(error))
        return FAILED
    except KeyboardInterrupt:
        desk.say(GOES_ON)
        return STOPPED
    return desk.follow(command, options.wait)


def cancel(desk: Desk, jobs: Jobs, options: Options) -> int:
    return desk.follow(jobs.cancel(options.number), options.wait)


# ---------------------------------------------------------------- what is known


def list_jobs(desk: Desk, jobs: Jobs, options: Options) -> int:
    told = jobs.list()
    shown = [one for one in told.jobs if options.all or one.state in UNDER_WAY or one.state in BEHIND]
    if not told.jobs:
        desk.say("no jobs have been told of")
        return DONE
    if not shown:
        desk.say(
            f"no jobs are under way; {len(told.jobs)} {_is(len(told.jobs))} over: `job list --all` shows them"
        )
        return DONE
    at = Times(told.utc_ns)
    rows = [
        (
            str(one.number),
            one.title,
            one.state_words,
            one.board,
            f"{one.progress_milli / 10:.0f} %",
            energy(one.energy_j),
            when_words(one, at),
            one.waits_for,
        )
        for one in shown
    ]
    for line in table([("#", "job", "state", "board", "done", "energy", "when", "waits for"), *rows]):
        desk.say(line)
    if receipts_unsigned(desk):
        desk.say(UNSIGNED)
    if any(Binding.ANOMALY.value in one.waits_for for one in shown) and orbit_unknown(desk):
        desk.say(UNKNOWN)
    over = len(told.jobs) - len(shown)
    if over:
        desk.say(f"{over} more {_is(over)} over: `job list --all`")
    return DONE


def _is(count: int) -> str:
    return "is" if count == 1 else "are"


def show(desk: Desk, jobs: Jobs, options: Options) -> int:
    told = jobs.told_of(jobs.find(str(options.package)).number)
    for line in job_lines(told.jobs[0], told):
        desk.say(line)
    if receipts_unsigned(desk):
        desk.say(f"receipt      {UNSIGNED}")
    return DONE


def receipts_unsigned(desk: Desk) -> bool:
    """As far as the spacecraft has told."""
    return desk.told(RECEIPTS) == "UNSIGNED"


def job_lines(one: JobFacts, told: JobList) -> Iterator[str]:
    at = Times(told.utc_ns)
    yield f"job          {one.number}: {one.title}" + (f", serial {one.serial}" if one.serial else "")
    waits = f": {one.waits_for}" if one.waits_for else ""
    yield f"state        {one.state_words}{waits}; told {_ago(told.mission_ns, one.told_ns)}"
    if one.planned is not None:
        yield f"planned      {at(one.planned.first_ns)} to {at(one.planned.finish_ns)}, worth {one.value:,}"
    yield f"done         {one.progress_milli / 10:.1f} %, {energy(one.energy_j)}, begun {_times(one.attempts)}"
    for run in one.stretches:
        end = f"to {at(run.end_ns)}, {run.ended}" if run.end_ns is not None else "and still runs"
        yield f"run          {at(run.start_ns)} {end}, on {run.board}"
    for word, at_ns in (("taken", one.taken_ns), ("ended", one.ended_ns), ("result kept", one.kept_ns)):
        if at_ns is not None:
            more = f", {one.how.lower()}" if word == "ended" and one.how else ""
            more += f", {one.result_octets:,} octets" if word == "result kept" and one.result_octets else ""
            yield f"{word:<12} {at(at_ns)}{more}"
    if one.waited_ns is not None:
        yield f"waited       {duration(one.waited_ns / NS)} for its first run"
    if one.delivered_ns is not None:
        yield f"delivered    {at(one.delivered_ns)}"


def when_words(one: JobFacts, at: Callable[[int], str]) -> str:
    if one.delivered_ns is not None:
        return f"delivered {at(one.delivered_ns)}"
    if one.planned is not None and one.state == "PLANNED":
        return f"{at(one.planned.first_ns)} to {at(one.planned.finish_ns)}"
    if one.planned is not None:
        return f"until {at(one.planned.finish_ns)}"
    return f"ended {at(one.ended_ns)}" if one.ended_ns is not None else ""


class Times:
    """A moment on the mission clock for people: UTC where it is known."""

    def __init__(self, utc_ns: Mapping[int, int]) -> None:
        self._utc_ns = utc_ns

    def __call__(self, mission_ns: int) -> str:
        utc_ns = self._utc_ns.get(mission_ns)
        return mission_time(mission_ns) if utc_ns is None else clock(utc_ns)


def _ago(now_ns: int | None, at_ns: int) -> str:
    return "at an unknown time" if now_ns is None else f"{duration((now_ns - at_ns) / NS)} ago"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def energy(joules: float) -> str:
    for least_j, unit_j, name in ENERGY_UNITS:
        if joules >= least_j:
            return f"{joules / unit_j:.1f} {name}"
    return f"{joules:.0f} J"


# ---------------------------------------------------------------- plans


class SlotTimes:
    """A slot's beginning, and a moment on the mission clock in seconds, for people; in UTC where that is known."""

    def __init__(self, of: NewestPlan) -> None:
        self.slot_s = of.record.problem.limits.slot_s
        self.first_s = of.record.slot_0_ns // NS
        self.utc_0_s = of.utc_0_s

    @property
    def begins(self) -> str:
        """Slot 0, with its date."""
        if not self.utc_0_s:
            return self.slot(0)
        return datetime.fromtimestamp(self.utc_0_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    def slot(self, slot: int) -> str:
        return self.at(self.first_s + slot * self.slot_s)

    def at(self, mission_s: float) -> str:
        if not self.utc_0_s:
            return mission_time(int(mission_s) * NS)
        return clock(int(self.utc_0_s + mission_s - self.first_s) * NS)

    def tick(self, mission_s: float) -> str:
        return self.at(mission_s)[:-3]

    @property
    def midnight_s(self) -> float:
        """On the mission clock."""
        return float(self.first_s - self.utc_0_s % DAY_S) if self.utc_0_s else 0.0


def plan(desk: Desk, jobs: Jobs, options: Options) -> int:
    newest = jobs.plan()
    times = SlotTimes(newest)
    for line in plan_lines(newest, times):
        desk.say(line)
    if options.svg:
        told = jobs.list()
        now_s = None if newest.mission_ns is None else newest.mission_ns / NS
        chart = gantt_of_plan(newest.record, told.jobs, jobs.boards, now_s)
        text = gantt_svg(chart, plan_title(newest, times), times.at, times.tick, times.midnight_s)
        write_whole(options.svg, text.encode())
        desk.say(f"{options.svg}: {len(text):,} octets")
    return DONE


def plan_title(newest: NewestPlan, times: SlotTimes) -> str:
    made = newest.plan
    left_out = len(made.decisions) - len(made.placements)
    more = f", {left_out} not" if left_out else ""
    count = len(made.placements)
    jobs = "1 job" if count == 1 else f"{count} jobs"
    return f"Plan of {times.begins}: {jobs} planned{more}, worth {made.value:,}"


def plan_lines(newest: NewestPlan, times: SlotTimes) -> Iterator[str]:
    made, record, limits = newest.plan, newest.record, newest.record.problem.limits
    yield f"{plan_title(newest, times)}; {made.steps:,} steps, {newest.name}, {_age(newest)}"
    yield (
        f"battery at least {min(made.energy_wh):.1f} Wh of {limits.capacity_wh:g}, floor {limits.floor_wh:g}; "
        f"radiator at most {max(made.temperature_c):.1f} degC, limit {limits.limit_c:g}; "
        f"{record.problem.state.waiting_mb:.1f} MB of results wait"
    )
    order = sorted(made.decisions, key=lambda one: (not one.planned, one.first, one.job))
    rows = [(record.problem.jobs[one.job].name, decision_words(one, times.slot)) for one in order]
    yield from table(rows) if rows else ["no jobs"]


def _age(newest: NewestPlan) -> str:
    return "of unknown age" if newest.age_s is None else f"{duration(newest.age_s)} old"


def when(desk: Desk, jobs: Jobs, options: Options) -> int:
    package: Path = options.package
    found = jobs.when(package, gate=gate_of(desk, options))
    for line in when_lines(found, SlotTimes(found.before)):
        desk.say(line)
    return DONE if found.decision.planned else FAILED


def when_lines(found: WhatIf, times: SlotTimes) -> Iterator[str]:
    yield f"{found.name}: {decision_words(found.decision, times.slot)}"
    how = "if it goes up in that pass" if found.arrives_by_pass else "no pass is foreseen; if it goes up now"
    yield f"on board at {times.slot(found.arrives)} at the earliest, {how}"
    made = found.made.plan
    assert made is not None
    yield f"the plan would be worth {made.value:,}, without it {found.before.plan.value:,}"
    if found.displaced:
        yield f"no longer planned: {', '.join(found.displaced)}"
    yield f"by {found.before.name}, {_age(found.before)}; the spacecraft decides when it is there"


# ---------------------------------------------------------------- down


def replay_kept(desk: Desk, jobs: Jobs, options: Options) -> int:
    """The name of a record on the ground."""
    name = str(options.record)
    octets = jobs.record(name)
    return tell_replay(name, octets, desk.say)


def result(desk: Desk, jobs: Jobs, options: Options) -> int:
    board = read_public(options.key) if options.key else _board_of(desk)
    try:
        found = jobs.result(options.job, board, options.to)
    except NotReceivedError as error:
        desk.say(str(error))
        return FAILED
    return tell_result(found, options.to, desk.say)


def _board_of(desk: Desk) -> PublicKey | None:
    """Of a live run, or a ground with its keys beside it, on this computer."""
    folder = desk.craft.ask("flush")["folder"]
    path = Path(folder).parent.parent / "keys" / BOARD_PUBLIC if isinstance(folder, str) else None
    return read_public(path) if path is not None and path.is_file() else None


TASKS: Mapping[str, Callable[[Desk, Jobs, Options], int]] = {
    "tenants": tenants,
    "submit": submit,
    "list": list_jobs,
    "show": show,
    "cancel": cancel,
    "result": result,
    "when": when,
    "plan": plan,
    "replay": replay_kept,
}
