"""Any bytes as a configuration file give a form or one line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sim.configuration import ConfigurationError, build, read_document
from sim.fields import (
    NAME,
    Arguments,
    Instant,
    Line,
    Measure,
    Measurement,
    Quantity,
    Raw,
    Scalar,
    Several,
    Text,
    Whole,
)


@dataclass(frozen=True, slots=True)
class Pack:
    capacity_wh: Annotated[float, Quantity("Wh", above=0.0, high=1000.0)]
    health: Annotated[float, Quantity("1", low=0.0, high=1.0)] = 1.0


@dataclass(frozen=True, slots=True)
class Item:
    name: Annotated[str, NAME]
    mass_kg: Annotated[float, Quantity("kg", low=0.0)] = 0.0
    line: Annotated[int, Line()] = 0


NO_NOISE = Measure(0.0, "")


@dataclass(frozen=True, slots=True)
class Form:
    name: Annotated[str, NAME]
    pack: Pack
    seed: Annotated[int, Whole(0, 99)] = 0
    active: bool = True
    mode: Annotated[str, Text(choices=("nadir", "sun"))] = "sun"
    start: datetime | None = None
    levels_w: Annotated[tuple[float, ...], Several(Quantity("W"), low=2, high=3)] = (0.0, 1.0)
    noise: Annotated[Measure, Measurement(low=0.0)] = NO_NOISE
    extra: Annotated[tuple[tuple[str, Scalar], ...], Arguments()] = ()
    loose: Annotated[Scalar | None, Raw()] = None
    epoch: Annotated[datetime | None, Instant()] = None
    items: Annotated[tuple[Item, ...], Several(key="item", high=2)] = ()


BASE = 'name = "x"\n[pack]\ncapacity = "360 Wh"\n'


def load(tmp_path: Path, content: str | bytes) -> Form:
    path = tmp_path / "my.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return build(Form, read_document(path))


def complaint(tmp_path: Path, content: str | bytes) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, content)
    assert caught.value.__cause__ is None
    text = str(caught.value)
    assert text.startswith(f"{tmp_path}/")
    return text.removeprefix(f"{tmp_path}/")


def outcome(path: Path, content: bytes) -> None:
    """Either a form or one printable line."""
    path.write_bytes(content)
    try:
        build(Form, read_document(path))
    except ConfigurationError as problem:
        text = str(problem)
        assert "\n" not in text
        assert text.isprintable()
        assert text.startswith(f"{path}:")


@given(st.binary(max_size=200))
def test_any_bytes_give_a_form_or_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    outcome(tmp_path_factory.getbasetemp() / "fuzz.toml", content)


PIECES = st.sampled_from(
    ["name", "pack", "capacity", "item", "[", "]", "[[", "]]", "=", "{", "}", ",", ".", '"', "'", '"""', "\n", "\\",
     " ", "#", '"360 Wh"', "1", "-", "nan", "inf", "true", "1e9", "1979-05-27T00:00:00Z", "é", "\x85", "\u2028"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=25))
@example(["name", "=", "{", "name", "=", "1", "}", "\n", "[", "name", "]", "\n"])
def test_any_mix_of_pieces_gives_a_form_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[str]
) -> None:
    outcome(tmp_path_factory.getbasetemp() / "pieces.toml", "".join(pieces).encode())


@given(st.integers(0, len(BASE) - 1), st.binary(min_size=1, max_size=3))
def test_any_damage_to_a_good_file_gives_a_form_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, place: int, damage: bytes
) -> None:
    good = BASE.encode()
    outcome(tmp_path_factory.getbasetemp() / "hurt.toml", good[:place] + damage + good[place + 1 :])
