"""The words of `skyrack-ground job`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ground.shell.parser import Parser, Verbs, about


def add_job(verbs: Verbs) -> None:
    job = verbs.add_parser("job", **about("make, look at and check packages of jobs, and their receipts"))
    tasks = job.add_subparsers(dest="task", metavar="task", required=True, parser_class=Parser)
    one = tasks.add_parser("keys", **about("make a key to sign with; it is never shown"))
    one.add_argument("key", type=Path, metavar="KEY", help="the new private file; KEY.pub may be given away")
    one.add_argument("--owner", required=True, metavar="NAME", help="whose it is, as in the job's manifest")
    one = tasks.add_parser("sdk", **about("put skyrack_job.py, which a job may import, into a folder"))
    one.add_argument("folder", type=Path, metavar="FOLDER")
    one = tasks.add_parser("pack", **about("make a signed package of a folder with a job.toml"))
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
    one = tasks.add_parser("show", **about("read a package to its end and tell what is in it"))
    one.add_argument("package", type=Path, metavar="FILE")
    who = one.add_mutually_exclusive_group()
    who.add_argument(
        "--key", type=Path, metavar="KEY.pub", help="whose signature is expected; unchecked if left out"
    )
    who.add_argument("--tenants", type=Path, metavar="FILE", help="TOML: keys and quotas, as on board")
    _add_against(one)
    one.add_argument("--quiet", action="store_true", help="no progress bar")
    one = tasks.add_parser(
        "verify", **about("check the receipt of a run: who signed it, and the files at hand")
    )
    one.add_argument("receipt", type=Path, metavar="RECEIPT")
    one.add_argument("--key", type=Path, required=True, metavar="BOARD.pub", help="the board's public key")
    one.add_argument("--package", type=Path, metavar="FILE", help="the package that it should be of")
    one.add_argument("--outputs", type=Path, metavar="FOLDER", help="where the outputs are")


def _add_against(task: argparse.ArgumentParser) -> None:
    task.add_argument(
        "--catalogue", type=Path, metavar="FILE", help="of `skyrack-flight catalogue`: what is on board"
    )


def _serial(text: str) -> int:
    if not text.isdecimal() or not 0 < len(text) < 19 or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 1")
    return int(text)
