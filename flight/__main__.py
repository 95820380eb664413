"""`skyrack-flight`: fly a mission, or work on one.

Each command imports what it needs when it is called: the storage worker shall not pay for an exporter of XTCE.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flight.workers.breath import Breath
    from flight.workers.shelf import Shelf

FORMATS = ("json", "xtce", "markdown")
BOARDS = ("pc", "bench")
PLANNING_NICENESS = 10  # seconds of one core, which nobody waits for
RUN = (
    "Fly a mission on this computer, until SIGTERM or Ctrl-C. Jobs that run are then asked for a checkpoint and"
    " stopped (30 s at most). An executive that dies is started again, and jobs run on meanwhile."
)
LINK_SHAPE = "serial:DEVICE@BAUD, tcp:HOST:PORT or udp:HOST:PORT"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="skyrack-flight", description="Fly a mission, or work on one.")
    commands = top.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="fly a mission on this computer", description=RUN)
    _add_flight(run)
    run.add_argument(
        "--watchdog", default="", metavar="PATH", help="such as /dev/watchdog; a file in DIR if left out"
    )
    numbers = commands.add_parser("ids", help="check a mission's ids.lock, or bring it up to date")
    numbers.add_argument("mission", nargs="+", help="a name, an import path or a folder")
    numbers.add_argument("--write", action="store_true", help="number what is new, retire what is gone")
    export = commands.add_parser("dictionary", help="export a mission's dictionary")
    export.add_argument("mission")
    export.add_argument("--format", choices=FORMATS, default="json")
    export.add_argument("-o", "--output", type=Path, help="a file instead of standard output")
    catalogue = commands.add_parser("catalogue", help="what a mission has on board for jobs, as TOML")
    catalogue.add_argument("mission")
    catalogue.add_argument("-o", "--output", type=Path, help="a file instead of standard output")
    new = commands.add_parser("new", help="make a mission package of your own")
    new.add_argument("name")
    new.add_argument("--in", dest="parent", type=Path, default=Path(), help="the folder to make it in")
    _add_keys(commands.add_parser("keys", help="make the link's keys, and put them on a board"))
    executive = commands.add_parser("executive", help="(started by the guardian) the process that flies")
    _add_flight(executive)
    _add_orders(executive)
    worker = commands.add_parser("worker", help="(started by the executive) the process that owns the disk")
    worker.add_argument("--disk", type=Path, required=True)
    worker.add_argument("--lock", required=True)
    worker.add_argument("--store", action="append", default=[], metavar="NAME:BUDGET:SEGMENT")
    worker.add_argument("--pipe", type=int, required=True)
    files = commands.add_parser("files", help="(started by the executive) the process that moves files")
    files.add_argument("--disk", type=Path, required=True)
    files.add_argument("--lock", required=True)
    files.add_argument("--settings", required=True, metavar="SPACECRAFT:FRAME:QUOTA")
    files.add_argument("--pipe", type=int, required=True)
    files.add_argument("--mission", default="", help="whose tenants may have jobs here; none if left out")
    files.add_argument("--jobs", type=Path, metavar="DIR", help="where jobs lie; a folder of its own")
    files.add_argument("--models", type=Path, metavar="DIR", help="resident models, files NAME-VERSION")
    files.add_argument("--key", type=Path, metavar="DIR", help="the folder that holds the board's key")
    planning = commands.add_parser(
        "planning", help="(started by the executive) the process that looks ahead and plans"
    )
    planning.add_argument("--pipe", type=int, required=True)
    runner = commands.add_parser("runner", help="(started by the executive) the process that owns the jobs")
    runner.add_argument("--state", type=Path, required=True, metavar="DIR", help="a folder of its own")
    runner.add_argument("--device", action="append", default=[], metavar="NODE", help="that jobs may ask for")
    runner.add_argument("--library", action="append", default=[], metavar="DIR", help="that jobs may read")
    runner.add_argument(
        "--strongest", type=int, default=3, choices=range(4), metavar="0-3", help="isolation, for tests"
    )
    return top


def _add_keys(command: argparse.ArgumentParser) -> None:
    tasks = command.add_subparsers(dest="task", required=True)
    make = tasks.add_parser("make", help="new keys in a new folder")
    make.add_argument("folder", type=Path)
    make.add_argument("--telecommand", type=int, default=8, metavar="COUNT", help="keys for the way up")
    make.add_argument("--telemetry", type=int, default=8, metavar="COUNT", help="keys for the way down")
    make.add_argument("--board", default="board", metavar="NAME", help="whose key for receipts it is")
    install = tasks.add_parser("install", help="put them into the store of a board that is not flying")
    install.add_argument("folder", type=Path)
    install.add_argument("--state", type=Path, required=True, metavar="DIR", help="as for run")
    install.add_argument("--replace", action="store_true", help="give up the keys that are there")
    skip = tasks.add_parser("skip", help="begin behind lost numbers")
    skip.add_argument("folder", type=Path)
    skip.add_argument("--spi", type=int, required=True)
    skip.add_argument("--to", type=int, required=True, metavar="NUMBER")
    show = tasks.add_parser("show", help="which keys are there; never the keys")
    where = show.add_mutually_exclusive_group(required=True)
    where.add_argument("folder", type=Path, nargs="?")
    where.add_argument("--state", type=Path, metavar="DIR")


def _add_flight(command: argparse.ArgumentParser) -> None:
    command.add_argument("mission", help="a name, an import path or a folder")
    command.add_argument("--board", required=True, metavar="|".join(BOARDS), help="the computer that flies")
    command.add_argument(
        "--state", required=True, metavar="DIR", help="folder for all that outlives a reboot"
    )
    command.add_argument("--link", default="", metavar="ADDRESS", help=f"the radio: {LINK_SHAPE}")
    command.add_argument(
        "--umbilical",
        default="",
        metavar="tcp://HOST:PORT|serial:DEVICE@BAUD|channel",
        help="a simulated world (bench only); channel: on the line of --link",
    )
    command.add_argument("--speed", type=int, default=1, help="times real time (bench only)")
    command.add_argument("--fifo", action="store_true", help="with real-time priority, where it is permitted")
    command.add_argument("--tick-log", default="", metavar="PATH", help="when each tick began, for a bench")
    command.add_argument(
        "--job-devices", default="", metavar="NODE,...", help="what jobs with a share of an accelerator get"
    )
    command.add_argument(
        "--job-libraries",
        default="",
        metavar="NAME=FOLDER,...",
        help="libraries of the catalogue; those left out come with this Python",
    )


def _add_orders(command: argparse.ArgumentParser) -> None:
    command.add_argument("--page", required=True)
    command.add_argument("--guardian", type=int, default=0, metavar="PID")
    command.add_argument("--reset-reason", dest="reason", type=int, default=0)
    command.add_argument("--charges", default="", metavar="INDEX:COUNT,...")
    command.add_argument("--charged", type=int, default=-1, metavar="INDEX")
    command.add_argument("--safe", action="store_true")
    command.add_argument("--clock-floor", type=int, default=0, metavar="NS")


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    if options.command == "worker":
        return _worker(options)
    if options.command == "files":
        return _files(options)
    if options.command == "planning":
        return _planning(options)
    if options.command == "executive":
        return _executive(options)
    if options.command == "runner":
        return _runner(options)
    from flight.app import MissionError
    from flight.cli.keys import KeysError
    from flight.cli.new import NewMissionError
    from flight.cli.run import RunError
    from flight.dictionary import IdsError

    try:
        return _fly(options) if options.command == "run" else _work(options)
    except (MissionError, IdsError, KeysError, NewMissionError, RunError, OSError) as error:
        print(f"skyrack-flight: {error}", file=sys.stderr)
        return 2


# ---------------------------------------------------------------- flying


def _fly(options: argparse.Namespace) -> int:
    from flight.cli.run import FlightOptions, become_guardian

    wanted = FlightOptions._make(getattr(options, name) for name in FlightOptions._fields)
    become_guardian(wanted, options.watchdog)
    return 0


def _executive(options: argparse.Namespace) -> int:
    from flight.app import MissionError
    from flight.cli.executive import Flight, Orders, take_priority
    from flight.cli.run import FlightOptions, RunError
    from flight.dictionary import IdsError

    stops: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stops.append(number))
    for number in (
        signal.SIGINT,
        signal.SIGHUP,
    ):  # Ctrl-C reaches the whole group; the guardian says who ends when
        signal.signal(number, signal.SIG_IGN)
    try:
        flight = Flight(
            FlightOptions._make(getattr(options, name) for name in FlightOptions._fields),
            Orders._make(getattr(options, name) for name in Orders._fields),
        )
    except (MissionError, IdsError, RunError, OSError) as error:
        print(f"skyrack-flight: {error}", file=sys.stderr)
        return 2
    if options.fifo:
        take_priority()
    return flight.fly(lambda: bool(stops))


def _worker(options: argparse.Namespace) -> int:
    from flight.drivers.posix_disk import PosixDisk
    from flight.workers.serving import budgets_from, ignore_signals, own_disk, serve
    from flight.workers.storage import StorageWorker

    ignore_signals()
    try:
        own_disk(options.lock)
        disk = PosixDisk(options.disk)
    except OSError as error:
        print(f"storage worker: {error}", file=sys.stderr)
        return 1
    serve(options.pipe, StorageWorker(disk, budgets_from(options.store)))
    return 0


def _files(options: argparse.Namespace) -> int:
    from flight.declare.filing import FILE_REQUESTS
    from flight.drivers.posix_disk import PosixDisk
    from flight.wire.file_packets import FileSettings
    from flight.workers.breath import Breath
    from flight.workers.files import FilesWorker
    from flight.workers.serving import ignore_signals, own_disk, serve

    ignore_signals()
    try:
        own_disk(options.lock)
        disk = PosixDisk(options.disk)
    except OSError as error:
        print(f"files worker: {error}", file=sys.stderr)
        return 1
    settings = FileSettings(*(int(word) for word in options.settings.split(":")))
    breath = Breath()
    shelf = _shelf(options, breath) if options.mission else None
    serve(options.pipe, FilesWorker(disk, settings, shelf, breath), breath, FILE_REQUESTS)
    return 0


def _shelf(options: argparse.Namespace, breath: Breath) -> Shelf | None:
    """None where jobs have no place: files go up and down all the same."""
    from flight.app import load_mission
    from flight.cli.board_key import key_on_board
    from flight.jobs import Signer
    from flight.workers.folder_shelf import FolderShelf
    from flight.workers.shelf import Shelf, ShelfSettings

    mission = load_mission(options.mission)
    signer = Signer(mission.spacecraft_id, mission.name, key_on_board(options.key))
    settings = ShelfSettings(signer, mission.tenants, mission.catalogue)
    try:
        return Shelf(FolderShelf(options.jobs, options.models, breath), settings)
    except OSError as error:
        print(f"files worker: no jobs: {error}", file=sys.stderr)
        return None


def _planning(options: argparse.Namespace) -> int:
    import os

    from flight.workers.planning import PlanningWorker
    from flight.workers.serving import ignore_signals, serve

    ignore_signals()
    os.nice(PLANNING_NICENESS)
    serve(options.pipe, PlanningWorker())
    return 0


def _runner(options: argparse.Namespace) -> int:
    from flight.declare.running import Isolation
    from flight.runners.service import AlreadyRunning, serve
    from flight.runners.settings import RunnerSettings

    settings = RunnerSettings(
        str(options.state.absolute()),
        devices=frozenset(options.device),
        libraries=tuple(options.library),
        strongest=Isolation(options.strongest),
    )
    try:
        serve(settings)
    except AlreadyRunning as error:
        print(f"job runner: another one holds {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"job runner: {error}", file=sys.stderr)
        return 1
    return 0


# ---------------------------------------------------------------- working on a mission


def _work(options: argparse.Namespace) -> int:
    if options.command == "ids":
        return _ids(options.mission, write=options.write)
    if options.command == "dictionary":
        return _export(options)
    if options.command == "catalogue":
        return _catalogue(options)
    if options.command == "keys":
        return _keys(options)
    from flight.cli.new import new_mission

    for path in new_mission(options.name, options.parent):
        print(path)
    return 0


def _export(options: argparse.Namespace) -> int:
    from flight.app import build, load_mission
    from flight.dictionary import to_json, to_markdown, to_xtce

    export = {"json": to_json, "xtce": to_xtce, "markdown": to_markdown}[options.format]
    text = export(build(load_mission(options.mission)).dictionary)
    if options.output:
        options.output.write_text(text)
    else:
        sys.stdout.write(text)
    return 0


def _catalogue(options: argparse.Namespace) -> int:
    from flight.app import load_mission
    from flight.jobs import catalogue_text

    text = catalogue_text(load_mission(options.mission).catalogue)
    if options.output:
        options.output.write_text(text)
    else:
        sys.stdout.write(text)
    return 0


def _keys(options: argparse.Namespace) -> int:
    from flight.cli import keys

    if options.task == "make":
        lines = keys.make(options.folder, options.telecommand, options.telemetry, options.board)
    elif options.task == "install":
        lines = keys.install(options.folder, options.state, replace=options.replace)
    elif options.task == "skip":
        lines = keys.skip(options.folder, options.spi, options.to)
    else:
        lines = keys.show(options.folder) if options.folder else keys.show_state(options.state)
    print("\n".join(lines))
    return 0


def _ids(missions: list[str], *, write: bool) -> int:
    from flight.cli import ids

    wrong = 0
    for mission in missions:
        if write:
            print(ids.write(mission))
            continue
        lines = ids.check(mission)
        wrong += len(lines)
        for line in lines:
            print(f"{mission}: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
