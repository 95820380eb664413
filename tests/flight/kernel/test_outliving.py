"""The executive and what outlives a step: uplink, the clock's floor, inboxes over a restart."""

from __future__ import annotations

import struct

from flight.declare import SECOND, Inbox, Module, Outbox, SaveState
from flight.mission import Row


def test_uplink_octets_reach_the_commands_module(make_bench) -> None:
    bench = make_bench()
    bench.link.received = b"abc"
    bench.run(2)
    assert list(bench.kernel.boxes["uplink.octets"].items) == [b"abc"]


def test_the_clock_floor_is_reserved_ahead(make_bench) -> None:
    bench = make_bench()
    bench.run(400)
    floors = [
        struct.unpack(">Q?", request.body)
        for _, request in bench.worker.taken
        if isinstance(request, SaveState) and request.name == "clock"
    ]
    assert floors == [(60 * SECOND, False), (90 * SECOND, False)]
    (clean,) = bench.kernel.shut_down(40 * SECOND)
    assert struct.unpack(">Q?", clean.body) == (40 * SECOND, True)


def test_an_inbox_survives_its_reader(make_bench) -> None:
    class Boxed(Module):
        def __init__(self) -> None:
            self.mail: Inbox[str] = Inbox(3)

        def step(self, now: int, sees: object, out: Outbox) -> None:
            pass

    bench = make_bench(Row("boxed", Boxed, every=1))
    bench.run(1)
    slot = bench.kernel.slots[1]
    bench.kernel.boxes["boxed.mail"].put("letter")
    bench.kernel.fail(1, bench.next_tick * SECOND // 10)
    bench.run(12)
    assert slot.restarts == 1
    assert list(slot.module.mail.items) == ["letter"]
    assert bench.kernel.boxes["boxed.mail"] is slot.module.mail
