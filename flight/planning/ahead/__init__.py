"""The board's own look ahead: shadows, passes and the South Atlantic Anomaly, from uploaded elements.

Pure functions, without numpy.
"""

from flight.planning.ahead.elements import Elements, read_elements
from flight.planning.ahead.look import contact_mb, look_ahead

__all__ = ["Elements", "contact_mb", "look_ahead", "read_elements"]
