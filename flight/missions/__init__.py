"""Missions that come with Skyrack: examples to read and to copy.  A user's mission is a package of the user's own."""
