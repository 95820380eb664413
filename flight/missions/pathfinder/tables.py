"""What decides Pathfinder's behaviour in power, heat, modes and safe state."""

from flight.declare import COMPUTE, IDLE, SAFE, Value, Why
from flight.missions.pathfinder.hardware import switch
from flight.modules.compute import Board
from flight.modules.event_actions import Default
from flight.modules.forecast import BoardLoad
from flight.modules.jobs import Lane
from flight.modules.modes import Transition
from flight.modules.power import Rail
from flight.modules.safe import SafeLevel
from flight.modules.thermal import Heater, Node
from flight.planning import PlanningTable, Site, Station

# 8 cells in series, LG INR21700-M50 (Chen et al., J. Electrochem. Soc. 167 (2020) 080534): charge, V of the pack.
OPEN_CIRCUIT = (
    (0.0, 20.00), (0.05, 24.88), (0.10, 26.37), (0.15, 27.47), (0.20, 27.88), (0.25, 28.23), (0.30, 28.65),
    (0.35, 29.03), (0.40, 29.34), (0.45, 29.64), (0.50, 30.01), (0.55, 30.39), (0.60, 30.72), (0.65, 31.12),
    (0.70, 31.58), (0.75, 31.95), (0.80, 32.34), (0.85, 32.65), (0.90, 32.77), (0.95, 32.99), (1.0, 33.60),
)  # fmt: skip

RAILS = (
    Rail("computer", switch("computer"), essential=True, measured=True),
    Rail("attitude", switch("attitude"), essential=True, measured=True),
    Rail("receiver", switch("receiver"), essential=True, measured=True),
    Rail("transmitter", switch("transmitter"), yields=True, measured=True),
    Rail("navigation", switch("navigation"), shed_at=4, measured=True),
    Rail("storage", switch("storage"), shed_at=5, measured=True),
    Rail("compute_a", switch("compute_a"), shed_at=4, yields=True, measured=True),
    Rail("compute_b", switch("compute_b"), shed_at=4, yields=True, measured=True),
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
    Node("avionics", ("avionics_temperature",), -20.0, -15.0, 50.0, 60.0, blind_rung=2),
    Node(
        "radio",
        ("radio_temperature",),
        -20.0,
        -15.0,
        50.0,
        60.0,
        heater=Heater(switch("radio_heater"), -12.0, -8.0),
        blind_rung=1,
    ),
    Node(
        "compute_a",
        ("compute_a_temperature",),
        -25.0,
        -20.0,
        65.0,
        80.0,
        heater=Heater(switch("compute_a_heater"), -16.0, -12.0),
        board=True,
    ),
    Node(
        "compute_b",
        ("compute_b_temperature",),
        -25.0,
        -20.0,
        65.0,
        80.0,
        heater=Heater(switch("compute_b_heater"), -16.0, -12.0),
        board=True,
    ),
    Node("radiator", ("radiator_temperature",), -60.0, -50.0, 50.0, 60.0, throttles=False),
    Node("nadir_panel", ("nadir_panel_temperature",), -60.0, -55.0, 70.0, 80.0, throttles=False),
    Node("zenith_panel", ("zenith_panel_temperature",), -60.0, -55.0, 70.0, 80.0, throttles=False),
    Node("ram_panel", ("ram_panel_temperature",), -60.0, -55.0, 70.0, 80.0, throttles=False),
    Node("wake_panel", ("wake_panel_temperature",), -60.0, -55.0, 70.0, 80.0, throttles=False),
    Node("side_panel", ("side_panel_temperature",), -60.0, -55.0, 70.0, 80.0, throttles=False),
    Node("wing", ("wing_temperature",), -120.0, -110.0, 100.0, 110.0, throttles=False),
)

BOARDS = (
    Board(
        "board_a",
        switch("compute_a"),
        switch("compute_a"),
        (0.0, 5.0, 10.0, 15.0, 25.0),
        "compute_a",
        wanted=3,
    ),
    Board(
        "board_b",
        switch("compute_b"),
        switch("compute_b"),
        (0.0, 5.0, 10.0, 15.0, 25.0),
        "compute_b",
        wanted=3,
    ),
)

# Where the board may expect to be heard, as in sim/stations.toml, over WGS-84 and from 5 degrees up; and
# octets of results a second: of 9,190 of packets in a second at 115,200 baud, what frames that are lost and
# live telemetry leave.
RESULTS_OCTETS_S = 6_500
STATIONS = (
    Station("Svalbard", Site(78.229772, 15.407786, 501.3, 5.0, RESULTS_OCTETS_S)),
    Station("Troll", Site(-72.011662, 2.535138, 1270.0, 5.0, RESULTS_OCTETS_S)),
    Station("Inuvik", Site(68.316667, -133.533333, 60.0, 5.0, RESULTS_OCTETS_S)),
    Station("Awarua", Site(-46.528186, 168.379311, -2.6, 5.0, RESULTS_OCTETS_S)),
)

# The battery as plans see it: 15 Ah at the 32.6 V that it has between 70 % and full.  Efficiencies, taper, heat and
# base load were measured on the simulated day; heat is that of the hotter board, whatever board the watts go to.
PLANNING = PlanningTable(
    slot_s=60,
    slots=380,  # four orbits
    lanes=len(BOARDS),
    memory_mb=24_000,
    capacity_wh=489.0,
    floor=0.72,
    charge_efficiency=0.97,
    discharge_efficiency=0.98,
    charge_limit_w=190.0,
    taper_w=3_000.0,
    array_w=185.0,
    base_w=20.0,
    sensors=("compute_a_temperature", "compute_b_temperature"),
    limit_c=60.0,
    idle_c=0.0,
    resistance_k_w=0.5,
    time_constant_s=1_800.0,
    harvest_at_least=0.75,
    resistance_at_most=1.3,
    steps=250_000,
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
        after=(Why.BOOT,),  # only a boot may be left without the ground; a fault or the ladder may not
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
    SafeLevel(switch("compute_a"), 0),
    SafeLevel(switch("compute_b"), 0),
)

DEFAULTS: dict[str, Value] = {
    "power.capacity_wh": 444.0,
    "power.resistance_ohm": 0.095,
    "power.polarisation_ohm": 0.045,
    "power.polarisation_s": 35.0,
    "power.coulombic_efficiency": 0.998,
    "power.charge_current_max": 7.5,
    "power.charge_limit_w": 190.0,
    "power.worst_load_w": 110.0,
    "power.array_expected_w": 180.0,
    "power.undervoltage": 24.0,
    "power.orbit_period_s": 5820.0,
    "safing.orbit_s": 5820.0,
}

# What the spacecraft does by itself on an event, until the ground changes the table.  When the responses of a fault
# row do not help, whoever looks at it next wants to see everything as it was then.
ACTIONS = (Default("faults.exhausted", "housekeeping.snapshot"),)
