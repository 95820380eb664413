"""Real mistakes as small changes, applied to a copy of the tree; and the hunt for each by the swarm.

A bug is a TOML file in `bugs`: what it is, and replacements that must each fit exactly once.  `frozen.txt` holds the
SHA-256 of each file, written before the checks were tuned, so that no bug was fitted to what finds it.  Where the tree
has moved under one, the same mistake is planted anew: the file says why, and `replanted.txt` has its new SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
BUGS = HERE / "bugs"
FROZEN = HERE / "frozen.txt"
REPLANTED = HERE / "replanted.txt"
PACKAGES = ("flight", "ground", "sim")
ESCAPED = "an exception escaped"


@dataclass(frozen=True, slots=True)
class Change:
    file: str
    find: str
    replace: str


@dataclass(frozen=True, slots=True)
class Bug:
    name: str
    says: str
    changes: tuple[Change, ...]
    replanted: str = ""  # when and why, if the tree has moved under it


@dataclass(frozen=True, slots=True)
class Found:
    """The first seed that failed, or how many were flown in vain.  `cpu_s` is of all processes that it took."""

    seeds: int
    seed: int | None
    check: str
    text: str
    cpu_s: float
    tree: str = ""  # digest of the packages that it was planted in


class DoesNotFitError(Exception):
    """The tree has changed: the bug must be planted anew."""


def read_bug(path: Path) -> Bug:
    content = tomllib.loads(path.read_text())
    changes = tuple(Change(one["file"], one["find"], one["replace"]) for one in content["change"])
    return Bug(path.stem, content["says"], changes, content.get("replanted", ""))


def all_bugs() -> list[Bug]:
    return [read_bug(path) for path in sorted(BUGS.glob("*.toml"))]


def sums() -> dict[str, str]:
    return {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(BUGS.glob("*.toml"))}


def frozen_sums() -> dict[str, str]:
    """As they must be: as frozen, or as planted anew."""
    return _read_sums(FROZEN) | _read_sums(REPLANTED)


def _read_sums(path: Path) -> dict[str, str]:
    pairs = (line.split() for line in path.read_text().splitlines())
    return {Path(name).stem: digest for digest, name in pairs}


def tree_digest(root: Path = ROOT) -> str:
    """Of everything in the packages that decides a flight."""
    digest = hashlib.sha256()
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*")):
            if path.suffix in (".py", ".toml", ".lock"):
                digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


def planted(bug: Bug, root: Path) -> dict[str, str]:
    """The changed files by path.  DoesNotFitError if a place is not there exactly once."""
    texts: dict[str, str] = {}
    for change in bug.changes:
        text = texts.get(change.file)
        if text is None:
            text = (root / change.file).read_text()
        if text.count(change.find) != 1:
            raise DoesNotFitError(
                f"{bug.name}: {change.file} has {text.count(change.find)} of:\n{change.find}"
            )
        texts[change.file] = text.replace(change.find, change.replace)
    return texts


def copy_tree(target: Path, bug: Bug | None) -> Path:
    """The packages, with the bug in them."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, target / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in (planted(bug, target) if bug else {}).items():
        (target / name).write_text(text)
    return target


def hunt(tree: Path, first: int, seeds: int, orbits: float, scenario: str = "reference") -> Found:
    """Fly seeds of the tree until one fails."""
    found = tree / "found.json"
    words = ["--first", str(first), "--seeds", str(seeds), "--orbits", str(orbits), "--scenario", scenario]
    words += ["--workers", "1", "--until-failure", "--quiet", "--json", str(found)]
    spent = run_measured(
        [sys.executable, "-m", "sim", "swarm", *words],
        tree,
        {**os.environ, "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"},
    )
    failing = json.loads(found.read_text())["failing"]
    if not failing:
        return Found(seeds, None, "", "", spent)
    seed, text = failing[0]
    return Found(seed - first + 1, seed, text.partition(": ")[0], text, spent)


def run_measured(command: Sequence[str], folder: Path, environment: dict[str, str]) -> float:
    """Seconds of processor of it and its children.  RuntimeError unless it ends with 0 or 1."""
    with (folder / "said.txt").open("w+") as said:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
        )
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, 1):
            said.seek(0)
            raise RuntimeError(said.read()[-2000:])
    return usage.ru_utime + usage.ru_stime
