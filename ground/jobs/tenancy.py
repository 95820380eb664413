"""A row of the table of tenants, as a spacecraft and `job show --tenants` read it."""

from __future__ import annotations

from dataclasses import fields

from flight.jobs import Quota
from ground.jobs.keys import PublicKey

MIB = 1 << 20
MODEST = Quota(
    jobs=4,
    stored_octets=64 * MIB,
    output_octets=64 * MIB,
    cores=1,
    memory_mb=1024,
    accelerator_milli=0,
    disk_mb=256,
    power_w=50.0,
    value=100,
)
QUOTA_SAYS = {
    "jobs": "on board at once",
    "stored_octets": "of all packages on board together",
    "output_octets": "of the outputs of all jobs on board together",
    "cores": "of one job",
    "memory_mb": "of one job, MB",
    "accelerator_milli": "of one job, thousandths of an accelerator",
    "disk_mb": "of one job, MB",
    "power_w": "of one job, W",
    "value": "of one job: what its delivery may be worth",
}


def tenant_row(public: PublicKey, quota: Quota = MODEST) -> str:
    """TOML, with an end of line."""
    rows = [f"{one.name} = {getattr(quota, one.name)}" for one in fields(quota)]
    head = ["[[tenants]]", f'owner = "{public.owner}"', f'key = "{public.key.hex()}"', "", "[tenants.quota]"]
    return "\n".join([*head, *rows, ""])
