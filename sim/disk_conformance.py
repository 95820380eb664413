"""What every `flight.ports.Disk` must do, as functions of an empty disk; for drivers in this repository and elsewhere.

    @pytest.mark.parametrize("check", DISK_CHECKS)
    def test_my_disk(check, tmp_path):
        check(MyDisk(tmp_path))

What survives a power cut only a simulated disk or a bench with a relay can show: see `tests/crash`.
"""

from __future__ import annotations

from collections.abc import Callable

from flight.ports import Disk

LARGE_OCTETS = 300_000  # more than a pipe, a page or a socket takes at once
MANY_FILES = 40


def is_empty_at_first(disk: Disk) -> None:
    assert disk.names() == []


def writes_and_reads(disk: Disk) -> None:
    disk.write("log", 0, b"abc")
    disk.write("log", 3, b"def")
    assert disk.size("log") == 6
    assert disk.read("log", 0, 6) == b"abcdef"
    assert disk.read("log", 2, 2) == b"cd"


def reads_no_further_than_the_end(disk: Disk) -> None:
    disk.write("log", 0, b"abc")
    assert disk.read("log", 1, 100) == b"bc"
    assert disk.read("log", 3, 100) == b""
    assert disk.read("log", 99, 1) == b""
    assert disk.read("log", 0, 0) == b""


def overwrites_in_place(disk: Disk) -> None:
    disk.write("slot", 0, b"abcdef")
    disk.write("slot", 2, b"XY")
    assert disk.read("slot", 0, 9) == b"abXYef"
    disk.write("slot", 4, b"1234")
    assert disk.read("slot", 0, 9) == b"abXY1234"


def fills_holes_with_zeros(disk: Disk) -> None:
    disk.write("log", 5, b"x")
    assert disk.read("log", 0, 9) == b"\0\0\0\0\0x"


def takes_large_writes_whole(disk: Disk) -> None:
    data = bytes(range(256)) * (LARGE_OCTETS // 256)
    disk.write("log", 1, data)
    assert disk.read("log", 1, len(data)) == data


def creates_a_file_by_an_empty_write(disk: Disk) -> None:
    disk.write("mark", 0, b"")
    assert disk.names() == ["mark"]
    assert disk.size("mark") == 0


def truncates_and_extends(disk: Disk) -> None:
    disk.write("log", 0, b"abcdef")
    disk.truncate("log", 2)
    assert disk.read("log", 0, 9) == b"ab"
    disk.truncate("log", 4)
    assert disk.read("log", 0, 9) == b"ab\0\0"


def lists_names_in_order(disk: Disk) -> None:
    for name in ("b", "a", "c.1", "B"):
        disk.write(name, 0, b"x")
    assert disk.names() == ["B", "a", "b", "c.1"]


def renames_over_a_file(disk: Disk) -> None:
    disk.write("old", 0, b"longer than it")
    disk.write("new", 0, b"new")
    disk.rename("new", "old")
    assert disk.names() == ["old"]
    assert disk.read("old", 0, 99) == b"new"
    disk.write("old", 3, b"er")
    assert disk.read("old", 0, 99) == b"newer"
    disk.write("new", 0, b"another")
    assert disk.read("old", 0, 99) == b"newer"


def renames_to_itself(disk: Disk) -> None:
    disk.write("log", 0, b"x")
    disk.rename("log", "log")
    assert disk.read("log", 0, 9) == b"x"


def removes(disk: Disk) -> None:
    disk.write("log", 0, b"old")
    disk.remove("log")
    assert disk.names() == []
    disk.write("log", 0, b"n")
    assert disk.read("log", 0, 9) == b"n"


def syncs_what_exists(disk: Disk) -> None:
    disk.write("log", 0, b"abc")
    disk.sync("log")
    disk.sync("log")
    disk.sync_directory()
    disk.rename("log", "log.old")
    disk.sync("log.old")
    disk.sync_directory()
    assert disk.read("log.old", 0, 9) == b"abc"


def says_what_is_absent(disk: Disk) -> None:
    disk.write("there", 0, b"x")
    calls: tuple[Callable[[], object], ...] = (
        lambda: disk.size("absent"),
        lambda: disk.read("absent", 0, 1),
        lambda: disk.truncate("absent", 0),
        lambda: disk.sync("absent"),
        lambda: disk.rename("absent", "there"),
        lambda: disk.remove("absent"),
    )
    for call in calls:
        try:
            call()
        except FileNotFoundError:
            continue
        raise AssertionError("no FileNotFoundError")
    assert disk.names() == ["there"]
    assert disk.read("there", 0, 9) == b"x"


def holds_many_files(disk: Disk) -> None:
    """More than a driver keeps open."""
    names = [f"segment.{index:04}" for index in range(MANY_FILES)]
    for name in names:
        disk.write(name, 0, name.encode())
    assert disk.names() == names
    for name in names:
        disk.sync(name)
        assert disk.read(name, 0, 99) == name.encode()


DISK_CHECKS: tuple[Callable[[Disk], None], ...] = (
    is_empty_at_first,
    writes_and_reads,
    reads_no_further_than_the_end,
    overwrites_in_place,
    fills_holes_with_zeros,
    takes_large_writes_whole,
    creates_a_file_by_an_empty_write,
    truncates_and_extends,
    lists_names_in_order,
    renames_over_a_file,
    renames_to_itself,
    removes,
    syncs_what_exists,
    says_what_is_absent,
    holds_many_files,
)
