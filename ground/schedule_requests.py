"""What an operator asks of the schedule on board (service 11), and what becomes of the commands that wait in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from flight.wire.scheduling import (
    OFFSET_LIMIT_NS,
    REQUESTS_MAX,
    Window,
    pack_offset,
    pack_requests,
    pack_window,
)
from flight.wire.timed import Timed
from ground.commanding import CommandError, CommandRecord, Stage
from ground.request_data import timed_data
from ground.sender import Asking, Sender

NS = 1_000_000_000
SERVICE = 11
REPORTS_WITHIN_NS = 12 * 3600 * NS  # after a release: several passes


class Change(NamedTuple):
    """What a request does to the commands that it means: a shift by so much, or None for a deletion."""

    requests: tuple[int, ...]
    window: Window
    offset_ns: int | None


class ScheduleRequests(Asking):
    """Each returns the record of the telecommand that was queued; CommandError, and nothing sent, if it cannot be."""

    def __init__(self, sender: Sender) -> None:
        super().__init__(sender)
        self._riders: dict[int, list[CommandRecord]] = {}  # insert's number -> commands that ride in it
        self._releases: dict[int, int] = {}  # request id -> mission ns, of riders
        self._changes: dict[int, Change] = {}  # by the number of the request that asks for it

    def schedule(
        self,
        label: str,
        arguments: Mapping[str, object],
        release_ns: int,
        now_ns: int,
        source: str = "operator",
    ) -> tuple[CommandRecord, CommandRecord]:
        """(the insertion, the command that rides in it).  `release_ns` on the mission clock."""
        packet, text = self._packet(label, arguments)
        data = timed_data([Timed(release_ns, packet)])
        insert = self._ask(SERVICE, 4, data, now_ns, f"schedule {release_ns / NS:g} {text}", source)
        rider = self._sender.uplink.new_record(packet, label, text, source, insert.answer_within_ns)
        release = self._sender.times.utc(release_ns)
        awaited_ns = max(now_ns, release.utc_ns if release else now_ns) + REPORTS_WITHIN_NS
        self._sender.uplink.follow_scheduled(rider, awaited_ns, now_ns)
        self._riders[insert.number] = [rider]
        self._releases = {
            request: at for request, at in self._releases.items() if self._waiting(request) is not None
        }
        self._releases[rider.request_id] = release_ns
        return insert, rider

    def enable_schedule(self, on: bool, now_ns: int, source: str = "operator") -> CommandRecord:
        """Let what is scheduled be released, or hold it all back."""
        subtype, word = (1, "on") if on else (2, "off")
        return self._ask(SERVICE, subtype, b"", now_ns, f"schedule {word}", source)

    def reset_schedule(self, now_ns: int, source: str = "operator") -> CommandRecord:
        """Delete everything."""
        record = self._ask(SERVICE, 3, b"", now_ns, "schedule reset", source)
        self._changes[record.number] = Change((), Window(), None)
        return record

    def delete_scheduled(
        self, request_ids: Sequence[int], now_ns: int, source: str = "operator"
    ) -> CommandRecord:
        text = " ".join(["unschedule", *(f"{one:#010x}" for one in request_ids)])
        record = self._ask(SERVICE, 5, _requests_data(request_ids), now_ns, text, source)
        self._changes[record.number] = Change(tuple(request_ids), Window(), None)
        return record

    def delete_window(self, window: Window, now_ns: int, source: str = "operator") -> CommandRecord:
        data, words = _window_data(window), window_words(window)
        record = self._ask(SERVICE, 6, data, now_ns, f"unschedule {words}", source)
        self._changes[record.number] = Change((), window, None)
        return record

    def shift_scheduled(
        self,
        offset_ns: int,
        now_ns: int,
        *,
        requests: Sequence[int] = (),
        window: Window = Window(),  # noqa: B008  (a constant)
        source: str = "operator",
    ) -> CommandRecord:
        """Those of these request ids; of none, those released in `window`."""
        if abs(offset_ns) >= OFFSET_LIMIT_NS or not offset_ns:
            raise CommandError(f"a shift by {offset_ns / NS:g} s: expected less than 68 years, and not 0")
        if requests:
            subtype, data = 7, _requests_data(requests)
            words = " ".join(f"{one:#010x}" for one in requests)
        elif window == Window():
            subtype, data, words = 15, b"", "all"
        else:
            subtype, data, words = 8, _window_data(window), window_words(window)
        text = f"shift {offset_ns / NS:+g} {words}"
        record = self._ask(SERVICE, subtype, pack_offset(offset_ns) + data, now_ns, text, source)
        self._changes[record.number] = Change(tuple(requests), window, offset_ns)
        return record

    def list_scheduled(self, now_ns: int, source: str = "operator", *, detail: bool = False) -> CommandRecord:
        """Times and request ids; in detail, the commands themselves too."""
        subtype, words = (16, "scheduled in detail") if detail else (17, "scheduled")
        return self._ask(SERVICE, subtype, b"", now_ns, words, source)

    # ---------------------------------------------------------------- what becomes of riders

    def ended(self, record: CommandRecord, now_ns: int) -> None:
        """An insertion that was refused ends its riders, and so does a deletion that was done."""
        uplink = self._sender.uplink
        riders = self._riders.pop(record.number, [])
        if record.stage in (Stage.REFUSED, Stage.FAILED):
            for rider in riders:
                uplink.end_scheduled(rider, now_ns, "not taken into the schedule")
        change = self._changes.pop(record.number, None)
        if change is None or record.stage is not Stage.COMPLETED:
            return
        for request in self._meant(change):
            found = uplink.by_request.get(request)
            if found is not None and change.offset_ns is None:
                uplink.end_scheduled(found, now_ns, "deleted from the schedule")
            elif found is not None and request in self._releases:
                self._releases[request] += change.offset_ns or 0
                found.deadline_ns += change.offset_ns or 0

    def _meant(self, change: Change) -> list[int]:
        if change.requests:
            return list(change.requests)
        return [
            request
            for request, at in self._releases.items()
            if change.window.holds(at) and self._waiting(request) is not None
        ]

    def _waiting(self, request: int) -> CommandRecord | None:
        found = self._sender.uplink.by_request.get(request)
        return found if found is not None and found.stage is Stage.SCHEDULED else None


def _requests_data(request_ids: Sequence[int]) -> bytes:
    if not 1 <= len(request_ids) <= REQUESTS_MAX:
        raise CommandError(f"1 to {REQUESTS_MAX} request ids, not {len(request_ids)}")
    return pack_requests(request_ids)


def _window_data(window: Window) -> bytes:
    if window.first is not None and window.last is not None and window.first > window.last:
        raise CommandError("the time window ends before it begins")
    return pack_window(window)


def window_words(window: Window) -> str:
    words = [f"{word} {at / NS:g}" for word, at in zip(("from", "to"), window, strict=True) if at is not None]
    return " ".join(words) or "all"
