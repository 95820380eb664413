"""What stands in a manifest and in a receipt, as lines for a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from flight.jobs import Manifest, Receipt, Redundancy, Run

VERIFIER = 3  # a stage
SHOWN_MAX = 12  # files; the others are counted


def package_lines(manifest: Manifest, octets: int, sha256: bytes) -> Iterator[str]:
    one, needs = manifest, manifest.resources
    yield f"job          {one.owner}/{one.name}, serial {one.serial}"
    yield f"runs         {one.entry} {' '.join(one.arguments)}".rstrip() + f" by {one.runtime}"
    for word, names in (("libraries", one.libraries), ("models", one.models)):
        if names:
            yield f"{word:<12} {', '.join(names)}"
    yield (
        f"needs        {needs.cores} {'core' if needs.cores == 1 else 'cores'}, "
        f"{needs.memory_mb:,} MB memory, {needs.disk_mb:,} MB disk, "
        f"{needs.accelerator_milli / 10:g} % of an accelerator; no network"
    )
    levels = ", ".join(f"{level.power_w:g} W at {level.speed_milli / 10:g} %" for level in one.levels)
    yield f"power        {levels}"
    yield f"work         {one.work_s:,} s at 100 %, worth {one.value:,}{_times(one)}"
    stops = f"yes, {one.resume_s} s for each stop" if one.preemptible else "no: stopped, it begins again"
    yield f"may stop     {stops}; anomaly {'allowed' if one.anomaly_allowed else 'not allowed'}"
    if one.silence_s:
        yield f"heartbeat    at least every {one.silence_s} s"
    if one.fuel:
        yield f"fuel         {one.fuel:,}, seed {one.seed}"
    if one.redundancy is not Redundancy.NONE:
        yield f"redundancy   {one.redundancy.value}{one.verifier and ' by ' + one.verifier}"
    yield f"package      {octets:,} octets, {one.size:,} unpacked, sha256 {sha256.hex()}"
    for part in one.parts[:SHOWN_MAX]:
        yield f"  {part.path:<32} {part.size:>12,} octets, {part.stored:>12,} stored"
    if len(one.parts) > SHOWN_MAX:
        yield f"  and {len(one.parts) - SHOWN_MAX} more"
    for output in one.outputs:
        yield f"output       {output.path}, {output.size_most:,} octets at most"


def receipt_lines(receipt: Receipt) -> Iterator[str]:
    one = receipt
    yield f"job          {one.owner}/{one.name}, serial {one.serial}, package sha256 {one.package_sha256.hex()}"
    yield f"where        spacecraft {one.spacecraft_id}, board {one.board}"
    reason = f": {one.reason}" if one.reason else ""
    yield f"ended        {one.ended.value}{reason}; {one.energy_j:,} J in {_counted(len(one.runs), 'run')}"
    used = ", ".join(f"{entry.name}=={entry.version} {entry.sha256.hex()[:16]}" for entry in one.installed)
    yield f"used         {used}"
    others = _counted(len(one.inputs), "other file")
    yield f"program      {one.program.path}, sha256 {one.program.sha256.hex()}; {others}"
    for run in one.runs:
        yield f"run          {_run(run)}"
    for printed in one.printed:
        yield f"printed      {printed.path}, {printed.size:,} octets"
    for output in one.outputs:
        yield f"output       {output.path}, {output.size:,} octets, sha256 {output.sha256.hex()}"
    for check in one.checks:
        yield f"check        {check.name}: {'held' if check.held else 'DID NOT HOLD'}"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _run(run: Run) -> str:
    seconds = (run.end_ns - run.start_ns) / 1e9
    begin = _utc(run.start_utc_s) if run.start_utc_s else f"T+{run.start_ns / 1e9:.1f} s, UTC not known"
    copy = ", the verifier" if run.stage == VERIFIER else f", copy {run.stage + 1}" if run.stage else ""
    where = f", {run.anomaly_s} s of it in the anomaly" if run.anomaly_s else ""
    return (
        f"{begin}: {seconds:,.1f} s on {run.board}{copy}, {run.energy_j:,} J{where}; "
        f"{run.ended.value}, status {run.exit_status}"
    )


def _times(manifest: Manifest) -> str:
    release = f", not before {_utc(manifest.release_utc_s)}" if manifest.release_utc_s else ""
    return release + (f", by {_utc(manifest.deadline_utc_s)}" if manifest.deadline_utc_s else "")


def _utc(seconds: int) -> str:
    """As far as a calendar goes; a manifest may name later years."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s since 1970"
