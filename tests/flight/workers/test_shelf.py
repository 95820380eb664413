"""Packages in, results out: the same on folders and in the simulator; whatever is wrong is `Failed` with words."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flight.declare.filing import Ordered, RemoveFile, SendFile
from flight.declare.shelving import (
    AskSigner,
    CompareCopies,
    CopiesCompared,
    DropJob,
    FileKept,
    KeepFile,
    KeepOnly,
    KeepResult,
    NoRoom,
    PackageTaken,
    ResultKept,
    RunTold,
    SignerOnBoard,
    TakePackage,
    Used,
)
from flight.declare.storage import Failed
from flight.jobs import Signer, brief_octets, brief_of, key_check
from flight.workers.files import FilesWorker
from sim.disk import SimulatedDisk
from tests.flight.jobs.made import MANIFEST, OTHER_PRIVATE, PUBLIC, package, tenant
from tests.flight.workers.shelves import (
    GOOD,
    KEEP,
    NAME,
    RESULT,
    SECOND,
    TAKE,
    UTC_S,
    World,
    folder_world,
    names_world,
    why,
)

TAKEN = PackageTaken(brief_octets(brief_of(MANIFEST)), sha256(GOOD).digest())
STDOUT = b"modelled job 7, stage 0\n"


# ---------------------------------------------------------------- packages


def test_a_package_becomes_a_job(world: World) -> None:
    world.put()
    assert world.ask(TAKE) == TAKEN
    assert world.files() == []
    assert world.shelf.jobs.jobs() == [7]
    taken = world.shelf.jobs.taken(7)
    assert taken is not None
    assert (taken.manifest, taken.sha256, taken.octets) == (MANIFEST, TAKEN.package_sha256, len(GOOD))


def test_asked_again_it_says_the_same(on_board: World) -> None:
    assert on_board.ask(TAKE) == TAKEN
    on_board.put()  # as after a power cut before it was removed
    assert on_board.ask(TAKE) == TAKEN
    assert on_board.files() == []


def test_another_package_of_that_name_is_not_taken_for_it(on_board: World) -> None:
    on_board.put(octets=package(replace(MANIFEST, serial=8)))
    assert why(on_board.ask(TAKE)) == "job 7 is of another package"
    assert on_board.files() == [NAME]


def test_the_same_package_under_another_number(on_board: World) -> None:
    on_board.put()
    assert why(on_board.ask(TAKE._replace(job=8))) == "the same package is job 7 already"
    assert on_board.files() == [NAME]


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        (b"PK\3\4" + bytes(200), "no job package: it begins with b'PK"),
        (package(private=OTHER_PRIVATE), "no such tenant: key "),
        (GOOD[:20] + bytes(64) + GOOD[84:], "wrong signature: with key "),
        (GOOD[:-1], "ends too early: after "),
        (GOOD[:-1] + b"\xfe", "a part is not what the manifest says: "),
        (GOOD + b"more", "something stands behind its end: 4 octets or more"),
        (package(replace(MANIFEST, owner="umbrella")), "no such tenant: umbrella signs with the key of acme"),
        (
            package(replace(MANIFEST, libraries=("torch",))),
            "names what is not on board: library torch is not",
        ),
        (
            package(replace(MANIFEST, deadline_utc_s=UTC_S - 5, release_utc_s=0)),
            "its deadline has passed: by 5 s",
        ),
        (b"", "ends too early: after 0 octets"),
    ],
)
def test_refused_in_words_and_nothing_is_left(world: World, octets: bytes, reason: str) -> None:
    world.put(octets=octets)
    assert why(world.ask(TAKE)).startswith(reason)
    assert world.shelf.jobs.jobs() == []
    assert world.files() == [NAME]  # for whoever wants to see why; it can be removed
    assert world.ask(RemoveFile(SECOND, NAME)) == Ordered(0)


def test_a_deadline_counts_only_where_the_time_is_known(world: World) -> None:
    world.put(octets=package(replace(MANIFEST, deadline_utc_s=UTC_S - 5, release_utc_s=0)))
    assert isinstance(world.ask(TAKE._replace(utc_s=0)), PackageTaken)


@pytest.mark.parametrize(
    ("used", "quota", "reason"),
    [
        (
            Used("acme", 2, 0, 0),
            {"jobs": 2},
            "over the tenant's quota: jobs on board: 3, and acme may have 2",
        ),
        (Used("acme", 1, 0, 0), {"jobs": 2}, ""),
        (Used("other", 9, 9, 9), {"jobs": 1}, ""),
        (
            Used("acme", 0, 9_000, 0),
            {"stored_octets": 9_100},
            "over the tenant's quota: stored with this one",
        ),
        (Used("acme", 0, 0, 1), {"output_octets": 6_000}, "over the tenant's quota: outputs with this one's"),
    ],
)
def test_quotas_are_of_all_jobs_of_a_tenant(
    world: World, used: Used, quota: dict[str, object], reason: str
) -> None:
    world.with_tenant(tenant(**quota))
    world.put()
    answer = world.ask(TAKE._replace(used=(used,)))
    assert answer == TAKEN if not reason else why(answer).startswith(reason)


def test_what_is_no_package_of_ours(world: World) -> None:
    assert why(world.ask(TAKE)) == f"no file {NAME}"
    for name in ("../secret", "", ".cfdp-journal", "a\0b", "\ud800", "x" * 300):
        assert why(world.ask(TAKE._replace(file=name))).startswith("no file ")
    for job in (-1, 1 << 24):
        assert why(world.ask(TAKE._replace(job=job))) == f"no number of a job: {job}"


def test_a_package_that_is_being_sent_stays(world: World) -> None:
    world.put()
    assert isinstance(world.ask(SendFile(0, NAME, True)), Ordered)
    assert why(world.ask(TAKE)) == "the file is being sent: cancel that first"
    assert world.shelf.jobs.jobs() == []


def test_a_worker_without_a_shelf() -> None:
    world = names_world()
    bare = FilesWorker(world.disk, world.worker.settings)
    assert why(bare.perform(TAKE)) == "not a request about files: TakePackage"


# ---------------------------------------------------------------- copies


def compare(world: World, *stages: int) -> object:
    return world.ask(CompareCopies(SECOND, 7, stages))


def test_copies_that_agree(on_board: World) -> None:
    assert compare(on_board, 0, 1, 2) == CopiesCompared((0, 1, 2))
    assert compare(on_board, 0, 1) == CopiesCompared((0, 1))
    assert compare(on_board, 1, 1) == CopiesCompared(())


def test_the_odd_one_is_left_out(on_board: World) -> None:
    on_board.ground.spoil(7, 1)
    assert compare(on_board, 0, 1) == CopiesCompared(())
    assert compare(on_board, 0, 1, 2) == CopiesCompared((0, 2))
    on_board.ground.spoil(7, 2)
    assert compare(on_board, 0, 1, 2) == CopiesCompared(())


def test_no_such_copies(on_board: World) -> None:
    assert why(compare(on_board, 0, 4)) == "no stages of a job: (0, 4)"
    assert why(on_board.ask(CompareCopies(0, 8, (0, 1)))) == "job 8 is not on board"


def test_a_record_with_a_flipped_bit_is_no_job(tmp_path: Path) -> None:
    world = folder_world(tmp_path)
    world.put()
    world.ask(TAKE)
    record = tmp_path / "jobs" / "7" / "taken"
    octets = bytearray(record.read_bytes())
    for at in range(0, len(octets), 11):
        octets[at] ^= 4
        record.chmod(0o600)
        record.write_bytes(octets)
        assert why(world.ask(KEEP)) == "job 7 is not on board"
        octets[at] ^= 4
    record.write_bytes(octets[:30])
    assert why(world.ask(KEEP)) == "job 7 is not on board"
    world.put()
    assert world.ask(TAKE) == TAKEN


# ---------------------------------------------------------------- jobs that go


def test_a_job_that_goes(on_board: World) -> None:
    on_board.put("jobs/other.job", package(replace(MANIFEST, serial=9)))
    other = TAKE._replace(job=9, file="jobs/other.job")
    assert isinstance(on_board.ask(other), PackageTaken)
    for _ in range(2):
        assert on_board.ask(DropJob(0, 7)) == Ordered(0)
        assert on_board.shelf.jobs.jobs() == [9]
    assert why(on_board.ask(KEEP)) == "job 7 is not on board"
    assert why(on_board.ask(DropJob(0, -7))) == "no number of a job: -7"


def test_at_a_start_what_the_book_does_not_know_goes(on_board: World) -> None:
    assert on_board.ask(KeepOnly(0, (3, 7))) == Ordered(0)
    assert on_board.shelf.jobs.jobs() == [7]
    assert on_board.ask(KeepOnly(0, ())) == Ordered(0)
    assert on_board.shelf.jobs.jobs() == []


# ---------------------------------------------------------------- files


def test_of_the_files_in_a_folder_the_newest_stay(world: World) -> None:
    world.put("plans/deeper/0001.plan", b"x")
    world.put("plan", b"x")
    for number in range(5):
        assert world.ask(KeepFile(0, f"plans/{number:04}.plan", b"p%d" % number, 3)) == FileKept(
            f"plans/{number:04}.plan"
        )
    wanted = ["plans/0002.plan", "plans/0003.plan", "plans/0004.plan"]
    assert world.files() == ["plan", *wanted, "plans/deeper/0001.plan"]
    assert world.read("plans/0003.plan") == b"p3"
    world.ask(KeepFile(0, "plans/0003.plan", b"anew", 3))
    assert world.read("plans/0003.plan") == b"anew"


def test_files_that_cannot_be_kept(world: World) -> None:
    for name in ("../a", "", ".cfdp-journal"):
        assert why(world.ask(KeepFile(0, name, b"", 1))) == "file name not allowed"
    assert why(world.ask(KeepFile(0, "a", b"", 0))) == "at least one file must stay"
    world.ask(KeepFile(0, "plans/0001.plan", b"a", 1))
    world.ask(SendFile(0, "plans/0001.plan", True))
    assert why(world.ask(KeepFile(0, "plans/0001.plan", b"b", 1))) == "plans/0001.plan is being sent"
    world.ask(KeepFile(0, "plans/0002.plan", b"b", 1))
    assert world.files() == ["plans/0001.plan", "plans/0002.plan"]  # what is being sent stays


# ---------------------------------------------------------------- anything

numbers = st.integers(-2, 1 << 25) | st.just(7)
words = st.text(max_size=12) | st.sampled_from([NAME, RESULT, "DONE", "FAILED", "rack_a"])
runs = st.builds(RunTold, numbers, words, numbers, numbers, numbers, words, numbers, numbers, numbers)
requests = st.one_of(
    st.builds(TakePackage, numbers, numbers, words, numbers, st.just(())),
    st.builds(DropJob, numbers, st.integers(8, 99)),
    st.builds(CompareCopies, numbers, numbers, st.lists(numbers, max_size=4).map(tuple)),
    st.builds(
        KeepResult,
        numbers,
        numbers,
        words,
        words,
        numbers,
        st.lists(runs, max_size=2).map(tuple),
        st.lists(st.tuples(words, st.booleans()), max_size=2).map(tuple),
    ),
    st.builds(KeepFile, numbers, words, st.binary(max_size=9), st.integers(-1, 2)),
)


@given(st.lists(requests, max_size=5))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_request_has_an_answer(asked: list[object]) -> None:
    world = names_world()
    world.put()
    world.ask(TAKE)
    for request in asked:
        answer = world.ask(request)
        assert isinstance(
            answer, PackageTaken | Ordered | CopiesCompared | ResultKept | NoRoom | FileKept | Failed
        )


def test_the_simulated_disk_is_the_jobs_alone() -> None:
    """Names of others on it stay."""
    world = names_world()
    world.put()
    world.ask(TAKE)
    disk = world.ground.disk  # type: ignore[attr-defined]
    assert isinstance(disk, SimulatedDisk)
    disk.write("other", 0, b"x")
    world.ask(KeepOnly(0, ()))
    assert disk.names() == ["other"]


def test_which_key_signs_is_told_and_none_is_zero() -> None:
    world = names_world()
    check = int.from_bytes(key_check(PUBLIC), "big")
    assert world.ask(AskSigner(0)) == SignerOnBoard(check)
    world.with_settings(signer=Signer(66, "ai_rack", None))
    assert world.ask(AskSigner(0)) == SignerOnBoard(0)
