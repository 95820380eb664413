"""Files of a spacecraft, as a client has them: `craft.put`, `craft.fetch` and `craft.ls` are made of these."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ground.followed import Command, CommandFailedError, TookTooLongError
from ground.protocol import CraftError, Plain, Topic, Update, UsageError, taken, transfer
from ground.transfers import Transfer, TransferState
from ground.whole_file import write_whole

if TYPE_CHECKING:
    from ground.client import Craft

PIECE_OCTETS = 1 << 18
WITHIN_S = 13 * 3600.0  # several passes; a transfer goes on when nobody waits for it any more
Progress = Callable[[Transfer], None]


class FileOptions(TypedDict, total=False):
    """How a file goes: class 2 unless not `acknowledged`; how long to wait; what is called with each news."""

    acknowledged: bool
    within_s: float
    progress: Progress | None


class TransferFailedError(CraftError):
    """It ended without its file; `transfer` tells."""

    def __init__(self, transfer: Transfer) -> None:
        super().__init__(f"{transfer.name}: {transfer.reason or transfer.state.value}")
        self.transfer = transfer


class Files:
    """`progress`, where one is given, is called with each news of the transfer."""

    def __init__(self, craft: Craft) -> None:
        self._craft = craft
        self._followed: dict[int, Transfer] = {}  # by number, those that somebody waits for
        self._asked: dict[int, Transfer] = {}  # by the command that asked for them

    def take(self, update: Update) -> None:
        if update.topic is Topic.FILE:
            self._keep(transfer(update.body["transfer"]))

    def _keep(self, one: Transfer) -> None:
        if one.number in self._followed:
            self._followed[one.number] = one
        if one.command in self._asked:
            self._asked[one.command] = one

    def ask_anew(self) -> None:
        """Updates were lost."""
        if self._followed or self._asked:
            for one in self.transfers():
                self._keep(one)

    def transfers(self) -> list[Transfer]:
        """The newest, oldest first."""
        return [transfer(one) for one in taken(self._craft.ask("transfers")["transfers"], list)]

    # ---------------------------------------------------------------- up

    def begin_put(self, content: bytes | Path, name: str, *, acknowledged: bool = True) -> Transfer:
        """Hand a file over to the ground, which sends it in this pass or the next ones."""
        craft = self._craft
        craft.take_seat()
        octets = _octets_of(content)
        stage = taken(craft.ask("stage_file", file=name, octets=octets)["stage"], int)
        offset = 0
        for piece in _pieces(content):
            craft.ask("write_file", stage=stage, offset=offset, data=piece)
            offset += len(piece)
        return transfer(craft.ask("put_file", stage=stage, file=name, acknowledged=acknowledged)["transfer"])

    def put(
        self,
        content: bytes | Path,
        name: str,
        *,
        acknowledged: bool = True,
        within_s: float = WITHIN_S,
        progress: Progress | None = None,
    ) -> Transfer:
        """Until it is on board.  TransferFailedError, or TookTooLongError while it goes on without us."""
        begun = self.begin_put(content, name, acknowledged=acknowledged)
        self._followed[begun.number] = begun
        try:
            self._keep_newest(begun.number)
            return self._wait(lambda: self._followed[begun.number], within_s, name, progress)
        finally:
            del self._followed[begun.number]

    def _keep_newest(self, number: int) -> None:
        """It may have moved between the request and our first look at the updates."""
        for one in self.transfers():
            if one.number == number:
                self._keep(one)

    # ---------------------------------------------------------------- down

    def get(
        self,
        name: str,
        to: Path | None = None,
        *,
        acknowledged: bool = True,
        within_s: float = WITHIN_S,
        progress: Progress | None = None,
    ) -> bytes:
        """The spacecraft's file; `to` is written, too.  CommandFailedError, TransferFailedError, TookTooLongError."""
        command = self._craft.send("get_file", file=name, acknowledged=acknowledged)
        return self._fetched(command, name, to, within_s, progress)

    def ls(self, folder: str = "", *, within_s: float = WITHIN_S) -> list[tuple[str, int]]:
        """(name, octets) of the files in and below a folder on board."""
        command = self._craft.send("list_files", folder=folder)
        listing = self._fetched(command, folder, None, within_s, None)
        rows = [line.partition(" ") for line in listing.decode("ascii", "replace").splitlines()]
        return [(name, int(octets)) for octets, _, name in rows if octets.isdecimal()]

    def remove(self, name: str) -> Command:
        return self._craft.send("remove_file", file=name)

    def _fetched(
        self, command: Command, name: str, to: Path | None, within_s: float, progress: Progress | None
    ) -> bytes:
        number = command.number
        found = next(one for one in reversed(self.transfers()) if one.command == number)
        self._asked[number] = found
        try:
            one = self._wait(lambda: self._asked[number], within_s, name or "the list", progress, command)
        finally:
            del self._asked[number]
        content = self.read(one.name)
        if to is not None:
            try:
                write_whole(to, content)
            except OSError as error:
                raise UsageError(f"{to}: {error.strerror}; the file is in the ground's archive") from None
        return content

    def read(self, name: str) -> bytes:
        """A file that is on the ground."""
        content = bytearray()
        while True:
            reply: Plain = self._craft.ask("read_file", file=name, offset=len(content))
            content += taken(reply["data"], bytes)
            if len(content) >= taken(reply["octets"], int) or not reply["data"]:
                return bytes(content)

    def here(self, folder: str) -> list[tuple[str, int]]:
        """(name, octets) of files that are on the ground, in and below a folder; the last ones by name."""
        rows = taken(self._craft.ask("ground_files", folder=folder)["files"], list)
        return [(taken(name, str), taken(octets, int)) for name, octets in rows]

    # ---------------------------------------------------------------- waiting

    def _wait(
        self,
        newest: Callable[[], Transfer],
        within_s: float,
        what: str,
        progress: Progress | None,
        command: Command | None = None,
    ) -> Transfer:
        shown: list[Transfer] = []

        def ended() -> bool:
            one = newest()
            if progress is not None and (not shown or shown[-1] != one):
                shown[:] = [one]
                progress(one)
            return one.ended

        try:
            self._craft.wait_for(ended, within_s, what=what)
        except TookTooLongError as error:
            raise TookTooLongError(f"{error}; the transfer goes on") from None
        one = newest()
        if one.state is TransferState.FAILED:
            if command is not None and command.state.ended and not command.completed:
                raise CommandFailedError(command)
            raise TransferFailedError(one)
        return one


def _octets_of(content: bytes | Path) -> int:
    """UsageError for what is no file."""
    if not isinstance(content, Path):
        return len(content)
    if content.is_dir():
        raise UsageError(f"{content}: is a folder; files go one by one")
    try:
        with content.open("rb"):
            return content.stat().st_size
    except OSError as error:
        raise UsageError(f"{content}: {(error.strerror or str(error)).lower()}") from None


def _pieces(content: bytes | Path) -> list[bytes] | _PiecesOfFile:
    if isinstance(content, Path):
        return _PiecesOfFile(content)
    return [content[at : at + PIECE_OCTETS] for at in range(0, len(content), PIECE_OCTETS)]


class _PiecesOfFile:
    """A big file is never in memory as a whole."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")

    def __iter__(self) -> _PiecesOfFile:
        return self

    def __next__(self) -> bytes:
        piece = self._file.read(PIECE_OCTETS)
        if not piece:
            self._file.close()
            raise StopIteration
        return piece
