"""The line of every key in a TOML text, which `tomllib` does not tell.

The text has been accepted by `tomllib` before, so this only has to find where things are, not whether they
are right.  Grammar: TOML 1.0.0.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

Path = tuple[str | int, ...]  # keys, and places in arrays counted from 0

_SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BLANK = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BASIC_KEY = re.compile(r'"(?:\\.|[^"\\])*"')
_LITERAL_KEY = re.compile(r"'[^']*'")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})' r"|'''.*?'''(?:'{0,2})" r'|"(?:\\.|[^"\\])*"' r"|'[^']*'", re.DOTALL
)
_SCALAR = re.compile(r"[^,\]}\n#]+")


def find_lines(text: str) -> dict[Path, int]:
    """Map the path of each key, table and array item in a valid TOML `text` to its line, counted from 1."""
    return _Scanner(text).scan()


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.starts = [0, *(match.end() for match in re.finditer("\n", text))]
        self.lines: dict[Path, int] = {(): 1}
        self.tables: dict[Path, int] = {}  # arrays of tables: how many items so far

    def scan(self) -> dict[Path, int]:
        prefix: Path = ()
        while self._skip() < len(self.text):
            if self.text[self.position] == "[":
                prefix = self._header()
            else:
                self._pair(prefix)
        return self.lines

    def _skip(self, pattern: re.Pattern[str] = _SPACE) -> int:
        match = pattern.match(self.text, self.position)
        self.position = match.end() if match else self.position
        return self.position

    def _mark(self, path: Path) -> None:
        self.lines.setdefault(path, bisect_right(self.starts, self.position))

    def _key(self) -> list[str]:
        """A dotted key; leaves the position behind it and the blanks that follow."""
        parts: list[str] = []
        while True:
            self._skip(_BLANK)
            start = self.position
            first = self.text[start]
            self._skip(_BASIC_KEY if first == '"' else _LITERAL_KEY if first == "'" else _BARE_KEY)
            part = self.text[start : self.position]
            parts.append(tomllib.loads(f"key = {part}")["key"] if first in "\"'" else part)
            self._skip(_BLANK)
            if self.text[self.position] != ".":
                return parts
            self.position += 1

    def _header(self) -> Path:
        double = self.text.startswith("[[", self.position)
        start = self.position
        self.position += 2 if double else 1
        parts = self._key()
        end = self.position + (2 if double else 1)
        self.position = start
        path: Path = ()
        for depth, part in enumerate(parts, 1):
            path += (part,)
            self._mark(path)
            if double and depth == len(parts):
                self.tables[path] = self.tables.get(path, 0) + 1
            if path in self.tables:
                path += (self.tables[path] - 1,)
        self._mark(path)
        self.position = end
        return path

    def _pair(self, prefix: Path) -> None:
        start = self.position
        parts = self._key()
        after = self.position
        self.position = start
        for depth in range(1, len(parts) + 1):
            self._mark(prefix + tuple(parts[:depth]))
        self.position = after + 1  # the equals sign
        self._skip(_BLANK)
        self._value(prefix + tuple(parts))

    def _value(self, path: Path) -> None:
        first = self.text[self.position]
        if first in "\"'":
            self._skip(_STRING)
        elif first in "[{":
            self._items(path, "]" if first == "[" else "}")
        else:
            self._skip(_SCALAR)

    def _items(self, path: Path, close: str) -> None:
        """Array or inline table; as deep as `tomllib`, which recurses too, accepts."""
        self.position += 1
        count = 0
        while self._skip() < len(self.text) and self.text[self.position] != close:
            if self.text[self.position] == ",":
                self.position += 1
            elif close == "]":
                self._mark((*path, count))
                self._value((*path, count))
                count += 1
            else:
                self._pair(path)
        self.position += 1
