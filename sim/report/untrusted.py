"""Text that came over a link is shown, never obeyed: by a browser, a JSON parser or a terminal."""

from __future__ import annotations

import json
import unicodedata
from html import escape

TEXT_LIMIT = 240  # characters: two lines of the event list; a longer text is cut and says by how much

CONTROL_PICTURES = 0x2400  # U+2400 + code is the visible picture of each C0 control
DELETE, DELETE_PICTURE = 0x7F, "\u2421"
# What changes a line but is not seen: controls, directions, surrogates, private, unassigned, line ends.
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def visible(text: str, limit: int = TEXT_LIMIT) -> str:
    """The text with every control, direction and unassigned character made visible, at most `limit` long."""
    cut = f" (+{len(text) - limit:,} characters)" if len(text) > limit else ""
    return "".join(map(_shown, text[:limit])) + cut


def _shown(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(CONTROL_PICTURES + code)
    if code == DELETE:
        return DELETE_PICTURE
    if code > DELETE and unicodedata.category(character) in HIDDEN_CATEGORIES:
        return f"\u27e8U+{code:04X}\u27e9"
    return character


def as_html(text: str, limit: int = TEXT_LIMIT) -> str:
    """For element content and quoted attributes."""
    return escape(visible(text, limit), quote=True)


def as_script_json(value: object) -> str:
    """JSON that can stand inside a <script> element: nothing in it ends the element or opens a comment.

    Raises ValueError on NaN or infinity, which JSON does not have.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
