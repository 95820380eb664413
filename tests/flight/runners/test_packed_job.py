"""From a folder to a receipt: packed, unpacked, stopped, run on, collected, signed and verified."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from flight.boards.clock import monotonic
from flight.declare.running import ExitReason, JobState
from flight.jobs import (
    Account,
    Check,
    Closed,
    Ended,
    FileHash,
    Gate,
    Kind,
    Run,
    Signer,
    encode_receipt,
    receipt_of,
    unlimited,
)
from flight.missions.ai_rack import MISSION
from flight.runners.manifests import job_of, limits_of
from flight.workers.job_outputs import collect
from flight.workers.unpacking import unpack
from ground.__main__ import main
from ground.jobs import make_key, pack, read_key
from tests.flight.runners.conftest import interpreter

pytestmark = pytest.mark.slow

# Counts to a thousand; a stop reaches it at 100, for it goes on only when it is asked.
PROGRAM = """
import skyrack_job

job = skyrack_job.start(phases=("count",))
job.phase("count")
state = job.restore()
number, total = map(int, (state or b"0 0").split())
if state is None:
    while job.wanted() is None:
        job.heartbeat()
while number < 1000:
    number += 1
    total += number
    if number % 100 == 0 and job.checkpoint_due(0.0):
        job.checkpoint(b"%d %d" % (number, total))
job.write("total.txt", b"%d\\n" % total)
"""
JOB = """
name = "sums"
runtime = "cpython"
entry = "main.py"
sdk = true
work_s = 10
value = 5
preemptible = true
resources = { memory_mb = 64, disk_mb = 1 }
levels = [{ power_w = 6, speed_milli = 1000 }]
outputs = [{ path = "total.txt", size_most = 100 }]
"""


def test_from_a_folder_to_a_receipt(bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    source = tmp_path / "sums"
    source.mkdir()
    (source / "main.py").write_text(PROGRAM)
    (source / "job.toml").write_text(JOB)
    tenant = make_key(tmp_path / "acme", "acme")
    make_key(tmp_path / "board", "rack_1")
    packed = pack(source, tmp_path / "sums.job", read_key(tmp_path / "acme"), catalogue=MISSION.catalogue)

    number, folders = bench.prepare("")
    package = Path(folders.package)
    (package / "main.py").unlink()
    package.rmdir()
    octets = (tmp_path / "sums.job").read_bytes()
    pieces = (octets[start : start + 900] for start in range(0, len(octets), 900))
    gate = Gate((unlimited("acme", tenant.key),), MISSION.catalogue)
    closed = unpack(pieces, package, gate)
    assert isinstance(closed, Closed)
    assert (closed.manifest, closed.sha256) == (packed.manifest, packed.sha256)

    runs = []
    for again in (False, True):
        job = job_of(number + again, closed.manifest, Kind.PYTHON, interpreter(bench.isolation))
        bench.folders[number + again] = bench.folders[number]
        assert bench.runner.start(job, limits_of(closed.manifest), folders, monotonic()) is None
        if not again:
            bench.until(lambda: bench.entry(number).phase == "count")
            assert bench.runner.stop(number, 5 * 10**9, monotonic()) is None
        entry = bench.until_state(number + again, JobState.ENDED)
        ended = Ended.DONE if again else Ended.STOPPED
        runs.append(Run(0, "rack_a", entry.started_at, entry.changed_at, 0, ended, entry.code, 0, 0))
        assert entry.reason is (ExitReason.COMPLETED if again else ExitReason.STOPPED), entry
        assert entry.checkpoints <= 10

    outputs = collect(Path(folders.outputs), closed.manifest)
    assert outputs == (FileHash("total.txt", 7, sha256(b"500500\n").digest()),)
    account = Account(Ended.DONE, "", (), outputs, tuple(runs), (Check("output-sizes", held=True),))
    receipt = receipt_of(closed, MISSION.catalogue[:1], account, Signer(0x2B, "rack-1"))
    (tmp_path / "receipt").write_bytes(encode_receipt(receipt, read_key(tmp_path / "board").private))
    against = ["--package", str(tmp_path / "sums.job"), "--outputs", folders.outputs]
    assert (
        main(["job", "verify", str(tmp_path / "receipt"), "--key", str(tmp_path / "board.pub"), *against])
        == 0
    )
    out = capsys.readouterr().out
    assert "stopped, status 75" in out
    assert "done, status 0" in out
