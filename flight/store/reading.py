"""Reading from a medium that has bad places."""

from __future__ import annotations

from flight.ports import Disk

PAGE_OCTETS = 4096  # what a bad place costs; the page of all our boards


def read_around(disk: Disk, name: str, offset: int, length: int) -> bytes:
    """Read; after an error once more, page by page, with zeros for the pages that cannot be read.

    Empty if the file is absent.
    """
    try:
        return disk.read(name, offset, length)
    except FileNotFoundError:
        return b""
    except OSError:
        pages = range(offset, offset + length, PAGE_OCTETS)
        return b"".join(_read_page(disk, name, at, min(PAGE_OCTETS, offset + length - at)) for at in pages)


def _read_page(disk: Disk, name: str, offset: int, length: int) -> bytes:
    try:
        return disk.read(name, offset, length).ljust(length, b"\0")
    except OSError:
        return bytes(length)
