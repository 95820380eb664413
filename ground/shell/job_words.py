"""The words of `skyrack-ground job`, and of `job` in the shell."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

from ground.jobs.tenancy import MODEST, QUOTA_SAYS
from ground.shell.parser import WAIT_S, Parser, Verbs, about, count, seconds

TASKS: Mapping[str, str] = {
    "keys": "make a key to sign with; it is never shown",
    "row": "print a row of the table of tenants for a public key",
    "tenants": "put a table of tenants in force on board",
    "sdk": "put skyrack_job.py, which a job may import, into a folder",
    "pack": "make a signed package of a folder with a job.toml",
    "show": "tell what is in a package, or how a job on board stands",
    "verify": "check the receipt of a run: who signed it, and the files at hand",
    "submit": "send a package up and have it taken",
    "list": "list jobs on board, and why each waits",
    "cancel": "end a job, or take it out of the plan",
    "result": "check a result that has come down, and lay out what is in it",
    "when": "tell when a package would run if it were sent now",
    "plan": "show the newest plan that came down",
    "replay": "plan the record of a plan again, and compare",
}
TENANTS = "TOML: keys and quotas, as on board"


def add_job(verbs: Verbs) -> None:
    job = verbs.add_parser(
        "job", **about("make packages of jobs, send them, follow them, take their results")
    )
    tasks = job.add_subparsers(dest="task", metavar="task", required=True, parser_class=Parser)
    _add_packages(tasks)
    _add_on_board(tasks)
    _add_plans(tasks)


def _add_packages(tasks: Verbs) -> None:
    one = tasks.add_parser("keys", **about(TASKS["keys"]))
    one.add_argument("key", type=Path, metavar="KEY", help="the new private file; KEY.pub may be given away")
    one.add_argument("--owner", required=True, metavar="NAME", help="whose it is, as in the job's manifest")
    one = tasks.add_parser("row", **about(TASKS["row"]))
    one.add_argument("key", type=Path, metavar="KEY.pub", help="of `job keys`")
    for name, says in QUOTA_SAYS.items():
        given = getattr(MODEST, name)
        kind = float if isinstance(given, float) else int
        words = f"{says}; {given:,} if left out"
        one.add_argument(
            "--" + name.replace("_", "-"), dest=name, type=kind, default=given, metavar="N", help=words
        )
    one = tasks.add_parser("sdk", **about(TASKS["sdk"]))
    one.add_argument("folder", type=Path, metavar="FOLDER")
    one = tasks.add_parser("pack", **about(TASKS["pack"]))
    one.add_argument("folder", type=Path, metavar="FOLDER")
    one.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="the package, such as x.job"
    )
    one.add_argument("--key", type=Path, required=True, metavar="KEY", help="of `job keys`")
    one.add_argument(
        "--serial", type=_serial, metavar="N", help="the time if left out; higher with each package"
    )
    one.add_argument("--force", action="store_true", help="write over FILE")
    _add_against(one)
    one.add_argument("--quiet", action="store_true", help="no progress bar")
    one = tasks.add_parser("show", **about(TASKS["show"]))
    one.add_argument(
        "package", type=Path, metavar="FILE|NUMBER", help="a package, or the number or name of a job on board"
    )
    who = one.add_mutually_exclusive_group()
    who.add_argument(
        "--key", type=Path, metavar="KEY.pub", help="whose signature is expected; unchecked if left out"
    )
    who.add_argument("--tenants", type=Path, metavar="FILE", help=TENANTS)
    _add_against(one)
    one.add_argument("--quiet", action="store_true", help="no progress bar")
    one = tasks.add_parser("verify", **about(TASKS["verify"]))
    one.add_argument("receipt", type=Path, metavar="RECEIPT")
    one.add_argument("--key", type=Path, required=True, metavar="BOARD.pub", help="the board's public key")
    one.add_argument("--package", type=Path, metavar="FILE", help="the package that it should be of")
    one.add_argument("--outputs", type=Path, metavar="FOLDER", help="where the outputs are")


def _add_on_board(tasks: Verbs) -> None:
    waiting = Parser(add_help=False)
    waiting.add_argument(
        "--wait", type=seconds, default=WAIT_S, metavar="S", help="follow it for S seconds at most"
    )
    one = tasks.add_parser("tenants", parents=[waiting], **about(TASKS["tenants"]))
    table = one.add_mutually_exclusive_group(required=True)
    table.add_argument("table", type=Path, nargs="?", metavar="FILE", help=TENANTS)
    table.add_argument("--own", action="store_true", help="the mission's own again")
    one = tasks.add_parser("submit", parents=[waiting], **about(TASKS["submit"]))
    one.add_argument("package", type=Path, metavar="FILE")
    one.add_argument("--tenants", type=Path, metavar="FILE", help=TENANTS)
    _add_against(one)
    one = tasks.add_parser("list", **about(TASKS["list"]))
    one.add_argument("--all", action="store_true", help="also those that are over")
    one = tasks.add_parser("cancel", parents=[waiting], **about(TASKS["cancel"]))
    one.add_argument("number", type=count, metavar="NUMBER")
    one = tasks.add_parser("result", **about(TASKS["result"]))
    one.add_argument("job", metavar="NUMBER|NAME", help="of a job, or a result file of this computer")
    one.add_argument("--key", type=Path, metavar="BOARD.pub", help="whose signature is expected")
    one.add_argument("--to", type=Path, metavar="FOLDER", help="a new one, for outputs, receipt and text")


def _add_plans(tasks: Verbs) -> None:
    one = tasks.add_parser("when", **about(TASKS["when"]))
    one.add_argument("package", type=Path, metavar="FILE")
    one.add_argument("--tenants", type=Path, metavar="FILE", help=TENANTS)
    _add_against(one)
    one = tasks.add_parser("plan", **about(TASKS["plan"]))
    one.add_argument("--svg", type=Path, metavar="FILE", help="draw it as a Gantt chart, too")
    one = tasks.add_parser("replay", **about(TASKS["replay"]))
    one.add_argument("record", type=Path, metavar="FILE", help="a record, or the name of one on the ground")


def _add_against(task: argparse.ArgumentParser) -> None:
    task.add_argument(
        "--catalogue", type=Path, metavar="FILE", help="of `skyrack-flight catalogue`: what is on board"
    )


def _serial(text: str) -> int:
    if not text.isdecimal() or not 0 < len(text) < 19 or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 1")
    return int(text)
