"""Every command, packet, event and parameter of a mission, as data: built, numbered, hashed, exported."""

from flight.declare import Field
from flight.dictionary.build import build_dictionary, wanted_ids
from flight.dictionary.codec import (
    body_format,
    compile_decoder,
    compile_encoder,
    pack_arguments,
    saturate,
    unpack_arguments,
)
from flight.dictionary.entries import CommandEntry, Dictionary, EventEntry, PacketEntry, ParameterEntry
from flight.dictionary.exchange import DictionaryError, from_json, to_json
from flight.dictionary.ids import IdsError, differences, read_lock, update, write_lock
from flight.dictionary.layout import dictionary_hash
from flight.dictionary.markdown import to_markdown
from flight.dictionary.xtce import to_xtce, xtce_name

__all__ = [
    "CommandEntry",
    "Dictionary",
    "DictionaryError",
    "EventEntry",
    "Field",
    "IdsError",
    "PacketEntry",
    "ParameterEntry",
    "body_format",
    "build_dictionary",
    "compile_decoder",
    "compile_encoder",
    "dictionary_hash",
    "differences",
    "from_json",
    "pack_arguments",
    "read_lock",
    "saturate",
    "to_json",
    "to_markdown",
    "to_xtce",
    "unpack_arguments",
    "update",
    "wanted_ids",
    "write_lock",
    "xtce_name",
]
