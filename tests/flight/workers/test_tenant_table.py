"""A table of tenants sent from the ground: in force at once and after each start, or the one before stays."""

from __future__ import annotations

import random
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.declare.filing import Ordered
from flight.declare.shelving import (
    AskTenants,
    DropJob,
    KeepOnly,
    PackageTaken,
    TakeTenants,
    TenantsInForce,
)
from flight.declare.storage import Failed
from flight.jobs import TABLE_OCTETS, public_of
from flight.workers.job_shelf import TABLE_NAME, JobShelf
from flight.workers.tenant_table import HEAD, MAGIC, TenantTable
from ground.jobs.keys import PublicKey
from ground.jobs.tenancy import tenant_row
from sim.disk import PowerCut, SimulatedDisk
from sim.payload.shelf import TABLE, ModelledShelf
from tests.flight.jobs.made import OTHER_PRIVATE, PUBLIC, TENANT
from tests.flight.workers.shelves import TAKE, World, folder_world, names_world

OTHER = PublicKey("other", public_of(OTHER_PRIVATE))
TEXT = tenant_row(OTHER).encode()
BOTH = TEXT + tenant_row(PublicKey("acme", PUBLIC), TENANT.quota).encode()
NAME = "tenants.toml"
OWN = TenantsInForce(1, 0, False)
TAKE_TABLE = TakeTenants(0, NAME)
ASK = AskTenants(0)


@pytest.fixture(params=["folders", "names"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return folder_world(tmp_path) if request.param == "folders" else names_world()


def in_force(text: bytes, keys: int) -> TenantsInForce:
    return TenantsInForce(keys, crc32(text), False)


def why(result: object) -> str:
    assert isinstance(result, Failed), result
    return result.reason


def test_a_disk_that_does_not_give_the_table_stops_no_worker() -> None:
    disk = SimulatedDisk(random.Random(1))
    TenantTable(ModelledShelf(disk), (TENANT,)).take(TEXT)
    disk.fail_at(disk.operations + 1)
    told = TenantTable(ModelledShelf(disk), (TENANT,))
    assert (told.tenants, told.in_force()) == ((TENANT,), TenantsInForce(1, 0, True))
    assert TenantTable(ModelledShelf(disk), (TENANT,)).in_force() == in_force(TEXT, 1)


def test_without_one_the_missions_own_holds(world: World) -> None:
    assert world.ask(ASK) == OWN
    world.put()
    assert isinstance(world.ask(TAKE), PackageTaken)


def test_one_that_came_holds_in_place_of_the_missions_own_also_after_a_start(world: World) -> None:
    world.put(NAME, TEXT)
    assert world.ask(TAKE_TABLE) == in_force(TEXT, 1)
    world.put()
    assert world.ask(ASK) == in_force(TEXT, 1)
    assert why(world.ask(TAKE)).startswith("no such tenant: key ")
    world.put(NAME, BOTH)
    assert world.ask(TAKE_TABLE) == world.ask(TAKE_TABLE) == in_force(BOTH, 2)
    assert isinstance(world.ask(TAKE), PackageTaken)


def test_a_key_that_is_revoked_is_not_counted(world: World) -> None:
    world.put(NAME, TEXT.replace(b"\n\n[", b"\nrevoked = true\n\n["))
    assert world.ask(TAKE_TABLE) == in_force(world.read(NAME), 0)


def test_the_missions_own_again(world: World) -> None:
    world.put(NAME, TEXT)
    world.ask(TAKE_TABLE)
    for _ in range(2):
        assert world.ask(TakeTenants(0, "")) == OWN
    world.boot()
    assert world.ask(ASK) == OWN


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "tenants: is missing"),
        (b"[[tenants]]", "tenants[0].owner: is missing"),
        (b"\xff", "no UTF-8"),
        (b"a = ", "no TOML"),
        (TEXT + TEXT, "one key stands there twice"),
        (TEXT.replace(b"cores = 1", b"cores = 0"), "tenants[0].quota.cores: 0"),
        (b"#" * (TABLE_OCTETS + 1), "more than 262,144 octets"),
    ],
)
def test_a_wrong_one_leaves_the_one_before(world: World, text: bytes, says: str) -> None:
    world.put(NAME, BOTH)
    world.ask(TAKE_TABLE)
    world.put(NAME, text)
    assert says in why(world.ask(TAKE_TABLE))
    assert world.ask(ASK) == in_force(BOTH, 2)
    world.boot()
    assert world.ask(ASK) == in_force(BOTH, 2)


