"""A line for each frame and packet: offset in the file, what it is, its time if it has one, octets."""

from __future__ import annotations

import json
from collections.abc import Callable

from flight.wire import ENCAPSULATION_VERSION, IDLE_APID, FrameFields, Rejection
from ground.recording.framing import Placed
from ground.recording.packet_time import TimeCode
from ground.recording.report import finite
from ground.recording.tally import PUS_VERSIONS, ChannelKey
from ground.recording.values import Decoded, Decoder
from ground.shell.wording import printable

SEQUENCE_WORDS = ("continuation", "first", "last", "")


class DumpLines:
    """A listener.  `octets` of each in hexadecimal, -1 for all; `as_json`: an object a line, with all octets."""

    def __init__(
        self,
        write: Callable[[str], None],
        time_code: TimeCode,
        octets: int,
        decoder: Decoder | None = None,
        *,
        as_json: bool = False,
    ) -> None:
        self._write, self._time_code, self._octets, self._decoder = write, time_code, octets, decoder
        self._as_json = as_json

    def frame(
        self, number: int, frame: Placed, found: FrameFields | Rejection, lost: int, heard_ns: int
    ) -> None:
        if self._as_json:
            told = (
                {"refused": found.reason.value} if isinstance(found, Rejection) else _frame_map(found, lost)
            )
            self._write_json(
                {"frame": number, **_heard(heard_ns), "offset": frame.place, **told}, frame.octets
            )
            return
        if isinstance(found, Rejection):
            words = f"refused: {found.reason.value}" + (f" ({found.detail})" if found.detail else "")
        else:
            words = (
                f"spacecraft {found.spacecraft_id}  vc {found.virtual_channel}  count {found.channel_count}"
            )
            words += "  idle" if found.idle else ""
            words += f"  {lost} lost before" if lost else ""
        self._line(frame, f"frame {number}", words)

    def packet(self, channel: ChannelKey | None, packet: Placed, crc_ok: bool, heard_ns: int) -> None:
        octets = packet.octets
        fields = packet_fields(octets, crc_ok, self._time_code)
        decoded = (
            self._decoder.decode(octets)
            if self._decoder and "apid" in fields and "idle" not in fields
            else ""
        )
        if self._as_json:
            vc = {} if channel is None else {"virtual_channel": channel.virtual_channel}
            if isinstance(decoded, Decoded):
                values = {name: finite(value) for name, value in decoded.values.items()}
                fields |= {"name": decoded.name, "values": values}
            elif decoded:
                fields["not_decoded"] = decoded
            self._write_json({"offset": packet.place, **_heard(heard_ns), **vc, **fields}, octets)
            return
        vc_words = "" if channel is None else f"vc {channel.virtual_channel}  "
        self._line(packet, "packet", vc_words + _packet_words(fields) + _value_words(decoded))

    def _line(self, placed: Placed, what: str, words: str) -> None:
        octets = placed.octets
        some = octets if self._octets < 0 else octets[: self._octets]
        more = ".." if len(some) < len(octets) and some else ""
        self._write(
            f"{placed.place:08x}  {what}  {len(octets)} octets  {printable(words)}  {some.hex()}{more}"
        )

    def _write_json(self, line: dict[str, object], octets: bytes) -> None:
        self._write(json.dumps({**line, "octets": octets.hex()}, allow_nan=False))


def _heard(heard_ns: int) -> dict[str, object]:
    return {"heard_ns": heard_ns} if heard_ns >= 0 else {}


def _frame_map(found: FrameFields, lost: int) -> dict[str, object]:
    return {
        "spacecraft_id": found.spacecraft_id,
        "virtual_channel": found.virtual_channel,
        "virtual_count": found.channel_count,
        **({"master_count": found.master_count} if found.master_count >= 0 else {}),
        **({"ocf": f"{found.control_word:08x}"} if found.control_word >= 0 else {}),
        "first_header": found.first_header,
        "idle": found.idle,
        "lost_before": lost,
    }


def packet_fields(octets: bytes, crc_ok: bool, time_code: TimeCode) -> dict[str, object]:
    """Of a whole packet; `service` and `subtype` if it is PUS with a good CRC."""
    first = octets[0]
    if first >> 5 == ENCAPSULATION_VERSION:
        return {"encapsulation": first >> 2 & 7}
    apid = (first & 7) << 8 | octets[1]
    control = octets[2] << 8 | octets[3]
    fields: dict[str, object] = {"apid": apid, "sequence": control & 0x3FFF, "crc_ok": crc_ok}
    if apid == IDLE_APID:
        fields["idle"] = True
    if control >> 14 != 3:
        fields["segment"] = SEQUENCE_WORDS[control >> 14]
    direction = "TC" if first & 0x10 else "TM"
    pus = bool(first & 8) and crc_ok and len(octets) >= 11 and octets[6] >> 4 in PUS_VERSIONS
    if pus:
        fields["message"] = f"{direction}[{octets[7]},{octets[8]}]"
    elif direction == "TC":
        fields["message"] = "TC"
    time_ns = None if direction == "TC" else time_code.read(octets, pus=pus and octets[6] >> 4 == 2)
    if time_ns is not None and first & 8:
        fields["time"] = time_code.words(time_ns)
    return fields


def _packet_words(fields: dict[str, object]) -> str:
    if "encapsulation" in fields:
        return f"encapsulation {fields['encapsulation']}"
    words = [f"APID {fields['apid']}", f"seq {fields['sequence']}"]
    words += ["idle"] * ("idle" in fields)
    words += [str(fields[name]) for name in ("segment", "message", "time") if name in fields]
    words.append("CRC good" if fields["crc_ok"] else "no CRC")
    return "  ".join(words)


def _value_words(decoded: Decoded | str) -> str:
    if isinstance(decoded, str):
        return f"  not decoded: {decoded}" if decoded else ""
    pairs = [f"{name}={decoded.texts.get(name, value)}" for name, value in decoded.values.items()]
    return "  " + " ".join([decoded.name, *([decoded.texts[""]] if "" in decoded.texts else pairs)])
