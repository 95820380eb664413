"""Control groups of each version, on folders with the kernel's file names: what is written where, what is read back."""

from __future__ import annotations

from pathlib import Path

import pytest

from flight.runners.cgroups import CORE, Groups, JobGroup, find_groups, leftovers

V2_FILES = {
    "cpu.max": "", "memory.max": "", "memory.swap.max": "", "memory.oom.group": "", "pids.max": "", "io.max": "",
    "cgroup.freeze": "", "cgroup.kill": "", "cgroup.procs": "", "cgroup.events": "populated 1\nfrozen 0\n",
    "cpu.stat": "usage_usec 1234\nuser_usec 1000\n", "memory.peak": "4096\n",
    "memory.events": "low 0\noom 2\noom_kill 3\n",
}  # fmt: skip


@pytest.fixture
def v2(tmp_path: Path) -> Path:
    """A delegated group: the kernel makes the files of a child with it, here they are made beforehand."""
    (tmp_path / "cgroup.procs").write_text("")
    (tmp_path / "cgroup.subtree_control").write_text("cpu memory pids io")
    (tmp_path / "job").mkdir()
    for name, text in V2_FILES.items():
        (tmp_path / "job" / name).write_text(text)
    return tmp_path


ALL = frozenset({"cpu", "memory", "pids", "io"})


def test_limits_by_version_2(v2):
    group = JobGroup(Groups(v2, ALL), "job")
    group.limit(1_500, 10_000, 32)
    group.limit_io("8:0", 1_000_000)
    assert group.held == ALL
    assert (v2 / "job" / "cpu.max").read_text() == "150000 100000"
    assert (v2 / "job" / "memory.max").read_text() == "12288"  # whole pages
    assert (v2 / "job" / "memory.swap.max").read_text() == "0"
    assert (v2 / "job" / "memory.oom.group").read_text() == "1"
    assert (v2 / "job" / "pids.max").read_text() == "32"
    assert (v2 / "job" / "io.max").read_text() == "8:0 wbps=1000000"
    assert group.limit_cpu(0)
    assert (v2 / "job" / "cpu.max").read_text() == "max 100000"
    assert group.limit_cpu(1)
    assert (v2 / "job" / "cpu.max").read_text() == "1000 100000"  # the least that the kernel takes


def test_a_limit_that_is_not_read_back_is_not_held(v2, monkeypatch):
    monkeypatch.setattr(
        "flight.runners.cgroups._read", lambda path: "7" if path.name == "pids.max" else path.read_text()
    )
    group = JobGroup(Groups(v2, ALL), "job")
    group.limit(1_000, 4_096, 32)
    assert group.held == {"cpu", "memory"}


def test_freeze_kill_and_accounts_by_version_2(v2):
    group = JobGroup(Groups(v2, ALL), "job")
    assert not group.frozen()
    assert group.freeze(True)
    assert (v2 / "job" / "cgroup.freeze").read_text() == "1"
    (v2 / "job" / "cgroup.events").write_text("populated 1\nfrozen 1\n")
    assert group.frozen()
    assert group.kill()
    assert (v2 / "job" / "cgroup.kill").read_text() == "1"
    (v2 / "job" / "cgroup.procs").write_text("12\n0\n34\n")
    assert group.processes() == [12, 34]
    assert (group.cpu_time_ns(), group.memory_peak_octets(), group.memory_kills()) == (1_234_000, 4096, 3)
    assert group.entrances == [str(v2 / "job" / "cgroup.procs")]


V1 = ("cpu", "cpuacct", "memory", "pids", "blkio", "freezer")


def v1_of(root: Path) -> Groups:
    files = {
        "cpu": {"cpu.cfs_quota_us": ""},
        "cpuacct": {"cpuacct.usage": "777\n"},
        "memory": {
            "memory.limit_in_bytes": "",
            "memory.max_usage_in_bytes": "8192\n",
            "memory.oom_control": "oom_kill_disable 0\noom_kill 1\n",
        },
        "pids": {"pids.max": ""},
        "blkio": {"blkio.throttle.write_bps_device": ""},
        "freezer": {"freezer.state": ""},
    }
    for controller in V1:
        (root / controller / "job").mkdir(parents=True)
        for name, text in {**files[controller], "cgroup.procs": ""}.items():
            (root / controller / "job" / name).write_text(text)
    return Groups(v1=tuple((controller, root / controller) for controller in V1))


