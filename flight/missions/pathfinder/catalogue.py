"""What Pathfinder has on board for jobs: the same releases as AI Rack, each hash of what it was installed from."""

from flight.missions.ai_rack.catalogue import CATALOGUE

__all__ = ["CATALOGUE"]
