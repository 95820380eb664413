"""The board's own look ahead: shadows, passes and the South Atlantic Anomaly, from uploaded elements.

Pure functions, without numpy.
"""

from flight.planning.ahead.elements import (
    LINE_LENGTH,
    Elements,
    read_elements,
    satellite_number,
    two_lines,
)
from flight.planning.ahead.look import contact_mb, look_ahead

__all__ = [
    "LINE_LENGTH",
    "Elements",
    "contact_mb",
    "look_ahead",
    "read_elements",
    "satellite_number",
    "two_lines",
]
