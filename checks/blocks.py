"""The marked blocks of a Markdown document, and how shown output is compared with what a program printed.

A fence's info string is the language, then marks:

    ```console test           lines after `$ ` are run, the lines below each are its output
    ```console test at=root   the same, in the root of the repository
    ```python test            run as a script; with `>>>`, as a doctest
    ```text output            what the script above it prints
    ```toml file=NAME         written to NAME in the document's own folder, before what follows is run

In shown output a line of `...` stands for any lines and `...` within a line for any text; blank lines and the
width of white space do not matter.  A command that should fail ends its output with `[exit 2]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt

EXIT = re.compile(r"\[exit (\d+)\]")


class BlockError(Exception):
    """A mark that is not understood; `line` is that of the fence."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


@dataclass(frozen=True, slots=True)
class Block:
    """One marked fence.  `line` is its first content line's, from 1; `file` is '' if it is not written."""

    language: str
    line: int
    text: str
    output: bool
    file: str
    at_root: bool


@dataclass(frozen=True, slots=True)
class Command:
    """One `$` line of a console block with its continuations, what it should print and how it should end."""

    line: int
    text: str
    shown: str
    status: int


def marked_blocks(markdown: str) -> Iterator[Block]:
    """Blocks that carry a mark, in order.  Raises BlockError for a mark it does not know."""
    for token in MarkdownIt("commonmark").parse(markdown):
        if token.type != "fence" or token.map is None:
            continue
        language, *marks = token.info.split() or [""]
        if marks:
            yield _block(language, marks, token.map[0] + 2, token.content)


def _block(language: str, marks: list[str], line: int, text: str) -> Block:
    file = next((mark.removeprefix("file=") for mark in marks if mark.startswith("file=")), "")
    unknown = [
        mark for mark in marks if mark not in {"test", "output", "at=root"} and not mark.startswith("file=")
    ]
    if unknown:
        raise BlockError(line - 1, f"unknown mark: {unknown[0]}")
    if "test" in marks and language not in {"console", "python"}:
        raise BlockError(line - 1, f"only console and python blocks can be run, not {language}")
    if ".." in file or file.startswith("/"):
        raise BlockError(line - 1, f"a block is written inside its document's folder, not to {file}")
    return Block(language, line, text, "output" in marks, file, "at=root" in marks)


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block; `> ` continues one.  Raises BlockError if output comes first."""
    start, text, shown = 0, "", list[str]()
    for number, line in enumerate(block.text.splitlines(), block.line):
        if line.startswith("$ "):
            if start:
                yield _command(start, text, shown)
            start, text, shown = number, line[2:], []
        elif start and not shown and line.startswith("> "):
            text += "\n" + line[2:]
        elif start:
            shown.append(line)
        elif line.strip():
            raise BlockError(number, "output stands before the first `$` line")
    if start:
        yield _command(start, text, shown)


def _command(line: int, text: str, shown: list[str]) -> Command:
    status = 0
    if shown and (ending := EXIT.fullmatch(shown[-1].strip())):
        status = int(ending[1])
        shown = shown[:-1]
    return Command(line, text, "\n".join(shown), status)


def agrees(shown: str, printed: str) -> bool:
    """Whether `printed` is what the document shows.  Nothing shown means that nothing is printed."""
    return _pattern(shown).fullmatch("".join(line + "\n" for line in _lines(printed))) is not None


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _pattern(shown: str) -> re.Pattern[str]:
    parts = []
    for line in _lines(shown):
        if line == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append("[^\n]*?".join(re.escape(piece) for piece in line.split("...")) + r"\n")
    return re.compile("".join(parts))
