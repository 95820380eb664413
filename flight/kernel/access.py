"""What the executive lends to its modules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flight.declare import Access
from flight.dictionary import Dictionary
from flight.kernel.catalog import FunctionCatalog
from flight.kernel.parameters import ParameterTable
from flight.kernel.sampler import Sampler
from flight.kernel.supervisor import Slot
from flight.mission import Mission
from flight.wire.coding import TmCodec


def access_of(
    mission: Mission,
    dictionary: Dictionary,
    slots: Sequence[Slot],
    parameters: ParameterTable,
    sampler: Sampler,
    documents: Mapping[str, bytes],
    loans: Mapping[type[object], object],
    next_counts: Sequence[int],
) -> Access:
    """`documents` are as stored, also after a change."""
    return Access(
        catalog=FunctionCatalog(dictionary),
        parameters=parameters,
        housekeeping=sampler,
        servers={service: slot.name for slot in slots for service in slot.module.serves},
        apids=frozenset(dictionary.apids.values()),
        spacecraft_id=dictionary.spacecraft_id,
        coding=TmCodec(dictionary.coding),
        shares=mission.shares,
        next_counts=tuple(next_counts),
        documents=documents,
        loans=loans,
        events={entry.label: (dictionary.apids[entry.module], entry.number) for entry in dictionary.events},
    )
