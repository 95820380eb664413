"""What may block, each in a process of its own: a request goes out, its result comes back in a later tick."""
