"""`skyrack-sim bench schedule`: every scheduler on the frozen instances, as a table."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from flight.planning import plan
from sim.orbsched.best import Known
from sim.orbsched.bound import NoSolverError, upper_bound
from sim.orbsched.check import Verdict, check
from sim.orbsched.closed_loop import fly, whole_problem
from sim.orbsched.generate import DAY, generate
from sim.orbsched.instance import Instance
from sim.orbsched.policies import RULES, Planned
from sim.orbsched.proof import GUARDED, Proof, nonsense

DAY_STEPS = 4_000_000
BATCH, ONLINE, BEST = "planner, batch", "planner, online", "best known"
BEGIN, END = "<!-- table: skyrack-sim bench schedule -->", "<!-- end of table -->"


@dataclass(frozen=True, slots=True)
class BenchOptions:
    classes: tuple[str, ...]
    seeds: int
    steps: int  # of a long search: the first plan, and the next one after the forecast was mended
    again_steps: int  # of each other plan
    guarded: int  # instances with a planner that asks for nonsense
    day: bool
    keep: bool = False  # better schedules than were known go into the file of those


@dataclass(slots=True)
class Score:
    """One instance: what each scheduler earned, and the bound."""

    instance: Instance
    bound: float
    earned: dict[str, int] = field(default_factory=dict)
    violations: int = 0
    decision_ms: float = 0.0
    replan_s: float = 0.0
    plans: int = 0


@dataclass(slots=True)
class BenchResult:
    options: BenchOptions
    scores: list[Score] = field(default_factory=list)
    day_s: float | None = None
    day_value: int = 0
    proof: Proof | None = None


def run_bench(options: BenchOptions, say: Callable[[str], None]) -> BenchResult:
    result, known = BenchResult(options), Known()
    for name in options.classes:
        for seed in range(options.seeds):
            instance = generate(name, seed)
            score = score_of(instance, known, options)
            result.scores.append(score)
            say(_line(score))
    if options.keep:
        known.write()
    if options.day:
        problem = whole_problem(generate("mixed", 0, DAY))
        began = time.process_time()
        result.day_value = plan(problem, steps=DAY_STEPS).value
        result.day_s = time.process_time() - began
        say(f"1,000 jobs over 24 h: {result.day_s:.1f} s")
    if options.guarded:
        result.proof = nonsense(range(options.guarded), GUARDED)
        say(result.proof.words())
    return result


def score_of(instance: Instance, known: Known, options: BenchOptions) -> Score:
    bound = known.bound(instance, "lp")
    if bound is None:
        bound = upper_bound(instance)
    score = Score(instance, bound)
    score.earned[BEST] = known.value(instance)
    for name, rule in RULES.items():
        flown = fly(instance, rule(), batch=False)
        _count(score, name, check(instance, flown.schedule), flown.slowest_decision_ms)
    for name, batch in ((BATCH, True), (ONLINE, False)):
        # Online, the first plan is one of many: it knows no more than those after it.
        planner = Planned(options.steps if batch else options.again_steps, options.again_steps)
        flown = fly(instance, planner, batch=batch)
        _count(score, name, check(instance, flown.schedule), flown.slowest_decision_ms)
        known.store(instance, flown.schedule, {"lp": bound})  # what is flown is known, too
        score.replan_s = max(score.replan_s, planner.slowest_s)
        score.plans += planner.plans
    score.earned[BEST] = known.value(instance)
    return score


def _count(score: Score, name: str, verdict: Verdict, decision_ms: float) -> None:
    score.earned[name] = verdict.value
    score.violations += len(verdict.violations)
    score.decision_ms = max(score.decision_ms, decision_ms)


def _line(score: Score) -> str:
    parts = [f"{name} {100 * value / score.bound:.0f} %" for name, value in score.earned.items()]
    return f"{score.instance.name}: {', '.join(parts)}; {score.violations} violations"


def table(result: BenchResult) -> str:
    """Markdown: percent of the LP bound, means over the instances of a class."""
    names = [BEST, BATCH, ONLINE, *RULES]
    lines = [
        "| class | " + " | ".join(names) + " | batch / best known, mean (least) |",
        "|---|" + "--:|" * (len(names) + 1),
    ]
    groups = {
        name: [score for score in result.scores if score.instance.name.rsplit("-", 1)[0] == name]
        for name in result.options.classes
    }
    for name, scores in groups.items():
        lines.append(_row(name, scores, names))
    lines.append(_row("**all**", result.scores, names))
    return "\n".join([*lines, "", *_facts(result)])


def _row(title: str, scores: list[Score], names: Iterable[str]) -> str:
    cells = []
    for name in names:
        shares = [100 * score.earned[name] / score.bound for score in scores if name in score.earned]
        cells.append(f"{mean(shares):.1f}" if shares else "-")
    ratios = [100 * score.earned[BATCH] / score.earned[BEST] for score in scores if BEST in score.earned]
    cells.append(f"{mean(ratios):.1f} ({min(ratios):.1f})" if ratios else "-")
    return f"| {title} | " + " | ".join(cells) + " |"


def _facts(result: BenchResult) -> list[str]:
    scores, options = result.scores, result.options
    plans = sum(score.plans for score in scores)
    flown = len(scores) * (len(RULES) + 2)
    budget = (
        f"{options.seeds} frozen instances of each class; {options.steps:,} steps for a long search, "
        f"{options.again_steps:,} for each other plan, {plans:,} plans in all."
    )
    facts = [
        budget,
        "",
        f"- Violations: {sum(score.violations for score in scores)} in {flown:,} flights.",
        f"- Slowest decision: {max(score.decision_ms for score in scores):.1f} ms of processor time.",
        f"- Slowest plan: {max(score.replan_s for score in scores):.2f} s of processor time.",
    ]
    if result.day_s is not None:
        facts.append(f"- 1,000 jobs over 24 h: planned in {result.day_s:.1f} s, worth {result.day_value:,}.")
    if result.proof:
        facts.append(f"- {result.proof.words()}")
    return facts


def write_table(path: Path, text: str) -> None:
    """Between the two marks of a document."""
    document = path.read_text()
    before, _, rest = document.partition(BEGIN)
    _, mark, after = rest.partition(END)
    assert mark, f"{path} has no place for the table"
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{mark}{after}")


__all__ = ["BenchOptions", "BenchResult", "NoSolverError", "run_bench", "table", "write_table"]
