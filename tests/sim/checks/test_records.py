from __future__ import annotations

import struct
from types import SimpleNamespace
from typing import Any

import pytest

from flight.declare import (
    Append,
    Commit,
    DeleteRecords,
    Extent,
    Failed,
    Outbox,
    Read,
    Records,
    Report,
    Stored,
)
from flight.kernel.work import Rejected
from flight.modules.downlink.playback import Playback
from flight.workers.process import LOST
from sim.checks.records import (
    DeletedIsGone,
    FailedReadsWanted,
    NumbersGoOn,
    NumbersNameOnePacket,
    RecordsKept,
)

STORE = 2
BASE = STORE << 56
NOBODY: Any = None  # for what a check does not look at


def kernel_at(*counts: int):
    return SimpleNamespace(emitter=SimpleNamespace(next_counts=list(counts), boxes=()), slots=[])


@pytest.mark.parametrize(("first", "failed"), [((5, 6, 7), 0), ((9, 9, 9), 0), ((5, 5, 7), 1)])
def test_counts_go_on_where_they_were(first, failed) -> None:
    check = NumbersGoOn()
    kernel = kernel_at(0, 0, 0)
    check.booted(NOBODY, kernel)
    kernel.emitter.next_counts[:] = [5, 6, 7]
    check.booted(NOBODY, kernel_at(*first))
    assert (check.exercised, check.failed) == (3, failed)


class TestOnePacket:
    def check(self) -> NumbersNameOnePacket:
        check, kernel = NumbersNameOnePacket(), kernel_at()
        check.booted(NOBODY, kernel)
        for record, packet in ((BASE | 1, b"one"), (BASE | 2, b"two")):
            kernel.emitter.boxes[0].put((record, packet))
        return check

    def test_the_same_packet_again_is_right_and_another_is_wrong(self) -> None:
        check = self.check()
        check.emitted(BASE | 1, b"one")
        assert not check.failed
        check.emitted(BASE | 1, b"two")
        assert check.failed == 1

    @pytest.mark.parametrize(("count", "packet", "failed"), [(1, b"one", 0), (2, b"one", 1), (3, b"one", 1)])
    def test_what_is_read_is_what_was_emitted(self, count, packet, failed) -> None:
        check = self.check()
        check.performed(Read(STORE, 0, 9), Records(STORE, ((count, packet),), 0))
        assert (check.exercised, check.failed) == (1, failed)


class TestKept:
    def check(self, oldest: int = 0) -> RecordsKept:
        check = RecordsKept()
        storage = SimpleNamespace(extent=lambda store: Extent(oldest, 99))
        worker = SimpleNamespace(storage=storage)
        seen: Any = SimpleNamespace(flipped=0, computer=SimpleNamespace(worker=worker))
        check.booted(seen, NOBODY)
        check.performed(Append(STORE, 10, (b"",) * 5), Stored())
        check.performed(Commit(), Stored())
        return check

    def absent(self, check: RecordsKept, first: int, last: int) -> int:
        check.reported(Report(15, 130, struct.pack(">BQQ", STORE, first, last)))
        return check.failed

    def test_what_was_acknowledged_is_not_absent(self) -> None:
        check = self.check()
        assert self.absent(check, 0, 9) == 0
        assert self.absent(check, 15, 20) == 0
        assert self.absent(check, 14, 20) == 1

    def test_what_was_not_committed_may_be(self) -> None:
        check = self.check()
        check.performed(Append(STORE, 15, (b"",) * 5), Stored())
        assert self.absent(check, 15, 19) == 0
        check.performed(Commit(), Failed("disk: no"))
        assert self.absent(check, 15, 19) == 0
        check.performed(Commit(), Stored())
        assert self.absent(check, 15, 19) == 1

    def test_a_cut_takes_what_was_not_committed(self) -> None:
        check = self.check()
        check.performed(Append(STORE, 15, (b"",) * 5), Stored())
        check.booted(check.simulation or NOBODY, NOBODY)
        check.performed(Commit(), Stored())
        assert self.absent(check, 15, 19) == 0

    def test_a_killed_worker_takes_what_was_not_committed(self) -> None:
        check = self.check()
        check.performed(Append(STORE, 15, (b"",) * 5), Stored())
        check.storage_lost()
        check.performed(Commit(), Stored())
        assert self.absent(check, 15, 19) == 0

    def test_what_gave_way_may_be(self) -> None:
        check = self.check(oldest=13)
        assert self.absent(check, 10, 12) == 0
        assert self.absent(check, 10, 13) == 1

    def test_a_flipped_bit_costs_one_record(self) -> None:
        check = self.check()
        vars(check.simulation).update(flipped=1)
        assert self.absent(check, 11, 11) == 0
        assert self.absent(check, 11, 11) == 0, "said again"
        assert self.absent(check, 12, 12) == 1


class TestFailedReads:
    """A playback that is asked for 5 to 9, and whose read ends somehow."""

    @pytest.fixture
    def reading(self, kernel, module, monkeypatch):
        playback = Playback()
        monkeypatch.setattr(module("downlink"), "playback", playback)
        check = FailedReadsWanted()
        check.installed(kernel, "downlink")
        playback.want(0, 5, 9)
        playback.fetch(1000, Outbox())
        assert playback.reading is not None
        return check, playback, playback.reading[0]

    @pytest.mark.parametrize("result", [Failed("disk: no"), Rejected(), LOST])
    def test_a_failed_read_stays_wanted(self, reading, result) -> None:
        check, playback, ticket = reading
        playback.completed(ticket, result, Outbox())
        assert (check.exercised, check.failed) == (1, 0)
        assert playback.failed == 1, "the tap hands on"

    @pytest.mark.parametrize("wanted", [[], [(6, 9)], [(5, 8)]])
    def test_one_that_is_no_longer_wanted_is_lost(self, reading, wanted) -> None:
        check, playback, ticket = reading
        playback.unseen[0].items = wanted
        playback.completed(ticket, Failed("disk: no"), Outbox())
        assert check.failed == 1

    def test_a_read_that_succeeds_and_an_answer_to_another_are_nothing(self, reading) -> None:
        check, playback, ticket = reading
        playback.completed(ticket + 1, Failed("disk: no"), Outbox())
        playback.completed(ticket, Records(0, (), 0), Outbox())
        assert check.exercised == 0


class TestDeleted:
    def check(self, flipped: int = 0) -> DeletedIsGone:
        check = DeletedIsGone()
        check.booted(SimpleNamespace(flipped=flipped), kernel_at())  # type: ignore[arg-type]
        check.performed(DeleteRecords(STORE, 50), Stored())
        check.performed(DeleteRecords(STORE, 40), Stored())
        check.performed(DeleteRecords(STORE, 90), Failed("disk: no"))
        return check

    @pytest.mark.parametrize(("oldest", "failed"), [(50, 0), (49, 1)])
    def test_what_was_deleted_is_not_read(self, oldest, failed) -> None:
        check = self.check()
        check.performed(Read(STORE, 0, 99), Records(STORE, ((oldest, b"one"),), 0))
        check.performed(Read(STORE, 0, 9), Records(STORE, (), 0))
        check.performed(Read(1, 0, 9), Records(1, ((0, b"other"),), 0))
        assert (check.exercised, check.failed) == (2, failed)

    def test_a_flipped_bit_may_bring_an_older_floor_back(self) -> None:
        check = self.check(flipped=1)
        check.performed(Read(STORE, 0, 99), Records(STORE, ((3, b"one"),), 0))
        assert not check.failed
