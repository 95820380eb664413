"""What job packages, receipts and the job SDK cost.

    python tests/bench/bench_jobs.py [--mb 50]

Each figure is the best of several rounds, in processor time.  `alone` is what hashing and inflating of the standard
library take on the same octets: no code of ours could go below.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from time import monotonic, monotonic_ns, process_time, sleep

sys.path.insert(0, str(Path(__file__).parents[2]))

from flight.cli.executive import files_command
from flight.cli.jobs_on_board import shelf_words
from flight.cli.run import FlightOptions
from flight.declare.filing import ListFiles, Turn
from flight.declare.shelving import PackageTaken, ResultKept, TakePackage
from flight.drivers.posix_disk import PosixDisk
from flight.jobs import (
    CHUNK,
    RAW_DEFLATE,
    Closed,
    PackageReader,
    Refusal,
    Resources,
    decode_receipt,
    encode_receipt,
)
from flight.jobs.skyrack_job import Job
from flight.wire.cfdp import stored_name
from flight.wire.file_packets import FileSettings
from flight.workers.files import FilesWorker
from flight.workers.folder_shelf import FolderShelf
from flight.workers.job_shelf import folders_of
from flight.workers.process import CountlessProcess
from flight.workers.shelf import Shelf
from flight.workers.unpacking import unpack
from tests.bench.verdict import at_most
from tests.flight.jobs.made import (
    GATE,
    MANIFEST,
    OTHER_PRIVATE,
    PRIVATE,
    PUBLIC,
    RECEIPT,
    deflated,
    package,
    with_files,
)
from tests.flight.workers.shelves import KEEP, SETTINGS

ROUNDS = 5
TURN_EVERY_S = 0.002  # to look whether one is answered; in flight a tick, 0.1 s
MISSION = """
from dataclasses import replace
from flight.missions.pathfinder import MISSION as PATHFINDER
from tests.flight.jobs.made import CATALOGUE, TENANT
MISSION = replace(PATHFINDER, tenants=(TENANT,), catalogue=CATALOGUE)
"""
TIMES = 200
MILLISECONDS = 1e3
RECEIPT_GOAL_MS, RECEIPT_GOAL_OCTETS = 5.0, 1000.0  # one program, one input, one output, one run
OVERHEAD_GOAL_PERCENT = 2.0  # of a core, of what runs beside a job
FOLDERS = ("package", "models", "outputs", "checkpoints", "scratch", "control")


def best(action: Callable[[], object], times: int = 1) -> float:
    """Seconds of one, in the best round."""
    found = []
    for _ in range(ROUNDS):
        start = process_time()
        for _ in range(times):
            action()
        found.append((process_time() - start) / times)
    return min(found)


def content(megabytes: int, repeats: int) -> bytes:
    """Blocks of chance, each so many times."""
    blocks = (sha256(f"{number // repeats}".encode()).digest() for number in range(megabytes * 31_250))
    return b"".join(blocks)


def read_all(octets: bytes) -> None:
    reader = PackageReader(GATE)
    for start in range(0, len(octets), CHUNK):
        for event in reader.receive(octets[start : start + CHUNK]):
            assert not isinstance(event, Refusal), event
    assert isinstance(reader.finish(), Closed)


def alone(stored: bytes, size: int) -> None:
    """A hash of the file, one of all parts, one of the part unpacked; inflated by chunks where it is deflated."""
    for _ in range(2):
        sha256(stored)
    if len(stored) == size:
        sha256(stored)
        return
    digest, inflate = sha256(), zlib.decompressobj(RAW_DEFLATE)
    for start in range(0, len(stored), CHUNK):
        rest = stored[start : start + CHUNK]
        while rest:
            digest.update(inflate.decompress(rest, CHUNK))
            rest = inflate.unconsumed_tail


def packages(megabytes: int) -> None:
    for kind, repeats in (("deflated", 8), ("as it is", 1)):
        files = {"main.py": content(megabytes, repeats)}
        octets = package(with_files(files), files=files)
        stored, size = deflated(files["main.py"]), len(files["main.py"])
        seconds, floor = best(partial(read_all, octets)), best(partial(alone, stored, size))
        print(
            f"read {size / 1e6:.0f} MB {kind} from {len(octets) / 1e6:.1f} MB: {size / 1e6 / seconds:.0f} MB/s"
            f"   alone {size / 1e6 / floor:.0f} MB/s"
        )
        tracemalloc.start()
        read_all(octets)
        print(f"  at its most {tracemalloc.get_traced_memory()[1] / 1024:.0f} KiB beside the file")
        tracemalloc.stop()
    small = package()
    print(
        f"read a package of {len(small)} octets, signature with it: {best(lambda: read_all(small), 50) * 1e3:.2f} ms"
    )
    other = package(private=OTHER_PRIVATE)
    forged = other[:8] + small[8:16] + other[16:]
    print(f"refuse a forged one: {best(lambda: list(PackageReader(GATE).receive(forged)), 50) * 1e3:.2f} ms")


def unpacking(folder: Path) -> None:
    octets = package()
    numbers = iter(range(100_000))
    seconds = best(lambda: unpack([octets], folder / str(next(numbers)), GATE), 20)
    print(f"unpack {len(MANIFEST.parts)} files onto this disk: {seconds * 1e3:.2f} ms of processor time")


def shelf(folder: Path, megabytes: int) -> None:
    """A package of so many megabytes becomes a job, and its output a result, on this disk."""
    files = {"main.py": content(megabytes, 1)}
    outputs = (replace(MANIFEST.outputs[0], path="out.bin", size_most=megabytes * 1_000_000),)
    manifest = replace(with_files(files), outputs=outputs, models=(), resources=Resources(1, 1, 0, 1024))
    (folder / "files").mkdir()
    disk = PosixDisk(folder / "files")
    disk.write("x.job", 0, package(manifest, files=files))
    worker = FilesWorker(disk, FileSettings(1, 223, 1 << 30), Shelf(FolderShelf(folder / "jobs"), SETTINGS))
    worker.perform(ListFiles(0, ""))  # the store is open
    take, keep = TakePackage(0, 0, "x.job", 7, ()), KEEP._replace(job=7)
    start, real = process_time(), monotonic()
    assert isinstance(worker.perform(take), PackageTaken)
    print(
        f"take a package of {megabytes} MB: {process_time() - start:.2f} s of a core, {monotonic() - real:.2f} s"
    )
    out = Path(folders_of(str(folder / "jobs"), 7, 0).outputs) / "out.bin"
    for kind, octets in (("random", content(megabytes, 1)), ("alike", content(megabytes, 8))):
        out.write_bytes(octets)
        start, real = process_time(), monotonic()
        kept = worker.perform(keep)
        assert isinstance(kept, ResultKept)
        print(
            f"keep a result of {megabytes} MB, {kind}: {process_time() - start:.2f} s of a core, "
            f"{monotonic() - real:.2f} s, {kept.octets / 1e6:.1f} MB"
        )


def moving(folder: Path, kind: str, files: dict[str, bytes], size_most: int) -> None:
    """The files process with the largest job: how long its turns wait, meanwhile and without."""
    state = folder / kind
    (state / "files").mkdir(parents=True)
    (state / "mission").mkdir()
    (state / "mission" / "__init__.py").write_text(MISSION)
    outputs = (replace(MANIFEST.outputs[0], path="out.bin", size_most=size_most),)
    manifest = replace(with_files(files), outputs=outputs, models=(), resources=Resources(1, 1, 0, 1024))
    octets = package(manifest, files=files)
    (state / "files" / stored_name("x.job")).write_bytes(octets)
    options = FlightOptions(str(state / "mission"), "pc", str(state))
    command = [*files_command(FileSettings(0x2A, 223, 1 << 30), state), *shelf_words(options)]
    process = CountlessProcess(command, monotonic_ns)
    try:
        process.ask(Turn(0, True, 1000, ()), monotonic_ns() + 60 * 10**9)
        unpacked = sum(map(len, files.values())) / 1e6
        took, turns = asked(process, TakePackage(0, 0, "x.job", 7, ()), PackageTaken)
        what = f"take {unpacked:.0f} MB ({kind}, {len(octets) / 1e6:.1f} MB)"
        print(f"{what}: {took:.2f} s; {len(turns)} turns meanwhile, the longest {max(turns) * 1e3:.0f} ms")
        out = Path(folders_of(str(state / "jobs"), 7, 0).outputs) / "out.bin"
        out.write_bytes(content(size_most // 1_000_000, 1))
        took, turns = asked(process, KEEP._replace(job=7), ResultKept)
        what = f"keep a result of {size_most / 1e6:.0f} MB"
        print(f"{what}: {took:.2f} s; {len(turns)} turns meanwhile, the longest {max(turns) * 1e3:.0f} ms")
    finally:
        process.close(monotonic_ns() + 60 * 10**9)


def asked(process: CountlessProcess, request: tuple[object, ...], answer: type) -> tuple[float, list[float]]:
    """Seconds until it is done, and those that each turn of files took that was asked for meanwhile."""
    turns: list[float] = []
    began, since, ticket = monotonic(), 0.0, 1
    assert process.submit(1, request, 0)
    while True:
        if not since:
            ticket, since = ticket + 1, monotonic()
            assert process.submit(ticket, Turn(0, True, 1000, ()), 0)
        for number, result in process.poll(0):
            if number == 1:
                assert isinstance(result, answer), result
                return monotonic() - began, [*turns, monotonic() - since] if since else turns
            turns.append(monotonic() - since)
            since = 0.0
        sleep(TURN_EVERY_S)


def receipts() -> None:
    small = replace(RECEIPT, runs=RECEIPT.runs[:1], installed=RECEIPT.installed[:1])
    octets = encode_receipt(small, PRIVATE)
    print(f"receipt of one run: {len(octets)} octets{at_most(len(octets), RECEIPT_GOAL_OCTETS)}")
    signing = best(lambda: encode_receipt(small, PRIVATE), 50) * MILLISECONDS
    checking = best(lambda: decode_receipt(octets, PUBLIC), 50) * MILLISECONDS
    print(f"sign it: {signing:.2f} ms")
    print(f"verify it: {checking:.2f} ms{at_most(round(checking, 2), RECEIPT_GOAL_MS)}")


def sdk(folder: Path) -> None:
    for name in FOLDERS:
        (folder / name).mkdir()
    job = Job({name: folder / name for name in FOLDERS})
    told = best(job._tell, TIMES)
    asked = best(job.wanted, TIMES)
    beat = best(job.heartbeat, TIMES)
    body = bytes(60_000)
    kept = best(lambda: job.checkpoint(body), 20)
    print(f"heartbeat that is not due: {beat * 1e6:.1f} us; a look for a request: {asked * 1e6:.1f} us")
    share = 100 * told / 0.5
    print(
        f"status written, twice a second: {told * 1e6:.0f} us, {share:.3f} % of a core"
        f"{at_most(round(share, 3), OVERHEAD_GOAL_PERCENT)}"
    )
    print(f"checkpoint of 60 kB: {kept * 1e3:.2f} ms of processor time")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--mb", type=int, default=20, help="of one file")
    megabytes = parser.parse_args().mb
    packages(megabytes)
    receipts()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "unpacked").mkdir()
        (Path(folder) / "sdk").mkdir()
        unpacking(Path(folder) / "unpacked")
        shelf(Path(folder), megabytes)
        sdk(Path(folder) / "sdk")
        moving(Path(folder), "as it is", {"main.py": content(60, 1)}, 60_000_000)
        parts = {f"{number}.bin": bytes(2**26 - 2**20) for number in range(4)}
        moving(Path(folder), "deflated", {"main.py": b"pass", **parts}, 1_000_000)


if __name__ == "__main__":
    main()
