"""The archive for other tools: CSV and JSON lines, and Parquet where `skyrack[parquet]` is installed.

Times are integer nanoseconds on the mission clock; choices stand by name; NaN is `NaN` in CSV and null in JSON.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from ground.decode import Columns, choice_names, column_text
from ground.query import EVER, Query

if TYPE_CHECKING:
    from flight.dictionary import PacketEntry

FIXED = ("time_ns", "record")


class ExportError(Exception):
    """An export that cannot be made; one line says why."""


def packets_to_csv(query: Query, label: str, stream: TextIO, first_ns: int = 0, last_ns: int = EVER) -> int:
    """One row for each packet, by time.  The number of rows."""
    entry = query.entry(label)
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([*FIXED, *(field.name for field in entry.fields)])
    rows = 0
    for columns in query.chunks(label, first_ns, last_ns):
        texts = [column_text(field, columns.values[field.name]) for field in entry.fields]
        writer.writerows(zip(columns.time_ns.tolist(), columns.record.tolist(), *texts, strict=True))
        rows += len(columns)
    return rows


def packets_to_json_lines(
    query: Query, label: str, stream: TextIO, first_ns: int = 0, last_ns: int = EVER
) -> int:
    """One object for each packet, by time."""
    entry = query.entry(label)
    names = [*FIXED, *(field.name for field in entry.fields)]
    rows = 0
    for columns in query.chunks(label, first_ns, last_ns):
        found = zip(*_python_columns(entry, columns), strict=True)
        stream.writelines(
            json.dumps(dict(zip(names, row, strict=True)), allow_nan=False) + "\n" for row in found
        )
        rows += len(columns)
    return rows


def _python_columns(entry: PacketEntry, columns: Columns) -> Iterator[list[Any]]:
    yield columns.time_ns.tolist()
    yield columns.record.tolist()
    for field in entry.fields:
        column = columns.values[field.name]
        if field.choices:
            yield choice_names(field, column)
        elif field.code in "fd":
            yield [value if math.isfinite(value) else None for value in column.tolist()]
        else:
            yield column.tolist()


def packets_to_parquet(query: Query, label: str, path: Path, first_ns: int = 0, last_ns: int = EVER) -> int:
    """zstd, a row group for each 50,000 packets; units in the metadata of the fields.

    ExportError if pyarrow is not installed.
    """
    try:
        pyarrow: Any = import_module("pyarrow")
        parquet: Any = import_module("pyarrow.parquet")
    except ImportError:
        raise ExportError("Parquet needs pyarrow: pip install 'skyrack[parquet]'") from None
    entry = query.entry(label)
    types = [
        _arrow_field(pyarrow, field.name, field.code, bool(field.choices), field.unit)
        for field in entry.fields
    ]
    fixed = [pyarrow.field(name, pyarrow.int64()) for name in FIXED]
    schema = pyarrow.schema([*fixed, *types])
    rows = 0
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for columns in query.chunks(label, first_ns, last_ns):
            values = [
                choice_names(field, columns.values[field.name])
                if field.choices
                else columns.values[field.name]
                for field in entry.fields
            ]
            arrays = [columns.time_ns, columns.record, *values]
            writer.write_table(pyarrow.table([pyarrow.array(a) for a in arrays], schema=schema))
            rows += len(columns)
    return rows


def _arrow_field(pyarrow: Any, name: str, code: str, named: bool, unit: str) -> Any:
    kinds = {
        "B": "uint8",
        "H": "uint16",
        "I": "uint32",
        "Q": "uint64",
        "b": "int8",
        "h": "int16",
        "i": "int32",
    }
    kinds |= {"q": "int64", "f": "float32", "d": "float64", "?": "bool_"}
    kind = pyarrow.string() if named else getattr(pyarrow, kinds[code])()
    return pyarrow.field(name, kind, metadata={"unit": unit} if unit else None)


def events_to_csv(query: Query, stream: TextIO, first_ns: int = 0, last_ns: int = EVER) -> int:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["time_ns", "record", "label", "severity", "text"])
    events = query.events(first_ns, last_ns)
    writer.writerows((e.time_ns, e.record, e.label, e.severity, e.text) for e in events)
    return len(events)


def commands_to_json_lines(query: Query, stream: TextIO) -> int:
    """With all stages and their times (ns, ground clock) and the packet in hexadecimal."""
    commands = query.commands()
    for command in commands:
        row = {
            "number": command.number,
            "text": command.text,
            "source": command.source,
            "stage": command.stage.value,
            "reason": command.reason,
            "stages": [{"stage": stage.value, "time_ns": time_ns} for stage, time_ns in command.stages],
            "transmissions": command.transmissions,
            "packet": command.packet.hex(),
        }
        stream.write(json.dumps(row) + "\n")
    return len(commands)
