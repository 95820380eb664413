"""The verbs that look and change nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from flight.dictionary import to_json
from ground.fields import suggestion
from ground.job_maps import facts_map, times_of
from ground.protocol import (
    VERSION,
    Plain,
    alarm_map,
    command_map,
    event_map,
    holder_map,
    parameter_map,
    reading_map,
)
from ground.recovery import Recovery
from ground.server.ask import Ask, AskError
from ground.server.link_look import link_sections
from ground.station import RECOVERY, Ground

if TYPE_CHECKING:
    from ground.server.operations import Operations

LISTED_MAX = 10_000
GAPS_SHOWN = 200
JOBS_LISTED_MAX = 500  # half a message
PIECES_LISTED, PIECES_SHOWN = 8, 64  # runs of a job, among others and alone


class UnknownError(LookupError):
    """Nothing of that kind has been received."""


def hello(operations: Operations, ask: Ask) -> Plain:
    return {
        "version": VERSION,
        "mission": operations.dictionary.mission,
        "spacecraft_id": operations.dictionary.spacecraft_id,
        "dictionary_hash": operations.dictionary.hash,
        "dictionary_matches": operations.ground.dictionary_matches,
        **ping(operations, ask),
    }


def ping(operations: Operations, ask: Ask) -> Plain:
    return {
        "ground_ns": ask.now.ground_ns,
        "speed": operations.speed,
        "contact": operations.ground.in_contact,
        "station": operations.ground.station,
        "seat": holder_map(operations.seat.holder),
        "alarms": len(operations.ground.limits.standing()),
    }


def show_dictionary(operations: Operations, _: Ask) -> Plain:
    return {"dictionary": to_json(operations.dictionary)}


def get(operations: Operations, ask: Ask) -> Plain:
    label = ask.text("label")
    if label not in operations.dictionary.packets_by_label:
        raise AskError(f"{label}: no such packet{suggestion(label, operations.dictionary.packets_by_label)}")
    found = operations.ground.latest.get(label)
    if found is None:
        raise UnknownError(f"{label} has not been received yet")
    return {"reading": dated(operations.ground, reading_map(found))}


def newest(operations: Operations, _: Ask) -> Plain:
    """All kinds."""
    ground = operations.ground
    return {"readings": [dated(ground, reading_map(reading)) for reading in ground.latest.values()]}


def parameters(operations: Operations, ask: Ask) -> Plain:
    """As last reported; of none listed, all that were."""
    known = operations.dictionary.parameters_by_label
    reported = operations.ground.latest.parameters
    wanted = ask.texts("labels") or list(reported)
    for label in wanted:
        if label not in known:
            raise AskError(f"{label}: no such parameter{suggestion(label, known)}")
    return {"parameters": [parameter_map(reported[label]) for label in wanted if label in reported]}


def show_events(operations: Operations, ask: Ask) -> Plain:
    """The newest `limit` by time on board, from `severity` up, whose labels begin with `prefix`."""
    limit, severity = ask.whole("limit", 1, LISTED_MAX, 100), ask.whole("severity", 0, 4, 0)
    prefix = ask.text("prefix", "")
    found = [one for one in operations.events if one.severity >= severity and one.label.startswith(prefix)]
    found.sort(key=lambda one: (one.time_ns, one.record))
    return {"events": [dated(operations.ground, event_map(one)) for one in found[-limit:]]}


def dated(ground: Ground, made: Plain, key: str = "time_ns") -> Plain:
    """With the UTC of the mission time under `key`, None while nothing is known of that."""
    time_ns = made[key]
    found = ground.times.utc(time_ns) if isinstance(time_ns, int) else None
    return {**made, "utc_ns": found and found.utc_ns}


def history(operations: Operations, ask: Ask) -> Plain:
    """The newest `limit` commands, oldest first; the ground's own requests only if `all`."""
    limit, every = ask.whole("limit", 1, LISTED_MAX, 100), ask.flag("all")
    found = [one for one in operations.commands.values() if every or one.source != RECOVERY]
    return {"commands": [command_map(one) for one in found[-limit:]]}


