"""The executive in real time: start jitter, missed ticks against ground truth, memory, processor, garbage pauses.

    python tests/bench/bench_realtime.py                    a minute for each case
    python tests/bench/bench_realtime.py --ticks 10000      as published in docs/performance-realtime.md: 70 minutes
    python tests/bench/bench_realtime.py --cases idle-fifo  one of them

Pathfinder at 10 Hz as four real processes, on a simulated orbit in a fifth; the guardian feeds a file.  A burner is
one endless loop for each core.  What else the machine did meanwhile is measured and printed beside the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from flight.app import build, load_mission
from flight.cli.run import page_path
from flight.dictionary import compile_decoder
from flight.drivers.posix_disk import PosixDisk
from flight.page import SharedPage, Shown
from flight.recovery import STORE_NAMES
from flight.runner import COLLECT_ALL_EVERY
from flight.store import Recorder, StoreBudget
from flight.wire import TmPacket, decode_tm
from sim.keys import leave_for

MISSION = "pathfinder"
TICK_NS = 100_000_000
HZ = os.sysconf("SC_CLK_TCK")
CASES = {
    "idle": (False, False),
    "idle-fifo": (False, True),
    "burner": (True, False),
    "burner-fifo": (True, True),
}
WARM_TICKS = (
    100  # the first ten seconds, with imports still in the caches and the first collections, are not counted
)
MEMORY_GOAL_MB, PROCESSOR_GOAL = 60.0, 3.0


@dataclass
class Figures:
    """Of one case.  Times in ns, memory in MB, processor in percent of one core."""

    late: list[int]
    missed: int
    missed_reported: int
    work: list[int]
    young: list[int]
    whole: list[int]
    resident: dict[str, float]
    proportional: dict[str, float]
    processor: dict[str, float]
    others: float
    seconds: float


@contextmanager
def burners(count: int) -> Iterator[None]:
    started = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in started:
            process.kill()
            process.wait()


def shown(page: Path) -> Shown | None:
    if not page.exists():
        return None
    shared = SharedPage(str(page))
    found = shared.read()
    shared.close()
    return found


def until(page: Path, ticks: int, process: subprocess.Popen[bytes]) -> Shown:
    while True:
        found = shown(page)
        if found is not None and found.ticks >= ticks:
            return found
        if process.poll() is not None:
            raise SystemExit("flight has ended early")
        time.sleep(0.5)


def memory(pid: int) -> tuple[float, float]:
    """Resident and proportional set, MB: the second shares out pages that several processes use."""
    rows = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    resident, proportional = (int(rows[name].split()[0]) / 1024 for name in ("Rss", "Pss"))
    return resident, proportional


def spent(pid: int) -> float:
    """Processor seconds so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / HZ


def busy() -> float:
    """Processor seconds of the whole machine so far, but for idle and waiting ones."""
    user, nice, system, _idle, _wait, *rest = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    )
    return (user + nice + system + sum(rest[:3])) / HZ


def numbers(path: Path) -> array[int]:
    return array("q", path.read_bytes())


def fly(ticks: int, burner: bool, fifo: bool, speed: int = 1) -> Figures:
    with tempfile.TemporaryDirectory() as name, burners((os.cpu_count() or 1) * burner):
        folder = Path(name)
        words = [
            "-m",
            "sim.live.world",
            "reference",
            "--mission",
            MISSION,
            "--seed",
            "1",
            "--speed",
            str(speed),
        ]
        command = [sys.executable, *words, "--ports", str(folder / "ports")]
        world = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            while not (folder / "ports").exists():
                time.sleep(0.05)
            ports = json.loads((folder / "ports").read_text())
            return _fly(folder, ports, world.pid, ticks, fifo, speed)
        finally:
            world.send_signal(signal.SIGTERM)
            world.wait()


