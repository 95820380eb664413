"""What the jobs module tells and may be told to weigh: its packets, events, parameters and kept numbers."""

from typing import Annotated

from flight.declare import (
    U8,
    U16,
    U32,
    U64,
    Event,
    Kept,
    Module,
    Octets,
    Parameter,
    Severity,
    Telemetry,
    about,
    unit,
)
from flight.declare.running import ExitReason
from flight.modules.jobs.stages import Bound, JobStage, Receipts, Why

Joule, Second = unit("J"), unit("s")


class Status(Telemetry, period=30):
    """The whole book: jobs by what they are doing, the plan in force, what was refused; not sent while it is empty."""

    jobs: U16
    waiting: U16
    planned: U16
    running: U16
    stopped: Annotated[U16, about("frozen, or about to end")]
    results: Annotated[U16, about("that wait for the line or are on it")]
    result_octets: Annotated[U64, unit("octets")]
    delivered: U32
    failed: U32
    refused: U32
    plans: U32
    plan_age_s: Annotated[U32, Second, about("0 without a plan")]
    plan_value: Annotated[U64, about("of all jobs in the plan, as their owners told it")]
    greedy: Annotated[bool, about("there is no plan: the greedy rule decides")]
    guard_refusals: U32
    energy_j: Annotated[U64, Joule, about("of all runs of the jobs in the book")]
    runner_restarts: U16
    book_losses: Annotated[U16, about("jobs and books that could not be read at a start")]
    failed_saves: U16
    tenant_keys: Annotated[U8, about("that may send jobs; 255 while it is not known")]
    tenant_table: Annotated[U32, about("CRC-32 of the table in force, 0 for the mission's own")]
    receipts: Annotated[Receipts, about("whether the board signs what it says of a result")]
    receipt_key: Annotated[U64, about("check of the board's public key, 0 for none")]


class JobRow(Telemetry, period=5):
    """One job of the book, each time the next; not sent while there is none."""

    job: U32
    state: JobStage
    board: Annotated[U8, about("255 for none")]
    level: Annotated[U8, about("of its manifest, 255 for none")]
    progress_milli: U16
    energy_j: Annotated[U32, Joule]
    attempts: Annotated[U8, about("how often this stage has been begun")]
    runs: U8
    stage: Annotated[U8, about("which copy; 3 is its verifier")]
    first_s: Annotated[U32, Second, about("mission time at which the plan begins it, 0 for no plan")]
    finish_s: Annotated[U32, Second]
    binding: Annotated[Bound, about("what it waits for, or why it is in no plan")]
    binding_s: Annotated[U32, Second, about("mission time of the slot that refused it")]
    station_pass: Annotated[U8, about("counted from 1 where the downlink bound, else 0")]
    value: U32
    octets: Annotated[U32, unit("octets"), about("of its result")]


class Numbers(Kept, version=1):
    """`reserved`: numbers below may have been given to jobs.  `newest`: the book on the disk is not older."""

    reserved: U32
    newest: U32


class Declared(Module):
    """The jobs module's events and parameters."""

    starve_after_s = Parameter(
        43_200, unit="s", low=60, high=2_592_000, about="a job that has waited so long is placed first"
    )
    fair_floor = Parameter(
        0.25, low=0.0, high=1.0, about="the least that is left of a value when its owner had more than others"
    )
    checkpoint_s = Parameter(
        20, unit="s", low=1, high=300, about="for a checkpoint before a job is stopped; then it is killed"
    )
    lying_share = Parameter(
        0.2, low=0.01, high=10.0, about="measured above a board's level by this share: its job lies"
    )
    lying_s = Parameter(30, unit="s", low=5, high=3600, about="for so long; then it is slowed, then stopped")
    replan_slots = Parameter(20, low=1, high=500, about="a new plan at least so often")
    rest_slots = Parameter(5, low=1, high=500, about="between two plans that drift asks for")

    taken = Event(Severity.INFO, "job {job} is {name}, serial {serial}", job=U32, serial=U64, name=Octets)
    refused = Event(Severity.LOW, "refused as job {job}: {why}", job=U32, why=Octets)
    table = Event(Severity.INFO, "{keys} keys may send jobs, table {check}", keys=U8, check=U32)
    unsigned = Event(Severity.MEDIUM, "the board has no key: results and receipts of jobs go unsigned")
    table_lost = Event(Severity.MEDIUM, "the table of tenants was damaged: the mission's own holds")
    started = Event(Severity.INFO, "job {job} runs on board {board}, run {run}", job=U32, board=U8, run=U8)
    halted = Event(
        Severity.INFO,
        "job {job} halted for {why}, {reason}, at {progress_milli}",
        job=U32,
        why=Why,
        reason=ExitReason,
        progress_milli=U16,
    )
    ran = Event(Severity.INFO, "job {job}: run {run} is done", job=U32, run=U8)
    failed_run = Event(
        Severity.LOW,
        "job {job}: a run ended by {reason} {code}, begun {begun} times",
        job=U32,
        reason=ExitReason,
        code=U8,
        begun=U8,
    )
    ended = Event(Severity.INFO, "job {job} {how}", job=U32, how=Octets)
    kept_result = Event(Severity.INFO, "job {job}: result of {octets} octets", job=U32, octets=U32)
    delivered = Event(Severity.INFO, "job {job}: its result is on the ground", job=U32)
    cancelled = Event(Severity.INFO, "job {job} is cancelled", job=U32)
    lost = Event(Severity.MEDIUM, "job {job} is lost: {why}", job=U32, why=Octets)
    book_lost = Event(Severity.HIGH, "the book of jobs was not whole: {count} losses", count=U16)
    planned = Event(
        Severity.INFO, "planned {jobs} jobs, worth {value}, {steps} steps", jobs=U16, value=U64, steps=U32
    )
    no_plan = Event(Severity.LOW, "no plan: {why}", why=Octets)
    lies = Event(
        Severity.MEDIUM,
        "board {board} of job {job} draws {measured} W, not {told} W",
        job=U32,
        board=U8,
        measured=float,
        told=float,
    )
    stuck = Event(Severity.MEDIUM, "job {job} does not end", job=U32)
