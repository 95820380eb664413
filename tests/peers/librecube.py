"""LibreCube's cfdp 0.2.0 as one end of a link.

Its threads and timers are replaced: events are drained where the line wants them, timers run on `now`.
"""

from __future__ import annotations

import importlib
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

SECOND = 1_000_000_000


class NoThread:
    """Its entity starts two; we do what they would do."""

    kill = False

    def __init__(self, target: Any = None) -> None: ...

    def start(self) -> None: ...


class Clock:
    """Gives out timers with threading.Timer's interface."""

    def __init__(self) -> None:
        self.now = 0
        self.timers: list[tuple[int, Any]] = []

    def timer(self, seconds: float, callback: Any) -> Any:
        entry: list[Any] = []

        def start() -> None:
            entry.append((self.now + int(seconds * SECOND), callback))
            self.timers.append(entry[0])

        def cancel() -> None:
            self.timers = [timer for timer in self.timers if not entry or timer is not entry[0]]

        return SimpleNamespace(start=start, cancel=cancel)

    def advance(self, now: int) -> None:
        self.now = now
        due = [timer for timer in self.timers if timer[0] <= now]
        self.timers = [timer for timer in self.timers if timer[0] > now]
        for _, callback in due:
            callback()


class LibreCubeEnd:
    def __init__(
        self, own: int, other: int, *, acknowledged: bool, longest_pdu: int = 1024, crc: bool = False
    ) -> None:
        core: Any = importlib.import_module("cfdp.core")
        timer: Any = importlib.import_module("cfdp.machines.timer")
        base = importlib.import_module("cfdp.transport.base").Transport
        filestore = importlib.import_module("cfdp.filestore").NativeFileStore
        self.clock = Clock()
        core.threading = SimpleNamespace(Thread=NoThread)
        timer.threading = SimpleNamespace(Timer=self.clock.timer)
        self._out: list[bytes] = []
        self._folder = tempfile.TemporaryDirectory()
        self._transport = base()
        self._transport.request = lambda data: self._out.append(bytes(data))
        self.entity: Any = core.CfdpEntity(
            own,
            filestore(self._folder.name),
            self._transport,
            positive_ack_timer_expiration_limit=20,
            nak_timer_expiration_limit=20,
            transaction_inactivity_limit=300,
        )
        self._other = other
        self._mode = int(not acknowledged)
        self._segment = longest_pdu - 20

    def put(self, data: bytes, name: str) -> None:
        (Path(self._folder.name) / "source").write_bytes(data)
        self.entity.put(self._other, "source", name, transmission_mode=self._mode)
        for machine in self.entity.machines.values():
            machine.transaction.file_segment_size = self._segment

    def content(self, name: str) -> bytes | None:
        path = Path(self._folder.name) / name
        return path.read_bytes() if path.exists() else None

    def receive(self, data: bytes, now: int) -> None:
        self.clock.now = now
        self._transport.indication(data)
        self._drain()

    def send(self, now: int, room_octets: int) -> list[bytes]:
        self.clock.advance(now)
        self._drain()
        out, self._out = self._out, []
        return out

    def _drain(self) -> None:
        events = self.entity._event_queue
        while not events.empty():
            event, pdu = events.get()
            machine = self.entity.machines.get(event.transaction.id)
            if machine:
                machine.update_state(event, pdu)

    def done(self) -> bool:
        return all(machine.state == "COMPLETED" for machine in self.entity.machines.values())
