"""What the ground reads: archives, dictionaries, reports, messages of its clients, and the words of people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from zlib import crc32

import cbor2

from flight.dictionary import (
    DictionaryError,
    IdsError,
    exchange,
    from_json,
    ids,
    read_lock,
    to_json,
)
from flight.dictionary import unpack_arguments as unpack
from flight.wire.line_address import LineAddressError, parse_line_address
from ground import audit, fields, notes, protocol, replay, segments
from ground.archive import Archive
from ground.decode import (
    decode_many,
    event_entry,
    event_text,
    event_values,
    parameter_values,
    schedule_entries,
)
from ground.fields import NotAValueError, parse_value
from ground.protocol import ProtocolError, UsageError
from ground.shell import parser
from ground.station import Ground
from tests.fuzz.engine import Target
from tests.fuzz.link_targets import behind_lengths, with_lengths
from tests.ground.conftest import NS, Craft, make_dictionary, run_a_day

DICTIONARY = make_dictionary()


# ---------------------------------------------------------------- dictionaries


def dictionaries(data: bytes) -> None:
    """As they come; and ours with values changed, each by three octets: which one (two octets), into what."""
    with suppress(DictionaryError):
        from_json(data.decode("latin-1"))
    whole = json.loads(small_json())
    for at in range(0, min(len(data), 30) - 2, 3):
        places = list(_places(whole))
        if not places:
            break
        inside, key = places[int.from_bytes(data[at : at + 2], "big") % len(places)]
        inside[key] = deepcopy(STRANGE[data[at + 2] % len(STRANGE)])
    with suppress(DictionaryError):
        from_json(json.dumps(whole))


STRANGE: tuple[object, ...] = (
    None,
    True,
    0,
    -1,
    1 << 80,
    1.5,
    float("nan"),
    float("inf"),
    "",
    "B",
    "*",
    "\ud800",
    [],
    [1],
    [[]],
    {},
    {"a": 1},
    [None],
)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place where a value stands."""
    for key in list(value) if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from _places(value[key])


@cache
def small_json() -> str:
    whole = json.loads(to_json(DICTIONARY))
    for name in ("packets", "events", "commands", "parameters"):
        whole[name] = whole[name][:1]
    return json.dumps(whole, separators=(",", ":"))


def locks(data: bytes) -> None:
    with suppress(IdsError):
        read_lock(data.decode("latin-1"))


def lock_seeds() -> list[bytes]:
    return [
        b"\n".join(
            (Path(__file__).parents[2] / "flight/missions/pathfinder/ids.lock").read_bytes().split(b"\n")[:12]
        )
    ]


# ---------------------------------------------------------------- reports


def reports(data: bytes) -> None:
    parameter_values(DICTIONARY, data)
    schedule_entries(data)
    notes.from_octets(data)
    entry = event_entry(DICTIONARY, data)
    if entry is not None:
        values = event_values(entry, data)
        if values is not None:
            assert isinstance(event_text(entry, values), str)
    for packet in DICTIONARY.packets:
        decode_many(packet, [data])
    for command in DICTIONARY.commands:
        unpack(command.fields, data)


def report_seeds() -> list[bytes]:
    parameter = DICTIONARY.parameters[0]
    one = parameter.number.to_bytes(2, "big") + bytes(parameter.field.size)
    return [
        b"\0\1" + one,
        b"\0\2" + one * 2,
        b"\1" + bytes(11),
        b"\0\2" + bytes(9),
        b'{"note":"contact","up":true}',
    ]


# ---------------------------------------------------------------- archives


@cache
def folder() -> Path:
    """In memory where there is such a place: the disk's own time is no matter of ours."""
    return Path(mkdtemp(dir="/dev/shm" if Path("/dev/shm").is_dir() else None))


def rebuilt(data: bytes) -> None:
    """An archive whose one segment file is these octets; and records of any content with good checks."""
    records = b"".join(_record(piece[0], piece[1:]) for piece in behind_lengths(data) if piece)
    for octets in (data, records) if records else (data,):
        for old in sorted(folder().rglob("*"), reverse=True):
            old.rmdir() if old.is_dir() else old.unlink()
        (folder() / "segments").mkdir()
        (folder() / "segments" / f"{1:08d}{segments.SUFFIX}").write_bytes(octets)
        Archive(folder(), DICTIONARY).close()  # no index is there: all tables are made of the segments


def _record(kind: int, body: bytes) -> bytes:
    head = segments._head.pack(segments.MAGIC, kind % 6, kind >> 4, len(body), 10**9)
    return head + segments._crc.pack(crc32(body, crc32(head))) + body


