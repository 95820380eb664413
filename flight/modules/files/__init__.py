"""Files between ground and spacecraft (CFDP)."""

from flight.modules.files.module import Files

__all__ = ["Files"]
