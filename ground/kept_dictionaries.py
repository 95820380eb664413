"""The archive's dictionaries: each version that was in force, by its hash, so that old frames stay readable."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from flight.dictionary import Dictionary, DictionaryError, from_json, to_json
from ground.whole_file import write_whole


class DictionariesError(Exception):
    """These are not of the same spacecraft."""


def keep_dictionary(folder: Path, dictionary: Dictionary) -> Mapping[int, Dictionary]:
    """All versions by hash, `dictionary` among them.  DictionariesError if the others are of another spacecraft."""
    kept = read_dictionaries(folder)
    for other in kept.values():
        if (other.mission, other.spacecraft_id) != (dictionary.mission, dictionary.spacecraft_id):
            raise DictionariesError(
                f"archive of {other.mission}, spacecraft {other.spacecraft_id}, "
                f"not of {dictionary.mission}, spacecraft {dictionary.spacecraft_id}"
            )
    if dictionary.hash not in kept:
        write_whole(folder / f"{dictionary.hash:08x}.json", to_json(dictionary).encode())
    return {**kept, dictionary.hash: dictionary}


def read_dictionaries(folder: Path) -> dict[int, Dictionary]:
    """A damaged file is passed over: its frames stay, and are read when the dictionary is there again."""
    found = {}
    for path in sorted(folder.glob("*.json")):
        with suppress(DictionaryError, UnicodeDecodeError):
            dictionary = from_json(path.read_text(encoding="utf-8"))
            found[dictionary.hash] = dictionary
    return found
