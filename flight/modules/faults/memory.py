"""What the fault engine keeps over a restart: a rail that is being cycled, and rows that the ground switched."""

import zlib
from collections.abc import Sequence

from flight.declare import U8, U32, U64, Kept
from flight.modules.faults.table import Fault

ROWS_MAX = 128  # two words of kept state, one octet of telemetry each


class Memory(Kept, version=1):
    cycled_switch: U8  # index + 1 of the rail that is off and must come back; 0 is none
    cycled_level: U8
    boot_count: U32  # of the cycle: a reboot has set the switches itself
    table: U32  # which table the words below are for
    differs_low: U64  # rows that observe or act other than their table says, one bit each
    differs_high: U64


def table_hash(table: Sequence[Fault]) -> int:
    """Another table, or another order of rows, must not inherit what the ground switched."""
    return zlib.crc32(" ".join(fault.name for fault in table).encode())


def differing(memory: Memory) -> int:
    return memory.differs_low | memory.differs_high << 64


def remember(memory: Memory, differs: int, table: int) -> None:
    memory.table = table
    memory.differs_low, memory.differs_high = differs & (2**64 - 1), differs >> 64
