"""Real mistakes as small changes, applied to a copy of the tree; and the hunt for each by the swarm.

A bug is a TOML file in `bugs`: what it is, and replacements that must each fit exactly once.  `frozen.txt` holds the
SHA-256 of each file, written before the checks were tuned, so that no bug was fitted to what finds it.
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


@dataclass(frozen=True, slots=True)
class Found:
    """The first seed that failed, or how many were flown in vain."""

    seeds: int
    seed: int | None
    check: str
    text: str
    cpu_s: float


class DoesNotFitError(Exception):
    """The tree has changed: the bug must be planted anew."""


def read_bug(path: Path) -> Bug:
    content = tomllib.loads(path.read_text())
    changes = tuple(Change(one["file"], one["find"], one["replace"]) for one in content["change"])
    return Bug(path.stem, content["says"], changes)


def all_bugs() -> list[Bug]:
    return [read_bug(path) for path in sorted(BUGS.glob("*.toml"))]


def sums() -> dict[str, str]:
    return {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(BUGS.glob("*.toml"))}


def frozen_sums() -> dict[str, str]:
    pairs = (line.split() for line in FROZEN.read_text().splitlines())
    return {Path(name).stem: digest for digest, name in pairs}


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
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "sim",
            "swarm",
            *words,
            "--workers",
            "1",
            "--until-failure",
            "--quiet",
            "--json",
            found,
        ],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode not in (0, 1):
        raise RuntimeError(run.stderr[-2000:])
    facts = json.loads(found.read_text())
    failing = facts["failing"]
    spent = sum(one["cpu_s"] for one in facts["seeds"])
    if not failing:
        return Found(seeds, None, "", "", spent)
    seed, text = failing[0]
    return Found(seed - first + 1, seed, text.partition(": ")[0], text, spent)


def names_of(bugs: Sequence[Bug]) -> list[str]:
    return [bug.name for bug in bugs]
