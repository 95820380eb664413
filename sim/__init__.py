"""The world that tests the flight code: orbit, sunlight, power, heat, links and faults."""
