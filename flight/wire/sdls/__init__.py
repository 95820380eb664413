"""Space Data Link Security (CCSDS 355.0-B-2) with AES-256-GCM, for both ends; sans-I/O.

    Sender.apply() -> line -> Receiver.verify() -> [FARM-1] -> Receiver.accept() -> Receiver.take()

Keys and counters are in a `Vault`, which says what must be written to disk before it counts.
"""

from __future__ import annotations

from flight.wire.sdls.association import KEY_TABLE, Association, Directive, KeyState, following
from flight.wire.sdls.counter import RECEIVING_BLOCK, SENDING_BLOCK, Counter
from flight.wire.sdls.frames import LONGEST_SECURED_DATA, secure_tc_frame
from flight.wire.sdls.kept import KEYS_MAX, KeySlot, pack_counters, pack_keys, unpack_counters, unpack_keys
from flight.wire.sdls.layout import (
    KEY_LENGTH,
    NUMBER_LIMIT,
    SECURITY_OVERHEAD,
    LinkRule,
    Protection,
    Use,
    strict_mask,
    tc_mask,
    telecommand_rule,
    telemetry_rule,
    tm_mask,
)
from flight.wire.sdls.receiver import COMMANDED, FOLLOWING, HELD_MAX, Receiver, Verified
from flight.wire.sdls.refusal import Refusal, SecurityCounters, SecurityRejection
from flight.wire.sdls.resume import BLOCKS, Blocks, Resumed, open_vault
from flight.wire.sdls.sender import Sender, SendingCounters
from flight.wire.sdls.telemetry import FollowingReceiver
from flight.wire.sdls.vault import COPIES, COUNTERS_NAME, KEYS_NAME, KeyRefusal, Save, Trial, Vault

__all__ = [
    "BLOCKS",
    "COMMANDED",
    "COPIES",
    "COUNTERS_NAME",
    "FOLLOWING",
    "HELD_MAX",
    "KEYS_MAX",
    "KEYS_NAME",
    "KEY_LENGTH",
    "KEY_TABLE",
    "LONGEST_SECURED_DATA",
    "NUMBER_LIMIT",
    "RECEIVING_BLOCK",
    "SECURITY_OVERHEAD",
    "SENDING_BLOCK",
    "Association",
    "Blocks",
    "Counter",
    "Directive",
    "FollowingReceiver",
    "KeyRefusal",
    "KeySlot",
    "KeyState",
    "LinkRule",
    "Protection",
    "Receiver",
    "Refusal",
    "Resumed",
    "Save",
    "SecurityCounters",
    "SecurityRejection",
    "Sender",
    "SendingCounters",
    "Trial",
    "Use",
    "Vault",
    "Verified",
    "following",
    "open_vault",
    "pack_counters",
    "pack_keys",
    "secure_tc_frame",
    "strict_mask",
    "tc_mask",
    "telecommand_rule",
    "telemetry_rule",
    "tm_mask",
    "unpack_counters",
    "unpack_keys",
]
