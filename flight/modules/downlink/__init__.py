"""The way down: live telemetry first, then what no pass has seen."""

from flight.modules.downlink.module import Downlink

__all__ = ["Downlink"]
