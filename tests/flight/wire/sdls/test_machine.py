"""Two ends, a hostile line, disks that fail, power cuts at any moment, key changes: what must hold whatever happens.

Never an IV twice under one key; never a frame accepted twice; never a forged one; and afterwards the true one gets
through.  Blocks are small here, so that their ends are met all the time.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flight.wire import append_crc
from flight.wire.sdls import (
    COPIES,
    COUNTERS_NAME,
    Blocks,
    KeyState,
    Refusal,
    Save,
    SecurityRejection,
    Use,
    Verified,
    secure_tc_frame,
)
from tests.flight.wire.sdls.ends import SECOND, SPACECRAFT, TC_SPIS, TM_SPIS, End

TRIAL_NS = 60 * SECOND
LOSSES_MAX = 2  # of all counters; each costs a key of each direction
PREFIX = bytes([0x04, 0x91, 0, 0, 0x18, 0])
ends = st.sampled_from(["ground", "board"])
which = st.integers(0, 1 << 20)


class Link(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.line: list[bytes] = []  # everything ever sent up; whoever listens may send it again
        self.down: list[bytes] = []
        self.sent: set[bytes] = set()
        self.taken: list[bytes] = []
        self.numbers: set[tuple[int, bytes]] = set()  # SPI (so, key) and IV of every frame of either end
        self.losses = self.refused = 0
        self.damaged = False
        self.old_counters: list[bytes] = []  # of the board, as its other slots hold them

    @initialize(sending=st.integers(2, 6), receiving=st.integers(2, 6))
    def begin(self, sending, receiving) -> None:
        blocks = Blocks(sending, receiving)
        self.ground, self.board = End(Use.TELECOMMAND, blocks=blocks), End(Use.TELEMETRY, blocks=blocks)

    # ---------------------------------------------------------------- the ends at work

    def used(self, field: bytes) -> None:
        number = (int.from_bytes(field[:2], "big"), field[2:14])
        assert number not in self.numbers, "an IV twice under one key"
        self.numbers.add(number)

    @rule(vc=st.integers(0, 1))
    def command(self, vc) -> None:
        data = b"command %d" % len(self.sent)
        frame = secure_tc_frame(self.ground.sender, SPACECRAFT, vc, data)
        if frame is not None:
            self.used(frame[5:])
            self.line.append(frame)
            self.sent.add(data)

    @rule(ahead=st.integers(1, 40))
    def the_ground_jumps_ahead(self, ahead) -> None:
        association = self.ground.vault.sending[Use.TELECOMMAND]
        self.ground.sender.raise_to(association.counter.next + ahead)

    @rule()
    def telemetry(self) -> None:
        field = self.board.sender.apply(PREFIX, b"zone")
        if field is not None:
            self.used(field)
            self.down.append(PREFIX + field + bytes(6))

    def hand_over(self, verified: Verified | SecurityRejection) -> None:
        if isinstance(verified, Verified):
            assert verified.data in self.sent, "a forged frame"
            self.board.receiver.accept(verified, self.now)
        else:
            self.refused += 1
        self.take()

    def take(self) -> None:
        for verified in self.board.receiver.take(self.now):
            assert verified.data not in self.taken, "a frame accepted twice"
            self.taken.append(verified.data)

    # ---------------------------------------------------------------- the line

    @rule(vc=st.integers(0, 1))
    def command_and_answer(self, vc) -> None:
        """As on a good day; what goes wrong on others is in the rules around."""
        for end in (self.ground, self.board):
            self.the_disk_is_done("ground" if end is self.ground else "board")
        self.command(vc)
        if self.line:
            self.deliver_newest()
        self.the_disk_is_done("board")

    @precondition(lambda self: self.line)
    @rule(index=which)
    def deliver(self, index) -> None:
        self.hand_over(self.board.receiver.verify(self.line[index % len(self.line)]))

    @precondition(lambda self: self.line)
    @rule()
    def deliver_newest(self) -> None:
        self.hand_over(self.board.receiver.verify(self.line[-1]))

    @precondition(lambda self: self.line)
    @rule(index=which)
    def farm_discards(self, index) -> None:
        self.board.receiver.verify(self.line[index % len(self.line)])

    @precondition(lambda self: self.line)
    @rule(index=which, at=which, bit=st.integers(0, 7))
    def forge_by_a_bit(self, index, at, bit) -> None:
        frame = bytearray(self.line[index % len(self.line)])
        frame[at % (len(frame) - 2)] ^= 1 << bit
        self.hand_over(self.board.receiver.verify(append_crc(bytes(frame[:-2]))))

    @rule(
        spi=st.sampled_from(TC_SPIS + TM_SPIS),
        number=st.integers(0, 100),
        rest=st.binary(min_size=17, max_size=40),
    )
    def forge(self, spi, number, rest) -> None:
        frame = (
            bytes([0x20, SPACECRAFT, 0, 0, 0]) + spi.to_bytes(2, "big") + number.to_bytes(12, "big") + rest
        )
        answer = self.board.receiver.verify(append_crc(frame))
        assert isinstance(answer, SecurityRejection)

    @precondition(lambda self: self.line and self.down)
    @rule(index=which)
    def mirror(self, index) -> None:
        answer = self.board.receiver.verify(self.down[index % len(self.down)])
        assert isinstance(answer, SecurityRejection)

    # ---------------------------------------------------------------- disks, power, time

    def end(self, name: str) -> End:
        return self.ground if name == "ground" else self.board

    def land(self, end: End, save: Save, *, whole: bool = True) -> None:
        """`whole`: all copies of it, so that no slot holds an older state."""
        if end is self.board and save.name == COUNTERS_NAME:
            self.old_counters = [*self.old_counters, end.disk.get(COUNTERS_NAME, b"")][-3:]
            self.damaged = False
            if whole and save.copies == COPIES:
                self.old_counters = []
        end.disk[save.name] = save.body

    @rule(name=ends)
    def ask_the_disk(self, name) -> None:
        self.end(name).ask()

    @rule(name=ends)
    def the_disk_is_done(self, name) -> None:
        end = self.end(name)
        end.ask()
        if end.writes:
            save = end.writes.pop(0)
            self.land(end, save)
            end.vault.stored(save.ticket, self.now)
        self.take()

    @rule(name=ends, landed=st.booleans())
    def the_disk_fails(self, name, landed) -> None:
        end = self.end(name)
        end.ask()
        if end.writes:
            save = end.writes.pop(0)
            if landed:
                self.land(end, save, whole=False)
            end.vault.failed(save.ticket, self.now)
        self.take()

    @rule(name=ends, landed=st.integers(0, 3))
    def power_cut(self, name, landed) -> None:
        end = self.end(name)
        for save in end.writes[:landed]:
            self.land(end, save, whole=False)
        end.start(damaged=self.damaged and end is self.board)

    @precondition(lambda self: self.old_counters)
    @rule(back=st.integers(1, 3))
    def newest_slots_are_damaged(self, back) -> None:
        older = self.old_counters[-back:][0]
        if older:
            self.board.disk[COUNTERS_NAME] = older
            self.old_counters = []
            self.damaged = True  # and is found so at each start until a slot is written
            self.board.start(damaged=True)

    @precondition(lambda self: self.losses < LOSSES_MAX)
    @rule()
    def counters_are_lost(self) -> None:
        self.losses += 1
        self.board.disk.pop(COUNTERS_NAME, None)
        self.old_counters = []
        self.board.start()

    @rule(seconds=st.integers(1, 70))
    def time_passes(self, seconds) -> None:
        self.now += seconds * SECOND
        for end in (self.ground, self.board):
            end.now = self.now
            end.vault.on_time(self.now)
        self.take()

    # ---------------------------------------------------------------- keys

    @rule(name=ends, spi=st.sampled_from(TC_SPIS + TM_SPIS))
    def try_key(self, name, spi) -> None:
        self.end(name).vault.try_key(spi, TRIAL_NS)

    @rule(spi=st.sampled_from(TM_SPIS))
    def confirm_telemetry_key(self, spi) -> None:
        self.board.vault.confirm_key(spi)

    @rule()
    def the_ground_follows_telemetry(self) -> None:
        """To the key that the board has active, and behind the number that it takes next."""
        board = next(
            (
                one
                for one in self.board.vault.associations.values()
                if one.use is Use.TELECOMMAND and one.state is KeyState.ACTIVE and one.on_disk
            ),
            None,
        )
        if board is None:
            return
        vault, spi = self.ground.vault, board.spi
        if vault.associations[spi].state is KeyState.PRE_ACTIVATION:
            vault.try_key(spi, TRIAL_NS)
        elif vault.associations[spi].state is KeyState.TRIAL:
            vault.confirm_key(spi)
        elif self.ground.sender.spi == spi:
            self.ground.sender.raise_to(board.counter.next)

    # ---------------------------------------------------------------- what must hold

    @invariant()
    def an_active_key_remains(self) -> None:
        """No command and no frame makes the board deaf; only losing all counters too often does."""
        for use in (Use.TELECOMMAND, Use.TELEMETRY):
            states = [one.state for one in self.board.vault.associations.values() if one.use is use]
            active = states.count(KeyState.ACTIVE)
            assert active <= 1
            assert active == 1 or KeyState.PRE_ACTIVATION not in states or self.losses

    def teardown(self) -> None:
        if hasattr(self, "board"):
            self.end_of_trouble()
            board = self.board.vault.sending.get(Use.TELECOMMAND)
            ground = self.ground.vault.associations
            if board is not None and ground[board.spi].state < KeyState.DEACTIVATED:
                self.true_command_gets_through(board.spi)

    def end_of_trouble(self) -> None:
        """Disks answer, trials end."""
        for end in (self.ground, self.board):
            end.now = self.now
            end.settle()
        for _ in range(2):
            self.time_passes(2 * TRIAL_NS // SECOND)
            for end in (self.ground, self.board):
                end.writes.clear()
                end.settle()
            self.take()

    def true_command_gets_through(self, spi: int) -> None:
        """The ground takes the key that telemetry names, then goes behind the number that telemetry names."""
        if self.ground.sender.spi != spi:
            assert self.ground.vault.try_key(spi, TRIAL_NS) is None
            self.ground.settle()
        counter = self.board.vault.associations[spi].counter
        assert self.ground.sender.raise_to(counter.next)
        frame = self.ground.telecommand(b"true")
        self.used(frame[5:])
        assert self.board.receive(frame) == [b"true"]
        answer = self.board.receive(frame)
        assert isinstance(answer, SecurityRejection)
        assert answer.reason is Refusal.REPLAY


LinkTest = Link.TestCase
LinkTest.settings = settings(max_examples=40, stateful_step_count=50)
pytest.mark.slow(LinkTest)


# ---------------------------------------------------------------- longer ways than hypothesis takes


class Walk(Link):
    """The same rules, drawn by weight from a seed."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = random.Random(seed)
        self.begin(self.random.randint(2, 6), self.random.randint(2, 6))

    def step(self) -> None:
        draw = self.random.randrange
        name = "ground" if draw(2) else "board"
        spis = TC_SPIS + TM_SPIS
        actions = [
            (30, lambda: self.command_and_answer(draw(2))),
            (10, lambda: self.command(draw(2))),
            (20, self.telemetry),
            (1, lambda: self.the_ground_jumps_ahead(1 + draw(40))),
            (10, lambda: self.line and self.deliver(draw(1 << 20))),
            (10, lambda: self.line and self.deliver_newest()),
            (3, lambda: self.line and self.farm_discards(draw(1 << 20))),
            (10, lambda: self.line and self.forge_by_a_bit(draw(1 << 20), draw(1 << 20), draw(8))),
            (3, lambda: self.forge(self.random.choice(spis), draw(200), bytes(17 + draw(20)))),
            (3, lambda: self.line and self.down and self.mirror(draw(1 << 20))),
            (10, lambda: self.ask_the_disk(name)),
            (30, lambda: self.the_disk_is_done(name)),
            (5, lambda: self.the_disk_fails(name, bool(draw(2)))),
            (5, lambda: self.power_cut(name, draw(4))),
            (1, lambda: self.old_counters and self.newest_slots_are_damaged(1 + draw(3))),
            (4, lambda: self.time_passes(1 + draw(20))),
            (1, lambda: self.both_try(self.random.choice(spis))),
            (8, self.the_ground_follows_telemetry),
            (1, lambda: self.confirm_telemetry_key(self.random.choice(TM_SPIS))),
        ]
        weights = [weight for weight, _ in actions]
        self.random.choices(actions, weights)[0][1]()
        self.an_active_key_remains()

    def both_try(self, spi: int) -> None:
        """By a command that arrived."""
        if self.board.vault.try_key(spi, TRIAL_NS) is None:
            self.ground.vault.try_key(spi, TRIAL_NS)


def walk(seed: int, steps: int) -> Walk:
    way = Walk(seed)
    for number in range(steps):
        if number in {steps // 3, 2 * steps // 3} and seed % 3 == 0:
            way.counters_are_lost()
        way.step()
    return way


@pytest.mark.parametrize("seed", range(6))
def test_long_ways(seed):
    way = walk(seed, 3000)
    assert len(way.taken) > 50, "the line was not hostile, it was dead"
    assert len(way.down) > 50
    assert way.refused > 50
    way.teardown()


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 300))
def test_more_long_ways(seed):
    walk(seed, 20_000).teardown()
