"""Coverage-guided search for an input that a parser cannot bear (docs/decisions/fuzzing.md)."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random

from checks.findings import ROOT
from tests.fuzz.mutate import mutated
from tests.fuzz.tracer import EndlessError, Tracer

FINDINGS_MAX = 10  # different ones of one target; more say nothing new
GROWTH_MAX = 2.5  # cost of twice the octets, in costs of them once
STEADY = 2.1  # and that of them once in costs of half of them: else a longer one was read further, once
COST_FLOOR = 400  # lines; below it a fixed part and a round of a loop more or less decide the ratio
SHAPES_MAX = 40
PLAIN_SHAPES = (b"\0", b"\xff", b"\x55", b"\x1a\xcf\xfc\x1d", b"\xeb\x90", b"\xb7\xd5", b"\n", b"[", b'{"a":')


@dataclass(frozen=True, slots=True)
class Target:
    """One parser.

    `feed` takes any octets; whatever it raises is a finding, a failed assertion among them.
    `covers`: the functions, classes and modules whose branches count as this parser's.
    `octets`: the length at which growth is measured, against twice of it; 0 where the length is fixed.
    """

    name: str
    feed: Callable[[bytes], object]
    seeds: Callable[[], Sequence[bytes]]
    covers: tuple[object, ...]
    octets: int = 1500
    parts: tuple[bytes, ...] = ()
    shapes: int = 60  # how many are measured for growth
    grown: Callable[[int], Sequence[bytes]] | None = (
        None  # inputs of about so many octets, beside repeated pieces
    )


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    data: bytes

    def __str__(self) -> str:
        shown = self.data.hex() if len(self.data) <= 200 else self.data[:200].hex() + "..."
        return f"{self.what}\n    {len(self.data)} octets: {shown}"


@dataclass(slots=True)
class Search:
    """One run of the engine: what it tried, kept and found."""

    target: Target
    seed: int = 1
    runs: int = 0
    kept: list[bytes] = field(default_factory=list)
    findings: dict[str, Finding] = field(default_factory=dict)
    shapes: int = 60
    worst_growth: tuple[float, bytes] = (0.0, b"")
    dearest: int = 0  # lines that an input of the length took at which growth is measured
    _seen: set[int] = field(default_factory=set)
    _tracer: Tracer = field(default_factory=Tracer)

    def run(self, *, seconds: float = 0.0, rounds: int = 0) -> None:
        """Until `seconds` are over, or `rounds` inputs were tried beside the seeds."""
        chance = Random(f"{self.target.name} {self.seed}")
        seeds = list(self.target.seeds())
        for data in (b"", b"\0", *seeds):
            self._try(data)
        self.kept += [data for data in seeds if data not in self.kept]
        end = time.monotonic() + seconds
        for number in count():
            if number >= rounds and time.monotonic() >= end:
                break
            base = self.kept[-1 - int(len(self.kept) * chance.random() ** 2)]  # the newest most often
            self._try(mutated(base, chance.choice(self.kept), self.target.parts, chance))
        self._measure_growth(seeds)

    def _try(self, data: bytes) -> None:
        self.runs += 1
        with self._tracer.watching():
            found = _raised(self.target.feed, data)
        if found:
            self._note(found, data)
        # The magnitude of the cost is a place reached too: it leads to long loops.
        places = self._tracer.steps | {-self._tracer.lines.bit_length()}
        if not places <= self._seen:
            self._seen |= places
            self.kept.append(data)

    def _note(self, what: str, data: bytes) -> None:
        known = self.findings.get(what)
        if (known and len(data) < len(known.data)) or (known is None and len(self.findings) < FINDINGS_MAX):
            self.findings[what] = Finding(what, data)

    def _measure_growth(self, seeds: Sequence[bytes]) -> None:
        """Each shape filled up to some length and to twice of it."""
        size = self.target.octets
        if not size:
            return
        longest = sorted(self.kept, key=len)[-SHAPES_MAX:]
        halves = [data[: len(data) // 2] for data in seeds]
        quarter = size // 4  # at least, so that the whole is made of equal parts
        shapes = dict.fromkeys([*seeds[:6], *PLAIN_SHAPES, *halves[:6], *longest, *seeds, *self.target.parts])
        for shape in [one[:quarter] for one in shapes if one][: min(self.shapes, self.target.shapes)]:
            self._compare(_filled(shape, size // 2), _filled(shape, size), _filled(shape, 2 * size), shape)
        if self.target.grown:
            lengths = (self.target.grown(octets) for octets in (size // 2, size, 2 * size))
            for half, short, long in zip(*lengths, strict=True):
                self._compare(half, short, long, short)

    def _compare(self, half: bytes, short: bytes, long: bytes, shape: bytes) -> None:
        once = self._cost(short)
        self.dearest = max(self.dearest, once)
        if once < COST_FLOOR:
            return
        growth = self._cost(long) / once
        self.worst_growth = max(self.worst_growth, (growth, shape[:100]))
        if growth >= GROWTH_MAX and once > STEADY * self._cost(half):
            self._note(f"cost grows {growth:.1f} times from {len(short)} to {len(long)} octets", shape)

    def _cost(self, data: bytes) -> int:
        self._try(data)
        return self._tracer.lines


def _filled(shape: bytes, size: int) -> bytes:
    return (shape * (size // len(shape) + 1))[:size]


def _raised(feed: Callable[[bytes], object], data: bytes) -> str:
    """What came out of it that must not; nothing most often."""
    try:
        feed(data)
    except EndlessError:
        return "does not come to an end"
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {_short(str(error))} in {_where(error)}"
    return ""


def _short(text: str) -> str:
    return "".join(c for c in text.split("\n", 1)[0] if not c.isdigit())[:60]


def _where(error: Exception) -> str:
    """The innermost line of ours."""
    inside = [
        frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(str(ROOT))
    ]
    last = inside[-1]
    return f"{Path(last.filename).relative_to(ROOT)}:{last.lineno}"