def test_the_longest_is_read_again(world: World) -> None:
    text = TEXT + b"#" * (TABLE_OCTETS - len(TEXT))
    world.put(NAME, text)
    assert world.ask(TAKE_TABLE) == in_force(text, 1)
    world.boot()
    assert world.ask(ASK) == in_force(text, 1)


@pytest.mark.parametrize("name", ["gone.toml", "../x"])
def test_no_such_file(world: World, name: str) -> None:
    assert why(world.ask(TakeTenants(0, name))) == f"no file {name}"


def test_jobs_that_go_leave_it(world: World) -> None:
    world.put(NAME, TEXT)
    world.ask(TAKE_TABLE)
    assert world.ask(DropJob(0, 7)) == world.ask(KeepOnly(0, ())) == Ordered(0)
    assert world.shelf.jobs.jobs() == []
    world.boot()
    assert world.ask(ASK) == in_force(TEXT, 1)


class Kept:
    """A shelf of which only the table matters."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def table(self) -> bytes:
        return self.octets


@given(st.integers(0, 8 * (HEAD.size + len(TEXT)) - 1))
def test_any_bit_that_flips_brings_back_the_missions_own(bit: int) -> None:
    octets = bytearray(HEAD.pack(MAGIC, crc32(TEXT)) + TEXT)
    octets[bit // 8] ^= 1 << bit % 8
    found = TenantTable(_shelf(Kept(bytes(octets))), (TENANT,))
    assert found.in_force() == TenantsInForce(1, 0, True)
    assert found.tenants == (TENANT,)


@pytest.mark.parametrize("octets", [b"", b"SKYTNTS\x01", HEAD.pack(MAGIC, crc32(b"")), bytes(40)])
def test_what_is_no_table_is_a_lost_one(octets: bytes) -> None:
    assert TenantTable(_shelf(Kept(octets)), ()).in_force() == TenantsInForce(0, 0, True)


def _shelf(kept: Kept) -> JobShelf:
    return kept  # type: ignore[return-value]


@pytest.mark.parametrize("text", [BOTH, None])
def test_a_power_cut_leaves_the_old_or_the_new(text: bytes | None) -> None:
    trials = 0
    for at in range(1, 9):
        for seed in range(4):
            disk = SimulatedDisk(random.Random(seed))
            TenantTable(ModelledShelf(disk), (TENANT,)).take(TEXT)
            table = TenantTable(ModelledShelf(disk), (TENANT,))
            disk.cut_at(disk.operations + at)
            try:
                _change(table, text)
                continue
            except PowerCut:
                trials += 1
            disk = disk.reboot()
            table = TenantTable(ModelledShelf(disk), (TENANT,))
            new = OWN if text is None else in_force(text, 2)
            assert table.in_force() in (in_force(TEXT, 1), new), (at, seed)
            _change(table, text)
            assert TenantTable(ModelledShelf(disk), (TENANT,)).in_force() == new
            assert [name for name in disk.names() if name.startswith("jobs!")] == [TABLE] * (text is not None)
    assert trials >= 8


def _change(table: TenantTable, text: bytes | None) -> None:
    if text is None:
        table.forget()
    else:
        table.take(text)


def test_in_a_folder_a_part_of_one_is_written_over(tmp_path: Path) -> None:
    world = folder_world(tmp_path)
    (tmp_path / "jobs" / f"{TABLE_NAME}.new").write_bytes(b"x" * 9999)
    world.put(NAME, TEXT)
    assert world.ask(TAKE_TABLE) == in_force(TEXT, 1)
    world.boot()
    assert world.ask(ASK) == in_force(TEXT, 1)
    assert [path.name for path in (tmp_path / "jobs").iterdir()] == [TABLE_NAME]
