"""A WebAssembly job as the process runner starts it: our host with the module as its word."""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import flight
from flight.declare.running import JobLimits, JobToRun

ENGINE = "50.0"  # fuel and code are those of one engine: another one is another machine
HOST = "flight.runners.wasm.host"
# Without a mount namespace the job may read our package's folder and not list the one that it is in.
BEGIN = (
    "import runpy, sys, types; flight = types.ModuleType('flight'); flight.__path__ = [sys.argv.pop(1)]; "
    f"sys.modules['flight'] = flight; runpy.run_module('{HOST}', run_name='__main__', alter_sys=True)"
)
HOST_OCTETS = (
    256 * 2**20
)  # of the interpreter, the engine and the module's code, beside the module's own memory


def engine_installed() -> str:
    """Its version if it is the one that we are pinned to, else empty."""
    try:
        found = version("wasmtime")
    except PackageNotFoundError:
        return ""
    return found if found.startswith(ENGINE + ".") else ""


def own_code() -> str:
    """The folder that the host is imported from: read by every WebAssembly job."""
    return str(Path(flight.__path__[0]).resolve())


def for_host(job: JobToRun, limits: JobLimits) -> JobToRun:
    numbers = (limits.fuel, limits.memory_octets, limits.disk_octets, limits.files, job.seed)
    words = (sys.executable, "-B", "-P", "-c", BEGIN, own_code(), *map(str, numbers), *job.words)
    return replace(job, words=words, environment=(), libraries=(*job.libraries, own_code()))


def limits_with_host(limits: JobLimits) -> JobLimits:
    """What the sandbox holds the host to; the module's own memory is the engine's business."""
    return replace(limits, memory_octets=limits.memory_octets + HOST_OCTETS)
