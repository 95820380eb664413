"""What can be made to fail in a scenario: the table that the loader checks and `sim.faults` injects.

A target is `class` or `class.name`.  Each kind takes a `value` of the unit beside it, or none ("").
"""

from __future__ import annotations

from typing import Final

READING: Final = "reading"  # the unit that the sensor reads in
DIFFERENCE: Final = "difference"  # the same, but kelvin for a temperature

NAMED: Final = frozenset(
    {"sensor", "rail", "heater", "station", "module", "job"}
)  # classes whose targets have a name
PROCESSES: Final = ("executive", "guardian", "storage", "files", "runner", "planning")

# A tenant or somebody else sends a package that must not come in.
PACKAGES: Final = ("forged", "stranger", "damaged", "truncated", "bomb", "escape", "noise")

# Shares are of the chunks (frames; on the way up, what is radiated in a second) that it strikes.
LINE: Final = {"loss": "1", "corrupt": "1", "duplicate": "1", "truncate": "1", "insert": "1", "silent": ""}

# Somebody without the keys radiates so much of the line as well: well-formed frames, recorded ones, control frames.
INTRUSIONS: Final = {"forge": "1", "replay": "1", "control": "1"}

KINDS: Final[dict[str, dict[str, str]]] = {
    "sensor": {
        "stuck": READING,
        "offset": DIFFERENCE,
        "noise": DIFFERENCE,
        "missing": "",
        "late": "s",
        "garbage": "",
    },
    "rail": {"stuck": "", "off": "", "latch_up": "W"},
    "heater": {"stuck_on": "", "stuck_off": "", "duty": "1"},
    "array": {"loss": "1"},
    "battery": {"loss": "1"},
    "link.up": {**LINE, "echo": "1", **INTRUSIONS},
    "link.down": LINE,
    "station": {"outage": ""},
    "clock": {"step": "s", "drift": "1"},
    "disk": {
        "full": "",
        "error": "",
        "slow": "s",
        "bit_flip": "",
        "power_cut": "",
        "cut_in_save": "",
        "cut_in_book": "",
    },
    "disk.files": {"full": "", "error": "", "power_cut": ""},
    "disk.jobs": {"full": "", "error": "", "power_cut": ""},
    "computer": {"reset": ""},
    "module": {"crash": "", "crash_again": "", "hang": "", "stall": "", "flood": ""},
    "job": {"crash": "", "hang": "", "slow": "1", "wrong_bits": "", "lie": "W", "sag": ""},
    "package": dict.fromkeys(PACKAGES, ""),
    **{f"process.{name}": {"kill": "", "stop": ""} for name in PROCESSES},
}

OPTIONAL_VALUE: Final = frozenset({"stuck"})  # without a value: stuck where it is
