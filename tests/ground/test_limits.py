"""Alarm states: persistence, latching, acknowledging, late data, NaN, and a restart."""

from __future__ import annotations

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare import Field, Limits
from flight.dictionary import PacketEntry
from flight.wire import encode_tm
from ground.gaps import Coverage
from ground.limits import RANK, AlarmRow, LimitError, LimitMonitor, PacketLimits, State, classify
from ground.reception import Packet, Reception

NS = 1_000_000_000
FULL = Field("x", "f", limits=Limits(1, 2, 8, 9))


@pytest.mark.parametrize(
    ("value", "state"),
    [
        (0.9, State.RED_LOW),
        (1, State.YELLOW_LOW),
        (1.9, State.YELLOW_LOW),
        (2, State.OK),
        (8, State.OK),
        (8.1, State.YELLOW_HIGH),
        (9, State.YELLOW_HIGH),
        (9.1, State.RED_HIGH),
        (math.inf, State.RED_HIGH),
        (-math.inf, State.RED_LOW),
        (math.nan, State.INVALID),
    ],
)
def test_each_band(value, state):
    assert classify(FULL, value) is state


@pytest.mark.slow
@given(
    st.sampled_from(
        [Limits(1, 2, 8, 9), Limits(1, None, None, 9), Limits(None, 2, None, None), Limits(red_high=0)]
    ),
    st.floats(-1, 10, width=32) | st.just(math.nan),
)
def test_the_generated_check_agrees_with_the_states(limits, value):

    entry = PacketEntry(
        "m", "p", 1, 1, "", (Field("n", "I"), Field("x", "f", limits=limits), Field("b", "?"))
    )
    octets = encode_tm(1, 0, 3, 25, 0, 0, 0, 0, struct.pack(">HIf?", 1, 7, value, True))
    kind = PacketLimits(entry)
    assert kind.values(octets) == (value,) or math.isnan(value)
    assert kind.fine(octets) == (classify(entry.fields[1], value) is State.OK)


