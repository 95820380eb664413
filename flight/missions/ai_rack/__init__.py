"""AI Rack: a compute satellite of the 120 kW class with two racks on two coolant loops.

Read `modules.py` for what runs, `tables.py` for power, heat and modes, `faults.py` for fault protection.
"""

from pathlib import Path

from flight.mission import Mission, Store
from flight.missions.ai_rack.catalogue import CATALOGUE
from flight.missions.ai_rack.hardware import SENSORS, SWITCHES
from flight.missions.ai_rack.modules import ROWS
from flight.missions.ai_rack.tables import DEFAULTS, PLANNING
from flight.wire.coding import TmCoding, TmRandomisation
from flight.wire.telemetry_link import STRICT_TM_MASK, TelemetryLink

MEGABYTE = 2**20

MISSION = Mission(
    name="ai_rack",
    spacecraft_id=0x2B,
    rows=ROWS,
    sensors=SENSORS,
    switches=SWITCHES,
    stores=(  # critical, event, housekeeping: four days of housekeeping without a pass
        Store(8 * MEGABYTE, MEGABYTE // 2),
        Store(8 * MEGABYTE, MEGABYTE // 2),
        Store(192 * MEGABYTE, 4 * MEGABYTE),
    ),
    folder=Path(__file__).parent,
    # A radio at 10 Mbit/s: five codewords of (255,223) to a frame, up to 80 wrong octets in it mended.
    coding=TmCoding(frame_length=1115, interleave=5, randomisation=TmRandomisation.LONG),
    # Headers and all; the idle channel stays clear, since all it carries is the control word, which no code covers.
    telemetry=TelemetryLink(protected=(0, 1, 2), mask=STRICT_TM_MASK),
    defaults=DEFAULTS,
    planning=PLANNING,
    catalogue=CATALOGUE,
)
