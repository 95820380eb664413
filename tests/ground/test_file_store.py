"""The ground's file store leaves its folder by no way: links, names, kinds of files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flight.wire.cfdp import CfdpEntity, FileJournal, Local, MemoryFileStore, Put, Remote
from ground.file_store import FolderStore

SECOND = 1_000_000_000


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    place = tmp_path / "outside"
    place.mkdir()
    (place / "secret").write_bytes(b"secret")
    return place


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "store"
    place.mkdir()
    return place


def acts(store: FolderStore, name: str) -> list:
    return [
        lambda: store.open(name),
        lambda: store.create(name),
        lambda: store.rename("own", name),
        lambda: store.rename(name, "taken"),
    ]


@pytest.mark.parametrize(
    "name", ["../outside/secret", "/etc/passwd", "a/../../outside/secret", "..", ".", "", "a//b", "a\0b"]
)
def test_no_name_leads_out(name, folder, outside):
    """The store refuses by itself what `safe_name` would have refused before."""
    store = FolderStore(folder, 1000)
    store.create("own").close()
    for act in acts(store, name):
        with pytest.raises((OSError, ValueError)):
            act()
    assert not store.exists(name)
    assert (outside / "secret").read_bytes() == b"secret"


@pytest.mark.parametrize("name", ["link/secret", "link"])
def test_no_folder_that_is_a_link_is_entered(name, folder, outside):
    (folder / "link").symlink_to(outside)
    store = FolderStore(folder, 1000)
    for act in (lambda: store.open(name), lambda: store.create(name)):
        with pytest.raises(OSError, match=r".") as refused:
            act()
        assert not isinstance(refused.value, FileNotFoundError)
    assert store.names() == []
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_no_file_that_is_a_link_is_read_or_written(folder, outside):
    (folder / "a.bin").symlink_to(outside / "secret")
    store = FolderStore(folder, 1000)
    for act in (lambda: store.open("a.bin"), lambda: store.create("a.bin")):
        with pytest.raises(OSError, match=r"."):
            act()
    assert not store.exists("a.bin")
    file = store.create("new")
    file.write(0, b"new")
    file.close()
    store.rename("new", "a.bin")
    assert (outside / "secret").read_bytes() == b"secret", "the link was replaced, not followed"
    assert not (folder / "a.bin").is_symlink()


def test_what_is_no_plain_file_is_not_there(folder):
    os.mkfifo(folder / "pipe")
    (folder / "inner").mkdir()
    store = FolderStore(folder, 1000)
    for name in ("pipe", "inner"):
        with pytest.raises(OSError, match=r"."):
            store.open(name)
    assert store.names() == []


def test_what_stands_there_counts(folder):
    (folder / "inner").mkdir()
    (folder / "inner" / "old").write_bytes(bytes(600))
    store = FolderStore(folder, 1000)
    assert store.free_octets() == 400
    assert store.names() == [("inner/old", 600)]
    store.close()


def test_a_file_comes_from_the_spacecraft_into_the_folder(folder):
    craft_store, store = MemoryFileStore(), FolderStore(folder, 1 << 20)
    data = bytes(range(256)) * 100
    craft_store.put("log", data)
    craft = CfdpEntity(Local(2), [Remote(1)], craft_store)
    journal = FileJournal(store)
    station = CfdpEntity(Local(1), [Remote(2)], store, journal)
    station.start(journal.read(), 0)
    craft.put(Put(1, "log", "2026/pass-7/log"), 0)
    for step in range(20):
        for pdu in craft.send(step * SECOND, 1 << 16):
            station.receive(pdu, step * SECOND)
        for pdu in station.send(step * SECOND, 1 << 16):
            craft.receive(pdu, step * SECOND)
    assert (folder / "2026" / "pass-7" / "log").read_bytes() == data
    assert not craft.transactions()
    assert [name for name, _ in store.names()] == [".cfdp-journal", "2026/pass-7/log"]
    assert station.notices()[-1].name == "2026/pass-7/log"
