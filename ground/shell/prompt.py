"""The shell: a line to type in, and above it everything that happens, as it comes."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shlex
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from prompt_toolkit import PromptSession, print_formatted_text
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.patch_stdout import patch_stdout

from ground.client import Craft
from ground.fields import suggestion
from ground.protocol import CraftError, NoServerError, SeatTakenError, UsageError
from ground.shell import filing, looking
from ground.shell.completion import SHELL_WORDS, LineCompleter, hint
from ground.shell.desk import DONE, FAILED, USAGE, Desk
from ground.shell.kept import KEPT
from ground.shell.parser import verbs_parser
from ground.shell.verbs import VERBS
from ground.shell.wording import printable

LOOK_EVERY_S = 0.25  # for updates: the eye sees no sooner
SIGN_EVERY_S = 10.0  # of life, for the seat; also the time after which a server that is gone is noticed
HISTORY = Path.home() / ".skyrack_history"
KEPT_WORDS = ("export", "audit")


class Shell:
    """One person at a terminal; without a terminal, lines are read as they are."""

    def __init__(self, craft: Craft, *, colour: bool) -> None:
        self.craft = craft
        self.desk = Desk(craft, self.say, colour, at_prompt=True)
        self.parser = verbs_parser()
        self.helps = {name: str(one.description) for name, one in self.parser.verbs.items()}
        self.status = ""

    def say(self, line: str) -> None:
        if self.desk.colour:
            print_formatted_text(ANSI(line))
        else:
            sys.stdout.write(line + "\n")
            sys.stdout.flush()

    # ---------------------------------------------------------------- one line

    def perform(self, line: str) -> int:
        """Whatever is typed ends in an answer of one line at least, and never in a traceback."""
        try:
            words = shlex.split(line)
        except ValueError as error:
            self.say(f"{line.strip()}: {error}".lower())
            return USAGE
        if not words:
            return DONE
        try:
            return self._perform(words)
        except CraftError as error:
            self.say(printable(str(error)))
            return USAGE if isinstance(error, UsageError) else FAILED

    def _perform(self, words: list[str]) -> int:
        verb = words[0]
        if verb in ("help", "?"):
            return self.help(words[1:])
        if verb == "unwatch":
            self.desk.watched.clear()
            return DONE
        if verb in self.craft.dictionary.commands_by_label:
            words = ["command", *words]
        elif verb not in self.helps:
            known = [*self.helps, *SHELL_WORDS, *self.craft.dictionary.commands_by_label]
            raise UsageError(
                f"{verb}: no such word or command{suggestion(verb, known) or '; `help` lists them'}"
            )
        options = self.parser.parse_args(words)
        if options.verb in KEPT_WORDS:
            return self._kept(options)
        return VERBS[options.verb](self.desk, options)

    def _kept(self, options: argparse.Namespace) -> int:
        folder = self.craft.ask("flush")["folder"]
        if not isinstance(folder, str) or not Path(folder).is_dir():
            raise UsageError(f"{options.verb}: the archive of this server is not on this computer")
        options.folder, options.server = Path(folder).parent, None
        return KEPT[options.verb](options, self.say)

    def help(self, words: list[str]) -> int:
        """Of everything, a verb, a command or a packet."""
        if not words:
            width = max(map(len, self.helps))
            for name, text in {**self.helps, **SHELL_WORDS}.items():
                self.say(f"  {name:<{width}}  {text}")
            self.say("  MODULE.NAME with its arguments sends that command; Tab completes")
            return DONE
        if words[0] in self.helps:
            self.say(self.parser.verbs[words[0]].format_help().rstrip())
            return DONE
        return looking.dictionary(self.desk, argparse.Namespace(word=words[0]))

    # ---------------------------------------------------------------- the terminal

    async def run(self, session: PromptSession[str]) -> int:
        """Until the end of input, or `exit`."""
        self.craft.listeners += [self.desk.on_update, partial(filing.on_update, self.desk)]
        listening = asyncio.create_task(self._listen())
        try:
            with patch_stdout(raw=True):
                await self._type(session)
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
        return DONE

    async def _type(self, session: PromptSession[str]) -> None:
        while True:
            try:
                line = await session.prompt_async(f"{self.craft.dictionary.mission}> ")
            except KeyboardInterrupt:
                continue  # the line is gone, the shell stays
            except EOFError:
                return
            if line.strip() in ("exit", "quit"):
                return
            self.perform(line)

    async def _listen(self) -> None:
        """Show what comes, tell the server that somebody is here, and say when it is gone and back."""
        since_sign, gone = SIGN_EVERY_S, False
        while True:
            since_sign += LOOK_EVERY_S
            try:
                self.craft.take_updates()
                if since_sign >= SIGN_EVERY_S:
                    since_sign = 0.0
                    self._sign()
                    if gone:
                        self.say("the ground answers again")
                    gone = False
            except NoServerError as error:
                if not gone:
                    self.say(str(error))
                gone = True
                self.status = "no ground"
            await asyncio.sleep(LOOK_EVERY_S)

    def _sign(self) -> None:
        found = self.craft.sign()
        seat = found.get("seat")
        who = seat.get("name") if isinstance(seat, dict) else None
        seated = "yours" if who == self.craft.name else "free" if who is None else f"{who}'s"
        contact = "in contact" if found["contact"] else "no contact"
        alarms = f" · {found['alarms']} alarms" if found.get("alarms") else ""
        self.status = f"{contact} · seat {seated}{alarms}"

    def toolbar(self, session: PromptSession[str]) -> str:
        told = hint(self.craft.dictionary, session.default_buffer.document.text_before_cursor)
        return f" {self.status}  {told}"


def run(craft: Craft, *, colour: bool) -> int:
    """The shell on this terminal, or over standard input without one."""
    shell = Shell(craft, colour=colour)
    try:
        craft.take_seat()
        seat = "you have the commanding seat"
    except SeatTakenError as error:
        seat = str(error)
    shell.say(f"{craft.dictionary.mission}: {seat}; `help` lists what can be said")
    if not sys.stdin.isatty():
        return run_lines(shell, iter(sys.stdin.readline, ""))
    session: PromptSession[str] = PromptSession(
        completer=LineCompleter(shell.desk, shell.helps),
        complete_while_typing=True,
        history=_history(),
    )
    session.bottom_toolbar = lambda: shell.toolbar(session)
    return asyncio.run(shell.run(session))


def run_lines(shell: Shell, lines: Iterator[str]) -> int:
    """A script on standard input: each line waits for its end, and the first that goes wrong ends the script."""
    shell.desk.at_prompt = False
    for place, line in enumerate(lines, 1):
        words = line.partition("#")[0].strip()
        if words in ("exit", "quit"):
            break
        outcome = shell.perform(words)
        if outcome:
            shell.say(f"stopped at line {place}: {words}")
            return outcome
    return DONE


def _history() -> History:
    try:
        HISTORY.touch(0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(HISTORY)
