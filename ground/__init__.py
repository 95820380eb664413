"""What operates the spacecraft: link, commanding, telemetry, archive."""

from ground.commanding import CommandError, CommandRecord, Stage
from ground.station import EventReport, Ground, Reading

__all__ = ["CommandError", "CommandRecord", "EventReport", "Ground", "Reading", "Stage"]
