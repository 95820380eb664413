"""What is imported is declared, what is declared is used and pinned, and no other distribution hides ours."""

from __future__ import annotations

import importlib.util
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from checks.dependencies import declared, imported, undeclared_and_unused, unpinned
from checks.findings import ROOT, source_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PINS = (ROOT / "constraints.txt").read_text()
GROUPS = {"": [], "ground": ["rich"], "sim": ["numpy"], "hil": [], "dev": ["pytest"]}
PACKAGES = ("flight", "ground", "hil", "sim")


def findings(root: Path, name: str, text: str) -> list[str]:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return [str(finding) for finding in undeclared_and_unused(root, [Path(name)], GROUPS)]


@pytest.mark.slow
def test_every_import_of_this_repository_is_declared() -> None:
    found = undeclared_and_unused(ROOT, source_files(), declared(PROJECT))
    assert [finding for finding in found if finding.path != "pyproject.toml"] == []


def test_every_requirement_is_pinned() -> None:
    names = [name for group in declared(PROJECT).values() for name in group]
    assert unpinned(names, PINS) == []


def test_requirement_without_a_pin_is_found() -> None:
    assert [str(finding) for finding in unpinned(["pytest"], "pluggy==1.7.0\npackaging>=24\n")] == [
        "constraints.txt: iniconfig has no exact version; `make lock`",
        "constraints.txt: packaging has no exact version; `make lock`",
        "constraints.txt: pygments has no exact version; `make lock`",
        "constraints.txt: pytest has no exact version; `make lock`",
    ]


def test_constraints_hold_nothing_but_exact_versions() -> None:
    lines = [line for line in PINS.splitlines() if line and not line.startswith("#")]
    assert all(line.count("==") == 1 and not set("@/ ;") & set(line) for line in lines)


@pytest.mark.slow
def test_import_that_the_package_may_not_count_on_is_found(tmp_path: Path) -> None:
    text = "import os\n\n\ndef late():\n    import numpy.linalg\n"
    assert "flight/a.py:5: numpy is not a dependency of flight" in findings(tmp_path, "flight/a.py", text)
    assert "ground/a.py:5: numpy is not a dependency of ground" in findings(tmp_path, "ground/a.py", text)
    assert not [line for line in findings(tmp_path, "sim/a.py", text) if line.startswith("sim")]


def test_driver_may_have_the_library_of_an_extra(tmp_path: Path) -> None:
    assert not [
        line for line in findings(tmp_path, "flight/drivers/a.py", "import rich\n") if "flight" in line
    ]
    assert "flight/drivers/a.py:1: numpy is not a dependency of flight" in findings(
        tmp_path, "flight/drivers/a.py", "import numpy\n"
    )


def test_declared_library_that_nobody_imports_is_found(tmp_path: Path) -> None:
    assert findings(tmp_path, "sim/a.py", "from rich import print\n") == [
        "pyproject.toml: numpy is imported nowhere"
    ]


def test_own_and_relative_imports_are_not_libraries() -> None:
    assert list(imported("from . import a\nfrom .b import c\nimport d.e as f\nfrom g.h import i\n")) == [
        (3, "d"),
        (4, "g"),
    ]


def shadows(names: tuple[str, ...], installed: dict[str, list[str]]) -> dict[str, list[str]]:
    """Our package names that other distributions install too."""
    others = {name: sorted(set(installed.get(name, [])) - {"skyrack"}) for name in names}
    return {name: found for name, found in others.items() if found}


def test_no_other_distribution_installs_a_package_of_our_name() -> None:
    assert shadows(PACKAGES, dict(packages_distributions())) == {}


def test_distribution_of_our_name_would_be_found() -> None:
    installed = {"sim": ["SimPlus", "skyrack"], "flight": ["skyrack"], "numpy": ["numpy"]}
    assert shadows(PACKAGES, installed) == {"sim": ["SimPlus"]}


@pytest.mark.parametrize("name", PACKAGES)
def test_our_packages_are_the_ones_imported(name: str) -> None:
    spec = importlib.util.find_spec(name)
    assert spec is not None
    assert spec.origin == str(ROOT / name / "__init__.py")
