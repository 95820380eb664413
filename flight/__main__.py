"""`skyrack-flight`: fly a mission, or work on one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from flight.app import MissionError, build, load_mission
from flight.cli import ids
from flight.cli.new import NewMissionError, new_mission
from flight.dictionary import IdsError, to_json, to_markdown, to_xtce

FORMATS = {"json": to_json, "xtce": to_xtce, "markdown": to_markdown}


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="skyrack-flight", description="Fly a mission, or work on one.")
    commands = top.add_subparsers(dest="command", required=True)
    numbers = commands.add_parser("ids", help="check a mission's ids.lock, or bring it up to date")
    numbers.add_argument("mission", nargs="+", help="a name, an import path or a folder")
    numbers.add_argument("--write", action="store_true", help="number what is new, retire what is gone")
    export = commands.add_parser("dictionary", help="export a mission's dictionary")
    export.add_argument("mission")
    export.add_argument("--format", choices=FORMATS, default="json")
    export.add_argument("-o", "--output", type=Path, help="a file instead of standard output")
    new = commands.add_parser("new", help="make a mission package of your own")
    new.add_argument("name")
    new.add_argument("--in", dest="parent", type=Path, default=Path(), help="the folder to make it in")
    return top


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return _run(options)
    except (MissionError, IdsError, NewMissionError, OSError) as error:
        print(f"skyrack-flight: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    if options.command == "ids":
        return _ids(options.mission, write=options.write)
    if options.command == "dictionary":
        text = FORMATS[options.format](build(load_mission(options.mission)).dictionary)
        if options.output:
            options.output.write_text(text)
        else:
            sys.stdout.write(text)
        return 0
    for path in new_mission(options.name, options.parent):
        print(path)
    return 0


def _ids(missions: list[str], *, write: bool) -> int:
    wrong = 0
    for mission in missions:
        if write:
            print(ids.write(mission))
            continue
        lines = ids.check(mission)
        wrong += len(lines)
        for line in lines:
            print(f"{mission}: {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
