"""The sensors and switches of AI Rack, in the order in which every table of the mission counts them."""

from flight.mission import Sensor, Switch

FAST, SLOW = 1, 10  # dividers of the base tick: 10 Hz and 1 Hz
STUCK_S = 120.0  # a converter with noise of one count does not repeat itself for so long

NODES = (
    "rack_a",
    "rack_b",
    "coolant_a",
    "coolant_b",
    "radiator_a",
    "radiator_b",
    "wing_a",
    "wing_b",
    "avionics",
    "radio",
    "bus",
)
RAILS = (
    "computer",
    "attitude",
    "receiver",
    "transmitter",
    "laser",
    "pump_a",
    "pump_b",
    "battery_pump",
    "rack_a",
    "rack_b",
)

SENSORS = (
    Sensor("battery_voltage", "V", 100.0, 450.0, FAST, STUCK_S),
    Sensor("battery_current", "A", -600.0, 600.0, FAST),  # zero current may be constant
    Sensor("array_power", "W", -500.0, 250e3),  # dark for half an hour
    Sensor("load_power", "W", 0.0, 250e3, stuck_after_s=STUCK_S),
    Sensor("battery_temperature", "degC", -60.0, 110.0, stuck_after_s=STUCK_S),
    Sensor("battery_temperature_2", "degC", -60.0, 110.0, stuck_after_s=STUCK_S),
    *(Sensor(f"{node}_temperature", "degC", -140.0, 150.0, stuck_after_s=STUCK_S) for node in NODES),
    *(Sensor(f"rail_current_{rail}", "A", -1.0, 400.0) for rail in RAILS),
    Sensor("upsets", "", 0.0, 1e9, FAST),
)

SWITCHES = (
    Switch("computer", at_boot=1),
    Switch("attitude", highest=2, at_boot=1),
    Switch("receiver", at_boot=1),
    Switch("transmitter"),
    Switch("laser"),
    Switch("pump_a"),
    Switch("pump_b"),
    Switch("battery_pump"),
    Switch("rack_a", highest=5),
    Switch("rack_b", highest=5),
    Switch("battery_heater"),
    Switch("avionics_heater"),
    Switch("radio_heater"),
    Switch("loop_a_heater"),
    Switch("loop_b_heater"),
)
SWITCH_NAMES = tuple(switch.name for switch in SWITCHES)


def switch(name: str) -> int:
    return SWITCH_NAMES.index(name)
