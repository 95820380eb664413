"""Skyrack's job SDK: progress, phases, checkpoints and requests to stop.  One file, standard library alone.

Copy it beside your program (`skyrack-ground job sdk FOLDER`), or let `job pack` add it.

    import skyrack_job

    job = skyrack_job.start(phases=("train", "write"))
    state = job.restore() or b"0"
    for step in range(int(state), 1000):
        ...
        job.progress(step / 1000)
        if job.checkpoint_due(every_s=30):
            job.checkpoint(str(step + 1).encode())  # ends the program here if a stop was asked for
    job.write("result.txt", b"...")

On the ground it works without a runner, in the folder `run` of the working folder.  The protocol is in docs/jobs.md.
"""

from __future__ import annotations

import os
import signal  # noqa: TID251  (a program of its own, which flies beside flight and not in it)
import sys
import time  # noqa: TID251  (as above)
from dataclasses import dataclass
from pathlib import Path
from struct import Struct
from types import FrameType
from zlib import crc32

VERSION = "1"
STOPPED = 75  # EX_TEMPFAIL: stopped as asked, go on later
MAGIC = b"SKYCKPT1"
HEAD = Struct(">8sQQ")
CHECK = Struct(">I")
STATUS_EVERY_S = 0.5  # the runner looks about once a second
PHASE_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")
PHASE_LONGEST = 32
REQUEST_OCTETS = 256
WANTED = ("checkpoint", "stop")
SLOTS = 2


@dataclass(frozen=True)
class Request:
    """What the runner wants: `checkpoint` or `stop`, and when it is too late."""

    sequence: int
    wanted: str
    within_ms: int


class Job:
    """Made by `start`.  Every method may be called as often as one likes; what costs is done seldom."""

    def __init__(self, folders: dict[str, Path], phases: tuple[str, ...] = ()) -> None:
        for name in phases:
            if not 0 < len(name) <= PHASE_LONGEST or not PHASE_LETTERS.issuperset(name):
                raise ValueError(f"phase {name!r}: 1 to {PHASE_LONGEST} of a-z, 0-9 and -")
        self.package, self.models = folders["package"], folders["models"]
        self.outputs, self.scratch = folders["outputs"], folders["scratch"]
        self._checkpoints, self._control = folders["checkpoints"], folders["control"]
        self._phases, self._phase = phases, 0
        self._sequence = self._progress_milli = self._answered = 0
        self._number = max((number for number, _ in self._whole()), default=0)
        self._told_s = self._checkpoint_s = time.monotonic()
        self._terminated = False
        self._request_seen: tuple[int, int] | None = None
        self._request: Request | None = None
        self._tell()

    # ------------------------------------------------------------ signs of life

    def progress(self, share: float) -> None:
        """How much of the work is done, 0 to 1.  Also a heartbeat."""
        self._progress_milli = min(1000, max(0, int(share * 1000)))
        self.heartbeat()

    def phase(self, name: str) -> None:
        """One of the declared phases begins."""
        self._phase = self._phases.index(name) + 1
        self._tell()

    def heartbeat(self) -> None:
        """Still alive.  Written at most twice a second."""
        if time.monotonic() - self._told_s >= STATUS_EVERY_S:
            self._tell()

    # ------------------------------------------------------------ checkpoints

    def restore(self) -> bytes | None:
        """The body of the newest whole checkpoint, None on a first run."""
        newest = max(self._whole(), default=None, key=lambda found: found[0])
        return None if newest is None else newest[1]

    def checkpoint_due(self, every_s: float) -> bool:
        """Whether one is wanted by the runner, or `every_s` has passed since the last.  Also a heartbeat."""
        self.heartbeat()
        return self.wanted() is not None or time.monotonic() - self._checkpoint_s >= every_s

    def checkpoint(self, body: bytes) -> None:
        """Keep `body` for good.  If a stop was asked for, the program ends here with status 75 (SystemExit)."""
        request = self.wanted()
        self._number += 1
        head = HEAD.pack(MAGIC, self._number, len(body))
        whole = head + CHECK.pack(crc32(body, crc32(head))) + body
        write_for_good(self._checkpoints / f"checkpoint-{self._number % SLOTS}", whole)
        self._checkpoint_s = time.monotonic()
        if request is not None:
            self._answered = max(self._answered, request.sequence)
        self._tell()
        if request is not None and request.wanted == "stop":
            sys.exit(STOPPED)

    def wanted(self) -> Request | None:
        """The request that is still to be carried out, if there is one.  SIGTERM is a request to stop."""
        request = self._asked()
        if self._terminated:
            return Request(self._answered if request is None else request.sequence, "stop", 0)
        return request if request is not None and request.sequence > self._answered else None

    def _asked(self) -> Request | None:
        path = self._control / "request"
        try:
            told = path.stat()
            if self._request_seen != (told.st_ino, told.st_mtime_ns):
                with path.open("rb") as file:
                    self._request = read_request(file.read(REQUEST_OCTETS + 1))
                self._request_seen = told.st_ino, told.st_mtime_ns
        except OSError:
            return None
        return self._request

    # ------------------------------------------------------------ outputs

    def write(self, name: str, body: bytes) -> None:
        """An output, whole or not at all."""
        path = self.outputs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_for_good(path, body)

    # ------------------------------------------------------------

    def terminate(self, _number: int, _frame: FrameType | None) -> None:
        self._terminated = True

    def _tell(self) -> None:
        self._told_s = time.monotonic()
        self._sequence += 1
        name = self._phases[self._phase - 1] if self._phase else "-"
        text = (
            f"skyrack-status {VERSION}\nsequence {self._sequence}\nprogress_milli {self._progress_milli}\n"
            f"phase {self._phase} {len(self._phases)} {name}\n"
            f"checkpoint {self._number}\nanswered {self._answered}\n"
        )
        part = self._control / "status.part"
        try:
            part.write_text(text, encoding="ascii")
            part.replace(self._control / "status")
        except OSError:
            """A full disk shall not end the work: the runner sees no heartbeat and decides."""

    def _whole(self) -> list[tuple[int, bytes]]:
        """Number and body of each checkpoint that is whole."""
        found = []
        for slot in range(SLOTS):
            try:
                octets = (self._checkpoints / f"checkpoint-{slot}").read_bytes()
            except OSError:
                continue
            if (checkpoint := read_checkpoint(octets)) is not None:
                found.append(checkpoint)
        return found


