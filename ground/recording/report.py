"""A recording's counts as one JSON object: names and units as the table has them."""

from __future__ import annotations

import math
from collections import Counter

from flight.wire import ENCAPSULATION_VERSION, FrameKind, Rejection, decode_clcw
from ground.recording.guess import Guess
from ground.recording.recording import Recording
from ground.recording.tally import ChannelTally, ControlRun, PacketKey, PacketTally, is_idle
from ground.recording.values import ValueTally

Json = dict[str, object]


def summary(name: str, guess: Guess, recording: Recording, values: ValueTally | None, seconds: float) -> Json:
    tally = recording.tally
    report: Json = {
        "file": name,
        "octets": tally.octets,
        "seconds": round(seconds, 3),
        "megabytes_per_second": round(megabytes_per_second(tally.octets, seconds), 1),
        "layout": guess.layout.words(),
        "assumed": list(guess.assumed),
        "skipped_octets": recording.skipped_octets,
        "left_over_octets": recording.left_over,
        "rejections": {reason.value: count for reason, count in recording.rejections.items() if count},
        "beyond": tally.beyond,
    }
    if guess.layout.frames is not None:
        report["frames"] = _frames(guess, recording)
        report["clcw"] = [_control_run(run) for run in tally.control_runs]
        report["clcw_left_out"] = tally.control_runs_left_out
    if recording.protected is not None:
        found = recording.protected
        report["protected"] = {"frames": found.frames, "authentic": found.opened, "refused": found.refused}
    report["packets"] = packet_totals(recording)
    report["apids"] = [_apid(key, one) for key, one in sorted(tally.packets.items(), key=_order)]
    report["pus"] = {
        f"v{v} {direction}[{a},{b}]": n for (v, direction, a, b), n in sorted(pus(recording).items())
    }
    if values is not None:
        report["values"] = value_report(values)
    return report


def megabytes_per_second(octets: int, seconds: float) -> float:
    return octets / 1e6 / seconds if seconds > 0 else 0.0


def _frames(guess: Guess, recording: Recording) -> Json:
    tally, link = recording.tally, recording.link
    layout = guess.layout.frames
    assert layout is not None
    channels = [
        {
            **({"station": key.source} if key.source else {}),
            "spacecraft_id": key.spacecraft_id,
            "virtual_channel": key.virtual_channel,
            **channel_counts(one),
        }
        for key, one in sorted(tally.channels.items())
    ]
    return {
        "good": tally.frames,
        "length": layout.length,
        "version": int(layout.kind is FrameKind.AOS),
        "fecf": layout.error_control,
        "corrected": link.corrected_frames,
        "corrected_symbols": link.corrected_symbols,
        "damaged_markers": link.damaged_markers,
        "master_gaps": sum(one.gaps for one in tally.masters.values()),
        "virtual_channels": channels,
    }


def channel_counts(one: ChannelTally) -> dict[str, int]:
    return {
        "frames": one.frames,
        "idle": one.idle_frames,
        "gaps": one.gaps,
        "lost": one.lost_frames,
        "repeated": one.repeated_frames,
        "secondary_headers": one.secondary_headers,
        "ocf": one.control_fields,
        "packets": one.packets,
    }


def _control_run(run: ControlRun) -> Json:
    clcw = decode_clcw(run.word)
    told = {"not a CLCW": clcw.detail} if isinstance(clcw, Rejection) else clcw._asdict()
    station = {"station": run.source} if run.source else {}
    return {
        "word": f"{run.word:08x}",
        "frames": run.frames,
        "first_frame": run.first_frame,
        **station,
        **told,
    }


def packet_totals(recording: Recording) -> Json:
    tallies = recording.tally.packets
    return {
        "all": sum(one.packets for one in tallies.values()),
        "idle": sum(one.packets for key, one in tallies.items() if is_idle(key)),
        "encapsulation": sum(
            one.packets for key, one in tallies.items() if key.version == ENCAPSULATION_VERSION
        ),
        "crc_ok": sum(one.crc_ok for one in tallies.values()),
        "secondary_headers": sum(one.secondary_headers for one in tallies.values()),
        "gaps": sum(one.gaps for one in tallies.values()),
        "missing": sum(one.missing for one in tallies.values()),
        "backward": sum(one.backward for one in tallies.values()),
    }


def _order(item: tuple[PacketKey, PacketTally]) -> tuple[object, ...]:
    key = item[0]
    return (key.channel or (), key.version, key.telecommand, key.apid)


def _apid(key: PacketKey, one: PacketTally) -> Json:
    channel: Json = {}
    if key.channel is not None:
        channel = {"spacecraft_id": key.channel.spacecraft_id, "virtual_channel": key.channel.virtual_channel}
        channel |= {"station": key.channel.source} if key.channel.source else {}
    name = "protocol_id" if key.version == ENCAPSULATION_VERSION else "apid"
    return {
        **channel,
        name: key.apid,
        "version": key.version,
        "telecommand": key.telecommand,
        "packets": one.packets,
        "octets": one.octets,
        "shortest": one.shortest,
        "longest": one.longest,
        "crc_ok": one.crc_ok,
        "secondary_headers": one.secondary_headers,
        "sequence_gaps": one.gaps,
        "missing": one.missing,
        "backward": one.backward,
        "sequence_flags": dict(zip(("continuation", "first", "last", "unsegmented"), one.flags, strict=True)),
        "pus": {f"v{v} [{a},{b}]": count for (v, a, b), count in sorted(one.kinds.items())},
    }


def pus(recording: Recording) -> Counter[tuple[int, str, int, int]]:
    """(PUS version, TM or TC, service, subtype): packets with a valid CRC."""
    found: Counter[tuple[int, str, int, int]] = Counter()
    for key, one in recording.tally.packets.items():
        direction = "TC" if key.telecommand else "TM"
        for (version, service, subtype), count in one.kinds.items():
            found[version, direction, service, subtype] += count
    return found


def value_report(values: ValueTally) -> Json:
    names = {
        name: {
            "packets": one.packets,
            "fields": {
                field: {"last": finite(found.last), "low": finite(found.low), "high": finite(found.high)}
                for field, found in one.fields.items()
            },
        }
        for name, one in sorted(values.names.items())
    }
    told = {why or "not in the definition": count for why, count in values.why_not.items()}
    return {"packets": names, "not_decoded": told, "beyond": values.beyond}


def finite(value: object) -> object:
    """JSON has neither NaN nor infinities."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
