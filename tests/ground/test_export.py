"""Exports: the same values in every form, and one clear line where a library is missing."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import replace

import pytest
from pyarrow import parquet

from flight.declare import Field
from flight.dictionary import dictionary_hash
from ground import export
from ground.archive import Archive
from ground.export import ExportError
from ground.query import QueryError, open_query
from ground.station import Ground

NS = 1_000_000_000


@pytest.fixture
def query(tmp_path, dictionary, craft):
    ground = Ground(dictionary, Archive(tmp_path, dictionary))
    ground.contact(True, 0)
    ground.command("power.switch", {"board": "beta", "on": "on", "seconds": 5}, 0, bypass=True)
    ground.send(0)
    packets = [
        craft.power(second * NS, volts=math.nan if second == 3 else 28.1, count=second) for second in range(5)
    ]
    ground.receive(craft.down(*packets, craft.event("executive.booted", 2 * NS, 7)), 9 * NS)
    ground.close()
    return open_query(tmp_path)


def test_csv(query):
    stream = io.StringIO()
    assert export.packets_to_csv(query, "power.status", stream, 1 * NS, 3 * NS) == 3
    rows = list(csv.reader(io.StringIO(stream.getvalue())))
    assert rows[0] == ["time_ns", "record", "charge", "volts", "board", "on", "count"]
    assert rows[1] == [str(NS), str(2 << 56 | 1), "0.9", "28.1", "beta", "on", "1"]
    assert rows[3][3] == "NaN"


def test_json_lines(query):
    stream = io.StringIO()
    assert export.packets_to_json_lines(query, "power.status", stream) == 5
    rows = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert rows[1] == {
        "time_ns": NS,
        "record": 2 << 56 | 1,
        "charge": pytest.approx(0.9),
        "volts": pytest.approx(28.1),
        "board": "beta",
        "on": True,
        "count": 1,
    }
    assert rows[3]["volts"] is None


def test_parquet(query, tmp_path):
    path = tmp_path / "power.parquet"
    assert export.packets_to_parquet(query, "power.status", path) == 5
    table = parquet.read_table(path)
    assert table.column_names == ["time_ns", "record", "charge", "volts", "board", "on", "count"]
    assert table.schema.field("volts").metadata == {b"unit": b"V"}
    rows = table.to_pylist()
    assert len(rows) == 5
    assert [row["time_ns"] for row in rows] == [second * NS for second in range(5)]
    assert rows[1]["volts"] == pytest.approx(28.1)
    assert (rows[1]["time_ns"], rows[1]["board"], rows[1]["on"], rows[1]["count"]) == (NS, "beta", True, 1)
    assert math.isnan(rows[3]["volts"])


def test_every_type_has_its_parquet_type(tmp_path, dictionary):
    fields = tuple(Field(f"f_{index}", code) for index, code in enumerate("BHIQbhiq?fd"))
    entry = replace(dictionary.packets[1], fields=fields)
    wide = replace(dictionary, packets=(entry,))
    wide = replace(wide, hash=dictionary_hash(wide))
    Archive(tmp_path / "a", wide).close()
    query = Archive(tmp_path / "a", wide).query
    assert export.packets_to_parquet(query, "power.status", tmp_path / "x.parquet") == 0
    kinds = [str(kind) for kind in parquet.read_schema(tmp_path / "x.parquet").types[2:]]
    whole = ["uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"]
    assert kinds == [*whole, "bool", "float", "double"]


def test_without_pyarrow(query, tmp_path, monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(export, "import_module", missing)
    with pytest.raises(ExportError, match=r"Parquet needs pyarrow: pip install 'skyrack\[parquet\]'"):
        export.packets_to_parquet(query, "power.status", tmp_path / "x.parquet")
    assert not (tmp_path / "x.parquet").exists()


def test_an_unknown_packet(query):
    with pytest.raises(QueryError, match="no such packet"):
        export.packets_to_csv(query, "power.nothing", io.StringIO())


def test_events_and_commands(query):
    stream = io.StringIO()
    assert export.events_to_csv(query, stream) == 1
    assert stream.getvalue().splitlines()[1].split(",")[2:] == ["executive.booted", "3", "boot 7"]
    stream = io.StringIO()
    assert export.commands_to_json_lines(query, stream) == 1
    row = json.loads(stream.getvalue())
    assert row["text"] == "power.switch board=beta on=on seconds=5"
    assert [stage["stage"] for stage in row["stages"]] == ["queued", "sent"]
