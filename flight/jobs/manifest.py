"""The manifest: the terms of a job, and the files that it brings and hands down."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from flight.jobs.fields import Fault, Fields
from flight.jobs.paths import PATH_EXPECTED, collisions, is_path
from flight.jobs.plain_cbor import read_plain, write_plain
from flight.jobs.terms import Terms, check_terms, with_terms

VERSION = 1
MANIFEST_OCTETS = 1 << 16  # 256 parts of about 200 octets, and as much as all the rest may have
PARTS_MAX = 256
SIZE_MAX = (
    1 << 28
)  # octets unpacked, of all parts: what a pass could carry in a week, and far from a disk's size
OUTPUTS_MAX = 64


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
class Manifest(Terms):
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
    manifest = with_terms(Manifest, fields)(
        outputs=tuple(_output(one) for one in fields.tables("outputs", OUTPUTS_MAX, least=1)),
        parts=tuple(_part(one) for one in fields.tables("parts", PARTS_MAX, least=1)),
        stored_sha256=fields.octets("stored_sha256", 32),
    )
    fields.end()
    if not faults:
        _check_together(manifest, fields)
    return tuple(faults) or manifest


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
    check_terms(manifest, fields)


def manifest_value(manifest: Manifest) -> dict[str, object]:
    """As `read_manifest` takes it."""
    return {
        "version": VERSION,
        "network": "never",
        **asdict(manifest),
        "redundancy": manifest.redundancy.value,
    }
