"""The job package: one file, read from front to back in bounded memory, in which nothing but files can be said.

    octets  what
    8       SKYJOB and the version, 0 1
    8       check of the tenant's key: the first octets of its SHA-256
    4       length of the manifest, big-endian
    64      Ed25519 signature over all of the above and the manifest
            manifest, CBOR
            the parts' octets as stored, in the manifest's order, nothing between and nothing behind

Nothing is parsed before the signature holds, and no part is read before the manifest is admitted.  A part's hash and
both its sizes are signed, and a hash of all parts as they are stored, so that no octet can be changed.  Why this and
neither tar nor zip: docs/decisions/job-package.md.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct

from flight.jobs.admission import Gate, Refusal, Refused
from flight.jobs.digest import new_sha256
from flight.jobs.manifest import MANIFEST_OCTETS, Manifest, Part, decode_manifest, encode_manifest
from flight.jobs.signing import (
    CHECK_OCTETS,
    PACKAGE_DOMAIN,
    SIGNATURE_OCTETS,
    is_signed,
    key_check,
    public_of,
    sign,
)
from flight.jobs.tenants import Tenant, find_tenant

MAGIC = b"SKYJOB\x00\x01"
SIGNED = Struct(f">8s{CHECK_OCTETS}sI")
HEAD_OCTETS = SIGNED.size + SIGNATURE_OCTETS
CHUNK = 1 << 16  # octets of a part that are in memory at once
RAW_DEFLATE = -15


@dataclass(frozen=True, slots=True)
class Opened:
    """The manifest is admitted; its parts follow.  `tenant` is None if no table of tenants was asked."""

    manifest: Manifest
    tenant: Tenant | None
    key_check: bytes


@dataclass(frozen=True, slots=True)
class PartOctets:
    part: Part
    octets: bytes


@dataclass(frozen=True, slots=True)
class PartEnds:
    """All its octets have come, and their hash is right."""

    part: Part


@dataclass(frozen=True, slots=True)
class Closed:
    """The package is whole.  `sha256` is of the file."""

    manifest: Manifest
    sha256: bytes
    octets: int


Event = Opened | PartOctets | PartEnds | Closed | Refusal


def package_head(manifest: Manifest, private: bytes) -> bytes:
    """Everything before the parts, signed."""
    body = encode_manifest(manifest)
    assert len(body) <= MANIFEST_OCTETS
    signed = SIGNED.pack(MAGIC, key_check(public_of(private)), len(body))
    return signed + sign(private, PACKAGE_DOMAIN, signed + body) + body


class PackageReader:
    """`receive` is given the file piece by piece; what it yields must be taken to its end.

    After a refusal nothing more comes: the rest of the file is of no interest.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        self._held = bytearray()  # the head and the manifest while they come, which are bounded
        self._head_octets = 0  # with the manifest; 0 while it is not known
        self._whole, self._stored, self._octets = new_sha256(), new_sha256(), 0
        self._tenant: Tenant | None = None
        self._manifest: Manifest | None = None
        self._index = 0
        self._unpacking = _Unpacking(Part("", 0, 0, b""))
        self.refused = False

    def receive(self, octets: bytes) -> Iterator[Event]:
        for start in range(0, len(octets), CHUNK):
            piece = octets[start : start + CHUNK]
            if self.refused:
                return
            self._whole.update(piece)
            self._octets += len(piece)
            for event in self._take(piece):
                self.refused = isinstance(event, Refusal)
                yield event
                if self.refused:
                    return

    def finish(self) -> Closed | Refusal | None:
        """There are no more octets.  None if a refusal came before."""
        if self.refused:
            return None
        if self._manifest is None or self._index < len(self._manifest.parts):
            self.refused = True
            return Refusal(Refused.SHORT, (f"after {self._octets:,} octets",))
        if self._stored.digest() != self._manifest.stored_sha256:
            self.refused = True
            return Refusal(Refused.DAMAGED, ("all parts as stored: another hash",))
        return Closed(self._manifest, self._whole.digest(), self._octets)

    def _take(self, piece: bytes) -> Iterator[Event]:
        rest = piece
        if self._manifest is None:
            self._held += piece
            if not self._head_octets and (refusal := self._read_head()) is not None:
                yield refusal
                return
            if not self._head_octets or len(self._held) < self._head_octets:
                return
            opened = self._open()
            yield opened
            if isinstance(opened, Refusal):
                return
            rest, self._held = bytes(self._held[self._head_octets :]), bytearray()
        yield from self._parts(rest)

    def _read_head(self) -> Refusal | None:
        """Who signs it and how long the manifest is, once the head is all there."""
        held, tenants = self._held, self._gate.tenants
        if not MAGIC.startswith(held[: len(MAGIC)]):
            return Refusal(Refused.NO_PACKAGE, (f"it begins with {bytes(held[:8])!r}",))
        if len(held) < HEAD_OCTETS:
            return None
        _, check, length = SIGNED.unpack_from(held)
        if not 0 < length <= MANIFEST_OCTETS:
            return Refusal(Refused.NO_PACKAGE, (f"a manifest of {length:,} octets",))
        if tenants is not None:
            self._tenant = find_tenant(tenants, check)
            if self._tenant is None:
                return Refusal(Refused.TENANT, (f"key {check.hex()}",))
            if self._tenant.revoked:
                return Refusal(Refused.REVOKED, (f"key {check.hex()} of {self._tenant.owner}",))
        self._head_octets = HEAD_OCTETS + length
        return None

    def _open(self) -> Opened | Refusal:
        head = bytes(self._held[: self._head_octets])
        _, check, _ = SIGNED.unpack_from(head)
        signature, body = head[SIGNED.size : HEAD_OCTETS], head[HEAD_OCTETS:]
        tenant = self._tenant
        if tenant is not None and not is_signed(
            tenant.key, PACKAGE_DOMAIN, head[: SIGNED.size] + body, signature
        ):
            return Refusal(Refused.SIGNATURE, (f"with key {check.hex()} of {tenant.owner}",))
        manifest = decode_manifest(body)
        if isinstance(manifest, tuple):
            return Refusal(Refused.MANIFEST, tuple(map(str, manifest)))
        refusal = self._gate.refusal(manifest, tenant)
        if refusal is not None:
            return refusal
        self._manifest, self._unpacking = manifest, _Unpacking(manifest.parts[0])
        return Opened(manifest, tenant, check)

    def _parts(self, rest: bytes) -> Iterator[Event]:
        assert self._manifest is not None
        parts = self._manifest.parts
        while self._index < len(parts):
            unpacking = self._unpacking
            taken = min(len(rest), unpacking.missing)
            self._stored.update(rest[:taken])
            yield from unpacking.receive(rest[:taken])
            rest = rest[taken:]
            if unpacking.missing:
                return
            yield unpacking.end()
            self._index += 1
            if self._index < len(parts):
                self._unpacking = _Unpacking(parts[self._index])
        if rest:
            yield Refusal(Refused.BEHIND, (f"{len(rest):,} octets or more",))


