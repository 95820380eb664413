"""Files in a folder that somebody else may have written to: every step by a descriptor, no link followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER_MODE = 0o755
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
EXISTING = (
    os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
)  # a pipe in the way must not hang the open
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def parent_of(root: Path, path: str, *, make: bool = False) -> Iterator[tuple[int, str]]:
    """Descriptor of the folder that holds `path`, below `root`, and its name there.  `make` makes missing folders.

    OSError, also if a part of the way is a link or no folder.
    """
    *folders, name = path.split("/")
    at = os.open(root, FOLDER)
    try:
        for one in folders:
            if make:
                try:
                    os.mkdir(one, FOLDER_MODE, dir_fd=at)
                except FileExistsError:
                    """Made before; if it is no folder, the next line refuses."""
            below = os.open(one, FOLDER, dir_fd=at)
            os.close(at)
            at = below
        yield at, name
    finally:
        os.close(at)
