"""Two entities under whatever users, links and power do: no wrong file is ever shown, and everything ends."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flight.wire.cfdp import Indication, ProxyPut, Put, TransactionId, encode_message
from flight.wire.cfdp.journal import JOURNAL_NAME
from tests.flight.wire.cfdp.pair import SECOND, End, Pair, octets

ends = st.booleans()
index = st.integers(0, 50)
HEARD_MAX = 200  # PDUs that somebody may send again


class Transfers(RuleBasedStateMachine):
    @initialize(
        seed=st.integers(0, 1000),
        loss=st.sampled_from([0.0, 0.05, 0.2]),
        repeat=st.sampled_from([0.0, 0.2]),
        jitter=st.sampled_from([0, SECOND // 3]),
        immediate=st.booleans(),
    )
    def begin(self, seed, loss, repeat, jitter, immediate):
        self.pair = Pair(
            seed, loss, repeat, jitter, immediate_nak=immediate, local={"checkpoint_octets": 2048}
        )
        self.pair.logging = False
        self.pair.room = 3000
        self.started: list[tuple[bool, TransactionId]] = []
        self.contents: dict[str, bytes] = {}
        self.number = 0
        self.heard: list[tuple[bytes, bool]] = []
        put_on_line = self.pair.put_on_line

        def listen(data: bytes, from_ground: bool) -> None:
            self.heard = [*self.heard[-HEARD_MAX:], (data, from_ground)]
            put_on_line(data, from_ground)

        self.pair.put_on_line = listen  # type: ignore[method-assign]

    def end(self, ground: bool) -> End:
        return self.pair.ground if ground else self.pair.craft

    @rule(
        ground=ends,
        count=st.sampled_from([0, 1, 500, 4000, 9000]),
        acknowledged=st.sampled_from([True, True, False]),
    )
    def put(self, ground, count, acknowledged):
        self.number += 1
        name = f"file{self.number}"
        data = octets(self.number, count)
        end, other = self.end(ground), self.end(not ground)
        end.store.put("from-" + name, data)
        wish = Put(other.local.entity, "from-" + name, name, acknowledged, closure=True)
        started = end.entity.put(wish, self.pair.now)
        if isinstance(started, TransactionId):
            self.contents[name] = data
            self.started.append((ground, started))

    @rule(steps=st.integers(1, 30))
    def time_passes(self, steps):
        for _ in range(steps):
            self.pair.step()

    @precondition(lambda self: self.heard)
    @rule(which=index)
    def an_old_pdu_comes_again(self, which):
        """Of this transfer, one that is over, or one from before a reboot."""
        data, from_ground = self.heard[-1 - which % len(self.heard)]
        self.end(not from_ground).entity.receive(data, self.pair.now)

    @precondition(lambda self: self.contents)
    @rule(which=index, ground=ends)
    def one_asks_the_other_for_a_file(self, which, ground):
        """By proxy; what comes is a file like any other."""
        name = sorted(self.contents)[which % len(self.contents)]
        end, other = self.end(ground), self.end(not ground)
        asked = ProxyPut(end.local.entity, f"from-{name}".encode(), name.encode())
        end.entity.put(Put(other.local.entity, messages=(encode_message(asked),)), self.pair.now)

    @rule(ground=ends)
    def the_power_fails(self, ground):
        self.end(ground).cut_power(self.pair.now)

    @rule(ground=ends, up=st.booleans())
    def the_pass(self, ground, up):
        self.end(ground).entity.contact(up, self.pair.now)

    @precondition(lambda self: self.started)
    @rule(which=index, ground=ends, what=st.sampled_from(["suspend", "resume", "cancel", "abandon"]))
    def the_user(self, which, ground, what):
        _, transaction = self.started[which % len(self.started)]
        getattr(self.end(ground).entity, what)(transaction, self.pair.now)

    @invariant()
    def no_wrong_file_is_shown(self):
        for end in (self.pair.ground, self.pair.craft):
            for name, data in self.contents.items():
                assert not end.store.exists(name) or end.store.content(name) == data

    def teardown(self):
        if not hasattr(self, "pair"):
            return
        for end in (self.pair.ground, self.pair.craft):
            end.entity.contact(True, self.pair.now)
            for transaction in end.entity.transactions():
                end.entity.resume(transaction.id, self.pair.now)
        self.pair.tick_ns = SECOND  # limits of minutes are waited for
        self.pair.run(20_000)
        assert self.pair.quiet(), "everything ends"
        self.no_wrong_file_is_shown()
        for end in (self.pair.ground, self.pair.craft):
            others = [n for n, _ in end.store.names() if not n.startswith(("from-", "file"))]
            assert others in ([], [JOURNAL_NAME]), "nothing of ours is left behind"
        self.who_said_sent_was_right()

    def who_said_sent_was_right(self):
        """A class 2 sender that reports success has its file at the other end."""
        for ground, transaction in self.started:
            end, other = self.end(ground), self.end(not ground)
            for notice in end.notices:
                if notice.transaction == transaction and notice.kind is Indication.SENT:
                    name = notice.name.removeprefix("from-")
                    assert other.store.content(name) == self.contents[name]


_current = settings()  # `make properties` says how many
TestTransfers = Transfers.TestCase
TestTransfers.settings = settings(
    max_examples=25 if _current.derandomize else _current.max_examples, stateful_step_count=25
)
