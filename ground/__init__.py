"""What operates the spacecraft: link, commanding, telemetry, archive."""
