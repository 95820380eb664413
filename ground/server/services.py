"""The verbs of the services that keep something on board: schedule, monitored rows, event actions, packet stores."""

from __future__ import annotations

from collections.abc import Callable

from flight.wire.scheduling import Window
from ground.commanding import CommandError, CommandRecord
from ground.fields import suggestion
from ground.server.ask import Ask
from ground.station import Ground

TIME_LIMIT_NS = 2**63 - 1
REQUEST_LIMIT = 2**32 - 1


def schedule_command(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """`label`, `arguments`; released at `mission_ns`, or at `utc_ns` of the ground's clock."""
    release = ask.whole("mission_ns", -1, TIME_LIMIT_NS, -1)
    if release < 0:
        found = ground.times.mission(ask.whole("utc_ns", 0, TIME_LIMIT_NS))
        if found is None:
            raise CommandError("the spacecraft's clock is not known yet: give the mission time, as T+SECONDS")
        release = found
    label, arguments = ask.text("label"), ask.values("arguments")
    insert, rider = ground.requests.schedule(label, arguments, release, ask.now.ground_ns, ask.who)
    return [rider, insert]


def schedule(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """`what`: list, detail, on, off, reset, delete or shift; by `requests`, or by mission times `first` and `last`."""
    requests, now, who = ground.requests, ask.now.ground_ns, ask.who
    what = ask.text("what")
    named = [_request(text) for text in ask.texts("requests")]
    window = Window(_time(ask, "first"), _time(ask, "last"))
    does: dict[str, Callable[[], CommandRecord]] = {
        "list": lambda: requests.list_scheduled(now, who),
        "detail": lambda: requests.list_scheduled(now, who, detail=True),
        "on": lambda: requests.enable_schedule(True, now, who),
        "off": lambda: requests.enable_schedule(False, now, who),
        "reset": lambda: requests.reset_schedule(now, who),
        "shift": lambda: requests.shift_scheduled(
            ask.whole("offset_ns", -TIME_LIMIT_NS, TIME_LIMIT_NS),
            now,
            requests=named,
            window=window,
            source=who,
        ),
    }
    does["delete"] = (
        (lambda: requests.delete_scheduled(named, now, who))
        if named
        else (lambda: requests.delete_window(window, now, who))
    )
    return [_chosen(does, what)()]


def monitor(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """`what`: list, tripped, show, on, off, suspend or resume; `rows` of the fault table."""
    requests, now, who = ground.requests, ask.now.ground_ns, ask.who
    rows = ask.texts("rows")
    does: dict[str, Callable[[], CommandRecord]] = {
        "list": lambda: requests.list_rows(now, who),
        "tripped": lambda: requests.list_out_of_limits(now, who),
        "show": lambda: requests.report_rows(rows, now, who),
        "on": lambda: requests.enable_rows(rows, True, now, who),
        "off": lambda: requests.enable_rows(rows, False, now, who),
        "suspend": lambda: requests.enable_monitoring(False, now, who),
        "resume": lambda: requests.enable_monitoring(True, now, who),
    }
    return [_chosen(does, ask.text("what"))()]


def action(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """`what`: list, add, on, off, delete, delete-all, suspend or resume; `events` by label."""
    requests, now, who = ground.requests, ask.now.ground_ns, ask.who
    events = ask.texts("events")
    does: dict[str, Callable[[], CommandRecord]] = {
        "list": lambda: requests.list_actions(now, who, events=events),
        "add": lambda: requests.add_action(
            ask.text("event"), ask.text("label"), ask.values("arguments"), now, who
        ),
        "on": lambda: requests.enable_actions(events, True, now, who),
        "off": lambda: requests.enable_actions(events, False, now, who),
        "delete": lambda: requests.delete_actions(events, now, who),
        "delete-all": lambda: requests.delete_all_actions(now, who),
        "suspend": lambda: requests.enable_action_function(False, now, who),
        "resume": lambda: requests.enable_action_function(True, now, who),
    }
    return [_chosen(does, ask.text("what"))()]


def store(ground: Ground, ask: Ask) -> list[CommandRecord]:
    """`what`: list, show, on, off, suspend, resume, abort or delete; `stores` by name; delete up to `until_ns`."""
    requests, now, who = ground.requests, ask.now.ground_ns, ask.who
    stores = ask.texts("stores")
    does: dict[str, Callable[[], CommandRecord]] = {
        "list": lambda: requests.list_stores(now, who),
        "show": lambda: requests.show_stores(stores, now, who),
        "on": lambda: requests.enable_storage(stores, True, now, who),
        "off": lambda: requests.enable_storage(stores, False, now, who),
        "suspend": lambda: requests.suspend_playback(stores, True, now, who),
        "resume": lambda: requests.suspend_playback(stores, False, now, who),
        "abort": lambda: requests.abort_retrieval(stores, now, who),
        "delete": lambda: requests.delete_records(stores, ask.whole("until_ns", 0, TIME_LIMIT_NS), now, who),
    }
    return [_chosen(does, ask.text("what"))()]


def _chosen(does: dict[str, Callable[[], CommandRecord]], what: str) -> Callable[[], CommandRecord]:
    if what not in does:
        known = suggestion(what, does) or f", expected {', '.join(does)}"
        raise CommandError(f"{what!r} is unknown{known}")
    return does[what]


def _time(ask: Ask, name: str) -> int | None:
    found = ask.whole(name, -1, TIME_LIMIT_NS, -1)
    return None if found < 0 else found


def _request(text: str) -> int:
    """A request id as lists show it, `0x1803c012`."""
    try:
        number = int(text, 0)
    except ValueError:
        number = -1
    if not 0 <= number <= REQUEST_LIMIT:
        raise CommandError(f"{text!r}: expected a request id, as `schedule list` shows them")
    return number
