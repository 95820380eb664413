"""Getting out of the sandbox, attempted at every level of isolation (the table in docs/runners.md).

A level that does not hold an attempt is named in `WEAK`, and it is an error if it holds it all the same: then the
document is wrong.
"""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from flight.boards.clock import monotonic
from flight.declare.running import ExitReason, Isolation, JobLimits, JobState, Means
from flight.runners.processes import look
from tests.flight.runners.bombs import BOMBS
from tests.flight.runners.conftest import bench_of
from tests.flight.runners.escapes import ATTEMPTS, HEAD, Attempt

pytestmark = pytest.mark.slow
SECRET = "skyrack-test-secret"
LIMITS = JobLimits(
    memory_octets=64 * 2**20,
    disk_octets=8 * 2**20,
    processes=16,
    files=500,
    lifetime_ns=60 * 10**9,
    cpu_time_ns=60 * 10**9,
)
OVERSHOOT = 64 * 2**20  # octets: what a watcher may see late; a disk of 200 MB/s for a quarter of a second
IPC_CREAT, IPC_RMID = 0o1000, 0


@dataclass
class Host:
    """What a job should know nothing of."""

    port: int
    abstract: str
    place: Path
    bystander: int
    memory: int
    key: int
    posix: str


@pytest.fixture
def host(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    libc = ctypes.CDLL(None)
    monkeypatch.setenv("SKYRACK_TEST_SECRET", SECRET)
    folder = place / "host"
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    (folder / "secret").write_text(SECRET)
    (folder / "secret").chmod(0o600)
    key = 0x5A17 + os.getpid()
    memory, queue = libc.shmget(key, 4096, IPC_CREAT | 0o666), libc.msgget(key, IPC_CREAT | 0o666)
    posix = Path(f"/dev/shm/skyrack-test-{os.getpid()}")
    posix.write_text(SECRET)
    posix.chmod(0o644)
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as abstract:
        abstract.bind(f"\0skyrack-test-{os.getpid()}")
        abstract.listen()
        with socket.socket(socket.AF_UNIX) as by_path:
            by_path.bind(str(folder / "open.socket"))
            by_path.listen()
            (folder / "open.socket").chmod(0o777)
            port = server.getsockname()[1]
            yield Host(port, f"skyrack-test-{os.getpid()}", folder, bystander.pid, memory, key, posix.name)
    bystander.kill()
    bystander.communicate()
    posix.unlink()
    libc.shmctl(memory, IPC_RMID, None)
    libc.msgctl(queue, IPC_RMID, None)


def code_of(attempt: Attempt, bench, host: Host, other: Path) -> str:
    groups = bench.runner.machine.groups
    entrances = [str(folder / "cgroup.procs") for _, folder in groups.v1]
    entrances += [str(groups.v2 / "cgroup.procs")] if groups.v2 is not None else []
    filled = textwrap.dedent(attempt.code).format(
        port=host.port,
        abstract=host.abstract,
        host=host.place,
        other=other,
        secret=SECRET,
        runner=os.getpid(),
        bystander=host.bystander,
        memory=host.memory,
        key=host.key,
        posix=host.posix,
        entrances=entrances,
    )
    return HEAD + filled + "\nprint('tried', flush=True)\n"


def tried(bench, host: Host, attempts: list[Attempt]) -> dict[str, list[str]]:
    """All at once; how each got out."""
    other = bench.start("import time\nwhile True: time.sleep(9)", LIMITS)
    for name in ("scratch", "outputs"):
        (bench.folders[other] / name / "secret").write_text(SECRET)
    numbers = {
        attempt.name: bench.start(code_of(attempt, bench, host, bench.folders[other]), LIMITS)
        for attempt in attempts
    }
    bench.until(lambda: all(bench.entry(number).state is JobState.ENDED for number in numbers.values()))
    found = {}
    for name, number in numbers.items():
        entry = bench.entry(number)
        assert entry.reason is ExitReason.COMPLETED, (name, entry, bench.printed(number, "standard-error"))
        lines = bench.printed(number).splitlines()
        assert lines[-1] == "tried", name
        found[name] = [line for line in lines if line.startswith("ESCAPED")]
    assert bench.entry(other).state is JobState.RUNNING
    return found


# What a level is known not to hold; nothing else may get out.  Landlock is what holds files where no namespaces are.
WEAK = {
    Isolation.NONE: {"inputs written": ["ESCAPED chmod"]}
}  # their mode alone: Landlock does not look at it
WITHOUT_LANDLOCK = {
    Isolation.USER: {
        "files of another tenant",
        "files of the host",
        "device nodes",
        "shared memory and queues",
    },
    Isolation.NONE: {
        "files of another tenant",
        "outputs of another tenant unlinked",
        "files of the host",
        "inputs written",
        "/proc of others",
        "device nodes",
        "shared memory and queues",
    },
}


def test_no_attempt_succeeds(bench, host):
    if bench.isolation < Isolation.NAMESPACES and not bench.runner.machine.landlock:
        pytest.skip("this kernel has no Landlock: what then gets out has a test of its own")
    found = {name: how for name, how in tried(bench, host, ATTEMPTS).items() if how}
    assert found == WEAK.get(bench.isolation, {}), found
    assert (bench.folders[1] / "outputs" / "secret").read_text() == SECRET


@pytest.mark.long
@pytest.mark.parametrize("isolation", [Isolation.USER, Isolation.NONE])
def test_what_gets_out_without_landlock(isolation, machine, place, host):
    if machine.root and isolation is Isolation.NONE:
        pytest.skip("a runner that is root gives its jobs users of their own")
    bench = bench_of(isolation, replace(machine, landlock=0), place)
    try:
        found = {name: how for name, how in tried(bench, host, ATTEMPTS).items() if how}
        assert set(found) == WITHOUT_LANDLOCK[isolation], found
    finally:
        bench.close()


REACHABLE = (
    "network",
    "sockets of the host",
    "files of another tenant",
    "outputs of another tenant unlinked",
    "inputs written",
    "the host's environment",
    "/proc of others",
    "signals",
    "shared memory and queues",
    "file handles used up",
)


@pytest.mark.long
def test_the_attempts_succeed_where_there_is_no_sandbox(best, host):
    """Or else they would prove nothing.  The others would hurt this machine."""
    other = best.start("import time\nwhile True: time.sleep(9)", LIMITS)
    for attempt in ATTEMPTS:
        if attempt.name not in REACHABLE:
            continue
        for name in ("scratch", "outputs"):
            (best.folders[other] / name / "secret").write_text(SECRET)
        _, folders = best.prepare("")
        code = code_of(attempt, best, host, best.folders[other])
        environment = {**os.environ, "SKYRACK_PACKAGE": folders.package, "SKYRACK_MODELS": folders.models}
        command = [sys.executable, "-S", "-c", code]
        printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
        assert "ESCAPED" in printed, attempt.name


# ---------------------------------------------------------------- bombs: one at a time, each with a bound of its own


def bomb(name: str) -> str:
    return HEAD + textwrap.dedent(
        next(one.code for one in BOMBS if one.name == name).replace("{{", "{").replace("}}", "}")
    )


@pytest.mark.long
def test_fork_bomb(bench):
    number = bench.start(bomb("fork bomb"), LIMITS)
    most = 0

    def grows() -> bool:
        nonlocal most
        most = max(most, len(bench.runner.jobs[number].grip.processes()))
        return bench.entry(number).state is JobState.ENDED or monotonic() > end

    end = monotonic() + 10**9
    bench.until(grows)
    protection = bench.entry(number).protection
    assert most <= (LIMITS.processes + 3 if protection.processes > Means.WATCHED else 600)
    bench.runner.kill(number, monotonic())
    entry = bench.until_state(number, JobState.ENDED)
    assert entry.reason in (ExitReason.KILLED, ExitReason.PROCESSES, ExitReason.MEMORY)
    assert not live(bench, number)


def live(bench, number: int) -> list[int]:
    """Not those that are dead and wait for somebody to bury them."""
    shown = [look(pid) for pid in bench.runner.jobs[number].grip.processes()]
    return [one.pid for one in shown if one is not None and one.state not in "ZX"]


@pytest.mark.long
def test_memory_bomb(bench):
    entry = bench.run(bomb("memory bomb"), LIMITS)
    # One process that comes to its own limit before all come to theirs together ends with MemoryError.
    assert entry.reason in (ExitReason.MEMORY, ExitReason.FAILED), entry
    most = 1 if entry.protection.memory > Means.WATCHED else 8
    assert entry.usage.memory_peak_octets <= most * LIMITS.memory_octets


@pytest.mark.long
def test_memory_in_temporary_files(bench):
    number = bench.start(bomb("memory in files of /tmp and /dev/shm"), replace(LIMITS, disk_octets=2**28))
    entry = bench.until_state(number, JobState.ENDED)
    assert entry.reason in (ExitReason.COMPLETED, ExitReason.MEMORY), entry
    assert "ESCAPED" not in bench.printed(number)


@pytest.mark.long
@pytest.mark.parametrize("name", ["disk filled", "inodes used up", "files hidden in closed and deep folders"])
def test_disk(bench, name):
    number = bench.start(bomb(name), LIMITS)
    entry = bench.until_state(number, JobState.ENDED)
    assert (entry.reason, "ESCAPED" in bench.printed(number)) == (ExitReason.DISK, False), entry
    assert entry.usage.disk_octets < LIMITS.disk_octets + OVERSHOOT


@pytest.mark.long
def test_one_file_over_the_limit(bench):
    number = bench.start(bomb("one file over the limit"), LIMITS)
    entry = bench.until_state(number, JobState.ENDED)
    assert entry.reason in (ExitReason.DISK, ExitReason.FAILED), entry
    assert (bench.folders[number] / "scratch" / "one").stat().st_size <= LIMITS.disk_octets


def alive(words: bytes) -> list[str]:
    found = []
    for path in Path("/proc").iterdir():
        try:
            if path.name.isdecimal() and words in (path / "cmdline").read_bytes():
                found.append(path.name)
        except OSError:
            continue
    return found


@pytest.mark.long
def test_a_daemon_left_behind(bench):
    number = bench.start(bomb("a daemon left behind"), LIMITS)
    entry = bench.until_state(number, JobState.ENDED)
    assert entry.reason is ExitReason.COMPLETED
    assert not alive(bench.mark(number).encode())


@pytest.mark.long
def test_out_of_the_kill(bench):
    number = bench.start(bomb("out of the kill by double fork and setsid"), LIMITS)
    bench.until(
        lambda: bench.entry(number).usage.output_octets or bench.runner.jobs[number].spawned.outputs[0].octets
    )
    bench.runner.kill(number, monotonic())
    bench.until_state(number, JobState.ENDED)
    assert not alive(bench.mark(number).encode())
    assert not live(bench, number)


# ---------------------------------------------------------------- traps for the runner in the job's own folders


def test_traps_in_its_folders(bench, host):
    """Links, pipes and folders where the runner reads and writes: nothing of the host changes, nobody waits."""
    secret = host.place / "secret"
    code = f"""
import os
control, outputs = os.environ["SKYRACK_CONTROL"], os.environ["SKYRACK_OUTPUTS"]
os.symlink("{secret}", control + "/.request.part")
os.mkfifo(control + "/status")
os.symlink("{secret}", outputs + "/result")
os.symlink("/etc", outputs + "/folder")
os.mkfifo(outputs + "/pipe")
try:
    os.link("{secret}", outputs + "/link")
except OSError:
    pass
open(outputs + "/good", "w").write("good")
os.chmod(outputs + "/good", 0o6777)
print("up", flush=True)
while not os.path.exists(control + "/request"):
    pass
for _ in range(100):
    os.mkdir("deep")
    os.chdir("deep")
"""
    number = bench.start(code, LIMITS)
    bench.until(lambda: bench.runner.jobs[number].spawned.outputs[0].octets)
    bench.runner.stop(number, 10**9, monotonic())
    entry = bench.until_state(number, JobState.ENDED)
    assert entry.state is JobState.ENDED
    outputs = bench.folders[number] / "outputs"
    assert sorted(path.name for path in outputs.iterdir()) == ["good"]
    assert (outputs / "good").stat().st_mode & 0o7777 == 0o600
    assert "removed" in entry.note
    state = secret.stat()
    assert (secret.read_text(), state.st_uid, state.st_mode & 0o7777) == (SECRET, os.geteuid(), 0o600)
    assert not (bench.folders[number] / "control" / "request").is_symlink()


def test_a_library_is_read_and_not_written(best, place):
    library = place / "library"
    library.mkdir()
    (library / "model").write_text("weights")
    best.runner.settings = replace(best.runner.settings, libraries=(str(library),))
    code = f"print(open('{library}/model').read())\nopen('{library}/model', 'a')"
    number = best.start(code, libraries=(str(library),))
    entry = best.until_state(number, JobState.ENDED)
    assert entry.reason is ExitReason.FAILED
    assert best.printed(number).strip() == "weights"


def test_a_device_that_the_mission_allows(best):
    """/dev/loop-control stands for an accelerator: absent unless asked for and allowed."""
    device = "/dev/full" if not Path("/dev/loop-control").exists() else "/dev/loop-control"
    best.runner.settings = replace(best.runner.settings, devices=frozenset({device}))
    code = f"import os\nprint(os.path.exists('{device}'))"
    with_it, without = best.start(code, devices=(device,)), best.start(code)
    best.until(lambda: all(best.entry(one).state is JobState.ENDED for one in (with_it, without)))
    assert best.printed(with_it).strip() == "True"
    if device != "/dev/full" and best.isolation >= Isolation.NAMESPACES:
        assert best.printed(without).strip() == "False"
