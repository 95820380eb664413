"""Run what the documents show: *.md and docs/**/*.md, every block that is marked (see checks/blocks.py).

python -m checks.documents [FILE...]

Each document has a temporary folder of its own, in which its files are written and its commands run in order.
A `cd`, and what runs in the background, lasts to the next block.  Two documents run side by side.
Every test and file that a document names must be there (see checks/named.py).
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from checks.blocks import Block, BlockError, Command, agrees, commands, marked_blocks
from checks.findings import ROOT, Finding, report, source_files
from checks.named import missing

LONGEST_BLOCK_S = 300  # a hanging command is found; the slowest block today is far below
SIDE_BY_SIDE = 2  # cores of the machine that runs this in CI
MARK = "@@skyrack-step@@"  # no program prints this


@dataclass(slots=True)
class Place:
    """Where a document's blocks run.  `now` follows its `cd`; `groups` are process groups left running."""

    name: str
    root: Path
    folder: Path
    now: Path
    groups: list[int] = field(default_factory=list)


def environment(root: Path) -> dict[str, str]:
    """That of this process, with our programs first in PATH, the packages importable, and plain output."""
    programs = str(Path(sys.executable).parent)
    path = os.pathsep.join([programs, os.environ.get("PATH", "")])
    plain = {"COLUMNS": "110", "NO_COLOR": "1", "TERM": "dumb", "PYTHONPATH": str(root)}
    return {**os.environ, "PATH": path, **plain}


def run(command: list[str], place: Place, folder: Path) -> tuple[int, str]:
    """Exit status, -1 when it took too long, and everything printed.

    Output goes to a file, so that what a block leaves running in the background does not keep us waiting.
    """
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment(place.root),
            stdin=subprocess.DEVNULL,
            stdout=printed,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = process.wait(LONGEST_BLOCK_S)
        except subprocess.TimeoutExpired:
            end_groups([process.pid])
            status = -1
        process.wait()
        if alive(process.pid):
            place.groups.append(process.pid)
        printed.seek(0)
        return status, printed.read().decode(errors="replace")


def alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def end_groups(groups: list[int]) -> None:
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def run_console(block: Block, place: Place) -> Iterator[Finding]:
    """One shell for the block, so that variables and `cd` last; a mark after each command ends its output."""
    steps = list(commands(block))
    script = "".join(f"{step.text}\nprintf '\\n%s %s\\n' {shlex.quote(MARK)} \"$?\"\n" for step in steps)
    status, printed = run(["sh", "-c", script + "pwd\n"], place, place.root if block.at_root else place.now)
    pieces = re.split(rf"\n{re.escape(MARK)} (\d+)\n", printed)
    for index, step in enumerate(steps):
        if 2 * index + 1 >= len(pieces):
            yield Finding(
                place.name, step.line, f"`{step.text}` did not end (status {status}): {pieces[-1].strip()}"
            )
            return
        yield from judge(step, pieces[2 * index], int(pieces[2 * index + 1]), place)
    if steps and not block.at_root:
        place.now = Path(pieces[-1].strip())


def judge(step: Command, printed: str, status: int, place: Place) -> Iterator[Finding]:
    if status != step.status:
        text = f"`{step.text}` ended with {status}, not {step.status}; it printed:\n{printed.strip()}"
        yield Finding(place.name, step.line, text)
    elif not agrees(step.shown, printed):
        text = (
            f"`{step.text}` printed something else:\n{printed.strip()}\n-- the document shows:\n{step.shown}"
        )
        yield Finding(place.name, step.line, text)


def run_python(block: Block, shown: str | None, place: Place) -> Iterator[Finding]:
    """A script, or a doctest if it has a prompt.  `shown` is the output block below it, None without one."""
    script = place.folder / f"line_{block.line}.py"
    script.write_text(block.text, encoding="utf-8")
    command = [sys.executable, str(script)]
    doctest = ">>> " in block.text
    if doctest:
        script = script.rename(script.with_suffix(".txt"))
        options = ["-o", "ELLIPSIS", "-o", "NORMALIZE_WHITESPACE"]
        command = [sys.executable, "-m", "doctest", *options, str(script)]
    status, printed = run(command, place, place.root if block.at_root else place.now)
    script.unlink()
    if status != 0:
        yield Finding(
            place.name, block.line, f"the block ended with {status}; it printed:\n{printed.strip()}"
        )
    elif shown is not None and not agrees(shown, printed):
        yield Finding(place.name, block.line, f"the block printed something else:\n{printed.strip()}")


def run_blocks(blocks: list[Block], place: Place) -> Iterator[Finding]:
    for index, block in enumerate(blocks):
        following = blocks[index + 1] if index + 1 < len(blocks) else None
        if block.file:
            target = place.folder / block.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(block.text, encoding="utf-8")
        elif block.language == "console":
            yield from run_console(block, place)
        elif block.language == "python" and not block.output:
            yield from run_python(block, following.text if following and following.output else None, place)


def check(name: str, markdown: str, root: Path = ROOT) -> tuple[int, list[Finding]]:
    """How many blocks were run, and what was found."""
    try:
        blocks = list(marked_blocks(markdown))
        with tempfile.TemporaryDirectory() as folder:
            here = Path(folder).resolve()
            place = Place(name, root, here, here)
            try:
                return len(blocks), list(run_blocks(blocks, place))
            finally:
                end_groups(place.groups)
    except BlockError as error:
        return 0, [Finding(name, error.line, str(error))]


def main() -> int:
    ours = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
    paths = [Path(name).resolve() for name in sys.argv[1:]] or ours
    texts = {os.path.relpath(path, ROOT): path.read_text(encoding="utf-8") for path in paths}
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        results = list(pool.map(lambda name: check(name, texts[name]), texts))
    findings = [finding for _, found in results for finding in found]
    files = source_files()
    findings += [finding for name, text in texts.items() for finding in missing(name, text, ROOT, files)]
    return report(
        "documents", findings, f"{sum(n for n, _ in results)} blocks of {len(paths)} documents agree"
    )


if __name__ == "__main__":
    sys.exit(main())
