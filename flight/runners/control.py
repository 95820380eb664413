"""The two small files of docs/jobs.md, in a folder that the job may write: nothing in it is trusted or followed."""

from __future__ import annotations

import contextlib
import os
import stat

from flight.jobs.control import STATUS_OCTETS, Status, Wanted, read_status, request_octets

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
LOOK = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe in its place shall not hold us
MAKE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
READABLE = 0o644  # the job is another user
PART = ".request.part"
MILLISECOND = 1_000_000


class Control:
    """One run's; held open from its start, so that the job cannot put another folder in its place."""

    def __init__(self, folder: str) -> None:
        """OSError.  What an earlier run left in it is removed."""
        self.handle = os.open(folder, FOLDER)
        self.sequence = 0
        self.seen = (0, 0)
        self.heard = 0  # sequence of the last status
        try:
            for name in ("status", "request", PART):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=self.handle)
        except OSError:  # a job has left a folder there
            self.close()
            raise

    def ask(self, wanted: Wanted, within_ns: int) -> bool:
        """False if it could not be written: the job has made its folder useless, or the disk is full."""
        self.sequence += 1
        octets = request_octets(self.sequence, wanted, within_ns // MILLISECOND)
        try:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(PART, dir_fd=self.handle)
            part = os.open(PART, MAKE, READABLE, dir_fd=self.handle)
            try:
                os.fchmod(part, READABLE)
                os.write(part, octets)
            finally:
                os.close(part)
            os.rename(PART, "request", src_dir_fd=self.handle, dst_dir_fd=self.handle)
        except OSError:
            return False
        return True

    def look(self) -> Status | None:
        """A status that is newer than the last; None for none, or for something else under that name."""
        try:
            state = os.stat("status", dir_fd=self.handle, follow_symlinks=False)
            stamp = (state.st_ino, state.st_mtime_ns)
            if stamp == self.seen or not stat.S_ISREG(state.st_mode):
                return None
            file = os.open("status", LOOK, dir_fd=self.handle)
        except OSError:
            return None
        self.seen = stamp
        try:
            octets = os.read(file, STATUS_OCTETS + 1) if stat.S_ISREG(os.fstat(file).st_mode) else b""
        except OSError:
            return None
        finally:
            os.close(file)
        status = read_status(octets)
        if status is None or status.sequence <= self.heard:
            return None
        self.heard = status.sequence
        return status

    def close(self) -> None:
        os.close(self.handle)
