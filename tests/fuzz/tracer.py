"""What an input makes our code do, line by line: the steps taken, and how many."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

from checks.findings import ROOT

OURS = tuple(f"{ROOT}/{name}" for name in ("flight/", "ground/", "sim/", "hil/", "tests/fuzz/planted.py"))
LINES_MAX = 20_000_000  # of one input: minutes; an input of some kB that takes so many never ends
_SHIFT = 20


class EndlessError(BaseException):
    """Not an Exception, so that no code under test swallows it."""


class Tracer:
    """`steps` are pairs of lines that followed each other, as one number each; `lines` counts all lines run.

    Lines are counted, not time, so that the same input costs the same on every machine.  A loop inside a C function
    is one line, however long it runs.
    """

    def __init__(self) -> None:
        self.steps: set[int] = set()
        self.lines = 0
        self._last = 0
        self._places: dict[CodeType, int] = {}  # of our code: a number for each; -1 for code of others

    def _call(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any] | None:
        code = frame.f_code
        place = self._places.get(code)
        if place is None:
            place = len(self._places) if code.co_filename.startswith(OURS) else -1
            self._places[code] = place
        return None if place < 0 else self._line

    def _line(self, frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        if event == "line":
            self.lines += 1
            here = self._places[frame.f_code] << 12 ^ frame.f_lineno
            self.steps.add(self._last << _SHIFT ^ here)
            self._last = here
            if self.lines > LINES_MAX:
                raise EndlessError
        return self._line

    @contextmanager
    def watching(self) -> Iterator[None]:
        """`steps` and `lines` are of what runs inside."""
        self.steps = set()
        self.lines = self._last = 0
        before = sys.gettrace()
        sys.settrace(self._call)
        try:
            yield
        finally:
            sys.settrace(before)
