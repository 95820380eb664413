"""A recording's counts as tables for people."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from flight.wire import ENCAPSULATION_VERSION, Rejection, decode_clcw
from ground.recording.guess import Guess
from ground.recording.protected import NO_KEYS
from ground.recording.recording import Recording
from ground.recording.report import megabytes_per_second, packet_totals, pus
from ground.recording.tally import PacketKey, is_idle
from ground.recording.values import FieldRange, ValueTally
from ground.shell.wording import printable

ROWS_MAX = 60  # of each table but that of values, which was asked for; JSON has all


def show(
    console: Console, name: str, guess: Guess, recording: Recording, values: ValueTally | None, seconds: float
) -> None:
    tally = recording.tally
    speed = megabytes_per_second(tally.octets, seconds)
    console.print(
        f"{printable(name)}: {tally.octets:,} octets in {seconds:.2f} s, {speed:.1f} MB/s", highlight=False
    )
    console.print(f"read as {guess.layout.words()}", highlight=False)
    for one in guess.assumed:
        console.print(f"  assumed {one}", highlight=False)
    if guess.layout.frames is not None:
        _frames(console, recording)
        _protected(console, recording)
        _clcws(console, recording)
    _packets(console, recording)
    _services(console, recording)
    if values is not None:
        _values(console, values)
    _losses(console, recording)


def _table(
    console: Console,
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    right: str,
    most: int = ROWS_MAX,
) -> None:
    """`right`: for each column, r if it is a number."""
    found = list(rows)
    if not found:
        return
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for head, side in zip(heads, right, strict=True):
        table.add_column(head, justify="right" if side == "r" else "left", overflow="fold")
    for row in found[:most]:
        table.add_row(*map(printable, row))
    console.print()
    console.print(table, highlight=False)
    if len(found) > most:
        console.print(f"... and {len(found) - most:,} more; --json has all", highlight=False)


def _frames(console: Console, recording: Recording) -> None:
    tally = recording.tally
    stations = any(key.source for key in tally.channels)
    heads: tuple[str, ...] = ("spacecraft", "vc", "frames", "idle", "gaps", "lost", "repeated", "packets")
    rows = []
    for key, one in sorted(tally.channels.items()):
        counts = (one.frames, one.idle_frames, one.gaps, one.lost_frames, one.repeated_frames, one.packets)
        names = (key.source,) if stations else ()
        rows.append([*names, str(key.spacecraft_id), str(key.virtual_channel), *(f"{n:,}" for n in counts)])
    right = "rrrrrrrr"
    if stations:
        heads, right = ("station", *heads), "l" + right
    lost = sum(one.lost_frames for one in tally.masters.values())
    gaps = sum(one.gaps for one in tally.masters.values())
    master = f", {counted(gaps, 'gap')} of {lost:,} on the master channel" if gaps else ""
    _table(console, f"{counted(tally.frames, 'frame')}{master}", heads, rows, right)


def _protected(console: Console, recording: Recording) -> None:
    found = recording.protected
    if found is None or not found.frames:
        return
    rows = [(f"{found.opened:,}", "authentic, and opened")] if found.opened else []
    rows += [(f"{count:,}", f"not opened: {why}") for why, count in found.refused.items()]
    if NO_KEYS in found.refused:
        rows.append(("", "--keys FOLDER opens them"))
    _table(console, f"{counted(found.frames, 'protected frame')}", ("frames", "what"), rows, "rl")


def _clcws(console: Console, recording: Recording) -> None:
    rows = []
    for run in recording.tally.control_runs:
        clcw = decode_clcw(run.word)
        if isinstance(clcw, Rejection):
            rows.append(
                [f"{run.first_frame:,}", f"{run.frames:,}", f"{run.word:08x}", "", "", "", clcw.detail]
            )
            continue
        names = ("lockout", "wait", "retransmit", "no_rf", "no_bit_lock")
        flags = " ".join(name.replace("_", " ") for name in names if getattr(clcw, name))
        vc, value, farm_b = clcw.virtual_channel, clcw.report_value, clcw.farm_b_counter
        rows.append(
            [
                f"{run.first_frame:,}",
                f"{run.frames:,}",
                f"{run.word:08x}",
                str(vc),
                str(value),
                str(farm_b),
                flags,
            ]
        )
    more = recording.tally.control_runs_left_out
    title = "CLCW history" + (f", without the last {more:,} changes" if more else "")
    heads = ("from frame", "frames", "word", "vc", "N(R)", "FARM-B", "flags")
    _table(console, title, heads, rows, "rrlrrrl")


def _packets(console: Console, recording: Recording) -> None:
    totals = packet_totals(recording)
    total = sum(one.packets for one in recording.tally.packets.values())
    idle = f", {totals['idle']:,} of them idle" if totals["idle"] else ""
    title = f"{counted(total, 'packet')}{idle}"
    in_frames = any(key.channel for key in recording.tally.packets)
    heads = ["APID", "packets", "octets", "each", "CRC good", "gaps", "missing", "back"]
    rows = []
    for key, one in sorted(recording.tally.packets.items(), key=lambda item: _order(item[0])):
        each = str(one.shortest) if one.shortest == one.longest else f"{one.shortest} to {one.longest}"
        counts = [
            f"{one.packets:,}",
            f"{one.octets:,}",
            each,
            f"{one.crc_ok:,}",
            f"{one.gaps:,}",
            f"{one.missing:,}",
            f"{one.backward:,}",
        ]
        rows.append([*([str(key.channel.virtual_channel)] if key.channel else []), apid_words(key), *counts])
    _table(
        console, title, ["vc", *heads] if in_frames else heads, rows, ("r" if in_frames else "") + "lrrrrrrr"
    )


def _order(key: PacketKey) -> tuple[object, ...]:
    return (key.channel or (), key.version, key.telecommand, key.apid)


def apid_words(key: PacketKey) -> str:
    if key.version == ENCAPSULATION_VERSION:
        return f"encapsulation {key.apid}" + (" idle" if is_idle(key) else "")
    return f"{key.apid}" + (" idle" if is_idle(key) else " TC" if key.telecommand else "")


def _services(console: Console, recording: Recording) -> None:
    rows = [
        (f"PUS-{'AC'[version - 1]}", f"{direction}[{service},{subtype}]", f"{count:,}")
        for (version, direction, service, subtype), count in sorted(pus(recording).items())
    ]
    _table(console, "PUS, of packets with a good CRC", ("version", "message", "packets"), rows, "llr")


def _values(console: Console, values: ValueTally) -> None:
    rows = []
    for name, one in sorted(values.names.items()):
        for field, found in one.fields.items():
            rows.append((f"{name}.{field}", f"{one.packets:,}", last_words(found), *extremes(found)))
    _table(console, "values", ("value", "packets", "last", "lowest", "highest"), rows, "lrrrr", len(rows))
    for why, count in values.why_not.most_common():
        console.print(
            f"not decoded: {count:,} packets {printable(why) or 'not in the definition'}", highlight=False
        )


def last_words(found: FieldRange) -> str:
    if found.text:
        return found.text
    return f"{found.last:.6g}" if isinstance(found.last, float) else str(found.last)


def extremes(found: FieldRange) -> tuple[str, str]:
    if found.low > found.high:  # no number yet
        return "", ""
    return _number(found.low), _number(found.high)


def counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _number(value: float) -> str:
    """Whole numbers in full: a count of seconds loses its meaning at six digits."""
    return f"{value:.0f}" if math.isfinite(value) and value == int(value) else f"{value:.6g}"


def _losses(console: Console, recording: Recording) -> None:
    """What was not read, and why; nothing if all was."""
    link, rows = recording.link, []
    rows += [
        (f"{count:,}", f"refused: {reason.value}") for reason, count in recording.rejections.items() if count
    ]
    if link.corrected_frames:
        rows.append(
            (f"{link.corrected_frames:,}", f"frames corrected, {link.corrected_symbols:,} symbols in them")
        )
    if link.damaged_markers:
        rows.append((f"{link.damaged_markers:,}", "frames taken in their place behind a damaged marker"))
    if recording.skipped_octets:
        rows.append((f"{recording.skipped_octets:,}", "octets passed over in search of the next"))
    if recording.left_over:
        rows.append((f"{recording.left_over:,}", "octets at the end that make no whole one"))
    if recording.tally.beyond:
        rows.append((f"{recording.tally.beyond:,}", "of more channels or APIDs than are kept apart"))
    _table(console, "not read", ("count", "what"), rows, "rl")
