"""`skyrack-sim live`: starts world, flight and ground, says where they listen, and ends them together."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from flight.app import build, load_mission
from flight.cli.own_program import own_program
from flight.cli.run import page_path
from flight.dictionary import to_json
from flight.guardian import is_executive
from flight.page import SharedPage, Shown
from ground.whole_file import write_whole
from sim.aboard import leave_sky_for
from sim.keys import leave_for
from sim.scenario import Scenario, load_scenario

RUNS = Path("runs")
NEWEST = "live"  # in runs/: a link to the newest live run, where `skyrack-ground shell` looks
WHERE_FILE, PORTS_FILE, BEGAN_FILE = "live.json", "ports.json", "began"
GROUND_FOLDER, SERVER_FILE = "ground", "server.json"
KEYS_FOLDER = "keys"  # of a run: test keys, made of its seed
START_WITHIN_S = 60.0  # a slow card and a busy machine
# The guardian gives jobs 32 for their checkpoints, the executive ten, and itself ten more.
END_WITHIN_S = 60.0
POLL_S = 0.05
PR_SET_PDEATHSIG = 1
SPEED_MAX = 1_000


class LiveError(ChildProcessError):
    """It cannot begin, or one of them has ended; one line says which."""


class LiveOptions(NamedTuple):
    """What `skyrack-sim live` was given; None for what was left out."""

    scenario: str = "reference"
    mission: str | None = None
    seed: int | None = None
    speed: int = 1
    folder: Path | None = None
    ground: bool = True
    fifo: bool = False


@dataclass
class Child:
    """One of the processes; what it says is in `<name>.log`."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def ended(self) -> str | None:
        """What to say of it if it has ended on its own."""
        code = self.process.poll()
        if code is None:
            return None
        how = f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
        return f"{self.name} has ended ({how}): {last_line(self.log)}"


