"""The way up: what the receiver hears becomes authentic telecommand packets, in order and each once."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from flight.declare import (
    DONE,
    SECOND,
    U16,
    U32,
    Access,
    Boot,
    Call,
    Event,
    Inbox,
    Module,
    Outbox,
    Outcome,
    Refused,
    Severity,
    Signals,
    Waiting,
    between,
    command,
    unit,
)
from flight.modules.uplink.chain import Chain
from flight.modules.uplink.packets import Security, Status, show_security, show_status
from flight.modules.uplink.saving import STORED_WITHIN_NS, Saving
from flight.wire.sdls import KeyRefusal, KeyState, Resumed, Use, Vault
from flight.wire.telecommand_link import TelecommandLink

CHUNKS = 64  # a second of line at 115,200 baud in pieces of 180 octets
TELECOMMANDS = "commands.telecommands"
TRIAL_LONGEST_S = 43_200  # half a day: the next passes of any orbit of ours
TrialTime = Annotated[U16, unit("s"), between(10, TRIAL_LONGEST_S)]


class Change(NamedTuple):
    """A command that waits for the disk."""

    ident: int
    spi: int
    wanted: KeyState


class Uplink(Module):
    """Receives, checks the code of each frame, keeps the order, and holds the keys of the link."""

    wakes = ("octets",)  # a command must not wait for the next second

    class Inputs(NamedTuple):
        carrier: bool

    class Outputs(Signals):
        clcw: U32

    no_keys = Event(Severity.HIGH, "no link keys: every telecommand is refused")
    keys_lost = Event(Severity.HIGH, "{given_up} link keys given up: their counters are lost", given_up=U16)
    numbers_skipped = Event(Severity.LOW, "the link's counters were damaged: numbers are skipped")
    trial_began = Event(Severity.MEDIUM, "key {spi} on trial", spi=U16)
    trial_ended = Event(Severity.MEDIUM, "trial of key {spi} ended without confirmation", spi=U16)
    key_changed = Event(Severity.MEDIUM, "key {spi} is {state} now", spi=U16, state=KeyState)

    def __init__(self) -> None:
        self.outputs = self.Outputs()
        self.status, self.security = Status(), Security()
        self.octets: Inbox[bytes] = Inbox(CHUNKS)
        self.octets_received = 0
        self.status.refresh = self._show
        self.security.refresh = lambda: show_security(self.security, self.chain, self.vault)
        self.changing: list[Change] = []  # at most one: the vault takes one change at a time

    def connect(self, access: Access) -> None:
        self.vault, self.resumed = access.borrow(Vault), access.borrow(Resumed)
        self.chain = Chain(access.spacecraft_id, access.borrow(TelecommandLink), self.vault)
        self.saving = Saving(self.vault)
        if self.chain.link.protected:
            self.vault.prepare()
        self.outputs.clcw = self.chain.clcw()

    def start(self, now: int, boot: Boot, out: Outbox) -> None:
        self.vault.forget_writes(
            now
        )  # those of this module before it was restarted: nobody tells how they end
        resumed = self.resumed
        if self.chain.link.protected and not resumed.keys:
            out.event(self.no_keys)
        if resumed.given_up:
            out.event(self.keys_lost, resumed.given_up)
        if resumed.skipped:
            out.event(self.numbers_skipped)

    def step(self, now: int, sees: Inputs, out: Outbox) -> None:
        if self.octets.items:
            for chunk in self.octets.drain():
                self.octets_received += len(chunk)
                self.chain.receive(chunk, now)
            self._hand_on(now, out)
        elif self.chain.held and not sees.carrier:
            self.chain.flush(now)
            self._hand_on(now, out)
        elif self.chain.security.waiting:
            self._hand_on(now, out)
        for spi in self.vault.on_time(now) if self.vault.trials else ():
            out.event(self.trial_ended, spi)
        self.saving.ask(now, out)

    def completed(self, now: int, ticket: int, result: object, out: Outbox) -> None:
        before = {spi: one.state for spi, one in self.vault.associations.items()}
        if not self.saving.completed(now, ticket, result):
            return
        for spi, one in self.vault.associations.items():
            if one.state is KeyState.TRIAL and before[spi] is not KeyState.TRIAL:
                out.event(self.trial_began, spi)
            elif one.state is not before[spi]:
                out.event(self.key_changed, spi, one.state)
        self._end_changes(out)
        self._hand_on(now, out)
        self.saving.ask(now, out)

    def _hand_on(self, now: int, out: Outbox) -> None:
        for packet in self.chain.take(now):
            out.post(TELECOMMANDS, packet)
        self.outputs.clcw = self.chain.clcw()

    def _show(self) -> None:
        show_status(self.status, self.chain, self.octets_received, self.octets.dropped)

    # ---------------------------------------------------------------- keys

    def _change(self, call: Call, spi: int, wanted: KeyState, refusal: KeyRefusal | None) -> Outcome:
        """Done when it is on disk."""
        if refusal is not None:
            return Refused(refusal.value)
        self.changing.append(Change(call.ident, spi, wanted))
        return Waiting(STORED_WITHIN_NS)

    def _end_changes(self, out: Outbox) -> None:
        for change in [] if self.vault.changing else self.changing:
            state = self.vault.associations[change.spi].state
            stored = state is change.wanted
            out.finish(change.ident, DONE if stored else Refused("not stored: the keys are as they were"))
        if not self.vault.changing:
            self.changing.clear()

    @command()
    def try_key(self, call: Call, out: Outbox, spi: U16, within_s: TrialTime) -> Outcome:
        """Take this key beside the old one; the first telecommand under it within that time confirms it."""
        return self._change(call, spi, KeyState.TRIAL, self.vault.try_key(spi, within_s * SECOND))

    @command()
    def confirm_key(self, call: Call, out: Outbox, spi: U16) -> Outcome:
        """A telemetry key on trial has been heard: the one before is given up."""
        association = self.vault.associations.get(spi)
        if association is not None and association.use is not Use.TELEMETRY:
            return Refused("a telecommand key is confirmed by a telecommand under it")
        return self._change(call, spi, KeyState.ACTIVE, self.vault.confirm_key(spi))

    @command(hazardous=True)
    def withdraw_key(self, call: Call, out: Outbox, spi: U16) -> Outcome:
        """Never use a key that waits; it cannot come back."""
        return self._change(call, spi, KeyState.DEACTIVATED, self.vault.withdraw_key(spi))

    @command(hazardous=True)
    def destroy_key(self, call: Call, out: Outbox, spi: U16) -> Outcome:
        """Overwrite a key that is not in use; it cannot come back."""
        return self._change(call, spi, KeyState.DESTROYED, self.vault.destroy_key(spi))
