"""The keys and counters of one end, and what of them must be on disk before it counts.

The seam to the store.  `due` gives what to write; the caller writes it `copies` times and says `stored` or `failed`.
Nothing takes effect before: a number is used, a frame is handed on and a key changes state only when a power cut at
any later moment would find it so.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from flight.wire.sdls.association import Association, Directive, KeyState, following
from flight.wire.sdls.kept import KeySlot, pack_counters, pack_keys
from flight.wire.sdls.layout import Use

KEYS_NAME, COUNTERS_NAME = "sdls-keys", "sdls-counters"
# As many as the store has slots, so that none holds an older state: of the keys always.
COPIES = 4
RETRY_NS = 1_000_000_000  # after a failed write; a disk that fails must not be asked in every step


class Save(NamedTuple):
    """Keep `body` under `name`, `copies` times over, then tell `stored(ticket)`."""

    ticket: int
    name: str
    body: bytes
    copies: int

    def __repr__(self) -> str:
        return f"Save({self.ticket}, {self.name!r}, {len(self.body)} octets, {self.copies})"  # the body may be keys


class KeyRefusal(Enum):
    UNKNOWN_SPI = "no such security association"
    STATE = "not in this state of the key"
    BUSY = "another change of keys is under way"


class Trial(NamedTuple):
    """A key that is used beside the old one; without confirmation it goes back at `deadline`."""

    spi: int
    deadline: int


class Proposal(NamedTuple):
    """States that count once they are stored."""

    states: dict[int, KeyState]
    trial: Trial | None = None  # `deadline` is a duration here: it begins when this is stored


class Vault:
    """Starts empty; `open` fills it (see `resume.py`)."""

    def __init__(self) -> None:
        self.associations: dict[int, Association] = {}
        self.trials: dict[Use, Trial] = {}
        self.sending: dict[Use, Association] = {}  # which one a sender uses: on trial, else active
        self.reverted = 0  # trials that ended without confirmation
        self.failures = 0  # writes that failed
        self._proposal: Proposal | None = None
        self._keys_stale = self._counters_stale = False  # what the disk holds is not known to be what we hold
        self._counters_written = False  # in this life
        self._keys_ticket = self._counters_ticket = 0  # of the write under way, 0 for none
        self._keys_at = self._counters_at = 0  # no write before
        self._last_ticket = 0

    def open(self, associations: list[Association], *, stale: bool) -> None:
        """`stale`: keys and counters are not those on disk, and are to be written whether used or not."""
        assert not self.associations, "a vault is opened once"
        self.associations = {one.spi: one for one in associations}
        self._keys_stale = self._counters_stale = stale
        self._choose()

    def prepare(self) -> None:
        """Make the ciphers in use now: the library takes tens of milliseconds to load, which no step has."""
        for association in self.associations.values():
            if association.state is KeyState.ACTIVE:
                assert association.cipher is not None

    @property
    def keys_pending(self) -> bool:
        """Some change of keys is not on disk yet."""
        return self._keys_stale or self._proposal is not None

    @property
    def changing(self) -> bool:
        """A change that was asked for is not on disk, nor off."""
        return self._proposal is not None

    # ---------------------------------------------------------------- changes of keys

    def try_key(self, spi: int, within_ns: int) -> KeyRefusal | None:
        """Use it beside the old one.  Confirmed within that time (from when it begins) it replaces the old one."""
        association = self.associations.get(spi)
        if association is not None and association.use in self.trials:
            return KeyRefusal.BUSY
        refusal = self._propose(spi, Directive.TRY, Trial(spi, within_ns))
        if association is not None and refusal is None:
            association.counter.used = (
                True  # its numbers are reserved meanwhile, so that no frame has to wait
            )
        return refusal

    def confirm_key(self, spi: int) -> KeyRefusal | None:
        """The other end has it: for telecommands a frame under it shows that, for telemetry a command says so."""
        return self._propose(spi, Directive.CONFIRM)

    def withdraw_key(self, spi: int) -> KeyRefusal | None:
        return self._propose(spi, Directive.WITHDRAW)

    def destroy_key(self, spi: int) -> KeyRefusal | None:
        return self._propose(spi, Directive.DESTROY)

    def on_time(self, now: int) -> list[int]:
        """End trials that nobody confirmed; gives their SPIs.  The old key never ceased to be good."""
        ended = [use for use, trial in self.trials.items() if now >= trial.deadline]
        if not ended or self._proposal is not None:  # a confirmation may be on its way to the disk
            return []
        spis = [self.trials.pop(use).spi for use in ended]
        for spi in spis:
            self._enter(spi, Directive.REVERT)
        self.reverted += len(spis)
        self._choose()
        return spis

    def _propose(self, spi: int, directive: Directive, trial: Trial | None = None) -> KeyRefusal | None:
        association = self.associations.get(spi)
        if association is None:
            return KeyRefusal.UNKNOWN_SPI
        state = following(association.state, directive)
        if state is None:
            return KeyRefusal.STATE
        if self._proposal is not None or self._keys_ticket:
            return KeyRefusal.BUSY
        states = {spi: state}
        if directive is Directive.CONFIRM:
            for old in self.associations.values():
                superseded = following(old.state, Directive.SUPERSEDE)
                if old.use is association.use and superseded is not None:
                    states[old.spi] = superseded
        self._proposal = Proposal(states, trial)
        return None

    def _enter(self, spi: int, directive: Directive) -> None:
        association = self.associations[spi]
        state = following(association.state, directive)
        assert state is not None
        association.state = state

    def _adopt(self, proposal: Proposal, now: int) -> None:
        for spi, state in proposal.states.items():
            association = self.associations[spi]
            association.state = state
            if state is KeyState.TRIAL:
                association.tried = association.on_disk = True
            if state is KeyState.DESTROYED:
                association.destroy()
            trial = self.trials.get(association.use)
            if trial is not None and trial.spi == spi:  # confirmed
                del self.trials[association.use]
        if proposal.trial is not None:
            spi, within_ns = proposal.trial
            self.trials[self.associations[spi].use] = Trial(spi, now + within_ns)
        self._choose()

    def _choose(self) -> None:
        self.sending = {}
        for association in self.associations.values():
            if association.state is KeyState.ACTIVE:
                self.sending.setdefault(association.use, association)
        for trial in self.trials.values():
            association = self.associations[trial.spi]
            self.sending[association.use] = association

    # ---------------------------------------------------------------- writes

    def due(self, now: int) -> list[Save]:
        """What to write now; at most one write of each kind is under way."""
        saves = []
        if not self._counters_ticket and now >= self._counters_at and self._counters_due():
            self._counters_ticket = self._next_ticket()
            body = self._counters_body()
            saves.append(Save(self._counters_ticket, COUNTERS_NAME, body, self._counters_copies()))
        # A key that is tried on disk and has no counter there is given up at the next start: counters go first.
        ready = self.keys_pending and not self._counters_stale and not self._keys_ticket
        if ready and now >= self._keys_at:
            self._keys_ticket = self._next_ticket()
            saves.append(Save(self._keys_ticket, KEYS_NAME, self._keys_body(), COPIES))
        return saves

    def stored(self, ticket: int, now: int) -> None:
        """It is on disk, for good."""
        if ticket == self._counters_ticket:
            self._counters_ticket, self._counters_stale, self._counters_written = 0, False, True
            for association in self.associations.values():
                association.counter.granted()
        elif ticket == self._keys_ticket:
            self._keys_ticket, self._keys_stale = 0, False
            for association in self.associations.values():
                association.on_disk = association.tried
            proposal, self._proposal = self._proposal, None
            if proposal is not None:
                self._adopt(proposal, now)

    def failed(self, ticket: int, now: int) -> None:
        """It may be on disk or not.  A change of keys is off; what we hold is written again."""
        self.failures += 1
        if ticket == self._counters_ticket:
            self._counters_ticket, self._counters_at = 0, now + RETRY_NS
        elif ticket == self._keys_ticket:
            self._keys_ticket, self._keys_at = 0, now + RETRY_NS
            self._keys_stale, self._proposal = True, None

    def forget_writes(self, now: int) -> None:
        """Nobody will tell how those under way end: whoever asked for them has gone."""
        for ticket in (self._counters_ticket, self._keys_ticket):
            if ticket:
                self.failed(ticket, now)

    def _counters_due(self) -> bool:
        if self._counters_stale:
            return True
        for one in self.associations.values():  # each second: a loop costs half of what `any` does
            counter = one.counter
            if counter.used and counter.low:
                return True
        return False

    def _counters_body(self) -> bytes:
        """Without those of keys that never come back: for some of them nobody knows the number."""
        alive = [one for one in self.associations.values() if one.state < KeyState.DEACTIVATED]
        return pack_counters({one.spi: one.counter.ask() for one in alive})

    def _counters_copies(self) -> int:
        """One, unless a slot before it would be more than a block behind: then what `open_vault` skips is too little.

        A life may begin behind skipped numbers; a received number or the other end's report may be far ahead.
        """
        far = any(
            one.counter.asked > one.counter.reserved + one.counter.block for one in self.associations.values()
        )
        return COPIES if far or not self._counters_written else 1

    def _next_ticket(self) -> int:
        self._last_ticket += 1
        return self._last_ticket

    def _keys_body(self) -> bytes:
        states: Mapping[int, KeyState] = self._proposal.states if self._proposal is not None else {}
        slots = []
        for one in self.associations.values():
            state = states.get(one.spi, one.state)
            tried = one.tried or state is KeyState.TRIAL
            key = b"" if state is KeyState.DESTROYED else one.key
            slots.append(KeySlot(one.spi, one.use, state, tried, key))
        return pack_keys(slots)
