"""The container: what is packed comes out; anything else is refused, and nothing is kept of it."""

from __future__ import annotations

import struct
import tracemalloc
import zlib
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flight.jobs import (
    CHUNK,
    RAW_DEFLATE,
    Closed,
    Gate,
    Opened,
    PackageReader,
    Part,
    PartEnds,
    PartOctets,
    Refusal,
    Refused,
    Used,
    encode_manifest,
    key_check,
    package_head,
    public_of,
)
from flight.jobs.signing import PACKAGE_DOMAIN, sign
from tests.flight.jobs.made import (
    FILES,
    GATE,
    MANIFEST,
    OTHER_PRIVATE,
    PRIVATE,
    PUBLIC,
    TENANT,
    deflated,
    gate,
    last,
    package,
    part,
    read,
    with_files,
)

GOOD = package()
HEAD_OCTETS = 8 + 8 + 4 + 64
BODY_OCTETS = len(encode_manifest(MANIFEST))


def refused(octets: bytes, against: Gate = GATE) -> Refused:
    end = last(octets, against)
    assert isinstance(end, Refusal), end
    return end.reason


# ---------------------------------------------------------------- what is right


@pytest.mark.parametrize("piece", [1, 7, HEAD_OCTETS, 1 << 20])
def test_what_is_packed_comes_out(piece: int) -> None:
    events = read(GOOD, piece=piece)
    assert events[0] == Opened(MANIFEST, TENANT, key_check(PUBLIC))
    found = {one.path: b"" for one in MANIFEST.parts}
    for event in events:
        if isinstance(event, PartOctets):
            found[event.part.path] += event.octets
    assert found == FILES
    assert [event.part.path for event in events if isinstance(event, PartEnds)] == list(FILES)
    assert events[-1] == Closed(MANIFEST, sha256(GOOD).digest(), len(GOOD))


@pytest.mark.slow
@given(
    st.dictionaries(st.sampled_from(["main.py", "a", "b/c", "b/d.bin"]), st.binary(max_size=400), min_size=1)
)
def test_any_files(files: dict[str, bytes]) -> None:
    files = {"main.py": b"x" * 5000, **files}
    manifest = with_files(files)
    assert isinstance(last(package(manifest, files=files)), Closed)


def test_the_same_job_gives_the_same_octets() -> None:
    assert package() == GOOD


def test_a_part_of_a_whole_number_of_chunks() -> None:
    """Output that fills a chunk to its end, and input that is used up with it."""
    for size in (CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 40 * CHUNK):
        files = {"main.py": bytes(size)}
        assert isinstance(last(package(with_files(files), files=files)), Closed), size


# ---------------------------------------------------------------- payload.md 5.3, 17 to 19 and 25


@pytest.mark.parametrize("end", range(0, len(GOOD), 13))
def test_cut_anywhere_it_is_short(end: int) -> None:
    assert refused(GOOD[:end]) is Refused.SHORT


def test_a_bit_flipped_anywhere_is_noticed() -> None:
    """Those that deflate does not look at among them, which are in the last octets of its stream."""
    deflate = range(HEAD_OCTETS + BODY_OCTETS, HEAD_OCTETS + BODY_OCTETS + MANIFEST.parts[0].stored)
    for at, bits in [(at, (at % 8,)) for at in range(0, len(GOOD), 5)] + [(at, range(8)) for at in deflate]:
        for bit in bits:
            refused(GOOD[:at] + bytes([GOOD[at] ^ 1 << bit]) + GOOD[at + 1 :])


