"""What `make check` asks of the repository itself: sizes, names, places, dependencies, documents."""