@cache
def archive_seeds() -> list[bytes]:
    made = Path(mkdtemp())
    ground = Ground(DICTIONARY, Archive(made, DICTIONARY))
    craft = Craft(DICTIONARY)
    run_a_day(ground, craft, passes=1)
    ground.close()
    octets = next((made / "segments").iterdir()).read_bytes()
    found = list(segments.SegmentReader(made / "segments").records())
    told = [bytes([one.kind]) + one.body for one in found if len(one.body) < 255]
    kinds = {(one[0], one[1:20]): one for one in told}
    return [
        octets[:3000],
        with_lengths(list(kinds.values())[:12]),
        *(with_lengths([one]) for one in list(kinds.values())[:5]),
    ]


def audit_lines(data: bytes) -> None:
    path = folder().with_suffix(".audit")
    path.write_bytes(data)
    list(audit.read(path))
    audit.verify(path)


def audit_seeds() -> list[bytes]:
    path = Path(mkdtemp()) / "audit.log"
    log = audit.AuditLog(path, DICTIONARY.hash)
    for number in range(3):
        log.append("anna", "here", "command", "power.fire", number * NS, number)
    log.close()
    return [path.read_bytes()]


# ---------------------------------------------------------------- clients and people


def client_messages(data: bytes) -> None:
    try:
        found: object = protocol.decode(data)
    except ProtocolError:
        return
    for read in (
        protocol.command_state,
        protocol.reading,
        protocol.event,
        protocol.parameter,
        protocol.alarm,
        protocol.holder,
    ):
        with suppress(ProtocolError):
            read(found)


def message_seeds() -> list[bytes]:
    maps = [
        {
            "number": 1,
            "label": "a",
            "text": "b",
            "source": "c",
            "stage": "queued",
            "reason": "",
            "stages": [["sent", 3]],
            "deadline_ns": 4,
            "transmissions": 1,
            "packet": b"x",
        },
        {"label": "a", "time_ns": 1, "received_ns": 2, "record": 3, "values": [1, 2.5, True]},
        {"time_ns": 1, "received_ns": 2, "record": 3, "label": "a", "severity": 1, "text": "b"},
        {"ask": "get", "words": ["a", "b"]},
    ]
    return [cbor2.dumps(one) for one in maps]


def typed_words(data: bytes) -> None:
    """A line at the prompt: its words as verbs, as arguments of each command, as an address."""
    line = data.decode("latin-1")
    words = line.split()
    for command in DICTIONARY.commands:
        names = [field.name for field in command.fields]
        with suppress(UsageError):
            given = parser.assignments(words, names, command.label)
            for field in command.fields:
                if field.name in given:
                    with suppress(NotAValueError):
                        parse_value(field, given[field.name])
    with suppress(UsageError, SystemExit):
        parser.verbs_parser("").parse_args(words)
    with suppress(LineAddressError):
        parse_line_address(line)


def word_seeds() -> list[bytes]:
    return [
        b"tcp:localhost:5000",
        b"board=alpha on=on seconds=5",
        b"1 on 0x10",
        b"events --limit 5",
        b"get power.status",
        b"part=00ff",
        b"events --severity high",
        b"events --severity 2 --limit 5",
    ]


TARGETS = (
    Target(
        "dictionary exchange",
        dictionaries,
        lambda: [small_json().encode()],
        (exchange.from_json, exchange._dictionary, exchange._entry, exchange._field),
        3000,
        parts=(b'"fields"', b"null", b"[", b"{}", b"1e999", b'""'),
    ),
    Target("ids.lock", locks, lock_seeds, (ids.read_lock,), parts=(b"retired ", b"command ", b" = ", b"\n")),
    Target(
        "reports on the ground",
        reports,
        report_seeds,
        (
            parameter_values,
            schedule_entries,
            notes.from_octets,
            event_entry,
            event_values,
            event_text,
            decode_many,
        ),
    ),
    Target(
        "archive rebuild",
        rebuilt,
        archive_seeds,
        (segments.SegmentReader, segments.record_at, replay.Replay, replay.note_absences),
        parts=(b"\x5c\x7a", b'"note"'),
        shapes=2,
    ),
    Target(
        "audit log",
        audit_lines,
        audit_seeds,
        (audit.read, audit._parse, audit._line, audit.verify),
        parts=(b'"hash"', b"\n", b'{"number":1}'),
    ),
    Target(
        "messages of clients",
        client_messages,
        message_seeds,
        (
            protocol.decode,
            protocol.command_state,
            protocol.reading,
            protocol.event,
            protocol.alarm,
            protocol.holder,
            protocol.built,
            protocol.taken,
            protocol._named,
        ),
    ),
    Target(
        "words at the prompt",
        typed_words,
        word_seeds,
        (parser.assignments, parse_value, fields, parse_line_address, parser.count, parser.severity),
        600,
    ),
)
