"""The folders that a job writes: measured while it runs, handed over before, taken back after.

A job may have left anything in them: links to other people's files, pipes that block a reader, trees a thousand
deep, folders that nobody may open.  Every step goes by folder handles and follows no link.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

BLOCK = 512  # of st_blocks, whatever the file system's own (stat(2))
DEPTH_MAX = 32  # folders in folders; one handle each
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700


class Measured(NamedTuple):
    """`hidden` counts folders that could not be looked into: unreadable, or deeper than DEPTH_MAX."""

    octets: int
    files: int
    hidden: int


class Found(NamedTuple):
    """One entry; `folder` is the handle of the folder that it is in, `entered` says that what is in it came before."""

    folder: int
    name: str
    state: os.stat_result
    entered: bool


@dataclass(slots=True)
class _Level:
    handle: int
    names: list[str]
    name: str
    state: os.stat_result


def _walk(root: str, *, mend: bool = False) -> Iterator[Found]:
    """Everything below, a folder after what is in it.  `mend` opens folders that their owner has closed to all: only
    when nobody else can be at work in them."""
    levels: list[_Level] = []
    try:
        levels.append(_enter(root, None, os.lstat(root)))
        while levels:
            top = levels[-1]
            if not top.names:
                os.close(levels.pop().handle)
                if levels:
                    yield Found(levels[-1].handle, top.name, top.state, True)
                continue
            name = top.names.pop()
            with contextlib.suppress(FileNotFoundError):
                state = os.stat(name, dir_fd=top.handle, follow_symlinks=False)
                if (
                    stat.S_ISDIR(state.st_mode)
                    and len(levels) <= DEPTH_MAX
                    and state.st_dev == levels[0].state.st_dev
                ):
                    with contextlib.suppress(OSError):
                        if mend:
                            os.chmod(name, PRIVATE_FOLDER, dir_fd=top.handle)
                        levels.append(_enter(name, top.handle, state))
                        continue
                yield Found(top.handle, name, state, False)
    finally:
        for level in levels:
            os.close(level.handle)


def _enter(name: str, folder: int | None, state: os.stat_result) -> _Level:
    handle = os.open(name, FOLDER, dir_fd=folder)
    try:
        return _Level(handle, os.listdir(handle), name, state)
    except OSError:
        os.close(handle)
        raise


def measure(folders: Iterable[str], files_max: int) -> Measured:
    """Ends early when there are more than `files_max`.  OSError if a folder itself cannot be opened."""
    octets = files = hidden = 0
    for folder in folders:
        for found in _walk(folder):
            files += 1
            octets += found.state.st_blocks * BLOCK
            hidden += stat.S_ISDIR(found.state.st_mode) and not found.entered
            if files > files_max:
                return Measured(octets, files, hidden)
    return Measured(octets, files, hidden)


def hand_over(folder: str, user: int) -> None:
    """Give it and all below to `user`.  OSError.  Nobody else may be at work in it."""
    for found in _walk(folder):
        if stat.S_ISDIR(found.state.st_mode) or stat.S_ISREG(found.state.st_mode):
            os.chown(found.name, user, user, dir_fd=found.folder, follow_symlinks=False)
    os.chown(folder, user, user, follow_symlinks=False)
    os.chmod(folder, PRIVATE_FOLDER)


def take_back(folder: str) -> Iterator[int]:
    """Leave only plain files and folders that are ours alone.  One step for each thing found, with what it removed, so
    that a runner goes on with others in between.

    For a job that has ended.  A file with a second name is removed: it may be somebody else's; so is what is deeper
    than a job may go.  OSError.
    """
    user, group = os.geteuid(), os.getegid()
    root = os.open(folder, FOLDER)
    try:
        for found in _walk(folder, mend=True):
            mode = found.state.st_mode
            if stat.S_ISDIR(mode) and not found.entered:
                yield 1
                yield from _destroy(found)
            elif stat.S_ISDIR(mode) or (stat.S_ISREG(mode) and found.state.st_nlink == 1):
                os.chown(found.name, user, group, dir_fd=found.folder, follow_symlinks=False)
                private = PRIVATE_FOLDER if stat.S_ISDIR(mode) else PRIVATE_FILE
                os.chmod(found.name, private, dir_fd=found.folder)
                yield 0
            else:
                os.unlink(found.name, dir_fd=found.folder)
                yield 1
        os.fchown(root, user, group)
        os.fchmod(root, PRIVATE_FOLDER)
    finally:
        os.close(root)


def _destroy(found: Found) -> Iterator[int]:
    """A folder with all that is in it, one step for each entry: down by one handle and up again by `..`, for a tree may
    be deeper than a process has handles."""
    os.chmod(found.name, PRIVATE_FOLDER, dir_fd=found.folder)
    handle, names = os.open(found.name, FOLDER, dir_fd=found.folder), [found.name]
    try:
        while names:
            below = ""
            for name in os.listdir(handle):
                if stat.S_ISDIR(os.stat(name, dir_fd=handle, follow_symlinks=False).st_mode):
                    below = name
                else:
                    os.unlink(name, dir_fd=handle)
                    yield 0
            if below:
                os.chmod(below, PRIVATE_FOLDER, dir_fd=handle)
                names.append(below)
            to = os.open(below or "..", FOLDER, dir_fd=handle)
            os.close(handle)
            handle = to
            if not below:
                os.rmdir(names.pop(), dir_fd=handle)
                yield 0
    finally:
        os.close(handle)


def empty(folder: str) -> None:
    """Remove all that is in it, however deep.  OSError."""
    for _ in take_back(folder):
        """One after the other."""
    for found in _walk(folder):
        if stat.S_ISDIR(found.state.st_mode):
            os.rmdir(found.name, dir_fd=found.folder)
        else:
            os.unlink(found.name, dir_fd=found.folder)
