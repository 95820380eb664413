"""What is installed on board for jobs: runtimes, libraries, resident models, each with its hash.

A job of a few kilobytes names what no pass could carry up.  What it names must be there: `absent` says what is not,
and what there is instead.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum

from flight.jobs.fields import Fault, Fields
from flight.jobs.manifest import Manifest
from flight.jobs.paths import NAME_EXPECTED, is_name
from flight.jobs.tenants import read_toml

INSTALLED_MAX = 256  # entries; a row is about 120 octets
SIZE_MAX = 1 << 44  # octets of one entry


class Kind(Enum):
    PYTHON = "python"  # a runtime: the entry is a Python program
    WASM = "wasm"  # a runtime: the entry is a WebAssembly module
    NATIVE = "native"  # a runtime: the entry is a program of the board's architecture
    LIBRARY = "library"
    MODEL = "model"


RUNTIMES = frozenset({Kind.PYTHON, Kind.WASM, Kind.NATIVE})


@dataclass(frozen=True, slots=True)
class Installed:
    """`sha256` is of what it was installed from: the model's file, the wheel, the archive."""

    name: str
    version: str
    kind: Kind
    sha256: bytes
    size: int


def find_installed(catalogue: tuple[Installed, ...], needed: str, kinds: frozenset[Kind]) -> Installed | None:
    """`needed` is a name, or `name==version`.  Of several versions the first row counts."""
    name, _, version = needed.partition("==")
    fitting = (one for one in catalogue if one.name == name and one.kind in kinds)
    return next((one for one in fitting if version in ("", one.version)), None)


def installed_of(catalogue: tuple[Installed, ...], manifest: Manifest) -> tuple[Installed, ...]:
    """What of it is on board, the runtime first."""
    found = [
        find_installed(catalogue, needed, kinds) for _, needs, kinds in _needs(manifest) for needed in needs
    ]
    return tuple(one for one in found if one is not None)


def absent(catalogue: tuple[Installed, ...], manifest: Manifest) -> tuple[str, ...]:
    """A line for each thing that the manifest names and that is not on board, with what there is."""
    return tuple(
        f"{word} {needed} is not on board; there {_there(catalogue, kinds)}"
        for word, needs, kinds in _needs(manifest)
        for needed in needs
        if find_installed(catalogue, needed, kinds) is None
    )


def _needs(manifest: Manifest) -> tuple[tuple[str, tuple[str, ...], frozenset[Kind]], ...]:
    return (
        ("runtime", (manifest.runtime,), RUNTIMES),
        ("library", manifest.libraries, frozenset({Kind.LIBRARY})),
        ("model", manifest.models, frozenset({Kind.MODEL})),
    )


def _there(catalogue: tuple[Installed, ...], kinds: frozenset[Kind]) -> str:
    names = [f"{one.name}=={one.version}" for one in catalogue if one.kind in kinds]
    return "is none" if not names else ("is " if len(names) == 1 else "are ") + ", ".join(names)


def read_catalogue(text: str) -> tuple[Installed, ...] | tuple[Fault, ...]:
    """From TOML: `[[installed]]` with the fields of `Installed`."""
    value = read_toml(text)
    if isinstance(value, Fault):
        return (value,)
    faults: list[Fault] = []
    fields = Fields(value, "", faults)
    found = tuple(read_installed(one) for one in fields.tables("installed", INSTALLED_MAX))
    fields.end()
    return tuple(faults) or found


def catalogue_text(catalogue: tuple[Installed, ...]) -> str:
    """As `read_catalogue` takes it."""
    return "\n".join(
        f'[[installed]]\nname = "{one.name}"\nversion = "{one.version}"\nkind = "{one.kind.value}"\n'
        f'sha256 = "{one.sha256.hex()}"\nsize = {one.size}\n'
        for one in catalogue
    )


def read_installed(fields: Fields) -> Installed:
    found = Installed(
        fields.text("name", is_name, NAME_EXPECTED),
        fields.text("version", is_name, NAME_EXPECTED),
        fields.choice("kind", Kind),
        fields.octets("sha256", 32),
        fields.whole("size", 0, SIZE_MAX, "octets"),
    )
    fields.end()
    return found


def installed_value(one: Installed) -> dict[str, object]:
    """As `read_installed` takes it."""
    return {**asdict(one), "kind": one.kind.value}
