"""`make prove`: every proof runs, a failure of any is the exit status, and the cost is said."""

from __future__ import annotations

import sys

import pytest

from checks.findings import ROOT
from checks.prove import Cost, Step, account, main, prove, steps

BURN = "import sys; sum(range(3_000_000)); sys.exit({})"


def python(name: str, status: int) -> Step:
    return Step(name, (sys.executable, "-c", BURN.format(status)))


@pytest.mark.slow
def test_all_run_and_any_failure_counts() -> None:
    said: list[str] = []
    assert prove([python("first", 3), python("second", 0)], said.append) == 1
    assert [line.split()[:2] for line in said[-3:-1]] == [["first", "FAILED"], ["second", "passed"]]
    assert said[-1].startswith("prove: 2 proofs, 1 failed, 0.00 hours")
    assert prove([python("one", 0)], said.append) == 0


def test_nothing_run_proves_nothing() -> None:
    assert prove([], lambda _: None) == 1


def test_the_account_adds_up() -> None:
    lines = account([Cost("a", True, 60.0, 3600.0), Cost("b", True, 120.0, 1800.0)])
    assert lines[1].split() == ["a", "passed", "1.0", "1.00"]
    assert lines[2].split() == ["b", "passed", "2.0", "0.50"]
    assert lines[-1] == "prove: 2 proofs, 0 failed, 1.50 hours of processor"


def test_the_proofs() -> None:
    named = {step.name: " ".join(step.command[1:]) for step in steps(3, 7, ("-k", "x"))}
    assert list(named) == ["planted bugs", "swarm", "campaign", "long tests", "fuzzing", "mutation"]
    assert named["planted bugs"] == "-m tests.planted --workers 3"
    assert named["swarm"].startswith("-m sim swarm --seeds 200 --orbits 3 --workers 3")
    assert named["campaign"].startswith("-m sim campaign --days 1000 --workers 3")
    assert named["long tests"] == "-m pytest -n 3 --dist worksteal --randomly-seed=7 -m long -k x"
    assert named["fuzzing"] == "-m tests.fuzz --seconds 600 --jobs 3 --seed 7 --json runs/fuzz.json"
    assert named["mutation"] == "-m checks.mutation --floor 80"


def test_an_unknown_proof_is_refused(capsys) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--only", "swarn"])
    assert caught.value.code == 2
    assert "no proof is called swarn; there are planted bugs, swarm" in capsys.readouterr().err


def test_make_prove_is_this() -> None:
    assert "-m checks.prove --jobs $(JOBS) --seed $(SEED)" in (ROOT / "Makefile").read_text()
