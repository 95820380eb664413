"""What a job hands down is what its manifest names, and nothing that it has laid in the way."""

from __future__ import annotations

import os
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from flight.jobs import Fault, FileHash, Output
from flight.workers.job_outputs import collect
from tests.flight.jobs.made import MANIFEST


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    outputs = tmp_path / "outputs"
    (outputs / "maps").mkdir(parents=True)
    (outputs / "result.txt").write_bytes(b"hello")
    (outputs / "maps" / "cloud.bin").write_bytes(bytes(5000))
    return outputs


def fault(folder: Path) -> str:
    (found,) = collect(folder, MANIFEST)
    assert isinstance(found, Fault)
    return str(found)


def test_what_is_named(folder: Path) -> None:
    (folder / "telemetry.bin").write_bytes(bytes(10))  # payload.md 5.3, 25: it goes nowhere
    assert collect(folder, MANIFEST) == (
        FileHash("result.txt", 5, sha256(b"hello").digest()),
        FileHash("maps/cloud.bin", 5000, sha256(bytes(5000)).digest()),
    )


def test_too_large_by_one_octet(folder: Path) -> None:
    (folder / "maps" / "cloud.bin").write_bytes(bytes(5001))
    assert fault(folder) == "maps/cloud.bin: more than 5,000 octets; expected what the manifest says"


def test_an_endless_file_is_read_to_its_limit_alone(folder: Path) -> None:
    with (folder / "result.txt").open("wb") as file:
        file.truncate(1 << 40)
    assert "more than 1,000 octets" in fault(folder)


@pytest.mark.parametrize("name", ["result.txt", "maps/cloud.bin"])
def test_missing_a_link_a_folder_a_pipe(folder: Path, tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of another tenant")
    path = folder / name
    path.unlink()
    assert fault(folder) == f"{name}: is missing; expected a file"
    path.symlink_to(secret)
    assert fault(folder).startswith(f"{name}: ")
    path.unlink()
    path.mkdir()
    assert fault(folder) == f"{name}: a folder or a device; expected a file"
    path.rmdir()
    os.mkfifo(path)
    assert fault(folder) == f"{name}: a folder or a device; expected a file"


def test_a_folder_that_is_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "cloud.bin").write_text("of another tenant")
    (folder / "maps" / "cloud.bin").unlink()
    (folder / "maps").rmdir()
    (folder / "maps").symlink_to(tmp_path / "elsewhere")
    assert fault(folder).startswith("maps/cloud.bin: ")
    (folder / "maps").unlink()
    (folder / "maps").write_text("a file")
    assert fault(folder).startswith("maps/cloud.bin: ")


def test_every_fault_is_told(folder: Path) -> None:
    outputs = (*MANIFEST.outputs, Output("a", 1), Output("b/c", 1))
    assert len(collect(folder, replace(MANIFEST, outputs=outputs))) == 2
    assert all(isinstance(one, Fault) for one in collect(folder / "gone", MANIFEST))
