"""Whether a package may come on board: its tenant, its quota, what it needs.  Nothing of its parts is read before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from flight.jobs.catalogue import Installed, absent
from flight.jobs.manifest import Manifest
from flight.jobs.tenants import Tenant, Used


class Refused(Enum):
    """Why a package is refused, one counter each."""

    NO_PACKAGE = "no job package"
    TENANT = "no such tenant"
    SIGNATURE = "wrong signature"
    MANIFEST = "faults in the manifest"
    REVOKED = "key revoked, or package withdrawn"
    LATE = "its deadline has passed"
    QUOTA = "over the tenant's quota"
    ABSENT = "names what is not on board"
    SHORT = "ends too early"
    DAMAGED = "a part is not what the manifest says"
    BEHIND = "something stands behind its end"
    STORAGE = "the disk would not take it"


@dataclass(frozen=True, slots=True)
class Refusal:
    reason: Refused
    lines: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.reason.value}: " + "; ".join(self.lines)


@dataclass(frozen=True, slots=True)
class Gate:
    """What a package is held against.  `tenants` None: any key will do, which only a ground may say.

    `catalogue` None: what the job needs is not asked.  `used` is by owner.  `utc_s` 0: the time is not known.
    """

    tenants: tuple[Tenant, ...] | None = None
    catalogue: tuple[Installed, ...] | None = None
    used: dict[str, Used] = field(default_factory=dict)
    utc_s: int = 0

    def refusal(self, manifest: Manifest, tenant: Tenant | None) -> Refusal | None:
        """None if the package may come in."""
        if tenant is not None:
            if manifest.owner != tenant.owner:
                return Refusal(Refused.TENANT, (f"{manifest.owner} signs with the key of {tenant.owner}",))
            if manifest.serial < tenant.serial_floor:
                line = f"serial {manifest.serial}, and {tenant.serial_floor} is the lowest that counts"
                return Refusal(Refused.REVOKED, (line,))
            over = tuple(_over(manifest, tenant, self.used.get(tenant.owner, Used())))
            if over:
                return Refusal(Refused.QUOTA, over)
        if self.utc_s and manifest.deadline_utc_s and self.utc_s >= manifest.deadline_utc_s:
            return Refusal(Refused.LATE, (f"by {self.utc_s - manifest.deadline_utc_s} s",))
        lacking = () if self.catalogue is None else absent(self.catalogue, manifest)
        return Refusal(Refused.ABSENT, lacking) if lacking else None


def _over(manifest: Manifest, tenant: Tenant, used: Used) -> Iterator[str]:
    quota, needs = tenant.quota, manifest.resources
    rows = (
        ("jobs on board", used.jobs + 1, quota.jobs, ""),
        ("stored with this one", used.stored_octets + manifest.size, quota.stored_octets, " octets"),
        (
            "outputs with this one's",
            used.output_octets + manifest.output_octets,
            quota.output_octets,
            " octets",
        ),
        ("cores", needs.cores, quota.cores, ""),
        ("memory", needs.memory_mb, quota.memory_mb, " MB"),
        ("accelerator", needs.accelerator_milli, quota.accelerator_milli, " thousandths"),
        ("disk", needs.disk_mb, quota.disk_mb, " MB"),
        ("power", max(level.power_w for level in manifest.levels), quota.power_w, " W"),
        ("value", manifest.value, quota.value, ""),
    )
    for what, wanted, most, unit in rows:
        if not wanted <= most:
            yield f"{what}: {wanted:,}{unit}, and {tenant.owner} may have {most:,}{unit}"
