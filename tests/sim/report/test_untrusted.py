"""Text from telemetry reaches the reader as text, whatever it holds."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.report.untrusted import as_html, as_script_json, visible

HOSTILE = "<script>alert('1')</script></script><!--\x1b[31m\"&amp;\u202e\u2028\x00\x7f"


class OnlyText(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@given(st.text() | st.just(HOSTILE))
def test_html_parses_back_to_the_visible_text_and_nothing_else(text: str) -> None:
    parser = OnlyText()
    parser.feed(f"<p>{as_html(text)}</p>")
    parser.close()
    assert parser.tags == ["p"]
    assert parser.text == visible(text)


@given(st.text() | st.just(HOSTILE))
def test_json_survives_and_cannot_end_its_script(text: str) -> None:
    encoded = as_script_json([visible(text)])
    assert json.loads(encoded) == [visible(text)]
    assert not set(encoded) & set("<>&")
    encoded.encode("utf-8")  # a lone surrogate would raise


@given(st.text(max_size=50))
def test_what_is_shown_has_no_character_that_acts(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable() or all(char.isspace() for char in shown if not char.isprintable())
    assert "\n" not in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain, 3 °C", "plain, 3 °C"),
        ("\x1b[31mred", "␛[31mred"),
        ("a\nb\tc", "a␊b␉c"),
        ("\x7f", "␡"),
        ("\u202eright", "⟨U+202E⟩right"),
        ("\ud800", "⟨U+D800⟩"),
        ("\x9b31m", "⟨U+009B⟩31m"),
    ],
)
def test_hidden_characters_are_named(raw: str, shown: str) -> None:
    assert visible(raw) == shown


def test_a_long_text_is_cut_and_says_so() -> None:
    assert visible("x" * 1_250, 10) == "x" * 10 + " (+1,240 characters)"
    assert visible("x" * 10, 10) == "x" * 10


def test_json_refuses_what_json_does_not_have() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        as_script_json([float("nan")])
