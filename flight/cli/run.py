"""`skyrack-flight run`: check what was asked for, then become the guardian.

The checks need the mission and its dictionary, the guardian needs neither: so it is a fresh interpreter in this
process, with a third of the memory.
"""

from __future__ import annotations

import os
import re
import zlib
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from flight.app import build, load_mission
from flight.boards.links import resolved
from flight.cli.own_program import own_program
from flight.wire.line_address import LineAddressError

BOARDS = {
    "pc": "any computer with Linux, nothing attached",
    "bench": "flies a simulated orbit over an umbilical",
}
SPEED_MAX = 1_000
ENDPOINT = re.compile(r"tcp://(\[[^\]]+\]|[^:/\s]+):\d{1,5}|serial:/[^@]+@\d{1,9}|channel")
UMBILICAL_SHAPE = "tcp://HOST:PORT, serial:DEVICE@BAUD or channel"
CHANNEL = "channel"  # the umbilical is a virtual channel on the line of the link
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  (the page must not be on a disk: see flight.page)


class RunError(ValueError):
    """This cannot be flown; one line says why."""


class FlightOptions(NamedTuple):
    """What `skyrack-flight run` was given.  Empty text for what was left out."""

    mission: str
    board: str
    state: str
    link: str = ""
    umbilical: str = ""
    speed: int = 1
    fifo: bool = False
    tick_log: str = ""  # for a bench: PATH.ticks, PATH.ends and PATH.pauses are written at an orderly end
    job_devices: str = ""  # NODE,NODE: jobs with a share of an accelerator get them
    job_libraries: str = ""  # NAME=FOLDER,NAME=FOLDER, of the catalogue's libraries


def refuse_unflyable(options: FlightOptions) -> None:
    """RunError for a configuration that must not fly, wherever it comes from."""
    if options.board not in BOARDS:
        raise RunError(f"there is no board {options.board!r}, expected {' or '.join(BOARDS)}")
    if options.board != "bench" and options.umbilical:
        raise RunError(
            f"board {options.board} is a flight configuration and takes no umbilical; use --board bench"
        )
    if options.board != "bench" and options.speed != 1:
        raise RunError(
            f"board {options.board} is a flight configuration and flies in real time, not at --speed"
        )
    if options.board == "bench" and not options.umbilical:
        raise RunError(f"board bench needs --umbilical {UMBILICAL_SHAPE}")
    if options.umbilical and not ENDPOINT.fullmatch(options.umbilical):
        raise RunError(f"--umbilical {options.umbilical!r}: expected {UMBILICAL_SHAPE}")
    if options.umbilical == CHANNEL and not options.link:
        raise RunError("--umbilical channel: it is on the line of --link, and there is none")
    if not 1 <= options.speed <= SPEED_MAX:
        raise RunError(f"--speed {options.speed}: expected 1 to {SPEED_MAX}")


def devices_of(options: FlightOptions) -> tuple[str, ...]:
    return tuple(filter(None, options.job_devices.split(",")))


def libraries_of(options: FlightOptions) -> dict[str, str]:
    """Folders by name.  RunError."""
    found = {}
    for word in filter(None, options.job_libraries.split(",")):
        name, equals, folder = word.partition("=")
        if not (name and equals and folder.startswith("/")):
            raise RunError(f"--job-libraries {word!r}: expected NAME=FOLDER with an absolute path")
        found[name] = folder
    return found


def checked(options: FlightOptions) -> FlightOptions:
    """The same with a numeric address and an absolute path.  RunError, MissionError or IdsError for what cannot fly."""
    refuse_unflyable(options)
    libraries_of(options)
    link = options.link
    if link:
        try:
            link = str(resolved(link))
        except LineAddressError as error:
            raise RunError(f"--link {error}") from None
    build(load_mission(options.mission))
    return options._replace(link=link, state=str(Path(options.state).resolve()))


def page_path(state: Path) -> Path:
    """Where the shared page of a state folder is: in memory, so that no disk can hold up the executive."""
    if not os.access(SHARED_MEMORY, os.W_OK):
        return state / "page"
    name = f"skyrack-{os.getuid()}-{zlib.crc32(bytes(state.resolve())):08x}.page"
    return SHARED_MEMORY / name


def guardian_command(options: FlightOptions, watchdog: str) -> list[str]:
    """Of checked options.  The guardian adds to the executive's part what only it knows."""
    state = Path(options.state)
    executive = [*own_program("flight"), "executive", options.mission]
    executive += ["--board", options.board, "--state", options.state, "--speed", str(options.speed)]
    executive += ["--link", options.link] if options.link else []
    executive += ["--umbilical", options.umbilical] if options.umbilical else []
    executive += ["--tick-log", options.tick_log] if options.tick_log else []
    executive += ["--job-devices", options.job_devices] if options.job_devices else []
    executive += ["--job-libraries", options.job_libraries] if options.job_libraries else []
    own = [str(page_path(state)), watchdog or str(state / "watchdog"), str(state / "guardian.lock")]
    if options.fifo:
        own.append("--fifo")
        executive.append("--fifo")
    return [*own_program("flight.guardian"), *own, "--", *executive]


def become_guardian(options: FlightOptions, watchdog: str) -> None:
    """Does not come back."""
    options = checked(options)
    Path(options.state).mkdir(parents=True, exist_ok=True)
    with suppress(OSError):  # a card that is not mounted: flight goes without, until it is
        for name in ("storage", "files"):
            Path(options.state, name).mkdir(exist_ok=True)
    command = guardian_command(options, watchdog)
    os.execv(command[0], command)  # noqa: S606
