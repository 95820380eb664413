"""Names of files in a package and of what a job hands down: nothing that could mean something else somewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence

PATH_OCTETS = 160
DEPTH_MAX = 8
PART = r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,79}"  # no leading dot or dash: no "..", nothing hidden, no option
PATH = re.compile(rf"{PART}(/{PART}){{0,{DEPTH_MAX - 1}}}")
NAME = re.compile(r"[a-z0-9][a-z0-9._+-]{0,47}")
OWNER = re.compile(r"[a-z0-9][a-z0-9._+]{0,47}")  # no dash: in OWNER-NAME-SERIAL of a file nobody is another
PATH_EXPECTED = f"a path of up to {DEPTH_MAX} names of A-Z a-z 0-9 _ . + -, none beginning with a dot or dash"
OWNER_EXPECTED = "1 to 48 of a-z 0-9 . _ +, a letter or digit first"
NAME_EXPECTED = "1 to 48 of a-z 0-9 . _ + -, a letter or digit first"


def is_path(text: str) -> bool:
    return len(text) <= PATH_OCTETS and PATH.fullmatch(text) is not None


def is_owner(text: str) -> bool:
    return OWNER.fullmatch(text) is not None


def is_name(text: str) -> bool:
    return NAME.fullmatch(text) is not None


def collisions(paths: Sequence[str]) -> list[str]:
    """Paths that are another's, or its folder, on a file system that ignores case (as that of macOS does)."""
    seen = set[str]()
    folders = {
        "/".join(parts[:count])
        for parts in (path.lower().split("/") for path in paths)
        for count in range(1, len(parts))
    }
    found = []
    for path in paths:
        if path.lower() in seen or path.lower() in folders:
            found.append(path)
        seen.add(path.lower())
    return found
