"""FOP-1 and FARM-1 over a bad line: what is confirmed was delivered once and in order, and it always comes back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flight.wire import TcFrame, TcFrameHeader
from flight.wire.cop1 import Alert, Directive, DirectiveKind
from tests.flight.wire.cop1.pair import AD, MS, SPACECRAFT, VC, Faults, Pair

SECOND = 1000 * MS


def test_a_good_line_confirms_everything_without_a_repetition() -> None:
    pair = Pair(1)
    pair.run(5 * SECOND)
    pair.submit(400)  # the numbers wrap
    pair.run(60 * SECOND)
    pair.check()
    assert pair.confirmed == pair.delivered == list(range(400))
    assert pair.frames_up == 400 + 1  # and one Unlock: the board starts locked
    assert not pair.alerts


@pytest.mark.slow
@pytest.mark.parametrize("what", ["lost", "doubled", "flipped", "late"])
def test_each_fault_alone_is_repaired(what: str) -> None:
    pair = Pair(2)
    pair.run(5 * SECOND)
    setattr(pair.faults, what, 0.15)
    pair.submit(300)
    pair.run(600 * SECOND)
    pair.check()
    assert len(pair.confirmed) > 250
    if what in {"doubled", "late"}:
        assert pair.confirmed == list(range(300))
        assert not pair.alerts
    pair.heal()
    pair.check()


@pytest.mark.slow
def test_overtaking_words_cost_the_service_but_no_truth() -> None:
    """Without the reader's look at the frame count, FOP-1 sees reports go backwards: E13, and it starts again."""
    pair = Pair(2, overtaken_most=0)
    pair.run(5 * SECOND)
    pair.faults.late = 0.15
    pair.submit(300)
    pair.run(600 * SECOND)
    pair.check()
    assert Alert.NNR in pair.alerts
    assert len(pair.confirmed) > 100
    pair.heal()
    pair.check()


def test_a_lockout_is_found_and_undone() -> None:
    """An AD frame far outside the window, as a forger or a confused second station sends it."""
    pair = Pair(3)
    pair.submit(5)
    pair.run(10 * SECOND)
    assert pair.farm is not None
    pair.on_board(TcFrame(TcFrameHeader(AD, SPACECRAFT, VC, 12, pair.farm.v_r + 100), b"Zevil"), b"")
    assert pair.farm.lockout
    pair.run(SECOND)
    assert pair.alerts == [Alert.LOCKOUT]
    pair.submit(5)
    pair.run(10 * SECOND)
    pair.check()
    assert pair.confirmed == list(range(10))
    assert not pair.farm.lockout
    assert pair.keeper.starts == 2


def test_a_full_buffer_holds_the_sender_back_and_loses_nothing() -> None:
    pair = Pair(4)
    pair.run(5 * SECOND)
    pair.fill()
    pair.submit(15)
    pair.run(8 * SECOND)
    assert pair.delivered == []
    assert pair.fop.state.value == "S3"
    pair.drain()
    pair.run(20 * SECOND)
    assert pair.confirmed == list(range(15))
    assert not pair.alerts


