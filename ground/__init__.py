"""What operates the spacecraft: link, commanding, telemetry, archive."""

from ground.archive import Archive, ArchiveError, rebuild
from ground.client import Craft, connect
from ground.commanding import CommandError, CommandRecord, Stage
from ground.decode import Columns, EventReport, Reading
from ground.limits import Alarm, AlarmRow, LimitError, State
from ground.query import Query, QueryError, open_query
from ground.request_data import Step
from ground.settings import LinkStatus, Settings
from ground.station import Ground
from ground.times import Utc

__all__ = [
    "Alarm",
    "AlarmRow",
    "Archive",
    "ArchiveError",
    "Columns",
    "CommandError",
    "CommandRecord",
    "Craft",
    "EventReport",
    "Ground",
    "LimitError",
    "LinkStatus",
    "Query",
    "QueryError",
    "Reading",
    "Settings",
    "Stage",
    "State",
    "Step",
    "Utc",
    "connect",
    "open_query",
    "rebuild",
]
