"""A mission with the tenants of a scenario, as a package that the flight program can load."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flight.jobs import Tenant

FOLDER = "bench_mission"
TEXT = '''"""{base} with the tenants of a scenario; made by a bench, and gone with it."""

from dataclasses import replace

from flight.app import load_mission
from flight.jobs.tenants import Quota, Tenant

TENANTS = (
{rows})
MISSION = replace(load_mission({base!r}), tenants=TENANTS)
'''


def leave_mission(base: str, tenants: Sequence[Tenant], folder: Path) -> str:
    """What to give `skyrack-flight run`: a package in `folder`, or `base` itself where there are no tenants."""
    if not tenants:
        return base
    place = folder / FOLDER
    place.mkdir()
    named = str(Path(base).resolve()) if Path(base).is_dir() else base
    rows = "".join(f"    {tenant!r},\n" for tenant in tenants)
    (place / "__init__.py").write_text(TEXT.format(base=named, rows=rows))
    return str(place)
