"""All commands of the mission, and what is wrong with a call of one."""

from __future__ import annotations

import struct
from collections.abc import Sequence

from flight.declare import Checked, Complaint, DeclarationError, Mode
from flight.dictionary import CommandEntry, Dictionary, pack_arguments, unpack_arguments
from flight.wire import Failure

NUMBER = struct.Struct(">H")


class FunctionCatalog:
    """Checks TC[8,1] data against the dictionary: function, length, types, ranges, mode."""

    def __init__(self, dictionary: Dictionary) -> None:
        self.entries = dictionary.commands_by_number
        self.labels = dictionary.commands_by_label
        self.apids = dictionary.apids

    def check(self, data: bytes, mode: int) -> Checked | Complaint:
        if len(data) < NUMBER.size:
            return Complaint(Failure.BAD_LENGTH, "no function number")
        (number,) = NUMBER.unpack_from(data)
        entry = self.entries.get(number)
        if entry is None:
            return Complaint(Failure.UNKNOWN_FUNCTION, f"function {number}")
        values = unpack_arguments(entry.fields, data[NUMBER.size :])
        if values is None:
            return Complaint(
                Failure.BAD_LENGTH, f"{entry.label}: {len(data) - NUMBER.size} octets of arguments"
            )
        wrong = _first_wrong(entry, values)
        if wrong:
            return Complaint(Failure.ARGUMENT_RANGE, wrong)
        if not entry.modes >> mode & 1:
            return Complaint(Failure.WRONG_MODE, f"{entry.label} is not allowed in {Mode(mode).name}")
        return Checked(number, entry.label, entry.hazardous, values)

    def pack(self, label: str, arguments: Sequence[object]) -> tuple[int, bytes]:
        entry = self.labels.get(label)
        if entry is None or len(arguments) != len(entry.fields):
            raise DeclarationError(f"{label}{tuple(arguments)}: no such command")
        wrong = _first_wrong(entry, tuple(arguments))
        if wrong:
            raise DeclarationError(f"{label}: {wrong}")
        return self.apids[entry.module], NUMBER.pack(entry.number) + pack_arguments(entry.fields, arguments)


def _first_wrong(entry: CommandEntry, values: tuple[object, ...]) -> str | None:
    for field, value in zip(entry.fields, values, strict=True):
        wrong = field.complaint(value)
        if wrong:
            return wrong
    return None
