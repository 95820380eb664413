"""The link as a person or a program sees it: once, as JSON, or again each second."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.live import Live
from rich.text import Text

from ground.client import Craft
from ground.protocol import NS, Plain, taken
from ground.shell.desk import DONE, STOPPED, Desk
from ground.shell.wording import BAD, GOOD, coloured, duration, printable, table

# Shown though they are 0, and those that are red if they are not.
ALWAYS = ("frames", "packets", "waiting", "open", "connected")
LOSSES = (
    "error",
    "bad",
    "lost",
    "uncorrectable",
    "discarded",
    "no_answer",
    "rejections",
    "refused",
    "lockout",
)


def link(desk: Desk, options: argparse.Namespace) -> int:
    looks = 1 if options.once or desk.at_prompt else options.count
    live = looks is None and not options.json and sys.stdout.isatty()
    if looks is None and not live:
        looks = 1
    if options.json:
        return _repeat(desk, options.every, looks, lambda report: desk.say(json.dumps(report)))
    if not live:
        return _repeat(desk, options.every, looks, lambda report: _say_all(desk, report))
    return _follow(desk, options.every)


def _say_all(desk: Desk, report: Plain) -> None:
    for line in link_lines(report, desk.colour):
        desk.say(line)


def _repeat(desk: Desk, every_s: float, looks: int | None, show: object) -> int:
    assert callable(show)
    done = 0
    while True:
        show(ask(desk.craft))
        done += 1
        if looks is not None and done >= looks:
            return DONE
        if not _pass(desk, every_s):
            return STOPPED


def _follow(desk: Desk, every_s: float) -> int:
    """Until somebody has seen enough."""
    with Live(console=Console(), auto_refresh=False, transient=False) as screen:
        while True:
            lines = "\n".join(link_lines(ask(desk.craft), desk.colour))
            screen.update(Text.from_ansi(lines), refresh=True)
            if not _pass(desk, every_s):
                return DONE


def _pass(desk: Desk, every_s: float) -> bool:
    """False if somebody has interrupted."""
    try:
        desk.listen(lambda _: None, every_s)
    except KeyboardInterrupt:
        return False
    return True


def ask(craft: Craft) -> Plain:
    """What the server says, with how long ago the spacecraft was last heard, in seconds; None: never."""
    found = craft.ask("link")
    last_ns = taken(found["last_received_ns"], int)
    heard_s = (craft.line.now_ns() - last_ns) / NS if last_ns >= 0 else None
    return {**found, "last_heard_s": heard_s if heard_s is None else round(max(0.0, heard_s), 1)}


def link_lines(report: Plain, colour: bool = False) -> list[str]:
    """A head, then each part of the way with the counters that are not 0."""
    heard_s = report["last_heard_s"]
    heard = f"{duration(heard_s)} ago" if isinstance(heard_s, float) else "never"
    up = bool(report["contact"])
    rates = taken(report["rates"], dict)
    rows: list[Sequence[str]] = [
        ("contact", coloured("yes", GOOD, colour) if up else "no"),
        ("station", printable(str(report["station"])) or "none yet"),
        ("last heard", heard),
    ]
    if rates:
        names = [f"{rates[name]:,.1f} {name}/s" for name in ("frames", "packets", "octets") if name in rates]
        rows.append(("receiving", f"{', '.join(names)} over the last {rates['over_s']:g} s"))
    rows += [
        ("records missing", f"{report['missing']:,}"),
        ("asked for again", f"{report['asked_again']:,}"),
    ]
    for title, counters in taken(report["sections"], dict).items():
        rows += _section(printable(title), counters, colour)
    return table(rows)


def _section(title: str, counters: Mapping[str, object], colour: bool) -> list[Sequence[str]]:
    rows: list[Sequence[str]] = []
    for name, value in counters.items():
        words = name.replace("_", " ")
        if isinstance(value, Mapping):
            rows += [
                (f"{title}: {words}, {printable(kind)}", _shown(name, one, colour))
                for kind, one in value.items()
            ]
        elif value or name in ALWAYS:
            rows.append((f"{title}: {words}", _shown(name, value, colour)))
    return rows


def _shown(name: str, value: object, colour: bool) -> str:
    if isinstance(value, bool):
        text = "yes" if value else "no"
    else:
        text = f"{value:,}" if isinstance(value, int) else printable(str(value))
    bad = value and any(word in name for word in LOSSES)
    return coloured(text, BAD, colour and bool(bad))
