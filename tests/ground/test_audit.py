"""The audit log: nothing in it can be changed, dropped or put in without being seen."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ground.audit import BEGINNING, AuditError, AuditLine, AuditLog, read, verify

LINES = 5


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "audit.jsonl"
    log = AuditLog(path, 0xBEEF)
    for number in range(LINES):
        log.append(
            "anna", "10.0.0.1 desk:7", "command", f"{number} power.switch on=off", 1000 + number, 50 + number
        )
    log.close()
    return path


def test_every_line_says_who_what_when_where_and_with_which_dictionary(path):
    lines = list(read(path))
    assert [line.number for line in lines] == [1, 2, 3, 4, 5]
    first = lines[0]
    assert (first.who, first.where, first.did, first.what) == (
        "anna",
        "10.0.0.1 desk:7",
        "command",
        "0 power.switch on=off",
    )
    assert (first.utc_ns, first.ground_ns, first.dictionary, first.previous) == (
        1000,
        50,
        "0000beef",
        BEGINNING,
    )
    assert lines[1].previous == first.digest
    found = verify(path)
    assert (found.lines, found.head, found.problems) == (5, lines[-1].digest, ())


def test_goes_on_where_it_ended(path):
    log = AuditLog(path, 0xBEEF)
    assert log.number == LINES
    log.append("ben", "", "take", "", 1, 2)
    log.close()
    assert verify(path).lines == LINES + 1
    assert verify(path).problems == ()


@given(
    st.integers(0, LINES - 1),
    st.sampled_from(["who", "what", "utc_ns", "dictionary", "number"]),
    st.booleans(),
)
def test_a_changed_line_is_seen_even_with_a_new_hash(place, key, rehash):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.jsonl"
        log = AuditLog(path, 1)
        for number in range(LINES):
            log.append("anna", "", "command", str(number), number, number)
        log.close()
        expected = (log.number, log.head)
        lines = path.read_text().splitlines()
        row = json.loads(lines[place])
        row[key] = row[key] + 1 if isinstance(row[key], int) else row[key] + "x"
        if rehash:
            row.pop("hash")
            row["hash"] = AuditLine(**row).digest
        lines[place] = json.dumps(row, separators=(",", ":"))
        path.write_text("\n".join(lines) + "\n")
        assert verify(path, expected).problems
        if not rehash or place < LINES - 1 or key == "number":
            assert verify(path).problems


@pytest.mark.parametrize("place", range(LINES - 1))
def test_a_line_taken_out_is_seen(path, place):
    lines = path.read_text().splitlines()
    del lines[place]
    path.write_text("\n".join(lines) + "\n")
    assert verify(path).problems == (f"line {place + 1}: entry {place + 2} follows entry {place}",)


def test_a_line_put_in_twice_is_seen(path):
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines, lines[-1]]) + "\n")
    assert verify(path).problems == ("line 6: entry 5 follows entry 5",)


def test_a_log_made_anew_is_seen_by_the_head_that_the_archive_keeps(path, tmp_path):
    found = verify(path)
    other = AuditLog(tmp_path / "other.jsonl", 0xBEEF)
    for number in range(LINES + 2):
        other.append("anna", "", "command", f"{number} nothing", 1, 1)
    other.close()
    assert verify(tmp_path / "other.jsonl").problems == ()
    assert verify(tmp_path / "other.jsonl", (found.lines, found.head)).problems == (
        "entry 5 is missing or was changed: the log was cut off or replaced",
    )


def test_a_log_cut_off_is_seen_by_the_head_that_the_archive_keeps(path):
    head = verify(path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-1]) + "\n")
    assert verify(path).problems == ()
    assert verify(path, (head.lines, head.head)).problems


@given(st.integers(1, 200))
def test_a_write_cut_by_a_power_failure_loses_that_line_alone(cut):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.jsonl"
        log = AuditLog(path, 1)
        log.append("anna", "", "take", "", 1, 1)
        log.append("anna", "", "command", "x" * 20, 1, 1)
        log.close()
        octets = path.read_bytes()
        last = octets.rstrip(b"\n").rindex(b"\n") + 1
        cut = min(cut, len(octets) - last)
        path.write_bytes(octets[:-cut])
        again = AuditLog(path, 1)
        line = again.append("anna", "", "release", "", 2, 2)
        again.close()
        found = verify(path)
        assert found.problems == ()
        kept = (
            ["take", "command", "release"] if cut == 1 else ["take", "release"]
        )  # 1: only the line feed is gone
        assert line.number == len(kept)
        assert [one.did for one in read(path)] == kept


def test_a_log_that_is_not_whole_is_not_continued(path):
    lines = path.read_text().splitlines()
    del lines[1]
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(AuditError, match=r"audit.jsonl: line 2: entry 3 follows entry 1; move it away"):
        AuditLog(path, 1)


def test_a_last_line_of_rubbish_is_seen(path):
    with path.open("ab") as file:
        file.write(b"rubbish\n")
    assert verify(path).problems == ("the last line is not as it was written",)


@given(st.binary(max_size=400))
def test_any_octets_are_read_without_an_exception(octets):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "audit.jsonl"
        path.write_bytes(octets)
        assert list(read(path)) == []
        assert verify(path).lines == 0


def test_a_missing_file_is_said_in_one_line(tmp_path):
    with pytest.raises(AuditError, match="audit.jsonl: No such file"):
        verify(tmp_path / "audit.jsonl")


def test_a_line_nested_too_deeply_is_no_line(tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b"[" * 100_000 + b"\n")
    assert list(read(path)) == []
