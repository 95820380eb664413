"""`skyrack-ground job` without a ground: keys, row, sdk, pack, show, verify, replay, result.

What is wrong stands in lines on standard error.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from flight.jobs import Fault, Gate, Quota, read_tenants, unlimited
from ground.jobs.keys import JobKeyError, make_key, public_path, read_key, read_public
from ground.jobs.packing import SDK, PackError, pack, sdk_path, size_of
from ground.jobs.reading import (
    JobError,
    differences,
    read_catalogue_file,
    read_package,
    read_receipt,
    read_tenants_file,
)
from ground.jobs.results import lay_out, open_result
from ground.jobs.telling import package_lines, receipt_lines
from ground.jobs.tenancy import tenant_row
from ground.protocol import UsageError
from ground.shell.desk import DONE, FAILED
from ground.shell.job_results import tell_replay, tell_result

Options = argparse.Namespace
Say = Callable[[str], None]
BAR_FROM_OCTETS = 8 << 20  # what takes less than half a second needs no bar
RECORD_OCTETS = 1 << 20
UPLINK_BIT_S = 9600  # of a station, if `server --uplink` says nothing else


def job(options: Options, say: Say) -> int:
    """What needs no ground.  UsageError for what cannot be done; FAILED for a package or receipt that is not right."""
    tasks = {
        "keys": _keys,
        "row": _row,
        "sdk": _sdk,
        "pack": _pack,
        "show": _show,
        "verify": _verify,
        "replay": _replay,
        "result": _result,
    }
    task = tasks[options.task]
    try:
        return task(options, say)
    except PackError as error:
        raise UsageError("job pack: " + _together(error.lines)) from None
    except JobKeyError as error:
        raise UsageError(f"job {options.task}: {error}") from None
    except JobError as error:
        sys.stderr.write(f"skyrack-ground: job {options.task}: " + "\n".join(error.lines) + "\n")
        return FAILED


def _together(lines: list[str]) -> str:
    return lines[0] if len(lines) == 1 else "\n  ".join([f"{len(lines)} things are wrong:", *lines])


def _keys(options: Options, say: Say) -> int:
    public = make_key(options.key, options.owner)
    say(
        f"{options.key}: a new private key of {public.owner}, check {public.check}; keep it, and keep it private"
    )
    say(f"{public_path(options.key)}: its public half, for the operator's table of tenants")
    return DONE


def _row(options: Options, say: Say) -> int:
    if not options.key.is_file():
        raise UsageError(f"job row: {options.key} is no file")
    quota = Quota(*(getattr(options, one.name) for one in fields(Quota)))
    text = tenant_row(read_public(options.key), quota)
    wrong = [one for one in read_tenants(text) if isinstance(one, Fault)]
    if wrong:
        raise UsageError("job row: " + _together([str(one).removeprefix("tenants[0].") for one in wrong]))
    for line in text.splitlines():
        say(line)
    return DONE


def _sdk(options: Options, say: Say) -> int:
    folder: Path = options.folder
    if not folder.is_dir():
        raise UsageError(f"job sdk: {folder} is no folder")
    (folder / SDK).write_bytes(sdk_path().read_bytes())
    say(f"{folder / SDK}")
    return DONE


def _pack(options: Options, say: Say) -> int:
    folder: Path = options.folder
    output: Path = options.output
    if not folder.is_dir():
        raise UsageError(f"job pack: {folder} is no folder")
    if output.exists() and not options.force:
        raise UsageError(f"job pack: {output} is there already; --force writes over it")
    catalogue = read_catalogue_file(options.catalogue) if options.catalogue else None
    key = read_key(options.key)
    with _bar("pack", size_of(folder, output), quiet=options.quiet) as passed:
        packed = pack(folder, output, key, serial=options.serial, catalogue=catalogue, passed=passed)
    for line in package_lines(packed.manifest, packed.octets, packed.sha256):
        say(line)
    say(
        f"{output}: {packed.octets:,} octets, about {_uplink(packed.octets)} of uplink at {UPLINK_BIT_S:,} bit/s"
    )
    return DONE


def _show(options: Options, say: Say) -> int:
    path: Path = options.package
    if not path.is_file():
        raise UsageError(f"job show: {path} is no file")
    gate = Gate(catalogue=read_catalogue_file(options.catalogue) if options.catalogue else None)
    if options.tenants:
        gate = Gate(read_tenants_file(options.tenants), gate.catalogue, utc_s=int(time.time()))
    elif options.key:
        public = read_public(options.key)
        gate = Gate((unlimited(public.owner, public.key),), gate.catalogue)
    with _bar("read", path.stat().st_size, quiet=options.quiet) as passed:
        found = read_package(path, gate, passed)
    for line in package_lines(found.manifest, found.octets, found.sha256):
        say(line)
    if gate.tenants is None:
        say(f"signature    not checked: give --key or --tenants; made with key {found.key_check.hex()}")
    else:
        assert found.tenant is not None
        say(f"signature    right, by key {found.key_check.hex()} of {found.tenant.owner}")
    return DONE


def _verify(options: Options, say: Say) -> int:
    for path in (options.receipt, options.package):
        if path is not None and not path.is_file():
            raise UsageError(f"job verify: {path} is no file")
    if options.outputs is not None and not options.outputs.is_dir():
        raise UsageError(f"job verify: {options.outputs} is no folder")
    public = read_public(options.key)
    receipt = read_receipt(options.receipt, public)
    wrong = differences(receipt, options.package, options.outputs)
    for line in receipt_lines(receipt):
        say(line)
    say(f"signature    right, by key {public.check} of {public.owner}")
    for what, given in (("package", options.package), ("outputs", options.outputs)):
        if given is None:
            say(f"{what:<12} not held against the receipt: give --{what}")
    if wrong:
        raise JobError(wrong)
    failed = [check.name for check in receipt.checks if not check.held]
    if failed:
        raise JobError([f"the board's own checks did not hold: {', '.join(failed)}"])
    return DONE


def _replay(options: Options, say: Say) -> int:
    path: Path = options.record
    if not path.is_file():
        raise UsageError(f"job replay: {path} is no file")
    with path.open("rb") as file:
        return tell_replay(str(path), file.read(RECORD_OCTETS + 1), say)


def _result(options: Options, say: Say) -> int:
    path = Path(options.job)
    if not path.is_file():
        raise UsageError(f"job result: {path} is no file")
    board = read_public(options.key) if options.key else None
    octets = path.read_bytes()
    opened = (
        open_result(octets, board, str(path))
        if options.to is None
        else lay_out(octets, board, str(path), options.to)
    )
    return tell_result(opened, options.to, say)


def _uplink(octets: int) -> str:
    seconds = octets * 8 / UPLINK_BIT_S
    if seconds < 600:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 36_000 else f"{seconds / 3600:.0f} h"


@contextmanager
def _bar(what: str, size: int, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Of what is given the octets passed; nothing is drawn for what is small, or where nobody looks."""
    if quiet or size < BAR_FROM_OCTETS or not sys.stderr.isatty():
        yield lambda _octets: None
        return
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=size)
        yield lambda octets: bar.advance(task, octets)
