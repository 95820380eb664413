"""A shell over a simulation, and what it says as a list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ground import connect
from ground.client import Craft
from ground.shell.prompt import Shell
from sim.flying import Flying

IN_SIGHT = Path(__file__).parents[1] / "in_sight.toml"


class Spoken(Shell):
    """Keeps what it says."""

    def __init__(self, craft: Craft) -> None:
        super().__init__(craft, colour=False)
        self.lines: list[str] = []

    def say(self, line: str) -> None:
        self.lines.append(line)

    def answer(self, line: str) -> tuple[int, list[str]]:
        """(exit code, what it said to that line)."""
        self.lines.clear()
        return self.perform(line), list(self.lines)


@pytest.fixture
def flying() -> Iterator[Flying]:
    with Flying(IN_SIGHT) as flying:
        yield flying


@pytest.fixture
def craft(flying: Flying) -> Iterator[Craft]:
    with connect(flying, "anna") as craft:
        yield craft


@pytest.fixture
def shell(craft: Craft) -> Spoken:
    """Each line waits for its end."""
    made = Spoken(craft)
    made.desk.at_prompt = False
    return made