def test_pieces_missing_repeated_reordered_and_mixed() -> None:
    files = {"main.py": bytes(range(256)) * 4, "data": bytes(reversed(range(256))) * 4}
    whole = package(with_files(files), files=files)
    other_files = {"main.py": bytes(range(1, 256)) * 4, "data": bytes(reversed(range(255))) * 4}
    other = package(with_files(other_files), files=other_files)
    middle, chunk = len(whole) - 300, 100
    a, b = whole[middle : middle + chunk], whole[middle + chunk : middle + 2 * chunk]
    rest = whole[middle + 2 * chunk :]
    assert a != b
    assert refused(whole[:middle] + b + rest) is not None
    assert refused(whole[:middle] + a + a + b + rest) is not None
    assert refused(whole[:middle] + b + a + rest) is Refused.DAMAGED
    assert refused(whole[:middle] + a + rest) is not None
    assert refused(whole[: len(whole) // 2] + other[len(whole) // 2 :]) is not None


def test_nothing_stands_behind() -> None:
    assert refused(GOOD + b"x") is Refused.BEHIND
    assert refused(GOOD + GOOD) is Refused.BEHIND


def test_another_key() -> None:
    assert refused(package(private=OTHER_PRIVATE)) is Refused.TENANT
    forged = package(private=OTHER_PRIVATE)
    forged = forged[:8] + key_check(PUBLIC) + forged[16:]
    assert refused(forged) is Refused.SIGNATURE


def test_no_signature_of_another_thing() -> None:
    """What a board signs as a receipt is no package, and the other way round."""
    body = encode_manifest(MANIFEST)
    head = struct.pack(">8s8sI", b"SKYJOB\0\1", key_check(PUBLIC), len(body))
    tail = b"".join(map(deflated, FILES.values()))
    assert isinstance(last(head + sign(PRIVATE, PACKAGE_DOMAIN, head + body) + body + tail), Closed)
    assert (
        refused(head + sign(PRIVATE, b"skyrack job receipt 1\0", head + body) + body + tail)
        is Refused.SIGNATURE
    )
    assert refused(head + sign(PRIVATE, PACKAGE_DOMAIN, body) + body + tail) is Refused.SIGNATURE
    assert refused(head + bytes(64) + body + tail) is Refused.SIGNATURE


def test_the_key_of_one_tenant_is_not_that_of_another() -> None:
    other = replace(TENANT, owner="umbrella", key=public_of(OTHER_PRIVATE))
    assert refused(package(private=OTHER_PRIVATE), Gate((TENANT, other))) is Refused.TENANT
    named = replace(MANIFEST, owner="umbrella")
    assert isinstance(last(package(named, OTHER_PRIVATE), Gate((TENANT, other))), Closed)


def test_revoked_withdrawn_late() -> None:
    assert refused(GOOD, gate(revoked=True)) is Refused.REVOKED
    assert refused(GOOD, gate(serial_floor=8)) is Refused.REVOKED
    assert isinstance(last(GOOD, gate(serial_floor=7)), Closed)
    assert refused(GOOD, replace(GATE, utc_s=MANIFEST.deadline_utc_s)) is Refused.LATE
    assert isinstance(last(GOOD, replace(GATE, utc_s=MANIFEST.deadline_utc_s - 1)), Closed)
    ever = replace(MANIFEST, deadline_utc_s=0)
    assert isinstance(last(package(ever), replace(GATE, utc_s=MANIFEST.deadline_utc_s)), Closed)


def test_nothing_is_parsed_before_the_signature_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(octets: bytes) -> None:
        raise AssertionError

    monkeypatch.setattr("flight.jobs.package.decode_manifest", parse)
    forged = GOOD[:30] + b"\0" + GOOD[31:]
    assert refused(forged) is Refused.SIGNATURE


# ---------------------------------------------------------------- bombs


def made_of(said: Part, stored: bytes) -> bytes:
    """A package of one part, rightly signed, whatever its octets are."""
    manifest = replace(MANIFEST, parts=(said,), stored_sha256=sha256(stored).digest())
    return package_head(manifest, PRIVATE) + stored


def bomb(size: int, said: int) -> bytes:
    """A part of `size` zeros that says it has `said`."""
    packed = deflated(bytes(size))
    return made_of(Part("main.py", said, len(packed), sha256(bytes(said)).digest()), packed)


def test_a_bomb_ends_at_the_size_that_is_signed() -> None:
    octets = bomb(20_000_000, 100_000)
    reader, given = PackageReader(GATE), 0
    tracemalloc.start()
    try:
        for event in reader.receive(octets):
            given += len(event.octets) if isinstance(event, PartOctets) else 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert reader.refused
    assert given <= 100_000
    assert peak < 1 << 20
    assert reader.finish() is None


def test_not_one_octet_more_than_is_signed() -> None:
    files = {"main.py": bytes(1001)}
    said = Part("main.py", 1000, len(deflated(files["main.py"])), sha256(bytes(1000)).digest())
    events = read(made_of(said, deflated(files["main.py"])))
    assert isinstance(events[-1], Refusal)
    assert events[-1].lines == ("main.py: more than its 1,000 octets",)
    assert not any(isinstance(event, PartOctets) for event in events)


@pytest.mark.slow
def test_memory_does_not_grow_with_a_part() -> None:
    octets = bomb(16_000_000, 16_000_000)
    reader, given = PackageReader(GATE), 0
    tracemalloc.start()
    try:
        for event in reader.receive(octets):
            given += len(event.octets) if isinstance(event, PartOctets) else 0
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert given == 16_000_000
    assert isinstance(reader.finish(), Closed)
    assert peak < 1 << 20


def test_deflate_that_is_none_that_does_not_end_that_goes_on() -> None:
    plain = bytes(1000)
    packed = deflated(plain)
    cases = [b"\xff" * len(packed), packed[:-1], packed + b"x", packed + packed, b"\x01\x00\x00\xff\xff"]
    for body in cases:
        said = Part("main.py", 1000, len(body), sha256(plain).digest())
        assert refused(made_of(said, body)) is Refused.DAMAGED, body


def test_empty_blocks_of_deflate_are_bounded_by_the_octets_stored() -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, RAW_DEFLATE)
    body = b"".join(packer.flush(zlib.Z_FULL_FLUSH) + b"\0\0\0\xff\xff" for _ in range(2000))
    assert refused(made_of(Part("main.py", len(body) + 1, len(body), bytes(32)), body)) is Refused.DAMAGED


def test_a_part_of_other_content_or_size() -> None:
    for lie in (
        replace(part("main.py", b"abc"), sha256=bytes(32)),
        replace(part("main.py", b"abc"), sha256=sha256(b"abd").digest()),
    ):
        assert refused(made_of(lie, b"abc")) is Refused.DAMAGED
    assert isinstance(last(made_of(part("main.py", b"abc"), b"abc")), Closed)


def test_a_manifest_as_long_as_it_likes() -> None:
    head = struct.pack(">8s8sI", b"SKYJOB\0\1", key_check(PUBLIC), (1 << 16) + 1)
    assert refused(head + bytes(64)) is Refused.NO_PACKAGE
    assert refused(head[:16] + bytes(4) + bytes(64)) is Refused.NO_PACKAGE


@pytest.mark.parametrize("octets", [b"PK\x03\x04" + bytes(200), b"SKYJOB\0\2" + bytes(200), bytes(500)])
def test_other_files(octets: bytes) -> None:
    assert refused(octets) is Refused.NO_PACKAGE


# ---------------------------------------------------------------- quotas


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("cores", 2),
        ("memory_mb", 256),
        ("accelerator_milli", 500),
        ("disk_mb", 64),
        ("power_w", 6),
        ("value", 40),
        ("stored_octets", sum(map(len, FILES.values()))),
        ("output_octets", 6000),
    ],
)
def test_each_quota_to_its_edge(name: str, wanted: int) -> None:
    assert isinstance(last(GOOD, gate(**{name: wanted})), Closed)
    end = last(GOOD, gate(**{name: wanted - 1}))
    assert isinstance(end, Refusal)
    assert end.reason is Refused.QUOTA
    assert len(end.lines) == 1


