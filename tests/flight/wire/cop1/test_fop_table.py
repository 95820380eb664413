# mypy: disable-error-code="method-assign"
"""Table 5-1, cell by cell: the printed actions stand here a second time, in words, and are asked of a live `Fop`.

Each cell: words for the actions, then the next state ("-" not applicable).  The words are executed on a snapshot of
what a `Fop` holds; the real one must come to the same snapshot and say the same to its user.
"""

from __future__ import annotations

from functools import cache

import pytest

from flight.wire.cop1 import (
    FOP_TABLE,
    DirectiveKind,
    FopEvent,
    FopState,
)
from tests.flight.wire.cop1.fop_scene import AD, BC, BD, FIRST, OPEN, WIDE, Scene, scene_for
from tests.flight.wire.cop1.fop_snapshot import WORDS_OF_ALERT, Snapshot

PRINTED = """
E1   | 1                | synch 6          | synch 6          | init off 1    | init free off 1 | 6
E2   | ack off look 1   | ack off look 1   | ack off look 1   | -             | -               | 6
E3   | clcw 6           | clcw 6           | clcw 6           | clcw 6        | clcw 6          | 6
E4   | synch 6          | synch 6          | synch 6          | synch 6       | 5               | 6
E5   | 1                | synch 6          | synch 6          | -             | -               | 6
E6   | ack look 1       | ack look 1       | ack look 1       | -             | -               | 6
E7   | clcw 6           | clcw 6           | clcw 6           | -             | -               | 6
E101 | ack limit 6      | ack limit 6      | ack limit 6      | -             | -               | 6
E102 | limit 6          | limit 6          | limit 6          | -             | -               | 6
E8   | ack again look 2 | ack again look 2 | ack again look 2 | -             | -               | 6
E9   | ack 3            | ack 3            | ack 3            | -             | -               | 6
E10  | again look 2     | 2                | again look 2     | -             | -               | 6
E11  | 3                | 3                | 3                | -             | -               | 6
E12  | 2                | 2                | 2                | -             | -               | 6
E103 | 3                | 3                | 3                | -             | -               | 6
E13  | nnr 6            | nnr 6            | nnr 6            | nnr 6         | 5               | 6
E14  | lockout 6        | lockout 6        | lockout 6        | lockout 6     | 5               | 6
E15  | clcw 6           | clcw 6           | clcw 6           | clcw 6        | clcw 6          | 6
E16  | again look 1     | again look 2     | 3                | t1 6          | bcagain 5       | -
E104 | again look 1     | again look 2     | 3                | rest 6        | bcagain 5       | -
E17  | t1 6             | t1 6             | t1 6             | t1 6          | t1 6            | -
E18  | rest 6           | rest 6           | rest 6           | rest 6        | t1 6            | -
E19  | wait look 1      | wait look 2      | wait 3           | no 4          | no 5            | no 6
E20  | no 1             | no 2             | no 3             | no 4          | no 5            | no 6
E21  | ok bd 1          | ok bd 2          | ok bd 3          | ok bd 4       | ok bd 5         | ok bd 6
E22  | no 1             | no 2             | no 3             | no 4          | no 5            | no 6
E23  | no 1             | no 2             | no 3             | no 4          | no 5            | ok new yes 1
E24  | no 1             | no 2             | no 3             | no 4          | no 5            | ok new on 4
E25  | no 1             | no 2             | no 3             | no 4          | no 5            | ok new unlock 5
E26  | no 1             | no 2             | no 3             | no 4          | no 5            | no 6
E27  | no 1             | no 2             | no 3             | no 4          | no 5            | ok new vs setvr 5
E28  | no 1             | no 2             | no 3             | no 4          | no 5            | no 6
E29  | ok term yes 6    | ok term yes 6    | ok term yes 6    | ok term yes 6 | ok term yes 6   | ok yes 6
E30  | no 1             | no 2             | no 3             | no 4          | no 5            | no 6
E31  | -                | -                | -                | -             | -               | ok go yes 1
E32  | -                | -                | -                | -             | -               | ok go yes 2
E33  | -                | -                | -                | -             | -               | ok go yes 3
E34  | -                | -                | -                | -             | -               | ok go yes 4
E35  | no 1             | no 2             | no 3             | no 4          | no 5            | ok vs yes 6
E36  | ok k yes 1       | ok k yes 2       | ok k yes 3       | ok k yes 4    | ok k yes 5      | ok k yes 6
E37  | ok ti yes 1      | ok ti yes 2      | ok ti yes 3      | ok ti yes 4   | ok ti yes 5     | ok ti yes 6
E38  | ok tl yes 1      | ok tl yes 2      | ok tl yes 3      | ok tl yes 4   | ok tl yes 5     | ok tl yes 6
E39  | ok tt yes 1      | ok tt yes 2      | ok tt yes 3      | ok tt yes 4   | ok tt yes 5     | ok tt yes 6
E40  | no 1             | no 2             | no 3             | no 4          | no 5            | no 6
E41  | ad look 1        | ad look 2        | ad 3             | ad 4          | ad 5            | ad 6
E42  | ad llif 6        | ad llif 6        | ad llif 6        | ad llif 6     | ad llif 6       | ad llif 6
E43  | bc 1             | bc 2             | bc 3             | bc 4          | bc bclook 5     | bc 6
E44  | bc llif 6        | bc llif 6        | bc llif 6        | bc llif 6     | bc llif 6       | bc llif 6
E45  | bdfree ok 1      | bdfree ok 2      | bdfree ok 3      | bdfree ok 4   | bdfree ok 5     | bdfree ok 6
E46  | bdfree llif 6    | bdfree llif 6    | bdfree llif 6    | bdfree llif 6 | bdfree llif 6   | bdfree llif 6
"""

