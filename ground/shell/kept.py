"""What is read from the folder of a ground, whether or not its server runs: exports and the audit log."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path

from ground.audit import FILE, read, verify
from ground.export import (
    commands_to_json_lines,
    events_to_csv,
    packets_to_csv,
    packets_to_json_lines,
    packets_to_parquet,
)
from ground.protocol import CraftError, UsageError
from ground.query import Query, open_query
from ground.server.journal import anchor_of
from ground.shell.desk import DONE, FAILED
from ground.shell.find import find_folder, find_server
from ground.shell.wording import clock, printable

Say = Callable[[str], None]
Options = argparse.Namespace
SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


def export(options: Options, say: Say) -> int:
    folder = find_folder(options.folder)
    _flush(options)
    query = open_query(folder / "archive")
    format_ = export_format(options)
    if format_ == "parquet":
        if not options.packet or options.output is None:
            raise UsageError("export: parquet is for --packet, and needs -o FILE")
        rows = packets_to_parquet(query, options.packet, options.output)
    else:
        rows = _export_text(query, options, format_)
    if options.output is not None:
        say(f"{rows:,} rows in {options.output}")
    return DONE


def export_format(options: Options) -> str:
    """As `--format` says, else as the file is named, else the one that is usual for it.  UsageError if none."""
    suffix = "" if options.output is None else options.output.suffix.lower()
    only = "csv" if options.events else "jsonl" if options.commands else ""
    named = str(options.format or SUFFIXES.get(suffix) or only or "csv")
    if only and named not in (only, "parquet"):
        raise UsageError(f"export: events are written as csv, commands as jsonl, not {named}")
    return named


def _export_text(query: Query, options: Options, format_: str) -> int:
    output: Path | None = options.output
    if options.packet:
        query.entry(options.packet)  # before a file is made
    with nullcontext(sys.stdout) if output is None else output.open("w", newline="") as stream:
        if options.events:
            return events_to_csv(query, stream)
        if options.commands:
            return commands_to_json_lines(query, stream)
        writes = packets_to_csv if format_ == "csv" else packets_to_json_lines
        return writes(query, options.packet, stream)


def _flush(options: Options) -> None:
    """A running server is asked to write what it holds in memory; without one the archive is whole."""
    from ground.socket_line import SocketLine

    try:
        line = SocketLine(find_server(options.server, options.folder), "export", ())
    except CraftError:
        return
    line.request({"do": "flush"})
    line.close()


def audit(options: Options, say: Say) -> int:
    folder = find_folder(options.folder)
    path = folder / FILE
    if options.what == "show":
        for line in list(read(path))[-options.limit :]:
            where = f"{line.who} ({line.where})" if line.where else line.who
            say(
                f"{clock(line.utc_ns)}  {line.number:>4}  {printable(where)}  {line.did}  {printable(line.what)}"
            )
        return DONE
    _flush(options)
    found = verify(path, _anchor(folder))
    for problem in found.problems:
        say(f"{path}: {problem}")
    if found.problems:
        return FAILED
    torn = f", {found.fragments} torn lines" if found.fragments else ""
    say(f"{path}: {found.lines} entries, unbroken{torn}")
    return DONE


def _anchor(folder: Path) -> tuple[int, str] | None:
    """The newest head of the log that the ground's archive knows."""
    if not (folder / "archive").is_dir():
        return None
    for row in reversed(open_query(folder / "archive").audit()):
        found = anchor_of(row.what)
        if found is not None:
            return found
    return None


KEPT: Mapping[str, Callable[[Options, Say], int]] = {"export": export, "audit": audit}
