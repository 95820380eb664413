"""What may come next in a line: verbs, names, arguments, the values that an argument takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document

from flight.dictionary import Dictionary, Field
from ground.jobs.client import TAKE, Jobs
from ground.shell.desk import Desk
from ground.shell.job_words import TASKS
from ground.shell.parser import ACTION_WORDS, FORMATS, MONITOR_WORDS, SCHEDULE_WORDS, STORE_WORDS
from ground.shell.wording import SEVERITIES, argument_words
from ground.table_requests import monitored_rows

SHELL_WORDS: Mapping[str, str] = {
    "help": "what can be said here, or about a command or packet",
    "unwatch": "watch nothing any more",
    "exit": "leave; the seat becomes free",
}
BOOLEANS = ("on", "off")
JOB_NUMBERS = ("show", "cancel", "result")
JOB_FILES = ("row", "tenants", "submit", "show", "when", "replay", "pack", "sdk", "verify")


class LineCompleter(Completer):
    """`verbs`: each with its help."""

    def __init__(self, desk: Desk, verbs: Mapping[str, str]) -> None:
        self.desk, self.dictionary = desk, desk.craft.dictionary
        self.verbs = {**verbs, **SHELL_WORDS}
        self._files = PathCompleter(expanduser=True)
        self._rules: Mapping[str, Callable[[list[str], str], Iterator[Completion]]] = {
            "command": self._command,
            "arm": self._hazardous,
            "set": self._set,
            "get": self._get,
            "watch": self._values,
            "once": self._packets,
            "schedule": self._schedule,
            "monitor": self._monitor,
            "action": self._action,
            "store": self._store,
            "acknowledge": self._alarms,
            "events": self._events,
            "dictionary": self._anything,
            "help": self._help,
            "seat": lambda _, typed: plain(typed, ("show", "take", "release", "force")),
            "retrieve": lambda words, typed: plain(typed, self.dictionary.stores if len(words) == 1 else ()),
            "export": self._export,
            "job": self._job,
            "elements": self._elements,
            "audit": lambda _, typed: plain(typed, ("show", "verify")),
        }

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        text = document.text_before_cursor
        words = text.split()
        typed = "" if not words or text[-1].isspace() else words.pop()
        if not words:
            yield from self._first(typed)
        elif words[0] in self.dictionary.commands_by_label:
            yield from self._arguments(words[0], words[1:], typed)
        elif words[0] in self._rules:
            yield from self._rules[words[0]](words, typed)

    # ---------------------------------------------------------------- places in a line

    def _first(self, typed: str) -> Iterator[Completion]:
        yield from matching(typed, self.verbs)
        yield from self._labels(typed, every=True)

    def _labels(self, typed: str, *, every: bool) -> Iterator[Completion]:
        commands = [one for one in self.dictionary.commands if every or one.hazardous]
        yield from matching(typed, {one.label: one.about for one in commands})

    def _command(self, words: list[str], typed: str) -> Iterator[Completion]:
        if len(words) == 1:
            return self._labels(typed, every=True)
        return self._arguments(words[1], words[2:], typed)

    def _hazardous(self, words: list[str], typed: str) -> Iterator[Completion]:
        return self._labels(typed, every=False) if len(words) == 1 else iter(())

    def _arguments(self, label: str, given: list[str], typed: str) -> Iterator[Completion]:
        entry = self.dictionary.commands_by_label.get(label)
        if entry is None:
            return
        name, equals, value = typed.partition("=")
        if equals:
            field = next((one for one in entry.fields if one.name == name), None)
            yield from values(field, value) if field else ()
            return
        used = {word.partition("=")[0] for word in given}
        free = {f"{one.name}=": argument_words(one) for one in entry.fields if one.name not in used}
        yield from matching(typed, free)

    def _set(self, words: list[str], typed: str) -> Iterator[Completion]:
        if len(words) == 1:
            yield from plain(typed, ("parameter",))
            return
        name, equals, value = typed.partition("=")
        known = self.dictionary.parameters_by_label
        if not equals:
            yield from matching(
                name, {f"{label}=": argument_words(one.field) for label, one in known.items()}
            )
        elif name in known:
            default = known[name].default
            yield from values(known[name].field, value)
            yield from matching(value, {f"{default:g}": "the default"})

    def _get(self, words: list[str], typed: str) -> Iterator[Completion]:
        if len(words) > 1 and words[1] == "parameter":
            known = self.dictionary.parameters_by_label
            yield from matching(typed, {label: argument_words(one.field) for label, one in known.items()})
            return
        if len(words) == 1:
            yield from matching(typed, {"parameter": "ask for parameters on board"})
        yield from self._values(words, typed)

    def _values(self, _: list[str], typed: str) -> Iterator[Completion]:
        """Modules, then their packets, then fields: never all at once."""
        depth = typed.count(".")
        packets = self.dictionary.packets
        if depth == 0:
            yield from matching(typed, {entry.module: "" for entry in packets})
        if depth <= 1:
            yield from matching(typed, {entry.label: entry.about for entry in packets})
        if depth == 2:
            entry = self.dictionary.packets_by_label.get(typed.rpartition(".")[0])
            fields = entry.fields if entry else ()
            label = entry.label if entry else ""
            yield from matching(typed, {f"{label}.{one.name}": argument_words(one) for one in fields})

    def _schedule(self, words: list[str], typed: str) -> Iterator[Completion]:
        if len(words) == 1:
            yield from plain(typed, SCHEDULE_WORDS)
        elif words[1] == "at":
            yield from self._command(words[2:], typed) if len(words) > 2 else ()

    def _monitor(self, words: list[str], typed: str) -> Iterator[Completion]:
        if len(words) == 1:
            yield from plain(typed, MONITOR_WORDS)
        elif words[1] in ("show", "on", "off"):
            yield from plain(typed, (row for row in monitored_rows(self.dictionary) if row not in words))

    def _store(self, words: list[str], typed: str) -> Iterator[Completion]:
        if len(words) == 1:
            yield from plain(typed, STORE_WORDS)
        elif words[1] != "list":
            yield from plain(typed, (store for store in self.dictionary.stores if store not in words))

    def _action(self, words: list[str], typed: str) -> Iterator[Completion]:
        if len(words) == 1:
            yield from plain(typed, ACTION_WORDS)
        elif words[1] == "add" and len(words) > 2:
            yield from self._command(words[2:], typed)
        elif words[1] in ("add", "list", "on", "off", "delete"):
            yield from matching(typed, {one.label: one.text for one in self.dictionary.events})

    def _packets(self, _: list[str], typed: str) -> Iterator[Completion]:
        yield from matching(typed, {entry.label: entry.about for entry in self.dictionary.packets})

    def _alarms(self, _: list[str], typed: str) -> Iterator[Completion]:
        standing = self.desk.craft.alarms()
        yield from matching(typed, {f"{one.label}.{one.field}": one.worst.value for one in standing})

    def _events(self, words: list[str], typed: str) -> Iterator[Completion]:
        if words[-1] == "--severity":
            yield from plain(typed, SEVERITIES[1:])
        else:
            yield from matching(typed, {one.module: "" for one in self.dictionary.events})
            yield from matching(
                typed, {"--severity": "from this up", "--limit": "how many"}, shown_empty=False
            )

    def _export(self, words: list[str], typed: str) -> Iterator[Completion]:
        if words[-1] == "--format":
            yield from plain(typed, FORMATS)
        elif words[-1] == "--packet":
            yield from self._packets(words, typed)
        else:
            yield from plain(typed, ("--packet", "--events", "--commands", "--format", "--output"))

    def _job(self, words: list[str], typed: str) -> Iterator[Completion]:
        """Tasks, then jobs by number and name, or files of this computer."""
        if len(words) == 1:
            yield from matching(typed, TASKS)
        elif words[1] in JOB_NUMBERS and len(words) == 2:
            yield from matching(typed, self._known_jobs())
        if words[1:] and words[1] in JOB_FILES:
            yield from self._files.get_completions(Document(typed), CompleteEvent())

    def _elements(self, _: list[str], typed: str) -> Iterator[Completion]:
        yield from self._files.get_completions(Document(typed), CompleteEvent())

    def _known_jobs(self) -> dict[str, str]:
        if TAKE not in self.dictionary.commands_by_label:
            return {}
        found = Jobs(self.desk.craft).list().jobs
        return {str(one.number): f"{one.title}, {one.state_words}" for one in reversed(found)}

    def _anything(self, _: list[str], typed: str) -> Iterator[Completion]:
        yield from matching(typed, {name: "" for name, _ in self.dictionary.modules})
        yield from self._labels(typed, every=True)
        yield from self._packets([], typed)

    def _help(self, words: list[str], typed: str) -> Iterator[Completion]:
        yield from matching(typed, self.verbs)
        yield from self._anything(words, typed)


def matching(typed: str, names: Mapping[str, str], *, shown_empty: bool = True) -> Iterator[Completion]:
    """Those that begin with what was typed, then those that have it elsewhere."""
    if not typed and not shown_empty:
        return
    begin = [name for name in names if name.startswith(typed)]
    inside = [name for name in names if len(typed) > 1 and typed in name and name not in begin]
    for name in (*begin, *inside):
        yield Completion(name, start_position=-len(typed), display_meta=names[name])


def plain(typed: str, names: Iterable[str]) -> Iterator[Completion]:
    return matching(typed, dict.fromkeys(names, ""))


def values(field: Field, typed: str) -> Iterator[Completion]:
    """Names of an enum, on and off; of a number, what is expected, as a remark that inserts nothing."""
    if field.choices:
        begin = [name for name, _ in field.choices if name.lower().startswith(typed.lower())]
        for name in begin:
            yield Completion(name, start_position=-len(typed))
    elif field.code == "?":
        yield from plain(typed, BOOLEANS)
    elif not typed:
        yield Completion("", display=f"<{field.name}>", display_meta=argument_words(field))


def hint(dictionary: Dictionary, line: str) -> str:
    """What the argument under way takes: for the line below the prompt."""
    words = line.split()
    if words and words[0] == "command":
        words = words[1:]
    entry = dictionary.commands_by_label.get(words[0]) if words else None
    if entry is None:
        return ""
    name = words[-1].partition("=")[0] if len(words) > 1 and not line[-1].isspace() else ""
    field = next((one for one in entry.fields if one.name == name), None)
    if field is not None:
        return f"{field.name}: {argument_words(field)}"
    given = {word.partition("=")[0] for word in words[1:]}
    missing = [one.name for one in entry.fields if one.name not in given]
    warning = "hazardous: arm it first; " if entry.hazardous else ""
    return warning + (f"expects {', '.join(missing)}" if missing else entry.about)
