"""The manifest: what a job needs, is worth and hands down.  The names are those of `flight.planning.Job`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from flight.jobs.fields import Fault, Fields
from flight.jobs.paths import NAME_EXPECTED, PATH_EXPECTED, collisions, is_name, is_path
from flight.jobs.plain_cbor import read_plain, write_plain

VERSION = 1
MANIFEST_OCTETS = 1 << 16  # 256 parts of about 200 octets, and as much as all the rest may have
PARTS_MAX = 256
SIZE_MAX = (
    1 << 28
)  # octets unpacked, of all parts: what a pass could carry in a week, and far from a disk's size
LEVELS_MAX = 8  # as many steps as a processor's governor is asked to take
OUTPUTS_MAX = 64
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
UTC_MAX_S = 1 << 40
SERIAL_MAX = (1 << 63) - 1
PLAIN_KEYS: tuple[str, ...] = (
    "owner", "name", "serial", "runtime", "entry", "work_s", "release_utc_s", "deadline_utc_s", "value",
    "preemptible", "resume_s", "anomaly_allowed", "verifier", "stored_sha256", "silence_s", "fuel", "seed",
)  # fmt: skip


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
class Output:
    path: str
    size_most: int


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the package.  Stored in fewer octets than its size it is raw deflate (RFC 1951), else as it is."""

    path: str
    size: int
    stored: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Manifest:
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
    outputs: tuple[Output, ...]
    parts: tuple[Part, ...]
    stored_sha256: bytes  # of all parts as they are stored: two streams of deflate may mean the same

    @property
    def output_octets(self) -> int:
        return sum(one.size_most for one in self.outputs)

    @property
    def size(self) -> int:
        """Of all parts, unpacked."""
        return sum(one.size for one in self.parts)

    @property
    def stored(self) -> int:
        return sum(one.stored for one in self.parts)


def decode_manifest(octets: bytes) -> Manifest | tuple[Fault, ...]:
    value = read_plain(octets) if len(octets) <= MANIFEST_OCTETS else None
    if value is None:
        return (
            Fault("the manifest", "damaged or not plain CBOR", f"up to {MANIFEST_OCTETS:,} octets of it"),
        )
    return read_manifest(value)


def encode_manifest(manifest: Manifest) -> bytes:
    return write_plain(manifest_value(manifest))


def read_manifest(value: object) -> Manifest | tuple[Fault, ...]:
    """From a table as CBOR or TOML gives it; a fault for each thing that is wrong with it."""
    faults: list[Fault] = []
    fields = Fields(value, "", faults)
    fields.whole("version", VERSION, VERSION, default=VERSION)
    fields.text(
        "network", lambda text: text == "never", "never: there is no network on board", default="never"
    )
    resources = fields.table("resources")
    manifest = Manifest(
        owner=fields.text("owner", is_name, NAME_EXPECTED),
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
        outputs=tuple(_output(one) for one in fields.tables("outputs", OUTPUTS_MAX, least=1)),
        parts=tuple(_part(one) for one in fields.tables("parts", PARTS_MAX, least=1)),
        stored_sha256=fields.octets("stored_sha256", 32),
    )
    fields.end()
    if not faults:
        _check_together(manifest, fields)
    return tuple(faults) or manifest


NEEDED_EXPECTED = "a name such as numpy, or one version of it, such as numpy==2.4.6"
ARGUMENT_EXPECTED = f"up to {ARGUMENT_LETTERS} printable letters of ASCII"


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


def _output(fields: Fields) -> Output:
    found = Output(
        fields.text("path", is_path, PATH_EXPECTED), fields.whole("size_most", 1, SIZE_MAX, "octets")
    )
    fields.end()
    return found


def _part(fields: Fields) -> Part:
    size = fields.whole("size", 0, SIZE_MAX, "octets")
    found = Part(
        fields.text("path", is_path, PATH_EXPECTED),
        size,
        fields.whole("stored", 0, size, "octets, the part's size"),
        fields.octets("sha256", 32),
    )
    fields.end()
    return found


def _check_together(manifest: Manifest, fields: Fields) -> None:
    """What each value allows and all of them together do not."""
    paths = [part.path for part in manifest.parts]
    for key, path in (("entry", manifest.entry), ("verifier", manifest.verifier)):
        if path and path not in paths:
            fields.fault(key, f"{path} is not in the package", "the path of one of its files")
    for key, named in (("parts", paths), ("outputs", [one.path for one in manifest.outputs])):
        for path in collisions(named):
            fields.fault(key, f"{path} stands there twice, or is another's folder", "each path once")
    if manifest.size > SIZE_MAX:
        fields.fault("parts", f"{manifest.size:,} octets", f"at most {SIZE_MAX:,}")
    if manifest.output_octets > manifest.resources.disk_mb * 1_000_000:
        fields.fault("outputs", f"{manifest.output_octets:,} octets", "no more than resources.disk_mb")
    if len({level.power_w for level in manifest.levels}) < len(manifest.levels):
        fields.fault("levels", "two draw the same power", "one speed for each power")
    if bool(manifest.verifier) != (manifest.redundancy is Redundancy.VERIFY):
        fields.fault("verifier", manifest.verifier or "is missing", "one exactly if redundancy is verify")
    if manifest.resume_s and not manifest.preemptible:
        fields.fault("resume_s", f"{manifest.resume_s}", "0, for the job is not preemptible")
    if manifest.deadline_utc_s:
        fastest = max(level.speed_milli for level in manifest.levels)
        shortest_s = -(-manifest.work_s * 1000 // fastest)
        if manifest.release_utc_s + shortest_s > manifest.deadline_utc_s:
            fields.fault(
                "deadline_utc_s",
                f"{manifest.deadline_utc_s}",
                f"at least {shortest_s} s after the release: so long the work takes at the highest speed",
            )


def manifest_value(manifest: Manifest) -> dict[str, object]:
    """As `read_manifest` takes it."""
    one = manifest
    return {
        "version": VERSION,
        "network": "never",
        **{key: getattr(one, key) for key in PLAIN_KEYS},
        **{key: list(getattr(one, key)) for key in ("arguments", "libraries", "models")},
        "resources": {
            "cores": one.resources.cores,
            "memory_mb": one.resources.memory_mb,
            "accelerator_milli": one.resources.accelerator_milli,
            "disk_mb": one.resources.disk_mb,
        },
        "levels": [{"power_w": level.power_w, "speed_milli": level.speed_milli} for level in one.levels],
        "redundancy": one.redundancy.value,
        "outputs": [{"path": output.path, "size_most": output.size_most} for output in one.outputs],
        "parts": [
            {"path": part.path, "size": part.size, "stored": part.stored, "sha256": part.sha256}
            for part in one.parts
        ],
    }
