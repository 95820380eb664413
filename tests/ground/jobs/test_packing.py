"""From a folder to a package and back, and every way in which it goes wrong."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Self

import pytest

from flight.jobs import Gate, catalogue_text, find_tenant, unlimited
from ground.jobs import PackError, pack, read_key, read_package, read_public
from ground.jobs import command as job_command
from ground.jobs.reading import read_tenants_file
from ground.jobs.tenancy import MODEST
from tests.flight.jobs.made import CATALOGUE
from tests.ground.jobs.conftest import Ran

Run = Callable[..., Ran]


def test_there_and_back(folder: Path, key: Path, tmp_path: Path, run: Run) -> None:
    output = tmp_path / "x.job"
    status, out, err = run("pack", folder, "-o", output, "--key", key, "--serial", 5)
    assert (status, err) == (0, "")
    assert out.startswith("job          acme/demo, serial 5\n")
    assert f"sha256 {sha256(output.read_bytes()).hexdigest()}" in out
    assert "by 2027-01-01T00:00:00Z" in out
    public = read_public(tmp_path / "acme.key.pub")
    found = read_package(output, Gate((unlimited("acme", public.key),)))
    assert [part.path for part in found.manifest.parts] == ["data/input.bin", "main.py"]
    assert found.manifest.parts[1].stored < found.manifest.parts[1].size == 1500
    assert found.manifest.parts[0].stored == found.manifest.parts[0].size == 256
    assert found.tenant is not None
    assert found.tenant.owner == "acme"
    status, shown, _ = run("show", output, "--key", tmp_path / "acme.key.pub")
    assert status == 0
    assert shown.splitlines()[:-1] == out.splitlines()[:-1]
    assert shown.endswith(f"signature    right, by key {public.check} of acme\n")
    assert "signature    not checked" in run("show", output)[1]


def test_a_row_of_the_table_of_tenants(folder: Path, key: Path, tmp_path: Path, run: Run) -> None:
    public, table, output = tmp_path / "acme.key.pub", tmp_path / "tenants.toml", tmp_path / "x.job"
    status, row, err = run("row", public, "--jobs", 7, "--power-w", 120, "--cores", 2)
    assert (status, err) == (0, "")
    table.write_text(row)
    (tenant,) = read_tenants_file(table)
    assert (tenant.owner, tenant.key) == ("acme", read_public(public).key)
    assert tenant.quota == replace(MODEST, jobs=7, power_w=120.0, cores=2)
    assert run("pack", folder, "-o", output, "--key", key)[0] == 0
    assert "signature    right, by key" in run("show", output, "--tenants", table)[1]
    table.write_text(run("row", public, "--power-w", 1)[1])
    status, _, err = run("show", output, "--tenants", table)
    assert status == 1
    assert "power: 6.0 W, and acme may have 1.0 W" in err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--jobs", 0), "job row: quota.jobs: 0; expected a whole number, 1 to 1,024"),
        (("--power-w", "nan"), "job row: quota.power_w: nan; expected"),
        (("--jobs", -1, "--value", 0), "2 things are wrong:\n  quota.jobs: -1;"),
    ],
)
def test_a_quota_that_is_none(
    tmp_path: Path, key: Path, run: Run, words: tuple[object, ...], says: str
) -> None:
    status, out, err = run("row", tmp_path / "acme.key.pub", *words)
    assert (status, out) == (2, "")
    assert says in err


def test_a_row_of_no_public_key(tmp_path: Path, key: Path, run: Run) -> None:
    assert run("row", tmp_path / "gone.pub")[2].endswith("gone.pub is no file\n")
    assert "job row: " in run("row", key)[2]


def test_the_same_folder_gives_the_same_octets(folder: Path, key: Path, tmp_path: Path) -> None:
    one = pack(folder, tmp_path / "1.job", read_key(key), serial=1)
    (folder / "main.py").touch()
    two = pack(folder, tmp_path / "2.job", read_key(key), serial=1)
    assert one.path.read_bytes() == two.path.read_bytes()
    assert one.sha256 == two.sha256 == sha256(one.path.read_bytes()).digest()
    assert one.octets == one.path.stat().st_size
    (folder / "job.toml").write_text("serial = 9\n" + (folder / "job.toml").read_text())
    assert pack(folder, tmp_path / "4.job", read_key(key)).manifest.serial == 9
    assert pack(folder, tmp_path / "5.job", read_key(key), serial=10).manifest.serial == 10


def test_without_a_serial_it_is_the_time(folder: Path, key: Path, tmp_path: Path) -> None:
    three = pack(folder, tmp_path / "3.job", read_key(key))
    assert three.manifest.serial > 1_700_000_000_000


def test_what_is_left_out_and_what_the_packer_adds(folder: Path, key: Path) -> None:
    for name in (".git", "__pycache__", "run", "data/__pycache__", "data/.cache"):
        (folder / name).mkdir()
        (folder / name / "file").write_text("x")
    (folder / ".hidden").write_text("x")
    (folder / "job.toml").write_text("sdk = true\n" + (folder / "job.toml").read_text())
    inside = folder / "x.job"
    for _ in range(2):  # an old package in the folder is no part of the next
        packed = pack(folder, inside, read_key(key), serial=1)
        names = [part.path for part in packed.manifest.parts]
        assert names == ["data/input.bin", "main.py", "skyrack_job.py"]


def lines_of(folder: Path, key: Path) -> list[str]:
    with pytest.raises(PackError) as caught:
        pack(folder, folder.parent / "x.job", read_key(key), serial=1)
    assert not list(folder.parent.glob("x.job*"))
    return caught.value.lines


def test_every_field_of_a_manifest_is_told(folder: Path, key: Path, tmp_path: Path, run: Run) -> None:
    path = folder / "job.toml"
    more = 'libraries = ["numpy"]\nmodels = ["digits"]\npreemptible = true\nresume_s = 3\nsilence_s = 20\n'
    more += "fuel = 1000000\nseed = 7\nanomaly_allowed = true\nrelease = 2026-12-01T00:00:00Z\n"
    more += 'redundancy = "verify"\nverifier = "main.py"\narguments = ["--fast"]\n'
    path.write_text(more + path.read_text())
    status, out, _ = run("pack", folder, "-o", tmp_path / "x.job", "--key", key)
    assert status == 0
    for line in (
        "runs         main.py --fast by cpython",
        "libraries    numpy",
        "models       digits",
        "work         60 s at 100 %, worth 10, not before 2026-12-01T00:00:00Z, by 2027-01-01T00:00:00Z",
        "may stop     yes, 3 s for each stop; anomaly allowed",
        "heartbeat    at least every 20 s",
        "fuel         1,000,000, seed 7",
        "redundancy   verify by main.py",
    ):
        assert line + "\n" in out


def test_links_devices_and_names(folder: Path, key: Path) -> None:
    """payload.md 5.3, 16."""
    (folder / "link").symlink_to("/etc/passwd")
    (folder / "data" / "up").symlink_to("..")
    os.mkfifo(folder / "pipe")
    (folder / "a b").write_text("x")
    (folder / "-rf").write_text("x")
    assert sorted(line.partition(":")[0] for line in lines_of(folder, key)) == [
        "'-rf'",
        "'a b'",
        "data/up",
        "link",
        "pipe",
    ]


def test_too_many_and_too_much(folder: Path, key: Path) -> None:
    for number in range(300):
        (folder / f"file{number}").write_text("")
    with (folder / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    (many, much) = lines_of(folder, key)
    assert "more than 256 files" in many
    assert "expected at most 268,435,456" in much


def test_one_name_for_two(folder: Path, key: Path) -> None:
    (folder / "MAIN.py").write_text("x")
    assert lines_of(folder, key) == [
        "parts: main.py stands there twice, or is another's folder; expected each path once"
    ]


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('name = "demo"', "name = demo", "job.toml: no TOML: Invalid value"),
        ("value = 10", "value = 0", "value: 0; expected a whole number, 1 to 1,000,000"),
        ("value = 10", "worth = 10", "value: is missing; expected a whole number, 1 to 1,000,000"),
        (
            "2027-01-01T00:00:00Z",
            "2027-01-01T00:00:00",
            "deadline: 2027-01-01 00:00:00; expected a time with its",
        ),
        ("2027-01-01T00:00:00Z", "5", "deadline: 5; expected a time with its zone"),
        ("2027-01-01T00:00:00Z", "1970-01-01T00:00:30Z", "deadline_utc_s: 30; expected at least 60 s after"),
        ('entry = "main.py"', 'entry = "gone.py"', "entry: gone.py is not in the package"),
        ("value = 10", "value = 10\nparts = []", "job.toml: parts is written by the packer"),
        ("value = 10", 'value = 10\nowner = "other"', "owner: 'other'; expected acme, whose key this is"),
        ("value = 10", 'value = 10\nnetwork = "always"', "network: 'always'; expected never"),
        ("value = 10", 'value = 10\nsdk = "yes"', "sdk: 'yes'; expected true or false"),
    ],
)
def test_one_line_for_what_is_wrong(folder: Path, key: Path, old: str, new: str, line: str) -> None:
    path = folder / "job.toml"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert any(line in one for one in lines_of(folder, key))


def test_a_table_that_is_too_long_is_refused_not_cut(folder: Path, key: Path) -> None:
    path = folder / "job.toml"
    path.write_text(path.read_text() + "#" * (1 << 18))
    assert lines_of(folder, key) == [f"{path}: more than 262,144 octets; expected at most that"]


def test_what_is_not_on_board_is_refused_with_the_list(
    folder: Path, key: Path, tmp_path: Path, run: Run
) -> None:
    catalogue, output = tmp_path / "catalogue.toml", tmp_path / "x.job"
    catalogue.write_text(catalogue_text(CATALOGUE))
    assert run("pack", folder, "-o", output, "--key", key, "--catalogue", catalogue)[0] == 0
    catalogue.write_text(catalogue_text(tuple(replace(one, name="pypy") for one in CATALOGUE[:1])))
    status, _, err = run("pack", folder, "-o", tmp_path / "y.job", "--key", key, "--catalogue", catalogue)
    line = "runtime cpython is not on board; there is pypy==3.11.9\n"
    assert (status, err) == (2, f"skyrack-ground: job pack: {line}")
    assert not (tmp_path / "y.job").exists()
    status, _, err = run("show", output, "--catalogue", catalogue)
    assert status == 1
    assert err.endswith(f"x.job: names what is not on board\n  {line}")


def test_as_the_board_would(folder: Path, key: Path, tmp_path: Path, run: Run) -> None:
    public = read_public(tmp_path / "acme.key.pub")
    table, output = tmp_path / "tenants.toml", tmp_path / "x.job"
    quota = "jobs = 4\nstored_octets = 2000\noutput_octets = 2000\ncores = 2\nmemory_mb = 64\n"
    quota += "accelerator_milli = 0\ndisk_mb = 10\npower_w = 6\nvalue = 10\n"
    table.write_text(f'[[tenants]]\nowner = "acme"\nkey = "{public.key.hex()}"\n[tenants.quota]\n{quota}')
    assert run("pack", folder, "-o", output, "--key", key)[0] == 0
    status, out, _ = run("show", output, "--tenants", table)
    assert status == 0
    assert out.endswith("of acme\n")
    table.write_text(
        table.read_text().replace("memory_mb = 64", "memory_mb = 63").replace("= 2000\nout", "= 99\nout")
    )
    status, out, err = run("show", output, "--tenants", table)
    assert (status, out) == (1, "")
    assert err.splitlines()[1:] == [
        "  stored with this one: 1,756 octets, and acme may have 99 octets",
        "  memory: 64 MB, and acme may have 63 MB",
    ]
    table.write_text("[[tenants]]")
    status, _, err = run("show", output, "--tenants", table)
    assert status == 1
    assert "tenants[0].owner: is missing" in err


def test_packages_that_are_none(folder: Path, key: Path, tmp_path: Path, run: Run) -> None:
    output = tmp_path / "x.job"
    run("pack", folder, "-o", output, "--key", key)
    good = output.read_bytes()
    for octets, words in (
        (b"", "ends too early"),
        (good[:-1], "ends too early"),
        (good + b"x", "something stands behind its end"),
        (good[:200] + b"\0" + good[201:], "wrong signature"),
        (good[:-1] + bytes([good[-1] ^ 0x80]), "a part is not what the manifest says"),
        (b"PK\3\4" * 50, "no job package"),
    ):
        output.write_bytes(octets)
        status, out, err = run("show", output, "--key", tmp_path / "acme.key.pub")
        assert (status, out) == (1, "")
        assert words in err


def test_errors_of_use(folder: Path, key: Path, tmp_path: Path, run: Run) -> None:
    output = tmp_path / "x.job"
    assert run("pack", folder, "-o", output, "--key", key)[0] == 0
    for words, line in (
        (("pack", folder, "-o", output, "--key", key), "is there already; --force writes over it"),
        (("pack", tmp_path / "gone", "-o", output, "--key", key, "--force"), "gone is no folder"),
        (("pack", tmp_path, "-o", output, "--key", key, "--force"), "job.toml is missing"),
        (
            ("pack", folder, "-o", output, "--key", key, "--serial", "0"),
            "'0': expected a whole number from 1",
        ),
        (("pack", folder, "-o", output, "--key", tmp_path / "none"), "--force writes over it"),
        (
            ("pack", folder, "-o", tmp_path / "y", "--key", tmp_path / "none"),
            "none is missing: `skyrack-ground job",
        ),
        (("show", tmp_path / "gone"), "gone is no file"),
        (("show", output, "--key", tmp_path / "gone"), "gone is missing"),
        (("sdk", tmp_path / "gone"), "gone is no folder"),
        (("paint",), "'paint' is unknown, did you mean plan?"),
        ((), "the following arguments are required: task"),
    ):
        status, out, err = run(*words)
        assert (status, out) == (2, ""), words
        assert line in err
        assert err.startswith("skyrack-ground: ")
    assert run("pack", folder, "-o", output, "--key", key, "--force")[0] == 0


def test_a_bar_for_what_is_big(
    folder: Path, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    passed: list[int] = []

    class Bar:
        def __init__(self, *columns: object, **words: object) -> None:
            """A bar that only counts."""

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *error: object) -> None:
            """Nothing to take away."""

        def add_task(self, what: str, total: int) -> int:
            assert total == 1756
            return 1

        def advance(self, task: int, octets: int) -> None:
            passed.append(octets)

    monkeypatch.setattr(job_command, "BAR_FROM_OCTETS", 1)
    monkeypatch.setattr(job_command, "Progress", Bar)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert run("pack", folder, "-o", tmp_path / "x.job", "--key", key)[0] == 0
    assert sum(passed) == 1756
    assert run("pack", folder, "-o", tmp_path / "y.job", "--key", key, "--quiet")[0] == 0
    assert sum(passed) == 1756


def test_the_sdk_is_put_beside_a_program(folder: Path, run: Run) -> None:
    assert run("sdk", folder)[0] == 0
    text = (folder / "skyrack_job.py").read_text()
    assert text.startswith('"""Skyrack\'s job SDK')
    compile(text, "skyrack_job.py", "exec")


def test_the_tenant_is_found_by_key(key: Path) -> None:
    public = read_key(key).public
    tenant = unlimited(public.owner, public.key)
    assert find_tenant((tenant,), bytes.fromhex(public.check)) == tenant
