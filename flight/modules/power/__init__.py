"""Battery charge, sunlight, the energy guard, the load-shedding ladder and the supply rails."""

from flight.modules.power.module import Power, power
from flight.modules.power.packets import PowerInputs
from flight.modules.power.rails import Rail

__all__ = ["Power", "PowerInputs", "Rail", "power"]