def test_a_reboot_on_board_confirms_nothing_that_was_lost() -> None:
    pair = Pair(5)
    pair.run(5 * SECOND)
    pair.submit(8)
    pair.run(SECOND // 10)
    pair.reboot()
    pair.run(30 * SECOND)
    pair.check()
    assert len(pair.failed) > 0
    pair.heal()
    pair.check()


def tortured(seed: int) -> Pair:
    """A few minutes of everything that can go wrong, then health."""
    random = Random(seed)
    window, overtaken_most = random.choice([2, 4, 20, 254]), random.choice([0, 32])
    pair = Pair(seed, window, random.randint(1, 6), overtaken_most)
    for _ in range(random.randint(5, 25)):
        pair.faults = Faults(
            lost=random.choice([0, 0.05, 0.3, 1.0]),
            doubled=random.choice([0, 0.2]),
            flipped=random.choice([0, 0.1]),
            late=random.choice([0, 0.3]),
            refused=random.choice([0, 0, 0.05]),
        )
        pair.submit(random.randint(0, 40))
        happening: list[Callable[[], None]] = [pair.fill, pair.drain, pair.drain, pair.reboot]
        random.choice(happening)()
        if random.random() < 0.2:
            kind = Directive(DirectiveKind.SET_TIMEOUT_TYPE, random.randint(0, 1))
            pair.do(pair.fop.directive(kind, pair.now))
        pair.submit_urgent(10_000 + pair.frames_up)
        pair.run(random.randint(1, 15_000) * MS)
        pair.check()
    pair.heal()
    pair.check()
    return pair


@pytest.mark.parametrize("seed", range(15))
def test_always_recovers(seed: int) -> None:
    tortured(seed)


@pytest.mark.long
def test_always_recovers_1000_seeds() -> None:
    alerts: Counter[Alert] = Counter()
    cells: Counter[str] = Counter()
    confirmed = failed = 0
    for seed in range(1000):
        pair = tortured(seed)
        alerts.update(pair.alerts)
        confirmed += len(pair.confirmed)
        failed += len(pair.failed)
        cells.update({f"{event.name}-{state.value}": n for (event, state), n in pair.fop.cells.items()})
    print(f"confirmed {confirmed}, failed {failed}, alerts {dict(alerts)}, {len(cells)} cells of 252 met")
    assert set(alerts) >= {Alert.T1, Alert.LOCKOUT, Alert.SYNCH, Alert.NNR, Alert.LLIF, Alert.LIMIT}


class PairMachine(RuleBasedStateMachine):
    """The same in any order that hypothesis thinks of."""

    def __init__(self) -> None:
        super().__init__()
        self.pair = Pair(0)

    @initialize(seed=st.integers(0, 2**32), window=st.sampled_from([2, 6, 254]), limit=st.integers(1, 4))
    def begin(self, seed: int, window: int, limit: int) -> None:
        self.pair = Pair(seed, window, limit)

    @rule(number=st.integers(1, 30))
    def submit(self, number: int) -> None:
        self.pair.submit(number)

    @rule()
    def urgent(self) -> None:
        self.pair.submit_urgent(10_000)

    @rule(milliseconds=st.sampled_from([1, 30, 400, 3000, 20_000]))
    def run(self, milliseconds: int) -> None:
        self.pair.run(milliseconds * MS)

    @rule(
        lost=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
        doubled=st.sampled_from([0.0, 0.3]),
        flipped=st.sampled_from([0.0, 0.2]),
        late=st.sampled_from([0.0, 0.5]),
        refused=st.sampled_from([0.0, 0.2]),
    )
    def weather(self, lost: float, doubled: float, flipped: float, late: float, refused: float) -> None:
        self.pair.faults = Faults(lost, doubled, flipped, late, refused)

    @rule()
    def fill(self) -> None:
        self.pair.fill()

    @rule()
    def drain(self) -> None:
        self.pair.drain()

    @precondition(lambda self: self.pair.farm is not None)
    @rule()
    def reboot(self) -> None:
        self.pair.reboot()

    @precondition(lambda self: self.pair.farm is not None)
    @rule(ahead=st.integers(0, 255))
    def confused_station(self, ahead: int) -> None:
        """A frame of another sender; one that takes V(R)'s own number is what nobody can bear (docs/link.md)."""
        farm = self.pair.farm
        if farm is not None and ahead:
            self.pair.on_board(
                TcFrame(TcFrameHeader(AD, SPACECRAFT, VC, 12, (farm.v_r + ahead) % 256), b"Zevil"), b""
            )

    @rule()
    def terminate(self) -> None:
        self.pair.do(self.pair.keeper.stop(self.pair.now))
        self.pair.keeper.start()

    @rule()
    def resume(self) -> None:
        self.pair.do(self.pair.fop.directive(Directive(DirectiveKind.RESUME_AD), self.pair.now))

    @rule(kind=st.integers(0, 1))
    def timeout_type(self, kind: int) -> None:
        self.pair.do(self.pair.fop.directive(Directive(DirectiveKind.SET_TIMEOUT_TYPE, kind), self.pair.now))

    @invariant()
    def holds(self) -> None:
        self.pair.check()

    def teardown(self) -> None:
        self.pair.heal()
        self.pair.check()


# Few in make test; as many as `make properties` asks for there.
_current = settings()
PairMachine.TestCase.settings = settings(
    max_examples=15 if _current.derandomize else _current.max_examples, stateful_step_count=25
)
TestPairMachine = pytest.mark.slow(PairMachine.TestCase)
