"""Days of jobs in closed loop: a world that is not as forecast, and faults; what was delivered, what was crossed."""

from sim.campaign.campaign import CampaignOptions, CampaignResult, run_campaign
from sim.campaign.day import DayResult, fly_day

__all__ = ["CampaignOptions", "CampaignResult", "DayResult", "fly_day", "run_campaign"]
