"""Synchronisation and channel coding, both directions (CCSDS 131.0-B, 231.0-B); sans-I/O, no clock."""

from __future__ import annotations

from flight.wire.coding.bch import BchMode, DecodedBlocks, decode_blocks, encode_blocks
from flight.wire.coding.cadu import FLYWHEEL_BLOCKS, MARKER_BIT_ERRORS, CaduSync, SyncState
from flight.wire.coding.cltu import (
    IDLE_OCTET,
    LONGEST_CLTU_DATA,
    TAIL_SEQUENCE,
    CltuCounters,
    CltuReceiver,
    encode_cltu,
    telecommand_randomiser,
)
from flight.wire.coding.randomiser import (
    LONG_TELEMETRY_REGISTER,
    TELECOMMAND_REGISTER,
    TELEMETRY_REGISTER,
    Randomiser,
    ShiftRegister,
    sequence,
)
from flight.wire.coding.reed_solomon import (
    CODEWORD_LENGTH,
    CORRECTABLE,
    DATA_LENGTH,
    PARITY_LENGTH,
    Corrected,
    Parity,
    ReedSolomon,
    parity,
    parity_rows,
)
from flight.wire.coding.tm_coding import NO_REED_SOLOMON, DecodedFrame, TmCodec, TmCoding, TmRandomisation

__all__ = [
    "CODEWORD_LENGTH",
    "CORRECTABLE",
    "DATA_LENGTH",
    "FLYWHEEL_BLOCKS",
    "IDLE_OCTET",
    "LONGEST_CLTU_DATA",
    "LONG_TELEMETRY_REGISTER",
    "MARKER_BIT_ERRORS",
    "NO_REED_SOLOMON",
    "PARITY_LENGTH",
    "TAIL_SEQUENCE",
    "TELECOMMAND_REGISTER",
    "TELEMETRY_REGISTER",
    "BchMode",
    "CaduSync",
    "CltuCounters",
    "CltuReceiver",
    "Corrected",
    "DecodedBlocks",
    "DecodedFrame",
    "Parity",
    "Randomiser",
    "ReedSolomon",
    "ShiftRegister",
    "SyncState",
    "TmCodec",
    "TmCoding",
    "TmRandomisation",
    "decode_blocks",
    "encode_blocks",
    "encode_cltu",
    "parity",
    "parity_rows",
    "sequence",
    "telecommand_randomiser",
]
