"""`skyrack-ground` in one line: exit codes, where the server is found, exports and the audit log from the folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest
from pyarrow import parquet

from flight.dictionary import to_json
from ground.__main__ import main
from ground.protocol import NoServerError, UsageError
from ground.server import serve
from ground.server.serve import ServerSettings
from ground.shell.find import find_folder, find_server
from ground.socket_line import SocketLine

NS = 1_000_000_000
pytestmark = pytest.mark.slow  # most start a server, and a spacecraft to go with it


@pytest.fixture
def run(served, capsys):
    """(exit code, lines on standard output, lines on standard error)."""

    def run(*words: str) -> tuple[int, list[str], list[str]]:
        code = main(["--folder", str(served.folder), "--name", "anna", *words])
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err.splitlines()

    return run


def test_a_command_and_its_exit_codes(run):
    code, out, err = run("command", "power.switch", "rail=navigation", "on=false")
    assert (code, err) == (0, [])
    assert out[-1].endswith("power.switch rail=navigation on=off: completed")
    code, out, err = run("command", "health.shutdown")
    assert (code, err) == (1, [])
    assert "refused: not armed" in out[-1]
    code, out, err = run("command", "power.switch", "rail=navigaton", "on=false")
    assert (code, out) == (2, [])
    assert len(err) == 1
    assert err[0].startswith("skyrack-ground: power.switch: rail is one of computer")


def test_the_words_of_the_command_line(run):
    assert run("set", "parameter", "power.floor=0.65")[0] == 0
    assert run("get", "parameter", "power.floor", "--plain")[1] == ["0.65"]
    assert run("arm", "health.shutdown")[0] == 0
    code, out, _ = run("watch", "power.status.charge", "--count", "2")
    assert (code, len(out)) == (0, 2)
    assert run("get", "power.status.charge")[0] == 0
    assert run("events", "--severity", "medium")[0] == 0
    assert len(run("history", "--limit", "2")[1]) == 2
    for verb in ("link", "gaps", "alarms", "snapshot", "seat", "test"):
        assert run(verb)[0] == 0, verb
    code, out, err = run("histroy")
    assert (code, out, err) == (2, [], ["skyrack-ground: 'histroy' is unknown, did you mean history?"])


def test_the_seat_outlives_the_line_that_took_it(run, served, capsys):
    assert run("seat", "take", "--lease", "600")[0] == 0
    assert main(["--folder", str(served.folder), "--name", "ben", "command", "commands.nothing"]) == 1
    assert "anna (127.0.0.1 " in capsys.readouterr().err
    assert run("command", "commands.nothing")[0] == 0
    assert "keeps it for 9 min" in run("seat")[1][0]
    assert run("seat", "release")[1] == ["the commanding seat is free"]


def test_what_is_kept_can_be_read_beside_the_server_and_without_it(run, served, tmp_path):
    run("command", "commands.nothing")
    for _ in range(2):
        code, out, _ = run("audit", "verify")
        assert code == 0
        assert out[0].endswith(" entries, unbroken")
        code, out, _ = run("audit", "show", "--limit", "2")
        assert len(out) == 2
        assert "anna (127.0.0.1" in out[0]
        code, out, _ = run("export", "--packet", "power.status", "-o", str(tmp_path / "power.csv"))
        assert code == 0
        rows = (tmp_path / "power.csv").read_text().splitlines()
        assert out == [f"{len(rows) - 1:,} rows in {tmp_path / 'power.csv'}"]
        assert rows[0].startswith("time_ns,record,battery_voltage")
        code, out, _ = run("export", "--packet", "power.status", "--format", "jsonl")
        assert json.loads(out[0])["charge"] == pytest.approx(0.9, abs=0.1)
        assert run("export", "--events")[1][0] == "time_ns,record,label,severity,text"
        texts = [json.loads(line)["text"] for line in run("export", "--commands", "--format", "jsonl")[1]]
        assert texts[0] == "commands.nothing"
        served.stop()
    code, out, err = run("link")
    assert (code, out, len(err)) == (2, [], 1)
    assert "is not running: start one with `skyrack-sim live`" in err[0]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--packet", "power.statos"), "power.statos: no such packet, did you mean power.status"),
        (("--events", "--format", "jsonl"), "events are written as csv, commands as jsonl, not jsonl"),
        (("--packet", "power.status", "--format", "parquet"), "parquet is for --packet, and needs -o FILE"),
        (("--packet", "power.status", "--format", "xml"), "'xml' is unknown, expected csv, jsonl, parquet"),
        (("--packet", "power.status", "-o", "/nonexistent/x.csv"), "No such file or directory"),
    ],
)
def test_an_export_that_cannot_be_made_is_one_line(run, words, complaint):
    code, out, err = run("export", *words)
    assert (code, out, len(err)) == (2, [], 1)
    assert complaint in err[0]


def test_the_name_of_its_file_chooses_the_format_of_an_export(run, tmp_path):
    run("command", "commands.nothing")
    packet = ("export", "--packet", "power.status")

    def begins(name: str, *words: str) -> bytes:
        path = tmp_path / name
        assert run(*words, "-o", str(path))[0] == 0
        return path.read_bytes()[:8]

    assert begins("x.parquet", *packet)[:4] == b"PAR1"
    assert begins("X.PARQUET", *packet)[:4] == b"PAR1"
    assert begins("x.jsonl", *packet) == b'{"time_n'
    assert begins("x.ndjson", *packet) == b'{"time_n'
    assert begins("x.csv", *packet) == begins("x.txt", *packet) == begins("x", *packet) == b"time_ns,"
    assert begins("y.parquet", *packet, "--format", "csv") == b"time_ns,", "what is said counts first"
    assert begins("events.csv", "export", "--events") == begins("events", "export", "--events") == b"time_ns,"
    for name in ("commands.jsonl", "commands"):
        assert begins(name, "export", "--commands") == b'{"number'
    for what, name in (("--events", "x.jsonl"), ("--commands", "x.csv"), ("--commands", "x.parquet")):
        path = tmp_path / "no" / name
        code, _, err = run("export", what, "-o", str(path))
        assert (code, len(err)) == (2, 1)
        assert "written as" in err[0] or "parquet is for" in err[0]


def test_parquet_from_the_command_line(run, tmp_path, monkeypatch):
    run("command", "commands.nothing")
    path = tmp_path / "power.parquet"
    words = ("export", "--packet", "power.status", "--format", "parquet", "-o", str(path))
    code, out, _ = run(*words)
    table = parquet.read_table(path)
    assert (code, out) == (0, [f"{table.num_rows:,} rows in {path}"])
    assert table.num_rows > 0
    assert table.column("charge").to_pylist()[-1] == pytest.approx(0.9, abs=0.1)

    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr("ground.export.import_module", missing)
    assert run(*words) == (2, [], ["skyrack-ground: Parquet needs pyarrow: pip install 'skyrack[parquet]'"])


def test_a_log_that_was_changed_or_cut_off_is_found_out(run, served):
    run("command", "commands.nothing")
    served.stop()
    log = served.folder / "audit.jsonl"
    lines = log.read_text().splitlines()
    log.write_text("\n".join(lines[:-1]) + "\n")
    code, out, _ = run("audit", "verify")
    assert code == 1
    assert "entry 3 is missing or was changed: the log was cut off or replaced" in out[0]
    log.write_text("\n".join([lines[0], lines[2]]) + "\n")
    code, out, _ = run("audit", "verify")
    assert (code, out[0].endswith("line 2: entry 3 follows entry 1")) == (1, True)


@pytest.fixture
def interruptible():
    """A shell starts what runs in the background with SIGINT ignored, and so are then the tests."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_stopping_to_wait_leaves_the_command_under_way(run, served, station, monkeypatch):
    while "contact" not in served.said:
        run("link")
    station.simulation.silenced.add(0)
    while served.said[-1] != "contact lost":
        run("link")
    waits = SocketLine.wait

    def interrupted(line: SocketLine, until_ns: int) -> None:
        if served.server.ground.uplink.queue:
            os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C would, in the middle of waiting
        waits(line, until_ns)

    monkeypatch.setattr(SocketLine, "wait", interrupted)
    code, out, _ = run("command", "commands.nothing")
    assert code == 130
    assert out[-1].startswith("#1 goes on without you (queued")
    assert [one.text for one in served.server.ground.uplink.queue] == ["commands.nothing"]


