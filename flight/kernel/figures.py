"""The executive's own figures, refreshed once a second: its signals on the bus and its two packets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flight.declare import SECOND, Boot, Inbox, ResetReason
from flight.kernel.board import Board
from flight.kernel.bus import Bus
from flight.kernel.own import Executive
from flight.kernel.supervisor import Slot, State
from flight.ports import LineState

TIMES_EVERY_S = 60


class Figures:
    """Counts what the kernel sees; owns no behaviour."""

    def __init__(
        self, bus: Bus, slots: Sequence[Slot], boxes: Mapping[str, Inbox[object]], boot: Boot
    ) -> None:
        self.bus, self.slots, self.boxes, self.boot = bus, slots, boxes, boot
        self.bad_actions = 0
        self.missed_ticks = 0
        self.worst_late_ns = 0
        self.garbage_collections = 0
        self.sensor_names = [name for name, writer in bus.writers_of.items() if name == writer]

    def refresh(self, now: int, board: Board, worker_failures: int) -> None:
        """Signals that any module may see."""
        self.count_slots()
        values = vars(self.bus)
        values["executive_at"] = now
        values["levels"] = tuple(board.switches.levels())
        values["missed_ticks"] = self.missed_ticks
        values["lost_inbox"] = sum(box.dropped for box in self.boxes.values())
        values["bad_sensors"] = sum(values[name] != values[name] for name in self.sensor_names)
        values["storage_failed"] = worker_failures
        computer = board.computer
        values["cpu_percent"] = computer.cpu_percent()
        values["memory_mb"] = computer.memory_mb()
        values["disk_free_mb"] = computer.disk_free_mb()
        self.garbage_collections = computer.garbage_collections()

    def count_slots(self) -> None:
        """After each failure and each restart."""
        values = vars(self.bus)
        isolated = [slot for slot in self.slots if slot.state is State.ISOLATED]
        values["isolated"] = len(isolated)
        values["critical_isolated"] = any(slot.row.critical for slot in isolated)
        values["restarts"] = sum(slot.restarts for slot in self.slots)

    def show(
        self,
        now: int,
        started: int,
        ticks: int,
        emitted: int,
        worker_failures: int,
        hash_: int,
        line: LineState,
    ) -> None:
        """Fill the executive's packets."""
        module = self.slots[0].module
        assert isinstance(module, Executive)
        status, values = module.status, vars(self.bus)
        status.dictionary_hash, status.boot_count = hash_, self.boot.count
        status.reset_reason, status.safe_set = ResetReason(self.boot.reason), self.boot.safe
        status.uptime_s = (now - started) // SECOND
        status.ticks, status.missed_ticks = ticks, self.missed_ticks
        status.worst_late_us = self.worst_late_ns // 1_000
        status.restarts, status.isolated = values["restarts"], values["isolated"]
        status.overruns = sum(slot.overruns for slot in self.slots)
        status.lost_inbox, status.bad_sensors = values["lost_inbox"], values["bad_sensors"]
        status.packets_emitted, status.worker_failures = emitted, worker_failures
        status.garbage_collections = self.garbage_collections
        _show_line(module, line)
        if now // SECOND % TIMES_EVERY_S == 0:
            self._show_times(module)

    def _show_times(self, module: Executive) -> None:
        for slot in self.slots:
            times = slot.times
            if not times.count:  # in virtual time steps are not timed
                continue
            for name, spent in (
                ("min", times.least()),
                ("mean", times.mean()),
                ("p99", times.quantile(0.99)),
                ("max", times.largest),
            ):
                setattr(module.times, f"{slot.name}_{name}_us", spent // 1_000)
            setattr(module.times, f"{slot.name}_overruns", slot.overruns)


def _show_line(module: Executive, line: LineState) -> None:
    packet = module.line
    packet.connected, packet.sent_octets, packet.received_octets = line.connected, line.sent, line.received
    packet.lost_octets, packet.connections, packet.failures = line.lost, line.connections, line.failures
    packet.queued_octets = line.queued
