"""The ground's keys and counters on disk: private, whole, of one ground at a time, and never behind what was sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from flight.cli.keys import make, skip
from flight.wire.sdls import COUNTERS_NAME, KEYS_NAME, KeyRefusal, Sender, Use, unpack_counters
from flight.wire.telecommand_link import PROTECTED_LINK
from ground.keys import BLOCKS, FolderKeys, Keys, KeysError, MemoryKeys
from sim.keys import memory_keys

TC_SPI, TM_SPI = 1, 257
PREFIX = bytes(6)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make(tmp_path / "keys", 2, 2)
    return tmp_path / "keys"


def sent(keys: Keys, sender: Sender) -> bytes:
    """The field of a frame, made when its number is on disk."""
    sender.ready()
    keys.settle(0)
    field = sender.apply(PREFIX, b"x")
    assert field is not None
    return field


def test_no_number_twice_over_restarts_and_crashes(folder: Path) -> None:
    ivs = []
    for _ in range(5):
        store = FolderKeys(folder)
        keys = Keys(store)
        sender = Sender(PROTECTED_LINK.rule(), keys.vault)
        ivs += [sent(keys, sender)[:14] for _ in range(3)]
        store.close()  # nothing is written at the end
    assert len(set(ivs)) == 15
    reserved = unpack_counters((folder / COUNTERS_NAME).read_bytes())
    assert reserved is not None
    assert reserved[TC_SPI] == 5 * BLOCKS.sending


def test_nothing_is_sent_before_its_number_is_on_disk(folder: Path) -> None:
    keys = Keys(FolderKeys(folder))
    sender = Sender(PROTECTED_LINK.rule(), keys.vault)
    assert sender.apply(PREFIX, b"x") is None
    assert sender.counters.not_reserved == 1
    keys.settle(0)
    assert sender.apply(PREFIX, b"x") is not None
    keys.store.close()  # type: ignore[union-attr]


@pytest.mark.parametrize("name", [KEYS_NAME, COUNTERS_NAME])
def test_what_is_missing_damaged_or_open_to_others_is_refused(folder: Path, name: str) -> None:
    path = folder / name
    whole = path.read_bytes()
    path.chmod(0o640)
    with pytest.raises(KeysError, match="open to others"):
        FolderKeys(folder)
    path.chmod(0o600)
    path.write_bytes(whole[:-1])
    with pytest.raises(KeysError, match="damaged"):
        FolderKeys(folder)
    path.unlink()
    with pytest.raises(KeysError, match="missing"):
        FolderKeys(folder)


def test_one_ground_at_a_time(folder: Path) -> None:
    first = FolderKeys(folder)
    with pytest.raises(KeysError, match="another ground"):
        FolderKeys(folder)
    first.close()
    FolderKeys(folder).close()


def test_a_refused_folder_keeps_no_lock_open(folder: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    first = FolderKeys(folder)
    for _ in range(3):
        with pytest.raises(KeysError):
            FolderKeys(folder)
    first.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_is_saved_is_private_and_a_torn_save_harms_nothing(folder: Path) -> None:
    store = FolderKeys(folder)
    (folder / f"{COUNTERS_NAME}.part").write_bytes(b"torn by a crash")
    keys = Keys(store)
    sent(keys, Sender(PROTECTED_LINK.rule(), keys.vault))
    assert not (folder / f"{COUNTERS_NAME}.part").exists()
    assert (folder / COUNTERS_NAME).stat().st_mode & 0o777 == 0o600
    store.close()


class FailingKeys(MemoryKeys):
    def __init__(self, bodies: dict[str, bytes], failures: int) -> None:
        super().__init__(bodies[KEYS_NAME], bodies[COUNTERS_NAME])
        self.failures = failures

    def save(self, name: str, body: bytes) -> None:
        self.failures -= 1
        if self.failures >= 0:
            raise OSError("disk full")
        super().save(name, body)


def test_a_full_disk_sends_nothing_and_is_asked_again_after_a_while() -> None:
    keys = Keys(FailingKeys(memory_keys(1).bodies, failures=1))
    sender = Sender(PROTECTED_LINK.rule(), keys.vault)
    sender.ready()
    keys.settle(0)
    assert sender.apply(PREFIX, b"x") is None
    keys.settle(999_999_999)
    assert sender.apply(PREFIX, b"x") is None
    keys.settle(1_000_000_000)
    assert sender.apply(PREFIX, b"x") is not None
    assert keys.vault.failures == 1


def test_a_ground_without_keys_has_none() -> None:
    keys = Keys()
    keys.settle(0)
    keys.confirm(0)
    keys.on_time(0)
    assert keys.try_key(TC_SPI, 1, 0) is KeyRefusal.UNKNOWN_SPI
    assert not keys.vault.sending


def test_a_trial_is_confirmed_or_goes_back() -> None:
    keys = Keys(memory_keys(1))
    sender = Sender(PROTECTED_LINK.rule(), keys.vault)
    assert keys.try_key(TC_SPI + 1, 50, 100) is None
    assert sender.spi == TC_SPI + 1
    keys.on_time(149)
    assert sender.spi == TC_SPI + 1
    keys.on_time(150)
    assert sender.spi == TC_SPI
    assert keys.try_key(TC_SPI + 1, 50, 200) is None
    keys.confirm(210)
    keys.on_time(10**9)
    assert sender.spi == TC_SPI + 1
    assert keys.try_key(TC_SPI, 50, 300) is KeyRefusal.STATE, "what was given up never comes back"


def test_a_ground_that_lost_its_counters_is_set_behind_all_that_it_may_have_sent(folder: Path) -> None:
    (folder / COUNTERS_NAME).write_bytes(b"lost")
    with pytest.raises(KeysError, match="keys skip"):
        FolderKeys(folder)
    (folder / COUNTERS_NAME).unlink()
    skip(folder, TC_SPI, 1 << 20)
    store = FolderKeys(folder)
    keys = Keys(store)
    assert keys.vault.sending[Use.TELECOMMAND].counter.next == 1 << 20
    store.close()


def test_what_was_taken_of_telemetry_is_written_and_never_ahead() -> None:
    keys = Keys(memory_keys(1))
    counter = keys.vault.associations[TM_SPI].counter
    counter.pass_over(41)
    keys.settle(0)
    assert Keys(keys.store).vault.associations[TM_SPI].counter.next == 42
