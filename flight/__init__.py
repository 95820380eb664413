"""What flies: the executive, its modules, the wire and the store."""
