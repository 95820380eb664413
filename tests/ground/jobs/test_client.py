"""Jobs of a spacecraft from Python and by words: up, told of, down, planned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from flight.jobs import Ended, FileHash
from flight.planning import Binding, record_octets
from ground.jobs import JobError, JobRefusedError, Jobs, NoPlanError, PublicKey
from ground.jobs.tenancy import tenant_row
from ground.protocol import NS, NotReceivedError, UsageError
from ground.shell.desk import STOPPED
from ground.shell.filing import GOES_ON
from ground.shell.jobs import UNSIGNED
from ground.shell.orbit import UNKNOWN
from ground.transfers import Transfer, TransferState
from tests.flight.jobs.made import MANIFEST, RECEIPT, package
from tests.ground.conftest import make_dictionary
from tests.ground.jobs.rig import BOARD, NAME, Rig, result_octets
from tests.ground.jobs.test_forecasting import FIRST_NS, easy, plan_of, record

ANOMALY = list(Binding).index(Binding.ANOMALY)


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    path = tmp_path / "demo.job"
    path.write_bytes(package())
    return path


def test_submit_sends_the_file_and_has_it_taken(rig: Rig, packed: Path):
    rig.heard.then = [rig.taken()]
    found = rig.jobs.submit(packed)
    assert (found.number, found.title, found.serial) == (4, "acme/demo", 7)
    assert rig.put == [NAME]
    (sent,) = [one for one in rig.craft.history() if one.label == "jobs.take"]
    assert sent.text == f"jobs.take file=text:{NAME}"
    with pytest.raises(JobError, match="is on board already"):
        rig.jobs.submit(packed)
    assert rig.put == [NAME]


def test_a_refusal_is_the_spacecrafts_word(rig: Rig, packed: Path):
    rig.heard.refusal = "over the tenant's quota: jobs on board"
    with pytest.raises(JobRefusedError, match="jobs/acme-demo-7.job: .*over the tenant's quota"):
        rig.jobs.submit(packed)
    rig.heard.refusal = "wrong signature"
    code, lines = rig.say(f"job submit {packed}")
    assert code == 1
    assert "wrong signature" in lines[-1]


def test_one_that_the_plan_has_refused_may_be_sent_again(rig: Rig, packed: Path):
    craft = rig.heard.craft
    rig.tell(
        rig.taken(3),
        craft.event("jobs.refused", 120 * NS, 3, f"{NAME}: misses its deadline: energy".encode()),
    )
    rig.heard.then = [rig.taken(5)]
    assert rig.jobs.submit(packed).number == 5
    assert rig.put == [NAME]


def test_a_package_that_is_not_right_goes_nowhere(rig: Rig, packed: Path, tmp_path: Path):
    packed.write_bytes(packed.read_bytes()[:-1])
    with pytest.raises(JobError, match="ends too early"):
        rig.jobs.submit(packed)
    assert rig.put == []


def test_submit_by_words(rig: Rig, packed: Path):
    rig.heard.then = [rig.taken()]
    code, lines = rig.say(f"job submit {packed}")
    assert code == 0
    assert lines[-1] == "job 4: acme/demo, serial 7, is in the book on board"


def test_at_a_prompt_it_is_taken_when_its_transfer_is_done(rig: Rig, packed: Path):
    from ground.shell.filing import settle

    rig.desk.at_prompt = True
    assert rig.say(f"job submit {packed}") == (0, [])
    (number,) = rig.desk.follows
    failed = Transfer(99, True, NAME, state=TransferState.FAILED, reason="no room")
    rig.desk.follows[99] = ("jobs.take", NAME)
    settle(rig.desk, failed)
    assert not rig.craft.history()
    settle(rig.desk, Transfer(number, True, NAME, 10, state=TransferState.DONE))
    assert [one.text for one in rig.craft.history()] == [f"jobs.take file=text:{NAME}"]
    assert not rig.desk.follows


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "acme.toml"
    path.write_text(tenant_row(PublicKey("acme", BOARD.key)))
    return path


def test_a_table_of_tenants_goes_up_and_is_put_in_force(rig: Rig, table: Path):
    assert rig.say(f"job tenants {table}")[0] == 0
    assert rig.put == ["tenants.toml"]
    assert [one.text for one in rig.craft.history()] == ["jobs.tenants file=text:tenants.toml"]
    rig.heard.refusal = "tenants.toml: no TOML"
    code, lines = rig.say(f"job tenants {table}")
    assert code == 1
    assert "no TOML" in lines[-1]


def test_the_missions_own_table_again(rig: Rig):
    assert rig.say("job tenants --own")[0] == 0
    assert rig.put == []
    assert [one.text for one in rig.craft.history()] == ["jobs.tenants file="]


def test_a_table_waits_for_a_pass_and_who_does_not_is_told_that_it_goes_on(
    rig: Rig, table: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rig.craft.files, "put", interrupted)
    assert rig.say(f"job tenants {table}") == (STOPPED, [GOES_ON])
    rig.heard.ground.contact(False, rig.heard.now.ground_ns)
    assert rig.say(f"job tenants {table}") == (STOPPED, ["no contact: it waits for the next pass", GOES_ON])
    assert not rig.craft.history()


def test_a_wrong_table_goes_nowhere(rig: Rig, table: Path):
    table.write_text(table.read_text().replace("cores = 1", "cores = 0"))
    with pytest.raises(JobError, match=r"tenants\[0\].quota.cores: 0; expected"):
        rig.jobs.put_in_force(table)
    assert (rig.put, rig.craft.history()) == ([], [])


def test_at_a_prompt_a_table_is_put_in_force_when_its_transfer_is_done(rig: Rig, table: Path):
    from ground.shell.filing import settle

    rig.desk.at_prompt = True
    assert rig.say(f"job tenants {table}") == (0, [])
    (number,) = rig.desk.follows
    settle(rig.desk, Transfer(number, True, "tenants.toml", 10, state=TransferState.DONE))
    assert [one.text for one in rig.craft.history()] == ["jobs.tenants file=text:tenants.toml"]


def test_who_waits_for_the_anomaly_is_told_that_the_orbit_is_not_known(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
):
    rig.row(165, 9, "WAITING", binding=ANOMALY)
    assert UNKNOWN not in rig.say("job list")[1]
    monkeypatch.setattr("ground.shell.jobs.orbit_unknown", lambda desk: True)
    assert UNKNOWN in rig.say("job list")[1]
    rig.row(170, 9, "WAITING", binding=0)
    assert UNKNOWN not in rig.say("job list")[1]


def test_a_board_without_a_key_is_told_of_wherever_jobs_are_shown(rig: Rig, monkeypatch: pytest.MonkeyPatch):
    rig.row(165, 9, "WAITING")
    shown = [rig.say(line)[1][-1] for line in ("job list", "job show 9")]
    assert not [line for line in shown if UNSIGNED in line]
    known = rig.craft.dictionary
    entry = SimpleNamespace(fields=[SimpleNamespace(name="plans")])  # of a mission that does not tell it
    wider = SimpleNamespace(
        packets_by_label={**known.packets_by_label, "jobs.status": entry},
        packets=known.packets,
        commands_by_label=known.commands_by_label,
    )
    monkeypatch.setattr(rig.craft, "dictionary", wider)
    assert not [line for line in rig.say("job list")[1] if UNSIGNED in line]
    entry.fields = [SimpleNamespace(name="receipts")]
    for told, says in (("SIGNED", False), ("UNSIGNED", True)):
        monkeypatch.setattr(rig.craft, "get", lambda _path, told=told: told)
        shown = [rig.say(line)[1][-1] for line in ("job list", "job show 9")]
        assert [UNSIGNED in line for line in shown] == [says, says]


def test_list_and_show(rig: Rig):
    assert rig.say("job list") == (0, ["no jobs have been told of"])
    rig.tell(rig.taken(), rig.heard.craft.event("jobs.started", 150 * NS, 4, 1, 1))
    rig.row(160, 4, "RUNNING", board=1, progress_milli=250, energy_j=7200, attempts=1, finish_s=900, value=40)
    rig.row(165, 9, "WAITING", binding=7, station_pass=2)
    rig.row(170, 3, "DELIVERED", progress_milli=1000)
    code, lines = rig.say("job list")
    assert code == 0
    assert lines[0].split() == ["#", "job", "state", "board", "done", "energy", "when", "waits", "for"]
    assert lines[1].split()[:6] == ["4", "acme/demo", "running", "rack_b", "25", "%"]
    assert " 2.0 Wh " in lines[1]
    assert " until T+" in lines[1]
    assert lines[2].endswith("not planned: downlink volume of pass 2")
    assert lines[3] == "1 more is over: `job list --all`"
    assert len(rig.say("job list --all")[1]) == 4
    code, lines = rig.say("job show 4")
    assert code == 0
    assert lines[0] == "job          4: acme/demo, serial 7"
    assert any(
        line.startswith("run          T+") and line.endswith("still runs, on rack_b") for line in lines
    )
    assert any(line.startswith("waited       50 s") for line in lines)
    for word in ("demo", "acme/demo", "acme-demo-7"):
        assert rig.say(f"job show {word}")[1] == lines
    with pytest.raises(UsageError, match="no job 5 has been told of"):
        rig.say("job show 5")
    with pytest.raises(UsageError, match="nothing: no such job"):
        rig.say("job show nothing")


def test_cancel(rig: Rig):
    with pytest.raises(UsageError, match="no job 4"):
        rig.say("job cancel 4")
    rig.tell(rig.taken())
    code, lines = rig.say("job cancel 4 --wait 60")
    assert code == 0
    assert lines[-1].endswith("jobs.cancel job=4: completed")


def test_result(rig: Rig, tmp_path: Path):
    rig.tell(rig.taken())
    rig.row(160, 4, "SENDING")
    with pytest.raises(NotReceivedError, match="acme/demo: its result is not here: its result comes down"):
        rig.jobs.result(4, BOARD)
    assert rig.say("job result 4")[0] == 1
    rig.file("results/acme-demo-7.result", result_octets())
    for word in (4, "4", "acme/demo", "acme-demo-7", "results/acme-demo-7.result"):
        found = rig.jobs.result(word, BOARD)
        assert (found.standard_output, found.receipt.ended) == ("hi\n", Ended.DONE)
        assert found.signature.startswith("right, by key")
    rig.jobs.result(4, BOARD, tmp_path / "out")
    assert (tmp_path / "out" / "outputs" / "result.txt").read_bytes() == b"hello"
    code, lines = rig.say(f"job result acme/demo --to {tmp_path / 'more'}")
    assert code == 0
    assert "printed      hi" in lines
    assert "signature    not checked: give the board's key by --key" in lines
    assert (tmp_path / "more" / "receipt").is_file()


def test_plan_when_and_replay(rig: Rig, tmp_path: Path):
    with pytest.raises(NoPlanError, match="no plan has come down yet"):
        rig.say("job plan")
    rig.file("plans/0001.plan", record_octets(record()))
    newest = rig.jobs.plan()
    assert newest.name == "plans/0001.plan"
    code, lines = rig.say(f"job plan --svg {tmp_path / 'plan.svg'}")
    assert code == 0
    planned = len(plan_of(record()).placements)
    assert lines[0].startswith(f"Plan of 2027-01-15 08:00:00 UTC: {planned} jobs planned")
    assert len(lines) == 2 + len(record().problem.jobs) + 1
    assert (tmp_path / "plan.svg").read_text().startswith("<svg ")
    path = tmp_path / "easy.job"
    path.write_bytes(package(easy()))
    rig.heard.now = replace_ground(rig, FIRST_NS + 600 * NS)
    code, lines = rig.say(f"job when {path}")
    assert code == 0
    assert lines[0].startswith("acme/demo/7: 08:")
    assert rig.say("job replay 0001")[1][0].endswith("the same bit for bit")
    kept = tmp_path / "kept.plan"
    kept.write_bytes(record_octets(record()))
    assert rig.say(f"job replay {kept}")[0] == 0
    with pytest.raises(UsageError, match="0002: no such plan"):
        rig.say("job replay 0002")


def replace_ground(rig: Rig, ground_ns: int):
    return rig.heard.now._replace(ground_ns=ground_ns)


def test_a_mission_without_jobs(rig: Rig):
    rig.craft.dictionary = make_dictionary()
    with pytest.raises(UsageError, match="small takes no jobs"):
        Jobs(rig.craft)


def test_words_that_need_no_ground(run: Callable[..., tuple[int, str, str]], packed: Path, tmp_path: Path):
    assert run("submit", tmp_path / "gone")[2].endswith("gone is no file\n")
    path = tmp_path / "x.result"
    path.write_bytes(result_octets())
    status, out, _ = run("result", path)
    assert status == 0
    assert "ended        done; 417 J in 2 runs" in out
    path.write_bytes(result_octets(ended=Ended.FAILED, reason="exit status 3", outputs=()))
    status, out, _ = run("result", path)
    assert status == 1
    assert "ended        failed: exit status 3;" in out
    path.write_bytes(b"nonsense")
    status, out, err = run("result", path)
    assert (status, out) == (1, "")
    assert "job result" in err
    kept = tmp_path / "kept.plan"
    kept.write_bytes(b"nonsense")
    assert run("replay", kept)[0] == 1


def test_manifest_and_files_are_those_of_the_package():
    assert f"jobs/{MANIFEST.owner}-{MANIFEST.name}-{MANIFEST.serial}.job" == NAME
    assert isinstance(RECEIPT.outputs[0], FileHash)
