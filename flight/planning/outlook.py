"""What the board expects of the next hours: what the jobs module plans with, and what its guard is drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flight.planning.guard import Envelope
from flight.planning.problem import Forecast, Limits

ELEMENTS, LEARNED = "elements", "learned"  # the sources of an outlook


class StationPass(NamedTuple):
    """A contact that is to come: mission time in ns, the station's place in the mission's table, and its volume."""

    first_ns: int
    last_ns: int
    station: int
    octets: int


@dataclass(frozen=True, slots=True)
class Outlook:
    """Slot 0 begins at `slot_0_ns`, a multiple of the slot; `utc_0_s` is UTC then, 0 if it is not known.

    `eclipse` is the share of each slot in shadow.  `source` is ELEMENTS, or LEARNED where there are none or they
    contradict what the sun watch has seen: then no passes are known, and every slot may be in the anomaly.
    """

    slot_0_ns: int
    utc_0_s: int
    limits: Limits
    forecast: Forecast
    survives: Envelope
    eclipse: tuple[float, ...]
    passes: tuple[StationPass, ...]
    source: str