class Bench:
    """Power packets of given times and charges, through a monitor."""

    def __init__(self, dictionary, craft):
        self.craft, self.dictionary = craft, dictionary
        self.rows: list[AlarmRow] = []
        self.monitor = LimitMonitor(dictionary, self.rows.append)
        self.reception = Reception(dictionary, [Coverage() for _ in dictionary.stores])

    def take(self, second, charge, volts=28.0):
        octets = self.craft.power(second * NS, charge, volts)
        for packet in self.reception.receive(self.craft.down(octets), 1000 * NS, "")[0]:
            self.monitor.take(packet)
        return self

    @property
    def changes(self):
        return [(row.time_ns // NS, row.field, row.state, row.kind) for row in self.rows]

    def alarm(self, field="charge"):
        return self.monitor.alarms["power.status", field]


@pytest.fixture
def bench(dictionary, craft):
    return Bench(dictionary, craft)


def test_one_glitch_is_no_alarm(bench):
    for second, charge in enumerate([0.9, 0.3, 0.9, 0.55, 0.3, 0.9]):
        bench.take(second, charge)
    assert bench.changes == []
    assert not bench.monitor.standing()


def test_a_state_holds_after_two_in_a_row(bench):
    for second, charge in enumerate([0.9, 0.3, 0.3, 0.3, 0.55, 0.55, 0.9, 0.9, 0.9]):
        bench.take(second, charge)
    assert bench.changes == [
        (2, "charge", "red low", "state"),
        (5, "charge", "yellow low", "state"),
        (7, "charge", "ok", "state"),
    ]


def test_fields_have_their_own_states(bench):
    for second in range(3):
        bench.take(second, 0.3 if second else 0.9, 36.0)
    assert bench.changes == [(1, "volts", "red high", "state"), (2, "charge", "red low", "state")]


def test_nan_is_invalid_not_ok(bench):
    for second in range(3):
        bench.take(second, math.nan)
    assert bench.changes == [(1, "charge", "invalid", "state")]
    assert bench.rows[0].value is None
    assert math.isnan(bench.alarm().value)


def test_latched_until_acknowledged(bench):
    for second, charge in enumerate([0.3, 0.3, 0.9, 0.9]):
        bench.take(second, charge)
    alarm = bench.alarm()
    assert (alarm.state, alarm.worst, alarm.standing) == (State.OK, State.RED_LOW, True)
    bench.monitor.acknowledge("power.status", "charge", "anna", 50 * NS)
    assert not alarm.standing
    assert bench.rows[-1][5:] == (pytest.approx(0.9), "acknowledged", "anna")
    with pytest.raises(LimitError):
        bench.monitor.acknowledge("power.status", "charge", "anna", 51 * NS)
    with pytest.raises(LimitError):
        bench.monitor.acknowledge("power.status", "colour", "anna", 51 * NS)


def test_acknowledged_while_bad_still_stands_and_latches_anew_when_worse(bench):
    for second in range(2):
        bench.take(second, 0.55)
    bench.monitor.acknowledge("power.status", "charge", "anna", 5 * NS)
    assert bench.alarm().standing
    assert bench.alarm().acknowledged
    for second in range(2, 4):
        bench.take(second, 0.3)
    assert not bench.alarm().acknowledged


def test_the_worst_stands_first(bench):
    for second in range(2):
        bench.take(second, 0.55, 36.0)
    assert [alarm.field for alarm in bench.monitor.standing()] == ["volts", "charge"]


def test_the_past_rings_no_false_bell_but_is_not_forgotten(bench):
    bench.take(100, 0.9).take(101, 0.9)
    for second in range(10):  # playback of what nobody heard
        bench.take(second, 0.3 if 3 <= second < 7 else 0.9)
        assert bench.alarm().state is State.OK
    assert bench.changes == [(4, "charge", "red low", "late"), (8, "charge", "ok", "late")]
    assert bench.alarm().worst is State.RED_LOW
    assert bench.alarm().standing


def test_a_bad_present_is_not_cured_by_a_good_past(bench):
    bench.take(100, 0.3).take(101, 0.3)
    for second in range(10):
        bench.take(second, 0.9)
    assert bench.alarm().state is State.RED_LOW


def test_two_stretches_of_the_past_are_not_one(bench):
    bench.take(100, 0.9)
    bench.take(10, 0.3)
    bench.take(5, 0.3)  # earlier than the one before: another request's records
    assert bench.changes == []
    bench.take(6, 0.3)
    assert bench.changes == [(6, "charge", "red low", "late")]


def test_a_packet_of_another_layout_is_counted(bench):
    packet = Packet(0, 0, 0, 1, 3, 25, 2, b"\x00" * 35)
    bench.monitor.take(packet)
    assert bench.monitor.other_lengths == 1


def test_a_restart_keeps_states_and_acknowledgements(bench, dictionary, craft):
    for second in range(4):
        bench.take(second, 0.3, 36.0)
    bench.monitor.acknowledge("power.status", "volts", "anna", 9 * NS)
    again = LimitMonitor(dictionary, bench.rows.append)
    again.restore([*bench.rows, replace_label(bench.rows[0])])
    assert again.alarms == bench.monitor.alarms
    before = len(bench.rows)
    bench.monitor = again
    bench.take(5, 0.3, 36.0)
    assert len(bench.rows) == before, "it is still so: no news"
    bench.take(6, 0.9, 36.0).take(7, 0.9, 36.0)
    assert bench.changes[-1] == (7, "charge", "ok", "state")


def replace_label(row):
    """Of a packet that this dictionary does not have."""
    return row._replace(label="gone.status")


def test_ranks():
    assert min(State, key=RANK.__getitem__) is State.OK
    assert RANK[State.INVALID] > RANK[State.YELLOW_HIGH]
    assert min(RANK[State.RED_LOW], RANK[State.RED_HIGH]) > RANK[State.INVALID]
