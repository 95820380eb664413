"""The linter as configured here: banned calls are found in flight code and left alone where the machine is touched."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from checks.findings import ROOT

CONFIGURATION = ROOT / "pyproject.toml"
BANNED = tomllib.loads(CONFIGURATION.read_text())["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"]
# What the architecture names, each as somebody would write it by mistake.
MISTAKES = {
    "import time\ntime.time()": "TID251",
    "from time import monotonic\nmonotonic()": "TID251",
    "import time as t\nt.monotonic_ns()": "TID251",
    "import datetime\ndatetime.datetime.now(datetime.UTC)": "TID251",
    "from datetime import datetime\ndatetime.utcnow()": "TID251",
    "import random": "TID251",
    "from random import choice": "TID251",
    "import os\nos.urandom(3)": "TID251",
    "import secrets": "TID251",
    "import uuid": "TID251",
    "import threading": "TID251",
    "import asyncio": "TID251",
    "import socket": "TID251",
    "import subprocess": "TID251",
    "from logging import getLogger": "TID251",
    "from concurrent.futures import ThreadPoolExecutor": "TID251",
    "try:\n    f()\nexcept Exception:\n    g()": "BLE001",
    "print(1)": "T201",
}
TOUCHING = ["flight/boards/pc.py", "flight/drivers/hwmon.py", "flight/workers/jobs.py", "flight/guardian.py"]
TOUCHING += [
    "flight/__main__.py",
    "ground/link.py",
    "sim/live.py",
    "hil/line.py",
    "tests/test_x.py",
    "checks/x.py",
]


def rules_broken(root: Path, sources: dict[str, str]) -> dict[str, set[str]]:
    """The rules that each file breaks, by the file's name."""
    for name, text in sources.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text + "\n")
    (root / "pyproject.toml").write_text(CONFIGURATION.read_text())
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "json", "."]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    broken: dict[str, set[str]] = {name: set() for name in sources}
    for finding in json.loads(done.stdout):
        broken[Path(finding["filename"]).relative_to(root.resolve()).as_posix()].add(finding["code"])
    return broken


def test_one_file_alone_may_catch_everything() -> None:
    ruff = tomllib.loads(CONFIGURATION.read_text())["tool"]["ruff"]["lint"]
    assert not {"BLE", "BLE001"} & set(ruff["ignore"])
    may = [name for name, rules in ruff["per-file-ignores"].items() if {"BLE", "BLE001"} & set(rules)]
    assert may == ["flight/kernel/executive.py"]


def test_each_mistake_is_found_in_flight_code(tmp_path: Path) -> None:
    sources = {f"flight/modules/m{number}.py": text for number, text in enumerate(MISTAKES)}
    broken = rules_broken(tmp_path, sources)
    missed = [text for name, text in sources.items() if MISTAKES[text] not in broken[name]]
    assert missed == []


def test_every_banned_name_is_found(tmp_path: Path) -> None:
    sources = {
        f"flight/n{number}.py": f"import {name.partition('.')[0]}\n{name}"
        for number, name in enumerate(BANNED)
    }
    assert [
        sources[name] for name, rules in rules_broken(tmp_path, sources).items() if "TID251" not in rules
    ] == []


def test_what_touches_the_machine_may(tmp_path: Path) -> None:
    text = "\n".join(f"import {name.partition('.')[0]}\n{name}" for name in BANNED)
    broken = rules_broken(tmp_path, dict.fromkeys(TOUCHING, text))
    assert [name for name, rules in broken.items() if "TID251" in rules] == []


@pytest.mark.parametrize(("branches", "complex_"), [(14, False), (15, True)])
def test_complexity_is_bounded(tmp_path: Path, branches: int, complex_: bool) -> None:
    lines = [f"    if x > {n}:\n        x += 1" for n in range(branches)]
    text = "def f(x):\n" + "\n".join(lines) + "\n    return x"
    assert ("C901" in rules_broken(tmp_path, {"sim/a.py": text})["sim/a.py"]) is complex_


def test_plain_flight_code_passes(tmp_path: Path) -> None:
    text = '"""A duty."""\n\nfrom __future__ import annotations\n\n\ndef step(now: int) -> int:\n    return now + 1'
    assert rules_broken(tmp_path, {"flight/modules/a.py": text}) == {"flight/modules/a.py": set()}
