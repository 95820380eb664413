"""A folder that is a job, and a key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ground.__main__ import main
from tests.ground.jobs.rig import Rig

JOB = """\
name = "demo"
runtime = "cpython"
entry = "main.py"
work_s = 60
value = 10
deadline = 2027-01-01T00:00:00Z

[resources]
memory_mb = 64
disk_mb = 10

[[levels]]
power_w = 6
speed_milli = 1000

[[outputs]]
path = "result.txt"
size_most = 100
"""
Ran = tuple[int, str, str]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "demo"
    (made / "data").mkdir(parents=True)
    (made / "job.toml").write_text(JOB)
    (made / "main.py").write_bytes(b"print('hello')\n" * 100)
    (made / "data" / "input.bin").write_bytes(bytes(range(256)))
    return made


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`skyrack-ground job ...`: exit status, standard output, standard error."""

    def ran(*words: object) -> Ran:
        status = main(["job", *map(str, words)])
        out, err = capsys.readouterr()
        return status, out, err

    return ran


@pytest.fixture
def key(tmp_path: Path, run: Callable[..., Ran]) -> Path:
    path = tmp_path / "acme.key"
    assert run("keys", path, "--owner", "acme")[0] == 0
    return path


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.craft.close()
    made.heard.ground.close()
