"""`skyrack-ground decode`: from a path and options to tables, JSON or lines."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn, TransferSpeedColumn

from flight.wire import ENCAPSULATION_VERSION, IDLE_APID, FrameFields, FrameKind, FrameLayout, Rejection
from ground.protocol import UsageError
from ground.recording.arguments import given
from ground.recording.dump import DumpLines
from ground.recording.framing import Placed
from ground.recording.guess import HEAD_OCTETS, Guess, guess_layout
from ground.recording.layout import Form, Layout, RecordingError
from ground.recording.packet_time import time_code
from ground.recording.protected import ProtectedFrames, recording_vault
from ground.recording.recording import Listener, Recording
from ground.recording.report import Json, summary
from ground.recording.show import show
from ground.recording.source import ArchiveFrames, archive_folder, check_file, pieces
from ground.recording.tally import ChannelKey
from ground.recording.values import Decoder, DictionaryDecoder, ValueTally, XtceDecoder, read_dictionary
from ground.shell.desk import DONE, FAILED

Options = argparse.Namespace
Say = Callable[[str], None]
PIPED_COLUMNS = 200  # of a table that goes to a file or a program: nothing is folded
BAR_FROM_OCTETS = 8 << 20  # what takes less than half a second needs no bar


class ValueListener:
    """Decodes each packet for the table of values."""

    def __init__(self, decoder: Decoder) -> None:
        self.decoder, self.tally = decoder, ValueTally()

    def frame(
        self, number: int, frame: Placed, found: FrameFields | Rejection, lost: int, heard_ns: int
    ) -> None:
        """Nothing to decode."""

    def packet(self, channel: ChannelKey | None, packet: Placed, crc_ok: bool, heard_ns: int) -> None:
        octets = packet.octets
        apid = (octets[0] & 7) << 8 | octets[1] if len(octets) > 1 else IDLE_APID
        if apid != IDLE_APID and octets[0] >> 5 != ENCAPSULATION_VERSION:
            self.tally.take(self.decoder.decode(octets))


def decode(options: Options, say: Say) -> int:
    """UsageError, in one line, for what cannot be read; FAILED if nothing was in it."""
    try:
        return _decode(options, say)
    except RecordingError as error:
        raise UsageError(f"decode: {error}") from None


def _decode(options: Options, say: Say) -> int:
    path: Path = options.file
    archive = archive_folder(path)
    frames = ArchiveFrames(archive) if archive else None
    if frames and options.keys:
        raise RecordingError(f"{path}: an archive keeps its frames opened, and needs no keys")
    guess = _archive_layout(frames, options) if frames else _file_layout(path, options)
    decoder = _decoder(options, frames)
    listener, values = _listener(options, say, decoder)
    recording = Recording(guess.layout, listener, None if frames else _protected(options))
    size = frames.size if frames else path.stat().st_size - options.skip
    started = time.perf_counter_ns()
    steps = _give_archive(frames, recording) if frames else _give_file(path, options.skip, recording)
    _pass(steps, size, quiet=options.quiet)
    seconds = (time.perf_counter_ns() - started) / 1e9
    tally = values.tally if values else None
    if not options.dump:
        if options.json:
            say(
                json.dumps(
                    _with_archive(summary(str(path), guess, recording, tally, seconds), frames), indent=1
                )
            )
        else:
            width = None if sys.stdout.isatty() else PIPED_COLUMNS
            console = Console(file=sys.stdout, width=width, soft_wrap=True)
            show(console, str(path), guess, recording, tally, seconds)
    return DONE if recording.tally.frames or recording.tally.packets else FAILED


def _file_layout(path: Path, options: Options) -> Guess:
    size = check_file(path)
    if options.skip >= size:
        raise RecordingError(f"{path}: --skip {options.skip} passes over all of its {size:,} octets")
    with path.open("rb") as stream:
        stream.seek(options.skip)
        head = stream.read(HEAD_OCTETS)
    try:
        return guess_layout(head, given(options), whole=size - options.skip <= HEAD_OCTETS)
    except (RecordingError, ValueError) as error:
        raise RecordingError(f"{path}: {error}") from None


def _archive_layout(frames: ArchiveFrames, options: Options) -> Guess:
    """An archive says itself what it holds."""
    dictionary = read_dictionary(options.dictionary) if options.dictionary else frames.dictionary
    if dictionary is None:
        raise RecordingError(f"{frames.folder}: its dictionaries are gone; give --dictionary FILE")
    layout = FrameLayout(FrameKind.TM, dictionary.frame_length)
    told = f"what dictionary {dictionary.hash:08x} of {dictionary.mission} says"
    return Guess(Layout(Form.TM, layout, spacecraft_id=dictionary.spacecraft_id), (told,))


def _protected(options: Options) -> ProtectedFrames | None:
    """What is protected, and under which mask, only the mission's table says."""
    if options.keys and not options.dictionary:
        raise RecordingError("--keys: give --dictionary too, it says what is protected")
    dictionary = read_dictionary(options.dictionary) if options.dictionary else None
    if dictionary is None or not dictionary.telemetry.protected:
        return None
    vault = recording_vault(options.keys) if options.keys else None
    return ProtectedFrames(dictionary.spacecraft_id, dictionary.telemetry, vault)


def _decoder(options: Options, frames: ArchiveFrames | None) -> Decoder | None:
    if options.xtce:
        return XtceDecoder(options.xtce)
    if options.dictionary:
        return DictionaryDecoder(read_dictionary(options.dictionary))
    dictionary = frames.dictionary if frames else None
    return DictionaryDecoder(dictionary) if dictionary else None


def _listener(
    options: Options, say: Say, decoder: Decoder | None
) -> tuple[Listener | None, ValueListener | None]:
    if options.dump:
        try:
            code = time_code(options.time, options.time_at, options.epoch)
        except ValueError as error:
            raise UsageError(f"decode: --time {error}") from None
        return DumpLines(say, code, options.hex, decoder, as_json=options.json), None
    values = ValueListener(decoder) if decoder else None
    return values, values


def _give_file(path: Path, skip: int, recording: Recording) -> Iterator[int]:
    for piece in pieces(path, skip):
        recording.receive(piece)
        yield len(piece)
    recording.finish()


def _give_archive(frames: ArchiveFrames, recording: Recording) -> Iterator[int]:
    assert recording.layout.frames is not None
    yield from frames.give(recording, recording.layout.frames.length)


def _with_archive(report: Json, frames: ArchiveFrames | None) -> Json:
    if frames is None:
        return report
    return {
        **report,
        "archive": {"sent": frames.sent, "notes": frames.notes, "damaged": frames.reader.damaged},
    }


def _pass(steps: Iterator[int], size: int, *, quiet: bool) -> None:
    """To the end, with a bar on a terminal if it takes a while."""
    if quiet or size < BAR_FROM_OCTETS or not sys.stderr.isatty():
        for _ in steps:
            pass
        return
    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("decode", total=size)
        for octets in steps:
            bar.advance(task, octets)
