"""The jobs module against everything at once: lost and late answers, reboots, dead runners, ladder, operator."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from flight.declare import COMPUTE, IDLE, SECOND, Call
from flight.declare.running import RUNNER_REQUESTS, ExitReason, JobState, runner_number
from flight.jobs import Redundancy
from flight.modules.jobs.stages import JobStage
from flight.runners.modelled import FaultKind, ModelledFault, ModelledRunner
from tests.flight.modules.jobs.alone import Alone, Ground, outlook

SLOT_NS = 60 * SECOND
HEALED_S = 9000  # in which everything ends once nothing goes wrong any more
SLACK_S = 8  # for the second tries of orders that were lost


class Watched(ModelledRunner):
    """Counts true starts, and remembers how each ended."""

    def __init__(self, now: int, ground: Ground, world: Jobs) -> None:
        super().__init__(now, ground.checkpoints)
        self.world = world

    def start(self, job, limits, folders, now):
        refusal = super().start(job, limits, folders, now)
        if refusal is None:
            self.world.started(job.job)
        return refusal

    def _end(self, found, reason, code):
        super()._end(found, reason, code)
        self.world.ends[found.entry.job] = reason


class Jobs(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.begun: Counter[int] = Counter()  # starts that did not follow an orderly stop
        self.ends: dict[int, ExitReason] = {}
        self.attempts: dict[int, int] = {}  # by the book's number
        self.serial = 0
        self.loss = 0.0
        self.bad_since = -1

    @initialize()
    def begin(self) -> None:
        self.chance = random.Random(7)
        self.ground = Ground()
        self.runner = Watched(0, self.ground, self)
        self.alone = Alone(self.ground, 0, self.runner)
        self._wire()

    def _wire(self) -> None:
        alone = self.alone
        alone.lose = lambda _: self.chance.random() < self.loss
        submit = alone.worker.submit

        def late(ticket: int, request: object, now: int) -> bool:
            taken = submit(ticket, request, now)
            if isinstance(request, RUNNER_REQUESTS) and self.chance.random() < self.loss:
                alone.worker.results = [one for one in alone.worker.results if one[0] != ticket]
            return taken

        alone.worker.submit = late  # type: ignore[method-assign]
        alone.begin(outlook(alone.now // SLOT_NS * SLOT_NS))
        self.bad_since = -1

    def started(self, number: int) -> None:
        if self.ends.get(number) is not ExitReason.STOPPED:
            self.begun[number] += 1
        self.ends.pop(number, None)

    # ---------------------------------------------------------------- what happens

    @rule(
        attempts=st.integers(1, 3),
        preemptible=st.booleans(),
        work_s=st.sampled_from([20, 200, 900]),
        redundancy=st.sampled_from([Redundancy.NONE, Redundancy.DUPLICATE, Redundancy.VOTE]),
    )
    def hand_in(self, attempts: int, preemptible: bool, work_s: int, redundancy: Redundancy) -> None:
        if self.serial >= 8:
            return
        self.serial += 1
        number = self.alone.module.desk.saver.next
        before = self.loss
        self.loss = 0.0  # the operator sends it until it is taken
        self.alone.try_in(
            self.serial,
            attempts=attempts,
            preemptible=preemptible,
            resume_s=5 if preemptible else 0,
            work_s=work_s,
            redundancy=redundancy,
        )
        self.loss = before
        self.attempts[number] = attempts

    @rule(seconds=st.integers(1, 400))
    def fly(self, seconds: int) -> None:
        for _ in range(seconds):
            self.alone.fly()
            self._look()

    @rule(rung=st.sampled_from([0, 0, 2, 3, 4, 6]))
    def ladder(self, rung: int) -> None:
        self.alone.seen["rung"] = rung

    @rule(mode=st.sampled_from([COMPUTE, COMPUTE, IDLE]))
    def change_mode(self, mode: int) -> None:
        self.alone.seen["mode"] = int(mode)

    @rule(energy_wh=st.sampled_from([190.0, 190.0, 150.0, 139.0, float("nan")]))
    def energy(self, energy_wh: float) -> None:
        self.alone.seen["planning_energy_wh"] = energy_wh

    @rule(there=st.booleans())
    def anomaly(self, there: bool) -> None:
        self.alone.seen["in_anomaly"] = there

    @rule(carrier=st.booleans())
    def contact(self, carrier: bool) -> None:
        self.alone.seen["carrier"] = carrier

    @rule(twice=st.booleans())
    def files_arrive(self, twice: bool) -> None:
        for file in self.ground.sent:
            self.alone.arrive(file)
            if twice:
                self.alone.arrive(file)

    @rule(loss=st.sampled_from([0.0, 0.1, 0.5]))
    def lose(self, loss: float) -> None:
        self.loss = loss

    @rule()
    def restart_of_the_executive(self) -> None:
        self.alone = self.alone.boot(runner=self.runner)
        self._wire()

    @rule(seconds=st.integers(1, 500))
    def power_cut(self, seconds: int) -> None:
        self._kill_runner()
        self.alone.now += seconds * SECOND
        self.alone = self.alone.boot(runner=self.runner)
        self._wire()

    @rule()
    def death_of_the_runner(self) -> None:
        self._kill_runner()
        self.alone.worker.runner = self.alone.runner = self.runner
        crew = self.alone.module.crew
        crew.everything, crew.watching = True, None  # the client tells that its connection broke

    def _kill_runner(self) -> None:
        for number, one in self.runner.jobs.items():
            if one.entry.state is not JobState.ENDED:
                self.ends.pop(number, None)
        self.runner = Watched(self.alone.now, self.ground, self)

    @rule(kind=st.sampled_from([FaultKind.CRASH, FaultKind.HANG]), number=st.integers(1, 8))
    def fault(self, kind: FaultKind, number: int) -> None:
        self.runner.faults[runner_number(number, 0)] = ModelledFault(
            runner_number(number, 0), kind, after_ns=15 * SECOND
        )

    @precondition(lambda self: self.attempts)
    @rule(number=st.integers(1, 8))
    def cancel(self, number: int) -> None:
        self.alone.module.cancel(Call(self.alone.now, 100 + self.serial), self.alone.out, number)
        self.alone._perform()

    # ---------------------------------------------------------------- what holds

    def _look(self) -> None:
        seen = self.alone.seen
        bad = seen["mode"] != int(COMPUTE) or int(str(seen["rung"])) >= 4
        self.bad_since = (self.bad_since if self.bad_since >= 0 else self.alone.now) if bad else -1
        if bad and self.alone.now - self.bad_since > SLACK_S * SECOND and not self.loss:
            states = [one.entry.state for one in self.runner.jobs.values()]
            assert JobState.RUNNING not in states

    @invariant()
    def what_may_be_begun_once_is_begun_once(self) -> None:
        for number, times in self.begun.items():
            attempts = self.attempts.get(number // 8)
            if attempts == 1:
                assert times <= 1, (number, times)

    @invariant()
    def no_two_jobs_share_a_board(self) -> None:
        if hasattr(self, "alone"):
            lanes = [run.lane for run in self.alone.module.crew.runs.values()]
            assert len(set(lanes)) == len(lanes)

    def teardown(self) -> None:
        """When everything works again, all that was taken ends and is delivered."""
        if not hasattr(self, "alone"):
            return
        self.loss = 0.0
        self.runner.faults.clear()
        self.alone.seen |= {"mode": int(COMPUTE), "rung": 0, "in_anomaly": False, "carrier": True}
        self.alone.seen["planning_energy_wh"] = 190.0
        for second in range(HEALED_S):
            if second % 5000 == 0:
                self.alone.begin(outlook(self.alone.now // SLOT_NS * SLOT_NS))
            self.alone.fly()
            for file in self.ground.sent:
                self.alone.arrive(file)
            rows = list(self.alone.module.desk.book)
            if all(row.state is JobStage.DELIVERED for row in rows):
                break
        else:
            raise AssertionError((self.alone.states(), self.alone.events[-10:]))
        self.what_may_be_begun_once_is_begun_once()


TestJobs = Jobs.TestCase
TestJobs.settings = settings(max_examples=6, stateful_step_count=25, deadline=None)
