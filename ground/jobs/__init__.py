"""Jobs on the ground: keys, packing, reading what was packed, receipts."""

from ground.job_facts import JobFacts
from ground.jobs.client import JobList, JobRefusedError, Jobs
from ground.jobs.forecasting import NewestPlan, NoPlanError, Replayed, WhatIf, replay
from ground.jobs.gantt import Gantt, gantt_of_plan, gantt_of_run, utilisation
from ground.jobs.gantt_svg import gantt_svg
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
from ground.jobs.results import OpenedResult, lay_out, open_result

__all__ = [
    "Gantt",
    "JobError",
    "JobFacts",
    "JobKeyError",
    "JobList",
    "JobRefusedError",
    "Jobs",
    "NewestPlan",
    "NoPlanError",
    "OpenedResult",
    "PackError",
    "Packed",
    "PublicKey",
    "ReadPackage",
    "Replayed",
    "SigningKey",
    "WhatIf",
    "differences",
    "gantt_of_plan",
    "gantt_of_run",
    "gantt_svg",
    "lay_out",
    "make_key",
    "open_result",
    "pack",
    "read_catalogue_file",
    "read_key",
    "read_package",
    "read_public",
    "read_receipt",
    "read_tenants_file",
    "replay",
    "utilisation",
]
