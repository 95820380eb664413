"""How a ground behaves, and how its link stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from flight.wire import LinkCounters
from ground.command_link import FrameCounters, LinkTimes
from ground.reception import ReceptionCounters
from ground.uplink import UplinkCounters


class LinkStatus(NamedTuple):
    """For the link page."""

    in_contact: bool
    station: str
    last_received_ns: int
    frames: LinkCounters
    packets: ReceptionCounters
    uplink: UplinkCounters
    service: str  # of COP-1
    command_frames: FrameCounters
    missing: int  # records that are neither here nor known to be absent
    asked_again: int


@dataclass(frozen=True, slots=True)
class Settings:
    """How a ground behaves, apart from its mission."""

    recover_gaps: bool = True
    light_time_ns: int = 0  # of a station without a better figure
    up_bit_s: float = 9600.0  # of the station's uplink: files never take more than there is
    # UTC since 1970 at the zero of its clock; None: the board's UTC is not its care.
    utc_epoch_ns: int | None = None

    @property
    def times(self) -> LinkTimes:
        return LinkTimes(int(self.up_bit_s), self.light_time_ns)
