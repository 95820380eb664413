"""The layouts of service 19."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from flight.wire import encode_tc
from flight.wire.event_action import (
    EventAction,
    EventId,
    pack_actions,
    pack_additions,
    pack_events,
    pack_switches,
    read_actions,
    read_additions,
    read_events,
    read_switches,
)

EVENT = st.builds(EventId, st.integers(0, 0xFFFF), st.integers(0, 0xFFFF))
PACKET = st.binary(max_size=30).map(lambda data: encode_tc(5, 9, 8, 1, data))
ACTION = st.builds(EventAction, EVENT, st.booleans(), PACKET)


def test_an_action_is_laid_out_as_written() -> None:
    packet = encode_tc(5, 9, 8, 1, b"\0\7")
    one = EventAction(EventId(3, 70), True, packet)
    assert pack_actions([one]) == b"\1" + struct.pack(">HHB", 3, 70, 1) + packet
    assert pack_additions([one]) == b"\1" + struct.pack(">HH", 3, 70) + packet
    assert pack_events([one.event]) == b"\1\0\3\0\x46"
    assert pack_switches([(one.event, True)]) == b"\1\0\3\0\x46\1"


@given(st.lists(ACTION, max_size=8))
def test_actions_come_back(actions: list[EventAction]) -> None:
    assert read_actions(pack_actions(actions)) == tuple(actions)
    disabled = tuple(one._replace(enabled=False) for one in actions)
    assert read_additions(pack_additions(actions)) == disabled
    events = [one.event for one in actions]
    assert read_events(pack_events(events)) == tuple(events)
    switches = tuple((one.event, one.enabled) for one in actions)
    assert read_switches(pack_switches(switches)) == switches


@given(st.binary(max_size=80), st.lists(ACTION, min_size=1, max_size=3), st.integers(0, 200))
def test_any_octets_are_a_list_or_are_not(noise: bytes, actions: list[EventAction], cut: int) -> None:
    for data in (noise, pack_actions(actions)[:cut], pack_actions(actions) + noise[:1]):
        for read in (read_actions, read_additions, read_events, read_switches):
            found = read(data)
            assert found is None or len(found) == data[0]
    assert read_actions(pack_actions(actions)[:-1]) is None
    assert read_actions(pack_actions(actions) + b"\0") is None
