"""Pathfinder: a 60 kg satellite with two compute boards.  The reference mission.

Read `modules.py` for what runs, `tables.py` for power, heat and modes, `faults.py` for fault protection.
"""

from pathlib import Path

from flight.mission import Mission, Store
from flight.missions.pathfinder.catalogue import CATALOGUE
from flight.missions.pathfinder.hardware import SENSORS, SWITCHES
from flight.missions.pathfinder.modules import ROWS
from flight.missions.pathfinder.tables import DEFAULTS, PLANNING
from flight.wire.coding import TmCoding, TmRandomisation

MEGABYTE = 2**20

MISSION = Mission(
    name="pathfinder",
    spacecraft_id=0x2A,
    rows=ROWS,
    sensors=SENSORS,
    switches=SWITCHES,
    stores=(  # critical, event, housekeeping: four days of housekeeping without a pass
        Store(8 * MEGABYTE, MEGABYTE // 2),
        Store(8 * MEGABYTE, MEGABYTE // 2),
        Store(192 * MEGABYTE, 4 * MEGABYTE),
    ),
    folder=Path(__file__).parent,
    # A wire of 115,200 baud: Reed-Solomon would take an eighth of it against errors that it hardly has.
    coding=TmCoding(frame_length=223, randomisation=TmRandomisation.SHORT),
    defaults=DEFAULTS,
    catalogue=CATALOGUE,
    planning=PLANNING,
)
