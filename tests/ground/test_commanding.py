"""Building and checking commands; the table of stages, cell by cell."""

from __future__ import annotations

import itertools
import struct

import pytest

from flight.wire import Failure, Report
from ground.commanding import (
    FINAL,
    NEXT,
    CommandError,
    CommandRecord,
    Stage,
    checked_values,
    command_text,
    find_command,
    function_data,
)

# The whole table, written out again: what each report makes of a command in each stage; `.` changes nothing.
#          1 accepted 2 not acc. 3 started  4 not st.  5 progress 6 pr.failed 7 completed 8 not completed
EXPECTED = """
queued     .          .          .          .          .          .           .           .
scheduled  accepted   refused    started    failed     started    failed      completed   failed
sent       accepted   refused    started    failed     started    failed      completed   failed
accepted   .          .          started    failed     started    failed      completed   failed
started    .          .          .          .          .          failed      completed   failed
completed  .          .          .          .          .          .           .           .
refused    .          .          .          .          .          .           .           .
failed     .          .          .          .          .          .           .           .
no-answer  accepted   refused    started    failed     started    failed      completed   failed
"""
CELLS = [
    (Stage(row[0].replace("-", " ")), Report(column), row[column])
    for row in (line.split() for line in EXPECTED.strip().splitlines())
    for column in range(1, 9)
]


def record(stage: Stage = Stage.SENT) -> CommandRecord:
    return CommandRecord(1, "power.fire", "power.fire", "me", b"", 7, 10, stage=stage, reason="old")


def test_the_table_has_every_cell():
    assert {(stage, report) for stage, report, _ in CELLS} == set(itertools.product(Stage, Report))
    assert set(NEXT) == set(Stage)


@pytest.mark.parametrize(("stage", "report", "then"), CELLS)
def test_each_cell(stage, report, then):
    one = record(stage)
    failure = Failure.EXECUTION if report % 2 == 0 else None
    moved = one.report(report, 5, failure, "too hot" if failure else "")
    assert moved == (then != ".")
    assert one.stage.value == (stage.value if then == "." else then)
    assert one.stages == ([(one.stage, 5)] if moved else [])
    if moved and failure:
        assert one.reason == "execution: too hot"
    if moved and stage is Stage.NO_ANSWER and not failure:
        assert not one.reason, "it was heard of after all"


def test_what_is_final():
    assert {stage for stage in Stage if record(stage).ended} == FINAL
    assert all(not NEXT[stage] for stage in FINAL - {Stage.NO_ANSWER})


def test_a_reason_of_an_unknown_code():
    one = record()
    one.report(Report.NOT_COMPLETED, 1, 99, "")
    assert one.reason == "code 99"


def test_data_of_a_function(dictionary):
    entry = find_command(dictionary, "power.switch")
    expected = struct.pack(">HB?H", 5, 1, True, 30)
    for board, on, seconds in [
        ("beta", "on", "30"),
        ("BETA", True, 30.0),
        (1, "true", "0x1e"),
        ("1", "1", 30),
    ]:
        given = {"board": board, "on": on, "seconds": seconds}
        assert function_data(entry, given) == expected
        assert command_text(entry, given) == "power.switch board=beta on=on seconds=30"


def test_values_are_of_the_type_of_their_field(dictionary):
    entry = find_command(dictionary, "power.switch")
    values = checked_values(entry, {"board": 1.0, "on": "off", "seconds": 30.0})
    assert list(map(repr, values)) == ["1", "False", "30"]


def test_octets_last(dictionary):
    entry = find_command(dictionary, "power.load")
    assert function_data(entry, {"part": b"abc"}) == struct.pack(">HH3s", 7, 3, b"abc")
    assert function_data(entry, {"part": "61 62 63"}) == function_data(entry, {"part": bytearray(b"abc")})


@pytest.mark.parametrize(
    ("octets", "shown"),
    [
        (b"abc", "text:abc"),
        (b"ab", "6162"),
        (b"a bc", "61206263"),
        (b"ab\x00", "616200"),
        (b"ab\xe9", "6162e9"),
    ],
)
def test_octets_that_are_words_are_shown_and_typed_as_words(dictionary, octets, shown):
    entry = find_command(dictionary, "power.load")
    assert command_text(entry, {"part": octets}) == f"power.load part={shown}"
    assert function_data(entry, {"part": shown}) == function_data(entry, {"part": octets})


GOOD = {"board": "beta", "on": "on", "seconds": 30}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"seconds": None}, "seconds is a number"),
        ({"seconds": 0}, "seconds is 1 to 600"),
        ({"seconds": 601}, "seconds is 1 to 600"),
        ({"seconds": 1.5}, "whole number"),
        ({"seconds": "many"}, "seconds is a number (unsigned 16 bit), not 'many'"),
        ({"seconds": float("nan")}, "whole number"),
        ({"seconds": True}, "seconds is a number"),
        ({"board": "gamma"}, "board is one of alpha, beta, not 'gamma'"),
        ({"board": "alphq"}, "did you mean"),
        ({"board": 2}, "board is one of alpha, beta"),
        ({"on": "perhaps"}, "on is on or off"),
        ({"on": 1}, "on is on or off"),
        ({"colour": 1}, "no argument colour, expected board, on, seconds"),
    ],
)
def test_a_bad_argument_is_refused_in_one_line(dictionary, change, words):
    with pytest.raises(CommandError) as caught:
        function_data(find_command(dictionary, "power.switch"), {**GOOD, **change})
    assert words in str(caught.value)
    assert str(caught.value).startswith("power.switch: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("missing", ["board", "on", "seconds"])
def test_a_missing_argument(dictionary, missing):
    given = {name: value for name, value in GOOD.items() if name != missing}
    with pytest.raises(CommandError, match=f"argument {missing} is missing"):
        function_data(find_command(dictionary, "power.switch"), given)


def test_octets_that_are_none(dictionary):
    entry = find_command(dictionary, "power.load")
    for bad in ("xyz", 5, None, b"a" * 901):
        with pytest.raises(CommandError, match="part"):
            function_data(entry, {"part": bad})


def test_an_unknown_command_names_its_neighbours(dictionary):
    with pytest.raises(CommandError, match="no such command, did you mean power.switch"):
        find_command(dictionary, "power.swich")
