"""What tenants send up, what boards send down about it, and what a job says of itself."""

from __future__ import annotations

from flight.jobs import (
    Closed,
    Fault,
    FileOctets,
    Gate,
    Manifest,
    PackageReader,
    PartOctets,
    Receipt,
    Refusal,
    ResultReader,
    catalogue_text,
    decode_manifest,
    decode_receipt,
    encode_manifest,
    encode_receipt,
    fields,
    manifest,
    package,
    paths,
    plain_cbor,
    read_catalogue,
    read_status,
    read_tenants,
    receipt,
    request_octets,
    result,
    tenants,
)
from flight.jobs.control import Wanted
from flight.jobs.skyrack_job import read_checkpoint, read_request
from tests.flight.jobs.made import CATALOGUE, FILES, GATE, MANIFEST, PRIVATE, PUBLIC, RECEIPT
from tests.flight.jobs.made import package as packed
from tests.flight.jobs.test_result import written
from tests.fuzz.engine import Target
from tests.fuzz.wire_targets import pieces

STATUS = b"skyrack-status 1\nsequence 41\nprogress_milli 350\nphase 2 3 training\ncheckpoint 7\nanswered 1\n"
TENANTS = (
    f'[[tenants]]\nowner = "acme"\nkey = "{PUBLIC.hex()}"\n[tenants.quota]\njobs = 4\nstored_octets = 9\n'
    "output_octets = 9\ncores = 2\nmemory_mb = 9\naccelerator_milli = 9\ndisk_mb = 9\npower_w = 1.5\nvalue = 9\n"
)


def packages(data: bytes) -> None:
    """As a ground reads them, which asks for no signature, and as a board does."""
    for gate in (Gate(), GATE):
        reader, sizes, refusals = PackageReader(gate), dict[str, int](), 0
        for piece in pieces(data):
            for event in reader.receive(piece):
                refusals += isinstance(event, Refusal)
                if isinstance(event, PartOctets):
                    sizes[event.part.path] = sizes.get(event.part.path, 0) + len(event.octets)
                    assert sizes[event.part.path] <= event.part.size
        end = reader.finish()
        refusals += isinstance(end, Refusal)
        assert refusals == (not isinstance(end, Closed))
        assert reader.refused == bool(refusals)


def package_seeds() -> list[bytes]:
    good = packed()
    long = encode_manifest(MANIFEST)
    bare = good[:16] + len(long).to_bytes(4, "big") + bytes(64) + long
    return [good, bare, good[:100], packed(files={**FILES, "main.py": bytes(600)})]


def manifests(data: bytes) -> None:
    found = decode_manifest(data)
    if isinstance(found, Manifest):
        assert decode_manifest(encode_manifest(found)) == found
    else:
        assert found
        assert all("\n" not in str(fault) for fault in found)


def receipts(data: bytes) -> None:
    found = decode_receipt(data, None)
    if isinstance(found, Receipt):
        assert decode_receipt(encode_receipt(found, PRIVATE), PUBLIC) == found
    decode_receipt(data, PUBLIC)


def results(data: bytes) -> None:
    for key in (None, PUBLIC):
        reader, sizes, faults = ResultReader(key), dict[str, int](), 0
        for piece in pieces(data):
            for event in reader.receive(piece):
                faults += isinstance(event, Fault)
                if isinstance(event, FileOctets):
                    sizes[event.file.path] = sizes.get(event.file.path, 0) + len(event.octets)
                    assert sizes[event.file.path] <= event.file.size
        faults += reader.finish() is not None
        assert reader.damaged == bool(faults)


def result_seeds() -> list[bytes]:
    files = {"standard-output": b"hi\n", "result.txt": b"hello"}
    return [written(encode_receipt(RECEIPT, private), files) for private in (PRIVATE, None)]


def words(data: bytes) -> None:
    read_status(data)
    read_request(data)
    read_checkpoint(data)


def tables(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    read_tenants(text)
    read_catalogue(text)


TARGETS = (
    Target("job packages", packages, package_seeds, (package, paths), 3000, parts=(b"SKYJOB\0\1",)),
    Target(
        "job manifests",
        manifests,
        lambda: [encode_manifest(MANIFEST), b"\xa1\x61a\x80"],
        (manifest, fields, plain_cbor),
    ),
    Target("job receipts", receipts, lambda: [encode_receipt(RECEIPT, PRIVATE)], (receipt,)),
    Target("job results", results, result_seeds, (result,), parts=(b"SKYRES\0\1",)),
    Target(
        "words of a job",
        words,
        lambda: [STATUS, request_octets(3, Wanted.STOP, 500), b"SKYCKPT1" + bytes(20)],
        (read_status, read_request, read_checkpoint),
        0,
    ),
    Target(
        "tables of jobs",
        tables,
        lambda: [TENANTS.encode(), catalogue_text(CATALOGUE).encode()],
        (tenants.read_tenants, read_catalogue),
        0,  # the standard library's TOML costs more than linear; a mission's table is trusted and bounded
    ),
)
