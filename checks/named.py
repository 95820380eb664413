"""What documents name: a code span `path.py::name`, or a path in one of our folders, must be there.

A path before `::` may leave out its first folders if only one file ends so.  A name is that of a function or class,
or of a method as `Class::method`.  A path may have `*`, and what it names may be anything that exists.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt

from checks.findings import Finding

MEMBER = re.compile(r"([\w./*-]+\.py)::([\w:]+)")
PLACE = re.compile(r"(?:flight|ground|sim|hil|tests|checks|docs)/[\w./*-]*")


def named(markdown: str) -> Iterator[tuple[int, str]]:
    """Line (that of the paragraph or row, from 1) and text of each code span."""
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        for child in token.children or ():
            if child.type == "code_inline" and token.map is not None:
                yield token.map[0] + 1, child.content


def missing(name: str, markdown: str, root: Path, files: Sequence[Path]) -> Iterator[Finding]:
    """What the document `name` names and `files`, relative to `root`, do not hold."""
    for line, text in named(markdown):
        if member := MEMBER.fullmatch(text):
            yield from (Finding(name, line, wrong) for wrong in _wrong_member(root, files, *member.groups()))
        elif PLACE.fullmatch(text) and not any(root.glob(text.rstrip("/"))):
            yield Finding(name, line, f"`{text}` is not there")


def _wrong_member(root: Path, files: Sequence[Path], path: str, member: str) -> Iterator[str]:
    found = [file for file in files if f"/{file.as_posix()}".endswith(f"/{path}")]
    if len(found) != 1:
        yield f"`{path}` is {'in several places' if found else 'not there'}"
    elif member not in members(root / found[0]):
        yield f"`{path}` has no {member}"


@cache
def members(path: Path) -> frozenset[str]:
    """Functions and classes of a file, and methods as `Class::method`."""
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    top = [node for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, defined)]
    inner = [
        f"{node.name}::{part.name}"
        for node in top
        if isinstance(node, ast.ClassDef)
        for part in node.body
        if isinstance(part, defined)
    ]
    return frozenset([*(node.name for node in top), *inner])
