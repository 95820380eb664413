"""Storage that survives power cuts and flipped bits: a log, four slots, a document, the packet recorder."""

from flight.store.document import Document
from flight.store.log import Log
from flight.store.record import Damage, Record
from flight.store.recorder import Recorder, StoreBudget
from flight.store.refused import Refused
from flight.store.slots import Slots

__all__ = ["Damage", "Document", "Log", "Record", "Recorder", "Refused", "Slots", "StoreBudget"]
