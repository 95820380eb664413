"""One test suite for every board: `pytest --board sim` in virtual time, `pytest --board pty` with real processes.

    @pytest.mark.skyrack(scenario="tests/in_sight.toml", mission="my_mission")
    def test_a_rail_is_switched(craft):
        craft.command("power.switch", rail="navigation", on=False).wait()
        craft.wait_for(lambda: craft.get("power.rails.navigation") is False, within_s=60)

`craft` is a connected client, the one of `ground.connect`; `rig` can do things to the board.  All waiting is for what
happens: in virtual time by flying on, on a board until something comes.  The plugin comes with Skyrack; nothing is
imported of it before a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from ground.client import Craft
    from hil.rig import Rig

BOARDS = ("sim", "pty")
MARK = "skyrack(scenario, mission=None, seed=None, speed=1): what the fixtures craft and rig fly"
TAKEN = {"scenario", "mission", "seed", "speed"}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("skyrack", "Skyrack boards")
    group.addoption(
        "--board", choices=BOARDS, default="sim", help="what flies the tests that ask for one (sim)"
    )
    parser.addini("skyrack_scenario", "scenario of tests without a marker", default="reference")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARK)


@pytest.fixture
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """The board of `--board`, flying; ends with the test."""
    from hil.rig import make_rig

    marker = request.node.get_closest_marker("skyrack")
    asked = dict(marker.kwargs) if marker is not None else {}
    if marker is not None and (marker.args or not set(asked) <= TAKEN):
        raise pytest.UsageError(f"@pytest.mark.skyrack takes {', '.join(sorted(TAKEN))}, by name")
    scenario = asked.pop("scenario", None) or request.config.getini("skyrack_scenario")
    made = make_rig(request.config.getoption("--board"), scenario, **asked)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def craft(rig: Rig) -> Craft:
    """A client that has the commanding seat when it wants it."""
    return rig.craft
