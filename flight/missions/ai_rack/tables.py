"""What decides AI Rack's behaviour in power, heat, modes and safe state."""

from flight.declare import COMPUTE, IDLE, SAFE, Value, Why
from flight.missions.ai_rack.hardware import switch
from flight.modules.compute import Board
from flight.modules.event_actions import Default
from flight.modules.forecast import BoardLoad
from flight.modules.jobs import Lane
from flight.modules.modes import Transition
from flight.modules.power import Rail
from flight.modules.safe import SafeLevel
from flight.modules.thermal import Heater, Node
from flight.planning import PlanningTable, Site, Station

# 96 cells in series (Chen et al., J. Electrochem. Soc. 167 (2020) 080534): charge, V of the pack.
OPEN_CIRCUIT = (
    (0.0, 240.0), (0.05, 298.5), (0.10, 316.4), (0.15, 329.7), (0.20, 334.6), (0.25, 338.7), (0.30, 343.8),
    (0.35, 348.4), (0.40, 352.0), (0.45, 355.7), (0.50, 360.1), (0.55, 364.6), (0.60, 368.7), (0.65, 373.4),
    (0.70, 379.0), (0.75, 383.5), (0.80, 388.0), (0.85, 391.8), (0.90, 393.3), (0.95, 395.9), (1.0, 403.2),
)  # fmt: skip

# The coolant pumps are never shed: a rack whose loop stands still can no longer lose the heat it holds.
RAILS = (
    Rail("computer", switch("computer"), essential=True, measured=True),
    Rail("attitude", switch("attitude"), essential=True, measured=True),
    Rail("receiver", switch("receiver"), essential=True, measured=True),
    Rail("transmitter", switch("transmitter"), yields=True, measured=True),
    Rail("laser", switch("laser"), shed_at=4, measured=True),
    Rail("pump_a", switch("pump_a"), measured=True),
    Rail("pump_b", switch("pump_b"), measured=True),
    Rail("battery_pump", switch("battery_pump"), measured=True),
    Rail("rack_a", switch("rack_a"), shed_at=4, yields=True, measured=True),
    Rail("rack_b", switch("rack_b"), shed_at=4, yields=True, measured=True),
)

NODES = (
    Node(
        "battery",
        ("battery_temperature", "battery_temperature_2"),
        0.0,
        3.0,
        40.0,
        45.0,
        heater=Heater(switch("battery_heater"), 6.0, 10.0),
    ),
    Node("rack_a", ("rack_a_temperature",), -50.0, -40.0, 75.0, 85.0, board=True),
    Node("rack_b", ("rack_b_temperature",), -50.0, -40.0, 75.0, 85.0, board=True),
    Node(
        "coolant_a",
        ("coolant_a_temperature",),
        -60.0,
        -50.0,
        68.0,
        75.0,
        heater=Heater(switch("loop_a_heater"), -45.0, -40.0),
        blind_rung=2,
    ),
    Node(
        "coolant_b",
        ("coolant_b_temperature",),
        -60.0,
        -50.0,
        68.0,
        75.0,
        heater=Heater(switch("loop_b_heater"), -45.0, -40.0),
        blind_rung=2,
    ),
    Node("radiator_a", ("radiator_a_temperature",), -100.0, -90.0, 65.0, 70.0, throttles=False),
    Node("radiator_b", ("radiator_b_temperature",), -100.0, -90.0, 65.0, 70.0, throttles=False),
    Node("wing_a", ("wing_a_temperature",), -130.0, -120.0, 100.0, 110.0, throttles=False),
    Node("wing_b", ("wing_b_temperature",), -130.0, -120.0, 100.0, 110.0, throttles=False),
    Node(
        "avionics",
        ("avionics_temperature",),
        -40.0,
        -35.0,
        50.0,
        60.0,
        heater=Heater(switch("avionics_heater"), -30.0, -25.0),
        blind_rung=2,
    ),
    Node(
        "radio",
        ("radio_temperature",),
        -40.0,
        -35.0,
        50.0,
        60.0,
        heater=Heater(switch("radio_heater"), -30.0, -25.0),
        blind_rung=1,
    ),
    Node("bus", ("bus_temperature",), -60.0, -55.0, 70.0, 80.0, throttles=False),
)

WATTS = (0.0, 6e3, 30e3, 45e3, 60e3, 75e3)
BOARDS = (
    Board("rack_a", switch("rack_a"), switch("rack_a"), WATTS, "rack_a", wanted=4),
    Board("rack_b", switch("rack_b"), switch("rack_b"), WATTS, "rack_b", wanted=4),
)

