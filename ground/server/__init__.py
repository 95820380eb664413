"""The ground as a server for many operators: one process, one commanding seat, an audit log."""

from ground.server.ask import Moment
from ground.server.operations import Operations

__all__ = ["Moment", "Operations"]
