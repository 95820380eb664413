"""Jobs on board: taken, planned, run within what guard and ladder allow, their results sent."""

from flight.modules.jobs.demand import Lane
from flight.modules.jobs.module import Jobs, jobs

__all__ = ["Jobs", "Lane", "jobs"]
