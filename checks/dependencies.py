"""Every library that a package imports is declared for it, each declared one is used, and all are pinned.

python -m checks.dependencies
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from checks.findings import ROOT, Finding, report, source_files

# The extras that a package may count on, beside the base dependencies.
EXTRAS = {
    "flight": [],
    "ground": ["ground"],
    "sim": ["ground", "sim"],
    "hil": ["ground", "sim", "hil"],
    "checks": ["ground", "sim", "hil", "dev"],
    "tests": ["ground", "sim", "hil", "dev"],
}
# Files that only tests import: construct is the oracle of the hand-written codecs (architecture.md, section 5).
FOR_TESTS = {"flight/wire/definitions.py"}
# A driver's library is an extra, imported inside the driver (style.md, rule 8).
DRIVERS = "flight/drivers/"
OF_DRIVERS = ["ground", "hil"]
WASM = "flight/runners/wasm/"
OURS = set(EXTRAS)
# Programs of tenants: each runs by itself, with its own folder and the job SDK beside it.
PROGRAMS = ("sim/jobs/", "sim/payload/stand_in.py")
SDK = "skyrack_job"


def declared(project: dict[str, object]) -> dict[str, list[str]]:
    """Canonical names by extra; the base dependencies are under ''."""
    table = project["project"]
    assert isinstance(table, dict)
    groups = {"": table["dependencies"], **table["optional-dependencies"]}
    return {
        group: [canonicalize_name(Requirement(line).name) for line in lines]
        for group, lines in groups.items()
    }


def imported(text: str) -> Iterator[tuple[int, str]]:
    """Line and top-level name of every absolute import, wherever in the file it stands."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.lineno, node.module.partition(".")[0]


def _beside(file: Path, path: Path, name: str) -> bool:
    of_program = path.as_posix().startswith(PROGRAMS)
    return of_program and (name == SDK or file.with_name(f"{name}.py").exists())


def extras_of(path: Path) -> list[str]:
    if path.as_posix().startswith(DRIVERS):
        return OF_DRIVERS
    if path.as_posix().startswith(WASM):
        return ["wasm"]
    return EXTRAS["tests" if path.as_posix() in FOR_TESTS else path.parts[0]]


def undeclared_and_unused(root: Path, paths: list[Path], groups: dict[str, list[str]]) -> list[Finding]:
    providers = {
        name: {canonicalize_name(d) for d in found} for name, found in packages_distributions().items()
    }
    findings: list[Finding] = []
    used: set[str] = set()
    for path in paths:
        if path.suffix != ".py" or path.parts[0] not in EXTRAS:
            continue
        extras = extras_of(path)
        allowed = {name for extra in ["", *extras] for name in groups[extra]}
        for line, name in imported((root / path).read_text(encoding="utf-8")):
            if name in OURS or name in sys.stdlib_module_names or _beside(root / path, path, name):
                continue
            providing = providers.get(name, {name})
            used |= providing
            if not providing & allowed:
                findings.append(Finding(str(path), line, f"{name} is not a dependency of {path.parts[0]}"))
    # Tools of `dev` are started, not imported.
    libraries = {name for extra in ("", "ground", "sim", "hil") for name in groups[extra]}
    unused = sorted(libraries - used)
    return findings + [Finding("pyproject.toml", 0, f"{name} is imported nowhere") for name in unused]


def unpinned(names: list[str], pins: str) -> list[Finding]:
    """Libraries that `names` need, directly or not, and for which `pins` has no exact version."""
    pinned = {
        canonicalize_name(line.partition("==")[0])
        for line in pins.splitlines()
        if "==" in line and not line.startswith("#")
    }
    waiting, seen = list(names), set()
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in seen or (found := _installed(name)) is None:
            continue
        seen.add(name)
        needs = map(Requirement, found.requires or [])
        waiting += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    return [
        Finding("constraints.txt", 0, f"{name} has no exact version; `make lock`")
        for name in sorted(seen - pinned)
    ]


def _installed(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except PackageNotFoundError:
        return None


def main() -> int:
    groups = declared(tomllib.loads((ROOT / "pyproject.toml").read_text()))
    findings = undeclared_and_unused(ROOT, source_files(), groups)
    names = [name for group in groups.values() for name in group]
    findings += unpinned(names, (ROOT / "constraints.txt").read_text())
    return report(
        "dependencies", findings, f"{len(names)} declared, all imported where they may be, all pinned"
    )


if __name__ == "__main__":
    sys.exit(main())
