"""The duties of the spacecraft: one file or folder each, declared as `flight.declare.Module`s, none importing another."""
