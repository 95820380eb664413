"""How many planted mistakes the tests notice: a score for each area where a mistake costs a spacecraft.

python -m checks.mutation [--area store] [--sample 60] [--seed 1] [--floor 85]

Copies the tree, plants one mistake at a time in the copy (`checks/mutants.py`), and runs that area's tests until the
first one fails.  Same tree, sample and seed: same mistakes.  docs/mutation.md keeps the figures.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from checks.findings import ROOT, source_files
from checks.mutants import Mutant, mutants

CPU_S = 20  # of one run; the slowest area takes 5 without a mistake, so that more is a loop without end
WALL_S = 900  # a run that waits for something; far above CPU_S on a machine that others share
MEMORY_KIB = 4 << 20  # a loop that appends for ever ends here, not with the machine's memory
WORKERS = 2  # cores of the machine that runs this in CI

KILLED, SURVIVED, NOT_IMPORTED, TIMED_OUT = "killed", "survived", "not imported", "timed out"
TESTS_FAILED, NONE_COLLECTED = 1, 5  # exit statuses of pytest

# Shrinking a failing example takes longer than finding it, and nobody reads the example here.
PROFILE = """\
from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "mutation",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],
)
"""


class Area(NamedTuple):
    """Patterns below the root: what is mutated, and the tests that should notice."""

    sources: tuple[str, ...]
    tests: tuple[str, ...]


AREAS = {
    "store": Area(("flight/store/*.py",), ("tests/flight/store/test_*.py",)),
    "wire": Area(("flight/wire/*.py",), ("tests/flight/wire/test_*.py",)),
    "faults": Area(("flight/modules/faults/*.py",), ("tests/flight/modules/test_faults*.py",)),
    "modes": Area(
        ("flight/modules/modes.py", "flight/modules/safe.py"),
        ("tests/flight/modules/test_modes.py", "tests/flight/modules/test_safe.py"),
    ),
    "security": Area(
        (
            "flight/wire/sdls/*.py",
            "flight/wire/te*_link.py",
            "flight/modules/uplink/*.py",
            "ground/keys.py",
            "ground/key_care.py",
            "ground/opening.py",
        ),
        (
            "tests/flight/wire/sdls/test_*.py",
            "tests/flight/wire/test_telemetry_link.py",
            "tests/flight/modules/test_uplink.py",
            "tests/ground/test_key*.py",
            "tests/ground/test_command_link.py",
        ),
    ),
}
FOR_TESTS = {"flight/wire/definitions.py"}  # the oracle of the codecs; it does not fly


class Planted(NamedTuple):
    """A mistake in a file, whose path is below the root."""

    path: str
    mutant: Mutant

    @property
    def place(self) -> str:
        return f"{self.path}:{self.mutant.line}"


class Tree:
    """A copy of the repository, with what stands beside it, for one worker.  The original is never written."""

    def __init__(self, folder: Path, root: Path = ROOT) -> None:
        self.root = folder / "skyrack"
        for path in source_files(root):
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, self.root / path)
        if (root.parent / "shared").exists():
            (folder / "shared").symlink_to((root.parent / "shared").resolve())
        (self.root / "mutation_profile.py").write_text(PROFILE, encoding="utf-8")

    def tried(self, planted: Planted, area: Area) -> str:
        """What became of a mistake.  The file is as before afterwards, so that its compiled form is valid again."""
        path = self.root / planted.path
        source, before = path.read_bytes(), path.stat()
        path.write_bytes(planted.mutant.applied(source))
        try:
            status, _ = self.run(area, keep=False)
        finally:
            path.write_bytes(source)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return verdict(status)

    def run(self, area: Area, *, keep: bool) -> tuple[int, str]:
        """Exit status and output of the area's tests.  `keep` writes compiled files for the runs after this one.

        Mutants are not compiled into files: two of one size and second would be taken for each other.
        """
        tests = sorted(str(path) for pattern in area.tests for path in self.root.glob(pattern))
        options = ["-x", "-q", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider"]
        options += ["-p", "mutation_profile", "-o", "addopts=", "--import-mode=importlib"]
        options += ["-m", "not long and not slow"]
        limits = f'ulimit -t {CPU_S}; ulimit -v {MEMORY_KIB} 2>/dev/null; exec "$0" "$@"'
        surroundings = {**os.environ, "HYPOTHESIS_PROFILE": "mutation", "PYTHONPATH": str(self.root)}
        if not keep:
            surroundings["PYTHONDONTWRITEBYTECODE"] = "1"
        try:
            done = subprocess.run(
                ["sh", "-c", limits, sys.executable, "-m", "pytest", *options, *tests],
                check=False,
                cwd=self.root,
                env=surroundings,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=WALL_S,
            )
        except subprocess.TimeoutExpired:
            return -signal.SIGXCPU, ""
        return done.returncode, done.stdout + done.stderr


def verdict(status: int) -> str:
    """Of pytest's exit status.  Anything but success and failed tests means that it could not load the code."""
    assert status != NONE_COLLECTED, "an area has tests"
    if status == 0:
        return SURVIVED
    if status in {-signal.SIGXCPU, -signal.SIGKILL}:
        return TIMED_OUT
    return KILLED if status == TESTS_FAILED else NOT_IMPORTED


