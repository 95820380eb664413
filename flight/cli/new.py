"""`skyrack-flight new my_mission`: a mission package of the user's own, with a module, a test and a scenario."""

from __future__ import annotations

import string
from pathlib import Path

from flight.cli import ids

TEMPLATES = Path(__file__).parent / "template"


class NewMissionError(ValueError):
    """The package cannot be made; nothing has been written."""


def new_mission(name: str, parent: Path) -> list[Path]:
    """Write the package below `parent` and number its declarations.  Never overwrites.

    Of a template's path, MISSION stands for the name, and DOT_ for a dot: no wheel takes a hidden file along.
    """
    if not name.isidentifier() or name != name.lower():
        raise NewMissionError(f"{name!r} is no package name: lower-case letters, digits and underscores")
    folder = parent / name
    if folder.exists():
        raise NewMissionError(f"{folder} exists already")
    written = []
    for template in sorted(TEMPLATES.rglob("*.txt")):
        relative = template.relative_to(TEMPLATES).with_suffix("")
        target = folder / str(relative).replace("MISSION", name).replace("DOT_", ".")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(string.Template(template.read_text()).substitute(name=name))
        written.append(target)
    ids.write(str(folder / name))
    written.append(folder / name / "ids.lock")
    return written
