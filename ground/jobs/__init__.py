"""Jobs on the ground: keys, packing, reading what was packed, receipts."""

from ground.jobs.keys import JobKeyError, PublicKey, SigningKey, make_key, read_key, read_public
from ground.jobs.packing import Packed, PackError, pack
from ground.jobs.reading import (
    JobError,
    ReadPackage,
    differences,
    read_catalogue_file,
    read_package,
    read_receipt,
    read_tenants_file,
)

__all__ = [
    "JobError",
    "JobKeyError",
    "PackError",
    "Packed",
    "PublicKey",
    "ReadPackage",
    "SigningKey",
    "differences",
    "make_key",
    "pack",
    "read_catalogue_file",
    "read_key",
    "read_package",
    "read_public",
    "read_receipt",
    "read_tenants_file",
]
