"""Two entities, a line between them that loses, repeats and reorders, and a clock that only they see."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from flight.wire.cfdp import CfdpEntity, FileJournal, Local, MemoryFileStore, Notice, Remote, decode_pdu
from flight.wire.cfdp.pdus import Pdu

SECOND = 1_000_000_000
GROUND, CRAFT = 1, 2


@dataclass
class End:
    """One entity with what survives its reboots."""

    local: Local
    remote: Remote
    store: MemoryFileStore = field(default_factory=MemoryFileStore)
    entity: CfdpEntity = field(init=False)
    notices: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.boot(0)

    def boot(self, now: int) -> None:
        journal = FileJournal(self.store)
        self.entity = CfdpEntity(self.local, [self.remote], self.store, journal)
        self.entity.start(journal.read(), now)

    def cut_power(self, now: int) -> None:
        self.notices += self.entity.notices()
        self.store.cut_power()
        self.boot(now)


class Pair:
    """`drop(pdu, from_ground)` decides on single PDUs; `loss`, `repeat` and `jitter_ns` on all."""

    def __init__(
        self, seed: int = 0, loss: float = 0.0, repeat: float = 0.0, jitter_ns: int = 0, **settings
    ) -> None:
        self.now = 0
        self.random = random.Random(seed)
        self.loss, self.repeat, self.jitter_ns = loss, repeat, jitter_ns
        self.delay_ns = settings.pop("delay_ns", SECOND // 20)
        local = settings.pop("local", {})
        self.ground = End(Local(GROUND, **local), Remote(CRAFT, **settings))
        self.craft = End(Local(CRAFT, **local), Remote(GROUND, **settings))
        self.drop: Callable[[Pdu, bool], bool] = lambda pdu, from_ground: False
        self.log: list[tuple[int, bool, Pdu]] = []  # time, from ground, PDU: what was sent
        self.room = 64 * 1024
        self.tick_ns = SECOND // 10
        self.logging = True
        self._line: list[tuple[int, int, bool, bytes]] = []
        self._number = 0

    def put_on_line(self, data: bytes, from_ground: bool) -> None:
        pdu = decode_pdu(data)
        assert isinstance(pdu, Pdu), pdu
        if self.logging:
            self.log.append((self.now, from_ground, pdu))
        if self.drop(pdu, from_ground):
            return
        copies = 1 + (self.random.random() < self.repeat)
        for _ in range(copies):
            if self.random.random() < self.loss:
                continue
            late = self.random.randrange(self.jitter_ns) if self.jitter_ns else 0
            self._number += 1
            self._line.append((self.now + self.delay_ns + late, self._number, from_ground, data))

    def step(self) -> None:
        """One tick: deliver what has arrived, let both send, move the clock."""
        self._line.sort()
        arrived = [entry for entry in self._line if entry[0] <= self.now]
        self._line = self._line[len(arrived) :]
        for _, _, from_ground, data in arrived:
            end = self.craft if from_ground else self.ground
            assert end.entity.receive(data, self.now) is None
        for end, from_ground in ((self.ground, True), (self.craft, False)):
            deadline = end.entity.next_deadline()
            if deadline is not None and deadline <= self.now:
                end.entity.on_deadline(self.now)
            for data in end.entity.send(self.now, self.room):
                self.put_on_line(data, from_ground)
            end.notices += end.entity.notices()
        self.now += self.tick_ns

    def run(self, seconds: float = 3600.0) -> None:
        """Until both ends have nothing left, or for so long."""
        end = self.now + int(seconds * SECOND)
        while self.now < end:
            self.step()
            if (
                not self._line
                and not self.ground.entity.transactions()
                and not self.craft.entity.transactions()
            ):
                return

    def quiet(self) -> bool:
        return not self.ground.entity.transactions() and not self.craft.entity.transactions()

    def sent(self, kind: type, from_ground: bool | None = None) -> list:
        return [
            pdu.body
            for _, ground, pdu in self.log
            if isinstance(pdu.body, kind) and from_ground in {None, ground}
        ]


def octets(seed: int, count: int) -> bytes:
    return random.Random(seed).randbytes(count)
