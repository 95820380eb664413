"""The words that the shell and the command line share: one grammar for both."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn, Protocol, TypedDict, Unpack

from flight.wire.scheduling import OFFSET_LIMIT_NS
from ground.fields import suggestion
from ground.protocol import NS, UsageError
from ground.shell.wording import SEVERITIES

WAIT_S = 13 * 3600.0  # the ground ends every command sooner
PROGRAMS = ("skyrack-ground", "__main__.py")
FORMATS = ("csv", "jsonl", "parquet")
SCHEDULE_WORDS = ("list", "detail", "at", "shift", "delete", "reset", "on", "off")
MONITOR_WORDS = ("list", "tripped", "show", "on", "off", "suspend", "resume")
STORE_WORDS = ("list", "show", "on", "off", "suspend", "resume", "abort", "delete")
ACTION_WORDS = ("list", "add", "on", "off", "delete", "delete-all", "suspend", "resume")


class About(TypedDict):
    help: str
    description: str


class Parser(argparse.ArgumentParser):
    """Says what is wrong as an exception of one line, not by ending the program."""

    verbs: Mapping[str, Parser]  # of the parser that has them

    def format_help(self) -> str:
        self.prog = self.prog.strip()  # of a verb in the shell, which has no name before it
        return super().format_help()

    def error(self, message: str) -> NoReturn:
        words = self.prog.split()
        raise UsageError(f"{words[-1]}: {message}" if words and words[-1] not in PROGRAMS else message)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in action.choices:
            names = [str(one) for one in action.choices]
            known = suggestion(str(value), names) or f", expected {', '.join(names)}"
            raise argparse.ArgumentError(None, f"{value!r} is unknown{known}")


class Verbs(Protocol):
    """What `add_subparsers` gives."""

    choices: dict[str, Parser]

    def add_parser(self, name: str, *, parents: Sequence[Parser] = (), **words: Unpack[About]) -> Parser: ...


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r}: expected seconds, 0 or more")
    return value


def count(text: str) -> int:
    value = int(text) if text.isdecimal() else 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number, 1 or more")
    return value


def severity(text: str) -> int:
    """A name or the beginning of one."""
    found = [number for number, name in enumerate(SEVERITIES) if number and name.startswith(text.lower())]
    if len(found) == 1:
        return found[0]
    if text.isdigit() and 1 <= int(text) < len(SEVERITIES):
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r}: expected {', '.join(SEVERITIES[1:])}")


def verbs_parser(prog: str = "") -> Parser:
    """Everything that is said to a running server, or to the archive of one, and what is done with packages of jobs."""
    from ground.shell.job_words import add_job  # which is made of what stands here

    parser = Parser(prog=prog, add_help=False)
    verbs = parser.add_subparsers(dest="verb", metavar="verb", required=True, parser_class=Parser)
    add_verbs(verbs)
    add_job(verbs)
    parser.verbs = verbs.choices
    return parser


def add_verbs(verbs: Verbs) -> None:
    _add_sending(verbs)
    _add_looking(verbs)
    _add_filing(verbs)
    _add_keeping(verbs)


def _add_sending(verbs: Verbs) -> None:
    waiting = Parser(add_help=False)
    waiting.add_argument(
        "--wait", type=seconds, default=WAIT_S, metavar="S", help="follow it for S seconds at most"
    )
    one = verbs.add_parser("command", parents=[waiting], **about("send a command and follow it to its end"))
    one.add_argument("label", metavar="MODULE.NAME")
    one.add_argument("arguments", nargs="*", metavar="NAME=VALUE")
    one.add_argument("--force", action="store_true", help="although the spacecraft flies another dictionary")
    one.add_argument("--bypass", action="store_true", help="past COP-1, when its service does not come up")
    one = verbs.add_parser("arm", parents=[waiting], **about("let a hazardous command run once"))
    one.add_argument("label", metavar="MODULE.NAME")
    verbs.add_parser("test", parents=[waiting], **about("ask the spacecraft whether it is alive"))
    one = verbs.add_parser("set", parents=[waiting], **about("set parameters, all or none"))
    one.add_argument("kind", choices=["parameter"])
    one.add_argument("changes", nargs="+", metavar="MODULE.NAME=VALUE")
    verbs.add_parser("snapshot", parents=[waiting], **about("ask for every packet and every parameter now"))
    one = verbs.add_parser("once", parents=[waiting], **about("ask for packets now"))
    one.add_argument("labels", nargs="+", metavar="MODULE.PACKET")
    one = verbs.add_parser("retrieve", parents=[waiting], **about("ask for stored records again"))
    one.add_argument("store")
    one.add_argument("first", metavar="FIRST", help="a record, or T+SECONDS of the mission clock")
    one.add_argument("last", metavar="LAST")
    one = verbs.add_parser(
        "elements", parents=[waiting], **about("tell the spacecraft its orbit: a file with a two-line set")
    )
    one.add_argument("file", type=Path, metavar="FILE")
    _add_services(verbs, waiting)
    one = verbs.add_parser("acknowledge", **about("acknowledge an alarm"))
    one.add_argument("label", metavar="MODULE.PACKET.FIELD")


def _add_filing(verbs: Verbs) -> None:
    waiting = Parser(add_help=False)
    waiting.add_argument(
        "--wait", type=seconds, default=WAIT_S, metavar="S", help="follow it for S seconds at most"
    )
    one = verbs.add_parser("put", parents=[waiting], **about("send a file to the spacecraft"))
    one.add_argument("local", type=Path, metavar="LOCAL")
    one.add_argument("remote", nargs="?", default="", metavar="REMOTE", help="the same name if left out")
    one.add_argument("--unacknowledged", action="store_true", help="class 1: what is lost is not repaired")
    one = verbs.add_parser("ls", parents=[waiting], **about("list files on board"))
    one.add_argument("listed", nargs="?", default="", metavar="FOLDER", help="all if left out")
    one = verbs.add_parser("rm", parents=[waiting], **about("remove a file on board"))
    one.add_argument("remote", metavar="REMOTE")
    one = verbs.add_parser("files", **about("show, suspend, resume or cancel transfers of files"))
    one.add_argument("what", nargs="?", default="show", choices=["show", "suspend", "resume", "cancel"])
    one.add_argument("number", nargs="?", type=count, metavar="NUMBER")


def _add_services(verbs: Verbs, waiting: Parser) -> None:
    words = "schedule on board: a command later; or show, shift, delete what waits, switch it"
    one = verbs.add_parser("schedule", parents=[waiting], **about(words))
    one.add_argument("what", choices=SCHEDULE_WORDS)
    one.add_argument("words", nargs="*", metavar="WORD", help="at: TIME MODULE.NAME NAME=VALUE...")
    one.add_argument("--from", dest="first", metavar="T+S", help="released from that mission time on")
    one.add_argument("--to", dest="last", metavar="T+S", help="released up to that mission time")
    one = verbs.add_parser(
        "monitor", parents=[waiting], **about("show monitored rows, let them act or only observe")
    )
    one.add_argument("what", choices=MONITOR_WORDS)
    one.add_argument("rows", nargs="*", metavar="ROW", help="of the fault table")
    one = verbs.add_parser(
        "action", parents=[waiting], **about("show, add, switch and delete what events release on board")
    )
    one.add_argument("what", choices=ACTION_WORDS)
    one.add_argument("words", nargs="*", metavar="EVENT", help="add: EVENT MODULE.NAME NAME=VALUE...")
    one = verbs.add_parser(
        "store", parents=[waiting], **about("show packet stores, switch, suspend, empty them")
    )
    one.add_argument("what", choices=STORE_WORDS)
    one.add_argument("stores", nargs="*", metavar="STORE", help="critical, event or housekeeping")
    one.add_argument("--to", dest="last", metavar="T+S", help="delete: records made up to that mission time")
    one.add_argument("--all", action="store_true", help="delete: all that there are")


def _add_looking(verbs: Verbs) -> None:
    one = verbs.add_parser("get", **about("show newest values, ask for parameters or for a file"))
    one.add_argument(
        "labels",
        nargs="+",
        metavar="LABEL",
        help="power, power.status, power.status.charge, parameter MODULE.NAME, or file REMOTE [LOCAL]",
    )
    one.add_argument("--plain", action="store_true", help="the value alone")
    one.add_argument("--wait", type=seconds, default=WAIT_S, metavar="S", help="for a parameter or a file")
    one = verbs.add_parser("watch", **about("show values as they come"))
    one.add_argument("labels", nargs="+", metavar="LABEL", help="power, power.status or power.status.charge")
    one.add_argument("--count", type=count, metavar="N", help="end after N packets")
    one.add_argument("--wait", type=seconds, default=math.inf, metavar="S", help="end after S seconds")
    one = verbs.add_parser("events", **about("show the newest events"))
    one.add_argument("prefix", nargs="?", default="", metavar="MODULE")
    one.add_argument("--follow", action="store_true", help="and those that come")
    one.add_argument(
        "--severity", type=severity, default=0, metavar="S", help="from info, low, medium or high up"
    )
    one.add_argument("--limit", type=count, default=20, metavar="N")
    one.add_argument("--wait", type=seconds, default=math.inf, metavar="S", help="follow for S seconds")
    one = verbs.add_parser("history", **about("show the newest commands"))
    one.add_argument("--limit", type=count, default=20, metavar="N")
    one.add_argument("--all", action="store_true", help="also what the ground asked for by itself")
    one = verbs.add_parser(
        "link", **about("show the link to the spacecraft, again each second on a terminal")
    )
    one.add_argument("--once", action="store_true", help="and end")
    one.add_argument(
        "--json", action="store_true", help="everything as one object, once unless --count says more"
    )
    one.add_argument("--count", type=count, metavar="N", help="end after N looks")
    one.add_argument("--every", type=seconds, default=1.0, metavar="S", help="seconds between looks")
    verbs.add_parser("gaps", **about("show which records are missing"))
    verbs.add_parser("alarms", **about("show alarms that stand"))
    one = verbs.add_parser("dictionary", **about("show what can be sent, seen and set"))
    one.add_argument("word", nargs="?", default="", metavar="WORD", help="a module, or a part of a name")


def _add_keeping(verbs: Verbs) -> None:
    one = verbs.add_parser("seat", **about("show, take, release or force the commanding seat"))
    one.add_argument("what", nargs="?", default="show", choices=["show", "take", "release", "force"])
    one.add_argument(
        "--lease", type=count, metavar="S", help="seconds without a sign of life; 900 if left out"
    )
    one = verbs.add_parser("export", **about("write packets, events or commands of the archive to a file"))
    what = one.add_mutually_exclusive_group(required=True)
    what.add_argument("--packet", metavar="MODULE.PACKET")
    what.add_argument("--events", action="store_true")
    what.add_argument("--commands", action="store_true")
    one.add_argument("--format", choices=FORMATS, help="as the file is named, else csv (commands: jsonl)")
    one.add_argument("-o", "--output", type=Path, metavar="FILE", help="standard output if left out")
    one = verbs.add_parser("audit", **about("show or verify the audit log"))
    one.add_argument("what", choices=["show", "verify"])
    one.add_argument("--limit", type=count, default=20, metavar="N")


def about(text: str) -> About:
    """The line of help in a list of verbs, and the beginning of its own."""
    return {"help": text, "description": text}


def assignments(words: Sequence[str], names: Sequence[str], label: str) -> dict[str, object]:
    """`name=value` each, or values alone in the order of the dictionary.  UsageError for one given twice."""
    found: dict[str, object] = {}
    for place, word in enumerate(words):
        name, equals, value = word.partition("=")
        if not equals:
            if place >= len(names) or len(found) != place:
                raise UsageError(f"{label}: {word!r}: expected {usage(names)}")
            name, value = names[place], word
        if name in found:
            raise UsageError(f"{label}: {name} is given twice")
        if name not in names:
            raise UsageError(
                f"{label}: no argument {name}{suggestion(name, names) or f', expected {usage(names)}'}"
            )
        found[name] = value
    return found


def usage(names: Sequence[str]) -> str:
    return " ".join(f"{name}=..." for name in names) or "no arguments"


def mission_ns(word: str) -> int:
    """`T+86400`: seconds of the mission clock."""
    found = seconds_ns(word.removeprefix("T+"))
    if found < 0:
        raise UsageError(f"{word!r}: expected T+SECONDS, 0 or more")
    return found


def seconds_ns(word: str) -> int:
    try:
        found = round(float(word) * NS)
    except (ValueError, OverflowError):
        raise UsageError(f"{word!r}: expected seconds") from None
    if abs(found) >= OFFSET_LIMIT_NS:
        raise UsageError(f"{word!r}: expected less than 68 years")
    return found
