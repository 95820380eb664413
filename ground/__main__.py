"""`skyrack-ground`: operate a spacecraft, from a shell or in one line, or run the server that does."""

from __future__ import annotations

import argparse
import getpass
import math
import os
import sys
import time
from datetime import datetime
from pathlib import Path

from flight.dictionary import DictionaryError, from_json
from flight.wire.line_address import SHAPE, LineAddressError, parse_line_address
from ground.archive import ArchiveError
from ground.audit import AuditError
from ground.export import ExportError
from ground.keys import KeysError
from ground.protocol import CraftError, UsageError
from ground.query import QueryError
from ground.recording.arguments import add_decode
from ground.shell.desk import FAILED, STOPPED, USAGE
from ground.shell.job_words import add_job
from ground.shell.parser import Parser, Verbs, about, add_verbs

PORT = 5560


def parser() -> Parser:
    top = Parser(prog="skyrack-ground", description=__doc__.split("\n", 1)[0])
    top.add_argument("--server", metavar="tcp://HOST:PORT", help="which server; that of --folder if left out")
    top.add_argument(
        "--folder", type=Path, metavar="DIR", help="of the server or of the live run; runs/live if left out"
    )
    top.add_argument(
        "--name", default=os.environ.get("SKYRACK_NAME"), help="who you are; your login name if left out"
    )
    verbs = top.add_subparsers(dest="verb", metavar="verb", required=True, parser_class=Parser)
    _add_server(verbs)
    verbs.add_parser("shell", help="operate with completion, help and everything that happens as it comes")
    add_verbs(verbs)
    add_decode(verbs)
    add_job(verbs)
    return top


def _add_server(verbs: Verbs) -> None:
    one = verbs.add_parser("server", **about("run the server: archive, commanding, the line to a station"))
    one.add_argument(
        "--link",
        "--station",
        dest="station",
        required=True,
        metavar="ADDRESS",
        help=f"where the octets of the radio are: {SHAPE}",
    )
    one.add_argument(
        "--dictionary", required=True, type=Path, metavar="FILE", help="JSON, of `skyrack-flight dictionary`"
    )
    one.add_argument(
        "--folder",
        required=True,
        dest="own_folder",
        type=Path,
        metavar="DIR",
        help="for archive and audit log",
    )
    one.add_argument(
        "--listen",
        default=str(PORT),
        metavar="[HOST:]PORT",
        help=f"for clients; {PORT} on this computer if left out, 0: any free one",
    )
    one.add_argument(
        "--speed", type=float, default=1.0, metavar="N", help="how fast the simulated world runs"
    )
    one.add_argument(
        "--utc",
        metavar="TIME",
        help="what the ground's clock shows at the start, such as 2026-04-24T06:16:24Z",
    )
    one.add_argument(
        "--utc-at",
        type=int,
        metavar="NS",
        help="when it showed that, on this computer's monotonic clock; when it starts if left out",
    )
    one.add_argument(
        "--leave-time", action="store_true", help="do not tell the spacecraft UTC after its boots"
    )
    one.add_argument("--keys", type=Path, metavar="DIR", help="the link's, of `skyrack-flight keys make`")
    one.add_argument(
        "--uplink",
        type=float,
        default=9600.0,
        metavar="BIT/S",
        help="rate of the station's uplink, which files fill; 9600 if left out",
    )


def main(arguments: list[str] | None = None) -> int:
    try:
        options = parser().parse_args(arguments)
        return _run(options)
    except UsageError as error:
        return _complain(error, USAGE)
    except (LineAddressError, ArchiveError, QueryError, ExportError, AuditError, KeysError) as error:
        return _complain(error, USAGE)
    except CraftError as error:
        return _complain(error, USAGE if type(error).__name__ == "NoServerError" else FAILED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nobody reads on: that is no error
        return FAILED
    except OSError as error:
        return _complain(error, USAGE)
    except KeyboardInterrupt:
        return STOPPED


def _complain(error: Exception, code: int) -> int:
    print(f"skyrack-ground: {error}", file=sys.stderr)
    return code


def _run(options: argparse.Namespace) -> int:
    if options.verb == "server":
        return _serve(options)
    if options.verb in ("export", "audit"):
        from ground.shell.kept import KEPT

        return KEPT[options.verb](options, _say)
    if options.verb == "decode":
        from ground.recording.command import decode

        return decode(options, _say)
    if options.verb == "job":
        from ground.jobs.command import job
        from ground.shell.jobs import is_online

        if not is_online(options):
            return job(options, _say)
    name = options.name or getpass.getuser()
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    from ground.client import connect
    from ground.shell.desk import Desk
    from ground.shell.find import find_server

    with connect(find_server(options.server, options.folder), name) as craft:
        if options.verb == "shell":
            from ground.shell.prompt import run

            return run(craft, colour=colour)
        from ground.shell.verbs import VERBS

        return VERBS[options.verb](Desk(craft, _say, colour), options)


def _say(line: str) -> None:
    print(line, flush=True)


def _serve(options: argparse.Namespace) -> int:
    from ground.server.serve import Server, ServerSettings

    host, _, port = options.listen.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise UsageError(f"--listen {options.listen!r}: expected PORT or HOST:PORT")
    if not 0 < options.speed < math.inf:
        raise UsageError(f"--speed {options.speed}: expected more than 0")
    if not 100 <= options.uplink < math.inf:
        raise UsageError(f"--uplink {options.uplink}: expected bit/s, 100 or more")
    try:
        dictionary = from_json(options.dictionary.read_text())
    except DictionaryError as error:
        raise UsageError(f"{options.dictionary}: {error}") from None
    options.own_folder.mkdir(parents=True, exist_ok=True)
    settings = ServerSettings(
        station=parse_line_address(options.station),
        folder=options.own_folder,
        host=host or "127.0.0.1",
        port=int(port),
        speed=options.speed,
        start_ns=_start_ns(options) if options.utc else None,
        up_bit_s=options.uplink,
        keys=options.keys,
        keep_time=not options.leave_time,
    )
    Server(settings, dictionary, _say).run()
    return 0


def _start_ns(options: argparse.Namespace) -> int:
    """What the ground's clock shows now."""
    since_ns = 0 if options.utc_at is None else time.monotonic_ns() - options.utc_at
    return _utc_ns(options.utc) + int(since_ns * options.speed)


def _utc_ns(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(f"--utc {text!r}: expected a time with its zone, such as 2026-04-24T06:16:24Z")
    return int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1000


if __name__ == "__main__":
    sys.exit(main())
