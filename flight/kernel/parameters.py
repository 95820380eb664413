"""The values of all parameters: staged, checked, committed to the modules, and carried over restarts."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import cbor2

from flight.declare import Field, Module, Value
from flight.dictionary import Dictionary, ParameterEntry

Change = tuple[int, Value]
"""(parameter number, wanted value)"""


class ParameterTable:
    """One value for each parameter of the mission.  A set of changes is taken whole or not at all."""

    def __init__(self, dictionary: Dictionary, defaults: Mapping[str, Value]) -> None:
        self.entries = dictionary.parameters_by_number
        self.labels = dictionary.parameters_by_label
        self.values: dict[int, Value] = {n: _typed(entry, entry.default) for n, entry in self.entries.items()}
        self.modules: dict[str, Module] = {}
        for label, value in defaults.items():
            entry = self.labels[label]
            complaint = entry.field.complaint(value)
            assert complaint is None, f"mission default: {complaint}"
            self.values[entry.number] = _typed(entry, value)

    def attach(self, name: str, module: Module) -> None:
        """Give a new (or restarted) module the values in force."""
        self.modules[name] = module
        for number, entry in self.entries.items():
            if entry.module == name:
                vars(module)[entry.field.name] = self.values[number]

    def field(self, number: int) -> Field | None:
        entry = self.entries.get(number)
        return entry.field if entry else None

    def value(self, number: int) -> Value:
        return self.values[number]

    def numbers(self) -> Sequence[int]:
        return sorted(self.entries)

    def numbered(self, label: str) -> int | None:
        entry = self.labels.get(label)
        return entry.number if entry else None

    def complaint(self, changes: Sequence[Change]) -> str | None:
        """Why this set of changes cannot be taken, or None: unknown number, type, range, or a rule across them."""
        for number, value in changes:
            entry = self.entries.get(number)
            if entry is None:
                return f"parameter {number} is unknown"
            wrong = entry.field.complaint(value)
            if wrong:
                return f"{entry.module}.{wrong}"
        return self._broken_rule(dict(changes))

    def _broken_rule(self, changes: Mapping[int, Value]) -> str | None:
        touched = {self.entries[number].module for number in changes}
        for name in sorted(touched):
            module = self.modules.get(name)
            staged = {
                entry.field.name: changes.get(number, self.values[number])
                for number, entry in self.entries.items()
                if entry.module == name
            }
            for rule in module.rules if module else ():
                if not rule.holds(staged):
                    return f"{name}: {rule.says}"
        return None

    def commit(self, changes: Sequence[Change]) -> None:
        """Put checked changes into force, all in one tick."""
        assert self.complaint(changes) is None
        for number, value in changes:
            entry = self.entries[number]
            typed = _typed(entry, value)
            self.values[number] = typed
            module = self.modules.get(entry.module)
            if module is not None:
                vars(module)[entry.field.name] = typed

    def changed(self) -> dict[str, Value]:
        """Values that differ from the declared default, by label."""
        return {
            e.label: self.values[n] for n, e in self.entries.items() if self.values[n] != _typed(e, e.default)
        }

    def document(self, changes: Sequence[Change] = ()) -> bytes:
        """What is stored: every value by label, with `changes` applied.  Labels, so that versions may differ."""
        values = self.values | dict(changes)
        return cbor2.dumps({entry.label: values[n] for n, entry in self.entries.items()})

    def load(self, document: bytes) -> int:
        """Take a stored document; how many entries could not be used: gone, out of range, against a rule."""
        try:
            stored = cbor2.load(io.BytesIO(document))
        except (cbor2.CBORDecodeError, UnicodeDecodeError, EOFError):
            return 1
        if not isinstance(stored, dict):
            return 1
        changes = [
            (self.labels[k].number, v) for k, v in stored.items() if isinstance(k, str) and k in self.labels
        ]
        usable = [
            change for change in changes if self.complaint([change]) is None or self._only_rules(change)
        ]
        if self.complaint(usable) is not None:
            return len(stored)
        self.commit(usable)
        return len(stored) - len(usable)

    def _only_rules(self, change: Change) -> bool:
        """Alone it breaks a rule, but together with the others it may not."""
        entry = self.entries[change[0]]
        return entry.field.complaint(change[1]) is None


def _typed(entry: ParameterEntry, value: float) -> Value:
    code = entry.field.code
    return bool(value) if code == "?" else int(value) if code == "i" else float(value)