class _Unpacking:
    """One part: counts, inflates where it is deflated, hashes."""

    def __init__(self, part: Part) -> None:
        self.part, self.missing = part, part.stored
        self._size, self._hash = 0, new_sha256()
        self._inflate = zlib.decompressobj(RAW_DEFLATE) if part.stored < part.size else None

    def receive(self, octets: bytes) -> Iterator[PartOctets | Refusal]:
        assert len(octets) <= self.missing
        self.missing -= len(octets)
        if self._inflate is None:
            yield from self._give(octets)
            return
        given = b"-" * CHUNK
        while octets or len(given) == CHUNK:  # a full chunk may have left some behind
            try:
                given = self._inflate.decompress(octets, CHUNK)
            except zlib.error as error:
                yield self._refusal(f"no deflate: {error}")
                return
            octets = self._inflate.unconsumed_tail
            yield from self._give(given)
        if self._inflate.unused_data:
            yield self._refusal("octets behind its end")

    def end(self) -> PartEnds | Refusal:
        if self._inflate is not None and not self._inflate.eof:
            return self._refusal("its deflate does not end")
        if self._size != self.part.size:
            return self._refusal(f"{self._size:,} octets, not {self.part.size:,}")
        if self._hash.digest() != self.part.sha256:
            return self._refusal("another hash")
        return PartEnds(self.part)

    def _give(self, octets: bytes) -> Iterator[PartOctets | Refusal]:
        self._size += len(octets)
        if self._size > self.part.size:
            yield self._refusal(f"more than its {self.part.size:,} octets")
            return
        self._hash.update(octets)
        if octets:
            yield PartOctets(self.part, octets)

    def _refusal(self, why: str) -> Refusal:
        return Refusal(Refused.DAMAGED, (f"{self.part.path}: {why}",))
