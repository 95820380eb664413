# mypy: disable-error-code="union-attr, attr-defined"
"""The command as a user types it, and frames of other people's make."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ground.__main__ import main
from ground.archive import Archive
from ground.station import Ground

VECTORS = Path(__file__).parents[4] / "shared" / "vectors"


@pytest.fixture(scope="session")
def vectors() -> Path:
    if not VECTORS.is_dir():
        pytest.skip("../shared/vectors is absent")
    return VECTORS


@pytest.fixture(scope="session")
def expected(vectors):
    return json.loads((vectors / "expected.json").read_text())


@pytest.fixture
def decode(capsys) -> Callable[..., tuple[int, str, str]]:
    """(exit code, standard output, standard error) of `skyrack-ground decode`."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main(["decode", *map(str, words)])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


@pytest.fixture
def counts(decode) -> Callable[..., dict]:
    """What `--json` says."""

    def run(*words: object) -> dict:
        code, out, err = decode(*words, "--json")
        assert (code, err) == (0, "")
        return json.loads(out)

    return run


@pytest.fixture
def fly_a_day(dictionary, craft, a_day) -> Callable[[Path], None]:
    """An archive of three passes over two stations."""

    def fly(folder: Path) -> None:
        folder.parent.mkdir()
        archive = Archive(folder, dictionary)
        a_day(Ground(dictionary, archive), craft)
        archive.close()

    return fly
