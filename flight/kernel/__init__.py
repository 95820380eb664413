"""The executive: runs modules and performs what they ask."""

from flight.kernel.board import Board
from flight.kernel.executive import Kernel
from flight.kernel.loaded import Loaded, StoredKeys
from flight.page import NoPage, Page, SharedPage

__all__ = ["Board", "Kernel", "Loaded", "NoPage", "Page", "SharedPage", "StoredKeys"]
