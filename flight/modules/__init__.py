"""The duties of the spacecraft: one file or folder each, declared as modules, none importing another."""