def show_command(operations: Operations, ask: Ask) -> Plain:
    number = ask.whole("number", 0, 2**63 - 1)
    record = operations.commands.get(number)
    if record is None:
        raise UnknownError(f"no command {number} is known any more")
    return {"commands": [command_map(record)]}


def gaps(operations: Operations, _: Ask) -> Plain:
    rows = []
    for store, of in zip(operations.dictionary.stores, operations.ground.coverage, strict=True):
        found = list(of.gaps())
        rows.append(
            {
                "store": store,
                "highest": of.received.highest,
                "received": of.received.total,
                "absent": of.absent.total,
                "missing": sum(last - first + 1 for first, last in found),
                "gaps": [list(gap) for gap in found[:GAPS_SHOWN]],
            }
        )
    recovery: Recovery = operations.ground.recovery
    return {
        "stores": rows,
        "asked": [list(asked) for asked in recovery.open],
        "requests": recovery.requests,
    }


def link(operations: Operations, ask: Ask) -> Plain:
    status = operations.ground.link
    return {
        **ping(operations, ask),
        "last_received_ns": status.last_received_ns,
        "missing": status.missing,
        "asked_again": status.asked_again,
        "rates": operations.rates.per_second(),
        "sections": link_sections(operations.ground, operations.line),
    }


def alarms(operations: Operations, _: Ask) -> Plain:
    ground = operations.ground
    return {"alarms": [dated(ground, alarm_map(one), "since_ns") for one in ground.limits.standing()]}


def utc(operations: Operations, ask: Ask) -> Plain:
    """Of a moment on the mission clock; `utc_ns` is None while nothing is known."""
    found = operations.ground.times.utc(ask.whole("mission_ns", 0, 2**63 - 1))
    return {
        "utc_ns": found and found.utc_ns,
        "uncertainty_ns": found and min(found.uncertainty_ns, 2**63),
    }


def jobs(operations: Operations, ask: Ask) -> Plain:
    """The newest `limit` jobs by number, or job `number` alone with all its runs; UTC of each time in them, and now.

    What one spacecraft says of its jobs is told as it is; UnknownError for a number that was never told of.
    """
    number = ask.whole("number", 0, 2**32 - 1, 0)
    ledger, times = operations.ground.ledger, operations.ground.times
    if number:
        one = ledger.facts(number)
        if one is None:
            raise UnknownError(f"no job {number} has been told of")
        found, pieces = [one], PIECES_SHOWN
    else:
        found = ledger.all_facts()[-ask.whole("limit", 1, JOBS_LISTED_MAX, JOBS_LISTED_MAX) :]
        pieces = PIECES_LISTED
    utc = {at_ns: times.utc(at_ns) for at_ns in times_of(found)}
    return {
        "jobs": [facts_map(job, pieces) for job in found],
        "total": len(ledger),
        "mission_ns": times.mission(ask.now.ground_ns),
        "utc": [[at_ns, known.utc_ns] for at_ns, known in utc.items() if known is not None],
    }


def flush(operations: Operations, _: Ask) -> Plain:
    """Bring the archive up to date, for a program that reads it; where it is."""
    operations.ground.flush()
    archive = operations.ground.archive
    return {"folder": str(archive.folder) if archive else None}


LOOKS: Mapping[str, Callable[[Operations, Ask], Plain]] = {
    "hello": hello,
    "ping": ping,
    "dictionary": show_dictionary,
    "get": get,
    "newest": newest,
    "parameters": parameters,
    "events": show_events,
    "history": history,
    "command_state": show_command,
    "gaps": gaps,
    "link": link,
    "alarms": alarms,
    "utc": utc,
    "jobs": jobs,
    "flush": flush,
}
