"""What `skyrack-flight run` gives the jobs of a mission: their runner, and what this computer has for them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path

from flight.cli.own_program import own_program
from flight.cli.run import FlightOptions, devices_of, libraries_of
from flight.declare import SECOND
from flight.declare.running import JobState
from flight.jobs import Kind
from flight.mission import Mission
from flight.runners.client import RunnerClient
from flight.workers.job_runner import JobMeans, JobRunnerWorker
from flight.workers.job_shelf import folders_of

FOLDER = "jobs"  # of the state folder: what each job has
MODELS_FOLDER = "models"  # of the state folder: resident models, files NAME-VERSION
RUNNER_FOLDER = "runner"
JOBS_END_WITHIN_NS = 30 * SECOND  # 20 s for a checkpoint, 5 s until it is killed, and the book


def runner_command(options: FlightOptions) -> list[str]:
    command = [*own_program("flight"), "runner", "--state", str(Path(options.state) / RUNNER_FOLDER)]
    for node in devices_of(options):
        command += ["--device", node]
    for folder in libraries_of(options).values():
        command += ["--library", folder]
    return command


def job_means(mission: Mission, options: FlightOptions) -> JobMeans:
    """A library of the catalogue without a folder of its own must come with this interpreter."""
    root = jobs_root(options)
    names = [one.name for one in mission.catalogue if one.kind is Kind.LIBRARY]
    ours = {name: "" for name in names if name.isidentifier() and importlib.util.find_spec(name) is not None}
    return JobMeans(
        mission.catalogue,
        lambda job, stage: folders_of(root, job, stage),
        libraries=ours | libraries_of(options),
        devices=devices_of(options),
    )


def jobs_root(options: FlightOptions) -> str:
    return str(Path(options.state).resolve() / FOLDER)


def shelf_words(options: FlightOptions) -> list[str]:
    """Of the files process: whose jobs it looks after, and where."""
    state = Path(options.state)
    return [
        *("--mission", options.mission, "--jobs", jobs_root(options)),
        *("--models", str(state / MODELS_FOLDER), "--key", str(state)),
    ]


class JobsEnd:
    """The end of flight, as the jobs have it: it is not over before their stops are in the book, on the disk.

    The jobs module asks them (its input `ending`) and forgets an ended run once the book says so: what the runner
    knows of no more is done with.  `writes`: there is storage for a book.
    """

    def __init__(self, client: RunnerClient, monotonic: Callable[[], int], *, writes: bool) -> None:
        self.client, self.monotonic, self.writes = client, monotonic, writes
        self.until = monotonic() + JOBS_END_WITHIN_NS
        client.ending = True

    def over(self) -> bool:
        if not self.client.reachable or self.monotonic() >= self.until:
            return True
        entries = self.client.inventory(0).entries
        return not entries if self.writes else all(one.state is JobState.ENDED for one in entries)


def start_runner(mission: Mission, options: FlightOptions) -> tuple[RunnerClient, JobRunnerWorker]:
    client = RunnerClient(runner_command(options), str(Path(options.state) / RUNNER_FOLDER))
    return client, JobRunnerWorker(client, job_means(mission, options))
