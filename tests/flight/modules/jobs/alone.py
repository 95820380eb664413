"""The jobs module with everything that it asks: a modelled runner, a planner, a shelf and a store, all in memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple, cast

from flight.declare import COMPUTE, DONE, SECOND, Boot, Call, Failed, Outbox, Outcome, SaveDocument, Stored
from flight.declare.filing import FileNotice, Ordered, RemoveFile, SendFile
from flight.declare.running import RUNNER_REQUESTS, JobFolders, RunnerKind, StartJob
from flight.declare.shelving import (
    AskSigner,
    AskTenants,
    CompareCopies,
    CopiesCompared,
    DropJob,
    FileKept,
    KeepFile,
    KeepOnly,
    KeepResult,
    PackageTaken,
    ResultKept,
    SignerOnBoard,
    TakePackage,
    TakeTenants,
    TenantsInForce,
)
from flight.jobs import Brief, Level, Redundancy, brief_octets
from flight.jobs import brief_of as brief_of_manifest
from flight.kernel.kept import pack_kept, unpack_kept
from flight.modules.jobs import Jobs, Lane, jobs
from flight.modules.jobs.module import JobsInputs
from flight.modules.jobs.stages import JobStage
from flight.planning import (
    ELEMENTS,
    Forecast,
    Limits,
    MakePlan,
    Outlook,
    Planned,
    PlannedLoads,
    PlanRecord,
    envelope,
    planned,
    read_record,
    record_octets,
)
from flight.runners.modelled import Behaviour, ModelledRunner
from flight.workers.job_runner import JobMeans, JobRunnerWorker
from tests.flight.jobs.made import CATALOGUE, MANIFEST

WATTS = (0.0, 5.0, 10.0, 15.0, 25.0)
LANES = (Lane("a", 0, WATTS, "amps_a", "volts"), Lane("b", 1, WATTS, "amps_b", "volts"))
SLOT_S, SLOTS = 60, 200
UTC_0_S = 1_800_000_000
STEPS = 20_000
LIMITS = Limits(SLOT_S, 2, 4096, 200.0, 140.0, 0.95, 0.95, 0.95, 50.0, 0.75, 1.3)


def outlook(slot_0_ns: int = 0, **changes: object) -> Outlook:
    """Sun enough for everything, one pass each hour."""
    told = Forecast(
        harvest_w=(100.0,) * SLOTS,
        base_w=(20.0,) * SLOTS,
        sink_c=(0.0,) * SLOTS,
        anomaly=(False,) * SLOTS,
        contact_mb=tuple(10.0 if slot % 60 < 8 else 0.0 for slot in range(SLOTS)),
        resistance_k_w=0.5,
        nominal_harvest_w=(100.0,) * SLOTS,
        nominal_resistance_k_w=0.5,
    )
    told = replace(told, **changes)  # type: ignore[arg-type]
    return Outlook(slot_0_ns, UTC_0_S, LIMITS, told, envelope(LIMITS, told), (0.0,) * SLOTS, (), ELEMENTS)


def brief(**changes: object) -> Brief:
    """Ten minutes of work at 10 W, or twenty at 5 W."""
    manifest = replace(
        MANIFEST,
        levels=(Level(5.0, 500), Level(10.0, 1000)),
        work_s=600,
        value=10,
        preemptible=True,
        anomaly_allowed=False,
        redundancy=Redundancy.NONE,
        release_utc_s=0,
        deadline_utc_s=0,
        libraries=(),
        models=(),
        silence_s=0,
    )
    terms = {name: changes.pop(name) for name in list(changes) if name in ("size", "stored", "output_octets")}
    return replace(brief_of_manifest(replace(manifest, **changes)), **terms)  # type: ignore[arg-type]


def folders(job: int, stage: int) -> JobFolders:
    names = ("package", "models", "outputs", "checkpoints", "scratch", "control", "record")
    return JobFolders(*(f"/jobs/{job}/{stage}/{name}" for name in names))


class Keep(NamedTuple):
    """The critical slot."""

    body: bytes


@dataclass
class Ground:
    """What outlives the module: disk, packages, results."""

    documents: dict[str, bytes] = field(default_factory=dict)
    kept: bytes = b""
    packages: dict[str, Brief] = field(default_factory=dict)
    taken: dict[int, Brief] = field(default_factory=dict)
    results: dict[str, KeepResult] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    plans: list[str] = field(default_factory=list)
    checkpoints: dict[str, int] = field(default_factory=dict)
    table: TenantsInForce | None = field(default_factory=lambda: TenantsInForce(1, 0, False))
    signer: SignerOnBoard | None = field(default_factory=lambda: SignerOnBoard(0xA1B2))
    refusing: str = ""  # why every package is refused
    agreeing: Callable[[CompareCopies], tuple[int, ...]] = lambda asked: asked.stages

    def stored(self, request: SaveDocument | Keep) -> object:
        if isinstance(request, Keep):
            self.kept = request.body
        else:
            self.documents[request.name] = request.body
        return Stored()

    def shelved(self, request: object) -> object | None:
        match request:
            case TakePackage(_, _, file, job, _):
                found = self.packages.pop(file, None) or self.taken.get(job)
                if found is None or self.refusing:
                    return Failed(self.refusing or "there is no such file")
                self.taken[job] = found
                return PackageTaken(brief_octets(found), bytes(32))
            case KeepOnly(_, jobs):
                self.taken = {job: one for job, one in self.taken.items() if job in jobs}
                return Ordered(0)
            case DropJob(_, job):
                self.taken.pop(job, None)
                return Ordered(0)
            case AskSigner():
                return self.signer or Failed("there are no jobs here")
            case AskTenants() | TakeTenants():
                if isinstance(request, TakeTenants) and self.table is not None:
                    self.table = (
                        TenantsInForce(2, 0xABCD, False) if request.file else TenantsInForce(1, 0, False)
                    )
                return self.table or Failed("there are no jobs here")
            case CompareCopies():
                return CopiesCompared(self.agreeing(request))
            case KeepResult(_, job, ended):
                one = self.taken[job]
                file = f"results/{one.owner}-{one.name}-{one.serial}.result"
                self.results[file] = request
                return ResultKept(file, 1000, ended)
            case _:
                return None

    def filed(self, request: object) -> object:
        match request:
            case SendFile(_, name, _):
                self.sent.append(name)
                return Ordered(len(self.sent))
            case RemoveFile():
                return Ordered(0)
            case KeepFile(_, name):
                self.plans.append(name)
                return FileKept(name)
        raise AssertionError(f"nobody answers {request}")


class Alone:
    """`fly` steps once a second; a request is answered in the tick after it, by whoever it is for.

    `lose(request)` says which requests nobody answers; they time out at their end.
    """

    def __init__(
        self,
        ground: Ground | None = None,
        now: int = 0,
        runner: ModelledRunner | None = None,
        module: Jobs | None = None,
    ) -> None:
        self.ground = ground or Ground()
        self.now = now
        self.out = Outbox()
        self.runner = runner or ModelledRunner(now, self.ground.checkpoints, behaviour=Behaviour())
        means = JobMeans(CATALOGUE, folders, kind=RunnerKind.MODELLED)
        self.worker = JobRunnerWorker(self.runner, means)
        self.module: Jobs = module or jobs(LANES, STEPS, STEPS)
        self.pending: dict[int, tuple[object, int]] = {}
        self.asked: list[object] = []
        self.events: list[tuple[str, tuple[object, ...]]] = []
        self.finished: dict[int, Outcome] = {}
        self.loads: list[PlannedLoads] = []  # as the forecast was told
        self.lose: Callable[[object], bool] = lambda request: False
        self.seen: dict[str, object] = {
            "mode": int(COMPUTE),
            "mode_age": 0,
            "rung": 0,
            "rung_age": 0,
            "planning_energy_wh": 190.0,
            "planning_loop_1_c": 10.0,
            "in_anomaly": False,
            "carrier": False,
            "ending": False,
            "shutting_down": False,
            "levels": (0, 0),
            "amps_a": 0.0,
            "volts": 30.0,
            "amps_b": 0.0,
        }
        self.boards = True  # they follow
        if self.ground.kept:
            assert unpack_kept(self.module.kept, self.ground.kept)
        self.module.document = self.ground.documents.get("jobs")
        self.module.start(now, Boot(1, clean=True, safe=False, reason=0), self.out)
        self._perform()

    def boot(self, *, runner: ModelledRunner | None = None) -> Alone:
        """Another life on the same disk; the runner too, if it is handed over."""
        fresh = Alone(self.ground, self.now, runner)
        fresh.seen = self.seen
        return fresh

    # ---------------------------------------------------------------- time

    def fly(self, seconds: int = 1) -> Alone:
        for _ in range(seconds):
            self.now += SECOND
            self._answer()
            sees = cast("JobsInputs", self.module.Inputs(**self.seen))
            self.module.step(self.now, sees, self.out)
            self._perform()
            if self.boards:
                self.seen["levels"] = tuple(level % 255 for level in self.board_levels())
        return self

    def until(self, holds: Callable[[], bool], most: int = 20_000) -> int:
        """Seconds that it took."""
        for second in range(most):
            if holds():
                return second
            self.fly()
        raise AssertionError(f"not within {most} s: {self.states()}, {self.events[-8:]}")

    def _answer(self) -> None:
        """Until nobody asks any more: what follows at once in flight follows at once here."""
        for _ in range(50):
            answers = list(self.worker.poll(self.now))
            for ticket, (request, until) in list(self.pending.items()):
                if isinstance(request, RUNNER_REQUESTS):
                    if self.now >= until:
                        answers.append((ticket, "timed out"))
                elif not self.lose(request):
                    answers.append((ticket, self.answer(request)))
                elif self.now >= until:
                    answers.append((ticket, "timed out"))
            for ticket, result in answers:
                if self.pending.pop(ticket, None) is not None:
                    self.module.completed(self.now, ticket, result, self.out)
                    self._perform()
            if not answers:
                return

    def answer(self, request: object) -> object:
        ground = self.ground
        match request:
            case SaveDocument() | Keep():
                return ground.stored(request)
            case MakePlan(record):
                found = read_record(record)
                assert isinstance(found, PlanRecord), found
                return Planned(record_octets(planned(found)))
            case _:
                return ground.shelved(request) or ground.filed(request)

    def _perform(self) -> None:
        out = self.out
        self.events += [(event.name, arguments) for event, arguments in out.events]
        self.finished.update(out.finished)
        for inbox, item in out.posts:
            if isinstance(item, PlannedLoads):
                assert inbox == "forecast.planned"
                self.loads.append(item)
        for ticket, request, within in out.requests:
            self.asked.append(request)
            self.pending[ticket] = (request, self.now + within)
            if isinstance(request, RUNNER_REQUESTS) and not self.lose(request):
                self.worker.submit(ticket, request, self.now)
        if out.keeping:
            self.pending[out.keeping] = (Keep(pack_kept(self.module.kept)), self.now + 30 * SECOND)
        out.clear()

    # ---------------------------------------------------------------- what a test says and asks

    def begin(self, told: Outlook | None = None) -> Alone:
        self.module.outlook.put(told or outlook())
        return self.fly(2)

    def hand_in(self, ident: int = 1, **changes: object) -> int:
        """The number of the job, which was not refused."""
        number = self.try_in(ident, **changes)
        assert self.finished.get(ident) == DONE, self.finished.get(ident)
        return number

    def try_in(self, ident: int = 1, **changes: object) -> int:
        changes.setdefault("serial", ident)
        name = f"jobs/{ident}.job"
        self.ground.packages[name] = brief(**changes)
        number = self.module.desk.saver.next
        outcome = self.module.take(Call(self.now, ident), self.out, name.encode())
        self._perform()
        if outcome is DONE or not hasattr(outcome, "within_ns"):
            self.finished[ident] = outcome
        self.until(lambda: ident in self.finished, 400)
        return number

    def state(self, number: int) -> JobStage | None:
        row = self.module.desk.book.rows.get(number)
        return row.state if row is not None else None

    def states(self) -> dict[int, str]:
        return {row.number: row.state.name for row in self.module.desk.book}

    def starts(self, number: int) -> int:
        return sum(isinstance(one, StartJob) and one.job == number for one in self.asked)

    def told(self, event: str) -> list[tuple[object, ...]]:
        return [arguments for name, arguments in self.events if name == event]

    def board_levels(self) -> list[int]:
        return [getattr(self.module.outputs, f"jobs_level_{lane.name}") for lane in LANES]

    def arrive(self, file: str, what: str = "SENT") -> None:
        self.module.notices.put(FileNotice(what, 1, 1, 0, file))
