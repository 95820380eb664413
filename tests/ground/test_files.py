"""The ground's end of file transfer takes no more of the uplink than there is, and leaves commands their part."""

from __future__ import annotations

import pytest

from flight.wire.cfdp.memory_store import MemoryFile
from flight.wire.file_packets import FileSettings
from ground.commanding import CommandError
from ground.files import STAGED_MAX, STAGED_UNSYNCED_MAX, GroundFiles

NS = 1_000_000_000
OCTETS_S = 1_200


@pytest.fixture
def files() -> GroundFiles:
    made = GroundFiles(FileSettings(0x2A, 223), None, 8.0 * OCTETS_S, lambda _transfer: None, 0)
    made.contact(True, 0)
    stage = made.stage()
    made.write(stage, 0, bytes(1_000_000))
    made.put(stage, "a", True, 0)
    return made


def sent(files: GroundFiles, now_ns: int, spent: int = 0) -> int:
    return len(files.send(now_ns, spent, lambda packet: packet + bytes(40)))


@pytest.mark.parametrize("step_ns", [NS, NS // 10])
@pytest.mark.parametrize("spent_s", [0, 500])
def test_files_and_commands_together_fill_the_line_and_no_more(
    files: GroundFiles, step_ns: int, spent_s: int
) -> None:
    steps = 60 * NS // step_ns
    total = sum(sent(files, (n + 1) * step_ns, spent_s * step_ns // NS) for n in range(steps))
    assert 0.9 * 60 * (OCTETS_S - spent_s) < total <= 60 * (OCTETS_S - spent_s) + 350


def test_after_a_silence_at_most_a_second_comes_at_once(files: GroundFiles) -> None:
    assert sent(files, 3_600 * NS) <= OCTETS_S + 350
    assert sent(files, 3_600 * NS + NS // 10) <= OCTETS_S // 10 + 350


def test_without_contact_nothing_goes(files: GroundFiles) -> None:
    files.contact(False, NS)
    assert sent(files, 2 * NS) == 0


def test_what_clients_began_and_gave_up_is_bounded() -> None:
    files = GroundFiles(FileSettings(0x2A, 223), None, 9600.0, lambda _transfer: None, 0)
    first = files.stage()
    for _ in range(STAGED_MAX):
        files.stage()
    with pytest.raises(CommandError, match=f"no file {first} is being taken"):
        files.write(first, 0, b"x")
    assert len(files.store.names()) <= STAGED_MAX + 1  # and the journal


def test_waiting_for_an_answer_saves_nothing_up() -> None:
    files = GroundFiles(FileSettings(0x2A, 223), None, 8.0 * OCTETS_S, lambda _transfer: None, 0)
    files.contact(True, 0)
    files.put(files.stage(), "empty", True, 0)
    for second in range(1, 60):
        sent(files, second * NS)
    stage = files.stage()
    files.write(stage, 0, bytes(1_000_000))
    files.put(stage, "a", True, 60 * NS)
    assert sent(files, 60 * NS) <= OCTETS_S + 350


class Counted(MemoryFile):
    """Notes how many octets each sync has to bring to the disk."""

    def write(self, offset: int, data: bytes) -> None:
        super().write(offset, data)
        self.waiting = getattr(self, "waiting", 0) + len(data)

    def sync(self) -> None:
        SYNCED.append(getattr(self, "waiting", 0))
        self.waiting = 0


SYNCED: list[int] = []


def test_no_sync_of_a_staged_file_holds_the_server_up_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flight.wire.cfdp.memory_store.MemoryFile", Counted)
    monkeypatch.setattr(Counted, "__slots__", (), raising=False)
    files = GroundFiles(FileSettings(0x2A, 223), None, 9600.0, lambda _transfer: None, 0)
    SYNCED.clear()
    stage = files.stage()
    piece = bytes(1 << 18)
    for at in range(0, 20 << 20, len(piece)):
        files.write(stage, at, piece)
    files.put(stage, "a", True, 0)
    assert sum(SYNCED) >= 20 << 20
    assert max(SYNCED) <= STAGED_UNSYNCED_MAX + len(piece)
