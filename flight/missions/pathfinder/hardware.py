"""Pathfinder's sensors and switches, in the order in which every table of the mission counts them."""

from flight.mission import Sensor, Switch

FAST, SLOW = 1, 10  # dividers of the base tick: 10 Hz and 1 Hz
STUCK_S = 120.0  # a converter with noise of one count does not repeat itself for so long

NODES = (
    "nadir_panel",
    "zenith_panel",
    "ram_panel",
    "wake_panel",
    "side_panel",
    "radiator",
    "wing",
    "avionics",
    "radio",
    "compute_a",
    "compute_b",
)
RAILS = (
    "computer",
    "attitude",
    "receiver",
    "transmitter",
    "navigation",
    "storage",
    "compute_a",
    "compute_b",
)

SENSORS = (
    Sensor("battery_voltage", "V", 10.0, 36.0, FAST, STUCK_S),
    Sensor("battery_current", "A", -40.0, 40.0, FAST),  # zero current may be constant
    Sensor("array_power", "W", -5.0, 400.0),  # dark for half an hour
    Sensor("load_power", "W", 0.0, 400.0, stuck_after_s=STUCK_S),
    Sensor("battery_temperature", "degC", -60.0, 110.0, stuck_after_s=STUCK_S),
    Sensor("battery_temperature_2", "degC", -60.0, 110.0, stuck_after_s=STUCK_S),
    *(Sensor(f"{node}_temperature", "degC", -140.0, 150.0, stuck_after_s=STUCK_S) for node in NODES),
    *(Sensor(f"rail_current_{rail}", "A", -0.1, 10.0) for rail in RAILS),
    Sensor("upsets", "", 0.0, 1e9, FAST),
)

SWITCHES = (
    Switch("computer", at_boot=1),
    Switch("attitude", highest=2, at_boot=1),
    Switch("receiver", at_boot=1),
    Switch("transmitter"),
    Switch("navigation"),
    Switch("storage", highest=2),
    Switch("compute_a", highest=4),
    Switch("compute_b", highest=4),
    Switch("battery_heater"),
    Switch("radio_heater"),
    Switch("compute_a_heater"),
    Switch("compute_b_heater"),
)
SWITCH_NAMES = tuple(switch.name for switch in SWITCHES)


def switch(name: str) -> int:
    return SWITCH_NAMES.index(name)
