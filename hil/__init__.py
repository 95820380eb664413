"""Real and emulated boards on a bench.  Comes with the serial link; nothing is here yet."""
