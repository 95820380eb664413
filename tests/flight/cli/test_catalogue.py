"""`skyrack-flight catalogue`: what it prints, a ground reads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from flight.__main__ import main
from flight.jobs import INSTALLED_MAX, TENANTS_MAX, find_installed, read_catalogue, unlimited
from flight.jobs.catalogue import RUNTIMES, Kind
from flight.missions.ai_rack import MISSION


def test_a_ground_reads_what_it_prints(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["catalogue", "ai_rack"]) == 0
    text = capsys.readouterr().out
    assert read_catalogue(text) == MISSION.catalogue
    assert main(["catalogue", "ai_rack", "-o", str(tmp_path / "c")]) == 0
    assert (tmp_path / "c").read_text() == text
    assert main(["catalogue", "pathfinder"]) == 0
    assert capsys.readouterr().out == text  # it carries the same
    assert main(["catalogue", "nowhere"]) == 2


def test_what_ai_rack_has() -> None:
    assert find_installed(MISSION.catalogue, "cpython", RUNTIMES) is not None
    assert find_installed(MISSION.catalogue, "wasmtime==50.0.1", frozenset({Kind.WASM})) is not None
    assert find_installed(MISSION.catalogue, "numpy==2.4.6", frozenset({Kind.LIBRARY})) is not None
    assert find_installed(MISSION.catalogue, "digits", frozenset({Kind.MODEL})) is not None


def test_the_tables_of_a_mission_are_bounded() -> None:
    row, tenant = MISSION.catalogue[0], unlimited("acme", bytes(32))
    replace(MISSION, catalogue=(row,) * INSTALLED_MAX, tenants=(tenant,) * TENANTS_MAX)
    with pytest.raises(ValueError, match="at most 256 installed"):
        replace(MISSION, catalogue=(row,) * (INSTALLED_MAX + 1))
    with pytest.raises(ValueError, match="64 tenants"):
        replace(MISSION, tenants=(tenant,) * (TENANTS_MAX + 1))
