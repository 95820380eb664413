"""Housekeeping: which packet is due in which second (service 3)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from flight.declare import DeclarationError, Telemetry
from flight.dictionary import Dictionary
from flight.kernel.emitter import HousekeepingSlot

Emit = Callable[[HousekeepingSlot], None]
HYPERPERIOD_S_MAX = 3_600  # every period must divide an hour, so that one table holds the whole pattern


class Sampler:
    """Samples the modules' packets.  Packets of equal period are spread over its seconds to level the load."""

    def __init__(self, dictionary: Dictionary, packets: Mapping[str, Telemetry], emit: Emit) -> None:
        self.emit = emit
        self.slots: dict[int, HousekeepingSlot] = {}
        for entry in dictionary.packets:
            if HYPERPERIOD_S_MAX % entry.period:
                raise DeclarationError(
                    f"{entry.label}: period {entry.period} s does not divide {HYPERPERIOD_S_MAX} s"
                )
            apid = dictionary.apids[entry.module]
            self.slots[entry.sid] = HousekeepingSlot(entry, packets[entry.label], apid)
        self.hyperperiod = math.lcm(1, *(slot.entry.period for slot in self.slots.values()))
        self.due = self._spread()

    def _spread(self) -> list[tuple[HousekeepingSlot, ...]]:
        due: list[list[HousekeepingSlot]] = [[] for _ in range(self.hyperperiod)]
        ranks: dict[int, int] = {}
        for slot in self.slots.values():
            period = slot.entry.period
            offset = ranks.get(period, 0) % period
            ranks[period] = ranks.get(period, 0) + 1
            for second in range(offset, self.hyperperiod, period):
                due[second].append(slot)
        return [tuple(slots) for slots in due]

    def sample(self, second: int) -> None:
        """Emit all packets due in this second of mission time."""
        for slot in self.due[second % self.hyperperiod]:
            if slot.enabled and not slot.packet.silent:
                self.emit(slot)

    def replace(self, label: str, packet: Telemetry) -> None:
        """A restarted module has a new packet object."""
        for slot in self.slots.values():
            if slot.entry.label == label:
                slot.packet = packet

    # What the housekeeping module may ask for: one sid at a time, all or nothing is its concern.

    def known(self, sid: int) -> bool:
        return sid in self.slots

    def enable(self, sid: int, on: bool) -> None:
        self.slots[sid].enabled = on

    def once(self, sids: Sequence[int]) -> None:
        for sid in sids:
            self.emit(self.slots[sid])

    def all(self) -> Sequence[int]:
        return sorted(self.slots)

    def disabled(self) -> int:
        return sum(not slot.enabled for slot in self.slots.values())
