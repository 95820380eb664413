"""Shelves of jobs for the tests beside this file: on folders, and on the names of a simulated disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from flight.declare.shelving import PackageTaken
from tests.flight.workers.shelves import TAKE, World, folder_world, names_world


@pytest.fixture(params=["folders", "names"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return folder_world(tmp_path) if request.param == "folders" else names_world()


@pytest.fixture
def on_board(world: World) -> World:
    """Job 7 has been taken, and run three times."""
    world.put()
    assert isinstance(world.ask(TAKE), PackageTaken)
    for stage in range(3):
        world.ground.run(7, stage)
    return world
