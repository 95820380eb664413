"""Every way a configuration file can be wrong, and the one line that says so."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import pytest

from sim.configuration import ConfigurationError, build, read_document
from sim.document import LARGEST_FILE, LONGEST_SHOWN, Document
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


def test_a_good_file_becomes_the_dataclass(tmp_path: Path) -> None:
    form = load(
        tmp_path,
        """
name = "pathfinder"
seed = 7
active = false
mode = "nadir"
levels = ["0 W", "1.5 kW"]
noise = "0.2 K"
extra = { rail = "a", on = true, n = 2, x = 0.5 }
loose = "5 V"
epoch = 2026-06-21T14:00:00+02:00
pack = { capacity = "1.296 MJ", health = "95 %" }
[[item]]
name = "first"
[[item]]
mass = "500 g"
name = "second"
""",
    )
    assert form.name == "pathfinder"
    assert form.pack == Pack(capacity_wh=360.0, health=0.95)
    assert (form.seed, form.active, form.mode) == (7, False, "nadir")
    assert form.levels_w == (0.0, 1500.0)
    assert form.noise == Measure(0.2, "temperature")
    assert form.extra == (("rail", "a"), ("on", True), ("n", 2), ("x", 0.5))
    assert form.loose == "5 V"
    assert form.epoch == datetime(2026, 6, 21, 12, tzinfo=UTC)
    assert form.items == (Item("first", 0.0, 12), Item("second", 0.5, 14))


def test_windows_line_ends_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    assert load(tmp_path, b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode()).name == "x"
    assert (
        complaint(tmp_path, (BASE + "health = 2\n").replace("\n", "\r\n"))
        == "my.toml:4: pack.health: 2 is out of range, expected at least 0 and at most 1"
    )


WRONG_VALUES = [
    (
        'capacity = "360 Wh"',
        "capacity = 360",
        'pack.capacity: 360 has no unit, expected an energy such as "1 Wh"',
    ),
    (
        'capacity = "360 Wh"',
        'capacity = "360"',
        'pack.capacity: "360" has no unit, expected an energy such as "1 Wh"',
    ),
    (
        'capacity = "360 Wh"',
        'capacity = "360 kg"',
        'pack.capacity: "360 kg" is a mass, expected an energy such as "1 Wh"',
    ),
    (
        'capacity = "360 Wh"',
        'capacity = "360 wh"',
        'pack.capacity: "360 wh" has an unknown unit "wh" (did you mean "Wh"?), expected an energy such as "1 Wh"',
    ),
    (
        'capacity = "360 Wh"',
        'capacity = "lots"',
        'pack.capacity: "lots" is not a number with a unit, expected an energy such as "1 Wh"',
    ),
    (
        'capacity = "360 Wh"',
        'capacity = "nan Wh"',
        'pack.capacity: "nan Wh" is not a number with a unit, expected an energy such as "1 Wh"',
    ),
    (
        'capacity = "360 Wh"',
        "capacity = nan",
        'pack.capacity: nan is not finite, expected an energy such as "1 Wh"',
    ),
    (
        'capacity = "360 Wh"',
        "capacity = -inf",
        'pack.capacity: -inf is not finite, expected an energy such as "1 Wh"',
    ),
    (
        'capacity = "360 Wh"',
        'capacity = "1e400 Wh"',
        'pack.capacity: "1e400 Wh" is not finite, expected an energy such as "1 Wh"',
    ),
    (
        'capacity = "360 Wh"',
        'capacity = "0 Wh"',
        'pack.capacity: "0 Wh" is out of range, expected above 0 Wh and at most 1000 Wh',
    ),
    (
        'capacity = "360 Wh"',
        'capacity = "2 kWh"',
        'pack.capacity: "2 kWh" is out of range, expected above 0 Wh and at most 1000 Wh',
    ),
    (
        'capacity = "360 Wh"',
        "capacity = true",
        'pack.capacity: true is no quantity, expected an energy such as "1 Wh"',
    ),
    (
        'capacity = "360 Wh"',
        "capacity = []",
        'pack.capacity: an array is no quantity, expected an energy such as "1 Wh"',
    ),
    ('capacity = "360 Wh"', "", 'pack.capacity: missing, expected an energy such as "1 Wh"'),
    ('capacity = "360 Wh"', 'capcity = "360 Wh"', 'pack.capcity: unknown key, did you mean "capacity"?'),
    ('capacity = "360 Wh"', 'volume = "1 m2"', "pack.volume: unknown key, expected one of: capacity, health"),
]


@pytest.mark.parametrize(("good", "bad", "words"), WRONG_VALUES)
def test_a_wrong_quantity(tmp_path: Path, good: str, bad: str, words: str) -> None:
    line = 2 if "missing" in words else 3
    assert complaint(tmp_path, BASE.replace(good, bad)) == f"my.toml:{line}: {words}"


WRONG_RATIOS = [
    ("2", "2 is out of range, expected at least 0 and at most 1"),
    ('"200 %"', '"200 %" is out of range, expected at least 0 and at most 1'),
    ("nan", "nan is not finite, expected a number, or a percentage"),
    ("inf", "inf is not finite, expected a number, or a percentage"),
    ('"0.5"', '"0.5" is text, expected a number, or a percentage'),
    ('"5 V"', '"5 V" is a voltage, expected a number, or a percentage'),
    (
        "1" + "0" * 400,
        "1" + "0" * (LONGEST_SHOWN - 1) + "... is too large, expected a number, or a percentage",
    ),
    ("0x1" + "0" * 5000, "a huge integer is too large, expected a number, or a percentage"),
]


@pytest.mark.parametrize(("value", "words"), WRONG_RATIOS)
def test_a_wrong_ratio(tmp_path: Path, value: str, words: str) -> None:
    assert complaint(tmp_path, f"{BASE}health = {value}\n") == f"my.toml:4: pack.health: {words}"


WRONG_TOP = [
    ("seed = 1.5", "seed: 1.5 is no whole number, expected a whole number from 0 to 99"),
    ("seed = true", "seed: true is no whole number, expected a whole number from 0 to 99"),
    ('seed = "1"', 'seed: "1" is no whole number, expected a whole number from 0 to 99'),
    ("seed = 100", "seed: 100 is out of range, expected a whole number from 0 to 99"),
    ("seed = -1", "seed: -1 is out of range, expected a whole number from 0 to 99"),
    ("active = 1", "active: 1 is neither, expected true or false"),
    ("mode = 1", "mode: 1 is no text, expected one of: nadir, sun"),
    ('mode = "nader"', 'mode: "nader" is unknown, did you mean "nadir"?'),
    ('mode = "x"', 'mode: "x" is unknown, expected one of: nadir, sun'),
    ("levels = 5", 'levels: 5 is no array, expected an array of 2 to 3 values, each a power such as "1 W"'),
    ('levels = ["1 W"]', 'levels: 1 given, expected an array of 2 to 3 values, each a power such as "1 W"'),
    ('levels = ["1 W", "2 V"]', 'levels item 2: "2 V" is a voltage, expected a power such as "1 W"'),
    ("noise = 1", 'noise: 1 has no unit, expected a quantity such as "0.1 V"'),
    ('noise = "1"', 'noise: "1" has no unit, expected a quantity such as "0.1 V"'),
    ('noise = "1 degC"', 'noise: "1 degC" is a temperature, expected a difference such as "0.1 K"'),
    ('noise = "-1 V"', 'noise: "-1 V" is out of range, expected at least 0'),
    ("extra = 1", 'extra: 1 is no table, expected a table such as { rail = "heater", on = true }'),
    ("extra = { a = [] }", "extra.a: an array is no plain value, expected a number, a text, true or false"),
    ("extra = { a = nan }", "extra.a: nan is not finite, expected a number, a text, true or false"),
    ("loose = []", "loose: an array is no plain value, expected a value"),
    ("epoch = 1", "epoch: 1 is no date and time, expected a date and time such as 2026-06-21T12:00:00Z"),
    (
        "epoch = 2026-06-21",
        "epoch: 2026-06-21 is no date and time, expected a date and time such as 2026-06-21T12:00:00Z",
    ),
    (
        "epoch = 2026-06-21T00:00:00",
        "epoch: 2026-06-21 00:00:00 has no time zone, expected a date and time such as 2026-06-21T12:00:00Z",
    ),
    (
        "epoch = 0001-01-01T00:00:00+01:00",
        "epoch: 0001-01-01 00:00:00+01:00 is out of range, expected a date and time such as 2026-06-21T12:00:00Z",
    ),
    ('nam = "y"', 'nam: unknown key, did you mean "name"?'),
    ("item = 5", "item: 5 is no array, expected 0 to 2 tables [[item]]"),
    ("item = [5]", "item item 1: 5 is no table, expected a table"),
    ("item = [{}, {}, {}]", "item: 3 given, expected 0 to 2 tables [[item]]"),
    ('item = [{ nme = "a" }]', 'item.nme: unknown key, did you mean "name"?'),
    ("item = [{}]", 'item.name: missing, expected a name of lower-case letters, digits and "_"'),
    (
        'item = [{ name = "Big" }]',
        'item.name: "Big" does not fit, expected a name of lower-case letters, digits and "_"',
    ),
    (
        'item = [{ name = "a\\n" }]',
        'item.name: "a\\n" does not fit, expected a name of lower-case letters, digits and "_"',
    ),
    ('item = [{ name = "a", line = 3 }]', "item.line: unknown key, expected one of: name, mass"),
    ('item = [{ name = "a", mass = "-1 kg" }]', 'item.mass: "-1 kg" is out of range, expected at least 0 kg'),
    (
        '"a\\u0007b" = 1',
        (
            "a\\x07b: unknown key, expected one of: name, pack, seed, active, mode, start, levels, noise, "
            "extra, loose, epoch, item"
        ),
    ),
]


@pytest.mark.parametrize(("bad", "words"), WRONG_TOP)
def test_a_wrong_value_at_the_top(tmp_path: Path, bad: str, words: str) -> None:
    assert complaint(tmp_path, f"# first line\n{bad}\n{BASE}") == f"my.toml:2: {words}"


def test_a_long_wrong_value_is_cut(tmp_path: Path) -> None:
    text = complaint(tmp_path, f'mode = "{"n" * 100_000}"\n{BASE}')
    assert text == f'my.toml:1: mode: "{"n" * (LONGEST_SHOWN - 1)}... is unknown, expected one of: nadir, sun'


def test_the_line_is_found_in_the_right_table_of_an_array(tmp_path: Path) -> None:
    text = BASE + '[[item]]\nname = "a"\n\n[[item]]\nname = "b"\nmass = "5"\n'
    assert (
        complaint(tmp_path, text) == 'my.toml:9: item.mass: "5" has no unit, expected a mass such as "1 kg"'
    )


def test_a_missing_key_names_the_line_of_its_table(tmp_path: Path) -> None:
    text = BASE + '[[item]]\nname = "a"\n\n[[item]]\nmass = "5 kg"\n'
    assert (
        complaint(tmp_path, text)
        == 'my.toml:7: item.name: missing, expected a name of lower-case letters, digits and "_"'
    )


def test_a_missing_table(tmp_path: Path) -> None:
    assert complaint(tmp_path, 'name = "x"\n') == "my.toml:1: pack: missing, expected a table"
    assert complaint(tmp_path, 'name = "x"\npack = 1\n') == "my.toml:2: pack: 1 is no table, expected a table"


BROKEN = [
    ("", "1: empty, expected a configuration in TOML"),
    (" \n\n", "1: empty, expected a configuration in TOML"),
    (b"a = 1\nb = \xff\n", "2: not UTF-8 text, expected a configuration in TOML"),
    (
        b"\x00\x01\x02",
        "1: not valid TOML (Invalid statement, column 1), expected lines of the form key = value",
    ),
    (
        "a = 1\nb 2\n",
        (
            "2: not valid TOML (Expected '=' after a key in a key/value pair, column 3), "
            "expected lines of the form key = value"
        ),
    ),
    ("a = \n", "1: not valid TOML (Invalid value, column 5), expected lines of the form key = value"),
    ('a = 1\nb = """\nx', "3: not valid TOML (Unterminated string), expected lines of the form key = value"),
    ("a = 1\nb = 2\na = 3\n", "3: a: given twice, expected once"),
    ("[pack]\nx = 1\n[pack]\ny = 1\n", "3: pack: given twice, expected once"),
    ("t = { a = 1, a = 2 }\n", "1: t: given twice, expected once"),
    ("a = " + "9" * 5000 + "\n", "1: not valid TOML (a number that is too long), expected shorter numbers"),
    ("a = " + "[" * 100_000 + "\n", "1: nested too deeply, expected a configuration in TOML"),
]