@dataclass
class Orchestra:
    """The processes of one live run, in the order in which they were started."""

    scenario: Scenario
    mission: str
    seed: int
    options: LiveOptions
    folder: Path
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    where: dict[str, object] = field(default_factory=dict)

    def start(self) -> None:
        """World first, for it listens.  LiveError if one of them does not come up."""
        folder, options = self.folder, self.options
        ports_file, began = folder / PORTS_FILE, folder / BEGAN_FILE
        world = [
            *own_program("sim.live.world"),
            options.scenario,
            "--mission",
            self.mission,
            "--seed",
            str(self.seed),
        ]
        world += ["--speed", str(options.speed), "--ports", str(ports_file), "--began", str(began)]
        self._start("world", world)
        self._until(ports_file.exists)
        ports = {name: int(port) for name, port in json.loads(ports_file.read_text()).items()}
        state = folder / "state"
        self.where = {
            "scenario": self.scenario.name,
            "up_bit_s": self.scenario.spacecraft.radio.up_bit_s,
            "mission": self.mission,
            "speed": options.speed,
            "epoch": self.scenario.epoch.isoformat(),
            "station": f"tcp:127.0.0.1:{ports['station']}",
            "link": f"tcp:127.0.0.1:{ports['link']}",
            "umbilical": f"tcp://127.0.0.1:{ports['umbilical']}",
            "page": str(page_path(state)),
        }
        mission = build(load_mission(self.mission)).mission
        leave_sky_for(state, mission, self.scenario)
        if mission.secured:
            leave_for(state, folder / KEYS_FOLDER, self.seed)
            self.where["keys"] = str(folder / KEYS_FOLDER)
        self._start("flight", flight_command(self.where, state, options.fifo))
        self._until(lambda: _ticks(page_path(state)) > 0)
        if options.ground:
            self._until(began.exists)
            self._start_ground(int(began.read_text()))
        self.where["processes"] = {child.name: child.process.pid for child in self.children}
        write_whole(folder / WHERE_FILE, f"{json.dumps(self.where, indent=2)}\n".encode())

    def _start_ground(self, began_ns: int) -> None:
        dictionary, ground = self.folder / "dictionary.json", self.folder / GROUND_FOLDER
        dictionary.write_text(to_json(build(load_mission(self.mission)).dictionary))
        self._start("ground", ground_command(self.where, dictionary, ground, began_ns))
        server = ground / SERVER_FILE
        self._until(server.exists)
        self.where["ground_folder"] = GROUND_FOLDER
        self.where["server"] = json.loads(server.read_text())["listen"]

    def _start(self, name: str, words: Sequence[str]) -> None:
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = subprocess.Popen(  # noqa: S603  (our own programs)
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for us; we end them in their order
                preexec_fn=_die_with_parent,  # noqa: PLW1509  (no threads here)
            )
        self.children.append(Child(name, process, log))

    def _until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + START_WITHIN_S
        while not condition():
            self.check()
            if time.monotonic() > end:
                raise LiveError(
                    f"{self.children[-1].name} did not come up: {last_line(self.children[-1].log)}"
                )
            time.sleep(POLL_S)

    def check(self) -> None:
        """LiveError if one of them has ended."""
        for child in self.children:
            said = child.ended()
            if said is not None:
                raise LiveError(said)

    def watch(self, stopped: Callable[[], bool]) -> None:
        """Until `stopped()`.  LiveError if one of them ends before."""
        heard = 0
        world = self.folder / "world.log"
        while not stopped():
            self.check()
            lines = world.read_text(errors="replace").splitlines()
            for line in lines[heard:]:
                self.say(line)
            heard = len(lines)
            time.sleep(POLL_S * 4)

    def stop(self) -> None:
        """Ground and flight first, the world that they talk to last."""
        for child in reversed(self.children):
            if child.process.poll() is not None:
                continue
            child.process.send_signal(signal.SIGTERM)
            try:
                child.process.wait(END_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.say(f"{child.name} does not end, and is killed")
                child.process.kill()
                child.process.wait()
        self._end_orphan()

    def _end_orphan(self) -> None:
        """The executive of a guardian that was killed flies on, as it should; but not longer than its world."""
        path = str(self.where.get("page", ""))
        shown = shown_on(Path(path)) if path else None  # it may not have come so far
        if shown is not None and not shown.ending and is_executive(shown.pid, path):
            os.kill(shown.pid, signal.SIGTERM)
            self.say(f"ended an executive without a guardian (process {shown.pid})")


def flight_command(where: Mapping[str, object], state: Path, fifo: bool) -> list[str]:
    words = [*own_program("flight"), "run", str(where["mission"]), "--board", "bench", "--state", str(state)]
    words += [
        "--link",
        str(where["link"]),
        "--umbilical",
        str(where["umbilical"]),
        "--speed",
        str(where["speed"]),
    ]
    return [*words, "--fifo"] if fifo else words


def ground_command(where: Mapping[str, object], dictionary: Path, folder: Path, began_ns: int) -> list[str]:
    """The ground's clock is the world's, which began its epoch at `began_ns` of this computer's monotonic clock."""
    words = [*own_program("ground"), "server", "--station", str(where["station"])]
    words += ["--dictionary", str(dictionary)]
    words += ["--folder", str(folder), "--listen", "0", "--speed", str(where["speed"])]
    words += ["--uplink", str(where["up_bit_s"])]
    words += ["--keys", str(where["keys"])] if "keys" in where else []
    return [*words, "--utc", str(where["epoch"]), "--utc-at", str(began_ns)]


def live(options: LiveOptions, say: Callable[[str], None]) -> int:
    """Until SIGINT or SIGTERM.  LiveError, ConfigurationError, MissionError or IdsError if it cannot begin or go on."""
    if not 1 <= options.speed <= SPEED_MAX:
        raise LiveError(f"--speed {options.speed}: expected a whole number, 1 to {SPEED_MAX}")
    scenario = load_scenario(options.scenario)
    mission = options.mission or scenario.spacecraft.mission
    build(load_mission(mission))
    folder = new_folder(options.folder, scenario.name)
    seed = scenario.seed if options.seed is None else options.seed
    orchestra = Orchestra(scenario, mission, seed, options, folder, say)
    stops: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _frame: stops.append(number))
    try:
        orchestra.start()
        say(f"flying {mission} at {options.speed} x real time; everything is in {folder}")
        if options.ground:
            say("operate it with: skyrack-ground shell")
        orchestra.watch(lambda: bool(stops))
        say("stopping")
    finally:
        orchestra.stop()
    return 0


def new_folder(wanted: Path | None, name: str) -> Path:
    """A folder of its own for each live run: a world always begins at its epoch.  `runs/live` names the newest."""
    if wanted is not None:
        if (wanted / WHERE_FILE).exists():
            raise LiveError(f"{wanted} holds another live run; give a new folder")
        wanted.mkdir(parents=True, exist_ok=True)
        return wanted.resolve()
    RUNS.mkdir(exist_ok=True)
    number = 1
    while (folder := RUNS / f"live-{name}-{number}").exists():
        number += 1
    folder.mkdir()
    newest = RUNS / NEWEST
    newest.unlink(missing_ok=True)
    newest.symlink_to(folder.name)
    return folder.resolve()


def shown_on(page: Path) -> Shown | None:
    if not page.exists():
        return None
    shared = SharedPage(str(page))
    shown = shared.read()
    shared.close()
    return shown


def _ticks(page: Path) -> int:
    shown = shown_on(page)
    return shown.ticks if shown is not None else 0


def last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"


def _die_with_parent() -> None:
    """On Linux: nobody is left behind when this process is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


__all__ = ["LiveError", "LiveOptions", "Orchestra", "ground_command", "live", "new_folder"]
