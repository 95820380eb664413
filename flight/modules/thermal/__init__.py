"""Thermal nodes, their limits and heaters, and throttling before anything must be stopped."""

from flight.modules.thermal.module import Thermal, thermal
from flight.modules.thermal.node import Heater, Node

__all__ = ["Heater", "Node", "Thermal", "thermal"]
