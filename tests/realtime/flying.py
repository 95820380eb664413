"""A mission flown by real processes, and a station that hears and commands it.

Waiting is for what has happened, seen on the page, in files or in telemetry, and never for time to pass.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from flight.app import Built, build, load_mission
from flight.cli.run import page_path
from flight.dictionary import Dictionary, compile_decoder, pack_arguments, unpack_arguments
from flight.drivers.posix_disk import PosixDisk
from flight.page import SharedPage, Shown
from flight.recovery import STORE_NAMES
from flight.store import Document, Recorder, StoreBudget
from flight.wire import (
    TmFrameConfig,
    TmPacket,
    TmReceiver,
    decode_tm,
    encode_tc,
)
from flight.wire.coding import TmCodec
from flight.wire.telecommand_link import clear_frame

PATIENCE_S = 60.0  # a bound for a machine with much else to do, and no measure of anything
POLL_S = 0.02
CHUNK = 65_536


class Happened(NamedTuple):
    """An event, decoded."""

    label: str
    arguments: tuple[object, ...]


class Never(AssertionError):
    """What was waited for did not happen."""


class Station:
    """The other end of the link: takes connections, decodes what comes, sends commands."""

    def __init__(self, built: Built) -> None:
        self.built = built
        self.dictionary: Dictionary = built.dictionary
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.line: socket.socket | None = None
        self.connections = 0
        self.sequence = 0
        self.packets: list[TmPacket] = []
        self.events: list[Happened] = []
        self.latest: dict[str, tuple[float, ...]] = {}
        self.newest: dict[str, int] = {}
        self.records: set[int] = set()
        entries = {entry.sid: entry for entry in self.dictionary.packets}
        self.decoders = {sid: (entry.label, compile_decoder(entry)) for sid, entry in entries.items()}
        self.event_entries = {entry.number: entry for entry in self.dictionary.events}
        self._new_receiver()

    def _new_receiver(self) -> None:
        mission = self.built.mission
        self.receiver = TmReceiver(
            TmFrameConfig(mission.spacecraft_id, mission.frame_length), TmCodec(mission.coding)
        )

    def pump(self, within_s: float = POLL_S) -> None:
        """Take what has come; waits for at most so long for the first of it."""
        watched = [self.listener] if self.line is None else [self.listener, self.line]
        ready, _, _ = select.select(watched, [], [], within_s)
        if self.listener in ready:
            if self.line is not None:
                self.line.close()
            self.line, _ = self.listener.accept()
            self.connections += 1
            self._new_receiver()
        elif self.line in ready and self.line is not None:
            try:
                data = self.line.recv(CHUNK)
            except OSError:
                data = b""
            if not data:
                self.line.close()
                self.line = None
                return
            for received in self.receiver.receive(data):
                packet = decode_tm(received.packet)
                assert isinstance(packet, TmPacket), packet
                self._take(packet, received.packet)

    def _take(self, packet: TmPacket, raw: bytes) -> None:
        if packet.record in self.records:
            return  # played back what was heard live
        self.packets.append(packet)
        self.records.add(packet.record)
        if packet.service == 5:
            entry = self.event_entries[int.from_bytes(packet.body[:2], "big")]
            arguments = unpack_arguments(entry.fields, packet.body[2:])
            assert arguments is not None
            self.events.append(Happened(entry.label, arguments))
        elif (packet.service, packet.subtype) == (3, 25):
            label, decode = self.decoders[int.from_bytes(packet.body[:2], "big")]
            if packet.record > self.newest.get(label, -1):
                self.newest[label], self.latest[label] = packet.record, decode(raw)

    def value(self, packet: str, name: str) -> float:
        """The newest value; NaN before the first."""
        return float(getattr(self.latest.get(packet), name, float("nan")))

    def happened(self, label: str, *arguments: object) -> int:
        """How often, with these first arguments."""
        return sum(one.label == label and one.arguments[: len(arguments)] == arguments for one in self.events)

    def send(self, label: str, *arguments: object) -> None:
        """A command by its label in the dictionary."""
        entry = self.dictionary.commands_by_label[label]
        data = entry.number.to_bytes(2, "big") + pack_arguments(entry.fields, arguments)
        apid = self.dictionary.apids[entry.module]
        packet = encode_tc(apid, self.sequence, 8, 1, data, source=os.getpid() & 0xFFFF)
        link = self.dictionary.telecommand
        self.sequence += 1
        assert self.line is not None
        self.line.sendall(link.unit(clear_frame(self.dictionary.spacecraft_id, link, packet)))

    def close(self) -> None:
        self.listener.close()
        if self.line is not None:
            self.line.close()


@dataclass
class Flying:
    """One mission in one state folder, with its station; started and ended as often as a test likes."""

    mission: Path
    state: Path
    arguments: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    built: Built = field(init=False)
    station: Station = field(init=False)

    def __post_init__(self) -> None:
        self.built = build(load_mission(str(self.mission)))
        self.station = Station(self.built)

    def command(self) -> list[str]:
        words = ["run", str(self.mission), "--board", "pc", "--state", str(self.state)]
        return [
            sys.executable,
            "-m",
            "flight",
            *words,
            "--link",
            f"tcp:127.0.0.1:{self.station.port}",
            *self.arguments,
        ]

    def start(self) -> None:
        """The guardian, and what it starts; back when the executive ticks and is heard."""
        with (self.state / "stderr").open("a") as errors:
            self.process = subprocess.Popen(self.command(), stderr=errors, text=True, start_new_session=True)
        self.until_up()

    def start_executive(self, *orders: str) -> None:
        """The executive alone, without a guardian."""
        words = ["executive", *self.command()[4:], "--page", str(page_path(self.state)), *orders]
        if not (self.state / "storage").exists():
            (self.state / "storage").mkdir()
        command = [sys.executable, "-m", "flight", *words]
        with (self.state / "stderr").open("a") as errors:
            self.process = subprocess.Popen(command, stderr=errors, text=True)
        self.until_up()

    def until_up(self) -> None:
        """Until it ticks and is heard."""
        process = self.process
        assert process is not None
        self.until(lambda: self.ticking() or process.poll() is not None, "ticks")
        assert process.poll() is None, f"has ended: {self.errors()}"
        self.until(lambda: self.station.line is not None, "the link")

    # ---------------------------------------------------------------- looking

    def shown(self) -> Shown | None:
        path = page_path(self.state)
        if not path.exists():
            return None
        page = SharedPage(str(path))
        try:
            return page.read()
        finally:
            page.close()

    def ticking(self) -> bool:
        """The executive that `process` is or has started."""
        shown = self.shown()
        if shown is None or not shown.ticks or self.process is None:
            return False
        return self.process.pid in {shown.pid, parent_of(shown.pid)}

    def ticks(self) -> int:
        shown = self.shown()
        return shown.ticks if shown is not None else 0

    def executive_pid(self) -> int:
        shown = self.shown()
        assert shown is not None
        return shown.pid

    def worker_pid(self) -> int:
        return int((self.state / "worker.lock").read_text())

    def fed(self) -> int:
        return (self.state / "watchdog").stat().st_size

    def errors(self) -> str:
        return (self.state / "stderr").read_text()

    def index(self, name: str) -> int:
        return list(self.built.modules).index(name)

    def until(self, condition: Callable[[], bool], what: str = "") -> None:
        """Pump the station until `condition()`; Never after a long time."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                events = [*self.station.events[-12:]]
                raise Never(
                    f"{what or condition}: page {self.shown()}, events {events}, said {self.errors()!r}"
                )
            self.station.pump()

    def pass_ticks(self, count: int) -> None:
        """Until the executive has done so many more."""
        wanted = self.ticks() + count
        self.until(lambda: self.ticks() >= wanted, f"{count} more ticks")

    def document(self, name: str) -> bytes | None:
        """One that flight has stored, read when nobody flies."""
        disk = PosixDisk(self.state / "storage")
        found = Document(disk, f"table-{name}").load()
        disk.close()
        return found

    def stored(self) -> dict[int, set[int]]:
        """The record counts in each packet store, read when nobody flies."""
        budgets = [
            StoreBudget(name, store.budget, store.segment)
            for name, store in zip(STORE_NAMES, self.built.mission.stores, strict=True)
        ]
        disk = PosixDisk(self.state / "storage")
        recorder = Recorder(disk, budgets)
        recorder.open()
        found = {
            store: {count for count, _ in recorder.read(store, 0, 2**55, 2**30)}
            for store in range(len(budgets))
        }
        disk.close()
        return found

    # ---------------------------------------------------------------- ending

    def stop(self) -> int:
        """An orderly end; the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def ended(self) -> int:
        """Wait for the end, and take what was sent until then."""
        assert self.process is not None
        self.until(lambda: self.process is not None and self.process.poll() is not None, "the end")
        self.until(lambda: self.station.line is None, "the end of the line")
        return self.process.returncode

    def end_all(self) -> None:
        """Whatever still runs of it."""
        pids = [self.process.pid] if self.process is not None and self.process.poll() is None else []
        shown = self.shown()
        if shown is not None:
            pids.append(shown.pid)
        for pid in pids:
            if is_ours(pid, self.state):
                os.kill(pid, signal.SIGKILL)
        if self.process is not None:
            self.process.wait()
        self.station.close()
        page_path(self.state).unlink(missing_ok=True)


def is_ours(pid: int, state: Path) -> bool:
    """Runs, and was started for this state folder; pids are reused."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return bytes(state) in words or bytes(state / "guardian.lock") in words


def parent_of(pid: int) -> int:
    """0 for a process that is not there."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def alive(pid: int) -> bool:
    """Neither gone nor a zombie."""
    return state_of(pid) not in {"", "Z"}


def state_of(pid: int) -> str:
    """Its letter of proc(5), empty for a process that is not there."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
