"""The example jobs: the same octets each time, everywhere, and after being killed anywhere."""

from __future__ import annotations

import json
import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from checks.findings import ROOT
from flight.jobs import Gate, Kind, Wanted, request_octets, unlimited
from flight.jobs import skyrack_job as sdk
from flight.jobs.catalogue import find_installed
from flight.missions.ai_rack import MISSION
from ground.jobs import make_key, pack, read_key, read_package

JOBS = ROOT / "sim" / "jobs"
CHILD = Path(__file__).with_name("killed_child.py")
SMALL = {"digits": ("6",), "clouds": ("256", "1")}
STEPS = {"digits": 6, "clouds": 4}  # checkpoints
BESIDE = ("skyrack_job", "rice", "scene", "main")  # modules of a program
SYNCS = 2  # of one file: itself and its folder
Outputs = dict[str, bytes]


def laid_out(name: str, folder: Path) -> Path:
    shutil.copytree(JOBS / name, folder, ignore=shutil.ignore_patterns("__pycache__", "run"))
    shutil.copy(sdk.__file__, folder / "skyrack_job.py")
    return folder


def environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith(("SKYRACK_", "PYTHONPATH"))}


def run(folder: Path, *words: object) -> int:
    """By `python` alone."""
    command = [sys.executable, *map(str, words)]
    return subprocess.run(command, cwd=folder, env=environment(), check=False).returncode


def outputs(folder: Path) -> Outputs:
    return {path.name: path.read_bytes() for path in (folder / "run" / "outputs").iterdir()}


@pytest.fixture
def inside(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outputs]:
    """The program in this process, which is quicker."""

    def ran(folder: Path, *words: str) -> Outputs:
        monkeypatch.chdir(folder)
        monkeypatch.setattr(sys, "argv", [str(folder / "main.py"), *words])
        monkeypatch.syspath_prepend(str(folder))
        for name in BESIDE:
            monkeypatch.delitem(sys.modules, name, raising=False)
        runpy.run_path(str(folder / "main.py"), run_name="__main__")
        for name in BESIDE:
            sys.modules.pop(name, None)
        return outputs(folder)

    return ran


# ---------------------------------------------------------------- what they make


@pytest.mark.slow
def test_the_network_is_the_same_everywhere(tmp_path: Path, inside: Callable[..., Outputs]) -> None:
    """All sums are exact, so that these are the octets of every processor."""
    made = inside(laid_out("digits", tmp_path / "digits"))
    report = json.loads(made["report.json"])
    assert (report["right"], report["of"]) == (345, 357)
    assert report["sha256"] == sha256(made["weights.bin"]).hexdigest()
    model = find_installed(MISSION.catalogue, "digits==1", frozenset({Kind.MODEL}))
    assert model is not None
    assert (report["sha256"], len(made["weights.bin"])) == (model.sha256.hex(), model.size)


@pytest.mark.slow
def test_the_tiles_are_the_same_everywhere(tmp_path: Path, inside: Callable[..., Outputs]) -> None:
    folder = laid_out("clouds", tmp_path / "clouds")
    made = inside(folder, "512", "1")
    assert json.loads(made["report.json"]) == {
        "tiles": 64,
        "kept": 32,
        "octets": len(made["scene.bin"]),
        "raw_octets": 983_040,
    }
    assert sha256(made["scene.bin"]).hexdigest() == CLOUDS


@pytest.mark.slow
def test_the_verifier_decodes_what_was_coded(
    tmp_path: Path, inside: Callable[..., Outputs], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = laid_out("clouds", tmp_path / "clouds")
    made = inside(folder, "128", "2")
    assert json.loads(made["report.json"])["kept"] > 0
    for name in BESIDE:
        monkeypatch.delitem(sys.modules, name, raising=False)
    is_right = runpy.run_path(str(folder / "verify.py"))["is_right"]
    good = made["scene.bin"]
    assert is_right(good, 128, 2)
    for spoiled in (good[:-1] + bytes([good[-1] ^ 0x80]), good + b"x", good[:5] + b"\xff" + good[6:]):
        assert not is_right(spoiled, 128, 2)


CLOUDS = "3fb5d1826d7883af4b2c6e30100ed51622b5938fcd5f33ef651293409b782c3c"


def test_rice_codes_are_lossless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(JOBS / "clouds"))
    rice = runpy.run_path(str(JOBS / "clouds" / "rice.py"))
    for image in (
        np.zeros((16, 16), np.int32),
        np.full((16, 32), 4095, np.int32),
        np.arange(256, dtype=np.int32).reshape(16, 16) * 16,
        np.indices((16, 16)).sum(axis=0).astype(np.int32) % 2 * 4095,
    ):
        octets = rice["encode"](image)
        assert np.array_equal(rice["decode"](octets, *image.shape), image)
        with pytest.raises(ValueError, match="ends too early"):
            rice["decode"](octets[: len(octets) // 2], *image.shape)


# ---------------------------------------------------------------- killed and stopped


@pytest.mark.slow
def test_killed_in_the_middle_it_ends_with_the_same_octets(
    tmp_path: Path, inside: Callable[..., Outputs]
) -> None:
    name = "digits"
    folder = laid_out(name, tmp_path / "killed")
    middle = STEPS[name] // 2 * SYNCS + 1
    assert run(folder, CHILD, middle, folder / "main.py", *SMALL[name]) == -9
    assert any((folder / "run" / "checkpoints").glob("checkpoint-?"))
    assert not outputs(folder)
    assert inside(folder, *SMALL[name]) == inside(laid_out(name, tmp_path / "whole"), *SMALL[name])


@pytest.mark.long
@pytest.mark.parametrize("name", ["digits", "clouds"])
def test_killed_at_every_step(tmp_path: Path, name: str, inside: Callable[..., Outputs]) -> None:
    whole = inside(laid_out(name, tmp_path / "whole"), *SMALL[name])
    killed = 0
    for count in range(1, STEPS[name] * SYNCS + len(whole) * SYNCS + 1):
        folder = laid_out(name, tmp_path / str(count))
        killed += run(folder, CHILD, count, folder / "main.py", *SMALL[name]) == -9
        assert run(folder, "main.py", *SMALL[name]) == 0
        assert outputs(folder) == whole, count
    assert killed == STEPS[name] * SYNCS + len(whole) * SYNCS


@pytest.mark.slow
def test_stopped_as_asked_it_goes_on(tmp_path: Path, inside: Callable[..., Outputs]) -> None:
    folder = laid_out("digits", tmp_path / "stopped")
    control = folder / "run" / "control"
    control.mkdir(parents=True)
    (control / "request").write_bytes(request_octets(1, Wanted.STOP, 1000))
    with pytest.raises(SystemExit) as ended:
        inside(folder, *SMALL["digits"])
    assert ended.value.code == 75
    (control / "request").unlink()
    made = inside(folder, *SMALL["digits"])
    assert made == inside(laid_out("digits", tmp_path / "whole"), *SMALL["digits"])


# ---------------------------------------------------------------- packed


@pytest.mark.parametrize("name", ["digits", "clouds"])
def test_they_are_packed_with_the_sdk(tmp_path: Path, name: str) -> None:
    public = make_key(tmp_path / "k", "acme")
    packed = pack(
        JOBS / name, tmp_path / "x.job", read_key(tmp_path / "k"), serial=1, catalogue=MISSION.catalogue
    )
    found = read_package(tmp_path / "x.job", Gate((unlimited("acme", public.key),), MISSION.catalogue))
    assert found.manifest == packed.manifest
    assert "skyrack_job.py" in [part.path for part in found.manifest.parts]
    assert packed.octets < 60_000
