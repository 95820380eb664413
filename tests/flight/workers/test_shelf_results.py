"""A job's end becomes one file, signed and whole, or there is none."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import pytest

from flight.declare.filing import Ordered, SendFile, Turn
from flight.declare.shelving import (
    NoRoom,
    ResultKept,
)
from flight.jobs import Check, Ended, FileHash, Run, Signer, is_unsigned
from flight.wire.cfdp.kept_sums import Kept
from flight.workers.job_shelf import folders_of
from tests.flight.jobs.made import CATALOGUE
from tests.flight.workers.shelves import (
    GOOD,
    KEEP,
    RESULT,
    RUN,
    SECOND,
    TAKE,
    UTC_S,
    Folders,
    World,
    folder_world,
    made,
    unpacked,
    why,
)

STDOUT = b"modelled job 7, stage 0\n"


def test_a_result_with_all_that_it_names(on_board: World) -> None:
    kept = on_board.ask(KEEP)
    octets = on_board.read(RESULT)
    assert kept == ResultKept(RESULT, len(octets), "DONE")
    receipt, files = unpacked(octets)
    assert files == {
        "standard-output": STDOUT,
        "result.txt": made("result.txt", 1000),
        "maps/cloud.bin": made("maps/cloud.bin", 5000),
    }
    assert (receipt.spacecraft_id, receipt.board) == (66, "ai_rack")
    assert (receipt.owner, receipt.name, receipt.serial) == ("acme", "demo", 7)
    assert receipt.package_sha256 == sha256(GOOD).digest()
    assert (receipt.ended, receipt.reason, receipt.energy_j) == (Ended.DONE, "", 300)
    assert receipt.program.path == "main.py"
    assert receipt.installed == CATALOGUE
    assert receipt.runs == (Run(0, "rack_a", 5, 9 * SECOND, UTC_S, Ended.DONE, 0, 300, 4),)
    assert receipt.checks == (Check("vote", True), Check("outputs", True))
    assert on_board.files() == [RESULT]


def test_it_can_be_sent_and_holds_its_sum(on_board: World) -> None:
    on_board.ask(KEEP)
    assert on_board.worker.sums is not None
    octets = on_board.read(RESULT)
    assert on_board.worker.sums._candidates[RESULT] == [Kept(len(octets), crc32(octets))]
    assert isinstance(on_board.ask(SendFile(0, RESULT, True)), Ordered)
    on_board.ask(Turn(400 * SECOND, False, 0, ()))
    assert on_board.worker.sums is not None
    assert on_board.worker.sums.damaged == set()
    assert on_board.worker.sums.damaged == set()


def test_asked_again_nothing_is_written(on_board: World) -> None:
    kept = on_board.ask(KEEP)
    on_board.ask(SendFile(0, RESULT, True))  # not even while it is sent
    writes = on_board.disk.writes
    assert on_board.ask(KEEP._replace(now=99)) == kept
    assert on_board.disk.writes == writes


def test_another_result_takes_the_place_of_the_first(on_board: World) -> None:
    on_board.ask(KEEP)
    other = KEEP._replace(runs=(RUN, RUN))
    on_board.ask(SendFile(0, RESULT, True))
    assert why(on_board.ask(other)) == f"{RESULT} is being sent, and has become another: cancel that first"
    on_board.boot()  # the disk lives on; the transfer, too
    assert why(on_board.ask(other)).startswith(f"{RESULT} is being sent")


def test_a_result_that_is_not_sent_is_replaced(on_board: World) -> None:
    on_board.ask(KEEP)
    kept = on_board.ask(KEEP._replace(runs=(RUN, RUN)))
    assert isinstance(kept, ResultKept)
    assert len(unpacked(on_board.read(RESULT))[0].runs) == 2


@pytest.mark.parametrize("ended", ["FAILED", "KILLED", "CANCELLED", "LOST"])
def test_one_that_did_not_end_well_has_no_outputs(on_board: World, ended: str) -> None:
    kept = on_board.ask(KEEP._replace(ended=ended, reason="so\nit is \u00e9", runs=(), checks=()))
    assert isinstance(kept, ResultKept)
    receipt, files = unpacked(on_board.read(RESULT))
    assert files == {"standard-output": STDOUT}
    assert (receipt.ended, receipt.reason) == (Ended[ended], "so?it is \\xe9")
    assert receipt.outputs == receipt.runs == receipt.checks == ()


def test_a_board_without_a_key_keeps_results(on_board: World) -> None:
    on_board.with_settings(signer=Signer(66, "ai_rack"))
    assert isinstance(on_board.ask(KEEP), ResultKept)
    octets = on_board.read(RESULT)
    assert is_unsigned(octets[12:])
    receipt, files = unpacked(octets, None)
    assert receipt.ended is Ended.DONE
    assert len(files) == 3


def test_a_result_that_does_not_fit(on_board: World) -> None:
    on_board.quota = 6_500
    on_board.boot()
    assert on_board.ask(KEEP) == NoRoom("quota of the file store")
    assert not any("shelf" in name or "result" in name for name in on_board.disk.names())
    on_board.quota = 20_000
    on_board.boot()
    assert isinstance(on_board.ask(KEEP), ResultKept)


def test_a_full_disk(on_board: World) -> None:
    on_board.disk.set_capacity(on_board.disk.stored_bytes + 3_000)
    assert on_board.ask(KEEP) == NoRoom("No space left on device")
    on_board.disk.set_capacity(1 << 40)
    assert isinstance(on_board.ask(KEEP), ResultKept)
    assert on_board.files() == [RESULT]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"job": 8}, "job 8 is not on board"),
        ({"job": -1}, "no number of a job: -1"),
        ({"stage": 4}, "no stages of a job: (4,)"),
        ({"ended": "GONE"}, "no way to end: 'GONE'"),
        ({"runs": (RUN._replace(ended="done"),)}, "no way to end: 'done'"),
        (
            {"runs": (RUN._replace(exit_status=10_000),)},
            "no receipt can say this: runs[0].exit_status: 10000",
        ),
        ({"runs": (RUN._replace(end_ns=1),)}, "no receipt can say this: runs[0].end_ns: 1; expected"),
        ({"runs": (RUN._replace(board="Rack A"),)}, "no receipt can say this: runs[0].board: 'Rack A'"),
        ({"checks": (("a b", True),)}, "no receipt can say this: checks[0].name: 'a b'"),
    ],
)
def test_what_no_result_can_be_of(on_board: World, changes: dict[str, object], reason: str) -> None:
    assert why(on_board.ask(KEEP._replace(**changes))).startswith(reason)  # type: ignore[arg-type]
    assert on_board.files() == []


def test_a_hash_of_an_output_that_changes_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = folder_world(tmp_path)
    world.put()
    world.ask(TAKE)
    world.ground.run(7, 0)
    wrong = (FileHash("result.txt", 1000, bytes(32)),)
    monkeypatch.setattr(world.shelf.jobs, "outputs", lambda *_: wrong)
    assert why(world.ask(KEEP)) == "output result.txt changes while it is read"
    assert world.files() == []


# ---------------------------------------------------------------- folders


@pytest.fixture
def folders(tmp_path: Path) -> World:
    world = folder_world(tmp_path)
    world.put()
    world.ask(TAKE)
    world.ground.run(7, 0)
    return world


def outputs_of(world: World) -> Path:
    assert isinstance(world.ground, Folders)
    return Path(folders_of(str(world.ground.root), 7, 0).outputs)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda path: path.unlink(), "output result.txt: is missing; expected a file"),
        (
            lambda path: path.write_bytes(bytes(1001)),
            "output result.txt: more than 1,000 octets; expected what",
        ),
        (
            lambda path: (path.unlink(), path.symlink_to("/etc/passwd")),
            "output result.txt: Too many levels of",
        ),
        (
            lambda path: (path.unlink(), path.mkdir()),
            "output result.txt: a folder or a device; expected a file",
        ),
    ],
)
def test_a_job_whose_outputs_are_not_as_promised_has_failed(
    folders: World, spoil: Callable[[Path], object], reason: str
) -> None:
    spoil(outputs_of(folders) / "result.txt")
    kept = folders.ask(KEEP)
    assert isinstance(kept, ResultKept)
    assert kept.ended == "FAILED"
    receipt, files = unpacked(folders.read(RESULT))
    assert receipt.ended is Ended.FAILED
    assert receipt.reason.startswith(reason)
    assert receipt.checks == (Check("vote", True), Check("outputs", False))
    assert files == {"standard-output": STDOUT}


def test_of_what_it_printed_the_last_64_kib_come_down(folders: World) -> None:
    assert isinstance(folders.ground, Folders)
    record = Path(folders_of(str(folders.ground.root), 7, 0).record)
    (record / "standard-output").write_bytes(b"first" + b"x" * 65_000 + b"y" * 1_000)
    (record / "standard-error").write_bytes(b"oh")
    folders.ask(KEEP)
    files = unpacked(folders.read(RESULT))[1]
    assert files["standard-output"] == b"x" * 64_536 + b"y" * 1_000
    assert files["standard-error"] == b"oh"
    (record / "standard-output").unlink()
    (record / "standard-output").symlink_to("/etc/passwd")
    assert why(folders.ask(KEEP)) == "Too many levels of symbolic links"


def test_an_output_that_grows_is_read_as_far_as_it_was_hashed(folders: World) -> None:
    path = outputs_of(folders) / "result.txt"
    hashed = FileHash("result.txt", 1000, sha256(path.read_bytes()).digest())
    path.write_bytes(path.read_bytes() + bytes(1 << 20))
    assert len(b"".join(folders.shelf.jobs.read_output(7, 0, hashed))) == 1000


def test_a_job_that_has_never_run(folders: World) -> None:
    folders.ask(KEEP._replace(ended="CANCELLED", runs=(), checks=(), stage=1))
    assert unpacked(folders.read(RESULT))[1] == {}


def test_folders_of_a_runner() -> None:
    """All absolute and apart; the verifier reads the outputs of the job."""
    job, verifier = folders_of("/jobs", 7, 0), folders_of("/jobs", 7, 3)
    assert (job.package, job.models, job.record) == ("/jobs/7/package", "/jobs/7/models", "/jobs/7/0/record")
    assert verifier.outputs == job.outputs == "/jobs/7/0/outputs"
    assert verifier.scratch == "/jobs/7/3/scratch"
    assert folders_of("/jobs", 7, 2).outputs == "/jobs/7/2/outputs"


def test_a_model_that_is_not_on_board(tmp_path: Path) -> None:
    world = folder_world(tmp_path)
    (tmp_path / "models" / "digits-1").unlink()
    world.put()
    assert why(world.ask(TAKE)) == (
        "names what is not on board: model digits is in the catalogue, and its file is not on board"
    )
    assert list((tmp_path / "jobs").iterdir()) == []
