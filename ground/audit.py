"""The audit log: who sent what, when, from where, under which dictionary.  JSON lines, each chained to the one before.

Each line holds the SHA-256 of its own content with that of the line before in it, so that no line can be changed,
taken out or put in between without breaking all that follow.  What a chain cannot show is that its end was cut off;
so `head` is also noted in the archive of the ground, and `verify` compares when it is given that.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

BEGINNING = "0" * 64
LINE_LONGEST = 16_384  # a telecommand of 1 kB in hexadecimal, its text, and room
FILE = "audit.jsonl"


class AuditError(ValueError):
    """The log cannot be continued or read; one line says why."""


@dataclass(frozen=True, slots=True)
class AuditLine:
    """`utc_ns` since 1970 by this computer's clock; `ground_ns` on the ground's clock, which a simulation drives."""

    number: int
    utc_ns: int
    ground_ns: int
    who: str
    where: str
    did: str
    what: str
    dictionary: str
    previous: str

    @property
    def digest(self) -> str:
        text = json.dumps(asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


class AuditLog:
    """Appends; each line is on the disk when `append` returns."""

    def __init__(self, path: Path, dictionary_hash: int) -> None:
        """Continue a log or begin one.  AuditError if what is there is not whole: that must be looked at first."""
        self.path = path
        self.dictionary = f"{dictionary_hash:08x}"
        found = verify(path) if path.exists() else Verified(0, BEGINNING, ())
        if found.problems:
            raise AuditError(f"{path}: {found.problems[0]}; move it away to begin a new one")
        self.number, self.head = found.lines, found.head
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        self._begin = (
            b"\n" if found.torn else b""
        )  # what a power cut left of a line stays, and is seen as such

    def append(self, who: str, where: str, did: str, what: str, utc_ns: int, ground_ns: int) -> AuditLine:
        line = AuditLine(
            self.number + 1, utc_ns, ground_ns, who, where, did, what, self.dictionary, self.head
        )
        text = json.dumps({**asdict(line), "hash": line.digest}, separators=(",", ":"), ensure_ascii=True)
        octets = self._begin + text.encode() + b"\n"
        assert len(octets) <= LINE_LONGEST, "what is logged was checked to be short"
        written = os.write(self._file, octets)
        if written != len(octets):
            self._begin = b"\n"
            raise AuditError(f"{self.path}: the disk is full")
        self._begin = b""
        os.fsync(self._file)
        self.number, self.head = line.number, line.digest
        return line

    def close(self) -> None:
        os.close(self._file)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of the whole log found: sound lines in a row, the last digest, and what is wrong."""

    lines: int
    head: str
    problems: tuple[str, ...]
    torn: bool = False  # the file does not end with a line feed: a power cut
    fragments: int = 0  # torn lines, at the end or before


def verify(path: Path, expected: tuple[int, str] | None = None) -> Verified:
    """Walk the chain.  `expected` is a number and digest that the log must contain.  AuditError if unreadable."""
    number, head, fragments, problems, torn, sound = 0, BEGINNING, 0, [], False, True
    seen = expected is None or expected == (0, BEGINNING)
    for place, (octets, whole) in enumerate(_lines(path), 1):
        torn = not whole
        line = _parse(octets)
        sound = line is not None or torn
        if line is None:
            fragments += 1
            continue
        problem = _problem(line, number, head)
        if problem:
            problems.append(f"line {place}: {problem}")
            break
        number, head = line.number, line.digest
        seen = seen or (number, head) == expected
    if not problems and not sound:
        problems.append("the last line is not as it was written")
    if not problems and not seen and expected is not None:
        problems.append(f"entry {expected[0]} is missing or was changed: the log was cut off or replaced")
    return Verified(number, head, tuple(problems), torn, fragments)


def read(path: Path) -> Iterator[AuditLine]:
    """Sound lines, whether or not they are in order."""
    for octets, _ in _lines(path):
        line = _parse(octets)
        if line is not None:
            yield line


def _problem(line: AuditLine, number: int, head: str) -> str:
    if line.number != number + 1:
        return f"entry {line.number} follows entry {number}"
    if line.previous != head:
        return f"entry {line.number} does not continue the one before it"
    return ""


def _lines(path: Path) -> Iterator[tuple[bytes, bool]]:
    """(octets, ends with a line feed); an overlong line comes in pieces, none of which is sound."""
    try:
        with path.open("rb") as file:
            while octets := file.readline(LINE_LONGEST):
                if octets.strip() or not octets.endswith(b"\n"):
                    yield octets, octets.endswith(b"\n")
    except OSError as error:
        raise AuditError(f"{path}: {error.strerror}") from error


def _parse(octets: bytes) -> AuditLine | None:
    """None for what is no line of ours, or not as it was written."""
    try:
        given = json.loads(octets)
    except (ValueError, RecursionError):
        return None
    if not isinstance(given, dict):
        return None
    digest = given.pop("hash", None)
    line = _line(given)
    return line if line is not None and line.digest == digest else None


def _line(given: Mapping[str, object]) -> AuditLine | None:
    kinds = {name: int if name in ("number", "utc_ns", "ground_ns") else str for name in AuditLine.__slots__}
    if set(given) != set(kinds) or any(type(given[name]) is not kind for name, kind in kinds.items()):
        return None
    return AuditLine(**given)  # type: ignore[arg-type]  # checked just above