def _fly(folder: Path, ports: dict[str, int], world: int, ticks: int, fifo: bool, speed: int) -> Figures:
    state, log = folder / "state", folder / "log"
    leave_for(state, folder / "keys", seed=1)  # with keys the executive loads the library of ciphers
    words = [
        "-m",
        "flight",
        "run",
        MISSION,
        "--board",
        "bench",
        "--state",
        str(state),
        "--tick-log",
        str(log),
    ]
    words += [
        "--link",
        f"tcp:127.0.0.1:{ports['link']}",
        "--umbilical",
        f"tcp://127.0.0.1:{ports['umbilical']}",
    ]
    words += ["--speed", str(speed), *(["--fifo"] if fifo else [])]
    guardian = subprocess.Popen([sys.executable, *words])
    page = page_path(state)
    executive = until(page, WARM_TICKS, guardian).pid
    pids = {"guardian": guardian.pid, "executive": executive}
    pids["storage worker"] = int((state / "worker.lock").read_text())
    pids["files worker"] = int((state / "files.lock").read_text())
    before, machine = {name: spent(pid) for name, pid in (pids | {"world": world}).items()}, busy()
    began = time.monotonic()
    last = until(page, WARM_TICKS + ticks, guardian)
    seconds = time.monotonic() - began
    after, machine = {name: spent(pid) for name, pid in (pids | {"world": world}).items()}, busy() - machine
    sizes = {name: memory(pid) for name, pid in pids.items()}
    assert last.pid == executive, "restarted in the middle"
    guardian.send_signal(signal.SIGTERM)
    assert guardian.wait() == 0
    used = {name: after[name] - before[name] for name in after}
    rows = numbers(log.with_suffix(".ticks"))
    times, starts, late = rows[::3], rows[1::3], rows[2::3]
    ends, pauses = numbers(log.with_suffix(".ends")), numbers(log.with_suffix(".pauses"))
    told_after, reported = last_report(state)
    return Figures(
        late=sorted(late[WARM_TICKS:]),
        missed=sum((b - a) // TICK_NS - 1 for a, b in pairwise(times[: told_after + 1])),
        missed_reported=reported,
        work=sorted(end - start for start, end in zip(starts[WARM_TICKS:], ends[WARM_TICKS:], strict=True)),
        young=sorted(
            took for generation, took in zip(pauses[::2], pauses[1::2], strict=True) if generation == 0
        ),
        whole=sorted(
            took for generation, took in zip(pauses[::2], pauses[1::2], strict=True) if generation == 2
        ),
        resident={name: size[0] for name, size in sizes.items()},
        proportional={name: size[1] for name, size in sizes.items()},
        processor={name: 100.0 * used[name] / seconds for name in pids},
        others=100.0 * (machine - sum(used.values())) / seconds,
        seconds=seconds,
    )


def last_report(state: Path) -> tuple[int, int]:
    """From the onboard recorder: after how many ticks flight last told what it had missed, and how many that were."""
    built = build(load_mission(MISSION))
    mission = built.mission
    stores = [
        StoreBudget(name, s.budget, s.segment) for name, s in zip(STORE_NAMES, mission.stores, strict=True)
    ]
    disk = PosixDisk(state / "storage")
    recorder = Recorder(disk, stores)
    recorder.open()
    entry = built.dictionary.packets_by_label["executive.status"]
    decode, told = compile_decoder(entry), (0, 0)
    names = [field.name for field in entry.fields]
    for _, packet in recorder.read(2, 0, 2**55, 2**31):
        decoded = decode_tm(packet)
        if isinstance(decoded, TmPacket) and decoded.body[:2] == entry.sid.to_bytes(2, "big"):
            values = dict(zip(names, decode(packet), strict=True))
            told = int(values["ticks"]), int(values["missed_ticks"])
    disk.close()
    return told


def at(values: Sequence[int], share: float) -> float:
    """In microseconds, of sorted values."""
    return values[min(len(values) - 1, int(len(values) * share))] / 1_000 if values else 0.0


def report(cases: dict[str, Figures], whole: Figures | None) -> str:
    """Tables in Markdown."""
    lines = ["| case | p50 | p99 | p99.9 | max | ticks | missed | as told by telemetry | others used |"]
    lines += ["|---|--:|--:|--:|--:|--:|--:|--:|--:|"]
    for name, one in cases.items():
        late = " | ".join(f"{at(one.late, share):,.0f}" for share in (0.5, 0.99, 0.999, 1.0))
        counts = f"{len(one.late):,} | {one.missed} | {one.missed_reported} | {one.others:.0f} %"
        lines.append(f"| {name} | {late} | {counts} |")
    lines += [
        "",
        "Work of a tick, in us, and the pause of a collection of the young generation after each hundredth:",
    ]
    lines += [
        "",
        "| case | tick p50 | p99 | max | collections | pause p50 | max |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for name, one in cases.items():
        work = " | ".join(f"{at(one.work, share):,.0f}" for share in (0.5, 0.99, 1.0))
        pauses = f"{len(one.young)} | {at(one.young, 0.5):,.0f} | {at(one.young, 1.0):,.0f}"
        lines.append(f"| {name} | {work} | {pauses} |")
    if whole is not None:
        pauses = ", ".join(f"{took / 1_000:,.0f}" for took in whole.whole)
        lines += [
            "",
            f"A collection of all generations, once an hour, took {pauses} us (flown at 60 x real time).",
        ]
    lines += ["", "| case | process | resident MB | proportional MB | % of a core |", "|---|---|--:|--:|--:|"]
    for name, one in cases.items():
        for who, size in one.resident.items():
            lines.append(
                f"| {name} | {who} | {size:.1f} | {one.proportional[who]:.1f} | {one.processor[who]:.2f} |"
            )
        sums = [sum(part.values()) for part in (one.resident, one.proportional, one.processor)]
        lines.append(f"| {name} | **together** | **{sums[0]:.1f}** | {sums[1]:.1f} | **{sums[2]:.2f}** |")
    return "\n".join(lines)


def described() -> str:
    rows = Path("/proc/cpuinfo").read_text().splitlines()
    models = [row.partition(":")[2].strip() for row in rows if row.startswith("model name")] or [
        platform.machine()
    ]
    system = f"Linux {platform.release().split('-')[0]}, CPython {platform.python_version()}"
    return f"{os.cpu_count()} cores of {models[0]}, {system}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--ticks", type=int, default=600)
    parser.add_argument("--cases", nargs="*", choices=CASES, default=list(CASES))
    parser.add_argument(
        "--no-hour", dest="hour", action="store_false", help="without the hour at 60 x real time"
    )
    options = parser.parse_args()
    cases = {}
    for name in options.cases:
        cases[name] = one = fly(options.ticks, *CASES[name])
        print(f"{name}: {one.seconds:.0f} s flown", file=sys.stderr, flush=True)
    whole = fly(COLLECT_ALL_EVERY, burner=False, fifo=False, speed=60) if options.hour else None
    print(f"Start lateness in us, at 10 Hz, on {described()}:\n")
    print(report(cases, whole))
    resident = max(sum(one.resident.values()) for one in cases.values())
    processor = max(sum(one.processor.values()) for one in cases.values())
    goals = [
        f"resident {resident:.1f} MB, at most {MEMORY_GOAL_MB:.0f} MB wanted",
        f"processor {processor:.2f} % of a core, at most {PROCESSOR_GOAL:.0f} % wanted",
    ]
    missed = resident > MEMORY_GOAL_MB or processor > PROCESSOR_GOAL
    print(f"\nGoals {'NOT MET' if missed else 'met'}: {'; '.join(goals)}.")


if __name__ == "__main__":
    main()
