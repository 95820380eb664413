"""Real processes in real time: slow, and judged by what happens, not by how long it takes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flight.cli import ids
from tests.realtime.flying import Flying


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The mission package, with its declarations numbered."""
    folder = tmp_path_factory.mktemp("missions") / "trial"
    shutil.copytree(Path(__file__).parent / "trial", folder, ignore=shutil.ignore_patterns("__pycache__"))
    ids.write(str(folder))
    return folder


@pytest.fixture
def flying(trial: Path, tmp_path: Path) -> Iterator[Flying]:
    """Not yet started."""
    found = make(trial, tmp_path)
    yield found
    found.end_all()


def make(trial: Path, folder: Path) -> Flying:
    state = folder / "state"
    state.mkdir()
    return Flying(trial, state)


Make = Callable[[], Flying]
