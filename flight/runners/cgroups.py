"""Control groups, of whichever version the machine grants: limits, freezing, killing, accounts.

Version 2 needs a group that is delegated to us (systemd: `Delegate=yes`).  Version 1 and the mixed form, where version
2 is mounted beside it and can freeze and kill without any controller, are found too.  Nothing here waits.
Kernel documentation: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/.
"""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

PERIOD_US = 100_000  # of the processor quota, the kernel's default
V2_CONTROLLERS = ("cpu", "memory", "pids", "io")
V1_CONTROLLERS = ("cpu", "cpuacct", "memory", "pids", "blkio", "freezer")
CORE = "core"  # what version 2 does without a controller: freeze, kill, list
PIDS_MAX = 65_536  # read of one group; far above any limit that we set


@dataclass(frozen=True, slots=True)
class Groups:
    """Where groups of ours may be made: controller to folder, version 2 first."""

    v2: Path | None = None  # with `controllers`, and core functions even if that is empty
    controllers: frozenset[str] = frozenset()
    v1: tuple[tuple[str, Path], ...] = ()

    def folder(self, controller: str) -> tuple[int, Path] | None:
        """Version and folder; None if nobody has it."""
        if self.v2 is not None and (controller == CORE or controller in self.controllers):
            return 2, self.v2
        name = {"io": "blkio", CORE: "freezer"}.get(controller, controller)
        found = dict(self.v1).get(name)
        return None if found is None else (1, found)


def find_groups(mounts: str, own: str) -> Groups:
    """From the text of /proc/self/mounts and /proc/self/cgroup.  A place that takes no child of ours is left out."""
    paths = dict(_own_path(line) for line in own.splitlines() if line.count(":") >= 2)
    v1: list[tuple[str, Path]] = []
    v2, controllers = None, frozenset[str]()
    for line in mounts.splitlines():
        _, place, kind, options, *_ = line.split(" ")
        if kind == "cgroup2" and v2 is None:
            v2, controllers = _delegated(Path(place), paths.get("", "/"))
        elif kind == "cgroup":
            for name in set(options.split(",")) & set(V1_CONTROLLERS):
                folder = Path(place) / paths.get(name, "/").lstrip("/")
                if os.access(folder, os.W_OK):
                    v1.append((name, folder))
    return Groups(v2, controllers, tuple(sorted(v1)))


def _own_path(line: str) -> tuple[str, str]:
    _, names, path = line.split(":", 2)
    return (names.split(",")[0], path) if names else ("", path)


def _delegated(place: Path, own: str) -> tuple[Path | None, frozenset[str]]:
    """Our own group, or the one above it (systemd's DelegateSubgroup= puts us one below): the one whose children have
    most controllers.  A group with processes in it gives none to its children.  A slice is not ours to change."""
    here = place / own.lstrip("/")
    above = here.parent
    best: tuple[Path | None, frozenset[str]] = (None, frozenset())
    for folder in (here,) if here == place or above.suffix == ".slice" else (here, above):
        if not os.access(folder / "cgroup.procs", os.W_OK):
            continue
        enabled = _enable(folder)
        if best[0] is None or len(enabled) > len(best[1]):
            best = folder, enabled
    return best


def _enable(folder: Path) -> frozenset[str]:
    for name in V2_CONTROLLERS:
        with contextlib.suppress(OSError):
            (folder / "cgroup.subtree_control").write_text(f"+{name}")
    return frozenset(_read(folder / "cgroup.subtree_control").split()) & frozenset(V2_CONTROLLERS)


