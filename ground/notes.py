"""What the ground itself decides, as it stands in the raw archive: small JSON objects, never changed once written.

A note and its time are all that the tables of commands, stages, alarms, audit and contacts are made of, so they can
be made again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from ground.commanding import CommandRecord
from ground.limits import AlarmRow
from ground.times import Point

NoteValue = str | int | float | bool | None
Note = Mapping[str, NoteValue]

COMMAND, STAGE, COUNT = "command", "stage", "count"
ALARM, AUDIT, CONTACT, DICTIONARY, TIME = "alarm", "audit", "contact", "dictionary", "time"


def to_octets(note: Note) -> bytes:
    return json.dumps(note, separators=(",", ":")).encode()


def from_octets(body: bytes) -> Note | None:
    """None for what no ground wrote."""
    try:
        note = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return note if isinstance(note, dict) and isinstance(note.get("note"), str) else None


def command_note(record: CommandRecord) -> Note:
    return {
        "note": COMMAND,
        "number": record.number,
        "label": record.label,
        "text": record.text,
        "source": record.source,
        "packet": record.packet.hex(),
        "answer_within": record.answer_within_ns,
    }


def stage_note(record: CommandRecord) -> Note:
    """Of the newest stage."""
    return {
        "note": STAGE,
        "number": record.number,
        "position": len(record.stages) - 1,
        "stage": record.stage.value,
        "reason": record.reason,
        "first_sent": record.first_sent_ns,
        "deadline": record.deadline_ns,
        "transmissions": record.transmissions,
    }


def count_note(apid: int, following: int) -> Note:
    """The sequence count that the next telecommand to an APID takes."""
    return {"note": COUNT, "apid": apid, "next": following}


def alarm_note(row: AlarmRow) -> Note:
    return {"note": ALARM, **row._asdict()}


def audit_note(who: str, what: str) -> Note:
    return {"note": AUDIT, "who": who, "what": what}


def contact_note(up: bool) -> Note:
    return {"note": CONTACT, "up": up}


def dictionary_note(dictionary_hash: int) -> Note:
    return {"note": DICTIONARY, "hash": dictionary_hash}


def time_note(point: Point) -> Note:
    return {"note": TIME, "mission": point.mission_ns, "offset": point.offset_ns}