def test_what_is_on_board_counts() -> None:
    assert isinstance(last(GOOD, gate(Used(jobs=7), jobs=8)), Closed)
    assert refused(GOOD, gate(Used(jobs=8), jobs=8)) is Refused.QUOTA
    size = sum(map(len, FILES.values()))
    assert isinstance(last(GOOD, gate(Used(stored_octets=10), stored_octets=size + 10)), Closed)
    assert refused(GOOD, gate(Used(stored_octets=11), stored_octets=size + 10)) is Refused.QUOTA
    assert refused(GOOD, gate(Used(output_octets=1), output_octets=6000)) is Refused.QUOTA


def test_what_is_absent_is_listed() -> None:
    end = last(package(replace(MANIFEST, runtime="cpython==3.12.1", libraries=("torch",), models=("llama",))))
    assert isinstance(end, Refusal)
    assert end.reason is Refused.ABSENT
    assert end.lines == (
        "runtime cpython==3.12.1 is not on board; there is cpython==3.11.9",
        "library torch is not on board; there is numpy==2.4.6",
        "model llama is not on board; there is digits==1",
    )
    assert refused(package(replace(MANIFEST, runtime="numpy"))) is Refused.ABSENT
    assert refused(GOOD, Gate((TENANT,), ())) is Refused.ABSENT


# ---------------------------------------------------------------- anything


@given(st.binary(max_size=400), st.integers(0, len(GOOD)), st.integers(0, 400))
def test_any_octets_are_refused(octets: bytes, at: int, over: int) -> None:
    spoiled = GOOD[:at] + octets + GOOD[at + over :]
    assert isinstance(last(spoiled), Refusal) == (spoiled != GOOD)
    last(spoiled, Gate())
