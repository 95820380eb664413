"""Security associations: one key, one direction, one counter each; and the life of a key (CCSDS 355.1-B, 800-57)."""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from flight.wire.sdls.counter import Counter
from flight.wire.sdls.layout import KEY_LENGTH, SPI_MAX, Use

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM


class KeyState(IntEnum):
    """The values stand on disk, except TRIAL: a reboot ends a trial."""

    PRE_ACTIVATION = 1
    TRIAL = 2
    ACTIVE = 3
    DEACTIVATED = 4
    DESTROYED = 5


class Directive(Enum):
    TRY = "use it beside the old one until confirmed"
    CONFIRM = "the other end has it too"
    REVERT = "no confirmation in time"
    SUPERSEDE = "another one was confirmed"
    WITHDRAW = "never use it"
    DESTROY = "forget it"


_P, _T, _A, _D, _X = KeyState
_R = None  # refused

# Which state follows.  An active key leaves only by a confirmed successor, so no command can make the board deaf;
# a key that was given up never comes back.
KEY_TABLE: dict[Directive, tuple[KeyState | None, ...]] = {
    # before               P   T   A   D   X
    Directive.TRY:       (_T, _R, _R, _R, _R),
    Directive.CONFIRM:   (_R, _A, _R, _R, _R),
    Directive.REVERT:    (_R, _P, _R, _R, _R),
    Directive.SUPERSEDE: (_R, _R, _D, _R, _R),
    Directive.WITHDRAW:  (_D, _R, _R, _R, _R),
    Directive.DESTROY:   (_X, _R, _R, _X, _X),
}  # fmt: skip


def following(state: KeyState, directive: Directive) -> KeyState | None:
    """None: refused."""
    return KEY_TABLE[directive][state - 1]


class Association:
    """`tried`: its key may have been used, so it is nothing without its counter.  Used only once the disk says so."""

    __slots__ = ("_cipher", "counter", "key", "on_disk", "spi", "state", "tried", "use")

    def __init__(
        self, spi: int, use: Use, key: bytes, state: KeyState, counter: Counter, *, tried: bool
    ) -> None:
        assert 0 < spi <= SPI_MAX
        assert len(key) == (0 if state is KeyState.DESTROYED else KEY_LENGTH)
        self.spi, self.use, self.key = spi, use, key
        self.state, self.tried, self.counter = state, tried, counter
        self.on_disk = tried  # the disk says that it was tried
        self._cipher: AESGCM | None = None

    def __repr__(self) -> str:
        return f"Association({self.spi}, {self.use.name}, {self.state.name})"  # never the key

    @property
    def cipher(self) -> AESGCM:
        """Made at first use: a mission in the clear does not load the library (9 MB resident)."""
        if self._cipher is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            self._cipher = AESGCM(self.key)
        return self._cipher

    def destroy(self) -> None:
        """What the interpreter may still hold in freed memory is beyond us."""
        self.key, self._cipher = b"", None
