"""The swarm: many seeds, each with its own faults and commands, watched by all checks."""

from sim.swarm.plan import Plan, draw_plan
from sim.swarm.seed import SeedResult, fly_seed
from sim.swarm.swarm import SwarmOptions, run_swarm

__all__ = ["Plan", "SeedResult", "SwarmOptions", "draw_plan", "fly_seed", "run_swarm"]
