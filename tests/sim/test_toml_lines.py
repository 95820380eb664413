"""The line of each key, against TOML that hides them."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sim.toml_lines import Path, find_lines

TEXT = """\
# a comment with [brackets] and = signs
name = "pathfinder"
note = \"\"\"
[not.a.table]
fake = 1 \\\""" still in it
\"\"\"
literal = '''
# no comment ' '' here = 2
'''
power = [
  "0 W",  # off
  "5 W", [1,
  2],
]
a.b.c = 1
"quoted key".'x y' = 2
when = 2026-06-21 12:00:00Z
inline = { one = 1, two = { three = "}" }, four = [1, 2] }

[battery]
  capacity = 3
[[node]]
name = "first"

[[node]]
name = "second"
  [node.limits]
  low = 1
  [[node.face]]
  area = 1
  [[node.face]]
  area = 2
[ spaced . "out" ]
key = 1
"""


def line_of(text: str, piece: str, occurrence: int = 1) -> int:
    position = -1
    for _ in range(occurrence):
        position = text.index(piece, position + 1)
    return text.count("\n", 0, position) + 1


def test_lines_are_found_for_every_form() -> None:
    lines = find_lines(TEXT)
    expected: dict[Path, int] = {
        ("name",): 2,
        ("note",): 3,
        ("literal",): line_of(TEXT, "literal"),
        ("power",): line_of(TEXT, "power"),
        ("power", 0): line_of(TEXT, '"0 W"'),
        ("power", 1): line_of(TEXT, '"5 W"'),
        ("power", 2): line_of(TEXT, "[1,"),
        ("power", 2, 1): line_of(TEXT, "2],"),
        ("a", "b", "c"): line_of(TEXT, "a.b.c"),
        ("a", "b"): line_of(TEXT, "a.b.c"),
        ("quoted key", "x y"): line_of(TEXT, '"quoted key"'),
        ("when",): line_of(TEXT, "when"),
        ("inline", "two", "three"): line_of(TEXT, "inline"),
        ("inline", "four", 1): line_of(TEXT, "inline"),
        ("battery",): line_of(TEXT, "[battery]"),
        ("battery", "capacity"): line_of(TEXT, "capacity"),
        ("node", 0): line_of(TEXT, "[[node]]"),
        ("node", 0, "name"): line_of(TEXT, '"first"'),
        ("node", 1): line_of(TEXT, "[[node]]", 2),
        ("node", 1, "name"): line_of(TEXT, '"second"'),
        ("node", 1, "limits", "low"): line_of(TEXT, "low"),
        ("node", 1, "face", 0, "area"): line_of(TEXT, "area = 1"),
        ("node", 1, "face", 1, "area"): line_of(TEXT, "area = 2"),
        ("spaced", "out", "key"): line_of(TEXT, "key = 1"),
    }
    assert {path: lines[path] for path in expected} == expected


def paths(value: Any, path: Path = ()) -> list[Path]:
    found = [path]
    if isinstance(value, dict):
        for key, item in value.items():
            found += paths(item, (*path, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            found += paths(item, (*path, place))
    return found


def test_every_value_of_the_document_has_a_line_and_no_line_is_of_something_else() -> None:
    lines = find_lines(TEXT)
    assert set(paths(tomllib.loads(TEXT))) == set(lines)


KEYS = st.text("abc_-1", min_size=1, max_size=3) | st.text("a .\"'\\#=[]\n", min_size=1, max_size=3)
VALUES = st.recursive(
    st.integers(-9, 9)
    | st.booleans()
    | st.text("a\"'\\\n[]{},#=", max_size=6)
    | st.sampled_from(["1979-05-27"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def quote(text: str) -> str:
    return '"' + "".join(f"\\u{ord(c):04x}" if c in '"\\\n' else c for c in text) + '"'


def written(value: Any, newline: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, list):
        return f"[{newline}{f',{newline}'.join(written(item, newline) for item in value)}{newline}]"
    if isinstance(value, dict):
        pairs = [f"{quote(key)} = {written(item, '')}" for key, item in value.items()]
        return "{" + ", ".join(pairs) + "}"
    return str(value)


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.sampled_from(["", "\n", " # ] }\n"]))
def test_generated_documents_have_a_line_for_every_value(values: dict[str, Any], newline: str) -> None:
    text = "".join(f"{quote(key)} = {written(value, newline)}\n" for key, value in values.items())
    assert tomllib.loads(text) == values
    lines = find_lines(text)
    assert set(paths(values)) == set(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
