"""A TOML file as read from outside: its values, the line of each, and errors of one line."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from sim import toml_lines

LARGEST_FILE = 1 << 20  # octets; the largest configuration of ours has 20 kB
LONGEST_SHOWN = 40  # characters of a wrong value that are shown, so that an error stays one line


class ConfigurationError(Exception):
    """`file:line: key: what is wrong, what is expected`."""


def show(value: object) -> str:
    """`value` as TOML would have it, on one line and short."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list):
        return "an array"
    try:
        text = f'"{value}"' if isinstance(value, str) else str(value)
    except ValueError:  # an integer of more digits than Python prints
        return "a huge integer"
    text = _printable(text[: LONGEST_SHOWN + 1])
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "..."


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def suggest(word: str, known: Iterable[str]) -> str:
    """`did you mean "..."?`, or the known words, or that there are none."""
    words = list(known)
    near = difflib.get_close_matches(word, words, n=1)
    if near:
        return f'did you mean "{near[0]}"?'
    return f"expected one of: {', '.join(words)}" if words else "expected none"


class Document:
    """A TOML file as read: its values, and the line of each for error messages."""

    def __init__(self, path: Path | str, text: str, values: dict[str, Any]) -> None:
        self.path, self.text, self.values = Path(path), text, values
        self.name = _printable(str(path))
        self._lines: dict[toml_lines.Path, int] | None = None

    def line(self, path: toml_lines.Path) -> int:
        """Line of `path`, or of the nearest table around it if it is not in the file."""
        if self._lines is None:
            self._lines = toml_lines.find_lines(self.text)
        while path not in self._lines:
            path = path[:-1]
        return self._lines[path]

    def error(self, path: toml_lines.Path, problem: str) -> ConfigurationError:
        last = f" item {path[-1] + 1}" if path and isinstance(path[-1], int) else ""
        key = show(".".join(part for part in path if isinstance(part, str)))[1:-1] + last
        return ConfigurationError(f"{self.name}:{self.line(path)}: {key + ': ' if key else ''}{problem}")


def read_document(path: Path | str) -> Document:
    """Read and parse a TOML file.  ConfigurationError for anything that is wrong with it."""
    name = _printable(str(path))

    def fail(line: int, problem: str) -> NoReturn:
        raise ConfigurationError(f"{name}:{line}: {problem}") from None

    try:
        if not Path(path).is_file():
            fail(1, "no such file, expected a TOML file")
        with Path(path).open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else "bad file name"
        fail(1, f"cannot be read ({reason}), expected a TOML file")
    if len(data) > LARGEST_FILE:
        fail(1, f"larger than {LARGEST_FILE} octets, expected a configuration in TOML")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        fail(data.count(b"\n", 0, problem.start) + 1, "not UTF-8 text, expected a configuration in TOML")
    if not text.strip():
        fail(1, "empty, expected a configuration in TOML")
    try:
        return Document(path, text, tomllib.loads(text))
    except RecursionError:
        fail(1, "nested too deeply, expected a configuration in TOML")
    except ValueError as problem:  # TOMLDecodeError, and int() of more than 4300 digits
        fail(*_syntax_problem(str(problem), text))


def _syntax_problem(message: str, text: str) -> tuple[int, str]:
    """Line, and our words, for what `tomllib` says."""
    match = re.fullmatch(r"(.*) \(at (?:line (\d+), column (\d+)|end of document)\)", message, re.DOTALL)
    if match is None:
        return 1, "not valid TOML (a number that is too long), expected shorter numbers"
    lines = text.split("\n")
    line = int(match[2]) if match[2] else max(1, len(text.rstrip().split("\n")))
    found = lines[line - 1] if line <= len(lines) else ""
    twice = ("Cannot overwrite a value", "Cannot declare", "Cannot mutate", "Duplicate inline table key")
    if match[1].startswith(twice):
        key = show(found.split("=")[0].strip(" \t[]"))[1:-1]
        return line, f"{key}: given twice, expected once"
    what = "".join(c for c in match[1] if c.isprintable())
    column = f", column {match[3]}" if match[3] else ""
    return line, f"not valid TOML ({what}{column}), expected lines of the form key = value"


class Place(NamedTuple):
    """Where in a document a value stands."""

    document: Document
    path: toml_lines.Path

    def fail(self, problem: str) -> NoReturn:
        raise self.document.error(self.path, problem)

    def inside(self, part: str | int) -> Place:
        return Place(self.document, (*self.path, part))
