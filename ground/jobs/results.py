"""A result that came down: held against its receipt, and laid out in a new folder.

    FOLDER/receipt                signed by the board, for `job verify`
    FOLDER/standard-output.txt    the last 64 KiB of what the job printed, if it did
    FOLDER/standard-error.txt
    FOLDER/outputs/...            the job's files, if it was done

Nothing is believed that the signed receipt does not name, and nothing is written outside of the folder: paths are those
that a manifest may have, and the folder is made here.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from flight.jobs import (
    PRINTED,
    Fault,
    FileEnds,
    FileHash,
    FileOctets,
    Receipt,
    ResultEvent,
    ResultOpened,
    ResultReader,
    is_unsigned,
)
from ground.jobs.keys import PublicKey
from ground.jobs.reading import JobError

RECEIPT, OUTPUTS = "receipt", "outputs"


@dataclass(slots=True)
class OpenedResult:
    """`signature` says what is known of it, in words; it is `right, by key ...` or not to be relied on."""

    receipt: Receipt
    receipt_octets: bytes
    signature: str
    printed: dict[str, bytes] = field(default_factory=dict)

    @property
    def standard_output(self) -> str:
        return self.printed.get(PRINTED[0], b"").decode(errors="backslashreplace")

    @property
    def standard_error(self) -> str:
        return self.printed.get(PRINTED[1], b"").decode(errors="backslashreplace")


def open_result(octets: bytes, board: PublicKey | None, name: str) -> OpenedResult:
    """Read to its end, every hash checked.  JobError for one that is not what it says; `name` is what to call it."""
    found: OpenedResult | None = None
    for event in _events(octets, board, name):
        if isinstance(event, ResultOpened):
            found = OpenedResult(event.receipt, event.octets, _signature(event.octets, board))
        elif isinstance(event, FileOctets) and found is not None and event.file in found.receipt.printed:
            found.printed[event.file.path] = found.printed.get(event.file.path, b"") + event.octets
    assert found is not None
    return found


def lay_out(octets: bytes, board: PublicKey | None, name: str, to: Path) -> OpenedResult:
    """The same, and its files in the new folder `to`, all or nothing.  JobError, too, if that is there already."""
    if to.exists() or to.is_symlink():
        raise JobError([f"{to} is there already: give the name of a new folder"])
    opened = open_result(octets, board, name)
    part = to.with_name(to.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True)
        (part / RECEIPT).write_bytes(opened.receipt_octets)
        for path, printed in opened.printed.items():
            (part / f"{path}.txt").write_bytes(printed)
        _write_outputs(opened.receipt, _events(octets, board, name), part / OUTPUTS)
        part.replace(to)
    except OSError as error:
        raise JobError([f"{to}: {error.strerror or error}"]) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return opened


def _write_outputs(receipt: Receipt, events: Iterator[ResultEvent], folder: Path) -> None:
    """Each file is made new: two of one name, or a file where a folder must be, are an OSError."""
    if receipt.outputs:
        folder.mkdir()
    at: FileHash | None = None
    file: IO[bytes] | None = None
    try:
        for event in events:
            if isinstance(event, ResultOpened) or (event_file := _file_of(event)) not in receipt.outputs:
                continue
            if at != event_file:
                assert event_file is not None
                path = folder / event_file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                at, file = event_file, path.open("xb")
            assert file is not None
            if isinstance(event, FileOctets):
                file.write(event.octets)
            else:
                file.close()
                at = file = None
    finally:
        if file is not None:
            file.close()


def _file_of(event: ResultEvent) -> FileHash | None:
    return event.file if isinstance(event, FileOctets | FileEnds) else None


def _events(octets: bytes, board: PublicKey | None, name: str) -> Iterator[ResultEvent]:
    """All but faults, which are a JobError."""
    reader = ResultReader(None if board is None else board.key)
    for event in reader.receive(octets):
        if isinstance(event, Fault):
            raise JobError([f"{name}: {event}"])
        yield event
    fault = reader.finish()
    if fault is not None:
        raise JobError([f"{name}: {fault}"])


def _signature(receipt: bytes, board: PublicKey | None) -> str:
    if board is not None:
        return f"right, by key {board.check} of {board.owner}"
    return (
        "none: the board had no key" if is_unsigned(receipt) else "not checked: give the board's key by --key"
    )
