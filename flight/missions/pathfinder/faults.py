"""Pathfinder's fault table: from a condition that persists to a response.

What the ladders of power and heat already do stands there; here stand the rows that need another answer.
"""

from flight.declare import COMPUTE, IDLE, SAFE, Between, Severity
from flight.modules.faults import AskMode, AtLeast, AtMost, CycleRail, Fault, IsFalse, IsTrue, RaiseRung, ReportOnly

AWAKE = (IDLE, COMPUTE)

FAULTS = (
    Fault(
        "battery_low",
        "charge",
        AtLeast(0.60),
        clear=AtLeast(0.66),
        persist_s=5.0,
        response=AskMode(SAFE),
        cooldown_s=600.0,
        retries=3,
        severity=Severity.HIGH,
    ),
    Fault(
        "gauge_untrusted",
        "charge_trusted",
        IsTrue(),
        persist_s=30.0,
        modes=AWAKE,
        response=RaiseRung(2),
        cooldown_s=300.0,
    ),
    Fault(
        "battery_hot",
        "battery_temperature",
        Between(-50.0, 45.0),
        clear=Between(-50.0, 40.0),
        persist_s=10.0,
        modes=AWAKE,
        response=RaiseRung(4),
        cooldown_s=300.0,
        severity=Severity.HIGH,
    ),
    Fault(
        "receiver_latched",
        "rail_current_receiver",
        AtMost(0.30),
        clear=AtMost(0.25),
        persist_s=3.0,
        response=CycleRail("receiver", 5.0),
        cooldown_s=60.0,
        retries=3,
        severity=Severity.HIGH,
    ),
    Fault(
        "navigation_latched",
        "rail_current_navigation",
        AtMost(0.30),
        clear=AtMost(0.25),
        persist_s=3.0,
        modes=AWAKE,
        response=CycleRail("navigation", 10.0),
        cooldown_s=120.0,
        retries=3,
    ),
    Fault(
        "board_a_latched",
        "rail_current_compute_a",
        AtMost(1.3),
        clear=AtMost(1.2),
        persist_s=2.0,
        modes=AWAKE,
        response=CycleRail("compute_a", 30.0),
        cooldown_s=300.0,
        retries=3,
    ),
    Fault(
        "board_b_latched",
        "rail_current_compute_b",
        AtMost(1.3),
        clear=AtMost(1.2),
        persist_s=2.0,
        modes=AWAKE,
        response=CycleRail("compute_b", 30.0),
        cooldown_s=300.0,
        retries=3,
    ),
    Fault(
        "recorder_failing",
        "recorder_failed",
        IsFalse(),
        persist_s=60.0,
        response=ReportOnly(),
        cooldown_s=600.0,
        severity=Severity.HIGH,
    ),
    Fault(
        "upset_storm",
        "upset_rate",
        AtMost(30.0),
        clear=AtMost(10.0),
        persist_s=30.0,
        modes=AWAKE,
        response=AskMode(IDLE),
        cooldown_s=1800.0,
        observe_only=True,  # until flight data say what is normal
    ),
    Fault(
        "module_isolated",
        "isolated",
        AtMost(0.0),
        persist_s=5.0,
        response=RaiseRung(1),
        cooldown_s=600.0,
        severity=Severity.HIGH,
    ),
)
