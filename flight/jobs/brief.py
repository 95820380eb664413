"""The brief: what the executive keeps of a manifest.  Its terms, and of its files the sizes alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from flight.jobs.fields import Fault, Fields
from flight.jobs.manifest import SIZE_MAX, VERSION, Manifest
from flight.jobs.plain_cbor import read_plain, write_plain
from flight.jobs.terms import Terms, check_terms, with_terms

BRIEF_OCTETS = 1 << 13  # 16 arguments of 200 letters and 32 names of 100 are the most of it
OUTPUT_MAX = 64 * SIZE_MAX


@dataclass(frozen=True, slots=True)
class Brief(Terms):
    size: int  # octets of all files of the package, unpacked
    stored: int  # as they came
    output_octets: int  # the most that it hands down


def brief_of(manifest: Manifest) -> Brief:
    terms = {name: getattr(manifest, name) for name in Terms.__slots__}
    return Brief(**terms, size=manifest.size, stored=manifest.stored, output_octets=manifest.output_octets)


def brief_octets(brief: Brief) -> bytes:
    octets = write_plain({"version": VERSION, **asdict(brief), "redundancy": brief.redundancy.value})
    assert len(octets) <= BRIEF_OCTETS
    return octets


def read_brief(octets: bytes) -> Brief | tuple[Fault, ...]:
    value = read_plain(octets) if len(octets) <= BRIEF_OCTETS else None
    if value is None:
        return (Fault("the brief", "damaged or not plain CBOR", f"up to {BRIEF_OCTETS:,} octets of it"),)
    faults: list[Fault] = []
    fields = Fields(value, "", faults)
    fields.whole("version", VERSION, VERSION)
    brief = with_terms(Brief, fields)(
        size=fields.whole("size", 0, SIZE_MAX, "octets"),
        stored=fields.whole("stored", 0, SIZE_MAX, "octets"),
        output_octets=fields.whole("output_octets", 1, OUTPUT_MAX, "octets"),
    )
    fields.end()
    if not faults:
        check_terms(brief, fields)
    return tuple(faults) or brief