class JobGroup:
    """The groups of one job, one folder in each hierarchy."""

    def __init__(self, groups: Groups, name: str) -> None:
        self.version: dict[str, int] = {}
        self.folders: dict[str, Path] = {}
        self.held: frozenset[str] = frozenset()  # controllers whose limit has been read back
        for controller in (CORE, "cpu", "cpuacct", "memory", "pids", "io"):
            found = groups.folder(controller)
            if found is None:
                continue
            folder = found[1] / name
            with contextlib.suppress(OSError):
                folder.mkdir(exist_ok=True)
                self.version[controller], self.folders[controller] = found[0], folder

    @property
    def entrances(self) -> list[str]:
        """Files that a process writes 0 to, to come in with all that it will ever start."""
        return sorted({str(folder / "cgroup.procs") for folder in self.folders.values()})

    # ---------------------------------------------------------------- limits

    def limit(self, cores_milli: int, memory_octets: int, processes: int) -> None:
        """`held` says afterwards what was written, and read back as written."""
        done = {
            "cpu": self.limit_cpu(cores_milli),
            "memory": self._limit_memory(memory_octets),
            "pids": self._set("pids", "pids.max", "pids.max", str(processes)),
        }
        self.held = frozenset(name for name, held in done.items() if held)

    def limit_cpu(self, cores_milli: int) -> bool:
        quota = max(1_000, cores_milli * PERIOD_US // 1_000)  # the kernel takes none below 1 ms
        if self.version.get("cpu") == 2:
            text = f"{quota} {PERIOD_US}" if cores_milli else f"max {PERIOD_US}"
            return self._set("cpu", "cpu.max", "", text)
        return self._set("cpu", "", "cpu.cfs_quota_us", str(quota if cores_milli else -1))

    def _limit_memory(self, octets: int) -> bool:
        octets = -(-octets // os.sysconf("SC_PAGE_SIZE")) * os.sysconf(
            "SC_PAGE_SIZE"
        )  # the kernel counts pages
        self._set("memory", "memory.swap.max", "", "0")
        self._set("memory", "memory.oom.group", "", "1")
        return self._set("memory", "memory.max", "memory.limit_in_bytes", str(octets))

    def limit_io(self, device: str, octets_s: int) -> None:
        """`device` is "major:minor" of the whole disk.  Version 1 counts what is written past the cache alone."""
        v2, v1 = f"{device} wbps={octets_s}", f"{device} {octets_s}"
        if self._set("io", "io.max", "blkio.throttle.write_bps_device", v2, v1):
            self.held |= {"io"}

    def _set(self, controller: str, v2: str, v1: str, text: str, v1_text: str = "") -> bool:
        version = self.version.get(controller)
        name = v2 if version == 2 else v1
        if version is None or not name:
            return False
        text = v1_text if version == 1 and v1_text else text
        path = self.folders[controller] / name
        return _write(path, text) and _agrees(text, _read(path))

    # ---------------------------------------------------------------- freeze and kill

    def freeze(self, wanted: bool) -> bool:
        """Ask for it.  False if there is no freezer."""
        version = self.version.get(CORE)
        if version == 2:
            return _write(self.folders[CORE] / "cgroup.freeze", "1" if wanted else "0")
        if version == 1:
            return _write(self.folders[CORE] / "freezer.state", "FROZEN" if wanted else "THAWED")
        return False

    def frozen(self) -> bool:
        """Read back."""
        version = self.version.get(CORE)
        if version == 2:
            return "frozen 1" in _read(self.folders[CORE] / "cgroup.events")
        return version == 1 and _read(self.folders[CORE] / "freezer.state") == "FROZEN"

    def kill(self) -> bool:
        """All of it, by one write where the kernel can (5.14).  False if there is no such means."""
        return self.version.get(CORE) == 2 and _write(self.folders[CORE] / "cgroup.kill", "1")

    def processes(self) -> list[int]:
        """Of all its hierarchies: a job cannot leave one without the other, but it costs nothing to look."""
        found: set[int] = set()
        for entrance in self.entrances:
            found.update(int(word) for word in _read(Path(entrance)).split()[:PIDS_MAX])
        return sorted(found - {0})

    @property
    def lists(self) -> bool:
        return bool(self.folders)

    # ---------------------------------------------------------------- accounts

    def cpu_time_ns(self) -> int | None:
        if self.version.get("cpu") == 2:
            return _field(_read(self.folders["cpu"] / "cpu.stat"), "usage_usec", 1_000)
        if "cpuacct" in self.folders:
            return _number(_read(self.folders["cpuacct"] / "cpuacct.usage"))
        if self.version.get(CORE) == 2:  # counted without a controller, too
            return _field(_read(self.folders[CORE] / "cpu.stat"), "usage_usec", 1_000)
        return None

    def memory_peak_octets(self) -> int | None:
        if "memory" not in self.folders:
            return None
        name = "memory.peak" if self.version["memory"] == 2 else "memory.max_usage_in_bytes"
        return _number(_read(self.folders["memory"] / name))

    def memory_kills(self) -> int:
        if "memory" not in self.folders:
            return 0
        name = "memory.events" if self.version["memory"] == 2 else "memory.oom_control"
        return _field(_read(self.folders["memory"] / name), "oom_kill", 1) or 0

    def remove(self) -> bool:
        """False while a process is still in one of them."""
        gone = True
        for folder in set(self.folders.values()):
            try:
                folder.rmdir()
            except FileNotFoundError:
                continue
            except OSError:
                gone = False
        return gone


def leftovers(groups: Groups, prefix: str) -> list[str]:
    """Names of groups that an earlier runner of the same state folder has left."""
    names: set[str] = set()
    for folder in {*(folder for _, folder in groups.v1), *([groups.v2] if groups.v2 is not None else [])}:
        with contextlib.suppress(OSError):
            names.update(entry.name for entry in os.scandir(folder) if entry.name.startswith(prefix))
    return sorted(names)


def _read(path: Path) -> str:
    """Empty for what cannot be read: the kernel's files come and go with the group."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def _write(path: Path, text: str) -> bool:
    try:
        with open(path, "w") as file:
            file.write(text)
    except OSError:
        return False
    return True


def _agrees(wanted: str, found: str) -> bool:
    """All that was written stands in one line of what is read: io.max has a line for each device, and more in it."""
    return any(set(wanted.split()) <= set(line.split()) for line in found.splitlines())


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _field(text: str, name: str, scale: int) -> int | None:
    for line in text.splitlines():
        word, _, value = line.partition(" ")
        if word == name and value.isdecimal():
            return int(value) * scale
    return None
