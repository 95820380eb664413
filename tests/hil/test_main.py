"""`skyrack-hil` says honestly that it does nothing yet."""

from __future__ import annotations

import pytest

from hil.__main__ import main


def test_one_line_says_what_is_missing_and_the_status_is_a_refusal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main() == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("skyrack-hil: ")
    assert said.err.count("\n") == 1
    assert "serial link" in said.err
