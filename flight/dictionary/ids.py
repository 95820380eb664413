"""`ids.lock`: the numbers a mission has given away.  Committed, never reused, checked by `make check`.

One line a thing: `packet power.status = 3 1a2b3c4d`, where the last word is the hash of its layout.  A thing that is
gone stays as `retired`, so that its number can never mean something else in an old recording.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

KINDS = ("module", "packet", "event", "command", "parameter")
FIRST = {
    "module": 16,
    "packet": 1,
    "event": 1,
    "command": 1,
    "parameter": 1,
}  # APIDs below 16 are left to the platform
LAST = {
    "module": 0x7EF,
    "packet": 0xFFFF,
    "event": 0xFFFF,
    "command": 0xFFFF,
    "parameter": 0xFFFF,
}  # 0x7F0 up are reserved
LINE = re.compile(r"(retired )?(module|packet|event|command|parameter) ([\w.]+) = (\d+) ([0-9a-f]{8})")
HEADER = "# Numbers on the wire.  Written by `skyrack-flight ids`; a number is never reused."


class IdsError(ValueError):
    """The lock file cannot be read, or does not fit the declarations."""


@dataclass(frozen=True, slots=True)
class Locked:
    number: int
    layout: str
    retired: bool = False


Lock = dict[tuple[str, str], Locked]


def read_lock(text: str, name: str = "ids.lock") -> Lock:
    lock: Lock = {}
    taken: set[tuple[str, int]] = set()
    for count, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = LINE.fullmatch(line.strip())
        if not match:
            raise IdsError(
                f"{name}:{count}: expected `[retired] kind label = number layout`, found {line.strip()!r}"
            )
        retired, kind, label, number, layout = match.groups()
        if (kind, label) in lock or (kind, int(number)) in taken:
            raise IdsError(f"{name}:{count}: {kind} {label} = {number} is given twice")
        taken.add((kind, int(number)))
        lock[kind, label] = Locked(int(number), layout, bool(retired))
    return lock


def write_lock(lock: Lock) -> str:
    ordered = sorted(lock.items(), key=lambda item: (KINDS.index(item[0][0]), item[1].number))
    lines = [
        f"{'retired ' if x.retired else ''}{kind} {label} = {x.number} {x.layout}"
        for (kind, label), x in ordered
    ]
    return "\n".join([HEADER, *lines]) + "\n"


def differences(lock: Lock, wanted: Mapping[tuple[str, str], str]) -> list[str]:
    """What stands in the way of flying `wanted` (kind, label -> layout hash) with this lock: one line each."""
    found = []
    for (kind, label), layout in wanted.items():
        entry = lock.get((kind, label))
        if entry is None:
            found.append(f"{kind} {label} has no number yet")
        elif entry.retired:
            found.append(f"{kind} {label} is retired and may not come back under the same name")
        elif entry.layout != layout:
            found.append(
                f"{kind} {label} changed its layout ({entry.layout} to {layout}) and needs a new name or a new lock"
            )
    gone = [key for key, entry in lock.items() if not entry.retired and key not in wanted]
    return found + [f"{kind} {label} is gone and must be retired" for kind, label in gone]


def update(lock: Lock, wanted: Mapping[tuple[str, str], str]) -> Lock:
    """The lock with new things numbered, changed ones re-hashed and gone ones retired."""
    new = dict(lock)
    for key, entry in lock.items():
        if key not in wanted:
            new[key] = Locked(entry.number, entry.layout, retired=True)
    for key, layout in wanted.items():
        kind, label = key
        if key in lock and lock[key].retired:
            raise IdsError(f"{kind} {label} is retired and may not come back under the same name")
        number = lock[key].number if key in lock else next_number(new, kind)
        new[key] = Locked(number, layout)
    return new


def next_number(lock: Lock, kind: str) -> int:
    number = max([FIRST[kind] - 1, *(entry.number for (k, _), entry in lock.items() if k == kind)]) + 1
    if number > LAST[kind]:
        raise IdsError(f"no number left for another {kind}: {LAST[kind]} is the last")
    return number


def labels(keys: Iterable[tuple[str, str]], kind: str) -> list[str]:
    return [label for k, label in keys if k == kind]
