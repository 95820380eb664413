"""One file for each chip or kernel interface; import the driver that the board needs, by its file."""
