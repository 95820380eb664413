"""Where a recording comes from: a file in pieces, or the archive of a ground."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from flight.dictionary import Dictionary
from ground.kept_dictionaries import read_dictionaries
from ground.notes import CONTACT, DICTIONARY, from_octets
from ground.recording.framing import Placed
from ground.recording.layout import RecordingError
from ground.recording.recording import Recording
from ground.segments import HEAD_LENGTH, MAGIC, Kind, SegmentReader, segment_numbers

PIECE_OCTETS = 1 << 20  # read at once: large enough for the disk, small enough for a progress bar
SEGMENTS = "segments"
PACKED = (b"\x1f\x8b", b"BZh", b"\xfd7zX", b"PK\3\4", b"\x28\xb5\x2f\xfd")  # gzip, bzip2, xz, zip, zstd


def archive_folder(path: Path) -> Path | None:
    """The archive that `path` is or holds, such as the folder of a run."""
    return next((at for at in (path, path / "archive") if (at / SEGMENTS).is_dir()), None)


def check_file(path: Path) -> int:
    """Its size.  RecordingError, in one line, for what cannot be read as a recording."""
    if not path.exists():
        raise RecordingError(f"{path}: no such file")
    if path.is_dir():
        raise RecordingError(f"{path}: a directory, and not the archive of a ground")
    if not path.is_file():
        raise RecordingError(f"{path}: not a file")
    size = path.stat().st_size
    if not size:
        raise RecordingError(f"{path}: empty")
    with path.open("rb") as stream:
        first = stream.read(4)
    if path.suffix == ".seg" and first[:2] == MAGIC.to_bytes(2, "big"):
        raise RecordingError(f"{path}: a piece of an archive; give the archive's folder")
    if first.startswith(PACKED):
        raise RecordingError(f"{path}: compressed; unpack it first")
    return size


def pieces(path: Path, skip: int = 0) -> Iterator[bytes]:
    with path.open("rb") as stream:
        stream.seek(skip)
        while data := stream.read(PIECE_OCTETS):
            yield data


class ArchiveFrames:
    """The frames that a ground has archived.  Each station and each contact has counts of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dictionaries = read_dictionaries(folder / "dictionaries")
        self.reader = SegmentReader(folder / SEGMENTS)
        self.size = sum(path.stat().st_size for path in (folder / SEGMENTS).glob("*.seg"))
        self.sent = self.notes = 0
        if not segment_numbers(folder / SEGMENTS) or not self.size:
            raise RecordingError(f"{folder}: an archive without a record")

    @property
    def dictionary(self) -> Dictionary | None:
        """The newest in force, of those that are kept."""
        found = None
        for record in self.reader.records():
            note = from_octets(record.body) if record.kind == Kind.NOTE else None
            if note is not None and note["note"] == DICTIONARY:
                found = self.dictionaries.get(int(note.get("hash") or 0), found)
        self.reader.damaged = 0
        return found

    def give(self, recording: Recording, frame_length: int) -> Iterator[int]:
        """To `recording`; yields octets passed, now and then.  A record that is no multiple of a frame is left over."""
        links: dict[int, str] = {}
        for record in self.reader.records():
            if record.kind == Kind.LINK:
                links[record.link] = record.body.decode("utf-8", "replace")
            elif record.kind == Kind.FRAMES:
                body, start = record.body, record.at.offset + HEAD_LENGTH
                whole = len(body) - len(body) % frame_length
                frames = [
                    Placed(start + at, body[at : at + frame_length]) for at in range(0, whole, frame_length)
                ]
                recording.tally.octets += len(body)
                recording.left_over += len(body) - whole
                recording.take_frames(frames, links.get(record.link, ""), record.time_ns)
            elif record.kind == Kind.SENT:
                self.sent += 1
            elif record.kind == Kind.NOTE:
                self.notes += 1
                note = from_octets(record.body)
                if note is not None and note["note"] == CONTACT and note.get("up"):
                    recording.begin_contact()
            yield HEAD_LENGTH + len(record.body)
