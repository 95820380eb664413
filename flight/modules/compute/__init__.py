"""Compute boards: for now power profiles with levels, throttled by mode, ladder and heat."""

from flight.modules.compute.board import Board
from flight.modules.compute.module import Compute, ComputeInputs, compute

__all__ = ["Board", "Compute", "ComputeInputs", "compute"]
