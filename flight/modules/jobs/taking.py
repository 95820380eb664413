"""Jobs that come in and jobs that are cancelled: what is refused, and why."""

from __future__ import annotations

from dataclasses import dataclass

from flight.declare import DONE, SECOND, Call, Failed, Outbox, Outcome, Refused, Waiting
from flight.declare.shelving import DropJob, PackageTaken, TakePackage
from flight.jobs import Brief, read_brief
from flight.modules.jobs.book import JOBS_MAX
from flight.modules.jobs.crew import Crew
from flight.modules.jobs.demand import release_of, usable
from flight.modules.jobs.desk import Desk
from flight.modules.jobs.planning import Planner, slots_of
from flight.modules.jobs.row import TEXT_MAX, Row
from flight.modules.jobs.runs import Wish
from flight.modules.jobs.stages import UNFINISHED, Bound, JobStage, Why
from flight.wire.cfdp import safe_name
from flight.wire.verification import LONGEST_REASON

TAKE_WITHIN_NS = 120 * SECOND  # unpacking 256 MiB on a slow card, with its hashes
ANSWER_WITHIN_NS = 300 * SECOND  # with the plan that says whether it can be done
JUDGE_WITHIN_NS = (
    90 * SECOND
)  # a plan is there within seconds, or its worker hangs, or nobody knows the energy
TRIES = 3
NO_JOB = 0  # it got no number
AGAIN_NS = 5 * SECOND


@dataclass(slots=True)
class Coming:
    """A job that is being taken."""

    row: Row
    ident: int  # the command to answer, 0 after a reboot
    tries: int = 0
    again_at: int = 0
    asked: bool = False
    to_plan: bool = False  # it is on board; the plan says whether it can be done
    judge_by: int = 0  # without a plan until then it stays


