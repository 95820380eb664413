"""Who hears of what a ground takes and does; each is told after the archive has it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from ground.commanding import CommandRecord
from ground.decode import EventReport, Reading
from ground.limits import AlarmRow
from ground.service_reports import ServiceReport
from ground.telemetry import ParameterValue
from ground.transfers import Transfer

Item = TypeVar("Item")
Hearing = list[Callable[[Item], None]]


class Listeners:
    """Append a function to hear of each.  `file_packets` has the space packets of virtual channel 2."""

    def __init__(self) -> None:
        self.packets: Hearing[Reading] = []
        self.events: Hearing[EventReport] = []
        self.commands: Hearing[CommandRecord] = []
        self.alarms: Hearing[AlarmRow] = []
        self.parameters: Hearing[ParameterValue] = []
        self.reports: Hearing[ServiceReport] = []
        self.file_packets: Hearing[bytes] = []
        self.transfers: Hearing[Transfer] = []
        self._news: list[Callable[[], None]] = []

    def queue(self, hearing: Hearing[Item], item: Item) -> None:
        for listener in hearing:
            self._news.append(partial(listener, item))

    def tell(self) -> None:
        """Last of all, so that one that raises cannot keep anything out of the archive."""
        while self._news:
            self._news.pop(0)()