ROWS = {
    name.strip(): [text.strip() for text in row]
    for name, *row in (line.split("|") for line in PRINTED.strip().splitlines())
}
CELLS = {
    (FopEvent[name], state): text
    for name, row in ROWS.items()
    for state, text in zip(FopState, row, strict=True)
}
APPLICABLE = [cell for cell, text in CELLS.items() if text != "-"]


def prepared(event: FopEvent, state: FopState) -> Scene:
    """A scene in which every action of the cell has something to do: data waits behind a closed window."""
    scene = scene_for(event, state)
    fop = scene.fop
    waits = event.name not in {"E19", "E31", "E32", "E33", "E34"} and fop.state.value in {"S1", "S2", "S3"}
    if waits and fop._waiting is None:
        fop.window = max(1, fop.open_frames)
        if fop.open_frames:
            scene.submit()
            assert fop._waiting is not None
    if event.name == "E41":
        fop.window = WIDE
    return scene


@pytest.mark.parametrize(("event", "state"), APPLICABLE, ids=[f"{e.name}-{s.value}" for e, s in APPLICABLE])
def test_cell(event: FopEvent, state: FopState) -> None:
    scene = prepared(event, state)
    expected, notices = watch(scene, event)
    *words, following = CELLS[event, state].split()
    for word in words:
        if word in WORDS_OF_ALERT:
            expected.alert(WORDS_OF_ALERT[word])
        else:
            getattr(expected, word)()
    expected.state = FopState("S" + following)
    actual = Snapshot(scene, event)
    actual.notices = notices
    assert actual.same() == expected.same()


def watch(scene: Scene, event: FopEvent) -> tuple[Snapshot, list[object]]:
    """Cause the event.  What the Fop held just before it, and what it said."""
    fop, run = scene.fop, scene.fop._run
    taken: list[Snapshot] = []

    def spy(signal):
        if signal.event is event and not taken:
            before = Snapshot(scene, event)
            before.directive, before.report = signal.directive, signal.report_value
            before.request = fop._urgent if signal.transfer is None else signal.transfer.request
            if event.name in {
                "E41",
                "E42",
                "E43",
                "E44",
                "E45",
                "E46",
            }:  # the line's hold ends before the table
                kind = {"1": AD, "2": AD, "3": BC, "4": BC, "5": BD, "6": BD}[event.name[2]]
                before.lower[kind] = (0, b"", True)
            taken.append(before)
        return run(signal)

    fop._run = spy
    notices = scene.cause(event)
    del fop._run
    before = taken[0]
    if event.name in {"E16", "E104", "E17", "E18"}:
        assert not before.timer, "T1 has run out"
    return before, notices


def test_both_tables_name_the_same_cells_and_states() -> None:
    assert list(ROWS) == [event.name for event in FopEvent]
    for cell, text in CELLS.items():
        found = FOP_TABLE[cell]
        if text == "-":
            assert found is None, cell
        else:
            assert found is not None
            assert found.state.value == "S" + text.split()[-1], cell
    assert len(APPLICABLE) == 252
    assert len(CELLS) == 300


def test_every_cell_was_exercised() -> None:
    """Each cell is run once more here, so that this holds in any order of tests and on any number of processes."""
    missing = []
    for event, state in APPLICABLE:
        scene = prepared(event, state)
        before = scene.fop.cells[event, state]
        scene.cause(event)
        count = scene.fop.cells[event, state] - before
        print(f"{event.name:5} {state.value}  {count or 'NOT EXERCISED'}")
        missing += [(event, state)] * (count == 0)
    assert not missing


NOT_APPLICABLE = [cell for cell, text in CELLS.items() if text == "-"]


@pytest.mark.parametrize(
    ("event", "state"), NOT_APPLICABLE, ids=[f"{e.name}-{s.value}" for e, s in NOT_APPLICABLE]
)
def test_a_cell_that_is_not_applicable_cannot_be_reached(event: FopEvent, state: FopState) -> None:
    """The same cause gives another event there, or none."""
    if event.name in {"E31", "E32", "E33", "E34"}:
        scene = Scene(state.value, 0 if state.value in {"S4", "S5"} else OPEN)
        assert scene.fop.suspended is None  # so that RESUME is E30
    elif state is FopState.INITIAL:
        scene = Scene("S6")
        assert scene.fop._timer_ns is None
        assert scene.fop.next_deadline() is None
    else:
        scene = Scene(state.value, 0)
        assert scene.fop.nn_r == scene.fop.v_s  # nothing is open: no number acknowledges, none refuses
        assert event not in heard_in(state)


@cache
def heard_in(state: FopState) -> set[FopEvent]:
    """The events that all CLCWs together can be with nothing open."""
    heard: set[FopEvent] = set()
    for value in (0, 1, FIRST - 1, FIRST, FIRST + 1, 255):
        for limit in (1, 2):
            for flags in range(8):
                scene = Scene(state.value, 0)
                scene.give(DirectiveKind.SET_LIMIT, limit)
                before = scene.fop.events.copy()
                scene.hear(value, retransmit=bool(flags & 1), wait=bool(flags & 2), lockout=bool(flags & 4))
                heard |= set(scene.fop.events - before)
    assert {event.name for event in heard} - {"E38"} == {"E1", "E3", "E4", "E13", "E14"}
    return heard