class Taking:
    def __init__(self, desk: Desk, crew: Crew, planner: Planner) -> None:
        self.desk, self.crew, self.planner = desk, crew, planner
        self.coming: dict[int, Coming] = {}
        self.refused = 0

    def take(self, call: Call, out: Outbox, file: bytes) -> Outcome:
        name = safe_name(file)
        if name is None or len(name) > TEXT_MAX:
            return self._refuse_at_once("file name not allowed", out)
        if self.desk.book.held() >= JOBS_MAX:
            return self._refuse_at_once(f"{name}: {JOBS_MAX} jobs are on board", out)
        if any(one.row.file == name and not one.to_plan for one in self.coming.values()):
            return self._refuse_at_once(f"{name}: it is being taken", out)
        number = self.desk.saver.number()
        if number is None:
            return self._refuse_at_once(f"{name}: no number is at hand, try again in a minute", out)
        row = Row(number, name, taken_ns=call.now, ready_ns=call.now)
        self.desk.book.add(row)
        self._begin(row, call.ident)
        return Waiting(ANSWER_WITHIN_NS)

    def resume(self, now: int) -> None:
        """After a reboot: those of which nobody knows whether they were unpacked, or whether they may stay."""
        for row in self.desk.book:
            if row.brief is None and row.state in UNFINISHED:
                self._begin(row, 0)
            elif not row.accepted and row.state in UNFINISHED:
                self.coming[row.number] = Coming(row, 0, to_plan=True, judge_by=now + JUDGE_WITHIN_NS)
                self.desk.judging.add(row.number)

    def _begin(self, row: Row, ident: int) -> None:
        coming = self.coming[row.number] = Coming(row, ident)
        self.desk.saver.when_stored(lambda now, out: self._ask(coming, now, out))

    def tend(self, now: int, out: Outbox) -> None:
        for coming in list(self.coming.values()):
            if coming.to_plan:
                self._judge(coming, now, out)
            elif not coming.asked and coming.again_at and now >= coming.again_at:
                self._ask(coming, now, out)

    # ---------------------------------------------------------------- the package

    def _ask(self, coming: Coming, now: int, out: Outbox) -> None:
        row = coming.row
        if row.number not in self.desk.book.rows:
            return
        coming.asked, coming.tries = True, coming.tries + 1
        used = self.desk.book.used(row.number)
        request = TakePackage(now, self.desk.utc_s(now), row.file, row.number, used)
        self.desk.ask(
            request, TAKE_WITHIN_NS, lambda at, result, box: self._told(coming, result, at, box), out
        )

    def _told(self, coming: Coming, result: object, now: int, out: Outbox) -> None:
        coming.asked = False
        if isinstance(result, PackageTaken):
            self._taken(coming, result, now, out)
        elif isinstance(result, Failed):
            self._refuse(coming, result.reason, out)
        elif coming.tries < TRIES:
            coming.again_at = now + AGAIN_NS
        else:
            self._refuse(coming, "the files worker does not answer", out)

    def _taken(self, coming: Coming, taken: PackageTaken, now: int, out: Outbox) -> None:
        row, brief = coming.row, read_brief(taken.brief)
        if not isinstance(brief, Brief):
            self._refuse(coming, str(brief[0]), out)
            return
        complaint = self._complaint(row, brief)
        if complaint:
            self._refuse(coming, complaint, out)
            return
        row.octets, row.package_sha256, row.brief = taken.brief, taken.package_sha256, brief
        row.ready_ns = now
        self.desk.book.touch()
        self.desk.replan = "a job has come"
        coming.to_plan, coming.judge_by = True, now + JUDGE_WITHIN_NS
        self.desk.judging.add(row.number)

    def _complaint(self, row: Row, brief: Brief) -> str:
        same = [
            other.number
            for other in self.desk.book
            if other is not row
            and other.brief is not None
            and (other.brief.owner, other.brief.name, other.brief.serial)
            == (brief.owner, brief.name, brief.serial)
        ]
        if same:
            return f"it is on board as job {same[0]}"
        lane = self.desk.lanes[0]
        if not usable(brief, lane):
            least = min(level.power_w for level in brief.levels)
            return f"draws {least:g} W at least, a board gives {lane.watts[-1]:g} W"
        outlook = self.desk.outlook
        if outlook is not None and brief.resources.memory_mb > outlook.limits.memory_mb:
            return f"needs {brief.resources.memory_mb} MB of memory, there are {outlook.limits.memory_mb} MB"
        return ""

    # ---------------------------------------------------------------- the plan's word

    def _judge(self, coming: Coming, now: int, out: Outbox) -> None:
        """Refused if the plan says that it misses its deadline; else it stays, also where nobody can tell."""
        row = coming.row
        if row.number not in self.desk.book.rows or row.state not in UNFINISHED:
            self._stays(coming, out)
            return
        planner = self.planner
        waits = planner.under_way is not None or (bool(self.desk.replan) and self._can_plan(now))
        if waits and now < coming.judge_by:
            return
        told = planner.told.get(row.number) if row.number in planner.numbers else None
        if (
            told is not None
            and not told.planned
            and told.bound is not Bound.WORTH
            and self._due_soon(row, now)
        ):
            self._refuse(coming, told.words, out)
        else:
            self._stays(coming, out)

    def _stays(self, coming: Coming, out: Outbox) -> None:
        row = coming.row
        self.coming.pop(row.number, None)
        self.desk.judging.discard(row.number)
        row.accepted = True
        self.desk.book.touch()
        out.event(self.desk.own.taken, row.number, row.known.serial, self.desk.say(row.name))
        self.planner.arrived = True  # it may ask for this slot
        self.desk.saver.when_stored(lambda _, box: self._answer(coming, DONE, box))

    def _can_plan(self, now: int) -> bool:
        return self.desk.outlook is not None and now >= self.planner.not_before

    def _due_soon(self, row: Row, now: int) -> bool:
        """Its window is within what is forecast."""
        outlook = self.desk.outlook
        slots = slots_of(outlook, now) if outlook is not None else None
        brief = row.known
        if slots is None or not brief.deadline_utc_s or not slots.utc_s:
            return False
        end_utc_s = slots.utc_s + slots.many * slots.slot_s
        return brief.deadline_utc_s <= end_utc_s and release_of(brief, slots) < slots.many

    # ---------------------------------------------------------------- refusals

    def _refuse_at_once(self, why: str, out: Outbox) -> Refused:
        self.refused += 1
        out.event(self.desk.own.refused, NO_JOB, self.desk.say(why))
        return Refused(why[:LONGEST_REASON])

    def _refuse(self, coming: Coming, why: str, out: Outbox) -> None:
        row = coming.row
        self.coming.pop(row.number, None)
        self.desk.judging.discard(row.number)
        self.refused += 1
        out.event(self.desk.own.refused, row.number, self.desk.say(f"{row.file}: {why}"))
        self._answer(coming, Refused(why[:LONGEST_REASON]), out)
        self.desk.book.remove(row)
        number = row.number

        def drop(now: int, box: Outbox) -> None:
            self.desk.ask(DropJob(now, number), TAKE_WITHIN_NS, _nothing, box)

        self.desk.saver.when_stored(drop)

    def _answer(self, coming: Coming, outcome: Outcome, out: Outbox) -> None:
        if coming.ident:
            out.finish(coming.ident, outcome)

    # ---------------------------------------------------------------- cancelling

    def cancel(self, call: Call, out: Outbox, number: int) -> Outcome:
        row = self.desk.book.rows.get(number)
        if row is None:
            return Refused(f"there is no job {number}")
        if row.state not in UNFINISHED or row.brief is None:
            return Refused(f"job {number} has ended" if row.brief else f"job {number} is being taken")
        row.cancelled = True
        run = self.crew.runs.get(number)
        if run is not None and run.sent:
            run.want(Wish.KILL, Why.CANCEL)
            self.desk.book.touch()
        else:
            self.crew.runs.pop(number, None)
            row.state = JobStage.CANCELLED
            self.desk.end(row, "KILLED", "cancelled")
        ident = call.ident
        self.desk.saver.when_stored(lambda _, box: box.finish(ident, DONE))
        return Waiting(TAKE_WITHIN_NS)


def _nothing(now: int, result: object, out: Outbox) -> None:
    """What is left of it goes at the next start."""
