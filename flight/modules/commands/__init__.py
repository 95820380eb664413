"""Telecommands: received, checked, verified, armed, executed, and always answered."""

from flight.modules.commands.module import Commands

__all__ = ["Commands"]