# ---------------------------------------------------------------- without a server


def test_no_server_is_one_line_that_says_how_to_start_one(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["events"]) == 2
    assert capsys.readouterr().err == (
        "skyrack-ground: no ground in runs/live: "
        "start one with `skyrack-sim live`, or `skyrack-ground server --help`\n"
    )
    assert main(["--server", "here:1", "events"]) == 2
    assert "'here:1' is no address: expected tcp://HOST:PORT" in capsys.readouterr().err


def test_the_live_run_is_found_from_where_it_was_started(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ground = tmp_path / "runs" / "live" / "ground"
    ground.mkdir(parents=True)
    where = {"listen": "tcp://127.0.0.1:4711", "pid": os.getpid()}
    (ground / "server.json").write_text(json.dumps(where))
    assert find_server(None, None) == "tcp://127.0.0.1:4711"
    (tmp_path / "runs" / "live" / "live.json").write_text('{"ground_folder": "elsewhere"}')
    with pytest.raises(NoServerError, match="no ground in runs/live/elsewhere"):
        find_folder(None)
    ground.rename(tmp_path / "runs" / "live" / "elsewhere")
    assert find_server(None, None) == "tcp://127.0.0.1:4711"
    assert find_server("tcp:127.0.0.1:1", None) == "tcp://127.0.0.1:1"
    with pytest.raises(UsageError):
        find_server("http://x", None)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"listen": 3, "pid": 1}', '{"listen": "tcp://x:1", "pid": "one"}']
)
def test_a_file_that_makes_no_sense_is_no_server(tmp_path, text):
    (tmp_path / "server.json").write_text(text)
    with pytest.raises(NoServerError, match="is not running"):
        find_server(None, tmp_path)


