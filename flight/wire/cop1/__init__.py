"""COP-1 (CCSDS 232.1-B-2): commands arrive once and in order over a line that loses some.

On board a `Farm`, on the ground a `Fop` and, to keep it up, a `ServiceKeeper`; one of each for a virtual channel.
"""

from __future__ import annotations

from flight.wire.cop1.clcw_reader import ClcwReader
from flight.wire.cop1.control import SetReceiver, Unlock, decode_control, encode_control
from flight.wire.cop1.farm import Farm
from flight.wire.cop1.farm_table import FARM_TABLE, FarmAction, FarmCell, FarmEvent, FarmState
from flight.wire.cop1.fop import Fop
from flight.wire.cop1.fop_table import FOP_TABLE, FopAction, FopCell, FopEvent, FopState
from flight.wire.cop1.keeper import ServiceKeeper
from flight.wire.cop1.signals import (
    Alert,
    AlertNotice,
    Directive,
    DirectiveKind,
    DirectiveNotice,
    Notice,
    Outgoing,
    Response,
    SuspendNotice,
    Transfer,
    TransferNotice,
)

__all__ = [
    "FARM_TABLE",
    "FOP_TABLE",
    "Alert",
    "AlertNotice",
    "ClcwReader",
    "Directive",
    "DirectiveKind",
    "DirectiveNotice",
    "Farm",
    "FarmAction",
    "FarmCell",
    "FarmEvent",
    "FarmState",
    "Fop",
    "FopAction",
    "FopCell",
    "FopEvent",
    "FopState",
    "Notice",
    "Outgoing",
    "Response",
    "ServiceKeeper",
    "SetReceiver",
    "SuspendNotice",
    "Transfer",
    "TransferNotice",
    "Unlock",
    "decode_control",
    "encode_control",
]