@pytest.mark.parametrize(("content", "words"), BROKEN, ids=range(len(BROKEN)))
def test_a_broken_file(tmp_path: Path, content: str | bytes, words: str) -> None:
    assert complaint(tmp_path, content) == f"my.toml:{words}"


def test_a_file_of_100_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "big.toml"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(ConfigurationError) as caught:
        read_document(path)
    assert (
        str(caught.value) == f"{path}:1: larger than {LARGEST_FILE} octets, expected a configuration in TOML"
    )


def test_files_that_are_none(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.toml", tmp_path, Path("/dev/null"), Path("a\0b.toml")):
        with pytest.raises(ConfigurationError) as caught:
            read_document(path)
        name = str(path).replace("\0", "\\x00")
        assert str(caught.value) == f"{name}:1: no such file, expected a TOML file"


def test_a_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "locked.toml"
    path.touch()

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigurationError) as caught:
        read_document(path)
    assert str(caught.value) == f"{path}:1: cannot be read (Permission denied), expected a TOML file"


def test_a_file_name_with_a_line_break_stays_on_one_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_document(tmp_path / "a\nb.toml")
    assert str(caught.value) == f"{tmp_path}/a\\nb.toml:1: no such file, expected a TOML file"


def test_an_error_far_below_a_known_table_names_that_table() -> None:
    text = "a = 1\n[b]\nc = 2\n"
    document = Document("f.toml", text, tomllib.loads(text))
    assert str(document.error(("b", "x", "y"), "wrong")) == "f.toml:2: b.x.y: wrong"
    assert str(document.error((), "wrong")) == "f.toml:1: wrong"
