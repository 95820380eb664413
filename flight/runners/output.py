"""What a job prints: the last 64 KiB of each stream are kept, however much it is, and no reader ever waits."""

from __future__ import annotations

import os

KEPT_OCTETS = 64 * 1024  # docs/jobs.md
CHUNK = 64 * 1024
CHUNKS_MAX = 8  # in one turn: half a megabyte, so that a job that babbles does not keep us from the others
NAMES = ("standard-output", "standard-error")


class Output:
    """One stream: the read end of its pipe, which is not blocking."""

    def __init__(self, handle: int) -> None:
        os.set_blocking(handle, False)
        self.handle: int | None = handle
        self.octets = 0
        self.kept = bytearray()

    def drain(self) -> None:
        for _ in range(CHUNKS_MAX):
            if self.handle is None:
                return
            try:
                piece = os.read(self.handle, CHUNK)
            except BlockingIOError:
                return
            except OSError:
                piece = b""
            if not piece:
                self.close()
                return
            self.octets += len(piece)
            self.kept += piece
            del self.kept[:-KEPT_OCTETS]

    def close(self) -> None:
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None


def write_record(folder: str, outputs: tuple[Output, Output]) -> None:
    """OSError.  The folder is not the job's."""
    for name, output in zip(NAMES, outputs, strict=True):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(output.kept)
