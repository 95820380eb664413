"""kill -9 of a real process at any moment, again and again on the same archive."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flight.dictionary import to_json
from ground.archive import Archive, rebuild
from ground.segments import SegmentReader

ROOT = Path(__file__).parents[2]


def kill_and_look(folder, dictionary, chance, seen):
    """One life of a writer.  What it had said it received must be there, readable and right."""
    child = subprocess.Popen(
        [sys.executable, Path(__file__).with_name("kill_child.py"), folder], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    for _ in range(chance.randint(1, 400)):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    rest = child.stdout.read().splitlines(keepends=True)
    lines = [line for line in rest if line.endswith(b"\n")]
    promised, commands = (int(word) for word in lines[-1].split()[1:]) if lines else seen
    child.stdout.close()
    assert child.wait() == -signal.SIGKILL
    archive = Archive(folder / "archive", dictionary)
    columns = archive.query.packets("power.status")
    counts = sorted(columns.values["count"].tolist())
    assert counts == list(range(len(counts))), "each once, none wrong, none missing"
    assert len(counts) >= promised
    assert archive.query.gaps(2) == []
    assert archive.query.next_command() >= commands
    assert archive.damaged_octets == 0, "a write is whole or not at all when only the process dies"
    archive.close()
    return len(counts), commands


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path, dictionary):
    kill_often(tmp_path, dictionary, 5)


@pytest.mark.long
def test_killed_at_many_random_moments(tmp_path, dictionary):
    kill_often(tmp_path, dictionary, 60)


def kill_often(folder, dictionary, times):
    (folder / "dictionary.json").write_text(to_json(dictionary))
    chance, seen = random.Random(5), (0, 1)
    for _ in range(times):
        seen = kill_and_look(folder, dictionary, chance, seen)
    assert seen[0] > 0
    rebuilt = rebuild(folder / "archive", dictionary)
    assert len(rebuilt.query.packets("power.status")) == seen[0]
    rebuilt.close()
    assert sum(1 for _ in SegmentReader(folder / "archive" / "segments").records()) > 0
