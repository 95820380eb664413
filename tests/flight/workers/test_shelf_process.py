"""The files worker's process with a shelf: a package in, a result out, over its pipe, signed by the board's key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flight.boards.clock import monotonic
from flight.cli.executive import files_command
from flight.cli.jobs_on_board import jobs_root, shelf_words
from flight.cli.keys import install, make
from flight.cli.run import FlightOptions
from flight.declare.shelving import PackageTaken, ResultKept
from flight.drivers.posix_disk import PosixDisk
from flight.jobs import Ended
from flight.wire.file_packets import FileSettings
from flight.workers.process import NS, CountlessProcess
from ground.jobs import read_public
from tests.flight.workers.shelves import GOOD, KEEP, NAME, RESULT, TAKE, Folders, unpacked

pytestmark = pytest.mark.slow
MISSION = """
from dataclasses import replace
from flight.missions.pathfinder import MISSION as PATHFINDER
from tests.flight.jobs.made import CATALOGUE, TENANT
MISSION = replace(PATHFINDER, tenants=(TENANT,), catalogue=CATALOGUE)
"""


@pytest.fixture
def options(tmp_path: Path) -> FlightOptions:
    (tmp_path / "with_tenants").mkdir()
    (tmp_path / "with_tenants" / "__init__.py").write_text(MISSION)
    state = tmp_path / "state"
    (state / "files").mkdir(parents=True)
    (state / "models").mkdir()
    (state / "models" / "digits-1").write_bytes(b"weights")
    return FlightOptions(str(tmp_path / "with_tenants"), "pc", str(state))


@pytest.fixture
def process(options: FlightOptions) -> Iterator[CountlessProcess]:
    state = Path(options.state)
    disk = PosixDisk(state / "files")
    disk.write(NAME.replace("/", "!"), 0, GOOD)
    disk.close()
    make(state.parent / "keys", 1, 1, "ai_rack")
    install(state.parent / "keys", state)
    command = files_command(FileSettings(0x2A, 223), state)
    made = CountlessProcess([*command, *shelf_words(options)], monotonic)
    yield made
    made.close(monotonic() + 60 * NS)


def test_a_job_from_its_package_to_its_result(process: CountlessProcess, options: FlightOptions) -> None:
    until = monotonic() + 60 * NS
    assert isinstance(process.ask(TAKE, until), PackageTaken)
    place = Path(jobs_root(options)) / "7"
    assert (place / "package" / "main.py").is_file()
    assert (place / "models" / "digits").read_bytes() == b"weights"
    Folders(place.parent).run(7, 0)
    kept = process.ask(KEEP, until)
    octets = (Path(options.state) / "files" / RESULT.replace("/", "!")).read_bytes()
    assert kept == ResultKept(RESULT, len(octets), "DONE")
    public = read_public(Path(options.state).parent / "keys" / "board-key.pub")
    receipt, files = unpacked(octets, public.key)
    assert (receipt.ended, receipt.board) == (Ended.DONE, "pathfinder")
    assert len(files) == 3
