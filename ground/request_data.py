"""Standard requests: what they are called here, who serves them, and their octets."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from flight.dictionary import Dictionary
from flight.wire import Rejection, decode_tc
from flight.wire.timed import Timed, pack_timed
from ground.commanding import CommandError
from ground.fields import NotAValueError, parse_value, suggestion

# The module that serves each service in our missions; another mission's request goes to `commands` or its first.
SERVERS: Mapping[int, str] = {
    3: "housekeeping",
    5: "events",
    11: "schedule",
    12: "faults",
    15: "downlink",
    17: "commands",
    19: "event_actions",
    20: "parameters",
}
PART_BYTES = 800  # of a sequence in one telecommand: a frame holds 1017 octets
SEQUENCE_BYTES_MAX = 4096
COUNT_MAX = 255  # of timed telecommands in one list
NUMBERS_MAX = 400

Entry = TypeVar("Entry")


class Step(NamedTuple):
    """One command of a stored sequence, `delay_ns` after the one before."""

    delay_ns: int
    label: str
    arguments: Mapping[str, object] = {}


def served_by(dictionary: Dictionary, service: int) -> int:
    """The APID that a standard request goes to."""
    name = SERVERS.get(service, "commands")
    apids = dictionary.apids
    return apids.get(name, apids.get("commands", dictionary.modules[0][1]))


def numbers_data(numbers: Sequence[int]) -> bytes:
    """A count u16 and that many u16."""
    if len(numbers) > NUMBERS_MAX:
        raise CommandError(f"{NUMBERS_MAX} at once, not {len(numbers)}")
    return struct.pack(f">H{len(numbers)}H", len(numbers), *numbers)


def numbers_of(
    labels: Sequence[str], known: Mapping[str, Entry], number: Callable[[Entry], int], kind: str
) -> list[int]:
    """CommandError, with near names, for one that does not exist."""
    found = []
    for label in labels:
        entry = known.get(label)
        if entry is None:
            raise CommandError(f"{label}: no such {kind}{suggestion(label, known)}")
        found.append(number(entry))
    return found


def changes_data(dictionary: Dictionary, values: Mapping[str, object]) -> bytes:
    """The data of TC[20,3]: a count u16, then number u16 and value each."""
    parts = []
    for label, given in values.items():
        entry = dictionary.parameters_by_label.get(label)
        if entry is None:
            raise CommandError(
                f"{label}: no such parameter{suggestion(label, dictionary.parameters_by_label)}"
            )
        try:
            value = parse_value(entry.field, given)
        except NotAValueError as error:
            raise CommandError(f"{label}: {error}") from None
        parts.append(struct.pack(">H" + entry.field.code, entry.number, value))
    if not parts:
        raise CommandError("no parameter to set")
    return struct.pack(">H", len(parts)) + b"".join(parts)


def timed_data(entries: Sequence[Timed]) -> bytes:
    """A count u8, then CUC 4+3 and a telecommand packet each."""
    if not 1 <= len(entries) <= COUNT_MAX:
        raise CommandError(f"1 to {COUNT_MAX} telecommands in a list, not {len(entries)}")
    assert not any(isinstance(decode_tc(entry.packet), Rejection) for entry in entries)
    return pack_timed(entries)


def sequence_parts(body: bytes) -> list[tuple[int, bytes]]:
    """(offset, part) as `sequences.load` takes them."""
    if len(body) > SEQUENCE_BYTES_MAX:
        raise CommandError(f"a sequence has at most {SEQUENCE_BYTES_MAX} octets, not {len(body)}")
    return [(at, body[at : at + PART_BYTES]) for at in range(0, len(body), PART_BYTES)]
