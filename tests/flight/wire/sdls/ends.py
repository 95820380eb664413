"""Two ends with keys, a store that may lose power, and a clock that only moves when told."""

from __future__ import annotations

from hashlib import sha256

from flight.wire.sdls import (
    BLOCKS,
    COUNTERS_NAME,
    FOLLOWING,
    KEYS_NAME,
    KeySlot,
    KeyState,
    Receiver,
    Save,
    SecurityRejection,
    Sender,
    Use,
    Vault,
    Verified,
    open_vault,
    pack_counters,
    pack_keys,
    secure_tc_frame,
    telecommand_rule,
    telemetry_rule,
    unpack_keys,
)

SPACECRAFT = 73
SECOND = 1_000_000_000
TC_SPIS = (1, 2, 3, 4)
TM_SPIS = (257, 258, 259)


def key(spi: int) -> bytes:
    return sha256(b"only in tests %d" % spi).digest()


def ring() -> dict[str, bytes]:
    """What the tool stores: the first key of each direction active, the others waiting."""
    slots = []
    for use, spis in ((Use.TELECOMMAND, TC_SPIS), (Use.TELEMETRY, TM_SPIS)):
        for spi in spis:
            first = spi == spis[0]
            state = KeyState.ACTIVE if first else KeyState.PRE_ACTIVATION
            slots.append(KeySlot(spi, use, state, first, key(spi)))
    return {
        KEYS_NAME: pack_keys(slots),
        COUNTERS_NAME: pack_counters(dict.fromkeys(TC_SPIS + TM_SPIS, 0)),
    }


class End:
    """One end with its disk.  `power_cut` forgets all but the disk."""

    def __init__(self, sends: Use, rules=None, disk=None, blocks=BLOCKS) -> None:
        self.blocks = blocks
        self.sends = sends
        tc_rule, tm_rule = rules or (
            telecommand_rule(frozenset({0, 1})),
            telemetry_rule(frozenset({0, 1, 2})),
        )
        self.rules = {Use.TELECOMMAND: tc_rule, Use.TELEMETRY: tm_rule}
        self.disk = ring() if disk is None else disk
        self.now = 0
        self.start()

    def start(self, *, damaged: bool = False) -> None:
        self.vault = Vault()
        other = Use.TELEMETRY if self.sends is Use.TELECOMMAND else Use.TELECOMMAND
        self.resumed = open_vault(
            self.vault,
            self.sends,
            self.disk.get(KEYS_NAME),
            self.disk.get(COUNTERS_NAME),
            damaged=damaged,
            blocks=self.blocks,
        )
        self.sender = Sender(self.rules[self.sends], self.vault)
        ground = self.sends is Use.TELECOMMAND
        self.receiver = (
            Receiver(self.rules[other], self.vault, FOLLOWING)
            if ground
            else Receiver(self.rules[other], self.vault)
        )
        self.writes: list[Save] = []

    def ask(self) -> None:
        """Hand what is due to the disk, which has not done it yet."""
        self.writes += self.vault.due(self.now)

    def settle(self) -> None:
        """The disk does all that was asked."""
        self.ask()
        while self.writes:
            save = self.writes.pop(0)
            self.disk[save.name] = save.body
            self.vault.stored(save.ticket, self.now)
            self.ask()

    def accept(self, frame: bytes) -> SecurityRejection | None:
        """A good frame, without asking the disk."""
        verified = self.receiver.verify(frame)
        assert isinstance(verified, Verified)
        return self.receiver.accept(verified, self.now)

    def field(self, prefix: bytes = bytes(6)) -> bytes:
        """A secured field of telemetry, which can be made now."""
        field = self.sender.apply(prefix, b"zone")
        assert field is not None
        return field

    def slots(self) -> list[KeySlot]:
        """The keys on disk."""
        slots = unpack_keys(self.disk[KEYS_NAME])
        assert slots is not None
        return slots

    def receive(self, frame: bytes):
        """Verify, accept, settle and hand on: the data, or the rejection."""
        verified = self.receiver.verify(frame)
        if isinstance(verified, SecurityRejection):
            return verified
        refused = self.receiver.accept(verified, self.now)
        taken = self.receiver.take(self.now)  # lets a trial propose its confirmation
        self.settle()
        taken += self.receiver.take(self.now)
        return refused or [one.data for one in taken]

    def telecommand(self, data: bytes, vc: int = 0, **more) -> bytes:
        """Frame, made when the disk has reserved what it needs."""
        frame = secure_tc_frame(self.sender, SPACECRAFT, vc, data, **more)
        if frame is None:
            self.settle()
            frame = secure_tc_frame(self.sender, SPACECRAFT, vc, data, **more)
        assert frame is not None
        return frame