def start(phases: tuple[str, ...] = (), ground: str = "run") -> Job:
    """Call it once, first.  Without a runner the folders are made in `ground`, a folder of the working folder."""
    if os.environ.get("SKYRACK_JOB"):
        names = ("package", "models", "outputs", "checkpoints", "scratch", "control")
        job = Job({name: Path(os.environ[f"SKYRACK_{name.upper()}"]) for name in names}, phases)
    else:
        place = Path(ground).resolve()
        folders = {name: place / name for name in ("models", "outputs", "checkpoints", "scratch", "control")}
        for folder in folders.values():
            folder.mkdir(parents=True, exist_ok=True)
        job = Job({**folders, "package": Path(sys.argv[0]).resolve().parent}, phases)
    signal.signal(signal.SIGTERM, job.terminate)
    return job


def read_checkpoint(octets: bytes) -> tuple[int, bytes] | None:
    """Number and body; None if it is not whole."""
    start_of_body = HEAD.size + CHECK.size
    if len(octets) < start_of_body:
        return None
    magic, number, length = HEAD.unpack_from(octets)
    body = octets[start_of_body:]
    (check,) = CHECK.unpack_from(octets, HEAD.size)
    whole = magic == MAGIC and length == len(body) and check == crc32(body, crc32(octets[: HEAD.size]))
    return (number, body) if whole else None


def read_request(octets: bytes) -> Request | None:
    """None for what is no request."""
    lines = octets.decode("ascii", "replace").split("\n")
    words = [line.split(" ") for line in lines]
    shape = [word[0] for word in words] == ["skyrack-request", "sequence", "wanted", "within_ms", ""]
    if len(octets) > REQUEST_OCTETS or not shape or any(len(word) != 2 for word in words[:-1]):
        return None
    version, sequence, wanted, within_ms = (word[1] for word in words[:-1])
    numbers = sequence.isdecimal() and within_ms.isdecimal() and len(sequence) < 20 and len(within_ms) < 10
    if version != VERSION or wanted not in WANTED or not numbers:
        return None
    return Request(int(sequence), wanted, int(within_ms))


def write_for_good(path: Path, body: bytes) -> None:
    """It is there, whole, when this returns, and the old one until then."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
