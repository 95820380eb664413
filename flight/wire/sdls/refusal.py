"""Why a frame was refused, and how often: a counter in telemetry for each."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple


class Refusal(Enum):
    """In the order in which they are checked: everything before the MAC costs a comparison."""

    MALFORMED = "too short for its security header and trailer"
    CHANNEL = "virtual channel that this link does not serve"
    NO_KEYS = "no keys on board, or not read yet"
    UNKNOWN_SPI = "no such security association in this direction"
    KEY_STATE = "key not active"
    REPLAY = "number taken before"
    WINDOW = "number too far ahead"
    MAC = "message authentication code does not match"
    HELD = "too many frames wait for the disk"
    NOT_KEPT = "waited for the disk too long"


class SecurityRejection(NamedTuple):
    reason: Refusal
    spi: int = 0


@dataclass(slots=True)
class SecurityCounters:
    """Receiving end.  Each frame verified is later accepted, refused by another layer, or in `rejections`."""

    verified: int = 0
    accepted: int = 0
    rejections: Counter[Refusal] = field(default_factory=Counter)
    last_spi: int = 0  # of the last verified frame
    last_number: int = 0
