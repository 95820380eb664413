"""One file for each computer that flight runs on: which ports it has, and how they are made."""