def planted_in(area: Area, root: Path = ROOT) -> Iterator[Planted]:
    paths = sorted(
        path.relative_to(root).as_posix() for pattern in area.sources for path in root.glob(pattern)
    )
    for path in paths:
        if path not in FOR_TESTS:
            yield from (Planted(path, mutant) for mutant in mutants((root / path).read_bytes()))


def sampled(everything: list[Planted], size: int, seed: int) -> list[Planted]:
    """`size` of them, by place.  Drawn by a hash of each, so that an edit leaves most of a sample as it was."""

    def lot(planted: Planted) -> bytes:
        return hashlib.sha256(f"{seed} {planted}".encode()).digest()

    return sorted(sorted(everything, key=lot)[:size])


def measured(area: Area, chosen: list[Planted], trees: list[Tree]) -> Iterator[tuple[Planted, str]]:
    """Each mistake and what became of it, in order."""
    free: SimpleQueue[Tree] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def attempt(planted: Planted) -> str:
        tree = free.get()
        try:
            return tree.tried(planted, area)
        finally:
            free.put(tree)

    with ThreadPoolExecutor(len(trees)) as pool:
        yield from zip(chosen, pool.map(attempt, chosen), strict=True)


def score(results: Counter[str]) -> float:
    """Percent noticed: a loop without end and code that does not load are noticed too."""
    return 100 * (1 - results[SURVIVED] / results.total()) if results else 100.0


def report(name: str, arguments: argparse.Namespace, trees: list[Tree]) -> float:
    """Print the fate of an area's mistakes and its row of the table; the score."""
    area = AREAS[name]
    for tree in trees:
        status, output = tree.run(area, keep=True)
        if status != 0:
            raise SystemExit(f"{name}: the tests fail without a mistake:\n{output}")
    everything = list(planted_in(area, trees[0].root))
    sources = {path: (trees[0].root / path).read_bytes() for path in {each.path for each in everything}}
    results: Counter[str] = Counter()
    for planted, fate in measured(area, sampled(everything, arguments.sample, arguments.seed), trees):
        results[fate] += 1
        print(f"{fate}: {planted.place}", flush=True)
        if fate == SURVIVED or arguments.verbose:
            print(planted.mutant.difference(sources[planted.path]), flush=True)
    fates = "".join(f" {results[fate]} |" for fate in (KILLED, NOT_IMPORTED, TIMED_OUT, SURVIVED))
    print(f"| {name} | {results.total()} of {len(everything)} |{fates} {score(results):.1f} % |", flush=True)
    return score(results)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m checks.mutation", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--area", choices=AREAS, action="append", help="all without it")
    parser.add_argument("--sample", type=int, default=60, help="mistakes for each area")
    parser.add_argument("--seed", type=int, default=1, help="draws the sample")
    parser.add_argument(
        "--floor", type=float, default=0, help="fail when an area has a lower score, in percent"
    )
    parser.add_argument("--verbose", action="store_true", help="show every mistake, not the survivors alone")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        places = [Path(folder).resolve() / str(number) for number in range(WORKERS)]
        trees = [Tree(place) for place in places]
        scores = [report(name, arguments, trees) for name in arguments.area or AREAS]
    return 1 if min(scores) < arguments.floor else 0


if __name__ == "__main__":
    sys.exit(main())
