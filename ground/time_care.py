"""The board's UTC: told again after each of its boots, from what the ground knows of its clock.

A reboot takes a time that nobody on board can measure: the mission clock goes on from a floor, and UTC on board is then
wrong by as much as the power was away.  The ground hears the clock anew within seconds (`ground.times`), and tells it.
"""

from __future__ import annotations

from typing import Protocol, cast

from ground.decode import Reading
from ground.reception import Packet
from ground.telemetry import Telemetry
from ground.times import Correlation
from ground.uplink import Uplink

NS = 1_000_000_000
STATUS, CORRELATE = "timekeeping.status", "timekeeping.correlate"
TIME = "time"  # the source of such a command
AGAIN_AFTER_NS = 60 * NS  # two of the board's reports: until then nobody knows whether it was done
FRESH_S = 12 * 3600  # a crystal of 20 ppm is off by 0.9 s then, which is what the ground knows it to
SETTLED_NS = 10 * NS  # of the clock's new era, for the least delay among so many packets


class StatusPacket(Protocol):
    """The fields of `timekeeping.status` that matter here."""

    correlated: bool
    since_reboot: bool
    age_s: int


class TimeCare:
    """One for each ground.  `epoch_ns` is UTC since 1970 at the zero of its clock; None: it cannot tell UTC."""

    def __init__(self, uplink: Uplink, latest: Telemetry, times: Correlation, epoch_ns: int | None) -> None:
        self.uplink, self.latest, self.times, self.epoch_ns = uplink, latest, times, epoch_ns
        dictionary = latest.dictionary
        told = dictionary.packets_by_label.get(STATUS)
        able = told is not None and CORRELATE in dictionary.commands_by_label and epoch_ns is not None
        self._sid = told.sid if told is not None and able else -1
        self._looked: Packet | None = None
        self._wanted = False
        self._due_ns = 0

    def due(self, now_ns: int) -> dict[str, object] | None:
        """Arguments of `timekeeping.correlate`, if it is wanted now; call it often, in contact only."""
        packet = self.latest.newest.get(self._sid)
        if packet is not self._looked:
            self._looked = packet
            self._wanted = packet is not None and _is_old(self.latest.read(packet))
        if not self._wanted or packet is None or now_ns < self._due_ns or not self.uplink.idle:
            return None
        heard = self.times.heard(packet.time_ns, SETTLED_NS)
        if heard is None or self.epoch_ns is None:
            return None
        self._due_ns = now_ns + AGAIN_AFTER_NS
        at_ns, utc = heard
        uncertainty_us = -(-utc.uncertainty_ns // 1000)
        return {"utc": self.epoch_ns + utc.utc_ns, "at": at_ns, "uncertainty_us": uncertainty_us}


def _is_old(reading: Reading | None) -> bool:
    if reading is None:
        return False
    told = cast(StatusPacket, reading.values)
    return not (told.correlated and told.since_reboot) or told.age_s >= FRESH_S
