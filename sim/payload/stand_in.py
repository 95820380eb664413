"""A program in the place of a modelled job, for a board that runs programs: the declared work, the known output.

It is packed with `about.json` and the job SDK, and uses the processor for as long as the job is said to work: a runner
that slows a job down slows this one down.  The output is what the modelled job leaves, so one truth serves for both.
Standard library alone: it runs on the board.
"""

from __future__ import annotations

import hashlib
import json
import sys
import time
from pathlib import Path

ABOUT = "about.json"
STEP_OCTETS = 1 << 20  # hashed at a time: about a millisecond
CHECKPOINT_EVERY_S = 10.0


def true_output(owner: str, name: str, serial: int, path: str, octets: int) -> bytes:
    """What an output must be: the same on every machine, and not to be compressed."""
    return hashlib.shake_256(f"{owner}\0{name}\0{serial}\0{path}".encode()).digest(octets)


def outputs(about: dict[str, object]) -> dict[str, bytes]:
    """By path, of `{"owner", "name", "serial", "outputs": {path: octets}, "work_s"}`."""
    owner, name, serial, sizes = (about[key] for key in ("owner", "name", "serial", "outputs"))
    assert isinstance(serial, int)
    assert isinstance(sizes, dict)
    return {path: true_output(str(owner), str(name), serial, path, octets) for path, octets in sizes.items()}


def work(about: dict[str, object]) -> None:
    import skyrack_job  # packed beside this file

    job = skyrack_job.start(phases=("work",))
    job.phase("work")
    work_s, done_s = float(str(about["work_s"])), float(job.restore() or b"0")
    block = bytes(STEP_OCTETS)
    while done_s < work_s:
        began = time.process_time()
        hashlib.sha256(block)
        done_s += time.process_time() - began
        job.progress(done_s / work_s)
        if job.checkpoint_due(every_s=CHECKPOINT_EVERY_S):
            job.checkpoint(b"%f" % done_s)
    for path, octets in outputs(about).items():
        job.write(path, octets)


def verify(about: dict[str, object], folder: Path) -> int:
    """0 if the outputs in `folder` are right: the package's verifier."""
    right = all((folder / path).read_bytes() == octets for path, octets in outputs(about).items())
    return 0 if right else 1


def main() -> int:
    import os

    package = Path(__file__).parent
    about = json.loads((package / ABOUT).read_text())
    if Path(__file__).name.startswith("verify"):
        return verify(about, Path(os.environ["SKYRACK_OUTPUTS"]))
    work(about)
    return 0


if __name__ == "__main__":
    sys.exit(main())
