"""Who may send jobs, and how much: a table of the mission, bounded, read from TOML or written as Python."""

from __future__ import annotations

from dataclasses import dataclass

from flight.jobs.fields import Fault, Fields
from flight.jobs.manifest import SIZE_MAX
from flight.jobs.paths import OWNER_EXPECTED, is_owner
from flight.jobs.signing import KEY_OCTETS, key_check
from flight.jobs.terms import CORES_MAX, MEMORY_MAX_MB, POWER_MAX_W, SERIAL_MAX, VALUE_MAX

TENANTS_MAX = 64  # a row is about 100 octets; more customers than one satellite has
JOBS_MAX = 1024  # held at once, by one tenant
TABLE_OCTETS = 1 << 18


@dataclass(frozen=True, slots=True)
class Quota:
    """The first three are of all jobs of a tenant together, the others of each."""

    jobs: int
    stored_octets: int
    output_octets: int
    cores: int
    memory_mb: int
    accelerator_milli: int
    disk_mb: int
    power_w: float
    value: int


@dataclass(frozen=True, slots=True)
class Tenant:
    """One key of one owner.  An owner who changes keys has two rows for a while; `revoked` stays as a mark."""

    owner: str
    key: bytes
    quota: Quota
    serial_floor: int = 0  # packages below are refused: how old ones are withdrawn
    revoked: bool = False


@dataclass(frozen=True, slots=True)
class Used:
    """What a tenant's jobs on board hold already."""

    jobs: int = 0
    stored_octets: int = 0
    output_octets: int = 0


def find_tenant(tenants: tuple[Tenant, ...], check: bytes) -> Tenant | None:
    return next((one for one in tenants if key_check(one.key) == check), None)


def unlimited(owner: str, key: bytes) -> Tenant:
    """For a ground that asks for a signature alone."""
    most = JOBS_MAX * SIZE_MAX
    quota = Quota(JOBS_MAX, most, most, CORES_MAX, MEMORY_MAX_MB, 1000, MEMORY_MAX_MB, POWER_MAX_W, VALUE_MAX)
    return Tenant(owner, key, quota)


def read_tenants(text: str) -> tuple[Tenant, ...] | tuple[Fault, ...]:
    """`[[tenants]]` with the fields of `Tenant`, those of `Quota` under `quota`."""
    value = read_toml(text)
    if isinstance(value, Fault):
        return (value,)
    faults: list[Fault] = []
    fields = Fields(value, "", faults)
    found = tuple(_tenant(one) for one in fields.tables("tenants", TENANTS_MAX, least=1))
    fields.end()
    if len({one.key for one in found}) < len(found) and not faults:
        fields.fault("tenants", "one key stands there twice", "each key once")
    return tuple(faults) or found


def read_toml(text: str) -> object | Fault:
    if len(text) > TABLE_OCTETS:
        return Fault("the document", f"{len(text):,} letters", f"at most {TABLE_OCTETS:,}")
    import tomllib  # 3 ms, which only a ground spends

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        return Fault("the document", f"no TOML: {error}"[:120], "TOML 1.0")


def _tenant(fields: Fields) -> Tenant:
    quota = fields.table("quota")
    found = Tenant(
        fields.text("owner", is_owner, OWNER_EXPECTED),
        fields.octets("key", KEY_OCTETS),
        _quota(quota),
        fields.whole("serial_floor", 0, SERIAL_MAX, default=0),
        fields.flag("revoked", default=False),
    )
    fields.end()
    return found


def _quota(fields: Fields) -> Quota:
    found = Quota(
        fields.whole("jobs", 1, JOBS_MAX),
        fields.whole("stored_octets", 1, JOBS_MAX * SIZE_MAX, "octets"),
        fields.whole("output_octets", 1, JOBS_MAX * SIZE_MAX, "octets"),
        fields.whole("cores", 1, CORES_MAX),
        fields.whole("memory_mb", 1, MEMORY_MAX_MB, "MB"),
        fields.whole("accelerator_milli", 0, 1000, "thousandths"),
        fields.whole("disk_mb", 1, MEMORY_MAX_MB, "MB"),
        fields.number("power_w", 0.0, POWER_MAX_W, "W"),
        fields.whole("value", 1, VALUE_MAX),
    )
    fields.end()
    return found
