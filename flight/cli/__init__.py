"""What `skyrack-flight` does besides flying: numbers, dictionaries, new missions."""
