"""Each process ended while it works: the others keep their rate, and nothing acknowledged is lost."""

from __future__ import annotations

import os
import signal
import subprocess
from functools import partial

import pytest

from flight.judge import EXECUTIVE_DIED, POWER_ON, SAFE_AFTER
from flight.page import NOBODY
from flight.wire import split_record
from tests.realtime.flying import Flying, alive, state_of

pytestmark = pytest.mark.slow

SECOND = 10  # ticks


def boots(flying: Flying) -> list[tuple[object, ...]]:
    return [event.arguments for event in flying.station.events if event.label == "executive.booted"]


def killed_between_modules(flying: Flying) -> bool:
    """Stopped first, so that the page says where: a busy machine may kill it in the middle of a step."""
    pid = flying.executive_pid()
    os.kill(pid, signal.SIGSTOP)
    flying.until(lambda: state_of(pid) == "T", "its stop")
    shown = flying.shown()
    between = shown is not None and shown.stepping == NOBODY
    os.kill(pid, signal.SIGKILL if between else signal.SIGCONT)
    return between


def test_the_executive_killed_is_started_again(flying: Flying) -> None:
    flying.start()
    flying.until(lambda: len(boots(flying)) == 1)
    worker = flying.worker_pid()
    flying.until(lambda: killed_between_modules(flying), "a moment between two modules")
    flying.until(lambda: len(boots(flying)) == 2, "a restart")
    flying.until(lambda: not alive(worker), "the end of its worker")
    count, reason, clean = boots(flying)[-1]
    assert (count, reason, clean) == (2, EXECUTIVE_DIED, False)
    assert flying.worker_pid() != worker
    assert flying.station.happened("executive.crashed") == 0, "it was between modules: nobody is charged"
    assert flying.stop() == 0


def test_the_worker_killed_is_replaced_and_what_was_acknowledged_is_there(flying: Flying) -> None:
    flying.start()
    station = flying.station
    flying.until(lambda: station.value("recorder.status", "recorded") > 0, "records on disk")
    flying.pass_ticks(2 * SECOND)
    before = {split_record(record) for record in station.records}
    flying.pass_ticks(2 * SECOND)  # the commits of what was heard until then
    executive, worker = flying.executive_pid(), flying.worker_pid()
    os.kill(worker, signal.SIGKILL)
    flying.until(lambda: flying.worker_pid() != worker and alive(flying.worker_pid()), "another worker")
    flying.pass_ticks(3 * SECOND)
    heard = len(station.packets)
    flying.pass_ticks(SECOND)
    after = {split_record(packet.record) for packet in station.packets[heard:]}
    assert flying.executive_pid() == executive
    assert flying.stop() == 0
    stored = flying.stored()
    assert after, "packets after the restart"
    for store, count in before | after:
        assert count in stored[store], (store, count)
    assert station.happened("recorder.write_failed") <= 1, "one episode"


def test_the_guardian_killed_leaves_a_flying_executive_that_is_not_fed(flying: Flying) -> None:
    flying.start()
    flying.until(lambda: flying.fed() >= 1, "feeding")
    assert flying.process is not None
    executive = flying.executive_pid()
    flying.process.kill()
    flying.process.wait()
    flying.until(lambda: flying.station.happened("executive.unguarded") == 1, "the report")
    fed = flying.fed()
    flying.pass_ticks(3 * SECOND)
    assert flying.executive_pid() == executive
    assert flying.fed() == fed
    assert flying.station.happened("executive.unguarded") == 1, "said once"

    flying.start()
    assert "ended a stale executive" in flying.errors()
    flying.until(lambda: len(boots(flying)) == 2, "the boot")
    assert not alive(executive)
    assert boots(flying)[-1] == (2, POWER_ON, False)
    flying.until(lambda: flying.fed() > fed, "feeding")
    assert flying.stop() == 0


def test_one_guardian_for_one_state_folder(flying: Flying) -> None:
    flying.start()
    second = subprocess.run(flying.command(), capture_output=True, text=True, check=False)
    assert second.returncode == 2
    assert second.stderr.startswith("skyrack-flight: another guardian flies from this state folder")
    assert second.stderr.count("\n") == 1
    ticks = flying.ticks()
    flying.pass_ticks(SECOND)
    assert flying.ticks() > ticks


def test_an_orderly_end_goes_on_without_a_gap(flying: Flying) -> None:
    flying.start()
    flying.pass_ticks(2 * SECOND)
    assert flying.stop() == 0
    first = flying.stored()
    heard = {split_record(record) for record in flying.station.records}
    assert all(count in first[store] for store, count in heard), (
        "what was heard is stored, to the last packet"
    )
    flying.start()
    flying.until(lambda: len(boots(flying)) == 2, "the second boot")
    assert boots(flying)[-1] == (2, POWER_ON, True)
    flying.pass_ticks(2 * SECOND)
    assert flying.stop() == 0
    second = flying.stored()
    assert second[2] > first[2], "housekeeping of the second life"
    for store, counts in second.items():
        assert counts == set(range(len(counts))), f"store {store} has a gap"


def test_ctrl_c_reaches_all_of_them_and_ends_them_in_order(flying: Flying) -> None:
    flying.start()
    flying.pass_ticks(SECOND)
    assert flying.process is not None
    executive, worker = flying.executive_pid(), flying.worker_pid()
    os.killpg(flying.process.pid, signal.SIGINT)
    assert flying.ended() == 0
    assert not alive(executive)
    assert not alive(worker)
    assert (flying.state / "watchdog").read_bytes().endswith(b"V")
    heard = {split_record(record) for record in flying.station.records}
    stored = flying.stored()
    assert all(count in stored[store] for store, count in heard)


@pytest.mark.long
def test_the_safe_set_after_many_restarts(flying: Flying) -> None:
    flying.start()
    station = flying.station

    def booted(times: int) -> bool:
        return len(boots(flying)) >= times  # a loaded machine may add one

    flying.until(partial(booted, 1), "the first boot")
    for restart in range(1, SAFE_AFTER + 1):
        os.kill(flying.executive_pid(), signal.SIGKILL)
        flying.until(partial(booted, restart + 1), "a restart")
    flying.until(lambda: station.value("executive.status", "safe_set") == 1.0, "the safe set in telemetry")
    steps = station.value("vital.status", "steps")
    flying.until(lambda: station.value("vital.status", "steps") >= steps + SECOND, "the safe set at work")
    assert station.value("trouble.status", "steps") == 0
    assert station.value("executive.status", "isolated") == 1
