"""Table 6-1, cell by cell: printed a second time, in words, and asked of a live `Farm`."""

from __future__ import annotations

import pytest

from flight.wire import Clcw, Rejection, TcFrame, TcFrameHeader, TcFrameType, decode_clcw
from flight.wire.cop1 import FARM_TABLE, Farm, FarmEvent, FarmState

V_R = 255  # so that every number wraps
WINDOW = 10  # PW = NW = 5

PRINTED = {
    #       S1               S2                 S3
    "E1": ("take vr+ r- 1", "-", "drop 3"),
    "E2": ("drop r+ w+ 2", "drop 2", "drop 3"),
    "E3": ("drop r+ 1", "drop 2", "drop 3"),
    "E4": ("drop 1", "drop 2", "drop 3"),
    "E5": ("drop l+ 3", "drop l+ 3", "drop 3"),
    "E6": ("take b+ 1", "take b+ 2", "take b+ 3"),
    "E7": ("b+ r- 1", "b+ r- w- 1", "b+ r- w- l- 1"),
    "E8": ("b+ r- vr* 1", "b+ r- w- vr* 1", "b+ 3"),
    "E9": ("drop 1", "drop 2", "drop 3"),
    "E10": ("1", "w- 1", "w- 3"),
    "E11": ("report 1", "report 2", "report 3"),
}
CELLS = {
    (FarmEvent[name], state): text
    for name, row in PRINTED.items()
    for state, text in zip(FarmState, row, strict=True)
}
APPLICABLE = [cell for cell, text in CELLS.items() if text != "-"]


def frame(kind: TcFrameType, data: bytes = b"data", sequence: int = 0) -> TcFrame:
    return TcFrame(TcFrameHeader(kind, 42, 0, len(data) + 7, sequence & 0xFF), data)


def ad(ahead: int) -> TcFrame:
    return frame(TcFrameType.AD, sequence=V_R + ahead)


def bc(data: bytes) -> TcFrame:
    return frame(TcFrameType.BC, data)


UNLOCK, SET_V_R = bc(b"\x00"), bc(b"\x82\x00\x4d")

CAUSES = {
    "E1": lambda farm: farm.receive(ad(0)),
    "E2": lambda farm: farm.receive(ad(0), room=False),
    "E3": lambda farm: farm.receive(ad(4), room=False),
    "E4": lambda farm: farm.receive(ad(-5), room=False),
    "E5": lambda farm: farm.receive(ad(5), room=False),
    "E6": lambda farm: farm.receive(frame(TcFrameType.BD), room=False),
    "E7": lambda farm: farm.receive(UNLOCK, room=False),
    "E8": lambda farm: farm.receive(SET_V_R, room=False),
    "E9": lambda farm: farm.receive(bc(b"\x82\x01\x4d"), room=False),
    "E10": lambda farm: farm.buffer_released(),
    "E11": lambda farm: farm.clcw(),
}


def farm_in(state: FarmState) -> Farm:
    """By frames alone.  Every flag that the state allows is up, so that a cell that clears it is seen."""
    farm = Farm(window=WINDOW)
    assert farm.state is FarmState.LOCKOUT
    farm.receive(UNLOCK)
    farm.receive(bc(b"\x82\x00" + bytes([V_R])))
    farm.receive(ad(1))  # one is missing: Retransmit
    if state is not FarmState.OPEN:
        farm.receive(ad(0), room=False)
    if state is FarmState.LOCKOUT:
        farm.receive(ad(100), room=False)
    assert farm.state is state
    return farm


def told(farm: Farm) -> dict[str, int | FarmState]:
    """What the next CLCW says, without asking for one."""
    return {
        "v_r": farm.v_r,
        "b": farm.farm_b,
        "r": farm.retransmit,
        "w": farm.wait,
        "l": farm.lockout,
        "state": farm.state,
    }


WORDS = {
    "vr+": ("v_r", (V_R + 1) & 0xFF),
    "vr*": ("v_r", 0x4D),
    "r+": ("r", True),
    "r-": ("r", False),
    "w+": ("w", True),
    "w-": ("w", False),
    "l+": ("l", True),
    "l-": ("l", False),
}


@pytest.mark.parametrize(("event", "state"), APPLICABLE, ids=[f"{e.name}-{s.value}" for e, s in APPLICABLE])
def test_cell(event: FarmEvent, state: FarmState) -> None:
    farm = farm_in(state)
    expected = told(farm)
    before = farm.cells[event, state]
    got = CAUSES[event.name](farm)
    *words, following = CELLS[event, state].split()
    for word in words:
        if word in WORDS:
            name, value = WORDS[word]
            expected[name] = value
        if word == "b+":
            expected["b"] = (farm_in(state).farm_b + 1) % 4
    expected["state"] = FarmState("S" + following)
    assert told(farm) == expected
    assert farm.cells[event, state] == before + 1
    if "take" in words:
        assert got == b"data"
    elif "drop" in words:
        assert isinstance(got, Rejection)
    elif "report" in words:
        assert decode_clcw(got) == Clcw(0, farm.v_r, farm.farm_b, farm.lockout, farm.wait, farm.retransmit)
    else:
        assert got is None


def test_both_tables_name_the_same_cells_and_states() -> None:
    assert list(PRINTED) == [event.name for event in FarmEvent]
    for cell, text in CELLS.items():
        found = FARM_TABLE[cell]
        assert (found is None) == (text == "-")
        assert found is None or found.state.value == "S" + text.split()[-1]
    assert len(CELLS) == 33
    assert len(APPLICABLE) == 32


def test_every_cell_was_exercised() -> None:
    """Each cell is run once more here, so that this holds in any order of tests and on any number of processes."""
    missing = []
    for event, state in APPLICABLE:
        farm = farm_in(state)
        before = farm.cells[event, state]
        CAUSES[event.name](farm)
        count = farm.cells[event, state] - before
        print(f"{event.name:4} {state.value}  {count or 'NOT EXERCISED'}")
        missing += [(event, state)] * (count == 0)
    assert not missing


def test_the_cell_that_is_not_applicable_cannot_be_reached() -> None:
    """A frame for which there is room ends the wait: E10, then E1 in S1."""
    farm = farm_in(FarmState.WAIT)
    assert farm.receive(ad(0)) == b"data"
    assert farm.cells[FarmEvent.E10, FarmState.WAIT] == 1
    assert not farm.cells[FarmEvent.E1, FarmState.WAIT]
    assert not farm.wait
