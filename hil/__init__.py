"""Boards on a bench: a simulated world around a flight program of its own, and a line that can be spoiled."""
