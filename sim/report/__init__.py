"""What a run looks like to a person: a page, a table at the end, a progress bar meanwhile."""

from sim.report.page import write_report
from sim.report.progress import RunProgress
from sim.report.summary import print_summary, summary_table

__all__ = ["RunProgress", "print_summary", "summary_table", "write_report"]
