"""What is installed: the four packages with all their data, and programs that exist."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from checks.findings import ROOT, source_files

PACKAGES = {"flight", "ground", "hil", "sim"}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.mark.slow
def test_wheel_holds_every_file_of_the_packages_and_nothing_else(tmp_path: Path) -> None:
    tracked = [path for path in source_files() if path.parts[0] in PACKAGES]
    for path in [*tracked, Path("pyproject.toml"), Path("LICENSE"), Path("README.md")]:
        if (ROOT / path).exists():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, tmp_path / path)
    program = "from setuptools import build_meta; build_meta.build_wheel('.')"
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.partition("/")[0] in PACKAGES}
    assert held == {path.as_posix() for path in tracked}


@pytest.mark.parametrize("entry", PROJECT["scripts"].values(), ids=PROJECT["scripts"])
def test_program_is_a_function_that_exists(entry: str) -> None:
    module, _, name = entry.partition(":")
    if not (ROOT / (module.replace(".", "/") + ".py")).exists():
        pytest.skip(f"{module} is not written yet")
    assert callable(getattr(importlib.import_module(module), name))