def test_a_server_that_died_is_noticed_at_once(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    (tmp_path / "server.json").write_text(json.dumps({"listen": "tcp://127.0.0.1:1", "pid": ended.pid}))
    with pytest.raises(NoServerError, match="is not running"):
        find_server(None, tmp_path)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "the following arguments are required: verb"),
        (["server", "--folder", "x"], "the following arguments are required: --link/--station, --dictionary"),
        (
            ["--station", "nowhere"],
            "'nowhere' is no link, expected serial:DEVICE@BAUD, tcp:HOST:PORT or udp:HOST:PORT",
        ),
        (["--dictionary", "nosuch.json"], "No such file or directory: 'nosuch.json'"),
        (["--dictionary", "pyproject.toml"], "pyproject.toml: dictionary cannot be read"),
        (["--listen", "here"], "--listen 'here': expected PORT or HOST:PORT"),
        (["--listen", "70000"], "--listen '70000': expected PORT or HOST:PORT"),
        (["--speed", "0"], "--speed 0.0: expected more than 0"),
        (["--speed", "nan"], "--speed nan: expected more than 0"),
        (["--utc", "yesterday"], "--utc 'yesterday': expected a time with its zone"),
        (["--utc", "2026-04-24T06:16:24"], "--utc '2026-04-24T06:16:24': expected a time with its zone"),
    ],
)
def test_a_server_that_cannot_begin_says_why_in_one_line(station, tmp_path, capsys, words, complaint):
    dictionary = tmp_path / "dictionary.json"
    dictionary.write_text(to_json(station.dictionary))
    good = {"--station": "tcp:127.0.0.1:1", "--dictionary": str(dictionary), "--folder": str(tmp_path / "g")}
    if words and words[0] != "server":
        good[words[0]] = words[1]
        words = ["server", *(word for pair in good.items() for word in pair)]
    assert main(words) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert complaint in err


def test_nobody_reading_is_no_error(served):
    command = [sys.executable, "-m", "ground", "--folder", str(served.folder), "dictionary"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.readline()
        started.stdout.close()
        assert started.stderr.read() == b""


@pytest.mark.parametrize(
    ("words", "start_ns"),
    [
        ((), None),
        (("--utc", "2026-04-24T06:16:24Z"), 1_777_011_384 * NS),
        (("--utc", "2026-04-24T08:16:24.000250+02:00"), 1_777_011_384 * NS + 250_000),
        # what has gone by on this machine since then, as fast as the world goes
        (("--utc", "2026-04-24T06:16:24Z", "--utc-at", str(90 * NS), "--speed", "60"), 1_777_011_984 * NS),
        (("--utc", "2026-04-24T06:16:24Z", "--utc-at", str(90 * NS)), 1_777_011_394 * NS),
    ],
)
def test_what_the_clock_of_a_server_shows_at_its_start(
    dictionary, monkeypatch, tmp_path, words: tuple[str, ...], start_ns: int | None
) -> None:
    began = []

    class Noted:
        def __init__(self, settings: ServerSettings, *_: object) -> None:
            began.append(settings.start_ns)

        def run(self) -> None:
            pass

    path = tmp_path / "dictionary.json"
    path.write_text(to_json(dictionary))
    monkeypatch.setattr(serve, "Server", Noted)
    monkeypatch.setattr("ground.__main__.time.monotonic_ns", lambda: 100 * NS)
    where = ["--dictionary", str(path), "--station", "tcp:127.0.0.1:1", "--folder", str(tmp_path)]
    assert main(["server", *where, *words]) == 0
    assert began == [start_ns]