def test_version_1(tmp_path):
    group = JobGroup(v1_of(tmp_path), "job")
    group.limit(500, 4_096, 8)
    group.limit_io("8:0", 5)
    assert group.held == ALL
    assert (tmp_path / "cpu" / "job" / "cpu.cfs_quota_us").read_text() == "50000"
    assert (tmp_path / "blkio" / "job" / "blkio.throttle.write_bps_device").read_text() == "8:0 5"
    assert group.freeze(True)
    assert group.frozen()
    assert group.freeze(False)
    assert not group.frozen()
    assert not group.kill()  # version 1 has no such file
    assert (group.cpu_time_ns(), group.memory_peak_octets(), group.memory_kills()) == (777, 8192, 1)
    assert len(group.entrances) == 6


def test_the_mixed_form_freezes_by_version_2_and_limits_by_version_1(v2, tmp_path):
    v1 = v1_of(tmp_path / "v1")
    group = JobGroup(Groups(v2, frozenset(), v1.v1), "job")
    assert (group.version[CORE], group.version["memory"], group.version["io"]) == (2, 1, 1)


def test_none_at_all():
    group = JobGroup(Groups(), "job")
    group.limit(1, 1, 1)
    assert not group.held
    assert [group.freeze(True), group.frozen(), group.kill(), group.lists, group.processes()] == [
        False
    ] * 4 + [[]]
    assert group.remove()


def test_a_group_with_processes_is_not_removed(v2):
    group = JobGroup(Groups(v2, ALL), "job")
    assert not group.remove()
    for name in V2_FILES:
        (v2 / "job" / name).unlink()
    assert group.remove()
    assert group.remove()  # twice is the same


def mounts_of(*rows: tuple[str, Path, str]) -> str:
    return "".join(f"none {place} {kind} {options} 0 0\n" for kind, place, options in rows)


def test_found_from_what_the_kernel_says(tmp_path):
    for name in ("memory/ours", "cpu", "unified/service"):
        (tmp_path / name).mkdir(parents=True)
    for folder in ("unified", "unified/service"):
        (tmp_path / folder / "cgroup.procs").write_text("")
        (tmp_path / folder / "cgroup.subtree_control").write_text("pids")
    mounts = mounts_of(
        ("ext4", tmp_path, "rw"),
        ("cgroup", tmp_path / "memory", "rw,relatime,memory"),
        ("cgroup", tmp_path / "cpu", "rw,cpu,cpuacct"),
        ("cgroup2", tmp_path / "unified", "rw"),
    )
    found = find_groups(mounts, "4:memory:/ours\n3:cpu,cpuacct:/\n0::/service\n")
    assert dict(found.v1) == {
        "memory": tmp_path / "memory" / "ours",
        "cpu": tmp_path / "cpu",
        "cpuacct": tmp_path / "cpu",
    }
    assert found.v2 == tmp_path / "unified" / "service"
    assert find_groups("", "") == Groups()


@pytest.mark.parametrize(("unit", "above"), [("jobs.service", True), ("system.slice", False)])
def test_one_above_if_that_has_more_and_is_no_slice(tmp_path, monkeypatch, unit, above):
    (tmp_path / unit / "flight").mkdir(parents=True)
    for folder in (unit, f"{unit}/flight"):
        (tmp_path / folder / "cgroup.procs").write_text("")
    has = {unit: frozenset({"cpu", "memory"}), "flight": frozenset[str]()}
    monkeypatch.setattr("flight.runners.cgroups._enable", lambda folder: has[folder.name])
    found = find_groups(mounts_of(("cgroup2", tmp_path, "rw")), f"0::/{unit}/flight\n")
    assert found.v2 == tmp_path / unit / ("" if above else "flight")


def test_leftovers(v2):
    (v2 / "skyrack-1-7").mkdir()
    (v2 / "other").mkdir()
    assert leftovers(Groups(v2, ALL), "skyrack-1-") == ["skyrack-1-7"]