# Where the board may expect to be heard, as in sim/stations.toml, over WGS-84 and from 5 degrees up; and
# octets of results a second, of 1.25 million on the line.
RESULTS_OCTETS_S = 900_000
STATIONS = (
    Station("Svalbard", Site(78.229772, 15.407786, 501.3, 5.0, RESULTS_OCTETS_S)),
    Station("Kiruna", Site(67.858428, 20.96688, 385.8, 5.0, RESULTS_OCTETS_S)),
    Station("Fairbanks", Site(64.858985, -147.849593, 200.0, 5.0, RESULTS_OCTETS_S)),
    Station("Troll", Site(-72.011662, 2.535138, 1270.0, 5.0, RESULTS_OCTETS_S)),
)

# The battery as plans see it: 269 Ah at the 391 V that it has between 70 % and full.  Efficiencies, taper, heat and
# base load were measured on the simulated half day.  Each rack has a cooling loop of its own.
PLANNING = PlanningTable(
    slot_s=60,
    slots=390,  # four orbits
    lanes=len(BOARDS),
    memory_mb=2_000_000,
    capacity_wh=105e3,
    floor=0.72,
    charge_efficiency=0.93,
    discharge_efficiency=0.96,
    charge_limit_w=55e3,
    taper_w=700e3,
    array_w=158e3,
    base_w=3_500.0,
    sensors=("rack_a_temperature", "rack_b_temperature"),
    limit_c=73.0,  # throttling begins at 75
    idle_c=-27.0,
    resistance_k_w=0.00178,
    time_constant_s=1_400.0,
    harvest_at_least=0.75,
    resistance_at_most=1.3,
    steps=250_000,
    loops=2,
    quick_k_w=0.0001,
    quick_s=75.0,
    shadow_k=8.0,
    stations=STATIONS,
)
# Jobs may run on any board.
LANES = tuple(
    Lane(
        board.name, board.throttle, board.watts, f"rail_current_{board.node}", "battery_voltage", capped=True
    )
    for board in BOARDS
)
BOARD_LOADS = tuple(
    BoardLoad(board.throttle, board.watts, board.name, node.name, node.thresholds())
    for board in BOARDS
    for node in NODES
    if node.name == board.node
)

# Who may go where; anything to SAFE is always allowed, and BOOT leads to SAFE only.
TRANSITIONS = (
    Transition(
        SAFE,
        IDLE,
        (Why.RECOVERED,),
        rung_at_most=1,
        charge_at_least=0.70,
        dwell_s=300.0,
        after=(Why.BOOT,),
    ),
    Transition(SAFE, IDLE, (Why.COMMAND,), rung_at_most=3, charge_at_least=0.60),
    Transition(IDLE, COMPUTE, (Why.COMMAND,), rung_at_most=1, charge_at_least=0.75, dwell_s=60.0),
    Transition(
        IDLE,
        COMPUTE,
        (Why.RECOVERED,),
        rung_at_most=1,
        charge_at_least=0.75,
        dwell_s=60.0,
        after=(Why.COMMAND, Why.RECOVERED),  # what a fault has stopped goes on when the ground says so
    ),
    Transition(COMPUTE, IDLE, (Why.COMMAND, Why.FAULT)),
)

SAFE_LEVELS = (
    SafeLevel(switch("computer"), 1),
    SafeLevel(switch("receiver"), 1),
    SafeLevel(switch("attitude"), 1),
    SafeLevel(switch("pump_a"), 1),
    SafeLevel(switch("pump_b"), 1),
    SafeLevel(switch("rack_a"), 0),
    SafeLevel(switch("rack_b"), 0),
)

DEFAULTS: dict[str, Value] = {
    "power.capacity_wh": 100e3,
    "power.resistance_ohm": 0.054,
    "power.polarisation_ohm": 0.029,
    "power.polarisation_s": 35.0,
    "power.coulombic_efficiency": 0.998,
    "power.charge_current_max": 140.0,
    "power.charge_limit_w": 50e3,
    "power.worst_load_w": 130e3,
    "power.array_expected_w": 140e3,
    "power.sunlit_above_w": 300.0,  # with a full battery the array gives what is taken: 3 kW in safe mode
    "power.sunlit_below_w": 200.0,
    "power.taper_current": 3.0,
    "power.undervoltage": 290.0,
    "power.orbit_period_s": 5830.0,
    "power.worst_eclipse_s": 1200.0,  # dawn to dusk: 13 minutes at this date, 20 in the worst season
    "safing.orbit_s": 5830.0,
    "compute.cap_level": 3,  # 45 kW: rung 2 saves 30 kW, and does not stop the work of an orbit for a short lack
}

# What the spacecraft does by itself on an event, until the ground changes the table.  When the responses of a fault
# row do not help, whoever looks at it next wants to see everything as it was then.
ACTIONS = (Default("faults.exhausted", "housekeeping.snapshot"),)
