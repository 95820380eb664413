"""The process runner: what a job sees, how it is frozen, stopped and killed, and why it ended."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

from flight.boards.clock import monotonic
from flight.declare.running import ExitReason, Isolation, JobState, JobToRun, Means, Refusal, RunnerKind
from flight.runners.processes import look

pytestmark = pytest.mark.slow
SECOND = 10**9
SPIN = "print('up', flush=True)\nwhile True: pass\n"
# What the SDK does, in a few lines: answer the first request in `control`.
POLITE = """
    import os, sys
    control = os.environ["SKYRACK_CONTROL"]
    def tell(sequence, answered):
        text = f"skyrack-status 1\\nsequence {sequence}\\nprogress_milli 350\\nphase 1 2 training\\n"
        text += f"checkpoint 7\\nanswered {answered}\\n"
        open(control + "/part", "w").write(text)
        os.rename(control + "/part", control + "/status")
    tell(1, 0)
    print("up", flush=True)
    while not os.path.exists(control + "/request"):
        pass
    open(os.environ["SKYRACK_OUTPUTS"] + "/request", "w").write(open(control + "/request").read())
    tell(2, 1)
    sys.exit(75)
"""


def test_a_job_runs_and_ends(bench):
    number = bench.start(
        "import os\nprint(os.getcwd())\nopen('left', 'w').write('x' * 5000)\nraise SystemExit(0)"
    )
    entry = bench.until_state(number, JobState.ENDED)
    assert (entry.reason, entry.code, entry.note) == (ExitReason.COMPLETED, 0, "")
    assert bench.printed(number).strip() == bench.seen(number, "scratch")
    assert entry.usage.cpu_time_ns > 0
    if entry.protection.memory > Means.WATCHED:  # nobody may have looked while it lived
        assert entry.usage.memory_peak_octets > 2**20
    assert entry.usage.disk_octets >= 5000
    left = bench.folders[number] / "scratch" / "left"
    assert left.stat().st_uid == os.geteuid()


def test_what_a_job_sees_of_its_environment(bench):
    number = bench.start(
        "import os\nfor name in sorted(os.environ): print(name)", environment=(("MINE", "1"),)
    )
    bench.until_state(number, JobState.ENDED)
    folders = {
        f"SKYRACK_{name}" for name in ("PACKAGE", "MODELS", "OUTPUTS", "CHECKPOINTS", "SCRATCH", "CONTROL")
    }
    expected = {
        "HOME",
        "LANG",
        "MINE",
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "PATH",
        "PWD",
        "PYTHONHASHSEED",
    }
    expected |= {"SKYRACK_JOB", "TMPDIR", "LC_CTYPE"} | folders
    found = set(bench.printed(number).split())
    assert found <= expected
    assert found >= folders | {"MINE", "SKYRACK_JOB"}


@pytest.mark.parametrize(
    ("code", "reason", "value"),
    [
        ("raise SystemExit(3)", ExitReason.FAILED, 3),
        ("import os; os.kill(os.getpid(), 6)", ExitReason.SIGNALLED, 6),
        ("raise SystemExit(75)", ExitReason.FAILED, 75),  # nobody asked it to stop
    ],
)
def test_how_it_ended(bench, code, reason, value):
    entry = bench.run(code)
    assert (entry.reason, entry.code) == (reason, value)


def test_a_program_that_is_not_there(bench):
    number, folders = bench.prepare("")
    job = JobToRun(number, RunnerKind.PROCESS, ("no-such-program",))
    assert bench.runner.start(job, bench_limits(), folders, monotonic()) is None
    entry = bench.until_state(number, JobState.ENDED)
    assert entry.reason in (ExitReason.NOT_STARTED, ExitReason.FAILED)
    assert entry.code in (1, 127)
    assert "no-such-program" in entry.note + bench.printed(number, "standard-error")


def bench_limits():
    from flight.declare.running import JobLimits

    return JobLimits(memory_octets=2**27, disk_octets=2**20)


def used_ns(bench, number):
    shown = [look(pid) for pid in bench.runner.jobs[number].grip.processes()]
    return sum(one.cpu_time_ns for one in shown if one is not None)


def test_frozen_it_uses_nothing_and_thawed_it_goes_on(bench):
    number = bench.start(SPIN)
    bench.until(lambda: used_ns(bench, number) > SECOND // 20)
    assert bench.runner.freeze(number, monotonic()) is None
    bench.until_state(number, JobState.FROZEN)
    before = used_ns(bench, number)
    end = monotonic() + SECOND // 10
    bench.until(lambda: monotonic() > end)
    assert used_ns(bench, number) == before
    assert bench.runner.freeze(number, monotonic()) is None  # twice is the same
    assert bench.runner.thaw(number, monotonic()) is None
    assert bench.until_state(number, JobState.RUNNING).state is JobState.RUNNING
    bench.until(lambda: used_ns(bench, number) > before)


@pytest.mark.long
def test_killed_while_frozen(bench):
    number = bench.start(SPIN)
    bench.until(lambda: bench.entry(number).state is JobState.RUNNING)
    bench.runner.freeze(number, monotonic())
    bench.until_state(number, JobState.FROZEN)
    pids = bench.runner.jobs[number].grip.processes()
    assert bench.runner.kill(number, monotonic()) is None
    entry = bench.until_state(number, JobState.ENDED)
    assert entry.reason is ExitReason.KILLED
    assert all((shown := look(pid)) is None or shown.state in "ZX" for pid in pids)
    assert bench.runner.freeze(number, monotonic()) is Refusal.WRONG_STATE


def test_asked_to_stop_it_says_that_its_checkpoint_is_written(bench):
    number = bench.start(POLITE)
    bench.until(lambda: bench.entry(number).progress_milli == 350)
    assert bench.runner.stop(number, 30 * SECOND, monotonic()) is None
    entry = bench.until_state(number, JobState.ENDED)
    assert (entry.reason, entry.code) == (ExitReason.STOPPED, 75)
    assert (entry.phase, entry.checkpoints) == ("training", 7)
    request = (bench.folders[number] / "outputs" / "request").read_text()
    assert request == "skyrack-request 1\nsequence 1\nwanted stop\nwithin_ms 30000\n"


@pytest.mark.long
def test_a_checkpoint_is_asked_for(bench):
    number = bench.start(POLITE)
    bench.until(lambda: bench.entry(number).heard_at)
    assert bench.runner.checkpoint(number, 5 * SECOND, monotonic()) is None
    bench.until_state(number, JobState.ENDED)
    assert "wanted checkpoint\nwithin_ms 5000" in (bench.folders[number] / "outputs" / "request").read_text()


DEAF = "import signal\nfor n in (15, 2, 1): signal.signal(n, signal.SIG_IGN)\n" + SPIN


def test_what_does_not_stop_is_killed_when_its_time_is_over(bench):
    number = bench.start(DEAF)
    bench.until(lambda: bench.runner.jobs[number].spawned.outputs[0].octets)
    asked = monotonic()
    assert bench.runner.stop(number, SECOND // 5, asked) is None
    entry = bench.until_state(number, JobState.ENDED)
    assert (entry.reason, entry.code) == (ExitReason.OVERRAN, signal.SIGKILL)
    assert entry.changed_at - asked >= SECOND // 5


@pytest.mark.long
def test_sigterm_comes_before_the_kill(bench):
    number = bench.start("import time\nprint('up', flush=True)\nwhile True: time.sleep(9)")
    bench.until(lambda: bench.runner.jobs[number].spawned.outputs[0].octets)
    assert bench.runner.stop(number, SECOND, monotonic()) is None
    entry = bench.until_state(number, JobState.ENDED)
    assert (entry.reason, entry.code) == (ExitReason.OVERRAN, signal.SIGTERM)


@pytest.mark.long
def test_a_frozen_job_that_must_stop_is_thawed_for_it(bench):
    number = bench.start(POLITE)
    bench.until(lambda: bench.entry(number).heard_at)
    bench.runner.freeze(number, monotonic())
    bench.until_state(number, JobState.FROZEN)
    assert bench.runner.stop(number, 30 * SECOND, monotonic()) is None
    assert bench.until_state(number, JobState.ENDED).reason is ExitReason.STOPPED


@pytest.mark.long
def test_limits_that_the_runner_watches(best):
    spin = best.start(SPIN, replace(bench_limits(), cpu_time_ns=SECOND // 5))
    old = best.start(SPIN, replace(bench_limits(), lifetime_ns=SECOND // 5))
    silent = best.start(
        POLITE.replace("while not", "while True or not"), replace(bench_limits(), silence_ns=SECOND // 5)
    )
    best.until(lambda: all(best.entry(one).state is JobState.ENDED for one in (spin, old, silent)))
    reasons = [best.entry(one).reason for one in (spin, old, silent)]
    assert reasons == [ExitReason.CPU_TIME, ExitReason.LIFETIME, ExitReason.SILENT]


@pytest.mark.long
def test_only_the_last_64_kib_of_what_it_prints_are_kept(best):
    number = best.start("for i in range(100000): print(f'{i:9}')")
    entry = best.until_state(number, JobState.ENDED)
    assert entry.usage.output_octets == 1_000_000
    kept = best.printed(number)
    assert len(kept) == 65_536
    assert kept.endswith("    99999\n")


def test_refusals(best):
    runner, now = best.runner, monotonic()
    number, folders = best.prepare("")
    job = JobToRun(number, RunnerKind.PROCESS, ("true",))
    limits = bench_limits()
    assert runner.start(replace(job, kind=RunnerKind.MODELLED), limits, folders, now) is Refusal.RUNTIME
    assert runner.start(replace(job, devices=("/dev/kmsg",)), limits, folders, now) is Refusal.DEVICE
    assert runner.start(replace(job, libraries=("/etc",)), limits, folders, now) is Refusal.LIBRARY
    absent = replace(folders, scratch=folders.scratch + "-absent")
    assert runner.start(job, limits, absent, now) is Refusal.FOLDER
    for order in (runner.freeze, runner.thaw, runner.kill, runner.forget):
        assert order(number, now) is Refusal.UNKNOWN_JOB
    assert runner.start(job, limits, folders, now) is None
    assert runner.start(job, limits, folders, now) is Refusal.NUMBER_IN_USE
    assert runner.forget(number, now) is Refusal.WRONG_STATE
    assert runner.pace(number, 0, now) is Refusal.INVALID
    assert runner.book(number, -1, now) is Refusal.INVALID
    assert runner.book(number, 5, now) is None
    assert runner.book(number, 6, now) is None
    best.until_state(number, JobState.ENDED)
    assert best.entry(number).usage.energy_mj == 11
    assert runner.forget(number, now) is None
    assert not best.inventory().entries


@pytest.mark.long
def test_a_library_through_a_link_is_not_below_its_root(best, place):
    (place / "allowed").mkdir()
    (place / "allowed" / "out").symlink_to("/etc")
    best.runner.settings = replace(best.runner.settings, libraries=(str(place / "allowed"),))
    number, folders = best.prepare("")
    job = JobToRun(number, RunnerKind.PROCESS, ("true",), libraries=(str(place / "allowed" / "out"),))
    assert best.runner.start(job, bench_limits(), folders, monotonic()) is Refusal.LIBRARY


@pytest.mark.long
def test_a_slower_pace(best):
    number = best.start(SPIN)
    if best.entry(number).protection.cpu is Means.NOBODY:
        assert best.runner.pace(number, 200, monotonic()) is Refusal.NO_MEANS
        pytest.skip("no control group for the processor")
    best.until(lambda: best.entry(number).state is JobState.RUNNING)
    assert best.runner.pace(number, 200, monotonic()) is None
    assert best.entry(number).speed_milli == 200
    quota = best.runner.jobs[number].group.folders["cpu"]
    text = "".join(
        (quota / name).read_text() for name in ("cpu.max", "cpu.cfs_quota_us") if (quota / name).exists()
    )
    assert "20000" in text


def test_what_protects_it_is_said(bench, machine):
    number = bench.start("")
    protection = bench.entry(number).protection
    assert protection.isolation is bench.isolation
    assert protection.own_user == (machine.root and bench.isolation > Isolation.NONE)
    bench.until_state(number, JobState.ENDED)


def test_its_groups_are_gone_with_it(best):
    number = best.start("")
    folders = list(best.runner.jobs[number].group.folders.values())
    best.until_state(number, JobState.ENDED)
    assert not [folder for folder in folders if folder.exists()]
