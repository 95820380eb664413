"""The files module between uplink, worker and downlink, alone."""

from __future__ import annotations

import pytest

from flight.declare import DONE, SECOND, Call, Failed, Outbox, Refused, Waiting
from flight.declare.filing import (
    NO_DEADLINE,
    FileFigures,
    FileNotice,
    ListFiles,
    Ordered,
    RemoveFile,
    SendFile,
    Turn,
    Turned,
)
from flight.modules.files import Files
from flight.modules.files.module import AGAIN_AFTER_NS, ORDERS_MAX, ROOM_MAX
from flight.wire import PacketType
from flight.wire.file_packets import encode_file_packet, pdu_of

BUSY = FileFigures(sending=1)
CALL = Call(now=5, ident=7)


class Alone:
    def __init__(self) -> None:
        self.module, self.out = Files(), Outbox()
        self.module.longest = 175
        self.now = 0

    def step(self, *, carrier: bool = True, room: int = 0, age: int = 0) -> Turn | None:
        """What is asked of the worker."""
        self.out.clear()
        self.now += SECOND
        self.module.step(self.now, self.module.Inputs(carrier, room, age), self.out)
        found = [request for _, request, _ in self.out.requests]
        assert len(found) <= 1
        turn = found[0] if found else None
        assert turn is None or isinstance(turn, Turn)
        return turn

    def answer(self, result: object) -> None:
        self.out.clear()
        self.module.completed(self.now, self.module.turning, result, self.out)

    def settle(self, figures: FileFigures = BUSY) -> None:
        """Carrier told, nothing due."""
        self.step()
        self.answer(Turned((), (), NO_DEADLINE, figures))


@pytest.fixture
def alone() -> Alone:
    return Alone()


def test_first_and_at_each_turn_of_the_carrier_the_worker_is_told(alone: Alone) -> None:
    alone.settle(FileFigures())
    assert alone.step() is None
    turn = alone.step(carrier=False)
    assert turn is not None
    assert (turn.contact, turn.room, turn.pdus) == (False, 0, ())


def test_one_turn_at_a_time(alone: Alone) -> None:
    assert alone.step() is not None
    assert alone.step(carrier=False) is None
    assert not alone.module.glance(alone.now, 9_999, 0)
    alone.answer(Turned((), (), NO_DEADLINE, BUSY))
    assert alone.step(carrier=False) is not None


def test_packets_go_in_as_pdus_and_come_out_as_packets(alone: Alone) -> None:
    alone.settle(FileFigures())
    alone.module.uplink.put(encode_file_packet(PacketType.TELECOMMAND, 0, b"up"))
    alone.module.uplink.put(b"\x1f\xfd nonsense")
    assert "uplink" in alone.module.wakes
    turn = alone.step()
    assert turn is not None
    assert turn.pdus == (b"up",)
    assert alone.module.status.bad_packets == 1
    alone.answer(Turned((b"one", b"two"), (), NO_DEADLINE, BUSY))
    boxes = [box for box, _ in alone.out.posts]
    packets = [packet for _, packet in alone.out.posts if isinstance(packet, bytes)]
    assert boxes == ["downlink.files"] * 2
    assert [pdu_of(packet, PacketType.TELEMETRY) for packet in packets] == [b"one", b"two"]
    assert [packet[3] & 0x3F for packet in packets] == [0, 1]


def test_room_is_asked_for_once_for_each_count_of_the_downlink(alone: Alone) -> None:
    alone.settle()
    turn = alone.step(room=5_000)
    assert turn is not None
    assert turn.room == 5_000
    alone.answer(Turned((b"x",), (), NO_DEADLINE, BUSY))
    assert alone.step(room=5_000, age=SECOND) is None, "counted before the packets were handed over"
    assert alone.step(room=ROOM_MAX + 1, age=0) == Turn(alone.now, True, ROOM_MAX, ())


@pytest.mark.parametrize(("carrier", "room", "figures"), [(True, 174, BUSY), (True, 5_000, FileFigures())])
def test_no_turn_for_nothing(alone: Alone, carrier: bool, room: int, figures: FileFigures) -> None:
    alone.settle(figures)
    assert alone.step(carrier=carrier, room=room) is None


def test_a_deadline_of_the_worker_is_kept(alone: Alone) -> None:
    alone.step()
    alone.answer(Turned((), (), alone.now + 2 * SECOND, BUSY))
    assert alone.step() is None
    assert alone.module.glance(alone.now + SECOND, 0, 0)
    assert alone.step() is not None


def test_a_failed_turn_is_tried_again_a_little_later(alone: Alone) -> None:
    alone.step()
    alone.answer(Failed("the worker was lost"))
    assert alone.module.status.failed_turns == 1
    assert alone.module.due == alone.now + AGAIN_AFTER_NS
    assert alone.step() is not None


def test_what_happened_is_told(alone: Alone) -> None:
    module = alone.module
    alone.step()
    notices = tuple(
        FileNotice(what, 1, number, 15, "name")
        for number, what in enumerate(
            ("SENT", "RECEIVED", "FAILED", "SUSPENDED", "RESUMED", "FAULT", "STARTED")
        )
    )
    alone.answer(Turned((), notices, NO_DEADLINE, BUSY))
    events = [event for event, _ in alone.out.events]
    assert events == [module.sent, module.received, module.failed, module.suspended, module.resumed]
    assert alone.out.events[2][1] == (1, 2, 15)
    status = module.status
    assert (status.files_sent, status.files_received, status.failed, status.faults) == (1, 1, 1, 1)


def test_orders_go_to_the_worker_and_are_answered(alone: Alone) -> None:
    module, out = alone.module, alone.out
    assert isinstance(module.send(CALL, out, True, b"a/b"), Waiting)
    assert isinstance(module.list(CALL, out, b"a/"), Waiting)
    assert isinstance(module.list(CALL, out, b""), Waiting)
    assert isinstance(module.remove(CALL, out, b"a/b"), Waiting)
    requests = [request for _, request, _ in out.requests]
    assert requests == [
        SendFile(5, "a/b", True),
        ListFiles(5, "a"),
        ListFiles(5, ""),
        RemoveFile(5, "a/b"),
    ]
    tickets = [ticket for ticket, _, _ in out.requests]
    out.clear()
    for ticket, result in zip(tickets, (Ordered(3), Failed("no such file"), "lost", Ordered(0)), strict=True):
        module.completed(9, ticket, result, out)
    assert out.finished == [
        (7, DONE),
        (7, Refused("no such file")),
        (7, Refused("files worker: str")),
        (7, DONE),
    ]
    assert module.due == 9


@pytest.mark.parametrize("name", [b"", b"/a", b"../a", b"a/../b", b".cfdp-journal", b"a\0", b"x" * 201])
def test_names_that_lead_elsewhere_are_refused_here(alone: Alone, name: bytes) -> None:
    module, out = alone.module, alone.out
    assert isinstance(module.send(CALL, out, True, name), Refused)
    assert isinstance(module.remove(CALL, out, name), Refused)
    if name:
        assert isinstance(module.list(CALL, out, name), Refused)
    assert out.requests == []


def test_orders_are_bounded(alone: Alone) -> None:
    for _ in range(ORDERS_MAX):
        assert isinstance(alone.module.cancel(CALL, alone.out, 1, 1), Waiting)
    assert isinstance(alone.module.cancel(CALL, alone.out, 1, 1), Refused)
