"""The words of `skyrack-ground decode`."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from flight.wire.coding import TmRandomisation
from ground.recording.layout import Form, Given
from ground.shell.parser import Verbs, about

HEX_OCTETS = 16
REGISTERS = {one.name.lower(): one for one in TmRandomisation}
yes_or_no = argparse.BooleanOptionalAction


def add_decode(verbs: Verbs) -> None:
    one = verbs.add_parser("decode", **about("read a recording: anybody's frames or packets, or our archive"))
    one.add_argument(
        "file", type=Path, metavar="FILE", help="a file, or the folder of an archive or of a run"
    )
    form = one.add_argument_group("what it holds; what is left out is found out and told")
    form.add_argument(
        "--format", choices=[form.value for form in Form], help="transfer frames, or bare space packets"
    )
    form.add_argument("--length", type=_octets, metavar="N", help="of a frame with its FECF, octets")
    form.add_argument(
        "--marker", action=yes_or_no, help="a stream of CADUs behind 1ACFFC1D, or frames back to back"
    )
    form.add_argument("--fecf", action=yes_or_no, help="frame error control field")
    form.add_argument(
        "--ocf", action=yes_or_no, help="AOS: operational control field; TM frames say it themselves"
    )
    form.add_argument("--insert-zone", type=_some, default=0, metavar="N", help="AOS, octets")
    form.add_argument("--header-error-control", action="store_true", help="AOS: two octets, not checked")
    form.add_argument(
        "--reed-solomon", type=_depth, metavar="I", help="(255,223) interleaved I deep, 0: none"
    )
    form.add_argument("--randomiser", choices=list(REGISTERS))
    form.add_argument(
        "--security-header", type=_some, default=0, metavar="N", help="SDLS, octets passed over"
    )
    form.add_argument("--security-trailer", type=_some, default=0, metavar="N", help="the same")
    form.add_argument(
        "--keys", type=Path, metavar="FOLDER", help="open protected frames; --dictionary says which are"
    )
    form.add_argument("--spacecraft", type=_some, metavar="ID", help="only frames of this one")
    form.add_argument(
        "--packet-version", type=int, choices=range(7), default=0, metavar="N", help="0 but of old"
    )
    form.add_argument("--skip", type=_some, default=0, metavar="N", help="octets at the start of the file")
    values = one.add_argument_group("values").add_mutually_exclusive_group()
    values.add_argument("--xtce", type=Path, metavar="FILE", help="decode packets by an XTCE document")
    values.add_argument(
        "--dictionary", type=Path, metavar="FILE", help="decode packets by a Skyrack mission's JSON"
    )
    shown = one.add_argument_group("output; a table if nothing is said")
    shown.add_argument(
        "--json", action="store_true", help="all counts as one object, with --dump an object a line"
    )
    shown.add_argument("--dump", action="store_true", help="a line for each frame and packet")
    shown.add_argument(
        "--hex", type=_some, default=HEX_OCTETS, metavar="N", help="octets in a line of the dump"
    )
    shown.add_argument("--all-hex", action="store_const", const=-1, dest="hex", help="all of them")
    shown.add_argument(
        "--time", default="", metavar="CODE", help="cuc:4+2 or cds, if it is not that of PUS-C, cuc:4+3"
    )
    shown.add_argument("--time-at", type=_some, metavar="N", help="where in the packet")
    shown.add_argument(
        "--epoch", type=_date, metavar="DATE", help="of the time, such as 2000-01-01: shows UTC"
    )
    shown.add_argument("--quiet", action="store_true", help="no progress bar")


def given(options: argparse.Namespace) -> Given:
    return Given(
        Form(options.format) if options.format else None,
        options.length,
        options.marker,
        options.fecf,
        options.ocf,
        options.insert_zone,
        options.header_error_control,
        options.security_header,
        options.security_trailer,
        options.reed_solomon,
        REGISTERS[options.randomiser] if options.randomiser else None,
        options.spacecraft,
        options.packet_version,
    )


def _some(text: str) -> int:
    if not text.isdecimal() or len(text) > 12:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number, 0 or more")
    return int(text)


def _octets(text: str) -> int:
    value = int(text) if text.isdecimal() and len(text) < 6 else 0
    if not 7 <= value <= 65536:
        raise argparse.ArgumentTypeError(f"{text!r}: expected octets of a frame, 7 to 65536")
    return value


def _depth(text: str) -> int:
    if text not in tuple("012345678"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected 0 to 8")
    return int(text)


def _date(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a date, such as 2000-01-01T12:00:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
