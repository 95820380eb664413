"""A real process on a real file system, killed in the middle of its work: what it acknowledged is there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from flight.drivers.posix_disk import PosixDisk
from flight.store import Recorder, Slots, StoreBudget

WRITER = """
import sys
from pathlib import Path
from flight.drivers.posix_disk import PosixDisk
from flight.store import Recorder, Slots, StoreBudget

disk = PosixDisk(Path(sys.argv[1]))
recorder = Recorder(disk, [StoreBudget("events", 200_000, 20_000)])
recorder.open()
slots = Slots(disk, "mode")
while True:
    count = recorder.extent(0).next
    recorder.append(0, count, [b"%d" % (count + index) + bytes(50) for index in range(3)])
    recorder.commit()
    slots.save(b"%d" % count)
    print(count + 2, flush=True)
"""


@pytest.mark.slow
def test_what_a_killed_process_acknowledged_is_there(tmp_path: Path) -> None:
    acknowledged: list[int] = []
    for life in range(4):
        command = [sys.executable, "-c", WRITER, str(tmp_path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            acknowledged += [int(process.stdout.readline()) for _ in range(20 + life)]
            process.kill()
            acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
        disk = PosixDisk(tmp_path)
        recorder = Recorder(disk, [StoreBudget("events", 200_000, 20_000)])
        recorder.open()
        found = dict(recorder.read(0, 0, 1 << 55, 1 << 20))
        assert all(packet == b"%d" % count + bytes(50) for count, packet in found.items())
        assert {last - index for last in acknowledged for index in range(3)} <= set(found)
        assert recorder.extent(0).next > acknowledged[-1]
        mode = Slots(disk, "mode").load()
        assert mode is not None
        assert int(mode) >= acknowledged[-1] - 2
        disk.close()
