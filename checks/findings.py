"""What a check reports, and the files that it looks at."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent


class Finding(NamedTuple):
    """Something that is wrong at a line of a file; line 0 is the file as a whole."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{where}: {self.text}"


def source_files(root: Path = ROOT) -> list[Path]:
    """Files that are committed or about to be, relative to `root`, sorted.  `root` must be a git checkout."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = (Path(name) for name in listing.split("\0") if name)
    return sorted({path for path in paths if (root / path).is_file()})


def report(title: str, findings: list[Finding], passed: str) -> int:
    """Print the findings, or one line of praise; the exit status."""
    for finding in findings:
        print(finding)
    print(f"{title}: {len(findings)} findings" if findings else f"{title}: {passed}")
    return 1 if findings else 0
