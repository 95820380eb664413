"""The one error of this package; what the disk itself cannot do is an OSError."""

from __future__ import annotations


class Refused(Exception):
    """The caller asked for what a store must not do.  Nothing is changed."""
