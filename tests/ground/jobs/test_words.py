"""The words of `job` at a prompt and in one line: completion, which of them need a ground, where a key is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from ground.protocol import NS, UsageError
from ground.shell.completion import LineCompleter
from ground.shell.job_words import TASKS
from ground.shell.jobs import energy, is_online
from ground.shell.parser import verbs_parser
from tests.flight.jobs.made import package
from tests.ground.jobs.rig import BOARD, Rig, result_octets


def completed(rig: Rig, line: str) -> list[str]:
    completer = LineCompleter(rig.desk, {"job": ""})
    return [one.text for one in completer.get_completions(Document(line), CompleteEvent())]


def test_tab_knows_tasks_jobs_and_files(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo.job").write_bytes(package())
    assert completed(rig, "job ") == list(TASKS)
    assert completed(rig, "job su") == [
        "submit",
        "result",
    ]  # that begin so, then those that have it elsewhere
    assert completed(rig, "job cancel ") == []
    rig.tell(rig.taken(4), rig.heard.craft.event("jobs.taken", 200 * NS, 7, 8, b"acme/other"))
    assert completed(rig, "job cancel ") == ["7", "4"]
    assert "4" in completed(rig, "job show ")
    assert completed(rig, "job submit de") == ["mo.job"]
    assert completed(rig, "job list ") == []


def test_every_task_has_a_rule_and_help():
    parser = verbs_parser()
    for task, words in TASKS.items():
        text = " ".join(parser.verbs["job"].format_help().split())
        assert task in text
        assert words in text


@pytest.mark.parametrize(
    ("line", "online"),
    [
        ("job list", True),
        ("job plan", True),
        ("job cancel 3", True),
        ("job show 3", True),
        ("job show acme/demo", True),
        ("job show demo.job", False),
        ("job show ./demo.job", False),
        ("job show gone.job", False),
        ("job result 3", True),
        ("job result gone.result", False),
        ("job replay plans/0000000001.plan", True),
        ("job submit demo.job", True),
        ("job keys x --owner acme", False),
        ("job row x.pub", False),
        ("job tenants demo.job", True),
        ("job tenants --own", True),
    ],
)
def test_what_needs_a_ground(line: str, online: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo.job").write_bytes(b"")
    assert is_online(verbs_parser().parse_args(line.split())) is online


@pytest.mark.parametrize("task", ["submit", "when", "tenants"])
def test_a_file_that_is_missing_is_told_before_a_ground_is_looked_for(task: str):
    with pytest.raises(UsageError, match=f"job {task}: gone.job is no file"):
        is_online(verbs_parser().parse_args(["job", task, "gone.job"]))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("job cancel x", "expected a whole number"),
        ("job tenants", "one of the arguments FILE --own is required"),
        ("job tenants x --own", "not allowed with"),
        ("job row x.pub --cores many", "invalid int value"),
        ("job cancel", "the following arguments are required: NUMBER"),
        ("job lst", "did you mean list"),
        ("job plan --svg", "expected one argument"),
    ],
)
def test_slips(line: str, says: str):
    with pytest.raises(UsageError, match=says):
        verbs_parser().parse_args(line.split())


def test_the_boards_key_beside_the_grounds_folder_is_found(rig: Rig, tmp_path: Path):
    rig.file("results/acme-demo-7.result", result_octets())
    assert "not checked" in " ".join(rig.say("job result acme-demo-7")[1])
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "board-key.pub").write_text(BOARD.line() + "\n")
    _, lines = rig.say("job result acme-demo-7")
    assert any(line.startswith("signature    right, by key") for line in lines)


@pytest.mark.parametrize(
    ("joules", "says"), [(0, "0 J"), (359, "359 J"), (360, "0.1 Wh"), (7200, "2.0 Wh"), (7.2e6, "2.0 kWh")]
)
def test_energy(joules: float, says: str):
    assert energy(joules) == says
