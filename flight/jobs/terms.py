"""The terms of a job: what its manifest says of it but its files.  The names are those of `flight.planning.Job`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import TypeVar

from flight.jobs.fields import Fields
from flight.jobs.paths import NAME_EXPECTED, OWNER_EXPECTED, PATH_EXPECTED, is_name, is_owner, is_path

LEVELS_MAX = 8  # as many steps as a processor's governor is asked to take
ARGUMENTS_MAX, ARGUMENT_LETTERS = 16, 200
NEEDED_MAX = 16
POWER_MAX_W = 1e6
SPEED_MAX_MILLI = 100_000
WORK_MAX_S = 30 * 86_400  # a month on the satellite
VALUE_MAX = 1_000_000
FUEL_MAX = 1 << 60
SEED_MAX = (1 << 32) - 1
SILENCE_MAX_S = 3600
MEMORY_MAX_MB = 1 << 20
CORES_MAX = 1024
ATTEMPTS_MAX = 16  # who fails so often fails for a reason of its own
ATTEMPTS = 3  # one crash may be an upset, two a coincidence
UTC_MAX_S = 1 << 40
SERIAL_MAX = (1 << 63) - 1
NEEDED_EXPECTED = "a name such as numpy, or one version of it, such as numpy==2.4.6"
ARGUMENT_EXPECTED = f"up to {ARGUMENT_LETTERS} printable letters of ASCII"


class Redundancy(Enum):
    NONE = "none"
    DUPLICATE = "duplicate"  # run twice: the outputs must be the same
    VOTE = "vote"  # run three times: two must be the same
    VERIFY = "verify"  # the package's own `verifier` is run on the outputs: exit status 0 says they are right


@dataclass(frozen=True, slots=True)
class Level:
    """A power level: what it draws, and its speed in thousandths of the speed that `work_s` is counted at."""

    power_w: float
    speed_milli: int


@dataclass(frozen=True, slots=True)
class Resources:
    cores: int
    memory_mb: int
    accelerator_milli: int  # thousandths of one accelerator
    disk_mb: int  # scratch, checkpoints and outputs together


@dataclass(frozen=True, slots=True)
class Terms:
    """Times are UTC in whole seconds since 1970; 0 is at once for a release and never for a deadline."""

    owner: str
    name: str
    serial: int  # rises with each package of a tenant; those below the tenant's floor are refused
    runtime: str
    entry: str
    arguments: tuple[str, ...]
    libraries: tuple[str, ...]
    models: tuple[str, ...]
    resources: Resources
    levels: tuple[Level, ...]
    work_s: int
    silence_s: int  # longest time between two heartbeats that it promises; 0: it makes no promise
    attempts: (
        int  # how often it may be begun; a stop that was ordered is no end, and its going on no beginning
    )
    fuel: int  # of a WebAssembly module, the same on every machine; 0 for other programs
    seed: int  # all the chance that a WebAssembly module has
    release_utc_s: int
    deadline_utc_s: int
    value: int
    preemptible: bool
    resume_s: int  # more work for each stop
    anomaly_allowed: bool
    redundancy: Redundancy
    verifier: str


WithTerms = TypeVar("WithTerms", bound=Terms)


def with_terms(make: type[WithTerms], fields: Fields) -> partial[WithTerms]:
    """`make` with the terms that stand in a table; what else it takes is for the caller."""
    resources = fields.table("resources")
    return partial(
        make,
        owner=fields.text("owner", is_owner, OWNER_EXPECTED),
        name=fields.text("name", is_name, NAME_EXPECTED),
        serial=fields.whole("serial", 1, SERIAL_MAX),
        runtime=fields.text("runtime", is_needed, NEEDED_EXPECTED),
        entry=fields.text("entry", is_path, PATH_EXPECTED),
        arguments=fields.texts("arguments", ARGUMENTS_MAX, is_argument, ARGUMENT_EXPECTED),
        libraries=fields.texts("libraries", NEEDED_MAX, is_needed, NEEDED_EXPECTED),
        models=fields.texts("models", NEEDED_MAX, is_needed, NEEDED_EXPECTED),
        resources=_resources(resources),
        levels=tuple(_level(one) for one in fields.tables("levels", LEVELS_MAX, least=1)),
        work_s=fields.whole("work_s", 1, WORK_MAX_S, "s"),
        silence_s=fields.whole("silence_s", 0, SILENCE_MAX_S, "s", default=0),
        attempts=fields.whole("attempts", 1, ATTEMPTS_MAX, default=ATTEMPTS),
        fuel=fields.whole("fuel", 0, FUEL_MAX, default=0),
        seed=fields.whole("seed", 0, SEED_MAX, default=0),
        release_utc_s=fields.whole("release_utc_s", 0, UTC_MAX_S, "s", default=0),
        deadline_utc_s=fields.whole("deadline_utc_s", 0, UTC_MAX_S, "s", default=0),
        value=fields.whole("value", 1, VALUE_MAX),
        preemptible=fields.flag("preemptible", default=False),
        resume_s=fields.whole("resume_s", 0, WORK_MAX_S, "s", default=0),
        anomaly_allowed=fields.flag("anomaly_allowed", default=False),
        redundancy=fields.choice("redundancy", Redundancy, Redundancy.NONE),
        verifier=fields.text("verifier", is_path, PATH_EXPECTED, default=""),
    )


def is_needed(text: str) -> bool:
    name, equals, version = text.partition("==")
    return is_name(name) and (is_name(version) if equals else True)


def is_argument(text: str) -> bool:
    return text.isascii() and text.isprintable() and len(text) <= ARGUMENT_LETTERS


def _resources(fields: Fields) -> Resources:
    found = Resources(
        fields.whole("cores", 1, CORES_MAX, default=1),
        fields.whole("memory_mb", 1, MEMORY_MAX_MB, "MB"),
        fields.whole("accelerator_milli", 0, 1000, "thousandths", default=0),
        fields.whole("disk_mb", 1, MEMORY_MAX_MB, "MB"),
    )
    fields.end()
    return found


def _level(fields: Fields) -> Level:
    found = Level(
        fields.number("power_w", 0.0, POWER_MAX_W, "W"), fields.whole("speed_milli", 1, SPEED_MAX_MILLI)
    )
    fields.end()
    return found


def check_terms(terms: Terms, fields: Fields) -> None:
    """What each value allows and all of them together do not."""
    if len({level.power_w for level in terms.levels}) < len(terms.levels):
        fields.fault("levels", "two draw the same power", "one speed for each power")
    if bool(terms.verifier) != (terms.redundancy is Redundancy.VERIFY):
        fields.fault("verifier", terms.verifier or "is missing", "one exactly if redundancy is verify")
    if terms.resume_s and not terms.preemptible:
        fields.fault("resume_s", f"{terms.resume_s}", "0, for the job is not preemptible")
    if terms.deadline_utc_s:
        fastest = max(level.speed_milli for level in terms.levels)
        shortest_s = -(-terms.work_s * 1000 // fastest)
        if terms.release_utc_s + shortest_s > terms.deadline_utc_s:
            fields.fault(
                "deadline_utc_s",
                f"{terms.deadline_utc_s}",
                f"at least {shortest_s} s after the release: so long the work takes at the highest speed",
            )
