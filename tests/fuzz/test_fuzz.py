"""Every target for a moment; and the engine itself finds what is planted."""

from __future__ import annotations

from random import Random

import pytest

from tests.fuzz import planted, tracer
from tests.fuzz.__main__ import Outcome, hunt, main, row, summary
from tests.fuzz.branches import Reached
from tests.fuzz.engine import GROWTH_MAX, Search, Target
from tests.fuzz.mutate import LONGEST, mutated
from tests.fuzz.targets import TARGETS

ROUNDS = 20


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_moment(target: Target) -> None:
    """The seeds and a few changes of them: none raises, growth is linear, everything named is entered."""
    outcome = hunt(target, rounds=ROUNDS, shapes=5)
    assert not outcome.findings, "\n".join(map(str, outcome.findings))
    assert outcome.exercised, outcome.reached


def test_each_name_stands_once() -> None:
    assert len({target.name for target in TARGETS}) == len(TARGETS) >= 30


# ---------------------------------------------------------------- the engine


def search(feed: object, rounds: int = 0, octets: int = 500) -> Search:
    found = Search(Target("planted", feed, lambda: [b"abc"], (feed,), octets))  # type: ignore[arg-type]
    found.run(rounds=rounds)
    return found


@pytest.mark.slow
def test_coverage_leads_to_what_chance_does_not_find() -> None:
    found = search(planted.hidden, rounds=40_000)
    (finding,) = found.findings.values()
    assert finding.what == "IndexError: found in tests/fuzz/planted.py:11"
    assert finding.data[:2] == b"SK"
    blind = Random(1)
    assert not any(mutated(b"abc", b"", (), blind)[:2] == b"SK" for _ in range(40_000))


@pytest.mark.slow
def test_growth() -> None:
    (finding,) = search(planted.quadratic).findings.values()
    assert finding.what.startswith("cost grows 4.0 times from 500 to 1000 octets")
    assert finding.data.strip(b"\x55") == b""
    calm = search(planted.linear)
    assert not calm.findings
    assert 1.9 < calm.worst_growth[0] < 2.1 < GROWTH_MAX


def test_what_reads_on_behind_some_length_is_no_growth() -> None:
    calm = search(planted.late)
    assert calm.worst_growth[0] > GROWTH_MAX
    assert not calm.findings


def test_what_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracer, "LINES_MAX", 10_000)
    found = Search(Target("planted", planted.endless, lambda: [b"E"], (planted.endless,), 0))
    found.run()
    assert list(found.findings) == ["does not come to an end"]


def test_the_same_seed_tries_the_same() -> None:
    first, second = search(planted.hidden, rounds=300), search(planted.hidden, rounds=300)
    assert first.kept == second.kept
    assert len(first.kept) > 1


def test_inputs_stay_short() -> None:
    chance, data = Random(1), bytes(LONGEST)
    assert max(len(mutated(data, data, (b"x" * 100,), chance)) for _ in range(300)) == LONGEST


# ---------------------------------------------------------------- what is told


def test_what_is_not_exercised_is_said_and_fails() -> None:
    outcome = hunt(
        Target("planted", planted.hidden, lambda: [b"S"], (planted.hidden, planted.never), 0), rounds=5
    )
    assert outcome.reached.idle == ("tests.fuzz.planted.never",)
    assert outcome.reached.taken < outcome.reached.total == 4
    assert row(outcome).endswith("NOT EXERCISED")
    assert summary([outcome]) == 1


def test_the_sum(capsys: pytest.CaptureFixture[str]) -> None:
    good = Outcome("a", 5, 1, Reached(3, 4, ()), 2.0, ())
    assert row(good).split() == ["a", "5", "1", "3/4", "75", "%", "2.00", "passed"]
    assert summary([good, good]) == 0
    assert capsys.readouterr().out == "fuzz: 10 inputs, 2 targets, 6 of 8 branches, 0 findings, 0 failed\n"
    assert summary([]) == 1


def test_an_unknown_target_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "nonsense"])
    assert "no target is called nonsense" in capsys.readouterr().err
    assert main(["--list"]) == 0
    assert "CFDP PDUs\n" in capsys.readouterr().out
