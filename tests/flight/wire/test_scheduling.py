"""How requests of service 11 choose commands, and how a shift is written."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flight.wire import encode_cuc
from flight.wire.scheduling import (
    OFFSET_LIMIT_NS,
    REQUESTS_MAX,
    Window,
    WindowKind,
    pack_offset,
    pack_requests,
    pack_window,
    read_offset,
    read_requests,
    read_window,
)

NS = 1_000_000_000
TAG = st.integers(0, 2**32 - 1).map(lambda seconds: seconds * NS)


def test_windows_are_laid_out_as_written() -> None:
    first, last = encode_cuc(5 * NS), encode_cuc(9 * NS)
    assert pack_window(Window()) == b"\0"
    assert pack_window(Window(5 * NS, 9 * NS)) == b"\1" + first + last
    assert pack_window(Window(first=5 * NS)) == b"\2" + first
    assert pack_window(Window(last=9 * NS)) == b"\3" + last


@given(st.one_of(st.none(), TAG), st.one_of(st.none(), TAG))
def test_a_window_comes_back_or_ends_before_it_begins(first: int | None, last: int | None) -> None:
    window = Window(first, last)
    backwards = first is not None and last is not None and first > last
    assert read_window(pack_window(window)) == (None if backwards else window)


def test_both_ends_of_a_window_belong_to_it() -> None:
    window = Window(5, 9)
    assert [at for at in range(12) if window.holds(at)] == [5, 6, 7, 8, 9]
    assert Window(first=5).holds(5)
    assert not Window(first=5).holds(4)
    assert Window(last=9).holds(9)
    assert not Window(last=9).holds(10)
    assert Window().holds(0)
    assert [one.kind for one in (Window(), window, Window(first=5), Window(last=9))] == list(WindowKind)


@given(st.binary(max_size=40))
def test_any_octets_are_a_selection_or_are_not(data: bytes) -> None:
    window = read_window(data)
    assert window is None or pack_window(window) == data
    requests = read_requests(data)
    assert requests is None or pack_requests(requests) == data
    offset = read_offset(data)
    assert (offset is None) == (len(data) < 7)


@given(st.integers(-OFFSET_LIMIT_NS + NS, OFFSET_LIMIT_NS - NS))
def test_an_offset_comes_back_within_a_tick(offset: int) -> None:
    packed = pack_offset(offset)
    found = read_offset(packed)
    assert found is not None
    assert abs(found - offset) <= 60
    assert read_offset(pack_offset(offset // NS * NS)) == offset // NS * NS


def test_negative_offsets_are_in_twos_complement() -> None:
    assert pack_offset(-NS) == b"\xff\xff\xff\xff\0\0\0"
    assert read_offset(b"\xff\xff\xff\xff\x80\0\0trailing") == -NS // 2


def test_a_list_of_requests_names_one_at_least() -> None:
    assert read_requests(b"\0") is None
    assert read_requests(pack_requests([7] * REQUESTS_MAX)) == (7,) * REQUESTS_MAX
    assert read_requests(bytes([REQUESTS_MAX + 1]) + bytes(4 * (REQUESTS_MAX + 1))) is None
